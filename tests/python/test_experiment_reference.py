"""The library against the naive reference on small random experiments: every table, cell by cell, whole and in parts.

Values are few, so that arms without units, variance or events, units in several arms and levels of one unit are the rule.
"""

import math
import os
from fractions import Fraction

import experiment_reference as reference
import pytest
from experiment_reference import Metric, Setup
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

LONG = 20 if os.environ.get("PDM_LONG") else 1
CHECKS = settings(deadline=None, max_examples=int(os.environ.get("EX", 120)) * LONG, suppress_health_check=list(HealthCheck), database=None)
FEWER = settings(CHECKS, max_examples=40 * LONG)

ADJUSTMENTS = ["none", "bonferroni", "holm", "hochberg", "bh", "by", "sidak"]
LEVELS = [["x", "y", "", None, "甲"], [3, -1, 20, None]]

# ---- random experiments -----------------------------------------------------------------------------------------------


@st.composite
def metrics(draw, real):
    """Metrics over the columns of the rows below."""
    null = st.sampled_from(["zero", "exclude"])
    winsor = draw(st.booleans())
    numbers = {"value_type": "real"} if real else {}
    money = draw(st.sampled_from([numbers, {"value_type": "decimal", "scale": 2}])) if not real else numbers
    found = [
        Metric("bought", "conversion", null_value=draw(null), covariates=draw(st.sampled_from([[], [], ["before"]]))),
        Metric(
            "orders",
            "count",
            null_value=draw(null),
            covariates=draw(st.sampled_from([[], ["before"], ["before", "other"]])),
            family=draw(st.sampled_from(["primary", "second"])),
        ),
        Metric(
            "spend",
            "value",
            null_value=draw(null),
            covariates=draw(st.sampled_from([[], [], ["before"]])),
            winsor_lower=draw(st.sampled_from([0.0, 0.05])) if winsor else 0.0,
            winsor_upper=draw(st.sampled_from([0.95, 0.8])) if winsor else 1.0,
            ignore_zeros=draw(st.booleans()),
            **money,
        ),
        Metric("aov", "ratio", column="spend", denominator="orders", null_value=draw(null), **numbers),
        Metric(
            "aov_adjusted",
            "ratio",
            column="spend",
            denominator="orders",
            covariates=["before"],
            covariate_denominator="other",
            **numbers,
        ),
    ]
    kept = draw(st.lists(st.sampled_from(found), min_size=1, max_size=3, unique_by=lambda m: m.name))
    decimal = any(m.value_type == "decimal" for m in kept)
    return [m for m in kept if not (decimal and m.kind == "ratio")] or found[:1]


@st.composite
def experiments(draw, unique=False, sums=False):
    """Rows and options; `unique`: one row a unit."""
    real = not sums and draw(st.booleans())
    chosen = draw(metrics(real))
    arms = draw(st.sampled_from([["a", "b"], ["b", "a", "控制"], [1, 0], [7, -2, 3]]))
    decimal = any(m.value_type == "decimal" for m in chosen)
    fine = st.sampled_from([0, 0, 1.25, -2.5, 10, 1000, 0.1] if real or decimal else [0, 0, 1, -3, 10, 1000])
    levels = draw(st.sampled_from(LEVELS))
    segments = draw(st.sampled_from([[], ["city"], ["city", "tier"]]))
    null = st.sampled_from([False] * 9 + [True])
    row = st.fixed_dictionaries(
        {
            "unit": st.integers(0, 40),
            "variant": st.sampled_from(arms),
            "bought": st.integers(0, 1),
            "orders": st.integers(0, 3),
            "spend": fine,
            "before": st.integers(0, 5),
            "other": st.integers(0, 4),
            "city": st.sampled_from(levels),
            "tier": st.sampled_from(levels[:2]),
            "missing": st.sampled_from(["bought", "orders", "spend", "before", "other"]),
            "gone": null,
        }
    )
    rows = draw(st.lists(row, max_size=40))
    for number, one in enumerate(rows):
        if unique:
            one["unit"] = number
        if one.pop("gone"):
            one[one["missing"]] = None
        del one["missing"]
    copies = draw(st.lists(st.integers(0, len(rows) - 1), max_size=4)) if rows and not unique else []
    rows = rows + [dict(rows[i]) for i in copies]
    setup = Setup(
        arms=arms,
        metrics=chosen,
        weights=[draw(st.sampled_from([1.0, 2.0, 0.5])) for _ in arms],
        segments=segments,
        control=draw(st.integers(0, len(arms) - 1)),
        unit_rows="sum" if sums else "one",
        comparisons=draw(st.sampled_from(["versus_control", "all_pairs"])),
        alternative=draw(st.sampled_from(["two_sided", "two_sided", "greater", "less"])),
        critical=draw(st.sampled_from(["t", "normal"])),
        equal_var=draw(st.booleans()),
        variance=draw(st.sampled_from(["score", "score", "mle"])),
        adjust=draw(st.sampled_from(ADJUSTMENTS)),
        adjust_segments=draw(st.sampled_from(ADJUSTMENTS)),
        alpha=draw(st.sampled_from([0.05, 0.1, 0.01])),
    )
    return rows, setup


