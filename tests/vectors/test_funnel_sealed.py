"""Sealed funnel states: rows cut into segments of time, sealed, stored and merged in any order give the tables of the whole."""

import os
import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import cddl  # noqa: E402
import funnel_library as library  # noqa: E402
import funnel_reference as reference  # noqa: E402
import funnel_vectors as vectors  # noqa: E402
from funnel_reference_tables import DAY  # noqa: E402
from state_columns import journal  # noqa: E402

pdm = pytest.importorskip("pdmetrics")

CHECKS = settings(
    deadline=None,
    max_examples=int(os.environ.get("PDM_EXAMPLES") or 150),
    suppress_health_check=list(HealthCheck),
    database=None,
)
Row = reference.Row
CASES = {name: case for name, case in vectors.funnel_cases("funnel_attempt").items() if name.startswith("merge-")}


# ---- states -----------------------------------------------------------------------------------------------------------------


def arguments(rows, o):
    return {**library.options_of(o), "week_start": o.week_start, "threads": 1, **library.lists_of(rows, o, "mask")}


def segments(cuts):
    bounds = [None, *sorted(set(cuts)), None]
    return list(zip(bounds, bounds[1:]))


def within(rows, segment):
    low, high = segment
    return [row for row in rows if (low is None or row.time >= low) and (high is None or row.time < high)]


def state_of(rows, all_rows, o, segment, sealed=True):
    low, high = segment
    bounds = {name: value for name, value in (("segment_from", low), ("segment_to", high)) if value is not None}
    state = pdm.Funnel(**arguments(all_rows, o), **bounds)
    if rows:
        state.update(library.frame_of(rows, o, "mask"))
    return state.seal() if sealed else state


def stored(state, o):
    return pdm.Funnel.from_bytes(state.to_bytes(), tz=o.tz)


def tables(state, rows, o):
    return library.tables_of(state.result(), list(rows), o)


def merged(states, choose):
    """One state of all: any two are merged, the first into the second or the other way round."""
    states = list(states)
    while len(states) > 1:
        a = states.pop(choose(len(states)))
        b = states.pop(choose(len(states)))
        states.append(a.merge(b))
    return states[0]


# ---- vectors ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(CASES) or ["merge"])
def test_sealed_vector(name):
    if name not in CASES:
        pytest.skip("shared/vectors/product-analytics is not here (set PDM_SHARED)")
    question = vectors.question_of(CASES[name])
    rows, o = list(question.rows), question.options
    cuts = [vectors.seconds(time) for time in CASES[name]["params"]["segment_cuts"]]
    whole = library.engine(rows, o)
    vectors.check(question, whole)
    bytes_of = set()
    for order in range(6):
        states = [state_of(within(rows, segment), rows, o, segment) for segment in segments(cuts)]
        draw = random.Random(order)
        state = stored(merged(states, draw.randrange), o)
        vectors.check(question, tables(state, rows, o))
        assert tables(state, rows, o) == whole
        bytes_of.add(state.to_bytes())
    assert bytes_of == {state_of(rows, rows, o, (None, None)).to_bytes()}


def block_in(state):
    """T, C and R of a state of one sealed unit, read from its bytes as docs/format.cddl has them."""
    item = cddl.decode(state.to_bytes())
    grammar = cddl.Grammar((ROOT / "docs" / "format.cddl").read_text(encoding="utf-8"))
    assert grammar.matches(item, "state")
    *_, payload, _ = item.content
    *_, segments, (_, events, counters) = payload
    units, times, marks = journal(events)
    assert segments == [-(2**63), 2**63 - 1, 1] and set(units) <= {0}
    T, C, R = {}, {}, {}
    for time, mark in zip(times, marks, strict=True):
        kind, a, b = mark >> 12, mark >> 6 & 63, mark & 63
        into = {1: T, 2: C.setdefault(a, {}) if kind == 2 else None, 3: R}[kind]
        into[(a, b) if kind == 1 else b] = time
    for j in range(max(C, default=0), 0, -1):
        C.setdefault(j, {r: C[j + 1][r] for r in range(1, j + 1)} if j not in C else None)
    return T, C, R or (C[max(C)] if C else {}), counters


