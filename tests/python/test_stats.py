"""Statistics from Python: every calculator, every way in, every error, laws over all small tables, other libraries."""

import math

import pytest

np = pytest.importorskip("numpy")

FOUR = {"x_control": 75, "n_control": 500, "x_treatment": 125, "n_treatment": 500}
TWO = {"n_control": 100, "mean_control": 5.0, "variance_control": 4.0}
TWO |= {"n_treatment": 120, "mean_treatment": 5.5, "variance_treatment": 3.0}
X = {
    "covariate_mean_control": 1.0,
    "covariate_variance_control": 2.0,
    "covariance_control": 1.5,
}
X |= {
    "covariate_mean_treatment": 1.1,
    "covariate_variance_treatment": 2.5,
    "covariance_treatment": 1.25,
}
RATIO = {
    f"{what}_{arm}": value
    for arm, shift in (("control", 0.0), ("treatment", 9.0))
    for what, value in (
        ("n", 200),
        ("numerator_mean", 90 + shift),
        ("denominator_mean", 1.5),
        ("numerator_variance", 400.0),
        ("denominator_variance", 0.5),
        ("covariance", 5.0),
    )
}
GOAL = {"metric": "repurchase", "low": 0.05, "high": 0.15}
PLAN = {"required_n": 250, "n_control": 500, "n_treatment": 500, "days": 14}

# One sensible call of every calculator.
EXAMPLES = {
    "proportion_interval": {"successes": [0, 3], "trials": 10},
    "proportion_test": FOUR,
    "proportion_margin_test": {**FOUR, "margin": 0.1},
    "mean_test": TWO,
    "cuped_test": {
        **TWO,
        "covariates": [("x", 1.0, 1.5, 1.1, 1.25)],
        "covariances": [("x", "x", 2.0, 2.5)],
    },
    "ratio_test": RATIO,
    "mean_margin_test": {**TWO, "margin": 0.1},
    "sample_size": {"p_control": 0.15, "p_treatment": 0.25},
    "power": {"p_control": 0.15, "p_treatment": 0.25, "n_control": 250},
    "mde": {"p_control": 0.15, "n_control": 500},
    "more_traffic": {"effect": 0.02, "se": 0.01},
    "duration": {"n_total": 5000, "units_per_day": 321},
    "p_adjust": {"p": [0.01, 0.04, 0.03]},
    "dunnett": {"treatments": {"statistic": [2.5, -1.0], "lambda": [0.7, 0.5]}},
    "weighted_alphas": {"primary_share": 0.5, "treatments": 2, "metrics": 5},
    "always_valid": {
        "estimate": [0.01, 0.02],
        "se": [0.01, 0.008],
        "n_total": [1000, 2000],
        "n_tune": 5000,
    },
    "msprt_tau2": {"sigma": 1.0, "pairs": 10000},
    "normal_mixture": {"v": 100.0, "s": 30.0, "v_opt": 100.0},
    "group_sequential": {"info": [0.25, 0.5, 0.75, 1.0]},
    "srm": {"units": [502, 498]},
    "heterogeneity": {"effect": [0.02, 0.05], "se": [0.01, 0.012]},
    "cochran_mantel_haenszel": {
        "x_control": [240, 44],
        "n_control": [10000, 1000],
        "x_treatment": [200, 50],
        "n_treatment": [10000, 1000],
    },
    "beta_posterior": FOUR,
    "beta_best": {"x": [40, 50, 55], "n": 500},
    "gamma_posterior": {
        "events_control": 50,
        "exposure_control": 100,
        "events_treatment": 65,
        "exposure_treatment": 100,
    },
    "normal_posterior": {"estimate": 0.1, "se": 0.05},
    "normal_best": {"mean": [10.0, 10.5, 12.0], "se": [1.0, 2.0, 1.5]},
    "quantile": {"value": [7.0, 1.0, 3.5, 2.0]},
    "winsorise": {"value": [7.0, 1.0, 3.5, 2.0], "upper": 0.8},
    "power_lift": {"mean": 10.0, "variance": 3910.0, "n": 133_333, "effect": 0.05},
    "mde_lift": {"mean": 10.0, "variance": 3910.0, "n": 133_333},
    "design_effect": {"size": 20, "icc": 0.02, "n": 1000},
    "assign": {"units": ["u1", "u2"], "seed": "exp"},
    "decide": {"metrics": [GOAL], **PLAN},
    "distribution": {"x": 1.5, "a": 3.0, "family": "t"},
}


@pytest.fixture(scope="module")
def stats(pdm):
    return pdm.stats


def only(result):
    (row,) = result.main.to_rows()
    return row


def numbers(result):
    """The columns of numbers as arrays; null is NaN."""
    found = {}
    for name in result.main.columns:
        values = result.main[name].to_list()
        if not any(isinstance(value, str) for value in values):
            found[name] = np.array(values, dtype=float)
    return found


# --------------------------------------------------------------------------------------------------------- every function


def test_every_calculator_has_an_example(pdm):
    assert set(EXAMPLES) == {name for name in pdm.stats.__all__ if not name[0].isupper()}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_calculator_answers(pdm, stats, name):
    result = getattr(stats, name)(**EXAMPLES[name])
    assert len(result.main) >= 1
    assert result.main.to_rows()[0]
    for table in result.tables.values():
        for column in table.columns:
            values = table[column].to_list()
            assert not any(isinstance(value, float) and math.isnan(value) for value in values), (name, column)
    with pytest.raises(TypeError):
        getattr(stats, name)(**EXAMPLES[name], nothing=1)


# -------------------------------------------------------------------------------------------------------------- ways in


def frames():
    columns = {
        "name": ["a", "b"],
        "x_control": [75, 7],
        "n_control": [500, 34],
        "x_treatment": [125, 1],
    }
    columns["n_treatment"] = [500, 34]
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    yield "dict", lambda: columns
    yield "rows", lambda: rows
    yield "tuples", lambda: [tuple(row.values()) for row in rows]
    yield "pandas", lambda: pytest.importorskip("pandas").DataFrame(columns)
    yield "polars", lambda: pytest.importorskip("polars").DataFrame(columns)
    yield "arrow", lambda: pytest.importorskip("pyarrow").table(columns)
    yield "numpy", lambda: {key: np.array(values) for key, values in columns.items()}


