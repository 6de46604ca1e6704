"""Experiments as they are asked for: decisions, looks, families, refusals, ways to write the lists."""

import math

import pytest


def shop(n_c, x_c, n_t, x_t, spend_c=0, spend_t=0):
    """Units of two arms, the first ones of each converted."""
    n = n_c + n_t
    bought = [1] * x_c + [0] * (n_c - x_c) + [1] * x_t + [0] * (n_t - x_t)
    noise = [i * 7919 % 101 for i in range(n)]
    spend = [noise[i] + (spend_c if i < n_c else spend_t) for i in range(n)]
    return {"unit": list(range(n)), "variant": ["old"] * n_c + ["new"] * n_t, "bought": bought, "spend": spend}


ARMS = {"old": 1, "new": 1}
GOAL = [{"metric": "bought", "kind": "conversion", "role": "goal"}]


def one(table):
    rows = table.to_rows()
    assert len(rows) == 1
    return rows[0]


# ---- decisions --------------------------------------------------------------------------------------------------------


def test_repeat_rate_from_15_to_25_percent_is_kept(pdm):
    r = pdm.experiment(shop(500, 75, 500, 125), arms=ARMS, metrics=GOAL, required_n=250, days=14)
    row = one(r.effects)
    assert row["statistic"] == pytest.approx(3.952847075, rel=1e-9)
    assert row["p"] == pytest.approx(7.7226796e-5, rel=1e-7)
    assert (row["low"], row["high"]) == (pytest.approx(0.050741, abs=1e-6), pytest.approx(0.149346, abs=1e-6))
    assert (row["lift_low"], row["lift_high"]) == (pytest.approx(0.2899, abs=1e-4), pytest.approx(1.1584, abs=1e-4))
    decision = one(r.decision)
    assert (decision["decision"], decision["decision_zh"], decision["final"]) == ("keep", "保留", True)
    assert [reason["code"] for reason in r.reasons.to_rows()][0] == "goal_better"
    assert all(reason["text_en"] and reason["text_zh"] for reason in r.reasons.to_rows())


@pytest.mark.parametrize(("days", "required"), [(3, 250), (14, 2402)])
def test_an_unfinished_plan_keeps_running(pdm, days, required):
    r = pdm.experiment(shop(500, 75, 500, 125), arms=ARMS, metrics=GOAL, required_n=required, days=days)
    assert one(r.decision)["decision"] == "keep_running"
    assert one(r.decision)["decision_zh"] == "继续观察"


def test_a_broken_split_is_reviewed(pdm):
    r = pdm.experiment(shop(500, 75, 700, 300), arms=ARMS, metrics=GOAL, required_n=100, days=14)
    assert one(r.srm)["status"] == "mismatch"
    assert one(r.decision)["decision"] == "review"
    assert r.reasons.to_rows()[0]["code"] == "srm"


def test_a_harmed_guardrail_calls_for_adjusting(pdm):
    guard = {"metric": "spend", "kind": "value", "role": "guardrail", "margin": 0.2}
    rows = shop(500, 75, 500, 125, spend_c=60)
    r = pdm.experiment(rows, arms=ARMS, metrics=[*GOAL, guard], required_n=250, days=14)
    assert one(r.decision)["decision"] == "adjust"
    assert "guardrail_harmed" in [reason["code"] for reason in r.reasons.to_rows()]
    margin = one(r.margins)
    assert margin["non_inferior"] is False and margin["ni_p"] > 0.025
    effect = r.effects.to_rows()[1]
    assert effect["family"] is None and effect["p_adjusted"] == effect["p"]


def test_equivalence_must_be_shown(pdm):
    metrics = [{"metric": "bought", "kind": "conversion", "role": "goal", "equivalence": 0.1, "margin_scale": "diff"}]
    wide = pdm.experiment(shop(60, 30, 60, 30), arms=ARMS, metrics=metrics, required_n=50, days=14)
    narrow = pdm.experiment(shop(900, 450, 900, 450), arms=ARMS, metrics=metrics, required_n=50, days=14)
    assert one(wide.decision)["decision"] == "review"
    assert wide.reasons.to_rows()[0]["code"] == "inconclusive"
    assert one(wide.margins)["equivalent"] is False
    assert one(narrow.decision)["decision"] == "drop"
    assert narrow.reasons.to_rows()[0]["code"] == "equivalent"
    assert one(narrow.margins)["equivalent"] is True