@pytest.mark.parametrize("name", sorted(CASES) or ["merge"])
def test_bytes_of_a_sealed_vector(name):
    if name not in CASES:
        pytest.skip("shared/vectors/product-analytics is not here (set PDM_SHARED)")
    question = vectors.question_of(CASES[name])
    expected = CASES[name]["expected"]
    T, C, R, counters = block_in(state_of(list(question.rows), question.rows, question.options, (None, None)))
    assert {f"{i},{j}": time for (i, j), time in T.items()} == {
        at: vectors.seconds(time) for at, time in expected["sealed"]["T"].items()
    }
    assert {str(j): [chain[r] for r in sorted(chain)] for j, chain in C.items()} == {
        j: [vectors.seconds(time) for time in chain] for j, chain in expected["sealed"]["C"].items()
    }
    assert [R[r] for r in sorted(R)] == [vectors.seconds(time) for time in expected["times_by_user"].get("u", [])]
    assert counters == [sum(row.mask & 1 for row in question.rows)]


# ---- any funnel that can be sealed ------------------------------------------------------------------------------------------


@st.composite
def funnels(draw):
    steps = draw(st.integers(1, 5))
    tick = draw(st.sampled_from([1, 1, DAY // 3]))
    asked = {
        "steps": steps,
        "event_reuse": draw(st.sampled_from(["forbid", "allow"])),
        "strict_increase": draw(st.sampled_from(["off", "off", "skip"])),
        "collapse_ties": draw(st.booleans()),
        "conf_level": 0.9,
    }
    if tick > 1 and draw(st.booleans()):
        asked.update(window_kind="calendar_days", window=draw(st.sampled_from([1, 2, 3])), tz="Asia/Shanghai")
    else:
        asked["window"] = draw(st.sampled_from([0, tick, 2 * tick, 5 * tick, 20 * tick, None]))
    attribution = draw(st.sampled_from(["none", "none", "first_touch", "last_touch", "all_events"]))
    if attribution != "none":
        asked.update(attribution=attribution, breakdown_limit=draw(st.sampled_from([0, 0, 2])))
    if draw(st.integers(0, 2)) == 0:
        asked.update(
            hold_constant=draw(st.sampled_from(["column", "steps"])),
            hold_count=draw(st.sampled_from(["per_value", "per_unit"])),
        )
    if draw(st.integers(0, 2)) == 0:
        asked.update(count="sessions", sessions="column")
    if draw(st.integers(0, 4)) == 0:
        asked.update(time_from=2 * tick, time_to=9 * tick)
    o = reference.make_options(**asked)
    values = draw(st.sampled_from([["x", "y", "", None, "甲"], [3, -1, 20, None, 2**62]]))
    bits = st.integers(0, steps - 1).map(lambda bit: 1 << bit)
    row = st.builds(
        Row,
        unit=st.sampled_from(draw(st.sampled_from([[1, -2], ["a", "客户", "b"]]))),
        time=st.integers(-2, 12).map(lambda ticks: ticks * tick),
        mask=st.one_of(bits, bits, st.integers(0, 2**steps - 1)),
        exclude=st.just(0),
        session=st.sampled_from(["s", "t"]),
        holds=st.tuples(*[st.sampled_from(values[:3])] * steps),
        value=st.sampled_from(values),
    )
    rows = draw(st.lists(row, max_size=14))
    cuts = draw(st.lists(st.integers(-3, 13).map(lambda ticks: ticks * tick), max_size=5))
    return rows, o, cuts


@CHECKS
@given(funnels(), st.randoms(use_true_random=False))
def test_split_is_whole(case, draw):
    rows, o, cuts = case
    whole = library.engine(rows, o)
    states = []
    for segment in segments(cuts):
        mine = within(rows, segment)
        way = draw.randrange(3)
        if way == 0:
            states.append(state_of(mine, rows, o, segment))
        elif way == 1:
            states += [state_of(mine[part::2], rows, o, segment, sealed=False) for part in range(2)]
        else:  # sealed once all of it has come
            parts = [state_of(mine[part::2], rows, o, segment, sealed=False) for part in range(2)]
            states.append(merged(parts, draw.randrange).seal())
    states = [stored(state, o) if draw.randrange(2) else state for state in states]
    copies = [state.copy() for state in states]
    state = merged(states, draw.randrange)
    assert tables(state, rows, o) == whole
    other = merged(copies, draw.randrange)
    assert other.to_bytes() == state.to_bytes()
    assert tables(stored(state, o), rows, o) == whole
    sealed = state.seal()
    assert tables(sealed, rows, o) == whole
    assert sealed.to_bytes() == state_of(rows, rows, o, (None, None)).to_bytes()
    assert tables(stored(sealed, o), rows, o) == whole


@CHECKS
@given(funnels(), st.randoms(use_true_random=False))
def test_rows_go_on_beside_what_is_sealed(case, draw):
    """Yesterday is sealed and merged into today, which still takes rows."""
    rows, o, cuts = case
    whole = library.engine(rows, o)
    today = state_of([], rows, o, segments(cuts)[-1], sealed=False)
    for segment in segments(cuts)[:-1]:
        today.merge(state_of(within(rows, segment), rows, o, segment))
    mine = within(rows, segments(cuts)[-1])
    for part in range(2):
        if mine[part::2]:
            today.update(library.frame_of(mine[part::2], o, "mask"))
        today = stored(today, o) if draw.randrange(2) else today
    assert tables(today, rows, o) == whole


# ---- cases ------------------------------------------------------------------------------------------------------------------

PLAIN = {"steps": 3, "window": 10}


def plain(**more):
    return reference.make_options(**{**PLAIN, **more})


def days(number):
    return [(DAY * day, DAY * (day + 1)) for day in range(number)]


def test_a_day_that_comes_last_in_the_middle():
    o = plain(window=3 * DAY)
    rows = [Row("u", DAY * day + 5, 1 << day, exclude=0) for day in range(3)] + [Row("u", DAY + 4, 1, exclude=0)]
    monday, tuesday, wednesday = (state_of(within(rows, day), rows, o, day) for day in days(3))
    state = wednesday.merge(monday)
    assert [row["count"] for row in tables(state, rows, o)["steps"]] == [1, 0, 0]
    state = stored(state, o).merge(tuesday)
    assert tables(state, rows, o) == library.engine(rows, o)
    assert [row["count"] for row in tables(state, rows, o)["steps"]] == [1, 1, 1]


def test_a_sealed_state_does_not_grow_with_its_rows():
    o = plain(window=DAY)
    sizes = []
    for count in (100, 10_000):
        rows = [Row(unit, time, 1 << (time + unit) % 3, exclude=0) for unit in range(3) for time in range(count)]
        state = state_of(rows, rows, o, (0, DAY))
        assert tables(state, rows, o) == library.engine(rows, o)
        sizes.append(len(state.to_bytes()))
    assert abs(sizes[1] - sizes[0]) < 16  # the number of rows takes a byte or two more


def test_many_days_are_combined_on_the_way():
    o = plain(window=2 * DAY)
    rows = [Row(unit, DAY * (unit * 7 % 40) + unit % 11, 1 << unit % 3, exclude=0) for unit in range(4000)]
    rows += [replace(row, time=row.time + DAY, mask=2) for row in rows]
    total = pdm.Funnel(**arguments(rows, o))
    for day in days(42):
        total.merge(state_of(within(rows, day), rows, o, day))
    assert tables(total, rows, o) == library.engine(rows, o)
    assert total.to_bytes() == state_of(rows, rows, o, (0, 42 * DAY)).to_bytes()


def test_sealing_twice_is_sealing_once():
    o = plain()
    rows = [Row("u", 1, 1, exclude=0), Row("u", 4, 2, exclude=0)]
    state = state_of(rows, rows, o, (0, 10))
    before = state.to_bytes()
    assert state.seal().to_bytes() == before


def test_an_empty_state_is_neutral():
    o = plain()
    rows = [Row("u", 1, 1, exclude=0)]
    for segment in ((None, None), (0, 10)):
        sealed = state_of(rows, rows, o, (0, 10))
        empty = state_of([], rows, o, segment, sealed=False)
        assert empty.copy().merge(sealed).to_bytes() == sealed.to_bytes()
        assert sealed.copy().merge(empty).to_bytes() == sealed.to_bytes()
    assert tables(state_of([], rows, o, (0, 10)), rows, o) == library.engine([], o)


# ---- what is refused --------------------------------------------------------------------------------------------------------


def refused(error, call, *words):
    with pytest.raises(error) as caught:
        call()
    for word in words:
        assert word in str(caught.value), str(caught.value)
    return caught.value


def test_rows_outside():
    o = plain()
    rows = [Row("u", 5, 1, exclude=0), Row("u", 12, 2, exclude=0), Row("u", 10, 2, exclude=0)]
    state = state_of(rows[:1], rows, o, (0, 10), sealed=False)
    before = state.to_bytes()
    error = refused(pdm.Error, lambda: state.update(library.frame_of(rows, o, "mask")), "[0, 10)", "12")
    assert (error.code, error.row, error.column) == ("bad_value", 1, "time")
    assert state.to_bytes() == before
    sealed = state.seal()
    error = refused(pdm.Error, lambda: sealed.update(library.frame_of(rows[:1], o, "mask")), "[0, 10)", "sealed")
    assert (error.code, error.row, error.column) == ("segment_overlap", 0, "time")
    assert sealed.rows == 1


def test_rows_outside_after_rows_that_are_skipped():
    state = pdm.Funnel(steps=["a", "b"], segment_to=10, null_rows="skip")
    frame = {"unit": [1, None, 2, 3], "time": [1, 2, 3, 11], "event": ["a", "a", "a", "a"]}
    error = refused(pdm.Error, lambda: state.update(frame))
    assert (error.code, error.row) == ("bad_value", 3)


@pytest.mark.parametrize(
    ("segment", "sealed"),
    [((0, 10), True), ((0, 10), False), ((5, 15), True), ((5, 15), False), ((2, 4), True), ((None, None), False)],
)
def test_overlap(segment, sealed):
    o = plain()
    rows = [Row("u", 3, 1, exclude=0), Row("u", 7, 2, exclude=0)]
    state = state_of(rows[:1], rows, o, (0, 10))
    other = state_of(within(rows, segment), rows, o, segment, sealed)
    before = state.to_bytes(), other.to_bytes()
    refused(pdm.SegmentOverlapError, lambda: state.merge(other), "[0, 10)", "sealed")
    refused(pdm.SegmentOverlapError, lambda: other.merge(state))
    assert (state.to_bytes(), other.to_bytes()) == before


def test_open_segments_overlap_too():
    o = plain()
    rows = [Row("u", 3, 1, exclude=0)]
    a = state_of(rows, rows, o, (0, 10), sealed=False)
    b = state_of(rows, rows, o, (0, 11), sealed=False)
    refused(pdm.SegmentOverlapError, lambda: a.merge(b), "[0, 10)", "[0, 11)")
    assert a.merge(a.copy()).rows == 2


def test_segment_without_time():
    error = refused(pdm.Error, lambda: pdm.Funnel(steps=["a"], segment_from=10, segment_to=10))
    assert (error.code, error.column) == ("bad_option", "segment_to")


JOURNAL_ONLY = {
    "order": {"order": "strict"},
    "order ": {"order": "unordered"},
    "entry": {"entry": "first"},
    "attempt_tie": {"attempt_tie": "first_entered"},
    "ties": {"ties": "row_order"},
    "grace": {"grace": 1},
    "deduplication": {"deduplication": "break_attempt"},
    "exclusions": {"exclusions": ((1, 2, None),)},
    "steps": {"step_windows": (5, None)},
    "steps ": {"optional_steps": (2,)},
    "count": {"count": "totals"},
    "sessions": {"count": "sessions", "sessions": "gap"},
    "attribution": {"attribution": "step", "attribution_step": 2},
    "range_applies_to": {"range_applies_to": "entries", "time_to": 5},
    "mature_only": {"mature_only": True},
    "dedupe": {"dedupe": "event_id"},
    "trend_period": {"trend_period": "day"},
    "preset": {"preset": "clickhouse"},
    "entry ": {"preset": "mixpanel"},
}


@pytest.mark.parametrize("option", JOURNAL_ONLY)
def test_journal_only(option):
    """Refused by name, and only the sealing: such states merge all the same."""
    o = plain(**JOURNAL_ONLY[option])
    rows = [Row("u", 1, 1, exclude=0, seq=0, event_id=1, value="x"), Row("u", 4, 2, exclude=0, seq=1, event_id=2, value="y")]
    state = state_of(rows[:1], rows, o, (0, 3), sealed=False)
    before = state.to_bytes()
    error = refused(pdm.Error, state.seal)
    assert (error.code, error.column) == ("unsupported_combination", option.strip())
    assert state.to_bytes() == before
    state.merge(state_of(rows[1:], rows, o, (3, 9), sealed=False))
    assert tables(stored(state, o), rows, o) == library.engine(rows, o)


def test_metrics_without_segments():
    refused(pdm.Error, pdm.RFM().seal, "rfm")
