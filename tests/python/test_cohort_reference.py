"""The library against the naive reference on small random cohorts: every option, every table, cell by cell.

METRICS has an entry per metric: how to draw its options, and the reference. A metric joins by its entry here and in cohort_library.
Instants are few and lie around days on which clocks change, so that ties, windows that just end and short days are the rule.
"""

import math
import os

import cohort_library as library
import cohort_reference as reference
import cohort_reference_activity as activity
import cohort_reference_repurchase as repurchase
import pytest
from cohort_reference import Row
from funnel_reference_tables import DAY, HOUR, WEEKDAYS, local_day
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

LONG = 20 if os.environ.get("PDM_LONG") else 1
CHECKS = settings(deadline=None, max_examples=150 * LONG, suppress_health_check=list(HealthCheck), database=None)
FEWER = settings(CHECKS, max_examples=50 * LONG)

UNITS = [[1, 2, -3, 2**40], ["b", "a", "客户", "B"]]
VALUES = [["x", "y", "", None, "甲"], [3, -1, 20, None]]
ORDERS = [[1, 2, 3, -4, 5], ["o1", "o2", "订单", ""]]
ZONES = ["UTC", "Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "America/St_Johns"]
# Days near which rows lie: before 1970, 1970, clocks of New York forward (2024-03-10) and back, those of St John's back at 00:01.
DAYS = [-4000, 0, 19_792, 20_030, 13_814]
STEPS = [1, HOUR, 6 * HOUR, DAY, 7 * DAY, 20 * DAY]


# ---- random questions -------------------------------------------------------------------------------------------------------


def some(draw, **choices):
    """Some of the options, each with a value."""
    return {name: draw(st.sampled_from(values)) for name, values in choices.items() if draw(st.integers(0, 2)) == 0}


def common(draw, tick):
    periods = ["day", "week", "month", "quarter", "year"] if tick > 6 * HOUR else ["hour", "day", "week", "month"]
    return some(
        draw,
        period=periods,
        tz=ZONES,
        week_start=list(WEEKDAYS),
        null_rows=["skip"],
        dedupe=["none", "event_id"],
        zero_denominator=["null", "zero"],
        conf_level=[0.8, 0.95, 0.99],
        breakdown_by=["none", "entry", "same_value", "latest"],
    )


def window(draw, tick, day, tz):
    """Options as_of, from and to near the rows: a table of all hours of fifty years is no small one."""
    start = day * DAY
    asked = some(draw, as_of=[start - 1, start + 3 * tick, start + 12 * tick, start + 40 * tick, start + 100 * DAY])
    wide = 2 if tick <= 6 * HOUR else 40
    low = local_day(start, tz) + draw(st.integers(-wide, wide))
    if draw(st.integers(0, 3)) == 0:
        asked["from"] = low
    if draw(st.integers(0, 3)) == 0:
        asked["to"] = low + draw(st.integers(0, 2 * wide))
    return asked


def draw_repurchase(draw, tick, day):
    asked = common(draw, tick)
    asked |= window(draw, tick, day, asked.get("tz", "UTC"))
    asked |= some(draw, same_day=["separate", "merge"], n=[(1,), (7, 20, 30), (1, 2, 36_500)])
    return asked


def draw_lifecycle(draw, tick, day):
    asked = common(draw, tick)
    asked |= window(draw, tick, day, asked.get("tz", "UTC"))
    return asked | some(draw, dormant_after=[1, 2, 3, 70], first_seen=["none", "column"])


def draw_activity(draw, tick, day):
    asked = common(draw, tick)
    asked |= window(draw, tick, day, asked.get("tz", "UTC"))
    criteria = [("gte", 1), ("gte", 2), ("lte", 1), ("lte", 2), ("exact", 1), ("exact", 3)]
    return asked | some(draw, every=[1, 2, 5], criteria=criteria, cumulative=[False, True], mau_days=[1, 3, 7, 28, 90])


def draw_retention(draw, tick, day):
    asked = common(draw, tick)
    asked |= window(draw, tick, day, asked.get("tz", "UTC"))
    asked |= some(
        draw,
        cohort_entry=["first_time", "recurring", "first_ever"],
        intervals=[1, 2, 4, 9],
        mode=["n_day", "on_or_after"],
        clock=["calendar", "rolling_24h"],
        min_occurrences=[1, 2, 3],
        denominator=["cohort_size", "previous_interval"],
        floor=["none", "hour", "day"],
        window_entry=["first_in_period", "every_start"],
        future_cells=["null", "zero"],
        average=["weighted", "simple", "none"],
        retained_value=[False, True],
    )
    if draw(st.integers(0, 3)) == 0:
        asked |= {"mode": "brackets", "brackets": draw(st.sampled_from([((1, 1),), ((1, 2), (2, 5), (1, 9)), ((3, 4),)]))}
    return asked


# How to draw options of a metric, those that it does not have, and the reference.
METRICS = {
    "retention": (draw_retention, (), reference.retention),
    "repurchase": (draw_repurchase, (), repurchase.repurchase),
    "lifecycle": (draw_lifecycle, ("conf_level",), activity.lifecycle),
    "activity": (draw_activity, ("conf_level",), activity.activity),
}


@st.composite
def questions(draw, metric, most=16):
    tick, day = draw(st.sampled_from(STEPS)), draw(st.sampled_from(DAYS))
    ask, unknown, _ = METRICS[metric]
    asked = {name: value for name, value in ask(draw, tick, day).items() if name not in unknown}
    options = reference.unchecked_options(metric, **asked)
    units = draw(st.sampled_from(UNITS))[: draw(st.integers(1, 3))]
    values, orders = draw(st.sampled_from(VALUES)), draw(st.sampled_from(ORDERS))
    span = draw(st.sampled_from([1, 5, 12]))
    jitter = draw(st.sampled_from([0, 1, 59 * 60_000_000]))
    times = st.integers(0, span).map(lambda ticks: day * DAY + ticks * tick)
    row = st.builds(
        Row,
        unit=st.sampled_from(units),
        time=st.one_of(times, times, times.map(lambda time: time - jitter), times.map(lambda time: time + jitter)),
        group=st.sampled_from(values),
        order_id=st.sampled_from(orders),
        event_id=st.integers(0, 6),
        start=st.sampled_from([True, True, False]),
        ret=st.sampled_from([True, True, False]),
        value=st.sampled_from([0, 1, 250, -100]),
        first_seen=st.one_of(st.none(), st.integers(-3, 3).map(lambda ticks: day * DAY + ticks * tick)),
    )
    rows = draw(st.lists(row, max_size=most))
    if options.null_rows == "skip" and len(rows) > 1:
        for number in draw(st.lists(st.integers(1, len(rows) - 1), max_size=3)):  # never all: a column of nulls has no type
            name = draw(st.sampled_from(["unit", "time", "order_id"]))
            rows[number] = Row(**{**vars(rows[number]), name: None})
    return rows, options


# ---- comparison -------------------------------------------------------------------------------------------------------------


def same(got, wanted):
    if isinstance(got, float) and isinstance(wanted, float):
        return math.isclose(got, wanted, rel_tol=1e-12, abs_tol=1e-15)
    return got == wanted and (got is None) == (wanted is None)


# Tables whose order of units is the library's own: numbers or bytes ascending.
BY_UNIT = ("units", "buyers")


def in_order(name, table):
    return sorted(table, key=lambda row: repr(sorted(row.items()))) if name in BY_UNIT else table


def assert_same(got, wanted):
    assert set(got) == set(wanted)
    for name in wanted:
        ours, theirs = in_order(name, got[name]), in_order(name, wanted[name])
        assert len(ours) == len(theirs), (name, ours, theirs)
        for row, expected in zip(ours, theirs):
            assert set(row) == set(expected), (name, set(row) ^ set(expected))
            wrong = {column: (row[column], expected[column]) for column in expected if not same(row[column], expected[column])}
            assert not wrong, (name, wrong, row)


def check(metric, question, **more):
    if not library.has(metric):
        pytest.skip(f"the installed pdmetrics has no metric {metric}")
    rows, options = question
    try:
        reference.check_options(options)
        wanted = METRICS[metric][2](rows, options)
    except reference.Refused as refusal:
        with pytest.raises(reference.Refused) as raised:
            library.engine(metric, rows, options, **more)
        assert raised.value.code == refusal.code
        event(f"refused: {refusal.code}")
        return
    event("answered")
    assert_same(library.engine(metric, rows, options, **more), wanted)


# ---- tests ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", METRICS)
@CHECKS
@given(st.data())
def test_any_options(pdm, metric, data):
    check(metric, data.draw(questions(metric)))


@pytest.mark.parametrize("metric", METRICS)
@FEWER
@given(st.data(), st.integers(1, 4))
def test_merged_and_restored_states(pdm, metric, data, parts):
    check(metric, data.draw(questions(metric)), parts=parts)


@pytest.mark.parametrize("metric", METRICS)
@FEWER
@given(st.data(), st.randoms(use_true_random=False))
def test_any_row_order(pdm, metric, data, random):
    rows, options = data.draw(questions(metric))
    shuffled = random.sample(rows, len(rows))
    if not library.has(metric):
        pytest.skip(f"the installed pdmetrics has no metric {metric}")
    try:
        reference.check_options(options)
    except reference.Refused:
        return
    assert library.engine(metric, rows, options) == library.engine(metric, shuffled, options)


@pytest.mark.parametrize("metric", METRICS)
@FEWER
@given(st.data())
def test_many_orders(pdm, metric, data):
    """Longer journeys, on two threads."""
    check(metric, data.draw(questions(metric, most=60)), threads=2)