def test_crossovers_are_reviewed(pdm):
    rows = shop(500, 75, 500, 125)
    rows["unit"][500:520] = range(20)
    r = pdm.experiment(rows, arms=ARMS, metrics=GOAL, required_n=250, days=14)
    assert one(r.quality)["crossovers"] == 20
    assert one(r.crossovers) == {"arms": "old + new", "units": 20}
    assert r.reasons.to_rows()[0]["code"] == "crossovers"


# ---- looks ------------------------------------------------------------------------------------------------------------


def test_sequences_are_wider_and_agree_with_their_p(pdm):
    rows = shop(500, 75, 500, 100)
    fixed = one(pdm.experiment(rows, arms=ARMS, metrics=GOAL).effects)
    for more in ({"horizon": "asymp_cs", "planned_n_total": 2000}, {"horizon": "msprt", "tau2": 0.001}):
        r = pdm.experiment(rows, arms=ARMS, metrics=GOAL, **more)
        row = one(r.effects)
        assert row["low"] < fixed["low"] and row["high"] > fixed["high"]
        assert (row["low"] > 0) == (row["lift_low"] > 0) == (row["p"] < 0.05)
        look = one(r.looks)
        assert (look["low"], look["high"], look["p_always_valid"]) == (row["low"], row["high"], row["p"])


