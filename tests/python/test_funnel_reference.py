"""The library against the naive reference on small random funnels: every option, every table, cell by cell.

Times are few and small, so that ties, overlapping steps and windows that just end are the rule. What the reference refuses the
library must refuse with the same code, and nothing else.
"""

import math
import os

import funnel_library as library
import funnel_reference as reference
import pytest
from funnel_reference import Row
from funnel_reference_tables import DAY, HOUR
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

LONG = 20 if os.environ.get("PDM_LONG") else 1
CHECKS = settings(deadline=None, max_examples=120 * LONG, suppress_health_check=list(HealthCheck), database=None)
FEWER = settings(CHECKS, max_examples=40 * LONG)

UNITS = [[1, 2, -3, 2**40], ["b", "a", "客户", "B"]]
VALUES = [["x", "y", "", None, "甲"], [3, -1, 20, None]]
ZONES = ["UTC", "Asia/Shanghai", "America/New_York"]
SECOND = 1_000_000
FIRST_DAY = 19_789 * DAY  # some days before the clocks of New York change


# ---- random funnels ---------------------------------------------------------------------------------------------------------


@st.composite
def journeys(draw, o, tick, *, most=14):
    """Rows of a few units, in ticks, with the columns that the options ask for: others do not order tied rows."""
    units = draw(st.sampled_from(UNITS))[: draw(st.integers(1, 3))]
    values = draw(st.sampled_from(VALUES))
    holds = draw(st.sampled_from(VALUES))[: draw(st.integers(1, 4))]
    sessions = draw(st.sampled_from([[1, 2], ["s", "t"]]))
    bound = o.time_from if o.time_from is not None else o.time_to
    if bound is None:
        start = draw(st.sampled_from([0, -3 * tick, FIRST_DAY]))
    else:  # near the range: a trend of all periods of fifty years is no small table
        start = 0 if bound < FIRST_DAY else FIRST_DAY
    span = draw(st.sampled_from([1, 4, 12, 30]))
    numbered = draw(st.booleans()) or o.ties == "row_order"
    bits = st.integers(0, o.steps - 1).map(lambda bit: 1 << bit)
    masks = st.one_of(bits, bits, st.integers(0, 2**o.steps - 1))
    many = 1 if o.hold_constant == "column" else o.steps
    row = st.builds(
        Row,
        unit=st.sampled_from(units),
        time=st.integers(0, span).map(lambda ticks: start + ticks * tick),
        mask=masks,
        exclude=st.sampled_from([0, 0, 0, 1, 2, 3]) if o.exclusions else st.just(0),
        seq=st.integers(0, 3) if numbered else st.none(),
        event_id=st.integers(0, 6) if o.dedupe == "event_id" else st.none(),
        session=st.sampled_from(sessions) if o.sessions == "column" and o.count == "sessions" else st.none(),
        holds=st.tuples(*[st.sampled_from(holds)] * many) if o.hold_constant != "none" else st.none(),
        value=st.sampled_from(values) if o.attribution != "none" else st.none(),
    )
    rows = draw(st.lists(row, max_size=most))
    if o.null_rows == "skip":
        for number in draw(st.lists(st.integers(0, len(rows) - 1), max_size=3)) if rows else []:
            name = draw(st.sampled_from(["unit", "time", "mask", "event_id", "session"]))
            rows[number] = Row(**{**vars(rows[number]), name: None})
        # a column of nothing but nulls has no type, which is another matter
        assume(all(any(getattr(row, name) is not None for row in rows) for name in ("unit", "time")) or not rows)
    return rows


def some(draw, **choices):
    """Some of the options, each with a value."""
    return {name: draw(st.sampled_from(values)) for name, values in choices.items() if draw(st.integers(0, 3)) == 0}


def exclusions(draw, steps, effects):
    if steps < 2 or draw(st.integers(0, 2)):
        return {}
    found = []
    for _ in range(draw(st.integers(1, 2))):
        a = draw(st.integers(1, steps - 1))
        found.append((a, draw(st.integers(a + 1, steps)), draw(st.sampled_from(effects))))
    return {"exclusions": tuple(found)}


def presets(draw):
    name = draw(st.sampled_from(["none"] * 5 + [name for name in reference.PRESETS if name != "none"]))
    modes = sorted(reference.MODES.get(name, {}))
    mode = tuple(one for one in modes if draw(st.booleans()))
    return {"preset": name, **({"mode": mode} if mode else {})}


