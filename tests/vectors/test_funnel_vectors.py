"""Conformance vectors of the funnel, asked of the library and of the naive reference that other tests compare it with; and the
reference against itself: its walk and its sealed blocks against all attempts that there are.
"""

import functools
import importlib.util
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import funnel_library as library  # noqa: E402
import funnel_reference as reference  # noqa: E402
import funnel_reference_tables as reference_tables  # noqa: E402
import funnel_vectors as vectors  # noqa: E402

CASES = vectors.funnel_cases()
ENGINES = {"reference": reference.funnel}
if importlib.util.find_spec("pdmetrics") is not None:
    ENGINES |= {f"library-{form}": functools.partial(library.engine, form=form) for form in library.FORMS}
EXAMPLES = int(os.environ.get("PDM_EXAMPLES") or 300)

Row = reference.Row


@pytest.fixture(params=ENGINES)
def engine(request):
    return ENGINES[request.param]


def case_of(name):
    if name not in CASES:
        pytest.skip(f"shared/vectors/product-analytics is not here (set PDM_SHARED): {name}")
    return CASES[name]


def cases_of(*kinds):
    """Ids of the cases of some kinds; one that skips visibly where there are no vectors."""
    return [name for name, case in CASES.items() if case["kind"] in kinds] or ["/".join(kinds)]


# ---- vectors ----------------------------------------------------------------------------------------------------------------


def test_every_file_has_its_cases():
    case_of(next(iter(CASES), "no vectors"))
    for name in vectors.FILES:
        assert any(case["kind"] in vectors.KINDS for case in vectors.load(name)), name


@pytest.mark.parametrize("name", cases_of(*(kind for kind in vectors.KINDS if kind != "wilson")))
def test_vector(engine, name):
    question = vectors.question_of(case_of(name))
    vectors.check(question, engine(question.rows, question.options))


@pytest.mark.parametrize("name", cases_of(*(kind for kind in vectors.KINDS if kind != "wilson")))
def test_vector_in_any_row_order(engine, name):
    question = vectors.question_of(case_of(name))
    vectors.check(question, engine(question.rows[::-1], question.options))


@pytest.mark.parametrize("name", cases_of("wilson"))
def test_wilson(name):
    case = case_of(name)
    params = case["params"]
    interval = reference_tables.wilson(params["x"], params["n"], params["conf_level"])
    assert interval == pytest.approx(case["expected"]["interval"], rel=0, abs=1e-14)


# ---- sealed blocks of the vectors -------------------------------------------------------------------------------------------


def cut(rows, cuts):
    bounds = [float("-inf"), *cuts, float("inf")]
    return [[row for row in rows if low <= row.time < high] for low, high in zip(bounds, bounds[1:])]


def merged(blocks, tree, options):
    """Merges neighbours in the order that `tree` says until one block is left."""
    blocks = list(blocks)
    while len(blocks) > 1:
        at = tree.pop() % (len(blocks) - 1) if tree else 0
        blocks[at : at + 2] = [reference.merge_blocks(blocks[at], blocks[at + 1], options)]
    return blocks[0]


@pytest.mark.parametrize("name", [name for name in cases_of("funnel_attempt") if name.startswith("merge-")] or ["merge"])
def test_sealed_vector(name):
    question = vectors.question_of(case_of(name))
    sealed = question.case["expected"]["sealed"]
    times = [vectors.seconds(t) for t in question.case["expected"]["times_by_user"].get("u", [])]
    cuts = [vectors.seconds(t) for t in question.case["params"]["segment_cuts"]]
    blocks = [reference.block_of(part, question.options) for part in cut(question.rows, cuts)]
    whole = reference.block_of(question.rows, question.options)
    for tree in ([0, 0], [0, 1]):
        assert merged(blocks, tree, question.options) == whole
    assert {f"{i},{j}": t for (i, j), t in whole.T.items()} == {at: vectors.seconds(t) for at, t in sealed["T"].items()}
    entries = {j: [vectors.seconds(t) for t in c] for j, c in sealed["C"].items()}
    assert {str(j): list(c) for j, c in whole.C.items()} == entries
    assert list(whole.R) == times
    assert times == reference.brute_force(question.rows, question.options)