def test_intervals_of_earlier_looks_cut_those_after(pdm):
    """The always-valid intervals of the calculator, intersected, are those of the table."""
    def look(n, **more):
        data = shop(n, n * 9 // 60, n, (n * 12 if n < 900 else n * 9) // 60)
        return pdm.experiment(data, arms=ARMS, metrics=GOAL, horizon="asymp_cs", planned_n_total=4000, **more)

    first, second = look(600), look(1500)
    cut = look(1500, intervals=first.looks)
    before, now, both = (one(result.looks) for result in (first, second, cut))
    assert (both["low"], both["high"]) == (max(before["low"], now["low"]), min(before["high"], now["high"]))
    assert both["p_always_valid"] == min(before["p_always_valid"], now["p_always_valid"]) < now["p_always_valid"]
    assert cut.effects.to_rows() == second.effects.to_rows()
    again = look(1800, intervals=cut.looks)
    assert one(again.looks)["high"] <= both["high"] and one(again.looks)["low"] >= both["low"]
    intervals = {"bought": [("new", "old", 0.01, 0.2), ("new", "old", -0.1, 0.05)]}
    row = one(look(1500, intervals=intervals).looks)
    assert row["low"] == max(0.01, now["low"]) and row["crossed"]
    for said, message in (
        ([{"metric": "bought", "variant": "newest", "low": 0, "high": 1}], "not compared"),
        ([{"metric": "visits", "variant": "new", "low": 0, "high": 1}], "not in list metrics"),
        ([{"metric": "bought", "variant": "new", "p_always_valid": 2}], "from 0 to 1"),
    ):
        with pytest.raises(pdm.OptionError, match=message):
            look(60, intervals=said)
    with pytest.raises(pdm.OptionError, match="fixed horizon"):
        pdm.experiment(shop(50, 5, 50, 9), arms=ARMS, metrics=GOAL, intervals=first.looks)


def test_planned_looks_spend_alpha(pdm):
    """O'Brien-Fleming spending at half of the plan: z = 2.9626 (Lan & DeMets), then the rest of it."""
    half = pdm.experiment(
        shop(500, 75, 500, 100), arms=ARMS, metrics=GOAL, horizon="group_sequential", planned_n_total=2000
    )
    assert one(half.looks)["multiplier"] == pytest.approx(2.9626, abs=1e-3)
    assert one(half.looks)["alpha_spent"] == pytest.approx(0.00305 / 2, abs=1e-5)
    rows = shop(1000, 150, 1000, 200)
    more = {"horizon": "group_sequential", "planned_n_total": 2000, "looks": [{"units": 1000}]}
    last = one(pdm.experiment(rows, arms=ARMS, metrics=GOAL, **more).looks)
    assert last["look"] == 2 and last["multiplier"] == pytest.approx(1.9686, abs=1e-3)
    with pytest.raises(pdm.Error, match="look"):
        pdm.experiment(rows, arms=ARMS, metrics=GOAL, **{**more, "looks": [{"units": 3000}]})


def test_hybrid_is_fixed_at_the_end(pdm):
    rows = shop(500, 75, 500, 100)
    running = one(pdm.experiment(rows, arms=ARMS, metrics=GOAL, horizon="hybrid", planned_n_total=4000).effects)
    over = one(pdm.experiment(rows, arms=ARMS, metrics=GOAL, horizon="hybrid", planned_n_total=1000).effects)
    half = one(pdm.experiment(rows, arms=ARMS, metrics=GOAL, alpha=0.025).effects)
    assert (over["low"], over["high"]) == (half["low"], half["high"])
    assert running["low"] < over["low"]


# ---- families ---------------------------------------------------------------------------------------------------------


def three_arms():
    rows = shop(400, 60, 400, 80)
    rows["variant"] = rows["variant"][:400] + ["new"] * 200 + ["newer"] * 200
    return rows


@pytest.mark.parametrize("adjust", ["bonferroni", "holm", "hochberg", "bh", "by", "sidak", "dunnett"])
def test_adjusted_intervals_agree_with_adjusted_p(pdm, adjust):
    arms = {"old": 2, "new": 1, "newer": 1}
    metrics = [*GOAL, {"metric": "spend", "kind": "value"}]
    for row in pdm.experiment(three_arms(), arms=arms, metrics=metrics, adjust=adjust).effects.to_rows():
        excludes = row["adj_low"] > 0 or row["adj_high"] < 0
        assert excludes == (row["p_adjusted"] <= 0.05) == row["significant"]
        assert row["p_adjusted"] >= row["p"]


def test_the_first_metric_may_have_most_of_alpha(pdm):
    metrics = [*GOAL, {"metric": "spend", "kind": "value"}]
    r = pdm.experiment(shop(500, 75, 500, 100), arms=ARMS, metrics=metrics, adjust="weighted", primary_share=0.8)
    first, second = r.effects.to_rows()
    assert first["level_adjusted"] == pytest.approx(0.96)
    assert second["level_adjusted"] == pytest.approx(0.99)
    assert first["p_adjusted"] == pytest.approx(first["p"] / 0.8)


# ---- symmetries -------------------------------------------------------------------------------------------------------


def test_swapping_the_arms_mirrors_the_difference(pdm):
    rows = shop(300, 40, 200, 50, spend_t=3)
    metrics = [*GOAL, {"metric": "spend", "kind": "value"}]
    for there, back in zip(
        pdm.experiment(rows, arms=ARMS, metrics=metrics).effects.to_rows(),
        pdm.experiment(rows, arms=ARMS, metrics=metrics, control="new").effects.to_rows(),
        strict=True,
    ):
        assert back["diff"] == pytest.approx(-there["diff"], rel=1e-12)
        assert (back["low"], back["high"]) == (pytest.approx(-there["high"]), pytest.approx(-there["low"]))
        assert (1 + back["lift_low"]) * (1 + there["lift_high"]) == pytest.approx(1)
        assert back["p"] == pytest.approx(there["p"], rel=1e-12)


def test_scaling_and_shifting(pdm):
    rows = shop(300, 40, 200, 50, spend_t=3)
    metrics = [{"metric": "spend", "kind": "value"}]
    plain = one(pdm.experiment(rows, arms=ARMS, metrics=metrics).effects)
    scaled = one(pdm.experiment({**rows, "spend": [7 * x for x in rows["spend"]]}, arms=ARMS, metrics=metrics).effects)
    moved = one(pdm.experiment({**rows, "spend": [x + 999 for x in rows["spend"]]}, arms=ARMS, metrics=metrics).effects)
    assert scaled["diff"] == pytest.approx(7 * plain["diff"], rel=1e-13)
    assert scaled["p"] == pytest.approx(plain["p"], rel=1e-12) == moved["p"]
    assert scaled["lift_low"] == pytest.approx(plain["lift_low"], rel=1e-11)


# ---- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ({"kind": "ratio"}, "denominator"),
        ({"kind": "value", "value_type": "text"}, "value_type"),
        ({"kind": "rate"}, "kind"),
        ({"kind": "conversion", "winsor_upper": 0.9}, "winsorised"),
        ({"kind": "value", "role": "guardrail"}, "margin"),
        ({"kind": "value", "scale": 2}, "scale"),
        ({"kind": "conversion", "role": "goal", "equivalence": 1.5}, "below 1"),
    ],
)
def test_metrics_that_make_no_sense(pdm, metric, message):
    with pytest.raises(pdm.Error, match=message):
        pdm.experiment(shop(5, 1, 5, 1), arms=ARMS, metrics=[{"metric": "spend", **metric}])


