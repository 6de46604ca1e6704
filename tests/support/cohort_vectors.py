"""Conformance vectors of cohorts as rows and options, so that every engine is asked the same.

    for case in cohort_cases().values():
        question = question_of(case)
        check(question, engine(question.metric, question.rows, question.options))

An engine is `engine(metric, rows, options) -> {table: [dict, ...]}`: rows are cohort_reference.Row, options are of
cohort_reference.make_options() (`options.given` is what was asked for), tables are named as the reference names them. The engine of
retention_array gets (unit, conditions met) and their number, and answers (arrays, sums).
"""

import json
import os
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import cohort_reference as reference
from funnel_reference_tables import DAY, day_start, local_day, period_start

ROOT = Path(__file__).resolve().parents[2]
VECTORS = Path(os.environ.get("PDM_SHARED") or ROOT.parent / "shared") / "vectors" / "product-analytics"
FILES = (
    "posthog_retention",
    "posthog_lifecycle",
    "posthog_stickiness",
    "retention_array",
    "documented_examples",
    "worked_examples",
)
METRICS = {
    "retention_table": "retention",
    "retention_interval": "retention",
    "retention_modes": "retention",
    "cohort_value": "retention",
    "retention_array": "retention_array",
    "lifecycle": "lifecycle",
    "lifecycle_m": "lifecycle",
    "stickiness": "activity",
    "active": "activity",
    "repurchase": "repurchase",
}
# What a case may expect that check() looks at; notes to the reader aside.
REMARKS = {"row_dates_note", "value_sum_note"}
Row = reference.Row


@dataclass(frozen=True)
class Question:
    case: dict
    metric: str
    rows: tuple
    options: object


def load(name):
    path = VECTORS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))["vectors"] if path.exists() else []


def cohort_cases():
    """{id: case} of all vectors that concern cohorts."""
    cases = [case for name in FILES for case in load(name) if case["kind"] in METRICS]
    assert len({case["id"] for case in cases}) == len(cases)
    return {case["id"]: case for case in cases}


def instant(text):
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    since = moment - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def day_of(date, tz="UTC"):
    """Day number of a local date, or of the local date of an instant; day numbers as they are."""
    return date if isinstance(date, int) else local_day(instant(date), tz) if "T" in date else instant(date) // DAY


# ---- questions --------------------------------------------------------------------------------------------------------------


def question_of(case):
    metric = METRICS[case["kind"]]
    rows, given = {
        "retention_table": _retention_table,
        "retention_interval": _retention_interval,
        "retention_modes": _retention_modes,
        "cohort_value": _cohort_value,
        "retention_array": _retention_array,
        "lifecycle": _named_events,
        "lifecycle_m": _day_events,
        "stickiness": _stickiness,
        "active": _day_events,
        "repurchase": _repurchase,
    }[case["kind"]](case["params"], case["events"])
    options = given if metric == "retention_array" else reference.make_options(metric, **given)
    return Question(case, metric, tuple(rows), options)


def _is(name, event):
    return name is None or name == event


def _retention_table(params, events):
    known = {"period", "total_intervals", "date_to", "date_from", "target_event", "returning_event", "target_filter"}
    known |= {"event_filter", "cohort_type", "cumulative", "minimum_occurrences", "week_start", "window_mode", "breakdown"}
    assert set(params) <= known and "event_filter" not in params, params
    rows = []
    for unit, time, name, props in events:
        matches = all(props.get(key) == value for key, value in params.get("target_filter", {}).items())
        begins = _is(params["target_event"], name)
        value = props.get(params["breakdown"]) if "breakdown" in params else None
        back = _is(params["returning_event"], name)
        rows.append(Row(unit, instant(time), start=begins and matches, ret=back, start_any=begins, group=value))
    given = {
        "period": params["period"],
        "intervals": params["total_intervals"],
        "to": day_of(params["date_to"]),
        "cohort_entry": params["cohort_type"],
        "week_start": params.get("week_start", "sunday"),
        "future_cells": "zero",
        "mode": "on_or_after" if params.get("cumulative") else "n_day",
        "min_occurrences": params.get("minimum_occurrences", 1),
    }
    if "date_from" in params:
        given["from"] = day_of(params["date_from"])
    if "window_mode" in params:
        assert params["window_mode"] == "24_hour"
        given["clock"] = "rolling_24h"
    if "breakdown" in params:
        given["breakdown_by"] = "same_value"
    return rows, given


