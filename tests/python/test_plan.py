"""GMV targets from Python: every calculator, every way in, every error, and formula trees as objects."""

import datetime
import inspect
import math
import pickle
import random
import re
import signal
import sys
import threading
import time
import typing
import warnings
from decimal import Decimal
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FORMULA = "gmv = old*cvr*aov*freq + new*fcvr*faov"
LEAVES = {"old": 1000, "cvr": 0.1, "aov": 50, "freq": 2, "new": 300, "fcvr": 0.2, "faov": 30}
HISTORY = [(2023, "a", 30), (2023, "b", 70), (2024, "a", 40), (2024, "b", 60)]
BEFORE_AFTER = {"leaf": ["a", "b"], "x0": [2, 3], "x1": [3, 5]}
GROUPS = {"group": ["a", "b"], "numerator0": [1, 2], "denominator0": [10, 10]}
GROUPS |= {"numerator1": [2, 2], "denominator1": [10, 20]}
DAY = datetime.date(2024, 6, 1)

# One sensible call of every calculator.
EXAMPLES = {
    "apportion": {"parts": [3, 1, 1], "total": 100},
    "allocate": {"parts": {"weight": [3, 1], "high": [50, None]}, "total": 100},
    "nested": {
        "levels": ["quarter", "channel"],
        "shares": [
            ("quarter", None, "q1", 1),
            ("quarter", None, "q2", 3),
            ("channel", None, "a", 2),
            ("channel", None, "b", 1),
        ],
        "total": 101,
    },
    "two_way": {
        "seed": [("r", "a", 1), ("r", "b", 2), ("s", "a", 3), ("s", "b", 4)],
        "row_totals": {"r": 4, "s": 6},
        "column_totals": {"a": 5, "b": 5},
    },
    "shares": {"history": HISTORY, "total": 1000},
    "forecast_proportions": {"tree": [("t", None, 100), ("a", "t", 60), ("b", "t", 50)], "total": 1000},
    "blend": {"sources": [("history", "a", 0.4), ("history", "b", 0.6), ("room", "a", 0.5), ("room", "b", 0.5)]},
    "formula": {"formula": FORMULA, "leaves": LEAVES},
    "views": {"formulas": {"one": "a+b", "two": "b+a"}, "leaves": {"a": 1, "b": 2}},
    "seasonal_index": {"history": [80, 60, 90, 110, 88, 66, 100, 121], "season_length": 4},
    "seasonal_split": {"total": 1000, "growth": 0.01, "index": [0.9, 1.0, 1.1]},
    "growth": {"rows": [{"base": 100, "growth": 0.3, "periods": 12}]},
    "event_days": {
        "total": 1000,
        "first_day": DAY,
        "last_day": "2024-06-20",
        "events": [{"event": "618", "start": "2024-06-16", "end": datetime.datetime(2024, 6, 18), "multiplier": 5}],
    },
    "s_curve": {"steps": 4},
    "denton": {"indicator": [1, 2, 3, 4], "annual": [10, 20], "season_length": 2},
    "roll_forward": {
        "users": 1000,
        "months": {"month": [1, 2], "churn": [0.02, 0.03]},
        "channels": {"month": [1, 2], "channel": ["a", "a"], "traffic": [100, 200], "add": [0.1, 0.2]},
    },
    "roll_inverse": {"rows": [{"churn": 0.05, "adds": 4000}]},
    "gap": {"nodes": [{"node": "all", "top_down": 120, "bottom_up": 100}]},
    "gap_split": {"units": {"plan": [60, 40]}, "top_down": 120},
    "reconcile": {"nodes": [("t", None, 100), ("a", "t", 40), ("b", "t", 50)]},
    "review_rounds": {"rounds": [{"round": 1, "unit": "a", "proposed": 10, "counter": 8}]},
    "goal_seek": {"formula": FORMULA, "leaves": LEAVES, "target": 15000, "lever": "new"},
    "equal_effort": {"formula": FORMULA, "leaves": LEAVES, "target": 15000, "levers": ["new", "cvr"]},
    "tornado": {"formula": FORMULA, "leaves": LEAVES},
    "scenarios": {"formula": FORMULA, "leaves": LEAVES, "axes": {"cvr": [0.1, 0.2], "new": [300, 400]}},
    "decompose": {"formula": "a*b", "leaves": BEFORE_AFTER},
    "lmdi": {"factors": [("users", 10, 12), ("arpu", 5, 6)]},
    "funnel_change": {"steps": [("visit", 100, 120), ("order", 10, 15)]},
    "series_change": {"formula": "a*b", "leaves": [("a", 1, 1), ("b", 2, 1), ("a", 3, 2), ("b", 4, 2)]},
    "pvm": {"products": {"product": ["x"], "price0": [10], "quantity0": [5], "price1": [11], "quantity1": [6]}},
    "rate_mix": {"groups": GROUPS},
    "sum_mix": {"groups": {"count0": [10], "mean0": [2], "count1": [12], "mean1": [3]}},
    "contribution": {"segments": [("a", 10, 15), ("b", 20, 20)]},
    "root_cause": {"rows": [("channel", "a", 60, 30), ("channel", "b", 40, 40)]},
    "track": {"rows": [{"name": "gmv", "actual": 90, "target": 100, "previous": 80}]},
    "pace": {"actual": 35000, "target": 120000, "elapsed": 11, "total_days": 30},
    "cumulative": {"periods": {"actual": [80, 90, None], "target": [100, 100, 120]}},
    "growth_series": {"values": {"period": [1, 2], "value": [10, 12]}},
    "alerts": {"rows": [{"name": "churn", "value": 0.04, "op": "le", "threshold": 0.05}]},
    "activity_pnl": {"activities": [{"gmv": 200000, "marketing_cost": 50000, "gross_margin": 0.4}]},
    "amortise": {"costs": [{"cost": 1000, "months": 3}]},
    "unit_economics": {"rows": [{"cost": 60, "new_customers": 1, "arpu": 30, "margin": 0.4, "churn": 0.05}]},
    "compound_change": {"changes": [0.05, -0.08]},
    "commission": {"amounts": [180000], "tiers": [(0, 0.05), (100000, 0.07)]},
    "composite": {"indicators": {"attainment": [0.9, 1.2], "weight": [1, 3]}},
    "rank": {"staff": {"staff_id": ["a", "b"], "value": [1, 2]}},
    "utilisation": {"staff": [{"customers": 800, "agents": 2, "limit": 500}]},
    "attainment": {
        "formula": FORMULA,
        "leaves": [("new", None, 300, 20)] + [(k, v) for k, v in LEAVES.items() if k != "new"],
    },
    "replan": {"plan": 1200, "actuals": [90, 120], "remaining": {"weight": [1, 1, 2]}},
}