def test_bad_values_name_row_and_column(pdm):
    rows = shop(5, 1, 5, 1)
    rows["bought"][7] = 3
    with pytest.raises(pdm.Error, match='row 7, column "bought": 0 or 1 expected, got 3'):
        pdm.experiment(rows, arms=ARMS, metrics=GOAL)
    rows["bought"][7] = None
    with pytest.raises(pdm.Error, match='row 7, column "bought": null'):
        pdm.experiment(rows, arms=ARMS, metrics=GOAL)
    rows["bought"][7], rows["variant"][2] = 1, "other"
    with pytest.raises(pdm.Error, match='row 2, column "variant": "other" is none of the arms'):
        pdm.experiment(rows, arms=ARMS, metrics=GOAL)


def test_no_rows_have_an_answer(pdm):
    rows = {"unit": [], "variant": [], "bought": []}
    r = pdm.Experiment(arms=ARMS, metrics=GOAL).result()
    assert rows and one(r.effects)["status"] == "no_data"
    assert one(r.srm)["status"] == "no_data"


@pytest.mark.parametrize(("x_c", "x_t"), [(0, 0), (0, 3), (3, 0), (50, 50), (50, 47)])
def test_zero_cells_have_answers(pdm, x_c, x_t):
    row = one(pdm.experiment(shop(50, x_c, 50, x_t), arms=ARMS, metrics=GOAL).effects)
    for name in ("p", "low", "high", "statistic"):
        assert row[name] is not None and math.isfinite(row[name])
    assert row["low"] <= row["diff"] <= row["high"]
    assert (row["lift"] is None) == (x_c == 0)


# ---- ways to write the lists ------------------------------------------------------------------------------------------


def cells(result):
    return {name: table.to_rows() for name, table in result.tables.items()}


# ---- what is believed, and which arm is best --------------------------------------------------------------------------


def test_posteriors_of_rates_are_the_calculator(pdm):
    r = pdm.experiment(shop(500, 75, 500, 95), arms=ARMS, metrics=GOAL, posterior=True)
    row = one(r.posterior)
    expected = one(pdm.stats.beta_posterior(x_control=75, n_control=500, x_treatment=95, n_treatment=500).main)
    for name in set(expected) & set(row) - {"diff"}:
        assert row[name] == expected[name], name
    assert (row["method"], row["scale"], row["status"]) == ("beta", "diff", "ok")
    assert row["effect"] == pytest.approx(expected["diff"], rel=1e-15)
    best = r.best.to_rows()
    arms = pdm.stats.beta_best(x=[75, 95], n=500).main.to_rows()
    assert [line["prob_best"] for line in best] == [line["prob_best"] for line in arms]
    assert [line["expected_loss"] for line in best] == [line["expected_loss"] for line in arms]
    assert [line["best"] for line in best] == [False, True]


