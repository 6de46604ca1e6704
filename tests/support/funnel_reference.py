"""The funnel metric written naively from its specification, to test the library against.

Plain Python on purpose: one pass per question, no sharing of work, no care for speed. It knows nothing of the library;
options have the specification's names and lower-case values.

    options = make_options(steps=3, window=HOUR, preset="posthog")
    tables = funnel([Row("u", 0, 0b001), Row("u", 5, 0b010)], options)
    tables["steps"][1]["count"]

Two roads lead to the default meaning: funnel() walks (section 1.3), brute_force() tries every attempt (section 1.2).
The algebra of sealed blocks (section 1.11) is at the end. Tables are made in funnel_reference_tables.py.

Readings, where the text leaves a choice:

 rows
 1. Order of work: nulls, then dedupe, then the time range, then sessions. as_of is the largest time of all rows without
    nulls, also those outside the range; `rows` counts all rows; `units` counts units (sessions, pairs) with a row that satisfies a step, after
    dedupe and range.
 2. An exclude bit without a declared exclusion and a mask bit above k mean nothing. A row without any other bit is
    *foreign*. Foreign rows are left out before tie groups are formed (with `grace` they would shift the runs), except
    for `strict` and the scan.
 3. Sessions are cut over all rows of the unit inside the range, foreign ones included, and numbered from 1.
 4. seq is read only for row_order. Canonical order of tied rows goes on with: mask, exclude, event_id, session, hold values, breakdown value; null
    first. A NULL event_id under dedupe is a null row. Rows of different units never repeat each other.
 5. time_from drops earlier rows under both values of range_applies_to; so `first` and `last` mean first and last inside
    the range. Under mature_only `last` is the last mature entry. With an unlimited window no entry is ever mature.

 attempts
 6. Attempts equal in all times are told apart by their rows in canonical order, step by step; inside a tie group the
    steps take the smallest such rows that still bring the attempt as far. Only `step n`, `grace` and optional steps can
    show it.
 7. The entry's own group is not trimmed by the window (it could matter only for grace > window).
 8. `collapse_ties` keeps the first row of a group for each mask when steps are filled; exclusions see all rows.
 9. Of several exclusions in one group, the first declared one that is active takes effect.
10. "Later" in "one level higher" means a later tie group.
11. Range, maturity and trend periods of `unordered` are judged by the first row of the reported set. attempt_tie means
    nothing there, event_reuse = allow lets a row fill all the steps it satisfies, collapse_ties applies, strict_repeat
    is ignored.
12. In the scan, a step-1 entry that may not enter (range, maturity, other trend period) is ignored. Chains that were
    forgotten still compete for the report. It ends at the very entry that fills step k.
13. step_windows work under totals too: such an attempt is the best of its entry. They do not go with grace > 0.
14. Optional steps are filled only if the required step before them is; in an attempt that was ended, only by rows
    before the ending group. "After" and "before" mean tie groups under favourable ties (the same group is both), rows
    under row_order, and strictly different times under strict_increase. Levels of exclusions (a, b) are still counted
    in all steps.

 counting
15. `entry` does not restrict totals (else the preset mixpanel could not count them). Next attempt "after lim": the
    first step-1 group whose first row is later. A dropped attempt of totals counts in units_dropped; it is not in step
    1.
16. hold_constant with k columns: a row belongs to every value in one of its columns and serves the steps whose column
    bears it; it is foreign to the value, or only excludes, if there is none. So one column is k times the same. '' is a
    value.
17. per_unit pools the attempts over all values before choosing (and dropping). Not with totals.
18. Breakdown values of a session, or of a (unit, value) pair, come from its own rows. Units in no group are in no table
    but totals.
19. Groups without anybody in step 1 are not shown; with a breakdown and no data there are no groups.
20. `open` looks at the latest row that may be an entry (`first`, `last`: that one; totals: the attempt's own;
    `unordered`: the latest row satisfying a step), whatever became of it.
21. Optional steps: stopped and open are 0; durations are from the previous required step. Pairs of steps are listed
    once (k = 2).
22. A trend period is complete if the window of an entry in its last µs would be. `every_attempt` takes the attempts of
    `totals_mode` whatever `count` is; its intervals are null. Periods run over the range, or from first to last counted
    one if it is open.
23. What means nothing beside other options is refused if it is given, and ignored if a preset sets it.
24. units_entered counts units (sessions, pairs) with an attempt that stands; units_dropped results that were dropped;
    entries rows satisfying step 1 that may enter (`unordered`: any step); attempts the rows of `units` that are not
    dropped, plus unattributed.
"""

import math
from dataclasses import dataclass, field, replace
from itertools import groupby

import funnel_reference_tables as tables
from funnel_reference_tables import DAY, HOUR, value_order

UNLIMITED = None