def _retention_interval(params, events):
    rows = [Row(unit, instant(time), start=name == "start", ret=name == "return") for unit, time, name in events]
    assert params["window_mode"] == "24_hour"
    return rows, {"period": params["unit"], "clock": "rolling_24h", "floor": params["floor"]}


def _retention_modes(params, events):
    given = {name: params[name] for name in ("period", "cohort_entry", "intervals", "min_occurrences")}
    last = max(day for _, day in events)
    rows = [Row(unit, day * DAY) for unit, day in events]
    return rows, {**given, "from": 0, "to": last, "as_of": (last + params["intervals"] + 1) * DAY}


def _cohort_value(params, events):
    assert params["start"] == params["return"] == "every row"
    given = {name: params[name] for name in ("period", "tz", "cohort_entry", "intervals")}
    given |= {name: day_of(params[name]) for name in ("from", "to")}
    return [Row(unit, instant(time), value=value) for unit, time, value in events], {
        **given,
        "as_of": instant(params["as_of"]),
        "retained_value": True,
    }


def _retention_array(params, events):
    return [(unit, tuple(numbers)) for unit, numbers in events], params["num_conditions"]


def _named_events(params, events):
    given = {"period": params["interval"], "from": day_of(params["date_from"]), "to": day_of(params["date_to"])}
    return [Row(unit, instant(time)) for unit, time, _ in events], given


def _stickiness(params, events):
    rows, given = _named_events(params, events)
    given |= {"every": params["interval_count"], "cumulative": params["cumulative"], "week_start": "sunday"}
    if "criteria" in params:
        given["criteria"] = tuple(params["criteria"])
    return rows, given


def _day_events(params, events):
    given = {name: value for name, value in params.items() if name in ("period", "dormant_after", "mau_days", "from", "to")}
    return [Row(unit, day * DAY) for unit, day in events], {**given, "as_of": (params["to"] + 1) * DAY - 1}


def _repurchase(params, events):
    rows = [Row(unit, instant(time), order_id=order) for unit, time, order in events]
    given = {"period": params["period"], "tz": params["tz"], "as_of": instant(params["as_of"]), "n": tuple(params["n"])}
    return rows, given


# ---- answers ----------------------------------------------------------------------------------------------------------------


def check(question, tables):
    """Asserts that the tables say what the case expects, all of it."""
    kind, expected = question.case["kind"], question.case["expected"]
    looked_at = {
        "retention_table": _check_table,
        "retention_interval": _check_intervals,
        "retention_modes": _check_modes,
        "cohort_value": _check_value,
        "retention_array": _check_arrays,
        "lifecycle": _check_lifecycle,
        "lifecycle_m": _check_lifecycle,
        "stickiness": _check_stickiness,
        "active": _check_active,
        "repurchase": _check_repurchase,
    }[kind](question, tables, expected)
    assert looked_at == set(expected) - REMARKS, "something expected was not looked at"


def triangle(cells, column, group=None):
    """[[value of each k] of each cohort]"""
    starts = sorted({cell["cohort_start"] for cell in cells if cell["group"] == group})
    mine = {(cell["cohort_start"], cell["k"]): cell[column] for cell in cells if cell["group"] == group}
    return [[mine[key] for key in sorted(mine) if key[0] == start] for start in starts], starts


def _same_cells(got, expected, clipped):
    """Only the listed cells are stated. `clipped`: there may be fewer cohorts stated than there are."""
    assert len(got) == len(expected) or clipped, (got, expected)
    for mine, wanted in zip(got, expected):
        assert mine[: len(wanted)] == wanted, (got, expected)