# ---- the reference against all attempts -------------------------------------------------------------------------------------


def rows_of(draw, steps, most):
    count = draw(st.integers(0, most))
    span = draw(st.sampled_from([1, 4, 12]))
    made = []
    for seq in range(count):
        mask = draw(st.one_of(st.integers(0, 2**steps - 1), st.integers(0, steps - 1).map(lambda bit: 1 << bit)))
        made.append(Row("u", draw(st.integers(0, span)), mask, seq=seq))
    return made


@st.composite
def default_funnels(draw, **more):
    steps = draw(st.integers(1, 4))
    rows = rows_of(draw, steps, 7)
    given = {
        "steps": steps,
        "window": draw(st.sampled_from([0, 1, 3, 6, 20, None])),
        "event_reuse": draw(st.sampled_from(["forbid", "allow"])),
        "strict_increase": draw(st.sampled_from(["off", "skip"])),
        **{name: draw(choice) for name, choice in more.items()},
    }
    return rows, given


def reported_times(rows, options):
    """Step times by the walk, without gaps."""
    units = reference.funnel(rows, options)["units"]
    return [units[0][f"t_{step}"] for step in range(1, units[0]["level"] + 1)] if units else []


@settings(max_examples=EXAMPLES, deadline=None)
@given(default_funnels(attempt_tie=st.sampled_from(["first_completed", "first_entered"])))
def test_walk_is_the_best_of_all_attempts(case):
    rows, given_options = case
    options = reference.make_options(**given_options)
    assert reported_times(rows, options) == reference.brute_force(rows, options)


@settings(max_examples=EXAMPLES, deadline=None)
@given(default_funnels(), st.data())
def test_step_windows_are_the_best_of_all_attempts(case, data):
    rows, given_options = case
    widths = [data.draw(st.sampled_from([None, 0, 1, 2, 5])) for _ in range(given_options["steps"] - 1)]
    options = reference.make_options(**given_options, step_windows=tuple(widths))
    assert reported_times(rows, options) == reference.brute_force(rows, options)