@pytest.mark.parametrize(("kind", "make"), list(frames()), ids=[kind for kind, _ in frames()])
def test_rows_come_from_any_frame(stats, kind, make):
    result = stats.proportion_test(make())
    assert result["name"].to_list() == ["a", "b"]
    assert result["p"].to_list() == [
        only(stats.proportion_test(**FOUR))["p"],
        result["p"][1],
    ]


def test_scalars_arrays_and_what_holds_for_every_row(stats):
    sizes = stats.sample_size(p_control=0.15, p_treatment=[0.18, 0.25])["n_control"].to_list()
    assert sizes == [2402, 250]
    assert (
        stats.sample_size(p_control=np.full(2, 0.15), p_treatment=np.array([0.18, 0.25]))["n_control"].to_list()
        == sizes
    )
    assert stats.sample_size(p_control=np.float64(0.15), p_treatment=0.25)["n_control"].value == 250
    with pytest.raises(ValueError):
        stats.sample_size(p_control=[0.1, 0.2, 0.3], p_treatment=[0.2, 0.3])


def test_options_take_every_double(stats):
    """Numbers of more digits than a person writes, and tiny ones, arrive as they are."""
    third = 1 / 3
    row = only(stats.sample_size(delta=0.5, sd_control=2.0, ratio=third, normal=True))
    z = 1.9599639845400545 + 0.8416212335729143
    assert row["exact"] == pytest.approx(z**2 * (4 + 4 / third) / 0.25, rel=1e-13)
    tau2 = only(stats.msprt_tau2(sigma=1.0, pairs=10_000))["tau2"]
    assert only(stats.always_valid(estimate=0.06, se=0.01, method="msprt", tau2=tau2))["p"] < 1e-5
    look = only(stats.always_valid(estimate=0.0, se=1.0, n_total=10, n_tune=10, conf_level=1 - 2**-40))
    assert look["multiplier"] > 7
    for alpha in (-0.1, math.nan, math.inf):
        with pytest.raises(ValueError, match="alpha"):
            stats.p_adjust(p=[0.1], alpha=alpha)


# --------------------------------------------------------------------------------------------------------------- errors