def _check_table(question, tables, expected):
    if "by_breakdown" in expected:
        for group, rows in expected["by_breakdown"].items():
            _same_cells(triangle(tables["cells"], "retained", group)[0], rows, False)
        assert {cell["group"] for cell in tables["cells"]} == set(expected["by_breakdown"])
        return {"by_breakdown"}
    got, starts = triangle(tables["cells"], "retained")
    _same_cells(got, expected["rows"], question.options.clock == "rolling_24h")
    dates = expected.get("row_dates", [])
    assert starts[: len(dates)] == [instant(date) for date in dates]
    return {"rows", "row_dates"} & set(expected)


def _check_intervals(question, tables, expected):
    for unit, interval in expected["interval_by_user"].items():
        assert max(row["k"] for row in tables["units"] if row["unit"] == unit) == interval
    return {"interval_by_user"}


def _first_cohort(question, tables, **more):
    return triangle(tables["cells"], "retained")[0][0]


def _check_modes(question, tables, expected):
    assert expected["cohort_day"] == 0
    assert _first_cohort(question, tables) == expected["n_day"]
    assert tables["cells"][0]["size"] == expected["size"] and tables["cells"][0]["cohort_start"] == 0
    return set(expected)


def variants(question):
    """The same rows asked in the other modes that a case states: [(options, what it expects)]."""
    if question.case["kind"] != "retention_modes":
        return []
    given, expected = question.options.given, question.case["expected"]
    brackets = tuple(tuple(one) for one in question.case["params"]["brackets"])
    return [
        (reference.make_options("retention", **given, mode="on_or_after"), expected["on_or_after"]),
        (reference.make_options("retention", **given, mode="brackets", brackets=brackets), expected["brackets"]),
    ]


def _check_value(question, tables, expected):
    cells = tables["cells"]
    for name in ("retained", "status", "value_sum", "ltv"):
        assert triangle(cells, name)[0] == expected[name], name
    assert [row[0] for row in triangle(cells, "size")[0]] == expected["size"]
    return {"size", "retained", "status", "value_sum", "ltv"}


def _check_arrays(question, answer, expected):
    arrays, sums = answer
    if "array_by_user" in expected:
        assert {str(unit): list(array) for unit, array in arrays.items()} == expected["array_by_user"]
    if "sums" in expected:
        assert list(sums) == expected["sums"]
    return {"array_by_user", "sums"} & set(expected)


def _check_lifecycle(question, tables, expected):
    for name, counts in expected.items():
        assert [row[name] for row in tables["lifecycle"]] == counts, name
    return set(expected)


def _check_stickiness(question, tables, expected):
    assert [row["units"] for row in tables["stickiness"]] == expected["data"]
    return {"data"}


def _check_active(question, tables, expected):
    for name, counts in expected.items():
        assert [row[name] for row in tables["active"]] == counts, name
    return set(expected)


def _month(text):
    return period_start(12 * int(text[:4]) + int(text[5:]) - 1, "month", "UTC", "monday")


def _check_repurchase(question, tables, expected):
    assert day_start(0, question.options.tz) == 0
    periods = {row["period_start"]: row for row in tables["periods"]}
    for month, counts in expected["repeat_rate"].items():
        row = periods[_month(month)]
        assert [row["repeat_rate_num"], row["repeat_rate_den"]] == counts
    for month, rate in expected["return_rate"].items():
        row = periods[_month(month)]
        assert row["return_rate"] == rate and row["return_rate_num"] is None
    pooled = {str(row["n"]): row for row in tables["repurchase_n"] if row["cohort_start"] is None}
    assert {n: [row["num"], row["den"]] for n, row in pooled.items()} == expected["repurchase_n"]
    assert [[row["num"], row["den"]] for row in tables["ladder"]] == expected["ladder"]
    over = {row["over"]: row for row in tables["gaps"]}
    gaps = expected["gap_pooled_us"]
    assert over["gaps"]["n"] == len(gaps) and over["gaps"]["median"] == expected["gap_median_pooled_us"]
    assert over["gaps"]["mean"] * len(gaps) == float(sum(gaps))
    medians = {row["unit"]: row["median_gap"] for row in tables["units"] if row["median_gap"] is not None}
    assert medians == expected["gap_median_by_unit_us"] and over["units"]["n"] == len(medians)
    return set(expected)