# ---- the library ------------------------------------------------------------------------------------------------------


def options_of(setup, **more):
    lists = []
    covariates = []
    for m in setup.metrics:
        found = {"metric": m.name, "kind": m.kind, "value_type": m.value_type, "null_value": m.null_value}
        found |= {"column": m.column, "denominator": m.denominator, "family": m.family, "direction": m.direction}
        found |= {"winsor_lower": m.winsor_lower, "winsor_upper": m.winsor_upper}
        found |= {"ignore_zeros": m.ignore_zeros, "scale": m.scale if m.value_type == "decimal" else None}
        lists.append(found)
        for name in m.covariates:
            covariates.append({"metric": m.name, "column": name, "denominator": m.covariate_denominator})
    options = {
        "arms": [{"variant": arm, "weight": weight} for arm, weight in zip(setup.arms, setup.weights, strict=True)],
        "metrics": lists,
        "control": str(setup.arms[setup.control]),
        "equal_var": setup.equal_var,
        "threads": 1,
    }
    for name in ("unit_rows", "comparisons", "alternative", "critical", "variance", "adjust", "adjust_segments", "alpha"):
        options[name] = getattr(setup, name)
    if covariates:
        options["covariates"] = covariates
    if setup.segments:
        options["segment_columns"] = [{"column": name} for name in setup.segments]
    return {**options, **more}


def frame_of(rows, setup, whole=None):
    """Columns with a type of their own: that of the ``whole``, of which a part may have nothing but nulls."""
    import pyarrow as pa

    used = {name for m in setup.metrics for name in m.columns} | set(setup.segments) | {"unit", "variant"}
    money = any(m.value_type != "int" for m in setup.metrics)
    types = {"spend": pa.float64()} if money else {}
    columns = {}
    for name in sorted(used):
        values = [row[name] for row in rows]
        every = values if whole is None else [row[name] for row in whole]
        kind = types.get(name, pa.int64())
        if name in ("city", "tier", "variant"):
            text = any(isinstance(value, str) for value in (setup.arms if name == "variant" else every))
            kind = pa.string() if text else pa.int64()
        columns[name] = pa.array(values, kind)
    return pa.table(columns)


def near(got, expected, tolerance=1e-9):
    if expected is None or (isinstance(expected, float) and math.isnan(expected)):
        return got is None
    if got is None:
        return False
    if math.isinf(expected) or math.isinf(got):
        return got == expected
    return abs(got - expected) <= tolerance * max(1.0, abs(expected))