COUNTS = {"x_control": [1, 9], "n_control": 5, "x_treatment": 1, "n_treatment": 5}
GUARDRAIL = {"metric": "aov", "role": "guardrail", "low": -1.0, "high": 1.0}
# function, arguments, code, row, column
REFUSED = [
    ("proportion_test", COUNTS, "bad_count", 1, "x_control"),
    ("proportion_test", {**FOUR, "x_control": 1.5}, "bad_count", 0, "x_control"),
    ("proportion_test", {**FOUR, "conf_level": 1.5}, "bad_option", 0, "conf_level"),
    (
        "proportion_test",
        {k: v for k, v in FOUR.items() if k != "n_control"},
        "missing_column",
        None,
        "n_control",
    ),
    (
        "proportion_test",
        {**FOUR, "n_treatment": [None]},
        "null_value",
        0,
        "n_treatment",
    ),
    ("proportion_test", {**FOUR, "test": "student"}, "bad_option", None, "test"),
    ("proportion_margin_test", FOUR, "margin_required", 0, "margin"),
    (
        "mean_test",
        {**TWO, "variance_control": [1.0, -1.0]},
        "bad_moments",
        1,
        "control",
    ),
    ("mean_test", {**TWO, **X, "covariance_control": 9.0}, "bad_moments", 0, "control"),
    (
        "mean_test",
        {**TWO, "covariate_mean_control": 1.0},
        "null_value",
        0,
        "covariance_treatment",
    ),
    (
        "cuped_test",
        {**TWO, "covariates": [("x", 1.0, 1.5, 1.1, 1.25)], "covariances": [("x", "y", 2.0, 2.5)]},
        "unknown_name",
        0,
        "other",
    ),
    (
        "cuped_test",
        {
            **TWO,
            "covariates": [("x", 1.0, 1.5, 1.1, 1.25), ("y", 1.0, 0.0, 1.0, 0.0)],
            "covariances": [("x", "x", 2.0, 2.5), ("y", "y", 1.0, 1.0)],
        },
        "null_value",
        0,
        "covariate",
    ),
    ("mean_margin_test", TWO, "margin_required", 0, "margin"),
    ("mean_margin_test", {**TWO, "margin": -1.0}, "bad_value", 0, "margin"),
    (
        "sample_size",
        {"p_control": [0.2, 1.2], "p_treatment": 0.3},
        "bad_option",
        1,
        "p_control",
    ),
    (
        "sample_size",
        {"p_control": 0.2, "p_treatment": 0.2},
        "bad_option",
        0,
        "p_treatment",
    ),
    (
        "sample_size",
        {"p_control": 0.2, "p_treatment": 0.3, "power": 0.01},
        "bad_option",
        0,
        "power",
    ),
    (
        "sample_size",
        {"p_control": 0.2, "p_treatment": 0.3, "question": "noninferiority"},
        "margin_required",
        0,
        "margin",
    ),
    (
        "always_valid",
        {"estimate": 0.1, "se": 0.1, "n_total": 10},
        "plan_required",
        None,
        "n_tune",
    ),
    ("p_adjust", {"p": [0.1, 1.2]}, "bad_value", 1, "p"),
    ("srm", {"units": [1, -1]}, "bad_count", 1, "units"),
    ("srm", {"units": [1, 1], "weight": [1, -1]}, "bad_weights", 1, "weight"),
    ("srm", {"units": [1, 1], "weight": [0, 0]}, "bad_weights", 0, "weights"),
    ("srm", {"units": [1] * 65}, "limit", 0, "variant"),
    ("srm", {"units": [1, 2, 3], "method": "z_cc"}, "bad_option", 0, "method"),
    ("group_sequential", {"info": [0.2, 0.1]}, "bad_looks", 1, "info"),
    ("group_sequential", {"info": [0.5, 1.0, 1.1]}, "after_final", 2, "info"),
    (
        "group_sequential",
        {"info": [0.2, 1.0], "classic": "pocock"},
        "bad_looks",
        0,
        "info",
    ),
    (
        "group_sequential",
        {"info": [0.5, 1.0], "classic": "pocock", "alternative": "greater"},
        "unsupported_combination",
        None,
        "alternative",
    ),
    ("heterogeneity", {"effect": [0.1, 0.2], "se": [0.1, -1.0]}, "bad_value", 1, "se"),
    ("cochran_mantel_haenszel", COUNTS, "bad_count", 1, "x_control"),
    ("beta_posterior", COUNTS, "bad_count", 1, "x_control"),
    ("beta_best", {"x": [1], "n": [2]}, "bad_option", 0, "arms"),
    (
        "gamma_posterior",
        {
            "events_control": 1,
            "exposure_control": 0.0,
            "events_treatment": 1,
            "exposure_treatment": 1,
        },
        "bad_value",
        0,
        "control",
    ),
    ("normal_posterior", {"estimate": 0.1, "se": -0.1}, "bad_value", 0, "se"),
    ("normal_best", {"mean": [1.0, 2.0], "se": [1.0, 0.0]}, "bad_value", 1, "se"),
    ("quantile", {"value": [1.0], "p": 1.5}, "bad_option", None, "p"),
    ("winsorise", {"value": [1.0], "upper": 0.4}, "bad_option", None, "upper"),
    ("winsorise", {"value": [1.0], "lower": 0.5}, "bad_option", None, "lower"),
    (
        "normal_posterior",
        {"estimate": 0.1, "se": 0.1, "prior_mean": 0.1},
        "bad_value",
        0,
        "prior_sd",
    ),
    ("design_effect", {"size": 0.5, "icc": 0.1}, "bad_value", 0, "size"),
    (
        "weighted_alphas",
        {"primary_share": 1.5, "treatments": 2, "metrics": 3},
        "bad_option",
        0,
        "primary_share",
    ),
    ("assign", {"units": [1], "seed": "s", "hash": "v3"}, "bad_option", None, "hash"),
    (
        "assign",
        {"units": [1], "seed": "s", "coverage": 2.0},
        "bad_option",
        None,
        "coverage",
    ),
    (
        "assign",
        {"units": [1], "seed": "s", "variations": {"A": 0.5, "B": 0.1}},
        "bad_weights",
        None,
        "weights",
    ),
    (
        "assign",
        {"units": [1], "seed": "s", "holdout_share": 0.1},
        "null_value",
        0,
        "holdout_seed",
    ),
    (
        "assign",
        {"units": [1], "seed": "s", "variations": {"low": [0, 0.4], "high": [0.5, 1]}},
        "bad_option",
        1,
        "ranges",
    ),
    (
        "decide",
        {"metrics": [GOAL], **PLAN, "required_n": None},
        "plan_required",
        None,
        "required_n",
    ),
    ("decide", {"metrics": [GOAL, GUARDRAIL], **PLAN}, "margin_required", 1, "margin"),
    (
        "decide",
        {"metrics": [{**GUARDRAIL, "margin": 0.1}], **PLAN},
        "bad_option",
        None,
        "role",
    ),
    (
        "decide",
        {"metrics": [{**GOAL, "role": "hero"}], **PLAN},
        "bad_option",
        0,
        "role",
    ),
    (
        "decide",
        {"metrics": [GOAL], **PLAN, "n_control": -1},
        "bad_count",
        0,
        "n_control",
    ),
    ("distribution", {"x": 1.0, "family": "t"}, "null_value", 0, "a"),
    ("distribution", {"x": 1.0, "a": -1.0, "family": "t"}, "bad_value", 0, "a"),
]


@pytest.mark.parametrize(("name", "arguments", "code", "row", "column"), REFUSED)
def test_errors_name_row_and_column(pdm, stats, name, arguments, code, row, column):
    with pytest.raises(pdm.Error) as caught:
        getattr(stats, name)(**arguments)
    assert (caught.value.code, caught.value.row, caught.value.column) == (
        code,
        row,
        column,
    ), str(caught.value)
    assert len(str(caught.value)) > 20


def test_what_the_data_cannot_answer_has_a_status(pdm, stats):
    """Never NaN: a null with its reason; `strict` makes it an error of that name."""
    rows = {
        "x_control": [0, 0, 50, 0, 0],
        "n_control": [50, 50, 50, 0, 10],
        "x_treatment": [0, 3, 50, 1, 0],
    }
    rows["n_treatment"] = [50, 50, 50, 2, 10]
    result = stats.proportion_test(rows)
    assert result["status"].to_list() == [
        "degenerate",
        "ok",
        "degenerate",
        "no_data",
        "degenerate",
    ]
    assert result["lift_status"].to_list()[:2] == ["no_events", "unbounded_above"]
    assert result["p"].to_list()[0] == 1.0
    low, high = result["low"].to_list()[0], result["high"].to_list()[0]
    assert -0.1 < low < 0 < high < 0.1
    assert result["p"].to_list()[3] is None
    with pytest.raises(pdm.Error) as caught:
        stats.proportion_test(rows, strict=True)
    assert caught.value.code == "degenerate"
    assert only(stats.mean_test(**{**TWO, "n_control": 1, "variance_control": 0.0}))["status"] == "too_few"
    assert (
        only(stats.mean_test(**{**TWO, "variance_control": 0.0, "variance_treatment": 0.0}))["status"]
        == "zero_variance"
    )
    assert only(stats.srm(units=[0, 0]))["status"] == "no_data"
    assert only(stats.srm(units=[5, 0], weight=[1, 0]))["status"] == "single_arm"
    assert only(stats.mde_lift(mean=10.0, variance=1e6, n=10))["status"] == "unreachable"