@settings(max_examples=EXAMPLES, deadline=None)
@given(default_funnels(window_kind=st.just("calendar_days"), window=st.sampled_from([1, 2, 3])))
def test_calendar_days_are_the_best_of_all_attempts(case):
    rows, given_options = case
    rows = [replace(row, time=row.time * reference_tables.DAY // 3 - reference_tables.DAY) for row in rows]
    options = reference.make_options(**given_options, tz="Asia/Shanghai")
    assert reported_times(rows, options) == reference.brute_force(rows, options)


@settings(max_examples=EXAMPLES, deadline=None)
@given(default_funnels(), st.data())
def test_optional_steps_leave_the_required_ones_alone(case, data):
    """The required steps are those of the funnel without the optional ones, and optional times lie between them."""
    rows, given_options = case
    steps = given_options["steps"]
    optional = tuple(step for step in range(2, steps) if data.draw(st.booleans()))
    options = reference.make_options(**given_options, optional_steps=optional)
    alone = reference.make_options(**{**given_options, "steps": len(options.required)})
    squeezed = [
        replace(row, mask=sum((row.mask >> (step - 1) & 1) << i for i, step in enumerate(options.required))) for row in rows
    ]
    units = reference.funnel(rows, options)["units"]
    got = [units[0][f"t_{step}"] for step in options.required if units[0][f"t_{step}"] is not None] if units else []
    assert got == reference.brute_force(squeezed, alone)
    filled = [units[0][f"t_{step}"] for step in options.all_steps if units and units[0][f"t_{step}"] is not None]
    assert filled == sorted(filled)
    if options.strict_increase == "skip":
        assert len(set(filled)) == len(filled)


@settings(max_examples=EXAMPLES, deadline=None)
@given(default_funnels())
def test_an_added_row_never_lowers_the_level(case):
    rows, given_options = case
    options = reference.make_options(**given_options)
    levels = [len(reported_times(rows[:n], options)) for n in range(len(rows) + 1)]
    assert levels == sorted(levels)


@settings(max_examples=EXAMPLES, deadline=None)
@given(default_funnels())
def test_unordered_is_the_largest_set_of_a_window(case):
    rows, given_options = case
    options = reference.make_options(**{**given_options, "strict_increase": "off"}, order="unordered")
    window = float("inf") if options.window is None else options.window

    def most(pool, step=1):
        """Most different steps >= `step` that distinct rows can fill, by trying all ways."""
        if step > options.steps:
            return 0
        ways = [most(pool, step + 1)]
        for i, row in enumerate(pool):
            if row.mask >> (step - 1) & 1:
                left = pool if options.event_reuse == "allow" else pool[:i] + pool[i + 1 :]
                ways.append(1 + most(left, step + 1))
        return max(ways)

    times = sorted({row.time for row in rows})
    levels = {t: most([row for row in rows if t - window <= row.time <= t]) for t in times}
    level = max(levels.values(), default=0)
    got = reported_times(rows, options)
    assert len(got) == level
    if level:
        assert got[-1] == min(t for t in times if levels[t] == level)
        assert got == sorted(got) and got[-1] - got[0] <= window


# ---- sealed blocks ----------------------------------------------------------------------------------------------------------


def chain(rows, steps, options):
    """Earliest end of rows that do some steps in order, by trying all ways; None if they cannot."""
    wanted = len(steps)
    squeezed = [replace(row, mask=sum((row.mask >> (step - 1) & 1) << i for i, step in enumerate(steps))) for row in rows]
    free = replace(options, steps=wanted, window=None, window_kind="elapsed", attempt_tie="first_completed")
    times = reference.brute_force(squeezed, free)
    return times[-1] if len(times) == wanted else None


@settings(max_examples=EXAMPLES, deadline=None)
@given(default_funnels(), st.lists(st.integers(-1, 13), max_size=4), st.lists(st.integers(0, 99), max_size=6))
def test_blocks_of_any_cut_and_tree(case, cuts, tree):
    rows, given_options = case
    options = reference.make_options(**given_options)
    blocks = [reference.block_of(part, options) for part in cut(rows, sorted(cuts))]
    block = merged(blocks, list(tree), options)
    assert block == reference.block_of(rows, options)
    assert list(block.R) == reference.brute_force(rows, options) == reported_times(rows, options)
    steps = options.steps
    for i in range(1, steps):
        for j in range(i + 1, steps + 1):
            assert block.T.get((i, j)) == chain(rows, range(i + 1, j + 1), options)


@settings(max_examples=EXAMPLES, deadline=None)
@given(default_funnels(), st.lists(st.integers(-1, 13), max_size=3))
def test_blocks_know_the_latest_entry_of_each_level(case, cuts):
    rows, given_options = case
    options = reference.make_options(**given_options)
    block = merged([reference.block_of(part, options) for part in cut(rows, sorted(cuts))], [], options)
    clock = reference.Clock(options, 0)
    items = reference.items_of(sorted(rows, key=reference.canonical), options)
    attempts = [[item.time for item in one] for one in reference.every_attempt(items, (), options, clock)]
    for level in range(1, options.steps + 1):
        latest = max((one[0] for one in attempts if len(one) >= level), default=None)
        assert (block.C[level][0] if level in block.C else None) == latest
        if level in block.C:
            assert list(block.C[level]) in [one[:level] for one in attempts]


# ---- tables -----------------------------------------------------------------------------------------------------------------


def test_no_rows(engine):
    tables = engine([], reference.make_options(steps=3))
    assert [row["count"] for row in tables["steps"]] == [0, 0, 0]
    assert all(row["rate_first"] is None and row["rate_first_lo"] is None for row in tables["steps"])
    assert [(row["from"], row["to"], row["n"], row["mean"]) for row in tables["durations"]] == [
        (1, 2, 0, None),
        (2, 3, 0, None),
        (1, 3, 0, None),
    ]
    assert tables["units"] == [] and set(tables["totals"][0].values()) == {0}


def test_steps_of_a_small_funnel(engine):
    rows = [Row(unit, t, 1 << t) for unit, level in (("a", 3), ("b", 2), ("c", 1), ("d", 1)) for t in range(level)]
    tables = engine(rows, reference.make_options(steps=3, window=5, as_of=5))
    columns = ("count", "rate_first", "rate_prev", "dropped", "drop_rate", "stopped", "open")
    assert [[row[name] for name in columns] for row in tables["steps"]] == [
        [4, 1.0, None, None, None, 2, 0],
        [2, 0.5, 0.5, 2, 0.5, 1, 0],
        [1, 0.25, 0.5, 1, 0.5, 1, 0],
    ]
    still_open = engine(rows, reference.make_options(steps=3, window=5, as_of=4))
    assert [row["open"] for row in still_open["steps"]] == [2, 1, 0]


def test_optional_step_is_filled_between(engine):
    rows = [Row("a", 0, 1), Row("a", 2, 2), Row("a", 5, 4), Row("b", 0, 1), Row("b", 5, 4), Row("b", 6, 2)]
    tables = engine(rows, reference.make_options(steps=3, window=9, optional_steps=(2,)))
    assert [[row["count"], row["rate_prev_den"], row["optional"]] for row in tables["steps"]] == [
        [2, None, False],
        [1, 2, True],
        [2, 2, False],
    ]
    assert [[row["t_2"], row["level"]] for row in tables["units"]] == [[2, 2], [None, 2]]


def test_hold_constant_counts_pairs_or_units(engine):
    rows = [Row("a", 0, 1, holds=("x",)), Row("a", 1, 1, holds=("y",)), Row("a", 2, 2, holds=("x",)), Row("a", 3, 2)]
    pairs = engine(rows, reference.make_options(steps=2, hold_constant="column"))
    assert [row["count"] for row in pairs["steps"]] == [2, 1]
    assert [(row["hold"], row["level"]) for row in pairs["units"]] == [("x", 2), ("y", 1)]
    units = engine(rows, reference.make_options(steps=2, hold_constant="column", hold_count="per_unit"))
    assert [(row["count"]) for row in units["steps"]] == [1, 1]


def test_hold_constant_of_each_step_its_own_column(engine):
    rows = [Row("a", 0, 1, holds=("x", None)), Row("a", 1, 2, holds=("y", "x")), Row("a", 2, 3, holds=(None, None))]
    tables = engine(rows, reference.make_options(steps=2, hold_constant="steps"))
    assert [(row["hold"], row["level"], row["t_2"]) for row in tables["units"]] == [("x", 2, 1)]


def test_sessions_are_cut_by_pauses(engine):
    minute = 60_000_000
    rows = [Row("a", 0, 1), Row("a", 25 * minute, 0), Row("a", 50 * minute, 2), Row("a", 81 * minute, 1)]
    tables = engine(rows, reference.make_options(steps=2, count="sessions"))
    assert [(row["session"], row["level"]) for row in tables["units"]] == [(1, 2), (2, 1)]


def test_range_may_cut_entries_only(engine):
    rows = [Row("a", 5, 1), Row("a", 12, 2), Row("b", 12, 1), Row("c", 4, 1)]
    given_options = {"steps": 2, "time_from": 5, "time_to": 10}
    counts = lambda **more: [  # noqa: E731
        row["count"] for row in engine(rows, reference.make_options(**given_options, **more))["steps"]
    ]
    assert counts() == [1, 0]
    assert counts(range_applies_to="entries") == [1, 1]


def test_mature_entries_only(engine):
    rows = [Row("a", 0, 1), Row("a", 5, 1), Row("a", 6, 2)]
    tables = engine(rows, reference.make_options(steps=2, window=4, mature_only=True, as_of=8))
    assert [(row["level"], row["t_1"]) for row in tables["units"]] == [(1, 0)]


def test_grace_never_gives_negative_durations(engine):
    rows = [Row("a", 0, 2), Row("a", 1, 1), Row("a", 9, 4)]
    tables = engine(rows, reference.make_options(steps=3, grace=2))
    assert [[row["t_1"], row["t_2"], row["t_3"]] for row in tables["units"]] == [[1, 0, 9]]
    assert [row["max"] for row in tables["durations"]] == [0, 9, 8]


def test_collapsed_ties_count_once(engine):
    rows = [Row("a", 0, 3), Row("a", 0, 3)]
    for collapse, level in ((False, 2), (True, 1)):
        tables = engine(rows, reference.make_options(steps=2, collapse_ties=collapse))
        assert [row["level"] for row in tables["units"]] == [level]


def test_breakdown_limit_sums_the_others(engine):
    rows = [Row(unit, 0, 1, value=value) for unit, value in zip("abcdefg", ["x", "x", "x", "y", "y", "", None])]
    tables = engine(rows, reference.make_options(steps=1, attribution="first_touch", breakdown_limit=1))
    assert [(row["group"], row["count"]) for row in tables["steps"]] == [("x", 3), ("(other)", 4)]
    every = engine(rows, reference.make_options(steps=1, attribution="first_touch"))
    assert [(row["group"], row["count"]) for row in every["steps"]] == [(None, 2), ("x", 3), ("y", 2)]


def test_histogram_between_edges(engine):
    rows = [row for unit, gap in enumerate([1, 4, 5, 9, 10, 11]) for row in (Row(unit, 0, 1), Row(unit, gap, 2))]
    tables = engine(rows, reference.make_options(steps=2, edges=(4, 5, 10)))
    assert [(row["left"], row["right"], row["count"]) for row in tables["histogram"]] == [
        (None, 4, 1),
        (4, 5, 1),
        (5, 10, 3),
        (10, None, 1),
    ]


def test_trend_counts_later_steps_outside_the_period(engine):
    day = reference_tables.DAY
    rows = [Row("a", 0, 1), Row("a", day + 1, 2), Row("a", day + 2, 1), Row("b", 2 * day, 1)]
    tables = engine(rows, reference.make_options(steps=2, window=2 * day, trend_period="day"))
    assert [[row["period_start"], row["n_from"], row["n_to"], row["complete"]] for row in tables["trend"]] == [
        [0, 1, 1, False],
        [day, 1, 0, False],
        [2 * day, 1, 0, False],
    ]


def line(text, *, gap=1, start=0):
    """Rows of unit "u", `gap` apart: letters are the steps they satisfy ("ab" both, "-" none), an x also exclusion 1."""
    rows = []
    for number, word in enumerate(text.split()):
        mask = sum(1 << (ord(letter) - ord("a")) for letter in word if letter in "abcdefg")
        rows.append(Row("u", start + number * gap, mask, exclude=int("x" in word), seq=number))
    return rows


def attempts(engine, text, **given_options):
    """The times of each attempt in table `units`; None for a dropped one."""
    options = reference.make_options(**{"window": 100, **given_options})
    table = engine(line(text), options)["units"]
    times = [[row[f"t_{step}"] for step in options.all_steps if row[f"t_{step}"] is not None] for row in table]
    return [None if row["dropped"] else filled for row, filled in zip(table, times)]


@pytest.mark.parametrize(
    ("text", "given_options", "expected"),
    [
        # totals: the completing group opens nothing, the stopping group may, the excluding one not
        ("a ab b", {"steps": 2}, [[0, 1]]),
        ("a a b a b", {"steps": 2}, [[0, 2], [3, 4]]),
        ("a a b", {"steps": 2, "order": "strict"}, [[0], [1, 2]]),
        ("a - a b", {"steps": 2, "order": "strict"}, [[0], [2, 3]]),
        ("a ca b c", {"steps": 3, "order": "fixed"}, [[0], [1, 2, 3]]),
        ("a xa a b", {"steps": 2, "exclusions": ((1, 2, "end_attempt"),)}, [[0], [2, 3]]),
        ("a x b a b", {"steps": 2, "exclusions": ((1, 2, "wipe_progress"),)}, [[3, 4]]),
        ("a x b a b", {"steps": 2, "exclusions": ((1, 2, "drop_unit"),)}, [None, [3, 4]]),
        ("a - - a b", {"steps": 2, "window": 2}, [[0], [3, 4]]),
        ("a - a b", {"steps": 2, "window": 2}, [[0]]),
        ("a a b", {"steps": 2, "totals_mode": "every_entry"}, [[0, 2], [1, 2]]),
        ("a a b", {"steps": 2, "entry": "first", "totals_mode": "every_entry"}, [[0, 2], [1, 2]]),
    ],
)
def test_totals(engine, text, given_options, expected):
    assert attempts(engine, text, count="totals", **given_options) == expected


@pytest.mark.parametrize(
    ("text", "given_options", "expected"),
    [
        ("a a b", {"steps": 2, "order": "strict", "entry": "first"}, [[0]]),
        ("a a b", {"steps": 2, "order": "strict", "entry": "first", "strict_repeat": True}, [[0, 2]]),
        ("a - b", {"steps": 2, "order": "strict", "strict_repeat": True}, [[0]]),
        ("a b a c", {"steps": 3, "order": "strict", "strict_repeat": True}, [[0, 1]]),
        ("a b a c", {"steps": 3, "deduplication": "break_attempt"}, [[0, 1]]),
        ("a a b c", {"steps": 3, "deduplication": "break_attempt"}, [[1, 2, 3]]),
        ("a b a c", {"steps": 3, "entry": "last"}, [[2]]),
        ("ab c b c", {"steps": 3, "entry": "last", "event_reuse": "allow"}, [[0, 0, 1]]),
        ("ab c b c", {"steps": 3, "entry": "last"}, [[0, 2, 3]]),
        # exclusions: a row that advances does not exclude; after the last step nothing does
        ("a xb c", {"steps": 3, "exclusions": ((1, 2, "drop_unit"),)}, [[0, 1, 2]]),
        ("a b x", {"steps": 2, "exclusions": ((1, 2, "drop_unit"),)}, [[0, 1]]),
        ("a x a", {"steps": 2, "exclusions": ((1, 2, "drop_unit"),)}, [[2]]),
        ("a x a b", {"steps": 3, "exclusions": ((1, 3, "drop_unit"),)}, [[2, 3]]),
        ("a b x c", {"steps": 3, "exclusions": ((1, 2, "end_attempt"), (2, 3, "drop_unit"))}, [[0, 1, 3]]),
        ("a b x", {"steps": 2, "order": "unordered", "exclusions": ((1, 2, "wipe_progress"),)}, [[0, 1]]),
        ("a x b", {"steps": 2, "order": "unordered", "exclusions": ((1, 2, "wipe_progress"),)}, [[2]]),
        ("b xa", {"steps": 2, "order": "unordered", "exclusions": ((1, 2, "wipe_progress"),)}, []),
        ("a a b b", {"steps": 2, "attempt_tie": "first_entered"}, [[0, 2]]),
        # chain scans
        ("a b a b c", {"steps": 3, "preset": "starrocks", "mode": ("deduplication",)}, [[0, 1]]),
        ("a b b a b c", {"steps": 3, "preset": "starrocks", "mode": ("deduplication",)}, [[3, 4, 5]]),
        ("a b b a b c", {"steps": 3, "preset": "clickhouse", "mode": ("strict_deduplication",)}, [[0, 1]]),
        ("a d b c a b c", {"steps": 3, "preset": "clickhouse", "mode": ("strict_order",)}, [[0]]),
        ("a d b c a b c", {"steps": 3, "order": "strict"}, [[4, 5, 6]]),
        ("a c b c", {"steps": 3, "preset": "clickhouse", "mode": ("strict_order",)}, [[0]]),
        ("a c b c", {"steps": 3, "preset": "clickhouse", "mode": ("strict_order", "allow_reentry")}, [[0, 2, 3]]),
        ("a c b c", {"steps": 3, "preset": "clickhouse", "mode": ("allow_reentry", "strict_order")}, [[0, 2, 3]]),
        ("abc", {"steps": 3, "preset": "clickhouse"}, [[0, 0, 0]]),
        ("abc", {"steps": 3, "preset": "starrocks"}, [[0]]),
        ("ab b", {"steps": 2, "preset": "clickhouse", "mode": ("strict_once",)}, [[0, 1]]),
    ],
)
def test_reported_attempt(engine, text, given_options, expected):
    assert attempts(engine, text, **given_options) == expected


def test_breakdown_by_the_row_of_a_step(engine):
    rows = [Row("u", 0, 1, value="x"), Row("u", 1, 2, value="z"), Row("u", 1, 2, value="y"), Row("v", 0, 1, value="x")]
    tables = engine(rows, reference.make_options(steps=2, attribution="step", attribution_step=2))
    assert [(row["group"], row["count"]) for row in tables["steps"]] == [("y", 1), ("y", 1)]
    assert tables["totals"][0]["units_unattributed"] == 1 and tables["totals"][0]["units_entered"] == 2


def test_breakdown_by_touch_takes_the_smallest_of_tied_values(engine):
    rows = [Row("u", 0, 1), Row("u", 1, 2, value="z"), Row("u", 1, 2, value="y"), Row("u", 9, 0, value="a")]
    for attribution in ("first_touch", "last_touch"):
        tables = engine(rows, reference.make_options(steps=2, attribution=attribution))
        assert [(row["group"], row["level"]) for row in tables["units"]] == [("y", 2)]


def test_rows_of_one_event_count_once(engine):
    rows = [Row("u", 3, 2, event_id=7), Row("u", 1, 1, event_id=7), Row("u", 4, 2, event_id=8), Row("v", 1, 1, event_id=8)]
    tables = engine(rows, reference.make_options(steps=2, dedupe="event_id"))
    assert [(row["unit"], row["t_1"], row["t_2"]) for row in tables["units"]] == [("u", 1, 4), ("v", 1, None)]


def test_nulls_are_refused_or_counted(engine):
    rows = [Row("u", 0, 1), Row(None, 0, 1), Row("u", None, 2), Row("u", 1, None)]
    with pytest.raises(ValueError, match="null"):
        engine(rows, reference.make_options(steps=2))
    totals = engine(rows, reference.make_options(steps=2, null_rows="skip"))["totals"][0]
    assert (totals["rows"], totals["rows_null"], totals["units_entered"]) == (4, 2, 1)


def test_weeks_of_the_posthog_preset_begin_on_sunday(engine):
    day = reference_tables.DAY
    rows = [Row("u", 3 * day, 1), Row("u", 2 * day, 1)]  # Sunday the 4th and Saturday the 3rd of January 1970
    for preset, starts in (("posthog", [-4 * day, 3 * day]), ("none", [-3 * day])):
        tables = engine(rows, reference.make_options(steps=1, preset=preset, trend_period="week"))
        assert [row["period_start"] for row in tables["trend"]] == starts


@pytest.mark.parametrize(("values", "bins"), [(1, 1), (2, 2), (8, 2), (9, 3), (27, 3), (28, 4)])
def test_number_of_bins_is_the_cube_root(engine, values, bins):
    rows = [row for unit in range(values) for row in (Row(unit, 0, 1), Row(unit, (unit + 1) * 1_000_000, 2))]
    table = engine(rows, reference.make_options(steps=2))["histogram"]
    assert len(table) == bins + 1 and sum(row["count"] for row in table) == values


@pytest.mark.parametrize(
    ("code", "given_options"),
    [
        ("bad_option", {"steps": 0}),
        ("bad_option", {"steps": 33}),
        ("bad_option", {"steps": 2, "window": -1}),
        ("bad_option", {"steps": 2, "window": 0, "window_kind": "calendar_days"}),
        ("bad_option", {"steps": 2, "exclusions": ((2, 2, None),)}),
        ("bad_option", {"steps": 2, "edges": (1, 1)}),
        ("bad_option", {"steps": 2, "grace": 1, "strict_increase": "skip"}),
        ("bad_option", {"steps": 2, "preset": "clickhouse"}),
        ("bad_option", {"steps": 2, "preset": "doris", "mode": ("strict_once",), "window": 1}),
        ("unsupported_combination", {"steps": 2, "preset": "clickhouse", "mode": ("allow_reentry",), "window": 1}),
        ("unsupported_combination", {"steps": 2, "order": "unordered", "count": "totals"}),
        ("unsupported_combination", {"steps": 3, "order": "unordered", "exclusions": ((1, 2, "wipe_progress"),)}),
        ("unsupported_combination", {"steps": 3, "order": "strict", "optional_steps": (2,)}),
    ],
)
def test_refused_options(code, given_options):
    with pytest.raises(reference.Refused) as raised:
        reference.make_options(**given_options)
    assert raised.value.code == code


def test_row_order_needs_seq(engine):
    with pytest.raises(Exception, match="seq"):
        engine([Row("a", 0, 1)], reference.make_options(steps=1, ties="row_order"))