@pytest.mark.parametrize("scale", ["lift", "diff"])
@pytest.mark.parametrize("direction", ["higher", "lower"])
@pytest.mark.parametrize("prior", [{}, {"mean": -0.02, "sd": 0.05}, {"mean": 1.0, "sd": 3.0, "scale": "diff"}])
def test_posteriors_of_means_are_the_calculator(pdm, scale, direction, prior):
    metrics = {"spend": {"kind": "value", "direction": direction, **({"prior": prior} if prior else {})}}
    r = pdm.experiment(shop(300, 0, 200, 0, spend_t=3), arms=ARMS, metrics=metrics, posterior="total", posterior_scale=scale,
                       credible_level=0.9)  # fmt: skip
    row = one(r.posterior)
    delta = one(pdm.experiment(shop(300, 0, 200, 0, spend_t=3), arms=ARMS, metrics={"spend": "value"}).effects)
    arms = {line["variant"]: line for line in r.metrics.to_rows()}
    c, t = arms["old"], arms["new"]
    estimate, se = delta["diff"], delta["se"]
    if scale == "lift":
        estimate = delta["lift"]
        se = math.sqrt(t["se"] ** 2 / c["mean"] ** 2 + c["se"] ** 2 * t["mean"] ** 2 / c["mean"] ** 4)
    expected = one(
        pdm.stats.normal_posterior(
            estimate=estimate, se=se, control=c["mean"], scale=scale, direction=direction, conf_level=0.9,
            prior_mean=prior.get("mean"), prior_sd=prior.get("sd"), prior_scale=prior.get("scale", "lift"),
        ).main
    )  # fmt: skip
    for mine, theirs in (
        ("effect", "mean"), ("sd", "sd"), ("low", "low"), ("high", "high"), ("prob_better", "chance_to_win"),
        ("loss_if_treatment", "risk_treatment"), ("loss_if_control", "risk_control"),
    ):  # fmt: skip
        assert row[mine] == pytest.approx(expected[theirs], rel=1e-11), mine
    assert (row["win"], row["scale"], row["method"]) == (expected["win"], scale, "normal")
    assert row["a_control"] is None and row["mean_control"] is None


def test_posteriors_of_segments(pdm):
    r = pdm.experiment(rich(), arms=ARMS, metrics={"bought": "conversion"}, segments="city", posterior="segments")
    levels = [(row["segment_dim"], row["segment"]) for row in r.posterior.to_rows()]
    assert levels == [(None, None), ("city", "宁波"), ("city", "杭州")]
    assert len(pdm.experiment(rich(), arms=ARMS, metrics=GOAL, segments="city", posterior="total").posterior) == 1
    assert "posterior" not in pdm.experiment(rich(), arms=ARMS, metrics=GOAL).tables


def test_lower_is_better_mirrors_rates(pdm):
    higher = one(pdm.experiment(shop(500, 75, 500, 95), arms=ARMS, metrics=GOAL, posterior=True).posterior)
    complaints = [{**GOAL[0], "direction": "lower"}]
    r = pdm.experiment(shop(500, 75, 500, 95), arms=ARMS, metrics=complaints, posterior=True)
    lower = one(r.posterior)
    assert (lower["prob_better"], lower["win"]) == (higher["prob_worse"], -higher["win"])
    assert (lower["loss_if_treatment"], lower["effect"]) == (higher["loss_if_control"], higher["effect"])
    assert [row["best"] for row in r.best.to_rows()] == [True, False]
    assert r.best.to_rows()[0]["prob_best"] == pytest.approx(lower["prob_worse"], rel=1e-11)


@pytest.mark.parametrize(
    "said",
    [
        {"metrics": {"bought": {"kind": "conversion", "prior": (2, 8)}}},
        {"metrics": {"bought": {"kind": "conversion", "prior": {"a": 2, "b": 8}}}},
        {"metrics": {"bought": "conversion"}, "priors": {"bought": (2, 8)}},
        {"metrics": {"bought": "conversion"}, "priors": [{"metric": "bought", "a": 2, "b": 8}], "posterior": "total"},
    ],
)
def test_priors_may_be_written_in_several_ways(pdm, said):
    row = one(pdm.experiment(shop(500, 75, 500, 95), arms=ARMS, **said).posterior)
    assert (row["a_control"], row["b_control"], row["a_treatment"]) == (77.0, 433.0, 97.0)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"priors": {"bought": {"sd": 0.3}}}, r"Beta\(a, b\)"),
        ({"priors": {"spend": (2, 8)}}, "give mean and sd"),
        ({"priors": {"spend": {"mean": 0.1}}}, "give sd"),
        ({"priors": {"bought": (0, 1)}}, "above 0"),
        ({"priors": {"profit": (1, 1)}}, "not in list metrics"),
        ({"priors": [{"metric": "bought", "a": 1}, {"metric": "bought", "a": 2}]}, "already"),
        ({"priors": {"spend": {"sd": 1, "scale": "log"}}}, "lift or diff"),
        ({"credible_level": 1.0}, "between 0 and 1"),
    ],
)
def test_priors_that_make_no_sense(pdm, said, message):
    with pytest.raises(pdm.OptionError, match=message):
        pdm.experiment(shop(50, 5, 50, 9), arms=ARMS, metrics={"bought": "conversion", "spend": "value"}, **said)