def stepped(draw, steps, ticks):
    """Windows of steps, or steps that may be left out."""
    kind = draw(st.sampled_from(["none"] * 3 + ["windows", "optional"]))
    if kind == "windows" and steps > 1:
        widths = tuple(draw(st.sampled_from([None, *ticks])) for _ in range(steps - 1))
        return {"step_windows": widths} if any(width is not None for width in widths) else {}
    if kind == "optional" and steps > 2:
        return {"optional_steps": tuple(step for step in range(2, steps) if draw(st.booleans()))}
    return {}


def windows(draw, ticks):
    if draw(st.integers(0, 4)) == 0:
        return {"window_kind": "calendar_days", "window": draw(st.sampled_from([1, 2, 3]))}
    return {"window": draw(st.sampled_from([*ticks, None]))}


@st.composite
def funnels(draw, **fixed):
    """(rows, what is asked): options of every section, none of them checked."""
    tick = draw(st.sampled_from([1, 1, SECOND, HOUR, 8 * HOUR]))
    ticks = [count * tick for count in (0, 1, 2, 5, 12, 40)]
    steps = draw(st.integers(1, 5))
    asked = {
        "steps": steps,
        **presets(draw),
        **windows(draw, ticks),
        **stepped(draw, steps, ticks),
        **exclusions(draw, steps, [None, "drop_unit", "end_attempt", "wipe_progress"]),
        **some(
            draw,
            order=["ordered", "strict", "fixed", "unordered"],
            entry=["best", "first", "last"],
            attempt_tie=["first_completed", "first_entered"],
            event_reuse=["forbid", "allow"],
            ties=["favourable", "row_order"],
            grace=ticks[:4],
            collapse_ties=[False, True],
            strict_increase=["off", "skip", "break"],
            deduplication=["off", "break_attempt"],
            strict_repeat=[False, True],
            count=["uniques", "totals", "sessions"],
            totals_mode=["sequential", "every_entry"],
            sessions=["gap", "column"],
            session_gap=[tick, 4 * tick],
            hold_constant=["none", "column", "steps"],
            hold_count=["per_value", "per_unit"],
            attribution=["none", "first_touch", "last_touch", "all_events", "step"],
            attribution_step=list(range(1, steps + 1)),
            breakdown_limit=[0, 1, 2],
            range_applies_to=["rows", "entries"],
            mature_only=[False, True],
            as_of=[FIRST_DAY + 5 * tick, 5 * tick, 40 * tick],
            null_rows=["skip"],
            dedupe=["none", "event_id"],
            zero_denominator=["null", "zero"],
            conf_level=[0.8, 0.95, 0.99],
            tz=ZONES,
            week_start=["monday", "sunday", "thursday"],
            histogram_from=[1],
            bins=[1, 3, 100],
            bin_unit=[1, tick, 3 * tick],
            edges=[(tick, 5 * tick), (0, tick, 3 * tick, 9 * tick)],
            trend_count=["once_per_period", "every_attempt"],
        ),
    }
    base = draw(st.sampled_from([0, FIRST_DAY]))
    asked.update(some(draw, time_from=[base, base + 3 * tick], time_to=[base + 6 * tick, base + 15 * tick]))
    if tick >= HOUR:
        asked.update(some(draw, trend_period=["hour", "day", "week", "month", "quarter", "year"]))
    elif draw(st.booleans()):
        asked["trend_period"] = draw(st.sampled_from(["hour", "day"]))
    if steps > 1:
        asked.update(some(draw, histogram_to=list(range(2, steps + 1)), trend_to=list(range(1, steps + 1))))
    asked.update(fixed)
    return tick, asked


# ---- comparison -------------------------------------------------------------------------------------------------------------


def same(got, wanted):
    if isinstance(got, float) and isinstance(wanted, float):
        return math.isclose(got, wanted, rel_tol=1e-12, abs_tol=1e-15)
    return got == wanted and (got is None) == (wanted is None)


def in_order(table):
    """Rows of table `units` in an order of ours: that of ties between sessions and held values is the library's own."""
    names = ("unit", "session", "hold", "group", "attempt")
    return sorted(table, key=lambda row: [*(repr(row[name]) for name in names), repr(sorted(row.items()))])


def assert_same(got, wanted):
    assert set(got) == set(wanted)
    for name in wanted:
        ours, theirs = got[name], wanted[name]
        if name == "units":
            ours, theirs = in_order(ours), in_order(theirs)
        assert len(ours) == len(theirs), (name, ours, theirs)
        for row, expected in zip(ours, theirs):
            assert set(row) == set(expected), name
            wrong = {column: (row[column], expected[column]) for column in expected if not same(row[column], expected[column])}
            assert not wrong, (name, wrong, row)


# Where the library's refusals are its own: what it does not combine although it could be.
STRICTER = {
    "windows of steps are not combined with count totals": lambda o: o.step_windows and o.count == "totals",
    "every_attempt needs": lambda o: o.step_windows,
}