@pytest.fixture(scope="module")
def plan():
    return pytest.importorskip("pdmetrics.plan")


def dump(result):
    return {name: table.to_dict() for name, table in result.tables.items()}


# ---------------------------------------------------------------------------------------- calculators


def test_every_calculator_has_an_example(pdm):
    assert set(EXAMPLES) == {name for name, info in pdm.calculators.items() if info.family == "plan"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_calculator_answers(pdm, plan, name):
    info = pdm.calculators[name].about
    result = getattr(plan, name)(**EXAMPLES[name])
    assert type(result) is getattr(plan, pdm.calculators[name].result_name)
    assert set(result.tables) <= set(info.tables)
    for table in info.tables.values():
        if table.optional and table.name not in result.tables:
            with pytest.raises(AttributeError, match=table.name):
                getattr(result, table.name)
            continue
        assert getattr(result, table.name) is result.tables[table.name]
        assert result.tables[table.name].columns == [column.name for column in table.columns]
        for column in table.columns:
            if column.name == "status":
                known = {"ok", "zero_change", "zero_base", "missing"}
                assert set(result.tables[table.name]["status"]) <= known, table.name
            if column.name == "closure":
                assert all(abs(value) <= 1e-9 for value in result.tables[table.name]["closure"])
    assert result.main.name in repr(result) and "<table" in result._repr_html_()


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_function_is_described(pdm, plan, name):
    info = pdm.calculators[name]
    function = getattr(plan, name)
    signature = inspect.signature(function)
    assert {*info.about.lists, *info.about.options, *info.scalars} == set(signature.parameters)
    for parameter in signature.parameters:
        assert f"{parameter}:\n" in function.__doc__, parameter
    first = next(iter(info.about.lists.values()))
    for parameter in signature.parameters.values():
        positional = parameter.name == first.name and not first.single
        assert (parameter.kind is inspect.Parameter.KEYWORD_ONLY) != positional or positional
    for option in info.about.options.values():
        assert signature.parameters[option.name].default == option.default
    hints = typing.get_type_hints(function, vars(sys.modules["pdmetrics._plan"]))
    assert hints["return"] is getattr(plan, info.result_name)
    for table in info.about.tables.values():
        doc = getattr(hints["return"], table.name).__doc__
        assert all(f"{column.name}:" in doc for column in table.columns)


@pytest.mark.parametrize("name", EXAMPLES)
def test_options_reach_the_library(pdm, plan, name):
    """A value outside an enumeration is refused by the library, which lists the values; every listed one is known."""
    for option in pdm.calculators[name].about.options.values():
        for value in option.values:
            try:
                getattr(plan, name)(**{**EXAMPLES[name], option.name: value})
            except pdm.Error as error:  # the example may not suit the method, but the option is understood
                assert f'"{value}"' not in error.message and error.code != "bad_option", (option.name, value, error)
        if option.values:
            with pytest.raises(pdm.OptionError) as caught:
                getattr(plan, name)(**{**EXAMPLES[name], option.name: "nonsense"})
            assert caught.value.column == option.name
            assert all(value in caught.value.message for value in option.values)


@pytest.mark.parametrize("name", EXAMPLES)
def test_unknown_arguments_are_refused(plan, name):
    with pytest.raises(TypeError, match="nonsense"):
        getattr(plan, name)(**EXAMPLES[name], nonsense=1)


# ---------------------------------------------------------------------------------------- ways in


def frames():
    """The same rows, held in every way."""
    columns = {"part": ["甲", "b", "c"], "weight": [0.6, 0.2, 0.1]}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    yield "dict of lists", columns
    yield "dict of tuples", {name: tuple(values) for name, values in columns.items()}
    yield "list of dicts", rows
    yield "list of tuples", [tuple(row.values()) for row in rows]
    yield "generator", (row for row in rows)
    yield "mapping", dict(zip(*columns.values(), strict=True))
    for package, make in {
        "numpy": lambda numpy: {"part": numpy.array(columns["part"]), "weight": numpy.array(columns["weight"])},
        "numpy objects": lambda numpy: {name: numpy.array(values, dtype=object) for name, values in columns.items()},
        "pandas": lambda pandas: pandas.DataFrame(columns).assign(more=1),
        "pandas category": lambda pandas: pandas.DataFrame(columns).astype({"part": "category"}),
        "polars": lambda polars: polars.DataFrame(columns),
        "polars lazy": lambda polars: polars.DataFrame(columns).lazy(),
        "pyarrow": lambda pyarrow: pyarrow.table(columns),
        "pyarrow batch": lambda pyarrow: pyarrow.RecordBatch.from_pydict(columns),
        "duckdb": lambda duckdb: duckdb.sql(
            "SELECT * FROM (VALUES ('甲', 0.6::DOUBLE), ('b', 0.2), ('c', 0.1)) t(part, weight)"
        ),
        "duckdb decimal": lambda duckdb: duckdb.sql(
            "SELECT * FROM (VALUES ('甲', 0.6), ('b', 0.2), ('c', 0.1)) t(part, weight)"
        ),
    }.items():
        try:
            module = __import__(package.split()[0])
        except ImportError:
            continue
        yield package, make(module)
    try:
        import pyarrow
    except ImportError:
        return

    class Stream:
        def __arrow_c_stream__(self, requested_schema=None):
            return pyarrow.table(columns).__arrow_c_stream__(requested_schema)

    yield "arrow stream", Stream()


@pytest.mark.parametrize(("kind", "parts"), list(frames()), ids=[kind for kind, _ in frames()])
def test_rows_come_from_any_frame(plan, kind, parts):
    result = plan.apportion(parts=parts, total=323)
    assert result["part"] == ["甲", "b", "c"]
    assert result["amount"] == [215, 72, 36]


def test_rows_come_from_files_queries_and_results(plan, tmp_path):
    pytest.importorskip("duckdb")
    path = tmp_path / "parts.csv"
    plan.apportion(parts={"a": 3, "b": 1}, total=4).split.save(path)
    again = plan.apportion(parts=path, total=8)
    assert again.to_rows()[0] == {"part": "a", "weight": 3.0, "quota": 6.0, "amount": 6}
    assert plan.apportion(parts="SELECT 'x' AS part, 1 AS weight", total=8)["amount"] == [8]
    assert (
        plan.apportion(parts=again.split, total=8)["amount"] == plan.apportion(parts=again, total=8)["amount"] == [6, 2]
    )


def vectors():
    yield "list", [3, 1]
    yield "tuple", (3, 1)
    yield "range", range(3, 0, -2)
    yield "decimals", [Decimal("3"), Decimal("1.0")]
    yield "one is missing a type", [3, 1.0]
    import array

    yield "array", array.array("d", [3, 1])
    yield "memoryview", memoryview(array.array("q", [3, 1]))
    for package, make in {
        "numpy": lambda numpy: numpy.array([3.0, 1.0]),
        "numpy float32": lambda numpy: numpy.array([3, 1], dtype="float32"),
        "numpy int8": lambda numpy: numpy.array([3, 1], dtype="int8"),
        "numpy scalars": lambda numpy: [numpy.float64(3), numpy.float64(1)],
        "pandas": lambda pandas: pandas.Series([3, 1]),
        "pandas Int64": lambda pandas: pandas.Series([3, 1], dtype="Int64"),
        "polars": lambda polars: polars.Series([3, 1]),
        "pyarrow": lambda pyarrow: pyarrow.array([3, 1]),
    }.items():
        try:
            yield package, make(__import__(package.split()[0]))
        except ImportError:
            continue


@pytest.mark.parametrize(("kind", "parts"), list(vectors()), ids=[kind for kind, _ in vectors()])
def test_one_column_may_be_a_plain_list(plan, kind, parts):
    assert plan.apportion(parts=parts, total=8)["amount"] == [6, 2]


@pytest.mark.parametrize(
    "target",
    [8, 8.0, Decimal(8), {"total": 8}, {"total": [8]}, [{"total": 8}], [8]],
    ids=["int", "float", "decimal", "mapping", "columns", "rows", "list"],
)
def test_one_row_may_be_a_value_a_mapping_or_a_table(plan, target):
    assert plan.apportion(parts=[3, 1], target=target)["amount"] == [6, 2]


def test_numbers_of_numpy_are_numbers(plan):
    numpy = pytest.importorskip("numpy")
    for total in (numpy.int64(8), numpy.float64(8), numpy.int8(8), numpy.array(8)):
        assert plan.apportion(parts=[3, 1], total=total)["amount"] == [6, 2]
    one = {"actual": numpy.float64(1), "target": numpy.float32(2), "elapsed": numpy.int32(3), "total_days": 6}
    assert plan.pace(**one)["pace_index"].value == 1.0


def test_columns_of_one_row_are_arguments(pdm, plan):
    by_name = plan.pace(actual=35000, target=120000, elapsed=11, total_days=30)
    by_row = plan.pace(pace={"actual": 35000, "target": 120000, "elapsed": 11, "total_days": 30})
    assert dump(by_name) == dump(by_row)
    mixed = plan.goal_seek(formula="x*y", leaves={"x": 2, "y": 3}, target=12, lever="x", high=10)
    assert mixed["value"].value == 4.0
    with pytest.raises(pdm.OptionError, match="given twice") as caught:
        plan.apportion(parts=[1], target={"total": 8}, total=8)
    assert caught.value.column == "total"
    with pytest.raises(pdm.OptionError, match="at once"):
        plan.apportion(parts=[1], target=[{"total": 8}], total=8)
    # A name that an input or an option has is no argument of its own.
    assert "target" not in pdm.calculators["goal_seek"].scalars
    assert list(pdm.calculators["apportion"].scalars) == ["total"]


def test_dates_and_days(plan):
    days = plan.event_days(**EXAMPLES["event_days"]).days
    assert len(days) == 20
    assert days["date"][0] == datetime.datetime(2024, 6, 1, tzinfo=datetime.timezone.utc)
    assert days["weight"].to_list() == [1.0] * 15 + [5.0] * 3 + [1.0] * 2
    pandas = pytest.importorskip("pandas")
    first, last = pandas.Timestamp("2024-06-01"), pandas.Timestamp("2024-06-20")
    events = pandas.DataFrame({"start": [pandas.Timestamp("2024-06-16")], "end": [pandas.Timestamp("2024-06-18")]})
    again = plan.event_days(total=1000, first_day=first, last_day=last, events=events.assign(multiplier=5)).days
    assert again["weight"] == days["weight"]


def test_missing_cells(plan):
    """None, NaN and pandas' NA are the same: missing."""
    rows = [{"name": "a", "actual": 1, "target": 2}, {"name": None, "actual": None, "target": 2}]
    expected = dump(plan.track(rows))
    assert expected["rows"]["status"] == ["ok", "missing"]
    assert dump(plan.track({"name": ["a", None], "actual": [1, math.nan], "target": [2, 2]})) == expected
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(rows)
    assert dump(plan.track(frame)) == dump(plan.track(frame.astype({"actual": "Int64"}))) == expected
    polars = pytest.importorskip("polars")
    assert dump(plan.track(polars.DataFrame(rows))) == expected


def test_integers_stay_exact(plan):
    huge = 2**63 - 1
    result = plan.apportion(parts=[1, 1], total=huge)
    assert result["amount"] == [2**62, 2**62 - 1] and result.summary["total"].value == huge
    assert plan.apportion(parts=[2**62 + 1, 2**62], total=2**63 - 1)["amount"] == [2**62, 2**62 - 1]
    assert (
        plan.apportion(parts=[0.6, 0.2], total=3)["amount"] == plan.apportion(parts=[3, 1], total=3)["amount"] == [2, 1]
    )


def test_results_are_tables(pdm, plan):
    result = plan.apportion(parts={"a": 3, "b": 1}, total=100)
    assert result.summary["closure"].value == 0
    assert result["amount"] is not None and result["split"] is result.split and len(result) == 2
    with pytest.raises(pdm.ArgumentError, match="2 rows"):
        _ = result["amount"].value
    pandas = pytest.importorskip("pandas")
    assert list(result.to_pandas().columns) == ["part", "weight", "quota", "amount"]
    assert isinstance(result.summary.to_pandas(), pandas.DataFrame)
    pyarrow = pytest.importorskip("pyarrow")
    assert pyarrow.table(result).num_rows == 2 and pyarrow.table(result.summary).num_rows == 1


def test_order_of_rows(plan):
    """Permuted rows give permuted results."""
    chance = random.Random(7)
    for _ in range(30):
        count = chance.randrange(2, 12)
        weights = chance.sample(range(1, 1000), count)
        order = chance.sample(range(count), count)
        whole = plan.apportion(parts={"part": list(range(count)), "weight": weights}, total=100 * sum(weights))
        mixed = plan.apportion(parts=[(i, weights[i]) for i in order], total=100 * sum(weights))
        assert [whole["amount"][i] for i in order] == mixed["amount"].to_list()
        rows = [{"name": i, "actual": float(w), "target": 500.0, "previous": w + 1.5} for i, w in enumerate(weights)]
        tracked, shuffled = plan.track(rows), plan.track([rows[i] for i in order])
        assert [tracked.to_rows()[i] for i in order] == shuffled.to_rows()
        names = [f"x{i}" for i in range(count)]
        leaves = {"leaf": names, "x0": weights, "x1": weights[::-1]}
        effects = plan.decompose(formula="*".join(names[:4]) + "+" + "+".join(names), leaves=leaves)
        again = plan.decompose(
            formula="*".join(names[:4]) + "+" + "+".join(names),
            leaves={key: [values[i] for i in order] for key, values in leaves.items()},
        )
        one = dict(zip(effects["factor"], effects["effect"], strict=True))
        two = dict(zip(again["factor"], again["effect"], strict=True))
        scale = sum(map(abs, one.values()))
        assert all(abs(one[name] - two[name]) <= 1e-12 * scale for name in names)


# ---------------------------------------------------------------------------------------- errors

CHAIN = [f"f{i}" for i in range(22)]
RATIO = "/".join(["(" + "+".join(CHAIN) + ")", "(" + "+".join(CHAIN[::-1]) + ")"])

# code → (calculator, arguments, row, column)
ERRORS = {
    "empty": ("apportion", {"parts": [], "total": 5}, None, "parts"),
    "length": ("pace", {"actual": 1, "target": 2, "elapsed": 1, "total_days": 3, "days": [1, 1]}, None, "days"),
    "bad_total": ("apportion", {"parts": [1], "total": 1.5}, 0, "total"),
    "bad_weight": ("apportion", {"parts": [1, 2, -3], "total": 5}, 2, "weight"),
    "zero_weights": ("apportion", {"parts": [0, 0], "total": 5}, None, "weight"),
    "bad_bounds": ("allocate", {"parts": {"weight": [1, 1], "low": [0, 3], "high": [5, 2]}, "total": 5}, 1, "low"),
    "bad_rate": ("roll_forward", {"users": 10, "months": {"month": [1, 2], "churn": [0.1, 1.2]}}, 1, "churn"),
    "bad_count": ("roll_forward", {"users": -1, "months": {"month": [1], "churn": [0.1]}}, 0, "users"),
    "bad_amount": ("commission", {"amounts": [5, -5], "tiers": [(0, 0.1)]}, 1, "amount"),
    "bad_period": ("seasonal_index", {"history": [1, 2, 3], "season_length": 2}, None, "value"),
    "bad_tiers": ("commission", {"amounts": [5], "tiers": [(100, 0.1), (0, 0.2)]}, 1, "from"),
    "below_first_tier": ("commission", {"amounts": [100, 5], "tiers": [(10, 0.1)]}, 1, "amount"),
    "bad_tree": ("reconcile", {"nodes": [("t", None, 1), ("a", "t", 1), ("b", "x", 1)]}, 2, "parent"),
    "margins_disagree": (
        "two_way",
        {"seed": [("r", "a", 1), ("s", "a", 1)], "row_totals": {"r": 5, "s": 5}, "column_totals": {"a": 11}},
        None,
        "row_total",
    ),
    "parse": ("formula", {"formula": "a*", "leaves": {"a": 1}}, None, "text"),
    "unknown_name": ("formula", {"formula": "a*b", "leaves": {"a": 1}}, None, "b"),
    "duplicate_name": ("formula", {"formula": "a", "leaves": [("a", 1), ("a", 2)]}, 1, "leaf"),
    "cycle": ("formula", {"formula": "a = b; b = a", "leaves": {"x": 1}}, None, "a"),
    "not_product_form": (
        "lmdi",
        {"factors": [("a", 1, 2, "s"), ("b", 1, 2, "s"), ("a", 1, 2, "t")]},
        2,
        "segment",
    ),
    "too_many_factors": (
        "decompose",
        {"formula": RATIO, "leaves": {"leaf": CHAIN, "x0": [1] * 22, "x1": [2] * 22}},
        None,
        "formula",
    ),
    "too_many_cells": (
        "scenarios",
        {"formula": "a*b", "leaves": {"a": 1, "b": 1}, "axes": {"a": list(range(4000)), "b": list(range(4000))}},
        None,
        "axes",
    ),
    "unsupported_combination": (
        "lmdi",
        {"factors": [("a", 1, 2)], "formula": "a*2", "values": {"v0": [1], "v1": [2]}},
        None,
        "values",
    ),
    "missing_column": ("roll_forward", {"users": 5, "months": {"month": [1]}}, None, "churn"),
    "bad_type": ("apportion", {"parts": ["a", "b"], "total": 5}, None, "weight"),
    "null_value": (
        "two_way",
        {"seed": [("r", "a", 1), (None, "a", 1)], "row_totals": {"r": 5}, "column_totals": {"a": 5}},
        1,
        "row",
    ),
    "bad_value": ("gap", {"nodes": [{"top_down": 1}, {"top_down": math.inf}]}, 1, "top_down"),
    "bad_option": ("apportion", {"parts": [1], "total": 5, "method": "hare"}, None, "method"),
    "overflow": ("apportion", {"parts": [1], "total": 2**70}, 0, "total"),
    "argument": ("alerts", {"rows": "nothing.csv"}, None, None),
}


@pytest.mark.parametrize("code", ERRORS)
def test_every_error_has_its_name_and_place(pdm, plan, code):
    name, arguments, row, column = ERRORS[code]
    with pytest.raises(pdm.Error) as caught:
        getattr(plan, name)(**arguments)
    error = caught.value
    assert (error.code, error.row, error.column) == (code, row, column), error
    assert type(error).code == code and isinstance(error, (ValueError, TypeError, OverflowError))
    assert row is None or re.search(rf"\brow {row}\b", str(error)), error
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.code, again.row, again.column) == (
        type(error),
        str(error),
        error.code,
        error.row,
        error.column,
    )


