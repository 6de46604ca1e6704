"""The library against the exact reference on small random journeys: every option of journeys, every model, every channel."""

import os
from fractions import Fraction

import attribution_reference as reference
import pytest
from attribution_reference import DAY, Options, Row
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LONG = 20 if os.environ.get("PDM_LONG") else 1
CHECKS = settings(deadline=None, max_examples=150 * LONG, suppress_health_check=list(HealthCheck), database=None)

RULES = (
    "first_touch",
    "last_touch",
    "first_non_direct",
    "last_non_direct",
    "linear",
    "linear_unique",
    "participation",
    "u_shaped",
    "j_shaped",
    "inverse_j_shaped",
    "position_decay",
)
MARKED = ("w_shaped", "full_path")
ORDERS = (1, 2, 3)
WORTHS = ("conversions", "value", "rate_subsets")
CHANNELS = ("A", "B", "社群", "短信")


@st.composite
def rows(draw, tick):
    kinds = st.sampled_from(["touch", "touch", "touch", "conversion", "milestone"])
    found = []
    for number in range(draw(st.integers(0, 16))):
        kind = draw(kinds)
        found.append(
            Row(
                user=draw(st.integers(1, 3)),
                time=draw(st.integers(0, 8)) * tick - 2 * DAY,
                kind=kind,
                channel=draw(st.sampled_from(CHANNELS)) if kind == "touch" else None,
                value=draw(st.sampled_from([None, 0, 1, 7, 100])) if kind == "conversion" else None,
                seq=draw(st.integers(0, 2)),
                priority=draw(st.integers(0, 2)) if kind == "touch" else 0,
                mark=draw(st.sampled_from(["lead", "opportunity"])) if kind == "milestone" else None,
            )
        )
        del number
    return found


@st.composite
def options(draw, tick):
    kind = draw(st.sampled_from(["elapsed", "elapsed", "calendar_days"]))
    looks = [0, DAY, 2 * DAY, reference.UNLIMITED] if kind == "calendar_days" else [0, tick, 3 * tick, 4 * tick, reference.UNLIMITED]
    return Options(
        reset=draw(st.sampled_from(["none", "after_conversion", "first_only", "last_only"])),
        lookback=draw(st.sampled_from(looks)),
        lookback_kind=kind,
        priority_mode=draw(st.sampled_from(["off", "off", "highest_only"])),
        priority_lookbacks=draw(st.sampled_from([(), (), ((1, looks[1]),), ((0, looks[2]), (2, looks[0]))])),
        direct=draw(st.sampled_from([(), ("A",), ("A", "社群", "nobody")])),
        direct_mode=draw(st.sampled_from(["keep", "exclude_unless_all", "strip_tail", "exclude", "inherit_previous"])),
        inherit_window=draw(st.sampled_from([tick, 2 * tick])),
        transform=draw(st.sampled_from(["none", "none", "exposure", "first", "frequency"])),
        max_touches=draw(st.sampled_from([0, 0, 1, 3])),
        nulls=draw(st.sampled_from(["trailing", "non_converters", "none", "expired"])),
        null_window=draw(st.sampled_from(["all", "lookback"])),
        milestones=("lead", "opportunity"),
    )


def ask(pdm, found, o, shards=1):
    """The library's result; rows dealt to shards."""
    given_options = {name: value for name, value in vars(o).items() if value not in ((), "keep")}
    given_options["direct_mode"] = o.direct_mode
    given_options["priority_lookbacks"] = [{"priority": p, "lookback": lookback} for p, lookback in o.priority_lookbacks] or None
    given_options["direct"] = list(o.direct) or None
    given_options["milestones"] = list(o.milestones)
    given_options["models"] = [
        *RULES,
        *MARKED,
        *({"model": "markov", "order": order} for order in ORDERS),
        *({"model": "shapley", "worth": worth} for worth in WORTHS),
    ]
    given_options = {name: value for name, value in given_options.items() if value is not None}
    states = []
    for shard in range(shards):
        mine = found[shard::shards]
        state = pdm.Attribution(top=-1, list_journeys=True, **given_options)
        if mine:
            state.update({name: [getattr(row, name) for row in mine] for name in vars(mine[0])})
        states.append(state)
    first = states.pop()
    for state in states:
        first.merge(state)
    return first.result()


def near(got, expected, scale=1):
    expected = float(expected)
    assert got is not None and abs(got - expected) <= 1e-12 * max(1.0, abs(expected), scale), (got, expected)


def path_of(journey):
    return tuple(t.channel if t.times == 0 else f"{t.channel}({t.times})" for t in journey.touches)