def test_priors_in_one_place(pdm):
    metrics = {"bought": {"kind": "conversion", "prior": (1, 1)}}
    with pytest.raises(pdm.OptionError, match="one place"):
        pdm.experiment(shop(50, 5, 50, 9), arms=ARMS, metrics=metrics, priors={"bought": (1, 1)})


def test_the_best_of_three(pdm):
    """Among the arms kept, with those that are not shown to be worse."""
    n = 2000
    rows = {
        "unit": list(range(3 * n)),
        "variant": [arm for arm in ("old", "new", "newer") for _ in range(n)],
        "bought": [int(i < x) for x in (200, 300, 310) for i in range(n)],
    }
    r = pdm.experiment(rows, arms=["old", "new", "newer"], metrics=GOAL, required_n=n, days=14, posterior=True)
    best = {row["variant"]: row for row in r.best.to_rows()}
    assert [best[name]["kept"] for name in ("old", "new", "newer")] == [None, True, True]
    assert [best[name]["best"] for name in ("old", "new", "newer")] == [False, False, True]
    assert [best[name]["as_good"] for name in ("old", "new", "newer")] == [False, True, True]
    assert sum(row["prob_best"] for row in best.values()) == pytest.approx(1, rel=1e-9)
    values = [row["value"] + row["expected_loss"] for row in best.values()]  # E max, but for what the prior pulls
    assert max(values) - min(values) < 1e-3
    assert best["new"]["diff"] == pytest.approx(-0.005, rel=1e-12)



def rich():
    rows = shop(40, 9, 40, 14, spend_t=5)
    n = len(rows["unit"])
    rows["orders"] = [i * 31 % 4 for i in range(n)]
    rows["before"] = [i * 17 % 23 for i in range(n)]
    rows["orders_before"] = [i * 13 % 5 for i in range(n)]
    rows["city"] = ["杭州" if i % 3 else "宁波" for i in range(n)]
    rows["level"] = [i % 2 for i in range(n)]
    return rows


NATIVE = {
    "arms": [{"variant": "old", "weight": 1.0}, {"variant": "new", "weight": 1.0}],
    "metrics": [
        {"metric": "bought", "kind": "conversion"},
        {"metric": "spend", "kind": "value", "role": "goal"},
        {"metric": "aov", "kind": "ratio", "column": "spend", "denominator": "orders"},
    ],
    "covariates": [
        {"metric": "spend", "column": "before"},
        {"metric": "spend", "column": "orders_before"},
        {"metric": "aov", "column": "before", "denominator": "orders_before"},
    ],
    "segment_columns": [{"column": "city"}, {"column": "level"}],
    "looks": [{"units": 30}, {"units": 60}],
    "horizon": "group_sequential",
    "planned_n_total": 160,
}