def test_no_error_is_forgotten():
    """Every code and status that the sources of targets use is provoked here."""
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "lib" / "plan").glob("*.c")))
    codes = {name.lower() for name in re.findall(r"PDM_E_([A-Z_]+)", text)}
    assert codes - set(ERRORS) == {"nomem", "limit", "row_status"}
    statuses = {name.lower() for name in re.findall(r"PDM_STATUS_([A-Z_]+)", text)}
    assert statuses - set(STATUSES) == {"ok"}
    assert len(codes) > 20 and len(statuses) > 15


# status → (calculator, arguments, table)
STATUSES = {
    "missing": ("track", {"rows": [{"actual": None, "target": 1}]}, "rows"),
    "missing_leaf": ("formula", {"formula": "a*b", "leaves": {"leaf": ["a", "b"], "value": [1, None]}}, "nodes"),
    "zero_target": ("track", {"rows": [{"actual": 5, "target": 0}]}, "rows"),
    "zero_base": ("roll_inverse", {"rows": [{"churn": 0, "adds": 5}]}, "rows"),
    "zero_change": ("contribution", {"segments": [("a", 1, 2), ("b", 2, 1)]}, "segments"),
    "zero_cost": ("activity_pnl", {"activities": [{"gmv": 10, "marketing_cost": 0}]}, "activities"),
    "div_by_zero": ("formula", {"formula": "a/b", "leaves": {"a": 1, "b": 0}}, "nodes"),
    "no_elapsed": ("pace", {"actual": 1, "target": 2, "elapsed": 0, "total_days": 30}, "pace"),
    "infeasible": ("allocate", {"parts": {"weight": [1, 1], "high": [50, 60]}, "total": 200}, "summary"),
    "no_convergence": ("two_way", {**EXAMPLES["two_way"], "max_iter": 1}, "summary"),
    "out_of_bounds": (
        "goal_seek",
        {"formula": "a*b", "leaves": {"a": 1, "b": 2}, "target": 100, "lever": "a", "low": 0, "high": 5},
        "solution",
    ),
    "no_solution": (
        "goal_seek",
        {"formula": "p*(1000-10*p)", "leaves": {"p": 20}, "target": 30000, "lever": "p"},
        "solution",
    ),
    "no_effect": ("goal_seek", {"formula": "a*b", "leaves": {"a": 0, "b": 5}, "target": 10, "lever": "b"}, "solution"),
    "sign_change": ("lmdi", {"factors": [("a", -1, 3), ("b", 2, 4)]}, "effects"),
    "met": ("replan", {"plan": 100, "actuals": [120], "remaining": {"weight": [1, 1]}}, "summary"),
    "closure": ("lmdi", {"factors": [("a", 1, 3), ("b", 2, 4)], "values": {"v0": [2], "v1": [13]}}, "summary"),
    "conflict": ("views", {"formulas": {"one": "a", "two": "a+b"}, "leaves": {"a": 1, "b": 2}}, "views"),
    "overflow": ("formula", {"formula": "a*b", "leaves": {"a": 1e300, "b": 1e300}}, "nodes"),
}