# ----------------------------------------------------------------------------------------------------------------- laws


def all_tables(most):
    """Every pair of arms of 1 … most units."""
    n, x = (np.array(each) for each in zip(*((n, x) for n in range(1, most + 1) for x in range(n + 1)), strict=True))
    control, treatment = (index.ravel() for index in np.meshgrid(np.arange(len(n)), np.arange(len(n)), indexing="ij"))
    return {
        "x_control": x[control],
        "n_control": n[control],
        "x_treatment": x[treatment],
        "n_treatment": n[treatment],
    }


@pytest.fixture(scope="module")
def tables():
    return all_tables(30)


@pytest.mark.parametrize("alternative", ["two_sided", "greater", "less"])
@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_interval_lift_and_p_agree_on_every_table(stats, tables, alpha, alternative):
    """Difference interval excludes 0 ⇔ lift set excludes 0 ⇔ p < α: all 2×2 tables of up to 30 units per arm."""
    frame = numbers(stats.proportion_test(tables, alternative=alternative, conf_level=1 - alpha))
    assert len(frame["p"]) == 495**2
    significant = frame["p"] < alpha
    on_the_edge = np.abs(frame["p"] - alpha) < 1e-9
    by_difference = (frame["low"] > 0) | (frame["high"] < 0)
    by_lift = (frame["lift_low"] > 0) | (frame["lift_high"] < 0)
    assert np.array_equal(by_difference[~on_the_edge], significant[~on_the_edge])
    assert np.array_equal(by_lift[~on_the_edge], significant[~on_the_edge])
    assert not on_the_edge.any() or np.abs(frame["p"] - alpha)[on_the_edge].max() < 1e-9
    assert not np.isnan(frame["low"]).any() and not np.isnan(frame["high"]).any()
    assert 0 < significant.sum() < len(significant)


def test_means_agree_with_and_without_a_covariate(stats):
    """The same law for Welch, its interval and Fieller's set, over random moments, negative means among them."""
    chance = np.random.default_rng(20260101)
    rows = 20_000
    columns = {}
    for arm in ("control", "treatment"):
        spread, x_spread = chance.exponential(4, rows), chance.exponential(2, rows)
        columns[f"n_{arm}"] = chance.integers(2, 200, rows)
        columns[f"mean_{arm}"] = chance.normal(0, 1, rows)
        columns[f"variance_{arm}"] = spread
        columns[f"covariate_mean_{arm}"] = chance.normal(5, 0.3, rows)
        columns[f"covariate_variance_{arm}"] = x_spread
        columns[f"covariance_{arm}"] = chance.uniform(-0.99, 0.99, rows) * np.sqrt(spread * x_spread)
    plain = {key: value for key, value in columns.items() if not key.startswith("cov")}
    for given in (plain, columns):
        frame = numbers(stats.mean_test(given))
        significant = frame["p"] < 0.05
        assert np.array_equal((frame["low"] > 0) | (frame["high"] < 0), significant)
        bounded = frame["g"] < 1
        by_set = (frame["lift_low"] > 0) | (frame["lift_high"] < 0)
        assert np.array_equal(by_set[bounded], significant[bounded])
        outside = (frame["gap_low"] < 0) & (frame["gap_high"] > 0)  # 0 lies in the gap: the set excludes it
        assert np.array_equal(outside[~bounded], significant[~bounded])
        assert bounded.any() and (~bounded).any() and 0.1 < significant.mean() < 0.9


def test_symmetries(stats):
    tables = all_tables(12)
    swapped = {
        "x_control": tables["x_treatment"],
        "n_control": tables["n_treatment"],
        "x_treatment": tables["x_control"],
        "n_treatment": tables["n_control"],
    }
    failures = {
        **tables,
        "x_control": tables["n_control"] - tables["x_control"],
        "x_treatment": tables["n_treatment"] - tables["x_treatment"],
    }
    for difference in (
        "mee",
        "miettinen_nurminen",
        "newcombe",
        "agresti_caffo",
        "wald",
    ):
        one, two, three = (
            numbers(stats.proportion_test(each, difference=difference)) for each in (tables, swapped, failures)
        )
        for other in (two, three):
            np.testing.assert_allclose(other["diff"], -one["diff"], atol=1e-15)
            np.testing.assert_allclose(other["low"], -one["high"], atol=2e-12)
            np.testing.assert_allclose(other["high"], -one["low"], atol=2e-12)
            np.testing.assert_allclose(other["p"], one["p"], rtol=1e-12)
        np.testing.assert_allclose(three["statistic"], -one["statistic"], atol=1e-14)
        if difference == "mee":
            inverted = 1 / (1 + one["lift_high"])
            np.testing.assert_allclose(1 + two["lift_low"], inverted, rtol=1e-9, atol=1e-12)
    scaled = {
        key: value * (9 if key.startswith("variance") else 3 if key.startswith("mean") else 1)
        for key, value in TWO.items()
    }
    shifted = {key: value + (100 if key.startswith("mean") else 0) for key, value in TWO.items()}
    plain, thrice, moved = (only(stats.mean_test(**each)) for each in (TWO, scaled, shifted))
    assert thrice["diff"] == pytest.approx(3 * plain["diff"], rel=1e-14)
    assert thrice["low"] == pytest.approx(3 * plain["low"], rel=1e-12)
    assert (thrice["p"], thrice["lift_low"]) == pytest.approx((plain["p"], plain["lift_low"]), rel=1e-12)
    assert moved["p"] == pytest.approx(plain["p"], rel=1e-11)


def test_adjusted_levels_agree_with_adjusted_p(stats):
    chance = np.random.default_rng(7)
    for method in ("none", "bonferroni", "holm", "hochberg", "bh", "by", "sidak"):
        for _ in range(50):
            p = chance.random(chance.integers(1, 12)) ** 3
            result = stats.p_adjust(p=p, method=method)
            by_p = np.array(result["p_adjusted"].to_list()) <= 0.05
            by_level = p <= np.array(result["alpha_adjusted"].to_list())
            assert np.array_equal(by_p, by_level), (method, p)