@pytest.mark.parametrize(
    "said",
    [
        {"arms": {"old": 1, "new": 1}, "segments": ["city", "level"], "segment_columns": None, "looks": [30, 60]},
        {"arms": ["old", "new"], "segments": "city, level", "segment_columns": None, "looks": "30,60"},
        {"arms": "old, new", "segment_columns": "city,level", "looks": (30, 60)},
        {"arms": "old=1, new=1", "segment_columns": ["city", "level"]},
        {"covariates": {"spend": ["before", "orders_before"], "aov": ("before", "orders_before")}},
        {
            "metrics": {"bought": "conversion", "spend": {"kind": "value", "role": "goal"}, "aov": "spend/orders"},
        },
        {
            "metrics": {
                "bought": "conversion",
                "spend": {"kind": "value", "role": "goal", "covariates": ["before", "orders_before"]},
                "aov": {"kind": "spend / orders", "covariates": ("before", "orders_before")},
            },
            "covariates": None,
        },
        {
            "metrics": {
                "metric": ["bought", "spend", "aov"],
                "kind": ["conversion", "value", "ratio"],
                "column": [None, None, "spend"],
                "denominator": [None, None, "orders"],
                "role": [None, "goal", None],
            },
        },
    ],
)
def test_lists_may_be_written_in_words(pdm, said):
    assert cells(pdm.experiment(rich(), **{**NATIVE, **said})) == cells(pdm.experiment(rich(), **NATIVE))


def test_metrics_in_one_text(pdm):
    r = pdm.experiment(rich(), arms="old=2,new", metrics="bought=conversion, aov=spend/orders")
    assert [row["weight"] for row in r.arms.to_rows()] == [2, 1]
    assert cells(r)["effects"] == cells(
        pdm.experiment(rich(), arms={"old": 2, "new": 1}, metrics=[NATIVE["metrics"][0], NATIVE["metrics"][2]])
    )["effects"]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"arms": "old=x,new"}, 'weight, got "x"'),
        ({"arms": "old,,new"}, "empty name"),
        ({"metrics": {"aov": "spend/"}}, "ratio such as"),
        ({"metrics": {"aov": {"kind": "spend/orders", "denominator": "x"}}}, "leave out denominator"),
        ({"metrics": {"bought": 3}}, "expected a kind"),
        ({"metrics": {"bought": {"kind": "conversion", "rolle": "goal"}}}, "rolle"),
        ({"metrics": {"spend": {"kind": "value", "covariates": "before"}}}, "one place"),
        ({"segments": "city"}, "one of the two"),
        ({"looks": "soon"}, "numbers of units"),
        ({"arms": ["old"]}, "arms"),
    ],
)
def test_words_that_say_nothing(pdm, said, message):
    with pytest.raises(ValueError, match=message):
        pdm.experiment(rich(), **{**NATIVE, **said})


def test_the_call_has_all_that_the_registry_says(pdm):
    """Every column, option and list is an argument, every default may be said, every table is there."""
    import inspect

    metric = pdm.metrics["experiment"]
    parameters = set(inspect.signature(pdm.experiment).parameters)
    assert parameters >= {column.keyword for column in metric.columns} | set(metric.options) | set(metric.lists)
    assert "segments" in parameters
    plain = {"arms": NATIVE["arms"], "metrics": NATIVE["metrics"], "covariates": NATIVE["covariates"]}
    enums = {name: option.values[0] for name, option in metric.options.items() if option.values}
    given = {name: option.default for name, option in metric.options.items() if option.default is not None}
    expected = pdm.experiment(rich(), **plain)
    assert cells(pdm.experiment(rich(), **plain, **{**given, **enums})) == cells(expected)
    full = pdm.experiment(rich(), **{**NATIVE, "required_n": 50, "posterior": "total"})
    assert [name for name in metric.tables if name not in full.tables] == []
    for table in full.tables.values():
        assert list(table.columns) == [column.name for column in metric.tables[table.name].columns]


def test_every_field_of_a_metric_may_be_given(pdm):
    """With the value that it has by default, or with what makes no difference."""
    said = {
        "metric": "spend", "kind": "value", "column": "spend", "denominator": None, "value_type": "int", "scale": None,
        "null_value": "error", "covariate_null": "zero", "direction": "higher", "winsor_lower": 0.0, "winsor_upper": 1.0,
        "ignore_zeros": False, "family": "primary", "role": "none", "margin": None, "margin_scale": "lift",
        "on_harm": "adjust", "equivalence": None,
    }  # fmt: skip
    assert list(said) == [column.name for column in pdm.metrics["experiment"].lists["metrics"].columns]
    r = pdm.experiment(rich(), arms=ARMS, metrics=[said])
    assert cells(r) == cells(pdm.experiment(rich(), arms=ARMS, metrics={"spend": "value"}))