@pytest.mark.parametrize("status", STATUSES)
def test_statuses_stand_in_tables_and_strict_raises_them(pdm, plan, status):
    name, arguments, table = STATUSES[status]
    result = getattr(plan, name)(**arguments)
    found = result.tables[table]["status"].to_list()
    assert status in found
    with pytest.raises(pdm.Error) as caught:
        getattr(plan, name)(**arguments, strict=True)
    error = caught.value
    assert error.code == status
    shared = status == "overflow"  # a number that leaves its range has an exception of its own
    assert isinstance(error, pdm.StatusError) != shared
    assert error.row == next(i for i, each in enumerate(error.result.tables[error.column]["status"]) if each != "ok")
    assert dump(error.result) == dump(result)


def test_diagnostics_stand_beside_a_status(plan):
    short = plan.allocate(parts={"weight": [1, 1], "high": [50, 60]}, total=200)
    assert short.summary["shortfall"].value == 90 and short["amount"] == [None, None]
    zero = plan.track([{"actual": 5, "target": 0}])
    assert zero["gap"].value == 5 and zero["attainment"].value is None


def test_messages_say_what_was_expected(pdm, plan):
    for call, words in (
        (lambda: plan.track({"actual": [1, 2], "target": 3}), "column target is a single value"),
        (lambda: plan.apportion(parts={"weight": [1, 2], "part": ["a"]}, total=5), "1 and 2 rows"),
        (
            lambda: plan.apportion(parts={"weight": [1], "prat": [1]}, total=5),
            'no column "prat"; there are part, weight',
        ),
        (lambda: plan.views(formulas=["a"], leaves={"a": 1}), "rows with view, text"),
        (lambda: plan.track([1, 2]), "rows with name, actual"),
        (lambda: plan.track({"aktual": [1], "target": [2]}), 'no column "aktual"'),
        (lambda: plan.track({"aktual": [1], "tagret": [2]}), 'no column "aktual"'),
        (lambda: plan.track(5), "expected rows, got int"),
        (lambda: plan.roll_forward(users=5, months={"month": [1]}), "the columns are month"),
        (lambda: plan.pace(actual=1), '"target" is missing'),
        (lambda: plan.apportion(parts=[1]), '"target" is missing'),
        (lambda: plan.apportion(parts=[1], target={"total": 1, "sum": 2}), 'no column "sum"'),
        (lambda: plan.goal_seek(formula="a", leaves={"a": 1}, target=2, lever="b"), 'there is no leaf "b"'),
    ):
        with pytest.raises(pdm.Error, match=re.escape(words)):
            call()