def test_several_covariates_are_those_of_numpy(stats):
    """θ from the covariances of both arms thrown together, by NumPy on the units; a repeated covariate is left out."""
    chance = np.random.default_rng(11)
    arms = {}
    for arm, n, shift in (("control", 400, 0.0), ("treatment", 500, 0.3)):
        x, y = chance.normal(2, 1, n), chance.normal(0, 3, n)
        arms[arm] = np.array([1 + shift + 1.5 * x - 0.4 * y + chance.normal(0, 1, n), x, y, x])
    names = ("x", "y", "same as x")
    cov = {arm: np.cov(data) for arm, data in arms.items()}
    columns = {}
    for arm, data in arms.items():
        columns |= {f"n_{arm}": data.shape[1], f"mean_{arm}": data[0].mean(), f"variance_{arm}": cov[arm][0, 0]}
    covariates = [
        {"covariate": name}
        | {f"mean_{arm}": arms[arm][i].mean() for arm in arms}
        | {f"covariance_{arm}": cov[arm][0, i] for arm in arms}
        for i, name in enumerate(names, 1)
    ]
    pairs = [
        {"covariate": names[i - 1], "other": names[j - 1]} | {arm: cov[arm][i, j] for arm in arms}
        for i in range(1, 4)
        for j in range(i, 4)
    ]
    result = stats.cuped_test(**columns, covariates=covariates, covariances=pairs)
    both = np.cov(np.hstack(list(arms.values()))[:3])
    theta = np.linalg.solve(both[1:, 1:], both[0, 1:])
    found = result.tables["covariates"]
    assert found["used"].to_list() == [True, True, False]
    np.testing.assert_allclose(found["theta"].to_list(), [*theta, 0.0], rtol=1e-9)
    adjusted = {arm: data[0] - theta @ data[1:3] for arm, data in arms.items()}
    row = only(result)
    difference = adjusted["treatment"].mean() - adjusted["control"].mean()
    se = math.sqrt(sum(each.var(ddof=1) / len(each) for each in adjusted.values()))
    assert (row["diff"], row["se"]) == pytest.approx((difference, se), rel=1e-9)
    one = stats.cuped_test(**TWO, covariates=[("x", 1.0, 1.5, 1.1, 1.25)], covariances=[("x", "x", 2.0, 2.5)])
    assert only(one)["diff"] == pytest.approx(only(stats.mean_test(**TWO, **X))["diff"], rel=1e-12)
    assert only(one)["p"] == pytest.approx(only(stats.mean_test(**TWO, **X))["p"], rel=1e-10)


# ------------------------------------------------------------------------------------------------------ practice numbers


def test_practice_numbers(stats):
    """What private-domain teams say, in these terms: the numbers of the rules as practised."""
    row = only(stats.proportion_test(**FOUR))
    assert row["statistic"] == pytest.approx(3.952847075, abs=1e-9)
    assert row["p"] == pytest.approx(7.7226796e-5, rel=1e-7)
    assert (row["low"], row["high"]) == pytest.approx((0.050741, 0.149346), abs=1e-6)
    assert (row["lift_low"], row["lift_high"]) == pytest.approx((0.2899, 1.1584), abs=5e-5)
    assert stats.sample_size(p_control=0.15, p_treatment=[0.25, 0.18])["n_control"].to_list() == [250, 2402]
    assert stats.mde(p_control=0.15, n_control=500)["p_treatment"].value - 0.15 == pytest.approx(0.069, abs=5e-4)
    five = {
        kind: stats.sample_size(p_control=0.2, p_treatment=0.25, kind=kind)["exact"].value
        for kind in ("pooled", "unpooled", "evan_miller", "arcsine", "fleiss_cc")
    }
    assert [round(value, 1) for value in five.values()] == [
        1093.7,
        1091.0,
        1030.2,
        1091.9,
        1133.4,
    ]


@pytest.mark.parametrize(
    ("interval", "decision", "zh", "code"),
    [
        ((-0.30, -0.10), "adjust", "调整", "guardrail_harmed"),
        ((-0.15, -0.05), "keep", "保留", "worse_within_margin"),
        ((-0.30, 0.05), "adjust", "调整", "guardrail_not_proven"),
        ((-0.05, 0.10), "keep", "保留", "guardrails_safe"),
    ],
)
def test_order_value_that_falls_by_a_fifth(stats, interval, decision, zh, code):
    """客单价降 20 %：调整. A guardrail with a margin of 20 % on the lift, beside a goal that is better."""
    low, high = interval
    aov = {
        "metric": "客单价",
        "role": "guardrail",
        "margin": 0.2,
        "scaled_low": low,
        "scaled_high": high,
    }
    aov |= {"low": 100 * low, "high": 100 * high}
    result = stats.decide([{**GOAL, "metric": "复购率"}, aov], **PLAN)
    assert (result.main["decision"].value, result.main["decision_zh"].value) == (
        decision,
        zh,
    )
    reasons = result.tables["reasons"]
    assert code in reasons["code"].to_list()
    assert any("复购率" in text for text in reasons["text_zh"].to_list())


def test_decision_before_and_without_the_plan(stats):
    early = stats.decide([GOAL], **{**PLAN, "n_treatment": 200, "days": 3})
    assert early.main["decision"].value == "keep_running"
    assert early.tables["reasons"]["code"].to_list() == [
        "below_required_sample",
        "below_min_days",
    ]
    assert (
        stats.decide([GOAL], **{**PLAN, "n_treatment": 200, "days": 3}, last_look=True).main["decision"].value == "keep"
    )
    watched = {**GOAL, "watched_low": 0.01, "watched_high": math.inf}
    assert stats.decide([watched], **{**PLAN, "days": 3}).main["decision"].value == "keep"
    assert stats.decide([GOAL], **PLAN, srm_p=1e-5).main["decision"].value == "review"
    wide = {
        "metric": "带新客数",
        "low": -0.05,
        "high": 0.06,
        "scale": "diff",
        "equivalence": 0.01,
    }
    assert stats.decide([{**wide, "tost_low": -0.04, "tost_high": 0.05}], **PLAN).main["decision"].value == "review"
    assert stats.decide([{**wide, "tost_low": -0.004, "tost_high": 0.005}], **PLAN).main["decision"].value == "drop"