def check_effects(table, expected, setup):
    groups = [(d, None if level is None else str(level)) for d, level in expected.groups]
    names = [str(arm) for arm in setup.arms]
    found = {}
    for row in table.to_rows():
        key = (row["segment_dim"], row["segment"], row["metric"], names.index(row["control"]), names.index(row["variant"]))
        assert key not in found
        found[key] = row
    wanted = {(d, None if s is None else str(s), m, c, t): e for (d, s, m, c, t), e in expected.effects.items()}
    assert found.keys() == wanted.keys()
    assert [g for g in dict.fromkeys((row["segment_dim"], row["segment"]) for row in table.to_rows())] == groups
    for key, e in wanted.items():
        row = found[key]
        if e.fragile:
            continue
        assert (row["status"], row["lift_status"]) == (e.status, e.lift_status), key
        for name in ("diff", "statistic", "p", "low", "high", "lift", "lift_low", "lift_high", "theta"):
            assert near(row[name], getattr(e, name)), (key, name, row[name], getattr(e, name))
        for name in ("variance_reduction", "p_adjusted", "adj_low", "adj_high"):
            assert near(row[name], getattr(e, name), 1e-8), (key, name, row[name], getattr(e, name))
        assert near(row["df"], math.nan if math.isinf(e.df) else e.df), (key, row["df"], e.df)
        if e.significant is not None and min(abs(e.adj_low), abs(e.adj_high)) > 1e-9:
            assert row["significant"] is e.significant, key


def check_sums(table, expected, setup):
    """Exact sums, as fractions of their text."""
    names = [str(arm) for arm in setup.arms]
    columns = {m.name: m.columns for m in setup.metrics}
    winsorised = {m.name for m in setup.metrics if (m.winsor_lower, m.winsor_upper) != (0, 1)}
    real = {m.name for m in setup.metrics if m.value_type == "real"} | winsorised
    sums = {(d, None if s is None else str(s), m, a): v for (d, s, m, a), v in expected.sums.items()}
    at = {}
    for row in table.to_rows():
        key = (row["segment_dim"], row["segment"], row["metric"], names.index(row["variant"]))
        pairs = [(i, j) for i in range(len(columns[key[2]])) for j in range(i, len(columns[key[2]]))]
        i, j = pairs[at.setdefault(key, 0)]
        at[key] += 1
        assert (row["column_i"], row["column_j"]) == (columns[key[2]][i], columns[key[2]][j])
        vectors = sums[key]
        if key[2] in real:  # the double nearest to the decimal
            vectors = [[Fraction(float(x)) for x in v] for v in vectors]
        assert row["n"] == len(vectors)
        assert Fraction(row["sum_i"]) == sum((v[i] for v in vectors), Fraction(0)), (key, i)
        assert Fraction(row["sum_ij"]) == sum((v[i] * v[j] for v in vectors), Fraction(0)), (key, i, j)


def check_metrics(table, expected, setup):
    names = [str(arm) for arm in setup.arms]
    arms = {(d, None if s is None else str(s), m, a): v for (d, s, m, a), v in expected.arms.items()}
    assert len(table) == len(arms)
    for row in table.to_rows():
        arm = arms[row["segment_dim"], row["segment"], row["metric"], names.index(row["variant"])]
        assert row["n"] == arm.n
        assert near(row["mean"], arm.value)
        if arm.matrix is not None:
            assert near(row["variance"], float(arm.matrix[0][0]))


def check_quality(result, expected, rows, setup, checked=True):
    names = [str(arm) for arm in setup.arms]
    row = result.quality.to_rows()[0]
    q = expected.quality
    assert (row["rows"], row["units"]) == (len(rows), q["units"])
    if checked:
        got = (row["crossovers"], row["conflicts"], row["segment_conflicts"])
        assert got == (q["crossovers"], q["conflicts"], q["segment_conflicts"])
        assert row["duplicate_rows"] == q["duplicates"]
        crossings = {tuple(sorted(r["arms"].split(" + "))): r["units"] for r in result.crossovers.to_rows()}
        assert crossings == {tuple(sorted(names[a] for a in key)): n for key, n in q["crossings"].items()}
    units = {(d, None if s is None else str(s), a): n for (d, s, a), n in expected.units.items()}
    for row in result.srm_arms.to_rows():
        assert row["observed"] == units[row["segment_dim"], row["segment"], names.index(row["variant"])]
    for row in result.srm.to_rows():
        check_split(row, [units[row["segment_dim"], row["segment"], a] for a in range(len(names))], expected, setup)