def test_a_failed_call_changes_nothing(pdm, plan):
    weights = [3, 1, -1]
    with pytest.raises(pdm.Error):
        plan.apportion(parts=weights, total=5)
    assert weights == [3, 1, -1]


def test_a_formula_error_shows_the_character(pdm, plan):
    for formula, code, position, shown in (
        ("gmv = 老客*转化率**3", "parse", 13, "    gmv = 老客*转化率**3\n                      ^"),
        ("a = b +", "parse", 7, "    a = b +\n           ^"),
        ("x = 1\ny = x * z", "unknown_name", 14, "    y = x * z\n            ^"),
        ("x = 1; x = 2", "duplicate_name", 7, "    x = 1; x = 2\n           ^"),
        ("x = y\ny = x + 1\nx", "cycle", None, "^"),
    ):
        with pytest.raises(pdm.Error) as caught:
            plan.formula(formula=formula, leaves={"b": 1, "老客": 1, "转化率": 1})
        error = caught.value
        assert error.code == code and error.row is None
        assert position is None or error.position == position
        assert str(error).endswith(shown)
        assert f"character {error.position}:" in str(error) and "byte" not in str(error)
        assert pickle.loads(pickle.dumps(error)).position == error.position
    with pytest.raises(pdm.ParseError) as caught:
        plan.views({"one": "a", "two": "a+*b"}, leaves={"a": 1, "b": 1})
    assert (caught.value.row, caught.value.position) == (1, 2)
    assert str(caught.value).endswith("    a+*b\n      ^")