# ------------------------------------------------------------------------------------------------------------ assignment


def test_assignment_is_stable_and_covers_what_it_says(stats):
    ids = np.arange(200_000)
    small, large = (
        stats.assign(ids, seed="exp", coverage=coverage)["variation"].to_numpy() for coverage in (0.05, 0.5)
    )
    assert np.array_equal(large[small >= 0], small[small >= 0])  # raising the coverage keeps everyone
    assert abs((small >= 0).mean() - 0.05) < 0.002 and abs((large >= 0).mean() - 0.5) < 0.005
    as_text = stats.assign([str(i) for i in ids[:1000]], seed="exp", coverage=0.5)["variation"].to_numpy()
    assert np.array_equal(as_text, large[:1000])
    nobody = stats.assign(ids[:1000], seed="exp", coverage=0.0)
    assert set(nobody["reason"].to_list()) == {"not_covered"}


def test_layers_namespaces_holdouts_filters(stats):
    ids = np.arange(50_000)
    one, two = (stats.assign(ids, seed=seed)["variation"].to_numpy() for seed in ("layer-a", "layer-b"))
    assert only(stats.srm(units=np.bincount(2 * one + two, minlength=4)))["status"] == "ok"
    shares = ((0.0, 0.4), (0.4, 1.0))
    reasons = [
        stats.assign(
            ids,
            seed=f"n{low}",
            namespace="checkout",
            namespace_low=low,
            namespace_high=high,
        )["reason"].to_list()
        for low, high in shares
    ]
    both = [a == "assigned" and b == "assigned" for a, b in zip(*reasons, strict=True)]
    assert not any(both)
    held = stats.assign(ids, seed="e", holdout_seed="2026", holdout_share=0.1)
    again = stats.assign(ids, seed="f", holdout_seed="2026", holdout_share=0.1)
    holdout = [i for i, reason in enumerate(held["reason"].to_list()) if reason == "holdout"]
    assert abs(len(holdout) / len(ids) - 0.1) < 0.005
    assert holdout == [i for i, reason in enumerate(again["reason"].to_list()) if reason == "holdout"]
    split = [
        {"seed": "f", "low": 0.0, "high": 0.2, "filter": 1},
        {"seed": "f", "low": 0.5, "high": 0.6, "filter": 1},
    ]
    union = stats.assign(ids, seed="e", filters=split).tables["variations"]["units"].to_list()
    assert abs(sum(union) / len(ids) - 0.3) < 0.01
    none = stats.assign(
        ids,
        seed="e",
        filters=[{**each, "filter": number} for number, each in enumerate(split)],
    )
    assert sum(none.tables["variations"]["units"].to_list()) == 0  # two filters must both pass
    missing = stats.assign(["u1", None, ""], seed="e")
    assert missing["reason"].to_list()[1:] == ["no_id", "no_id"] and missing["variant"].to_list()[1:] == [None, None]
    named = stats.assign(ids, seed="e", variations={"A": 0.5, "B": 0.3, "C": 0.2})
    counts = named.tables["variations"]
    assert counts["variant"].to_list() == ["A", "B", "C"]
    assert (
        only(
            stats.srm(
                variant=counts["variant"].to_list(),
                units=counts["units"].to_list(),
                weight=[5, 3, 2],
            )
        )["p"]
        > 0.001
    )


def test_encodings_of_chinese_ids(stats):
    """One id, three buckets: what is hashed must be said."""
    found = {
        encoding: stats.assign(["用户1001"], seed="exp-2026", hash="v1", encoding=encoding)["n"].value
        for encoding in ("utf16", "utf8", "codepoint")
    }
    assert found == {"utf16": 0.654, "utf8": 0.315, "codepoint": 0.654}


# ------------------------------------------------------------------------------------------------------------ sequential


def test_looks_cross_and_stay_crossed(stats):
    looks = stats.group_sequential(
        name=["w1", "w2", "w3", "w4"],
        info=[0.25, 0.5, 0.75, 1.0],
        estimate=[0.01, 0.05, 0.02, None],
        se=[0.02, 0.014, 0.0115, None],
    )
    assert looks["crossed"].to_list() == [False, True, True, None]
    low, high = looks["low"].to_list(), looks["high"].to_list()
    for i in range(3):
        assert (low[i] + high[i]) / 2 == pytest.approx([0.01, 0.05, 0.02][i])
    summary = looks.tables["summary"].to_rows()[0]
    assert summary["first_crossed"] == 1 and 1 < summary["inflation"] < 1.1
    z = stats.group_sequential(info=[0.25, 0.5, 0.75, 1.0], statistic=[-0.5, -3.6, 0, 0])["crossed"].to_list()
    assert z == [False, True, True, True]
    last = stats.group_sequential(info=[0.5, 1.0])["alpha_spent"].to_list()[-1]
    assert last == pytest.approx(0.025, rel=1e-12)


def test_always_valid_intervals_hold_their_intersection(stats):
    looks = {
        "estimate": [0.05, 0.02, 0.03],
        "se": [0.02, 0.015, 0.01],
        "n_total": [1000, 2000, 4000],
    }
    cut = stats.always_valid(**looks, n_tune=4000, running_intersection=True)
    low, high = cut["low"].to_list(), cut["high"].to_list()
    assert low == sorted(low) and high == sorted(high, reverse=True)


# ------------------------------------------------------------------------------------------------------- other libraries


