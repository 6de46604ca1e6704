"""A state that advances with its stream gives what all rows give, table by table, bit by bit; and it stays small."""

import os
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

DAY = 86_400_000_000
HOUR = DAY // 24
UNLIMITED = 2**63 - 1
LONG = 20 if os.environ.get("PDM_LONG") else 1
CHECKS = settings(deadline=None, max_examples=250 * LONG, suppress_health_check=list(HealthCheck), database=None)

CHANNELS = ("A", "B", "社群", "direct", "短信")
MARKS = ("lead", "opportunity")
COLUMNS = ("user", "time", "kind", "channel", "value", "seq", "priority", "mark")
# Clocks are set back in the night to 3 November 2024: that day has 25 hours.
AUTUMN = int(datetime(2024, 11, 1, tzinfo=UTC).timestamp()) * 1_000_000


@st.composite
def streams(draw):
    """Rows with the number of the batch they come in, and watermarks: one after each batch but the last."""
    tick = draw(st.sampled_from([HOUR, 7 * HOUR, DAY]))
    start = draw(st.sampled_from([-2 * DAY, AUTUMN]))
    marks = sorted(draw(st.lists(st.integers(-1, 14), min_size=1, max_size=4)))
    users = draw(st.sampled_from([[1], [1], [1, 1, 2], [1, 2, 3]]))
    doubles = draw(st.booleans())
    negative = draw(st.booleans())
    values = [None, 0.1, 1e308, 1e-300, 7.25, 0.0] if doubles else [None, 0, 1, 7, 100]
    if negative:
        values += [-0.1, -1e308, -3.0] if doubles else [-5, -100]
    found = []
    for _ in range(draw(st.integers(2, 20))):
        kind = draw(st.sampled_from(["touch", "touch", "touch", "conversion", "milestone"]))
        time = draw(st.integers(0, 14))
        latest = sum(mark <= time for mark in marks)  # batch i comes after i watermarks
        row = {
            "user": draw(st.sampled_from(users)),
            "time": start + time * tick + draw(st.sampled_from([0, 0, 0, 1])) * (tick // 3),
            "kind": kind,
            "channel": draw(st.sampled_from(CHANNELS)) if kind == "touch" else None,
            "value": draw(st.sampled_from(values)) if kind == "conversion" else None,
            "seq": draw(st.integers(0, 1)),
            "priority": draw(st.integers(0, 2)) if kind == "touch" else 0,
            "mark": draw(st.sampled_from(MARKS)) if kind == "milestone" else None,
        }
        found.append((draw(st.integers(0, latest)), row))
    return tick, found, [start + mark * tick for mark in marks], doubles, negative


@st.composite
def options(draw, tick):
    kind = draw(st.sampled_from(["elapsed", "elapsed", "calendar_days"]))
    looks = [0, DAY, 2 * DAY] if kind == "calendar_days" else [0, tick, 2 * tick, 4 * tick]
    transform = draw(st.sampled_from(["none", "none", "exposure", "first", "frequency"]))
    nulls = draw(st.sampled_from(["trailing", "non_converters", "none", "expired", "expired"]))
    resets = ["none", "after_conversion", "first_only"] + ([] if nulls == "expired" else ["last_only"])
    models = ["last_touch", "linear", "u_shaped", "participation", {"model": "markov", "order": 1}]
    models += [{"model": "markov", "order": 2}, {"model": "shapley", "worth": "rate_subsets"}, "shapley_ordered"]
    if transform != "frequency" and draw(st.booleans()):
        models += [{"model": "time_decay", "half_life": tick, "name": "slow"}, "time_decay"]
        models += [{"model": "time_decay", "mode": "step", "age_from": "last_touch", "name": "step"}]
    asked = {
        "reset": draw(st.sampled_from(resets)),
        "lookback": draw(st.sampled_from(looks)),
        "lookback_kind": kind,
        "priority_mode": draw(st.sampled_from(["off", "off", "highest_only"])),
        "direct": draw(st.sampled_from([None, ["direct"], ["direct", "A", "nobody"]])),
        "direct_mode": draw(
            st.sampled_from(["keep", "exclude_unless_all", "strip_tail", "exclude"] + 3 * ["inherit_previous"])
        ),
        "inherit_window": draw(st.sampled_from([tick, 3 * tick, 9 * tick])),
        "transform": transform,
        "max_touches": draw(st.sampled_from([0, 0, 1, 3])),
        "nulls": nulls,
        "null_window": draw(st.sampled_from(["all", "lookback"])),
        "models": models,
        "top": -1,
        "markov_orders": 2,
        "tz": draw(st.sampled_from([None, "America/New_York", "Asia/Shanghai"])),
        "threads": draw(st.sampled_from([1, 2])),
    }
    priorities = draw(st.sampled_from([(), (), ((1, looks[1]),), ((0, looks[2]), (2, looks[0]))]))
    if priorities:
        asked["priority_lookbacks"] = [{"priority": p, "lookback": lookback} for p, lookback in priorities]
    if draw(st.booleans()):
        asked["milestones"] = list(MARKS)
        asked["models"].append("w_shaped")
    return asked


def columns(found):
    return {name: [row[name] for row in found] for name in COLUMNS}


def tables(pdm, state):
    """All of a result, or the error that it is."""
    try:
        result = state.result()
    except pdm.Error as error:
        return type(error), str(error)
    return {name: repr(table.to_rows()) for name, table in result.tables.items()}


def advanced(pdm, draw, asked, batches, marks):
    state = pdm.Attribution(**asked)
    for number, batch in enumerate(batches):
        if batch:
            state.update(columns(batch))
        if number < len(marks):
            state.advance(marks[number])
        if draw(st.booleans()):
            data = state.to_bytes()
            state = pdm.State.from_bytes(data, tz=asked["tz"], threads=asked["threads"])
            assert state.to_bytes() == data
    return state


@CHECKS
@given(data=st.data(), stream=streams())
def test_advancing_changes_no_result(pdm, data, stream):
    tick, found, marks, doubles, negative = stream
    asked = data.draw(options(tick))
    if doubles:
        asked["value_type"] = "double"
    if negative:
        asked["allow_negative_value"] = True
    whole = pdm.Attribution(**asked)
    if found:
        whole.update(columns([row for _, row in found]))
    expected = tables(pdm, whole)
    shards = data.draw(st.sampled_from([1, 1, 2, 3]))
    parts = []
    for shard in range(shards):
        mine = [(b, row) for b, row in found if row["user"] % shards == shard]
        batches = [[row for b, row in mine if b == number] for number in range(len(marks) + 1)]
        try:
            parts.append(advanced(pdm, data.draw, asked, batches, marks))
        except OverflowError:
            assert doubles and expected[0] is not None  # a sum beyond the doubles is one, settled or not
            event("overflow")
            return
    state = pdm.Attribution(**asked) if data.draw(st.booleans()) else parts.pop()
    for part in parts:
        state.merge(part)
    event(f"{asked['nulls']} {asked['reset']}")
    assert tables(pdm, state) == expected
    state.advance(marks[-1] + 40 * DAY)  # everything that can be settled is
    assert tables(pdm, state) == expected


def row(user, time, kind, channel=None, **more):
    return {name: None for name in COLUMNS} | {"user": user, "time": time, "kind": kind, "channel": channel} | more


NIGHT = int(datetime(2010, 11, 7, 2, 0, tzinfo=UTC).timestamp()) * 1_000_000
MINUTE = 60_000_000
# Options, rows by batch, the watermark after each batch; and a total that tells whether it was done.
SCENES = {
    "a milestone marks the last touch of a run that is over": (
        {"nulls": "expired", "lookback": 1, "milestones": ["lead"]},
        [[row(1, 0, "touch", "A"), row(2, 0, "touch", "A")], [row(1, 9, "milestone", mark="lead")]],
        [5],
        {"paths": 2, "null_journeys": 2},
    ),
    "a conversion too late to claim a run that waits": (
        {"nulls": "expired", "lookback": 1, "milestones": ["lead"]},
        [[row(1, 0, "touch", "A"), row(1, 5, "conversion", value=1)], [row(1, 9, "touch", "B")], []],
        [6, 20, 30],
        {"paths": 2, "null_journeys": 2, "unattributed_conversions": 1},
    ),
    "a conversion claims a run that waits, another is too late": (
        {"nulls": "expired", "lookback": 3, "milestones": ["lead"]},
        [
            [row(1, 0, "touch", "A"), row(1, 1, "conversion", value=1), row(1, 2, "touch", "B")],
            [row(1, 8, "conversion", value=1)],
            [row(1, 40, "touch", "C")],
            [],
        ],
        [2, 9, 41, 90],
        {"paths": 3, "null_journeys": 2, "unattributed_conversions": 1},
    ),
    "a touch exactly one lookback before the watermark": (
        {"lookback": 10, "nulls": "none"},
        [[row(1, 5, "touch", "A")], [row(1, 15, "conversion", value=1)]],
        [15],
        {"unattributed_conversions": 0},
    ),
    "a day that comes twice": (
        {"lookback": 0, "lookback_kind": "calendar_days", "tz": "America/St_Johns", "nulls": "none"},
        [
            [row(1, NIGHT, "touch", "A")],  # 23:30 on the 6th
            [row(1, NIGHT + 40 * MINUTE, "conversion", value=1)],  # 23:10 on the 6th once more
        ],
        [NIGHT + 30 * MINUTE + 30_000_000],  # half a minute into the 7th
        {"unattributed_conversions": 0},
    ),
    "a day that comes twice, of a null journey": (
        {
            "lookback": 0,
            "lookback_kind": "calendar_days",
            "tz": "America/St_Johns",
            "null_window": "lookback",
            "reset": "first_only",
        },
        [
            [
                row(1, NIGHT - MINUTE, "conversion", value=1),
                row(1, NIGHT, "touch", "A"),
                row(1, NIGHT + 30 * MINUTE + 30_000_000, "touch", "B"),  # on the 7th
            ],
            [row(1, NIGHT + 40 * MINUTE, "touch", "C")],  # on the 6th
        ],
        [NIGHT + 31 * MINUTE],
        {"null_journeys": 1, "channels": 3},
    ),
    "the channel of a touch that no lookback reaches": (
        {"lookback": 1, "direct": ["D"], "direct_mode": "inherit_previous", "inherit_window": 10, "nulls": "none"},
        [[row(1, 0, "touch", "A")], [row(1, 9, "touch", "D")], [row(1, 10, "conversion", value=1)]],
        [9, 10],
        {"channels": 2, "paths": 1, "unattributed_conversions": 0},
    ),
    "a sum that no double holds until more comes": (
        {"value_type": "double", "allow_negative_value": True, "nulls": "none", "lookback": 100},
        [
            [row(1, 0, "touch", "A"), *(row(1, t, "conversion", value=1.5e308) for t in (1, 2, 3))],
            [row(1, 9, "conversion", value=-1.5e308), row(1, 10, "conversion", value=-1.5e308)],
        ],
        [5],
        {"attributed_value": 1.5e308},
    ),
    "a touch used twice": (
        {"lookback": 10},
        [[row(1, 0, "touch", "A"), row(1, 1, "conversion", value=1)], [row(1, 5, "conversion", value=1)]],
        [2],
        {"touches": 1, "used_touches": 1, "conversions": 2},
    ),
    "the last conversion waits for the end": (
        {"reset": "last_only", "lookback": 2},
        [
            [row(1, 0, "touch", "A"), row(1, 1, "conversion", value=1), row(1, 4, "touch", "B")],
            [row(2, 50, "touch", "B")],
        ],
        [40, 60],
        {"attributed_conversions": 1, "ignored_conversions": 0, "null_journeys": 2},
    ),
}


@pytest.mark.parametrize("scene", SCENES, ids=lambda name: name.replace(" ", "-"))
def test_scenes(pdm, scene):
    asked, batches, marks, totals = SCENES[scene]
    asked = {"models": ["linear"], "top": -1, **asked}
    whole = pdm.Attribution(**asked).update(columns([found for batch in batches for found in batch]))
    state = pdm.Attribution(**asked)
    for number, batch in enumerate(batches):
        if batch:
            state.update(columns(batch))
        if number < len(marks):
            state.advance(marks[number])
    got = whole.result()["totals"].to_rows()[0]
    assert {name: got[name] for name in totals} == totals
    assert tables(pdm, state) == tables(pdm, whole)


def stream(day, users):
    """A day of users who come for a week and never again."""
    found = []
    for user in range(max(0, day - 6) * users, (day + 1) * users):
        found.append(row(user, day * DAY + user, "touch", CHANNELS[(user + day) % 3]))
        if (user + day) % 5 == 0:
            found.append(row(user, day * DAY + HOUR + user, "conversion", value=user % 7))
    return found


@pytest.mark.parametrize(
    "asked", [{"nulls": "none"}, {"nulls": "expired"}, {"nulls": "expired", "null_window": "lookback"}]
)
def test_memory_is_bounded_by_time(pdm, asked):
    """Bytes grow with the users that were ever seen, which have to be known, but not with their rows."""
    asked = {"lookback": "7d", "models": ["linear", "time_decay"], "reset": "after_conversion", **asked}
    state, all_rows, sizes = pdm.Attribution(**asked), pdm.Attribution(**asked), []
    for day in range(60):
        state.update(columns(stream(day, 40)))
        all_rows.update(columns(stream(day, 40)))
        state.advance((day + 1) * DAY)
        sizes.append(len(state.to_bytes()) - 40 * (day + 1) * 32)  # each user: key, flags, last conversion
    assert tables(pdm, state) == tables(pdm, all_rows)
    assert max(sizes[30:]) < 1.3 * max(sizes[15:30])
    state.advance(200 * DAY)
    assert len(state.to_bytes()) < len(all_rows.to_bytes())
    assert tables(pdm, state) == tables(pdm, all_rows)


def test_late_rows(pdm):
    early = columns([row(1, 0, "touch", "A"), row(1, 5, "conversion", value=1)])
    late = columns([row(1, 20, "touch", "A"), row(2, 9, "touch", "B")])
    state = pdm.Attribution(models=["linear"]).update(early).advance(10)
    before = state.to_bytes()
    with pytest.raises(pdm.SegmentOverlapError) as caught:
        state.update(late)
    assert (caught.value.row, caught.value.column) == (1, "time")
    assert state.to_bytes() == before
    state = pdm.Attribution(models=["linear"], late_rows="drop").update(early).advance(10).update(late)
    state = pdm.State.from_bytes(state.to_bytes())
    totals = state.result()["totals"].to_rows()[0]
    assert (totals["rows"], totals["rows_late"], totals["users"], totals["touches"]) == (4, 1, 1, 2)


def test_watermarks(pdm):
    """A watermark is any time; it rises."""
    marks = [datetime(2024, 5, 1), "2024-05-01", "2024-05-01T08:00:00+08:00", 1_714_521_600_000_000]
    data = {
        pdm.Attribution(models=["linear"]).update(columns([row(1, 0, "touch", "A")])).advance(m).to_bytes()
        for m in marks
    }
    assert len(data) == 1
    state = pdm.Attribution(models=["linear"], tz="Asia/Shanghai").advance("2024-05-01")
    with pytest.raises(pdm.ArgumentError, match="already"):
        state.advance("2024-04-30")
    with pytest.raises(pdm.CombinationError, match="list_journeys"):
        pdm.Attribution(list_journeys=True).advance("2024-05-01")
    with pytest.raises(pdm.CombinationError, match="lookback"):
        pdm.Attribution(lookback=UNLIMITED).advance("2024-05-01")
    with pytest.raises(pdm.CombinationError, match="funnel"):
        pdm.Funnel(steps=["a", "b"]).advance("2024-05-01")


def test_merging(pdm):
    one = pdm.Attribution(models=["linear"]).update(columns([row(1, 0, "touch", "A")])).advance(10)
    two = pdm.Attribution(models=["linear"]).update(columns([row(2, 0, "touch", "B")]))
    with pytest.raises(pdm.OptionsDifferError, match="advanced to 10"):
        one.merge(two)
    two.advance(9)
    with pytest.raises(pdm.OptionsDifferError, match="10 and to 9"):
        one.merge(two)
    two.advance(10)
    with pytest.raises(pdm.SegmentOverlapError, match="user 1 is in both"):
        one.merge(one.copy())
    assert one.copy().merge(two).to_bytes() == two.copy().merge(one).to_bytes()
