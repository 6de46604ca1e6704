"""Conformance vectors of the funnel as rows and options, so that every engine is asked the same.

    for case in funnel_cases():
        question = question_of(case)
        check(question, engine(question.rows, question.options))

An engine is `engine(rows, options) -> {table: [dict, ...]}`: rows are funnel_reference.Row, options a
funnel_reference.Options (`options.given` is what was asked for, presets unresolved), tables those of section 1.10.
Expected values are compared as the vectors' README says; null in a list means "not stated".
"""

import json
import os
from dataclasses import dataclass
from datetime import datetime, timezone
from fractions import Fraction
from pathlib import Path

import funnel_reference as reference
import funnel_reference_tables as tables_of

ROOT = Path(__file__).resolve().parents[2]
VECTORS = Path(os.environ.get("PDM_SHARED") or ROOT.parent / "shared") / "vectors" / "product-analytics"
FILES = (
    "clickhouse_window_funnel",
    "window_funnel_strict_increase_derived",
    "doris_window_funnel",
    "starrocks_window_funnel",
    "posthog_funnel_steps",
    "posthog_funnel_trends",
    "posthog_time_to_convert",
    "documented_examples",
    "funnel_merge",
    "worked_examples",
)
KINDS = (
    "window_funnel",
    "funnel_steps",
    "funnel_trend",
    "time_to_convert",
    "funnel_attempt",
    "funnel_exclusion",
    "funnel_totals",
    "wilson",
)
DIALECTS = {
    "clickhouse": "clickhouse",
    "duckdb-behavioral": "clickhouse",
    "doris_v1": "doris",
    "doris_v2": "doris41",
    "starrocks": "starrocks",
}
SECOND = 1_000_000
INT64_MAX = 2**63 - 1


@dataclass(frozen=True)
class Question:
    case: dict
    rows: tuple
    options: reference.Options


def load(name):
    path = VECTORS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))["vectors"] if path.exists() else []


def funnel_cases(*kinds):
    """{id: case} of all vectors that concern the funnel."""
    cases = [case for name in FILES for case in load(name) if case["kind"] in (kinds or KINDS)]
    assert len({case["id"] for case in cases}) == len(cases)
    return {case["id"]: case for case in cases}


# ---- time -------------------------------------------------------------------------------------------------------------------


def seconds(number):
    """Exact µs of a number of seconds as printed."""
    micros = Fraction(str(number)) * SECOND
    assert micros.denominator == 1
    return int(micros)


def window_of(number):
    """µs; None (unlimited) also for a window that no int64 holds."""
    return None if number is None or seconds(number) > INT64_MAX else seconds(number)


def instant(text):
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    since = moment - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds


def day_range(params):
    """time_from and time_to of local dates, both inclusive."""
    zone = params.get("timezone", "UTC")
    days = {name: instant(params[name]) // tables_of.DAY for name in ("date_from", "date_to") if name in params}
    given = {"tz": zone}
    if "date_from" in days:
        given["time_from"] = tables_of.day_start(days["date_from"], zone)
    if "date_to" in days:
        given["time_to"] = tables_of.day_start(days["date_to"] + 1, zone)
    return given


# ---- questions --------------------------------------------------------------------------------------------------------------


def mask_of(numbers):
    return sum(1 << (number - 1) for number in set(numbers))


def question_of(case):
    kind = case["kind"]
    if kind == "window_funnel":
        return _window_funnel(case)
    if kind in ("funnel_steps", "funnel_trend", "time_to_convert"):
        return _named_steps(case)
    return _attempts(case)


def _question(case, rows, given):
    return Question(case, tuple(rows), reference.make_options(**given))


def _window_funnel(case):
    params = case["params"]
    scale = seconds if params["ts_unit"] == "s" else int
    modes = tuple(mode for mode in params["modes"] if mode != "default")
    given = {"steps": params["num_steps"], "preset": DIALECTS[case["dialect"]], "mode": modes}
    given["window"] = window_of(params["window"]) if params["ts_unit"] == "s" else params["window"]
    rows = (
        reference.Row(unit, scale(time), mask_of(steps), seq=number)
        for number, (unit, time, _, steps) in enumerate(case["events"])
    )
    return _question(case, rows, given)


def _attempts(case):
    params = case["params"]
    skipped = ("num_steps", "ts_unit", "segment_cuts", "window", "step_windows", "exclusions")
    given = {name: value for name, value in params.items() if name not in skipped}
    given["steps"] = params["num_steps"]
    calendar = params.get("window_kind") == "calendar_days"
    given["window"] = params["window"] if calendar else window_of(params["window"])
    if "step_windows" in params:
        given["step_windows"] = tuple(None if width is None else seconds(width) for width in params["step_windows"])
    if "exclusions" in params:
        given["exclusions"] = tuple((one["from"], one["to"], one["effect"]) for one in params["exclusions"])
    if case["kind"] == "funnel_totals":
        given["count"] = "totals"
    rows = (
        reference.Row(unit, seconds(time), mask_of(steps), exclude=excluded[0] if excluded else 0)
        for unit, time, steps, *excluded in case["events"]
    )
    return _question(case, rows, given)


def _satisfies(step, event, props):
    named = step.get("event") is None or step["event"] == event
    return named and all(props.get(name) == value for name, value in step.get("props", {}).items())


def _preset(case):
    """PostHog's cases are its own; of the documented ones only Mixpanel prints step counts."""
    if case["id"].startswith("ph-"):
        return "posthog"
    assert case["id"].startswith("mixpanel-")
    return {"first": "mixpanel", "any": "mixpanel_reentry"}[case["params"]["entry"]]


def _named_steps(case):
    params, preset = case["params"], _preset(case)
    given = {
        "steps": len(params["steps"]),
        "preset": preset,
        "order": params["order"],
        "window": seconds(params["window_seconds"]),
        **day_range(params),
    }
    exclusions = params.get("exclusions", [])
    if exclusions:
        given["exclusions"] = tuple((one["from_step"] + 1, one["to_step"] + 1, None) for one in exclusions)
    if "breakdown" in params:
        given["attribution"] = params["breakdown_attribution"]
        given["attribution_step"] = params.get("breakdown_attribution_step", 0) + 1
    steps = {"funnel_trend": ("trend_from", "trend_to"), "time_to_convert": ("histogram_from", "histogram_to")}
    for name, source in zip(steps.get(case["kind"], ()), ("from_step", "to_step")):
        given[name] = params[source] + 1
    if case["kind"] == "funnel_trend":
        given["trend_period"] = params["interval"]
    if params.get("bin_count") is not None:
        given["bins"] = params["bin_count"]
    rows = [_named_row(event, params) for event in case["events"]]
    return _question(case, rows, given)


def _named_row(event, params):
    unit, time, name, props = event
    steps = [number for number, step in enumerate(params["steps"], 1) if _satisfies(step, name, props)]
    exclusions = enumerate(params.get("exclusions", []), 1)
    excluded = [number for number, one in exclusions if one["event"] == name]
    value = props.get(params["breakdown"]) if "breakdown" in params else None
    unit = props[params["aggregate_by_property"]] if "aggregate_by_property" in params else unit
    return reference.Row(unit, instant(time), mask_of(steps), mask_of(excluded), value=value)


# ---- answers ----------------------------------------------------------------------------------------------------------------


def check(question, tables):
    """Asserts that the tables say what the case expects."""
    kind, expected = question.case["kind"], question.case["expected"]
    answered = {
        "window_funnel": _check_levels,
        "funnel_steps": _check_steps,
        "funnel_trend": _check_trend,
        "time_to_convert": _check_histogram,
        "funnel_attempt": _check_times,
        "funnel_exclusion": _check_times,
        "funnel_totals": _check_totals,
    }[kind](question, tables, expected)
    assert answered == set(expected) - {"row_format", "sealed"}, "something expected was not looked at"


def _check_levels(question, tables, expected):
    got = {str(row["unit"]): row["level"] for row in tables["units"]}
    wanted = {unit: level for unit, level in expected["level_by_user"].items() if level}
    assert got == wanted
    assert {str(row.unit) for row in question.rows} == set(expected["level_by_user"])
    levels = expected["level_by_user"].values()
    counts = [sum(level >= step for level in levels) for step in question.options.all_steps]
    assert [row["count"] for row in tables["steps"]] == counts
    return {"level_by_user"}


def _times(row):
    return [row[f"t_{step}"] for step in range(1, row["level"] + 1)]


def _check_times(question, tables, expected):
    got = {row["unit"]: None if row["dropped"] else _times(row) for row in tables["units"]}
    for unit, times in expected["times_by_user"].items():
        assert got.get(unit) == (None if times is None else [seconds(time) for time in times])
    if None in expected["times_by_user"].values():
        assert tables["steps"][0]["count"] == len([times for times in got.values() if times is not None])
    return {"times_by_user"}


def _check_totals(question, tables, expected):
    assert [_times(row) for row in tables["units"]] == [[seconds(t) for t in one] for one in expected["attempts"]]
    assert [row["attempt"] for row in tables["units"]] == list(range(1, len(expected["attempts"]) + 1))
    assert [row["count"] for row in tables["steps"]] == expected["counts"]
    assert all(row["rate_first_lo"] is None and row["rate_first_hi"] is None for row in tables["steps"])
    return {"attempts", "counts"}


def _check_steps(question, tables, expected):
    if "by_breakdown" not in expected:
        return _check_group(tables, None, expected)
    groups = {group or None: values for group, values in expected["by_breakdown"].items()}
    assert {row["group"] for row in tables["steps"]} == set(groups)
    for group, values in groups.items():
        assert _check_group(tables, group, values) == set(values)
    return {"by_breakdown"}


def _check_group(tables, group, expected):
    steps = [row for row in tables["steps"] if row["group"] == group]
    spent = {row["to"]: row for row in tables["durations"] if row["group"] == group and row["from"] == row["to"] - 1}
    looked_at = set()
    for name in expected:
        looked_at.add(name)
        if name == "counts":
            _same_where_stated([row["count"] for row in steps], expected[name])
        elif name in ("average_conversion_time", "median_conversion_time"):
            column = "mean" if name.startswith("average") else "median"
            assert expected[name][0] is None
            for step, value in enumerate(expected[name][1:], 2):
                if value is not None:
                    assert abs(spent[step][column] / SECOND - value) <= 1e-6
        elif name == "users_at_step":
            for step, units in expected[name].items():
                assert tables_of.units_at(tables, int(step), group) == sorted(units)
        elif name == "dropped_at_step":
            for step, units in expected[name].items():
                assert tables_of.units_dropped_at(tables, int(step), group) == sorted(units)
        else:
            looked_at.remove(name)
    return looked_at


def _same_where_stated(got, expected):
    assert len(got) == len(expected)
    assert [value for value, stated in zip(got, expected) if stated is not None] == [v for v in expected if v is not None]


def _check_trend(question, tables, expected):
    zone = question.options.tz
    got = [[r["period_start"], r["n_from"], r["n_to"], round(100 * r["rate"], 2)] for r in tables["trend"]]
    wanted = [
        [tables_of.day_start(instant(day) // tables_of.DAY, zone), *numbers] for day, *numbers in expected["rows"]
    ]
    assert got == wanted
    return {"rows"}


def _check_histogram(question, tables, expected):
    got = [[row["left"], row["count"]] for row in tables["histogram"]]
    assert got == [[seconds(left), count] for left, count in expected["bins"]]
    o = question.options
    (spent,) = [row for row in tables["durations"] if (row["from"], row["to"]) == (o.histogram_from, o.histogram_to)]
    assert abs(spent["mean"] / SECOND - expected["average_conversion_time"]) <= 1e-6
    return {"bins", "average_conversion_time"}