def test_scipy_gives_the_same_tests(stats):
    scipy = pytest.importorskip("scipy.stats")
    for xc, nc, xt, nt in (
        (7, 34, 1, 34),
        (75, 500, 125, 500),
        (3, 50, 0, 50),
        (8502, 44700, 8279, 45489),
    ):
        given = {"x_control": xc, "n_control": nc, "x_treatment": xt, "n_treatment": nt}
        table = [[xt, nt - xt], [xc, nc - xc]]
        for test, correction in (("pooled", False), ("chi2_yates", True)):
            chi2 = scipy.chi2_contingency(table, correction=correction)
            row = only(stats.proportion_test(**given, test=test))
            assert row["p"] == pytest.approx(chi2.pvalue, rel=1e-9)
        g = scipy.chi2_contingency(table, correction=False, lambda_="log-likelihood")
        assert only(stats.proportion_test(**given, test="g"))["p"] == pytest.approx(g.pvalue, rel=1e-9)
        for side, name in (
            ("two_sided", "two-sided"),
            ("greater", "greater"),
            ("less", "less"),
        ):
            exact = scipy.fisher_exact(table, alternative=name).pvalue
            row = only(stats.proportion_test(**given, test="fisher", alternative=side))
            assert row["p"] == pytest.approx(exact, rel=1e-9)
    for equal_var in (False, True):
        reference = scipy.ttest_ind_from_stats(5.5, math.sqrt(3), 120, 5.0, 2.0, 100, equal_var=equal_var)
        row = only(stats.mean_test(**TWO, equal_var=equal_var))
        assert (row["statistic"], row["p"]) == pytest.approx((reference.statistic, reference.pvalue), rel=1e-10)
    chi2 = scipy.chisquare([502, 470, 528], [500, 500, 500])
    row = only(stats.srm(units=[502, 470, 528]))
    assert (row["chi2"], row["p"]) == pytest.approx((chi2.statistic, chi2.pvalue), rel=1e-10)
    for x, n, p in ((47, 100, 0.5), (3, 12, 0.5), (1, 9, 0.3)):
        row = only(stats.srm(units=[x, n - x], weight=[p, 1 - p], method="exact"))
        assert row["p"] == pytest.approx(scipy.binomtest(x, n, p).pvalue, rel=1e-9)


def test_scipy_gives_the_same_posterior(stats):
    """The chance to be better by SciPy's quadrature of the same two Beta densities."""
    scipy = pytest.importorskip("scipy.stats")
    integrate = pytest.importorskip("scipy.integrate")
    a, b = scipy.beta(76, 426), scipy.beta(96, 406)
    reference, _ = integrate.quad(lambda p: b.pdf(p) * a.cdf(p), 0, 1, points=[0.15, 0.19], limit=200)
    row = only(stats.beta_posterior(x_control=75, n_control=500, x_treatment=95, n_treatment=500))
    assert row["prob_better"] == pytest.approx(reference, rel=1e-7)
    assert (row["low_control"], row["high_control"]) == pytest.approx(a.interval(0.95), rel=1e-9)
    normal = only(stats.normal_posterior(estimate=0.1, se=0.05, prior_mean=0.0, prior_sd=0.3))
    precision = 1 / 0.05**2 + 1 / 0.3**2
    mean, sd = 0.1 / 0.05**2 / precision, precision**-0.5
    assert (normal["mean"], normal["sd"]) == pytest.approx((mean, sd), rel=1e-12)
    assert normal["chance_to_win"] == pytest.approx(scipy.norm.cdf(mean / sd), rel=1e-12)


def test_numpy_gives_the_same_quantiles_and_caps(stats):
    np = pytest.importorskip("numpy")
    chance = np.random.default_rng(11)
    methods = {
        "type1": "inverted_cdf", "type2": "averaged_inverted_cdf", "type6": "weibull", "type7": "linear",
        "type8": "median_unbiased",
    }  # fmt: skip
    for n in (1, 2, 7, 100, 1001):
        values = np.round(chance.lognormal(3, 1.5, n), 2)
        for name, method in methods.items():
            for p in (0.0625, 0.25, 0.5, 0.875, 1.0):  # NumPy takes 0.07 of 100 for more than seven
                expected = np.quantile(values, p, method=method)
                row = only(stats.quantile(value=values, p=p, type=name))
                assert row["quantile"] == pytest.approx(expected, rel=1e-12), (n, name, p)
        result = stats.winsorise(value=values, upper=0.9, lower=0.05)
        cut = np.clip(values, *np.quantile(values, [0.05, 0.9]))
        assert result.tables["values"]["cut"].to_list() == pytest.approx(cut.tolist(), rel=1e-12)
        row = only(result)
        assert row["mean"] == pytest.approx(cut.mean(), rel=1e-12) and row["n"] == n
        assert (row["variance"] is None) == (n == 1) and row["status"] == ("too_few" if n == 1 else "ok")
        if n > 1:
            assert row["variance"] == pytest.approx(cut.var(ddof=1), rel=1e-11)


def test_samples_have_quantiles_of_their_own(stats):
    """And arms of an experiment are cut at the same caps."""
    rows = stats.quantile(value=[5.0, 1.0, 10.0, 3.0], name=["x", "y", "x", "y"]).main.to_rows()
    assert [(row["name"], row["n"], row["quantile"]) for row in rows] == [("x", 2, 7.5), ("y", 2, 2.0)]
    result = stats.winsorise(value=[1.0, 2.0, 3.0, 100.0], variant=["old", "new", "old", "new"], upper=0.75)
    assert [(row["variant"], row["cut"]) for row in result.tables["values"].to_rows()] == [
        ("old", 1.0), ("new", 2.0), ("old", 3.0), ("new", 27.25),
    ]  # fmt: skip
    assert only(result)["cap_low"] is None and only(result)["n_capped_high"] == 1