# ---------------------------------------------------------------------------------------- long calls, threads


def test_threads_do_not_wait_for_each_other(plan):
    """Calls release the interpreter: a thread that counts goes on while another one works."""
    numpy = pytest.importorskip("numpy")
    weights = numpy.random.default_rng(1).random(300_000)
    ticks = []
    stop = threading.Event()

    def count():
        while not stop.wait(0.001):
            ticks.append(1)

    counter = threading.Thread(target=count)
    counter.start()
    before = len(ticks)
    plan.apportion(parts=weights, total=10**9)
    during = len(ticks) - before
    stop.set()
    counter.join()
    assert during >= 3


def test_control_c_stops_a_long_call(plan):
    """A quarter of the work, to the end, takes longer than all of it stopped at its beginning."""

    def work(size):
        values = list(range(size))
        start = time.monotonic()
        try:
            plan.scenarios(formula="a*b", leaves={"a": 1, "b": 1}, axes={"a": values, "b": values})
        except KeyboardInterrupt:
            return time.monotonic() - start, True
        return time.monotonic() - start, False

    quarter, _ = work(1000)
    timer = threading.Timer(quarter / 10, lambda: signal.raise_signal(signal.SIGINT))
    timer.start()
    elapsed, stopped = work(2000)
    timer.join()
    assert stopped and elapsed < 2 * quarter