def answer(engine, rows, options, **more):
    """Tables, or the code of a refusal."""
    try:
        return engine(rows, options, **more)
    except reference.Refused as refused:
        return refused


# ---- tests ------------------------------------------------------------------------------------------------------------------


def options_or_refusal(asked):
    try:
        return reference.make_options(**asked), None
    except reference.Refused as refused:
        return None, refused


def ask_unchecked(asked):
    """Options for the library where the reference refuses them."""
    plain = {name: value for name, value in asked.items() if name not in ("preset", "mode")}
    return reference.Options(**{**plain, "given": asked})


def check(data, tick_and_asked, **more):
    tick, asked = tick_and_asked
    options, refusal = options_or_refusal(asked)
    if refusal is not None:
        event(f"refused: {refusal.code}")
        got = answer(library.engine, data.draw(journeys(ask_unchecked(asked), tick, most=2)), ask_unchecked(asked))
        assert isinstance(got, reference.Refused), (refusal, asked)
        assert got.code == refusal.code, (got, refusal)
        return
    event("answered")
    rows = data.draw(journeys(options, tick))
    wanted = answer(reference.funnel, rows, options)
    got = answer(library.engine, rows, options, **more)
    if isinstance(got, reference.Refused) and any(why in str(got) and when(options) for why, when in STRICTER.items()):
        return
    if isinstance(wanted, reference.Refused) or isinstance(got, reference.Refused):
        assert isinstance(wanted, reference.Refused) and isinstance(got, reference.Refused), (got, wanted)
        assert got.code == wanted.code, (got, wanted)
        return
    assert_same(got, wanted)


@CHECKS
@given(st.data(), funnels())
def test_any_options(pdm, data, asked):
    check(data, asked)


@CHECKS
@given(st.data(), funnels(preset="none", mode=()))
def test_without_preset(pdm, data, asked):
    check(data, asked)


@FEWER
@given(st.data(), funnels(count="totals"))
def test_totals(pdm, data, asked):
    check(data, asked)


@FEWER
@given(st.data(), funnels(order="unordered", exclusions=()))
def test_unordered(pdm, data, asked):
    check(data, asked)


@FEWER
@given(st.data(), funnels(dedupe="none"), st.sampled_from(library.FORMS))
def test_steps_in_any_form(pdm, data, asked, form):
    """Without dedupe: which of several rows is the least depends on how they say their steps."""
    check(data, asked, form=form)


@FEWER
@given(st.data(), funnels(), st.integers(1, 4))
def test_merged_states(pdm, data, asked, parts):
    check(data, asked, parts=parts)


# What a sealed segment can do without its rows.
SEALABLE = {
    "preset": "none",
    "mode": (),
    "order": "ordered",
    "entry": "best",
    "attempt_tie": "first_completed",
    "ties": "favourable",
    "grace": 0,
    "collapse_ties": False,
    "deduplication": "off",
    "strict_repeat": False,
    "exclusions": (),
    "step_windows": None,
    "optional_steps": (),
    "dedupe": "none",
    "null_rows": "error",
    "mature_only": False,
    "range_applies_to": "rows",
    "trend_period": "none",
    "sessions": "column",
}


@CHECKS
@given(st.data(), funnels(**SEALABLE))
def test_sealed_segments(pdm, data, asked):
    """Segments of time that forgot their rows give what all rows give, or say that they cannot be sealed."""
    tick, asked = asked
    options, refusal = options_or_refusal(asked)
    assume(refusal is None)
    rows = data.draw(journeys(options, tick))
    times = sorted({row.time + more for row in rows for more in (0, 1)}) or [0]
    cuts = data.draw(st.lists(st.sampled_from(times), max_size=4))
    got = answer(library.engine, rows, options, cuts=cuts)
    if isinstance(got, reference.Refused):
        assert got.code == "unsupported_combination", got
        event(f"not sealed: {str(got)[:80]}")
        return
    event("sealed")
    assert_same(got, reference.funnel(rows, options))


@pytest.mark.parametrize("steps", [8, 31, 32])
def test_long_funnels(pdm, steps):
    """More steps than a random test would fill."""
    rows = [Row(unit, 3 * j + unit, 1 << j | 1 << (j * 7 % steps), exclude=0) for unit in range(3) for j in range(steps - unit)]
    for more in ({}, {"event_reuse": "allow"}, {"order": "strict"}, {"order": "unordered"}, {"count": "totals"}):
        options = reference.make_options(steps=steps, window=40, **more)
        assert_same(library.engine(rows, options), reference.funnel(rows, options))