def test_scipy_gives_the_same_best_of_several(stats):
    """Chances and expected losses from SciPy's quadrature of what they are defined as."""
    scipy = pytest.importorskip("scipy.stats")
    integrate = pytest.importorskip("scipy.integrate")
    answers = (
        ([scipy.beta(1 + x, 501 - x) for x in (40, 50, 55)], stats.beta_best(x=[40, 50, 55], n=500), (0.0, 0.3)),
        (
            [scipy.norm(10, 1), scipy.norm(10.5, 2), scipy.norm(12, 1.5)],
            stats.normal_best(mean=[10.0, 10.5, 12.0], se=[1.0, 2.0, 1.5]),
            (-20.0, 40.0),
        ),
    )
    for arms, result, (low, high) in answers:
        middle = sum(arm.mean() for arm in arms) / len(arms)
        for arm, row in zip(arms, result.main.to_rows(), strict=True):
            others = [other for other in arms if other is not arm]

            def below(u, others=others):
                return math.prod(other.cdf(u) for other in others)

            def chance(u, arm=arm, below=below):
                return arm.pdf(u) * below(u)

            def loss(u, arm=arm, below=below):
                return arm.cdf(u) * (1 - below(u))

            for function, column in ((chance, "prob_best"), (loss, "expected_loss")):
                expected, _ = integrate.quad(function, low, high, points=[middle], epsabs=1e-14, limit=400)
                assert row[column] == pytest.approx(expected, rel=1e-9)
    lower = stats.normal_best(mean=[10.0, 12.0], se=[1.0, 1.5], direction="lower").main.to_rows()
    higher = stats.normal_best(mean=[-10.0, -12.0], se=[1.0, 1.5]).main.to_rows()
    assert [row["prob_best"] for row in lower] == [row["prob_best"] for row in higher]
    assert [row["low"] for row in lower] == [-row["high"] for row in higher]


def test_statsmodels_gives_the_same_power_and_adjustments(stats):
    power = pytest.importorskip("statsmodels.stats.power")
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    for delta, sd, n in ((0.5, 2.0, 100), (1.0, 1.0, 20), (0.2, 1.0, 300)):
        reference = power.TTestIndPower().power(delta / sd, n, 0.05)
        row = only(stats.power(delta=delta, sd_control=sd, n_control=n, far_tail=True))
        assert row["power"] == pytest.approx(reference, rel=1e-7)
    size = power.NormalIndPower().solve_power(
        proportion.proportion_effectsize(0.25, 0.2),
        alpha=0.025,
        power=0.8,
        alternative="larger",
    )
    assert only(stats.sample_size(p_control=0.2, p_treatment=0.25, kind="arcsine"))["exact"] == pytest.approx(
        size, rel=1e-6
    )
    p = np.array([0.001, 0.8, 0.04, 0.03, 0.03, 0.2, 0.0004, 0.999])
    names = {
        "bonferroni": "bonferroni",
        "holm": "holm",
        "hochberg": "simes-hochberg",
        "hommel": "hommel",
    }
    names |= {
        "bh": "fdr_bh",
        "by": "fdr_by",
        "sidak": "sidak",
        "holm_sidak": "holm-sidak",
    }
    for ours, theirs in names.items():
        reference = multitest.multipletests(p, method=theirs)[1]
        np.testing.assert_allclose(
            stats.p_adjust(p=p, method=ours)["p_adjusted"].to_list(),
            reference,
            rtol=1e-10,
        )
    for method, theirs in (
        ("wilson", "wilson"),
        ("clopper_pearson", "beta"),
        ("jeffreys", "jeffreys"),
    ):
        reference = proportion.proportion_confint(7, 34, method=theirs)
        row = only(stats.proportion_interval(successes=7, trials=34, method=method))
        assert (row["low"], row["high"]) == pytest.approx(reference, rel=1e-9)
    reference = proportion.confint_proportions_2indep(7, 34, 1, 34, method="newcomb")
    row = only(
        stats.proportion_test(
            x_control=1,
            n_control=34,
            x_treatment=7,
            n_treatment=34,
            difference="newcombe",
        )
    )
    assert (row["low"], row["high"]) == pytest.approx(reference, rel=1e-9)


def test_statsmodels_gives_the_same_strata(stats):
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    strata = [(200, 10000, 240, 10000), (50, 1000, 44, 1000), (5, 400, 9, 420)]
    reference = tables.StratifiedTable([np.array([[xt, nt - xt], [xc, nc - xc]]) for xc, nc, xt, nt in strata])
    columns = dict(
        zip(
            ("x_control", "n_control", "x_treatment", "n_treatment"),
            zip(*strata, strict=True),
            strict=True,
        )
    )
    row = only(stats.cochran_mantel_haenszel({key: list(value) for key, value in columns.items()}))
    assert row["odds_ratio"] == pytest.approx(reference.oddsratio_pooled, rel=1e-10)
    assert row["risk_ratio"] == pytest.approx(reference.riskratio_pooled, rel=1e-10)
    assert (row["odds_low"], row["odds_high"]) == pytest.approx(reference.oddsratio_pooled_confint(), rel=1e-9)
    test = reference.test_null_odds(correction=False)
    assert (row["chi2"], row["p"]) == pytest.approx((test.statistic, test.pvalue), rel=1e-9)
    corrected = reference.test_null_odds(correction=True)
    assert row["p_cc"] == pytest.approx(corrected.pvalue, rel=1e-9)


def test_scipy_gives_the_same_dunnett(stats):
    """SciPy integrates the multivariate t by quasi Monte Carlo: to about four digits."""
    scipy = pytest.importorskip("scipy.stats")
    chance = np.random.default_rng(3)
    control, *others = (chance.normal(mean, 2, 40) for mean in (0, 0.2, 1.2, 0.6))
    reference = scipy.dunnett(*others, control=control, rng=np.random.default_rng(1))
    df = 4 * 39
    result = stats.dunnett({"statistic": reference.statistic, "lambda": np.full(3, math.sqrt(0.5))}, df=df)
    np.testing.assert_allclose(result["p_adjusted"].to_list(), reference.pvalue, atol=5e-4)