def test_the_same_from_many_threads(plan):
    expected = dump(plan.formula(formula=FORMULA, leaves=LEAVES))
    found = []

    def work():
        found.extend(dump(plan.formula(formula=FORMULA, leaves=LEAVES)) == expected for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 80


# ---------------------------------------------------------------------------------------- trees


@pytest.fixture
def tree(plan):
    return plan.Tree(FORMULA, roles={"cvr": "rate", "fcvr": "rate"})


def test_a_tree_knows_its_leaves(plan, tree):
    assert tree.leaves == ("old", "cvr", "aov", "freq", "new", "fcvr", "faov")
    assert plan.Tree("x = 甲*乙_2; y = x + sum(channel: 丙); min(y, 3)").leaves == ("甲", "乙_2", "丙")
    assert plan.Tree("1 + 2").leaves == ()
    long = "名" * 30 + "尾"
    assert plan.Tree(f"{long} * b").leaves == (long, "b")
    assert repr(tree) == f"Tree({FORMULA!r}, roles={tree.roles})"


@pytest.mark.parametrize(
    ("formula", "code"),
    [
        ("a = b +", "parse"),
        ("", "empty"),
        ("a = b; b = a", "cycle"),
        ("a = x; a = y", "duplicate_name"),
        ("sum(week: a)", "parse"),
    ],
)
def test_a_tree_is_checked_when_it_is_made(pdm, plan, formula, code):
    with pytest.raises(pdm.Error) as caught:
        plan.Tree(formula)
    assert caught.value.code == code


def test_roles_are_checked(pdm, plan, tree):
    with pytest.raises(pdm.OptionError, match="free, count, rate"):
        plan.Tree("a*b", roles={"a": "rat"})
    with pytest.warns(UserWarning, match="c"):
        plan.Tree("a*b", roles={"c": "rate"})
    with pytest.raises(pdm.UnknownNameError):
        plan.Tree("a = b", root="c")
    with pytest.raises(pdm.BadRateError, match="cvr") as caught:
        tree.value({**LEAVES, "cvr": 1.2})
    assert caught.value.row == 1


def test_a_tree_evaluates(pdm, plan, tree):
    assert tree.value(LEAVES) == 11800.0
    result = tree.evaluate(LEAVES)
    assert result["value"] == [11800.0]
    rows = tree.explain(LEAVES).to_rows()
    assert [row["value"] for row in rows if row["parent"] == 0] == [10000.0, 1800.0]
    gradient = tree.gradient(LEAVES)
    assert dict(zip(gradient["leaf"], gradient["grad"], strict=True))["new"] == 6.0
    assert gradient["role"][1] == "rate"
    with pytest.raises(pdm.UnknownNameError, match="cvr"):
        tree.evaluate({"old": 5})
    with pytest.raises(pdm.MissingLeafError, match="gmv") as caught:
        tree.value({**LEAVES, "cvr": None})
    assert caught.value.result.nodes["status"] == ["missing_leaf"]
    with pytest.raises(pdm.DivByZeroError):
        plan.Tree("x = a/b").value({"a": 1, "b": 0})
    assert plan.Tree("a - b").value({"a": 1, "b": 1}) == 0.0  # an elasticity is undefined there, the value is not


def test_a_tree_over_tables(pdm, plan, tree):
    lists = tree.evaluate({**LEAVES, "new": [300, 400, 500], "fcvr": {"channel": ["a", "b"], "value": [0.1, 0.2]}})
    assert lists["month"] == [1, 1, 2, 2, 3, 3] and lists["channel"] == ["a", "b"] * 3
    assert lists["value"] == pytest.approx([10900, 11800, 11200, 12400, 11500, 13000])
    rows = [{"leaf": name, "value": value} for name, value in LEAVES.items() if name not in ("new", "fcvr")]
    rows += [{"leaf": "new", "month": m, "value": v} for m, v in ((1, 300), (2, 400), (3, 500))]
    rows += [{"leaf": "fcvr", "channel": c, "value": v} for c, v in (("a", 0.1), ("b", 0.2))]
    by_rows = dump(tree.evaluate(rows))
    assert by_rows["nodes"] == dump(lists)["nodes"]  # the leaves stand in another order
    pandas = pytest.importorskip("pandas")
    assert dump(tree.evaluate(pandas.DataFrame(rows).astype({"month": "Int64"}))) == by_rows
    new = pandas.DataFrame({"month": [1, 2, 3], "value": [300, 400, 500]})
    by_frame = {**LEAVES, "new": new, "fcvr": [{"channel": "a", "value": 0.1}, {"channel": "b", "value": 0.2}]}
    assert dump(tree.evaluate(by_frame)) == dump(lists)
    total = plan.Tree("year = sum(month: sum(channel: new*rate))")
    assert total.value({"new": [1, 2], "rate": {"channel": ["a", "b"], "value": [0.5, 0.25]}}) == 2.25
    with pytest.raises(pdm.OptionError, match="6 cells"):
        tree.value(rows)
    with pytest.raises(pdm.OptionError, match="single number"):
        tree.tornado({**LEAVES, "new": [1, 2]})


def test_a_tree_with_a_root(plan):
    tree = plan.Tree("gmv = users*arpu\nprofit = gmv*margin - cost", root="gmv")
    leaves = {"users": 10, "arpu": 5, "margin": 0.5, "cost": 5}
    assert tree.value(leaves) == 50.0
    assert tree.solve(leaves, 100, lever="users")["value"].value == 20.0
    assert plan.Tree(tree.formula).value(leaves) == 20.0
    assert tree.views({"other": "users*arpu"}, leaves)["agrees"] == [True, True]


def test_a_tree_solves(pdm, tree):
    one = tree.solve(LEAVES, 15000, lever="new")
    assert one["value"].value == pytest.approx(300 + 3200 / 6) and one["status"].value == "ok"
    several = tree.solve(LEAVES, 15000, levers=["new", "cvr"])
    moved = {**LEAVES, **dict(zip(several["lever"], several["value"], strict=True))}
    assert tree.value(moved) == pytest.approx(15000, rel=1e-12)
    weighted = tree.solve(LEAVES, 15000, levers={"new": 1, "cvr": 2}, method="log")
    new, cvr = weighted.levers["change_rel"]
    assert (1 + new) ** 2 == pytest.approx(1 + cvr)
    least = tree.solve(LEAVES, 15000, levers=list(LEAVES), method="min_sq")
    assert least.solution["achieved"].value == pytest.approx(15000, rel=1e-12)
    limited = tree.solve(LEAVES, 15000, levers=[{"lever": "new", "high": 310}, {"lever": "cvr", "high": 0.2}])
    assert limited["at_bound"] == ["hi", None]
    far = tree.solve(LEAVES, 1e9, lever="cvr")
    assert far["status"].value == "out_of_bounds" and far["best_x"].value == 1.0 and far["shortfall"].value > 0
    with pytest.raises(pdm.OutOfBoundsError):
        tree.solve(LEAVES, 1e9, lever="cvr", strict=True)
    for arguments in ({}, {"lever": "new", "levers": ["cvr"]}):
        with pytest.raises(pdm.OptionError, match="lever"):
            tree.solve(LEAVES, 15000, **arguments)


def test_levers_carry_the_gap(tree):
    levers = tree.solve(LEAVES, 15000, levers=["new", "cvr"]).levers
    new, cvr = levers["effect"]
    assert new + cvr == pytest.approx(15000 - 11800, rel=1e-12) and cvr > new > 0
    after = {**LEAVES, **dict(zip(levers["lever"], levers["value"], strict=True))}
    result = tree.decompose(LEAVES, after)
    effects = dict(zip(result["factor"], result["effect"], strict=True))
    assert effects["new"] == pytest.approx(new) and effects["cvr"] == pytest.approx(cvr)


def test_a_tree_by_logarithmic_means(pdm, tree):
    after = {**LEAVES, "cvr": 0.12, "new": 350}
    result = tree.lmdi(LEAVES, after)
    effects = dict(zip(result["factor"], result["effect"], strict=True))
    assert effects["cvr"] == pytest.approx(2000) and effects["new"] == pytest.approx(300) and effects["aov"] == 0
    assert math.prod(result["multiplier"]) == pytest.approx(tree.value(after) / tree.value(LEAVES))
    assert tree.lmdi(LEAVES, after, method="lmdi2").summary["method"].value == "lmdi2"
    with pytest.raises(pdm.NotProductFormError):
        type(tree)("min(a, b)*c").lmdi({"a": 1, "b": 2, "c": 3}, {"a": 2, "b": 2, "c": 3})


def test_a_tree_shows_what_matters(pdm, tree):
    tornado = tree.tornado(LEAVES, pct=0.2)
    assert len(tornado) == 14
    assert len(tree.tornado(LEAVES, levers={"cvr": None})) == 2
    bounds = tree.tornado(LEAVES, levers=[{"lever": "cvr", "low": 0.05, "high": 0.3}])
    assert bounds["x"] == [0.05, 0.3]
    grid = tree.scenarios(LEAVES, {"cvr": [0.1, 0.2], "new": [300, 400, 500]})
    assert len(grid) == 6 and grid["delta_vs_base"][0] == 0.0
    chance = tree.uncertainty(LEAVES, sd={"cvr": 0.01}, trials={"fcvr": 400}, target=11800)
    assert chance["probability"].value == 0.5
    assert sum(chance.leaves["share_of_variance"]) == pytest.approx(1)
    rows = {"leaf": list(LEAVES), "value": list(LEAVES.values()), "sd": [0, 0.01, 0, 0, 20, 0, 0]}
    alone = tree.uncertainty(rows)["sd"].value
    together = tree.uncertainty(rows, correlations=[("cvr", "new", 1.0)])["sd"].value
    assert together > alone
    with pytest.raises(pdm.OptionError, match='there is no leaf "crv"'):
        tree.uncertainty(LEAVES, sd={"crv": 0.01})


def test_a_tree_divides_a_change(pdm, tree):
    after = {**LEAVES, "cvr": 0.12, "new": 350}
    result = tree.decompose(LEAVES, after)
    effects = dict(zip(result["factor"], result["effect"], strict=True))
    assert effects["cvr"] == pytest.approx(2000) and effects["new"] == pytest.approx(300)
    assert result.summary["closure"].value == pytest.approx(0, abs=1e-9)
    order = ["new", "cvr", *(name for name in LEAVES if name not in ("new", "cvr"))]
    chain = tree.decompose(LEAVES, after, method="chain", order=order)
    assert dict(zip(chain["factor"], chain["order"], strict=True))["new"] == 1
    groups = {name: "old users" if name in ("old", "cvr", "aov", "freq") else "new users" for name in LEAVES}
    by_group = tree.decompose(LEAVES, after, players=groups)
    assert dict(zip(by_group["factor"], by_group["effect"], strict=True)) == pytest.approx(
        {"old users": 2000, "new users": 300}
    )
    with pytest.raises(pdm.OptionError, match="cvr"):
        tree.decompose(LEAVES, {name: value for name, value in after.items() if name != "cvr"})
    with pytest.raises(pdm.OptionError, match="given twice"):
        tree.decompose([("cvr", 1), ("cvr", 2)], LEAVES)


def test_a_tree_divides_a_change_by_segment(plan):
    tree = plan.Tree("users*arpu")
    before = [
        {"leaf": n, "segment": s, "value": v}
        for n, s, v in (("users", "a", 10), ("arpu", "a", 5), ("users", "b", 20), ("arpu", "b", 2))
    ]
    after = [{**row, "value": row["value"] + 1} for row in before]
    result = tree.decompose(before, after)
    by_segment = {s: sum(row["effect"] for row in result.to_rows() if row["segment"] == s) for s in ("a", "b", None)}
    assert by_segment == pytest.approx({"a": 11 * 6 - 50, "b": 21 * 3 - 40, None: 16 + 23})


def test_a_tree_over_periods(plan):
    tree = plan.Tree("a*b")
    values = {"a": [1, 3, 5], "b": [2, 4, 7]}
    chained, direct = tree.series(values), tree.series(values, base="direct")
    assert sum(chained["effect"]) == pytest.approx(33) and sum(direct["effect"]) == pytest.approx(33)
    assert chained["effect"].to_list() != direct["effect"].to_list()
    rows = [(name, value, period) for name, each in values.items() for period, value in enumerate(each, 1)]
    assert dump(tree.series(rows)) == dump(chained)


def test_trees_are_quiet(plan):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plan.Tree(FORMULA, roles={"cvr": "rate"}).evaluate(LEAVES)
