"""Figures of plans: every kind in both languages, and what they draw is what the tables say."""

import json
from datetime import date

import pytest

pytest.importorskip("plotly")

FORMULA = "gmv = old*cvr*aov + new*faov"
ROLES = {"old": "count", "cvr": "rate", "aov": "money", "new": "count", "faov": "money"}
VALUES = {"old": 12000, "cvr": 0.4, "aov": 26000, "new": 500, "faov": 19900}
LEAVES = [{"leaf": name, "role": ROLES[name], "value": value} for name, value in VALUES.items()]
NAMES = {"old": ("existing users", "老用户"), "aov": ("order value", "客单价")}
MONTHS = [f"2026-{month:02d}" for month in range(1, 13)]


def results(plan):
    """A result of each kind, and the kinds of figure it has."""
    changed = [{"leaf": name, "x0": value, "x1": value * 1.1} for name, value in VALUES.items()]
    months = [
        {
            "month": m,
            "churn": 0.05,
            "conversion_rate": 0.2,
            "order_value": 20000,
            "first_conversion_rate": 0.3,
            "first_order_value": 15000,
        }
        for m in MONTHS
    ]
    traffic = [{"month": m, "channel": "wecom", "traffic": 500, "add": 0.3} for m in MONTHS]
    seed = [{"row": m, "column": c, "value": w} for m in MONTHS for c, w in (("wecom", 0.6), ("group", 0.4))]
    june = {"total": 10_000_000, "first_day": date(2026, 6, 1), "last_day": date(2026, 6, 30)}
    shares = [("channel", "wecom", 0.6), ("channel", "group", 0.4), ("segment", "old", 0.7), ("segment", "new", 0.3)]
    return {
        "formula": plan.formula(formula=FORMULA, leaves=LEAVES),
        "decompose": plan.decompose(formula=FORMULA, leaves=changed),
        "lmdi": plan.lmdi(factors=[("a", 2.0, 3.0), ("b", 5.0, 4.0)]),
        "funnel_change": plan.funnel_change(steps=[("view", 100, 120), ("pay", 10, 18)]),
        "series_change": plan.series_change(
            formula="a*b", leaves=[("a", 2.0, 1), ("b", 5.0, 1), ("a", 3.0, 2), ("b", 4.0, 2)]
        ),
        "pvm": plan.pvm(products=[("a", 10, 100, 11, 90), ("b", 5, 200, 4, 300), ("c", 1, 10, None, 0)]),
        "rate_mix": plan.rate_mix(groups=[("a", 10, 100, 12, 100), ("b", 30, 100, 30, 80)]),
        "sum_mix": plan.sum_mix(groups=[("a", 10, 5.0, 12, 6.0), ("b", 3, 2.0, 0, None)]),
        "contribution": plan.contribution(segments=[("wecom", 100, 120), ("group", 80, 60), ("live", 0, 20)]),
        "tornado": plan.tornado(formula=FORMULA, leaves=LEAVES),
        "track": plan.track(
            rows=[
                {"name": "2026-01", "actual": 98, "target": 100},
                {"name": "2026-02", "actual": 80, "target": 100, "previous": 98, "year_ago": 70},
                {"name": "2026-03", "actual": 121, "target": 110},
                {"name": "2026-04", "actual": 50, "target": 100, "elapsed": 10, "days": 30, "planned": 0.4},
                {"name": "2026-05", "target": 130},
            ]
        ),
        "cumulative": plan.cumulative(periods=[("a", 80, 100), ("b", 95, 100), ("c", None, 100)]),
        "pace": plan.pace(pace={"actual": 400, "target": 1200, "elapsed": 130, "total_days": 365}),
        "gap": plan.gap(nodes=[("a", 100.0, 80.0), ("b", 50.0, 60.0)]),
        "gap_split": plan.gap_split(
            target=200, units=[{"unit": "a", "plan": 100, "capacity": 110}, {"unit": "b", "plan": 60}]
        ),
        "reconcile": plan.reconcile(nodes=[("all", None, 1000, 1), ("a", "all", 600, 1), ("b", "all", 300, 1)]),
        "roll_forward": plan.roll_forward(start=1000, months=months, channels=traffic),
        "replan": plan.replan(
            plan=1200,
            actuals=[80, 70],
            remaining=[
                {"period": m, "weight": 100, "old_target": 100, "high": 103 if i == 0 else None}
                for i, m in enumerate(MONTHS[2:])
            ],
            exact_int=True,
        ),
        "two_way": plan.two_way(
            seed=seed,
            row_totals=[(m, 1000) for m in MONTHS],
            column_totals=[("wecom", 7000), ("group", 5000)],
            method="biproportional",
        ),
        "nested": plan.nested(
            target=1001,
            levels=["channel", "segment"],
            shares=[{"level": level, "part": part, "weight": weight} for level, part, weight in shares],
        ),
        "seasonal_index": plan.seasonal_index(history=[5, 6, 7, 7, 8, 12, 8, 8, 9, 9, 15, 10]),
        "seasonal_split": plan.seasonal_split(
            target=1000, index=[(i, m) for i, m in zip(range(1, 13), MONTHS, strict=True)]
        ),
        "event_days": plan.event_days(
            target=june, events=[{"start": date(2026, 6, 16), "end": date(2026, 6, 19), "multiplier": 3.0}]
        ),
        "equal_effort": plan.equal_effort(
            formula=FORMULA,
            leaves=LEAVES,
            target=140_000_000,
            levers=[{"lever": "cvr", "high": 0.41}, {"lever": "aov"}],
        ),
        "attainment": plan.attainment(
            formula=FORMULA, leaves=[{**leaf, "sd": leaf["value"] * 0.05} for leaf in LEAVES], target=140_000_000
        ),
    }