def check_journeys(result, found):
    expected = sorted(
        (j.user, j.conversions == 0, j.time if j.conversions else 0, " > ".join(path_of(j)), j.value) for j in found
    )
    got = sorted(
        (row["user"], row["nulls"] == 1, row["conversion_time"] or 0, row["path"], int(row["value"]))
        for row in result["journeys"].to_rows()
    )
    micros = [(u, n, t if isinstance(t, int) else round(t.timestamp() * 1e6), p, v) for u, n, t, p, v in got]
    assert sorted(micros) == expected
    for row in result["journeys"].to_rows():
        if row["conversions"]:
            path = row["path"]
            times = [j for j in found if j.user == row["user"] and " > ".join(path_of(j)) == path]
            ages = [[j.time - t.time for t in j.touches] for j in times]
            assert [int(age) for age in row["ages"].split(",") if age] in ages


def check_totals(result, found, ignored):
    totals = result["totals"].to_rows()[0]
    empty = [j for j in found if not j.touches]
    assert totals["conversions"] == sum(j.conversions for j in found) + len(ignored)
    assert totals["ignored_conversions"] == len(ignored)
    assert totals["unattributed_conversions"] == sum(j.conversions for j in empty)
    assert totals["unattributed_value"] == sum(j.value for j in empty)
    assert totals["null_journeys"] == sum(1 - j.conversions for j in found)
    assert totals["unattributed_nulls"] == sum(1 - j.conversions for j in empty)
    assert totals["truncated_paths"] == sum(j.cut for j in found)


def check_credits(result, found, o):
    credits = {(row["model"], row["channel"]): row for row in result["credits"].to_rows() if row["row_kind"] == "channel"}
    channels = sorted({channel for _, channel in credits}, key=str.encode)
    for model in (*RULES, *MARKED):
        expected = reference.rule(model, found, o)
        for channel in channels:
            near(credits[model, channel]["conversions"], expected[channel][0])
            near(credits[model, channel]["value"], expected[channel][1])
    return channels


def check_chains(result, found, channels):
    rows = {(row["model"], row["channel"]): row for row in result["removal_effects"].to_rows()}
    converted = sum(j.conversions for j in found if j.touches)
    value = sum(j.value for j in found if j.touches)
    for order in ORDERS:
        effects = reference.removal_effects(found, order, channels)
        sums = [sum(effect[i] for effect in effects.values()) for i in (0, 1)]
        for channel in channels:
            row = rows["markov" if order == 1 else f"markov_{order}", channel]
            near(row["removal_effect"], effects[channel][0])
            near(row["removal_effect_value"], effects[channel][1])
            near(row["conversions"], effects[channel][0] / sums[0] * converted if sums[0] else 0)
            near(row["value"], effects[channel][1] / sums[1] * value if sums[1] else 0, value)


def check_games(result, found, channels):
    rows = {(row["model"], row["channel"]): row["shapley_value"] for row in result["shapley"].to_rows()}
    for worth in WORTHS:
        values = reference.shapley(found, channels, worth)
        name = "shapley" if worth == "conversions" else f"shapley_{worth}"
        for channel in channels:
            near(rows[name, channel], values[channel])


@CHECKS
@given(st.data())
def test_everything(pdm, data):
    tick = data.draw(st.sampled_from([DAY // 3, DAY, 3_600_000_000]))
    o = data.draw(options(tick))
    found_rows = data.draw(rows(tick))
    found, ignored = reference.journeys(found_rows, o)
    result = ask(pdm, found_rows, o)
    check_journeys(result, found)
    check_totals(result, found, ignored)
    channels = check_credits(result, found, o)
    check_chains(result, found, channels)
    check_games(result, found, channels)


@CHECKS
@given(st.data())
def test_shards_are_the_whole(pdm, data):
    o = data.draw(options(DAY))
    found = data.draw(rows(DAY))
    whole = ask(pdm, found, o)
    parts = ask(pdm, found, o, shards=3)
    for name in ("credits", "paths", "removal_effects", "shapley", "journeys", "totals", "time_to_convert"):
        assert whole[name].to_rows() == parts[name].to_rows()


def test_the_reference_knows_the_example():
    rows_given = [Row(1, 0, "touch", "A"), Row(1, 1, "touch", "B"), Row(1, 2, "conversion", value=9), Row(2, 0, "touch", "A")]
    found, ignored = reference.journeys(rows_given, Options())
    assert not ignored
    effects = reference.removal_effects(found, 1, ["A", "B"])
    assert effects == {"A": (1, 1), "B": (1, 1)}
    assert reference.shapley(found, ["A", "B"], "rate_subsets") == {"A": Fraction(1, 4), "B": Fraction(1, 4)}
    with pytest.raises(KeyError):
        reference.weights("magic", found[0].touches, Options())