class Refused(ValueError):
    """What the library answers with an error of the same code."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code


@dataclass(frozen=True)
class Row:
    unit: int | str | None
    time: int | None
    mask: int | None = 0  # bit j−1: satisfies step j
    exclude: int | None = 0  # bit e−1: satisfies exclusion e
    seq: int | None = None
    event_id: int | str | None = None
    session: int | str | None = None
    holds: tuple | None = None  # of one value, or one for each step
    value: int | str | None = None  # breakdown


@dataclass(frozen=True)
class Options:
    steps: int
    names: tuple = ()
    null_rows: str = "error"
    dedupe: str = "none"
    zero_denominator: str = "null"
    conf_level: float = 0.95
    tz: str = "UTC"
    week_start: str = "monday"
    as_of: int | None = None
    order: str = "ordered"
    entry: str = "best"
    attempt_tie: str = "first_completed"
    event_reuse: str = "forbid"
    ties: str = "favourable"
    grace: int = 0
    collapse_ties: bool = False
    strict_increase: str = "off"
    deduplication: str = "off"
    strict_repeat: bool = False
    window: int | None = 14 * DAY
    window_kind: str = "elapsed"
    step_windows: tuple | None = None
    optional_steps: tuple = ()
    exclusions: tuple = ()  # of (a, b, effect); effect None is the preset's, else drop_unit
    count: str = "uniques"
    totals_mode: str = "sequential"
    sessions: str = "gap"  # or column
    session_gap: int = HOUR // 2
    hold_constant: str = "none"  # column, steps
    hold_count: str = "per_value"
    attribution: str = "none"  # no breakdown; first_touch, last_touch, all_events, step: by Row.value
    attribution_step: int = 1
    breakdown_limit: int = 0
    time_from: int | None = None
    time_to: int | None = None
    range_applies_to: str = "rows"
    mature_only: bool = False
    histogram_from: int = 1
    histogram_to: int | None = None
    bins: int | None = None
    bin_unit: int = 1_000_000
    edges: tuple | None = None
    trend_period: str = "none"
    trend_from: int = 1
    trend_to: int | None = None
    trend_count: str = "once_per_period"
    evaluation: str = "walk"  # scan: only by presets
    scan_rows: str = "all"
    scan_foreign: str = "ignore"
    scan_repeat: str = "ignore"
    scan_leap: str = "ignore"
    exclusion_effect: str = "drop_unit"
    given: dict = field(default_factory=dict, compare=False)  # what make_options() was asked for, `preset` and `mode` included

    @property
    def all_steps(self):
        return range(1, self.steps + 1)

    @property
    def required(self):
        return [step for step in self.all_steps if step not in self.optional_steps]


# ---- presets (1.9) ----------------------------------------------------------------------------------------------------------

PRESETS = {
    "none": {},
    "clickhouse": {"evaluation": "scan", "scan_rows": "all", "event_reuse": "allow"},
    "doris": {"ties": "row_order"},
    "doris41": {"ties": "row_order"},
    "starrocks": {"evaluation": "scan", "scan_rows": "lowest"},
    "posthog": {"strict_repeat": True, "zero_denominator": "zero", "week_start": "sunday"},
    "mixpanel": {"entry": "first", "grace": 2_000_000, "exclusion_effect": "end_attempt", "window": 7 * DAY},
    "mixpanel_reentry": {"grace": 2_000_000, "exclusion_effect": "end_attempt", "window": 7 * DAY},
    "amplitude": {
        "grace": 1_000_000,
        "collapse_ties": True,
        "exclusion_effect": "end_attempt",
        "totals_mode": "every_entry",
        "attempt_tie": "first_entered",
    },
}
MODES = {
    "clickhouse": {
        "strict_deduplication": {"scan_repeat": "stop"},
        "strict_order": {"scan_foreign": "stop", "scan_leap": "stop"},
        "strict_increase": {"strict_increase": "skip"},
        "strict_once": {"event_reuse": "forbid"},
        "allow_reentry": {"scan_leap": "skip"},
    },
    "doris": {
        "deduplication": {"deduplication": "break_attempt"},
        "fixed": {"order": "strict"},
        "increase": {"strict_increase": "break"},
    },
    "doris41": {
        "deduplication": {"deduplication": "break_attempt"},
        "fixed": {"order": "fixed"},
        "increase": {"strict_increase": "skip"},
    },
    "starrocks": {
        "deduplication": {"scan_repeat": "reset"},
        "fixed": {"scan_leap": "reset"},
        "increase": {"strict_increase": "skip"},
    },
}
WINDOW_REQUIRED = ("clickhouse", "doris", "doris41", "starrocks", "amplitude")


def make_options(steps, preset="none", mode=(), **given):
    """Options with the switches of a preset and its modes below what is given explicitly. Checked."""
    switches = dict(PRESETS[preset])
    for name in sorted(mode, key=lambda name: name == "allow_reentry"):  # it softens strict_order
        if name not in MODES.get(preset, {}):
            raise Refused("bad_option", f"preset {preset} has no mode {name}")
        switches.update(MODES[preset][name])
    if "allow_reentry" in mode and "strict_order" not in mode:
        raise Refused("unsupported_combination", "allow_reentry needs strict_order")
    if preset in WINDOW_REQUIRED and "window" not in given:
        raise Refused("bad_option", f"preset {preset} needs a window")
    if preset == "posthog" and given.get("order") == "unordered":
        switches["exclusion_effect"] = "wipe_progress"
    asked = {"steps": steps, "preset": preset, "mode": tuple(mode), **given}
    options = Options(steps=steps, **{**switches, **given}, given=asked)
    effects = ((a, b, effect or options.exclusion_effect) for a, b, effect in options.exclusions)
    options = replace(options, exclusions=tuple(effects))
    check_options(options)
    return options


def check_options(o):
    bad = {
        "k is 1..32": not 1 <= o.steps <= 32,
        "window >= 0": o.window is not None and o.window < 0,
        "calendar days >= 1": o.window_kind == "calendar_days" and (o.window is None or o.window < 1),
        "exclusions have 1 <= a < b <= k": any(not 1 <= a < b <= o.steps for a, b, _ in o.exclusions),
        "at most 32 exclusions": len(o.exclusions) > 32,
        "edges ascend": o.edges is not None and (len(o.edges) < 2 or list(o.edges) != sorted(set(o.edges))),
        "grace with strict_increase": o.grace > 0 and o.strict_increase != "off",
        "k - 1 step windows": o.step_windows is not None and len(o.step_windows) != o.steps - 1,
        "optional steps are in 2..k-1": any(not 2 <= step < o.steps for step in o.optional_steps),
        "time_from < time_to": None not in (o.time_from, o.time_to) and o.time_from >= o.time_to,
    }
    _refuse("bad_option", bad)
    rigid = o.order != "ordered" or o.evaluation == "scan"
    extras = o.step_windows or o.optional_steps or o.deduplication != "off" or o.count == "totals"
    unordered, scan = o.order == "unordered", o.evaluation == "scan"
    meaningless = {"order", "entry", "ties"} & set(o.given) if scan else set()
    clash = {
        "step_windows need ordered": o.step_windows and rigid,
        "optional_steps need ordered": o.optional_steps and rigid,
        "step_windows with optional_steps": o.step_windows and o.optional_steps,
        "step_windows with exclusions, deduplication": o.step_windows and (o.exclusions or o.deduplication != "off"),
        "step_windows with grace": o.step_windows and o.grace,
        "break needs row_order": o.strict_increase == "break" and o.ties != "row_order",
        "grace with row_order": o.grace > 0 and o.ties == "row_order",
        "unordered": unordered and (extras or o.window_kind != "elapsed" or o.strict_increase != "off"),
        "entry or attempt_tie of unordered": unordered
        and (o.given.get("entry", "best") != "best" or o.given.get("attempt_tie", "first_completed") != "first_completed"),
        "step_windows with break": o.step_windows and o.strict_increase == "break",
        "switches that mean nothing in a scan": meaningless,
        "unordered takes only (1, k) wipe_progress": unordered
        and any((a, b, effect) != (1, o.steps, "wipe_progress") for a, b, effect in o.exclusions),
        "every_attempt of unordered or scan": o.trend_period != "none"
        and o.trend_count == "every_attempt"
        and (unordered or scan),
        "scan": scan and (extras or o.order != "ordered" or o.exclusions or o.grace or o.collapse_ties),
        "per_unit with totals": o.hold_constant != "none" and o.hold_count == "per_unit" and o.count == "totals",
    }
    _refuse("unsupported_combination", clash)


def _refuse(code, rules):
    for message, broken in rules.items():
        if broken:
            raise Refused(code, message)


# ---- rows -------------------------------------------------------------------------------------------------------------------


def canonical(row):
    holds = tuple(value_order(value) for value in row.holds or ())
    others = (value_order(row.event_id), value_order(row.session), holds, value_order(row.value))
    return (row.time, row.seq or 0, row.mask, row.exclude, *others)


def usable_rows(rows, o):
    """Rows without nulls, and how many had some."""
    if o.ties == "row_order" and rows and all(row.seq is None for row in rows):
        raise Refused("bad_option", "row_order needs seq")
    kept = []
    for number, row in enumerate(rows):
        needed = [row.unit, row.time]
        if o.count == "sessions" and o.sessions == "column":
            needed.append(row.session)
        if o.dedupe == "event_id":
            needed.append(row.event_id)
        if None not in needed:
            place = row.seq if o.ties == "row_order" else None
            kept.append(replace(row, mask=row.mask or 0, exclude=row.exclude or 0, seq=place))
        elif o.null_rows == "error":
            raise Refused("null_value", f"row {number}")
    return kept, len(rows) - len(kept)


def without_repeats(rows, o):
    if o.dedupe == "none":
        return rows
    least = {}
    for row in sorted(rows, key=canonical):
        least.setdefault((row.unit, row.event_id), row)
    return list(least.values())


def with_sessions(rows, o):
    """Rows of one unit in canonical order → the same with `session` filled."""
    if o.count != "sessions":
        return [replace(row, session=None) for row in rows]
    if o.sessions == "column":
        return rows
    numbered, number = [], 1
    for before, row in zip([None, *rows], rows):
        if before is not None and row.time - before.time > o.session_gap:
            number += 1
        numbered.append(replace(row, session=number))
    return numbered


def in_range(row, o):
    if o.time_from is not None and row.time < o.time_from:
        return False
    return o.time_to is None or row.time < o.time_to or o.range_applies_to == "entries"


def held(rows, o):
    """{held value: the unit's rows as they serve under it}"""
    if o.hold_constant == "none":
        return {None: rows}
    runs = {}
    for row in rows:
        columns = row.holds or (None,)
        columns = columns * o.steps if len(columns) == 1 else columns
        for value in set(columns) - {None}:
            serves = sum(1 << i for i in range(o.steps) if columns[i] == value)
            runs.setdefault(value, []).append(replace(row, mask=row.mask & serves))
    return runs


@dataclass(frozen=True)
class Case:
    """What one result is made for: runs of rows in canonical order, of which the best attempt counts."""

    unit: int | str
    session: int | str | None
    hold: int | str | None
    runs: tuple


def cases_of(rows, o):
    cases = []
    key = (lambda row: value_order(row.unit), lambda row: value_order(row.session))
    for _, mine in groupby(sorted(rows, key=key[0]), key=key[0]):
        mine = with_sessions(sorted((row for row in mine if in_range(row, o)), key=canonical), o)
        for _, some in groupby(sorted(mine, key=key[1]), key=key[1]):
            some = list(some)
            runs = held(some, o)
            if o.hold_constant != "none" and o.hold_count == "per_value":
                cases += [Case(some[0].unit, some[0].session, value, (tuple(run),)) for value, run in runs.items()]
            else:
                cases.append(Case(some[0].unit, some[0].session, None, tuple(tuple(run) for run in runs.values())))
    return cases


# ---- items: rows as the evaluation sees them --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Item:
    row: Row
    at: int  # position in canonical order
    group: int  # tie group
    all_steps: frozenset  # satisfied, numbers of the funnel
    steps: frozenset  # satisfied, numbered among the required steps
    exclusions: frozenset  # indices of options.exclusions

    @property
    def time(self):
        return self.row.time


def items_of(rows, o):
    items = []
    for row in rows:
        full = frozenset(step for step in o.all_steps if row.mask >> (step - 1) & 1)
        excl = frozenset(e for e in range(len(o.exclusions)) if row.exclude >> e & 1)
        needed = frozenset(j for j, step in enumerate(o.required, 1) if step in full)
        if full or excl or o.order == "strict" or o.evaluation == "scan":
            items.append(Item(row, len(items), 0, full, needed, excl))
    return items


def tie_groups(items, o):
    groups = []
    for item in items:
        joins = groups and o.ties == "favourable" and item.time - groups[-1][0].time <= o.grace
        if not joins:
            groups.append([])
        groups[-1].append(replace(item, group=len(groups) - 1))
    return groups


def collapsed(group, o):
    if not o.collapse_ties:
        return group
    first = {}
    for item in group:
        first.setdefault(item.all_steps, item)
    return list(first.values())


class Clock:
    """What depends on time alone: windows, and which rows may be entries."""

    def __init__(self, o, as_of):
        self.options, self.as_of = o, as_of

    def limit(self, entry):
        """The last µs at which a step may follow an entry."""
        o = self.options
        if o.window is None:
            return math.inf
        if o.window_kind == "elapsed":
            return entry + o.window
        return tables.day_start(tables.local_day(entry, o.tz) + o.window, o.tz) - 1

    def may_enter(self, time):
        o = self.options
        if o.time_to is not None and time >= o.time_to:
            return False
        return not o.mature_only or self.limit(time) <= self.as_of

    def period(self, time):
        o = self.options
        return tables.period_index(time, o.trend_period, o.tz, o.week_start)


# ---- tie groups and matching ------------------------------------------------------------------------------------------------


def fits(step, item, may_start):
    return step in item.steps and (step > 1 or may_start(item))


def matchable(steps, items, may_start):
    """Can the steps be given to distinct items? Augmenting paths."""
    owner = {}

    def place(step, tried):
        for item in items:
            if fits(step, item, may_start) and item.at not in tried:
                tried.add(item.at)
                if item.at not in owner or place(owner[item.at], tried):
                    owner[item.at] = step
                    return True
        return False

    return all(place(step, set()) for step in steps)


def assign(items, i, m, o, may_start, after=None):
    """Items for steps i+1..m out of one tie group, the smallest in canonical order, step by step; None if it cannot be."""
    items = collapsed(items, o)
    if o.strict_increase != "off":
        items = [item for item in items if after is None or item.time > after]
        if m > i + 1:
            return None
    chosen = []
    for step in range(i + 1, m + 1):
        for item in items:
            rest = items if o.event_reuse == "allow" else [one for one in items if one not in [*chosen, item]]
            later = range(step + 1, m + 1)
            if not fits(step, item, may_start) or (item in chosen and o.event_reuse == "forbid"):
                continue
            if o.event_reuse == "allow" or matchable(later, rest, may_start):
                chosen.append(item)
                break
        else:
            return None
    return chosen


def reach(items, i, last, o, may_start, after=None):
    """Items for steps i+1..m, m as large as can be (at most `last`)."""
    best = []
    for m in range(i + 1, last + 1):
        chosen = assign(items, i, m, o, may_start, after)
        if chosen is None:
            break
        best = chosen
    return best


# ---- one attempt (1.3, 1.4) -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attempt:
    filled: tuple  # items of the required steps
    how: str  # complete, excluded, stopped, window: why it ended
    end: int  # tie group at which it ended (window: of the last step)
    limit: float = math.inf
    effect: str | None = None  # of the exclusion
    higher: bool = False  # an excluded one that would have come further

    @property
    def level(self):
        return len(self.filled)

    @property
    def entry(self):
        return self.filled[0].time


def active_exclusion(items, level, o):
    """The effect of the first declared exclusion that a row of a group brings on an attempt at a level."""
    step = o.required[level - 1]
    for e, (a, b, effect) in enumerate(o.exclusions):
        if a <= step < b and any(e in item.exclusions for item in items):
            return effect
    return None


def ends_attempt(items, level, o):
    """Rule 4: does a group that neither advances nor excludes the attempt end it?"""
    if o.strict_increase == "break" and any(level + 1 in item.steps for item in items):
        return True
    if o.deduplication == "break_attempt" and any(item.steps & set(range(1, level + 1)) for item in items):
        return True
    if o.order == "strict":
        return not (o.strict_repeat and all(level in item.steps for item in items))
    return o.order == "fixed" and any(item.steps for item in items)


def walk(groups, g, o, clock, may_start):
    last = len(o.required)
    filled = reach(groups[g], 0, last, o, may_start)
    limit, end = clock.limit(filled[0].time), g
    for h in range(g + 1, len(groups)):
        if len(filled) == last:
            break
        here = [item for item in groups[h] if item.time <= limit]
        if not here:
            break
        level = len(filled)
        more = reach(here, level, last, o, may_start, filled[-1].time)
        if more:
            filled, end = filled + more, h
            continue
        effect = active_exclusion(here, level, o)
        if effect is not None:
            later = [item for group in groups[h + 1 :] for item in group if item.time <= limit]
            higher = effect == "drop_unit" and o.order == "ordered" and any(level + 1 in item.steps for item in later)
            return Attempt(tuple(filled), "excluded", h, limit, effect, higher)
        if ends_attempt(here, level, o):
            return Attempt(tuple(filled), "stopped", h, limit)
    return Attempt(tuple(filled), "complete" if len(filled) == last else "window", end, limit)


def spaced(groups, g, o, clock, may_start):
    """The best attempt of an entry under step windows (1.5): every way through the tie groups is tried."""
    last = len(o.required)
    limit = clock.limit(groups[g][0].time)

    def onward(h, level):
        """Ways to go on from a step filled in group h: (next group, items)."""
        time, width = groups[h][0].time, o.step_windows[level - 1] if level < last else None
        for h2 in range(h + 1, len(groups)):
            later = groups[h2][0].time
            if later > limit or (width is not None and later - time > width):
                return
            for m in range(level + 1, last + 1):
                items = assign(groups[h2], level, m, o, may_start, time)
                if items is not None:
                    yield h2, items

    starts = [assign(groups[g], 0, m, o, may_start) for m in range(1, last + 1)]
    starts = [items for items in starts if items is not None]
    reached, todo = set(), [(g, len(items)) for items in starts]
    while todo:
        node = todo.pop()
        if node not in reached:
            reached.add(node)
            todo += [(h, node[1] + len(items)) for h, items in onward(*node)]
    top = max(level for _, level in reached)
    done = min(groups[h][0].time for h, level in reached if level == top)
    known = {}

    def rest(h, level):
        """The smallest items that lead from a node to the top at the time `done`; None if none do."""
        if level == top:
            return () if groups[h][0].time == done else None
        if (h, level) not in known:
            ways = [(items, rest(h2, level + len(items))) for h2, items in onward(h, level) if level + len(items) <= top]
            ways = [(*items, *tail) for items, tail in ways if tail is not None]
            known[h, level] = min(ways, key=_step_by_step, default=None)
        return known[h, level]

    ways = [(items, rest(g, len(items))) for items in starts if len(items) <= top]
    filled = min(((*items, *tail) for items, tail in ways if tail is not None), key=_step_by_step)
    return Attempt(filled, "complete" if top == last else "window", filled[-1].group, limit)


def _step_by_step(items):
    return [item.time for item in items], [item.at for item in items]


def attempt_at(groups, g, o, clock, may_start):
    return (spaced if o.step_windows else walk)(groups, g, o, clock, may_start)


# ---- which attempt is reported (1.2, 1.4) -----------------------------------------------------------------------------------

DROPPED = object()


def preference(attempt, o):
    times, rows = _step_by_step(attempt.filled)
    if o.attempt_tie == "first_entered":
        return -attempt.level, times[0], times[-1], times, rows
    return -attempt.level, times[-1], -times[0], times, rows


def choose(attempts, o):
    """The reported attempt, None, or DROPPED."""
    alive = [one for one in attempts if one.effect != "wipe_progress"]
    if not alive:
        return None
    furthest = max(one.level + one.higher for one in alive)
    clean = [one for one in alive if one.level + one.higher == furthest and one.effect != "drop_unit"]
    return min(clean, key=lambda one: preference(one, o)) if clean else DROPPED


def entry_groups(groups, o, clock):
    """Tie groups with a step-1 row that may enter, before `entry` chooses."""
    return [g for g, group in enumerate(groups) if any(1 in item.steps and clock.may_enter(item.time) for item in group)]


def chosen_entries(groups, o, clock):
    all_of_them = entry_groups(groups, o, clock)
    return {"best": all_of_them, "first": all_of_them[:1], "last": all_of_them[-1:]}[o.entry]


def attempts_of(items, o, clock):
    """One attempt for each entry that `entry` lets in."""
    groups = tie_groups(items, o)
    may_start = lambda item: clock.may_enter(item.time)  # noqa: E731
    return [attempt_at(groups, g, o, clock, may_start) for g in chosen_entries(groups, o, clock)]


def totals_of(items, o, clock):
    """Attempts as `totals_mode` counts them (1.6), wiped ones left out."""
    groups = tie_groups(items, o)
    made = every_entry(groups, o, clock) if o.totals_mode == "every_entry" else sequential(groups, o, clock)
    return [attempt for attempt in made if attempt.effect != "wipe_progress"]


def every_entry(groups, o, clock):
    made = []
    for g in entry_groups(groups, o, clock):
        for start in collapsed(groups[g], o):
            if 1 in start.steps and clock.may_enter(start.time):
                alone = lambda item, start=start: item.at == start.at  # noqa: E731
                made.append(attempt_at(groups, g, o, clock, alone))
    return made


def sequential(groups, o, clock):
    made, begin = [], 0
    may_start = lambda item: clock.may_enter(item.time)  # noqa: E731
    for g in entry_groups(groups, o, clock):
        if g < begin:
            continue
        attempt = attempt_at(groups, g, o, clock, may_start)
        made.append(attempt)
        if attempt.how == "stopped":
            begin = attempt.end
        elif attempt.how in ("complete", "excluded"):
            begin = attempt.end + 1
        else:
            begin = next((h for h, group in enumerate(groups) if group[0].time > attempt.limit), len(groups))
    return made


# ---- unordered (1.3, 1.4) ---------------------------------------------------------------------------------------------------


def unordered(items, o, clock, lo=-math.inf, hi=math.inf):
    """The reported set as an attempt, or None; its first row must lie in [lo, hi] and be one that may enter."""
    items = [item for group in tie_groups(items, o) for item in collapsed_with_exclusions(group, o)]
    items = [item for item in items if item.time >= lo]
    cuts = sorted({item.time for item in items if item.exclusions})
    parts = [[item for item in items if item.time < cut] for cut in cuts] + [items]
    parts = [[item for item in part if item.time >= start] for part, start in zip(parts, [-math.inf, *cuts])]
    for part in parts:
        best = furthest_set([item for item in part if item.steps and not item.exclusions], o, clock, hi)
        if best is not None and best.level == o.steps:
            return best
    return best


def collapsed_with_exclusions(group, o):
    return [item for item in group if item.exclusions] + collapsed([item for item in group if not item.exclusions], o)


def furthest_set(items, o, clock, hi):
    best = None
    for end in sorted({item.time for item in items}):
        inside = [item for item in items if item.time <= end and (o.window is None or item.time >= end - o.window)]
        filled = kept_rows(inside, o)
        first = filled[0].time
        if first <= hi and clock.may_enter(first) and (best is None or len(filled) > best.level):
            best = Attempt(tuple(filled), "complete" if len(filled) == o.steps else "window", 0)
    return best


def kept_rows(items, o):
    """Items in time order, each kept iff it enlarges the matching; with event_reuse = allow once for each new step."""
    kept = []
    for item in items:
        if o.event_reuse == "allow":
            done = {step for one in kept for step in one.steps}
            kept += [item] * len(item.steps - done)
        elif largest_matching([*kept, item]) > len(kept):
            kept.append(item)
    return kept


def largest_matching(items):
    """Kuhn's algorithm from the side of the rows."""
    owner = {}

    def place(item, tried):
        for step in item.steps - tried:
            tried.add(step)
            if step not in owner or place(owner[step], tried):
                owner[step] = item
                return True
        return False

    return sum(place(item, set()) for item in items)


# ---- chain scan (1.8) -------------------------------------------------------------------------------------------------------


def scan(items, o, clock, lo=-math.inf, hi=math.inf):
    """The reported chain as an attempt, or None; entries outside [lo, hi] are ignored."""
    entries = []
    for item in items:
        steps = sorted(item.steps)
        if not steps and o.scan_foreign == "stop":
            entries.append((item.time, 0, item))
        entries += [(item.time, c, item) for c in (steps if o.scan_rows == "all" else steps[:1])]
    entries.sort(key=lambda entry: (entry[0], entry[1], entry[2].at))
    starts = [item.at for _, c, item in entries if c == 1 and clock.may_enter(item.time)]
    starts = set({"best": starts, "first": starts[:1], "last": starts[-1:]}[o.entry])
    standing = {level: [] for level in range(1, o.steps + 1)}
    ever, entered = [], False
    for time, c, item in entries:
        made = []
        if c == 0:
            if entered:
                break
        elif c == 1:
            if item.at not in starts or not lo <= time <= hi:
                continue
            entered, made = True, [(item,)]
        elif standing[c] and o.scan_repeat != "ignore":
            if o.scan_repeat == "stop":
                break
            standing = {level: [] for level in standing}
        elif entered and not standing[c - 1] and o.scan_leap != "ignore":
            if o.scan_leap == "stop":
                break
            if o.scan_leap == "reset":
                standing = {level: [] for level in standing}
        else:
            made = [(*chain, item) for chain in standing[c - 1] if continues(chain, item, o, clock)]
        if made:
            standing[c] += made
            ever += made
            if c == o.steps:
                break
    chains = [Attempt(chain, "complete" if len(chain) == o.steps else "window", 0) for chain in ever]
    return min(chains, key=lambda chain: preference(chain, o), default=None)


def continues(chain, item, o, clock):
    if item.time > clock.limit(chain[0].time):
        return False
    if o.strict_increase != "off" and item.time <= chain[-1].time:
        return False
    return o.event_reuse == "allow" or all(item.at != one.at for one in chain)


# ---- optional steps (1.5) ---------------------------------------------------------------------------------------------------


def fill_steps(attempt, items, o):
    """{step of the funnel: item} of an attempt, its optional steps included."""
    filled = dict(zip(o.required, attempt.filled))
    if o.order == "unordered" or not o.optional_steps:
        return filled
    items = [item for group in tie_groups(items, o) for item in group]
    for step in sorted(o.optional_steps):
        if tables.previous_required(step, o) not in filled:
            continue
        last = filled[max(other for other in filled if other < step)]
        bound = next((filled.get(other) for other in o.required if other > step), None)
        for item in items:
            used = o.event_reuse == "forbid" and any(item.at == one.at for one in filled.values())
            if step not in item.all_steps or used or not follows(last, item, o):
                continue
            if follows(item, bound, o) if bound is not None else open_for(attempt, item):
                filled[step] = item
                break
    return filled


def open_for(attempt, item):
    return item.time <= attempt.limit and (attempt.how not in ("excluded", "stopped") or item.group < attempt.end)


def follows(a, b, o):
    if o.strict_increase != "off":
        return b.time > a.time
    if o.ties == "row_order":
        return b.at > a.at or (b.at == a.at and o.event_reuse == "allow")
    return b.group >= a.group


# ---- outcomes ---------------------------------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """One row of table `units`; `fill` has the time of each filled step."""

    unit: int | str
    session: int | str | None
    hold: int | str | None
    number: int
    group: int | str | None
    grouped: bool = True  # False: in no group
    level: int = 0
    fill: dict = field(default_factory=dict)
    open: bool = False
    dropped: bool = False


def empty_is_null(value):
    return None if value == "" else value


def touch(case, o):
    """The first or last non-empty value on rows that satisfy any step."""
    rows = [row for run in case.runs for row in run if empty_is_null(row.value) is not None]
    rows = [row for row in rows if row.mask & ((1 << o.steps) - 1)]
    if not rows:
        return None
    time = (min if o.attribution == "first_touch" else max)(row.time for row in rows)
    return min((row.value for row in rows if row.time == time), key=value_order)


def grouped_cases(case, o):
    """[(group, the part of the case that is evaluated for it)]; `step` groups later."""
    if o.attribution in ("none", "step"):
        return [(None, case)]
    if o.attribution != "all_events":
        return [(touch(case, o), case)]
    parts = {}
    for r, run in enumerate(case.runs):
        for row in run:
            runs = parts.setdefault(empty_is_null(row.value), [[] for _ in case.runs])
            runs[r].append(row)
    return [(value, replace(case, runs=tuple(map(tuple, runs)))) for value, runs in parts.items()]


def outcome_of(case, group, number, chosen, items, latest, o, clock):
    one = Outcome(case.unit, case.session, case.hold, number, group)
    if chosen is DROPPED or chosen.effect == "drop_unit":
        one.dropped = True
        return one
    filled = fill_steps(chosen, items, o)
    one.level = chosen.level
    one.fill = {step: item.time for step, item in filled.items()}
    one.open = one.level < len(o.required) and clock.limit(latest) > clock.as_of
    if o.attribution == "step":
        one.grouped = o.attribution_step in filled
        one.group = empty_is_null(filled[o.attribution_step].row.value) if one.grouped else None
    return one


def latest_entry(items, attempts, o, clock):
    if o.order == "unordered":
        times = [item.time for item in items if item.steps and not item.exclusions]
    elif o.evaluation == "scan":
        times = [item.time for item in items if 1 in item.steps]
        times = times[:1] if o.entry == "first" else times
    else:
        times = [attempt.entry for attempt in attempts]
    return max((time for time in times if clock.may_enter(time)), default=None)


def reported(runs, o, clock, lo=-math.inf, hi=math.inf):
    """(chosen attempt, items of its run, latest entry) among entries in [lo, hi], over all runs of a case."""
    attempts, latest = [], []
    for items in runs:
        if o.order == "unordered":
            found = [unordered(items, o, clock, lo, hi)]
        elif o.evaluation == "scan":
            found = [scan(items, o, clock, lo, hi)]
        else:
            found = [one for one in attempts_of(items, o, clock) if lo <= one.entry <= hi]
        found = [one for one in found if one is not None]
        attempts += [(one, items) for one in found]
        latest.append(latest_entry(items, found, o, clock))
    chosen = choose([one for one, _ in attempts], o)
    items = next((items for one, items in attempts if one is chosen), None)
    return chosen, items, max((time for time in latest if time is not None), default=None)


def outcomes_of(case, group, o, clock):
    runs = [items_of(run, o) for run in case.runs]
    if o.count == "totals":
        (items,) = runs
        made = totals_of(items, o, clock)
        return [outcome_of(case, group, n, one, items, one.entry, o, clock) for n, one in enumerate(made, 1)]
    chosen, items, latest = reported(runs, o, clock)
    return [] if chosen is None else [outcome_of(case, group, 1, chosen, items, latest, o, clock)]


def trend_of(case, group, o, clock):
    """[(period, outcome)]"""
    runs = [items_of(run, o) for run in case.runs]
    if o.trend_count == "every_attempt":
        made = [(one, items) for items in runs for one in totals_of(items, o, clock)]
        return [(clock.period(one.entry), outcome_of(case, group, 1, one, items, one.entry, o, clock)) for one, items in made]
    records = []
    for period in sorted({clock.period(item.time) for items in runs for item in items}):
        start, end = (tables.period_start(p, o.trend_period, o.tz, o.week_start) for p in (period, period + 1))
        chosen, items, latest = reported(runs, o, clock, start, end - 1)
        if chosen is not None:
            records.append((period, outcome_of(case, group, 1, chosen, items, latest, o, clock)))
    return records


def entries_of(case, o, clock):
    any_step = (1 << o.steps) - 1 if o.order == "unordered" else 1
    return sum(bool(row.mask & any_step) and clock.may_enter(row.time) for run in case.runs for row in run)


def satisfies_any(case, o):
    """Whether a row of the unit (session, pair) satisfies a step."""
    return any(row.mask & ((1 << o.steps) - 1) for run in case.runs for row in run)


# ---- the metric -------------------------------------------------------------------------------------------------------------


def funnel(rows, options):
    """Tables of section 1.10. `units` is made always; dropped units are in it with level 0."""
    o = options
    kept, nulls = usable_rows(list(rows), o)
    as_of = o.as_of if o.as_of is not None else max((row.time for row in kept), default=0)
    clock = Clock(o, as_of)
    cases = cases_of(without_repeats(kept, o), o)
    outcomes, trend = [], []
    for case in cases:
        for group, part in grouped_cases(case, o):
            outcomes += outcomes_of(part, group, o, clock)
            if o.trend_period != "none":
                trend += trend_of(part, group, o, clock)
    shown = tables.limited_groups(outcomes, o)
    groups = tables.by_group(outcomes, shown, o)
    stands = [one for one in outcomes if not one.dropped]
    return {
        "steps": tables.steps_table(groups, o),
        "durations": tables.durations_table(groups, o),
        "histogram": tables.histogram_table(groups, o),
        "trend": tables.trend_table(trend, shown, o, clock.limit, as_of),
        "units": tables.units_table(outcomes, shown, o),
        "totals": [
            {
                "rows": len(kept) + nulls,
                "rows_null": nulls,
                "units": sum(satisfies_any(case, o) for case in cases),
                "units_entered": len({(one.unit, one.session, one.hold) for one in stands}),
                "units_dropped": len(outcomes) - len(stands),
                "units_unattributed": sum(not one.grouped for one in stands),
                "entries": sum(entries_of(case, o, clock) for case in cases),
                "attempts": len(stands),
            }
        ],
    }


# ---- brute force (1.2, with 1.5) --------------------------------------------------------------------------------------------


def brute_force(rows, options):
    """Step times of the reported attempt of one unit, of all attempts that there are. Few rows only."""
    o = options
    clock = Clock(o, o.as_of if o.as_of is not None else max((row.time for row in rows), default=0))
    items = items_of(sorted(rows, key=canonical), o)
    attempts = list(every_attempt(items, (), o, clock))
    if not attempts:
        return []
    best = min(attempts, key=lambda filled: preference(Attempt(filled, "", 0), o))
    return [item.time for item in best]


def every_attempt(items, filled, o, clock):
    if filled:
        yield filled
    step = len(filled) + 1
    for item in items:
        if step in item.steps and (not filled or may_follow(filled, item, o, clock)):
            yield from every_attempt(items, (*filled, item), o, clock)


def may_follow(filled, item, o, clock):
    last = filled[-1]
    if item.time < last.time or item.time > clock.limit(filled[0].time):
        return False
    if o.strict_increase != "off" and item.time == last.time:
        return False
    if o.event_reuse == "forbid" and item in filled:
        return False
    width = o.step_windows[len(filled) - 1] if o.step_windows else None
    return width is None or item.time - last.time <= width


# ---- sealed blocks (1.11) ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Block:
    """Summary of a stretch of one unit's rows. What is infinite or empty is not in the dictionaries."""

    T: dict = field(default_factory=dict)  # (i, j): earliest time at which steps i+1..j are done in order
    C: dict = field(default_factory=dict)  # j: step times of the latest entry that reaches level >= j
    R: tuple = ()  # step times of the reported attempt


def group_block(items, options):
    """Block of the rows of one instant."""
    k, time = options.steps, items[0].time
    anything = lambda item: True  # noqa: E731
    furthest = [i + len(reach(items, i, k, options, anything)) for i in range(k)]
    return Block(
        {(i, j): time for i in range(1, k) for j in range(i + 1, furthest[i] + 1)},
        {j: (time,) * j for j in range(1, furthest[0] + 1)},
        (time,) * furthest[0],
    )


def merge_blocks(a, b, options):
    """M(A, B): all times in A are before all times in B."""
    k, clock = options.steps, Clock(options, 0)

    def joined(j):
        """Level j by an entry of A and the rest in B: (latest entry, largest i) first."""
        for i in range(1, j):
            if i in a.C and (i, j) in b.T and b.T[i, j] <= clock.limit(a.C[i][0]):
                yield i, a.C[i] + tuple(b.T[i, n] for n in range(i + 1, j + 1))

    T = {}
    for i in range(1, k):
        m = max((j for j in range(i, k + 1) if j == i or (i, j) in a.T))
        for j in range(i + 1, k + 1):
            if j <= m:
                T[i, j] = a.T[i, j]
            elif (m, j) in b.T:
                T[i, j] = b.T[m, j]
    C = {}
    for j in range(1, k + 1):
        ways = [(j, a.C[j])] if j in a.C else []
        ways += joined(j)
        if j in b.C:
            C[j] = b.C[j]
        elif ways:
            C[j] = max(ways, key=lambda way: (way[1][0], way[0]))[1]
    level = max(C, default=0)
    if len(a.R) == level:
        return Block(T, C, a.R)
    ways = [(level, b.R)] if len(b.R) == level else []
    ways += joined(level)
    return Block(T, C, min(ways, key=lambda way: (way[1][-1], -way[1][0], -way[0]))[1])


def block_of(rows, options):
    """Sealed block of some rows of one unit, added one tie group at a time."""
    block = Block()
    for group in tie_groups(items_of(sorted(rows, key=canonical), options), options):
        block = merge_blocks(block, group_block(group, options), options)
    return block