@pytest.fixture(scope="module")
def made(pdm):
    from pdmetrics import plan

    return results(plan)


def texts(figure):
    """Every word of a figure."""
    return json.dumps(json.loads(figure.to_json()), ensure_ascii=False)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_figure_in_both_languages(pdm, made, lang):
    from pdmetrics import plot
    from pdmetrics._registry import calculators

    drawn = 0
    for name, result in made.items():
        kinds = plot.kinds(name)
        assert kinds, name
        for kind in kinds:
            figure = result.plot(kind, lang=lang)
            drawn += 1
            title = figure.layout.title.text
            assert title and ("\u4e00" <= title[0] <= "\u9fff") == (lang == "zh"), (name, kind)
            assert result.plot(kind, lang=lang, title="Mine").layout.title.text == "Mine"
            json.loads(figure.to_json())
    have_figures = {name for name, each in calculators.items() if each.family == "plan" and plot.kinds(name)}
    assert have_figures == set(made) and drawn == len(made) + 1


def test_calculators_without_figures_are_tables(pdm):
    from pdmetrics import plan

    figure = plan.growth(rows=[{"base": 1, "growth": 0.1}]).plot(lang="zh")
    assert figure.data[0].type == "table" and figure.layout.title.text == "增长率换算"
    with pytest.raises(pdm.ArgumentError, match='no figure "pie"'):
        plan.pace(actual=1, target=2, elapsed=1, total_days=2).plot("pie")


def test_bridge_goes_from_one_total_to_the_other(made):
    for name in ("decompose", "lmdi", "funnel_change", "pvm", "rate_mix", "sum_mix", "contribution", "series_change"):
        result = made[name]
        summary = result.tables["summary"].to_rows()[0]
        keys = next(k for k in (("v0", "v1"), ("revenue0", "revenue1"), ("rate0", "rate1")) if k[0] in summary)
        trace = result.plot("bridge", exponent=0).data[0]
        assert trace.measure[0] == trace.measure[-1] == "absolute"
        base = trace.base or 0
        assert trace.y[0] + base == pytest.approx(summary[keys[0]], rel=1e-12)
        assert trace.y[-1] + base == pytest.approx(summary[keys[1]], rel=1e-12)
        assert base + sum(trace.y[:-1]) == pytest.approx(summary[keys[1]], rel=1e-9)


def test_bridge_says_when_its_axis_is_cut(made, pdm):
    from pdmetrics import plan

    near = plan.contribution(segments=[("a", 1000, 1010), ("b", 1000, 980)]).plot(lang="en")
    far = plan.contribution(segments=[("a", 10, 1010), ("b", 10, 980)]).plot(lang="en")
    assert "does not begin at 0" in texts(near) and near.data[0].base > 0 and near.layout.yaxis.range[0] > 0
    assert "does not begin at 0" not in texts(far) and not far.data[0].base and far.layout.yaxis.range[0] <= 0


def test_names_and_money(made):
    figure = made["decompose"].plot(lang="zh", exponent=2, names=NAMES, money=["aov", "faov"])
    assert figure.layout.xaxis.ticktext[1] == "老用户" and "客单价" in figure.layout.xaxis.ticktext
    assert figure.data[0].base + figure.data[0].y[0] == pytest.approx(made["decompose"].summary["v0"][0] / 100)
    assert "260 → 286" in texts(figure)
    assert "existing users" in made["tornado"].plot(names=NAMES).data[0].y