def check_split(row, observed, expected, setup):
    from scipy import stats

    total = sum(observed)
    shares = [w / sum(setup.weights) for w in setup.weights]
    levels = sum(d == row["segment_dim"] for d, _ in expected.groups) if row["segment_dim"] else 1
    if total == 0:
        assert row["status"] == "no_data"
        return
    if row["method"] == "chi2":
        p = stats.chisquare(observed, [total * s for s in shares]).pvalue
    elif len(observed) == 2:
        p = stats.binomtest(observed[1], total, shares[1]).pvalue
    else:
        p = multinomial(observed, shares)
    assert near(row["p"], min(1.0, float(p) * levels))
    assert row["status"] == ("mismatch" if row["p"] < 0.001 else "ok")


def multinomial(observed, shares):
    """Σ of the probabilities of all outcomes that are not more likely."""
    from scipy import stats

    n = sum(observed)
    mine = stats.multinomial.pmf(observed, n, shares)
    outcomes = [(i, j, n - i - j) for i in range(n + 1) for j in range(n - i + 1)]
    p = stats.multinomial.pmf(outcomes, n, shares)
    return min(1.0, float(p[p <= mine * (1 + 1e-7)].sum()))


def check_all(result, rows, setup, checked=True):
    expected = reference.evaluate(rows, setup)
    check_quality(result, expected, rows, setup, checked)
    check_sums(result.moments, expected, setup)
    check_metrics(result.metrics, expected, setup)
    check_effects(result.effects, expected, setup)


def in_parts(pdm, rows, setup, parts, **options):
    """A state of each part, merged, through bytes."""
    state = pdm.Experiment(**options_of(setup, **options))
    for part in range(parts):
        more = pdm.Experiment(**options_of(setup, **options))
        if rows[part::parts]:
            more.update(frame_of(rows[part::parts], setup, rows))
        state = pdm.Experiment.from_bytes(more.to_bytes()).merge(state)
    return state


@given(experiments())
@CHECKS
def test_units_are_as_in_the_reference(pdm, case):
    rows, setup = case
    check_all(pdm.experiment(frame_of(rows, setup), **options_of(setup)), rows, setup)


@given(experiments(sums=True))
@CHECKS
def test_parts_of_units_add_up(pdm, case):
    rows, setup = case
    check_all(pdm.experiment(frame_of(rows, setup), **options_of(setup)), rows, setup)


@given(experiments(unique=True))
@CHECKS
def test_sums_alone_give_the_same(pdm, case):
    rows, setup = case
    assume(all((m.winsor_lower, m.winsor_upper) == (0, 1) for m in setup.metrics))
    frame = frame_of(rows, setup)
    sums = pdm.experiment(frame, **options_of(setup, moments_only=True))
    check_all(sums, rows, setup, checked=False)
    units = pdm.experiment(frame, **options_of(setup))
    for name in ("effects", "metrics", "moments", "srm", "arms", "heterogeneity"):
        assert sums[name].to_rows() == units[name].to_rows(), name


@given(experiments(), st.integers(2, 4), st.booleans())
@FEWER
def test_parts_are_the_whole(pdm, case, parts, sums):
    rows, setup = case
    plain = all((m.winsor_lower, m.winsor_upper) == (0, 1) for m in setup.metrics)
    more = {"moments_only": True} if sums and plain else {}
    whole = pdm.Experiment(**options_of(setup, **more))
    if rows:
        whole.update(frame_of(rows, setup))
    merged = in_parts(pdm, rows, setup, parts, **more)
    assert merged.to_bytes() == whole.to_bytes()
    for name, table in whole.result().tables.items():
        assert table.to_rows() == merged.result()[name].to_rows(), name


@pytest.mark.parametrize("big", [10**15, -(10**15)])
def test_large_means_keep_their_variance(pdm, big):
    """Mean 1e15, variance 1."""
    values = [big - 1, big, big + 1, big + 5, big + 6, big + 7]
    frame = {"unit": list(range(6)), "variant": ["a"] * 3 + ["b"] * 3, "v": values}
    row = pdm.experiment(frame, arms={"a": 1, "b": 1}, metrics=[{"metric": "v", "kind": "value"}]).metrics.to_rows()[0]
    assert (row["mean"], row["variance"]) == (float(big), 1.0)