def test_tornado_has_both_ends_the_strongest_on_top(made):
    low, high = made["tornado"].plot().data
    rows = {(row["lever"], row["end"]): row for row in made["tornado"].main.to_rows()}
    assert list(low.y) == list(high.y) == sorted(ROLES, key=lambda name: -rows[name, "low"]["rank"])
    assert [value for value in high.x] == [rows[name, "high"]["delta"] for name in high.y]


def test_tree_shows_every_node_with_its_value(made):
    rows = made["formula"].tables["explain"].to_rows()
    figure = made["formula"].plot("tree", exponent=2)
    boxes = [note.text for note in figure.layout.annotations]
    assert len(boxes) == len(rows)
    assert "<b>40.0%</b>" in boxes[[row["text"] for row in rows].index("cvr")]
    assert "<b>260</b>" in boxes[[row["text"] for row in rows].index("aov")]  # money in yuan
    assert "<b>12k</b>" in boxes[[row["text"] for row in rows].index("old")]  # people as they are
    places = {(note.x, note.y) for note in figure.layout.annotations}
    assert len(places) == len(rows)
    joins = [trace for trace in figure.data if trace.mode == "lines"]
    assert len(joins) == len(rows) - 1


def test_tracking_and_pace(made):
    figure = made["track"].plot(lang="en")
    bars = {trace.name: trace for trace in figure.data}
    assert list(bars["target"].y) == [100, 100, 110, 100, 130]
    assert list(bars["actual: on target"].x) == ["2026-03"]
    assert list(bars["actual: a little below"].x) == ["2026-01"]
    assert list(bars["actual: below"].x) == ["2026-02"]
    assert list(bars["actual: still running"].x) == ["2026-04"]
    assert list(bars["expected by now"].y) == [40] and list(bars["forecast"].y) == [125]
    assert "+14.3%" in texts(figure)  # on the year before
    pace = {trace.name: trace.x[0] for trace in made["pace"].plot(lang="en").data}
    assert pace["actual"] == 400 and pace["target"] == pytest.approx(1200)
    assert pace["expected by now"] == pytest.approx(1200 * 130 / 365)


def test_gap_split_marks_what_is_above_capacity(made, pdm):
    from pdmetrics import plan

    figure = made["gap_split"].plot(lang="en")
    notes = [note.text for note in figure.layout.annotations]
    assert "⚠" in notes[0] and "⚠" not in notes[1]
    less = plan.gap_split(target=100, units=[{"unit": "a", "plan": 100}, {"unit": "b", "plan": 60}]).plot(lang="en")
    bars = {trace.name: list(trace.y) for trace in less.data}
    assert [a + b for a, b in zip(bars["plan"], bars["not needed"], strict=True)] == [100, 60]


def test_cells_and_levels(made):
    heat = made["two_way"].plot().data[0]
    assert sum(map(sum, heat.z)) == 12_000
    area = made["nested"].plot("levels").data[0]
    assert sum(v for v, p in zip(area.values, area.parents, strict=True) if p == "") == 1001


def test_nothing_to_draw_is_an_error(pdm):
    from pdmetrics import plan

    infeasible = plan.replan(plan=1000, remaining=[{"period": "a", "weight": 1, "old_target": 9, "high": 9}])
    none = plan.pace(actual=1, target=0, elapsed=1, total_days=2, strict=False)
    sure = plan.attainment(formula="a", leaves=[{"leaf": "a", "value": 1.0}], target=2)
    for result in (infeasible, none, sure):
        with pytest.raises(pdm.ArgumentError, match="nothing to draw"):
            result.plot()


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (1_234_567, "1.23M", "123万"),
        (-250_000_000, "-250M", "-2.5亿"),
        (999, "999", "999"),
        (12_345, "12.3k", "1.23万"),
        (0.5, "0.5", "0.5"),
        (0, "0", "0"),
    ],
)
def test_numbers_in_little_room(pdm, value, english, chinese):
    from pdmetrics.plot._planning import short_number

    assert short_number(value, "en") == english
    assert short_number(value, "zh") == chinese
    assert short_number(abs(value), "en", sign=True).startswith("+") == (value != 0)


def test_actuals(pdm):
    rows = {
        "time": ["2026-01-05", "2026-01-06", "2026-02-05", "2026-02-06"],
        "channel": ["wecom", "group", "wecom", "wecom"],
        "kind": ["gmv", "gmv", "gmv", "refund"],
        "amount": [500, 300, 700, 100],
    }
    result = pdm.actuals({**rows, "time": [date.fromisoformat(day) for day in rows["time"]]}, calendar_period="month")
    for lang, title in (("en", "Sales by period"), ("zh", "分期销售额")):
        figure = result.plot(lang=lang, exponent=0)
        assert figure.layout.title.text == title
        assert [list(trace.y) for trace in figure.data] == [[500, 700], [300, 0], [0, -100]]
