"""Cohort metrics written naively from their specification, to test the library against: retention and retention_array here,
lifecycle and activity in cohort_reference_activity.py, repurchase in cohort_reference_repurchase.py.

Plain Python on purpose: every cell is counted anew from all rows, no care for speed, calendars by datetime and zoneinfo, ratios exact
until they are shown. It knows nothing of the library; options have the specification's names and lower-case values, times are µs,
dates of `from` and `to` are day numbers (day 0 = 1970-01-01).

    tables = retention([Row("a", 0), Row("a", DAY)], make_options("retention", intervals=3))
    tables["cells"][1]["retained"]

Readings, where the text leaves a choice:

 1. Order of work: nulls, then dedupe, then everything else; as_of is the largest time of the rows that are left. Repeats of
    an event_id are looked for within a unit.
 2. The empty values of a breakdown, null and '', are one group, null. At tied times the smallest value is the first and the last one
    too, the empty value being the smallest (section 1.7 says so of funnels).
 3. first_ever: the first start_any row counts as "also start" if any start_any row of that instant is.
 4. f(t) is an instant: the first of the local hour or day that holds t.
 5. A rolling_24h cell is future if the earliest start of its cohort period + k·D lies after as_of; quarters and years have no D.
 6. Column 0 of every mode is the size and is judged by its own interval.
 7. A bracket is future if its last interval has not begun: it is judged by that one.
 8. Value columns follow the intervals of the mode's columns: an on_or_after cell shows the value of its own interval; brackets sum
    theirs, and have no ltv. Rows of no value count as 0.
 9. The average of previous_interval divides by the sum of its cells' own denominators. simple: the mean of the defined rates.
"""

from dataclasses import dataclass
from fractions import Fraction
from types import SimpleNamespace

from funnel_reference_tables import DAY, HOUR, period_index, period_start, wilson

WINDOWS = {"hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 30 * DAY}
COMMON = {"null_rows": "error", "dedupe": "none", "zero_denominator": "null", "conf_level": 0.95, "as_of": None}
CALENDAR = {"period": "day", "tz": "UTC", "week_start": "monday", "from": None, "to": None}
DEFAULTS = {
    "retention": {
        **COMMON,
        **CALENDAR,
        "cohort_entry": "first_time",
        "intervals": 12,
        "mode": "n_day",
        "clock": "calendar",
        "brackets": (),
        "min_occurrences": 1,
        "denominator": "cohort_size",
        "floor": "none",
        "window_entry": "first_in_period",
        "future_cells": "null",
        "breakdown_by": "none",
        "average": "weighted",
        "retained_value": False,
    },
    "lifecycle": {**COMMON, **CALENDAR, "dormant_after": 1, "first_seen": "none", "breakdown_by": "none"},
    "activity": {
        **COMMON,
        **CALENDAR,
        "every": 1,
        "criteria": ("gte", 1),
        "cumulative": False,
        "mau_days": 30,
        "breakdown_by": "none",
    },
    "repurchase": {
        **COMMON,
        **CALENDAR,
        "period": "month",
        "same_day": "separate",
        "n": (7, 30, 90),
        "breakdown_by": "none",
    },
}


@dataclass(frozen=True)
class Row:
    unit: object
    time: int
    start: bool = True
    ret: bool = True
    start_any: bool = True
    value: int = 0
    group: object = None
    order_id: object = None
    first_seen: int | None = None
    event_id: object = None


class Refused(ValueError):
    def __init__(self, code, message=""):
        super().__init__(f"{code}: {message}")
        self.code = code


def make_options(metric, **given):
    """All options of a metric; `from` may be written `from_`."""
    options = unchecked_options(metric, **given)
    check_options(options)
    return options


def unchecked_options(metric, **given):
    given = {name.rstrip("_"): value for name, value in given.items()}
    unknown = set(given) - set(DEFAULTS[metric])
    assert not unknown, unknown
    options = SimpleNamespace(**{**DEFAULTS[metric], **given})
    options.given = given
    options.metric = metric
    return options


def check_options(o):
    low, high = getattr(o, "from"), o.to
    if low is not None and high is not None and low > high:
        raise Refused("bad_option", "from lies after to")
    for n, m in getattr(o, "brackets", ()):
        if not 1 <= n <= m:
            raise Refused("bad_option", "brackets")
    if o.metric == "retention":
        if o.mode == "brackets" and not o.brackets:
            raise Refused("bad_option", "mode brackets without brackets")
        if o.clock == "rolling_24h" and o.period not in WINDOWS:
            raise Refused("unsupported_combination", "rolling_24h")
        if o.mode == "brackets" and o.denominator == "previous_interval":
            raise Refused("unsupported_combination", "brackets overlap: no previous interval")
        if o.clock == "calendar" and (o.floor != "none" or o.window_entry != "first_in_period"):
            raise Refused("unsupported_combination", "floor and window_entry are for rolling_24h")


# ---- rows -------------------------------------------------------------------------------------------------------------------


def order_of(value):
    """Order of breakdown values: empty, then numbers, then texts by bytes."""
    if value is None or value == "":
        return (0,)
    return (1, value) if isinstance(value, int) else (2, value.encode())


# Columns that order tied rows, as far as a metric has them.
COLUMNS = {
    "retention": ("start", "ret", "start_any", "value", "group"),
    "lifecycle": ("first_seen", "group"),
    "activity": ("group",),
    "repurchase": ("order_id", "group"),
}


def canonical(o):
    """Order of rows of one unit: time, then all other columns; '' is a value but for breakdowns."""

    def key(row):
        others = [(name, getattr(row, name)) for name in COLUMNS[o.metric]]
        return row.time, [order_of(value) if name == "group" or value != "" else (2, b"") for name, value in others]

    return key


def clean(rows, o, *needed):
    """(rows that count, number of rows with nulls)."""
    names = ("unit", "time", *needed, *(("event_id",) if o.dedupe == "event_id" else ()))
    whole = [row for row in rows if all(getattr(row, name) is not None for name in names)]
    if len(whole) < len(rows) and o.null_rows == "error":
        raise Refused("null_value")
    if o.dedupe == "event_id":
        least = {}
        for row in sorted(whole, key=canonical(o)):
            least.setdefault((row.unit, row.event_id), row)
        return list(least.values()), len(rows) - len(whole)
    return whole, len(rows) - len(whole)


def as_of(rows, o):
    return o.as_of if o.as_of is not None else max((row.time for row in rows), default=None)


def journeys(rows, o):
    """{unit: its rows in canonical order}."""
    found = {}
    for row in sorted(rows, key=canonical(o)):
        found.setdefault(row.unit, []).append(row)
    return found


def group_of(row):
    return None if row.group in (None, "") else row.group


def subjects(rows, o, forming):
    """[(group, unit, its rows)]: what is counted. `forming(rows)` are the rows that form the first cohort, the first one first."""
    found = []
    for unit, mine in journeys(rows, o).items():
        if o.breakdown_by == "same_value":
            for group in {group_of(row) for row in mine}:
                found.append((group, unit, [row for row in mine if group_of(row) == group]))
            continue
        group = None
        if o.breakdown_by == "latest":
            group = min((group_of(row) for row in mine if row.time == mine[-1].time), key=order_of)
        if o.breakdown_by == "entry":
            group = entry_group(forming(mine))
        found.append((group, unit, mine))
    return found


def entry_group(rows):
    """The value of the first of some rows, the smallest of those of its instant."""
    return min((group_of(row) for row in rows if row.time == rows[0].time), key=order_of, default=None)


def groups_in(found, o):
    return sorted({group for group, *_ in found}, key=order_of) if o.breakdown_by != "none" else [None]


# ---- calendar ---------------------------------------------------------------------------------------------------------------


def index_of(time, o):
    return period_index(time, o.period, o.tz, o.week_start)


def start_of(index, o):
    return period_start(index, o.period, o.tz, o.week_start)


def last_of(index, o):
    return start_of(index + 1, o) - 1


def first_period_of(day, o):
    return index_of(period_start(day, "day", o.tz, o.week_start), o)


def last_period_of(day, o):
    return index_of(period_start(day + 1, "day", o.tz, o.week_start) - 1, o)


def period_range(o, first, last):
    """[first, last] by `from` and `to`; the defaults are indexes."""
    low, high = getattr(o, "from"), o.to
    return (first if low is None else first_period_of(low, o)), (last if high is None else last_period_of(high, o))


# ---- numbers ----------------------------------------------------------------------------------------------------------------


def share(num, den, o):
    if num is None:
        return None
    if den:
        return float(Fraction(num, den))
    return 0.0 if o.zero_denominator == "zero" else None


def rate(num, den, o, name="rate", prefix=""):
    """num, den, rate, lo, hi with their Wilson interval."""
    lo, hi = wilson(num, den, o.conf_level) if num is not None and den is not None and 0 <= num <= den else (None, None)
    names = (f"{prefix}num", f"{prefix}den", name, f"{prefix}lo", f"{prefix}hi")
    return dict(zip(names, (num, den, share(num, den, o), lo, hi)))


# ---- retention --------------------------------------------------------------------------------------------------------------


def entries(rows, o):
    """Start rows that form cohorts: {period: [rows, the first one first]}."""
    starts = [row for row in rows if row.start]
    if o.cohort_entry == "recurring":
        found = {}
        for row in starts:
            found.setdefault(index_of(row.time, o), []).append(row)
        return found
    if not starts:
        return {}
    if o.cohort_entry == "first_ever" and min(row.time for row in rows if row.start_any or row.start) != starts[0].time:
        return {}
    first = starts[0]
    period = index_of(first.time, o)
    return {period: [row for row in starts if index_of(row.time, o) == period]}


def forming_rows(o):
    def find(rows):
        found = entries(rows, o)
        return found[min(found)] if found else []

    return find


def floored(time, o):
    if o.floor == "none":
        return time
    return period_start(period_index(time, o.floor, o.tz, o.week_start), o.floor, o.tz, o.week_start)


def interval_rows(rows, cohort, entry, o):
    """{interval: return rows of the unit in it}, seen from one entry row."""
    found = {}
    for row in rows:
        if not row.ret:
            continue
        if o.clock == "calendar":
            k = index_of(row.time, o) - cohort
        elif row.time >= entry.time:
            k = (floored(row.time, o) - floored(entry.time, o)) // WINDOWS[o.period]
        else:
            continue
        if k >= 0:
            found.setdefault(k, []).append(row)
    return found


def columns_of(o):
    """[(k or number of the bracket, first interval, last interval)]"""
    if o.mode == "brackets":
        return [(0, 0, 0), *((number, n, m) for number, (n, m) in enumerate(o.brackets, 1))]
    return [(k, k, k) for k in range(o.intervals)]


def returned(found, column, o):
    """Whether a unit counts in a column beyond 0."""
    k, n, m = column
    if o.mode == "brackets":
        return sum(len(found.get(i, ())) for i in range(n, m + 1)) >= o.min_occurrences
    later = range(k, o.intervals) if o.mode == "on_or_after" else (k,)
    return any(len(found.get(i, ())) >= o.min_occurrences for i in later)


def interval_status(cohort, k, now, o):
    if now is None:
        return "future"
    if o.clock == "rolling_24h":
        width = WINDOWS[o.period]
        if last_of(cohort, o) + (k + 1) * width <= now:
            return "complete"
        return "future" if start_of(cohort, o) + k * width > now else "partial"
    if last_of(cohort + k, o) <= now:
        return "complete"
    return "future" if start_of(cohort + k, o) > now else "partial"


def cell_status(cohort, column, now, o):
    k, _, last = column
    status = interval_status(cohort, last, now, o)
    if o.mode == "on_or_after" and k > 0 and status == "complete":
        return "complete" if interval_status(cohort, o.intervals - 1, now, o) == "complete" else "partial"
    return status


def retention(rows, o):
    whole, nulls = clean(rows, o)
    now = as_of(whole, o)
    found = subjects(whole, o, forming_rows(o))
    if now is None and o.to is None:
        empty = {"cells": [], "average": [], "units": [], "totals": [_totals(rows, nulls, found, [], o)]}
        return {name: table for name, table in empty.items() if name != "average" or o.average != "none"}
    last = index_of(now, o) if now is not None else None
    first, last = period_range(o, None, last)
    first = last - o.intervals + 1 if first is None else first
    cells = []
    for group in _cohort_groups(found, first, last, o):
        for cohort in range(first, last + 1):
            cells += _cohort_cells(found, group, cohort, now, o)
    names = ("group", "cohort_start", "cohort", "k")
    units = [{**{name: cell[name] for name in names}, "unit": unit} for cell in cells for unit in cell["units"]]
    tables = {"average": averages(cells, o), "units": units, "totals": [_totals(rows, nulls, found, cells, o)]}
    if o.average == "none":
        del tables["average"]
    for cell in cells:
        del cell["units"]
    return {"cells": cells, **tables}


def _totals(rows, nulls, found, cells, o):
    """Units are those of which a row matters: a start or a return, or what tells their group or their first start."""

    def matters(row):
        early = o.cohort_entry == "first_ever" and row.start_any
        return row.start or row.ret or early or o.breakdown_by == "latest"

    seen = {unit for _, unit, mine in found if any(map(matters, mine))}
    entered = sum(cell["size"] for cell in cells if cell["k"] == 0)
    return {"rows": len(rows), "rows_null": nulls, "units": len(seen), "entries": entered}


def _cohort_groups(found, first, last, o):
    if o.breakdown_by == "none":
        return [None]
    formed = [(group, entries(mine, o).items()) for group, _, mine in found]
    pairs = [(group, forming) for group, pairs in formed for cohort, forming in pairs if first <= cohort <= last]
    groups = {entry_group(forming) if o.breakdown_by == "entry" else group for group, forming in pairs}
    return sorted(groups, key=order_of)


def _cohort_cells(found, group, cohort, now, o):
    members = []
    for its_group, unit, mine in found:
        forming = entries(mine, o).get(cohort)
        if forming is None:
            continue
        mine_group = entry_group(forming) if o.breakdown_by == "entry" else its_group
        if mine_group != group and o.breakdown_by != "none":
            continue
        chosen = forming if o.clock == "rolling_24h" and o.window_entry == "every_start" else forming[:1]
        members.append((unit, [interval_rows(mine, cohort, entry, o) for entry in chosen]))
    size, cells, earned, before = len(members), [], 0, None
    for column in columns_of(o):
        k, n, m = column
        status = cell_status(cohort, column, now, o)
        who = sorted((u for u, seen in members if k == 0 or any(returned(s, column, o) for s in seen)), key=repr)
        retained = len(who)
        value = sum(row.value for _, seen in members for i in range(n, m + 1) for row in seen[0].get(i, ()))
        earned += value
        den = size if o.denominator == "cohort_size" or before is None or k <= 1 else before
        before = retained
        if status == "future" and o.future_cells == "null":
            retained = value = None
            who = []
        cell = {"group": group, "cohort_start": start_of(cohort, o), "cohort": cohort, "k": k}
        cell |= {"interval_from": n, "interval_to": m, "size": size, "retained": retained}
        cell |= rate(retained, den, o)
        cell |= {"status": status, "units": who, "value_sum": value}
        cell |= _value_columns(cell, cells, earned, o)
        if not o.retained_value:
            cell |= {name: None for name in cell if name == "ltv" or name.startswith("value_")}
        cells.append(cell)
    return cells


def _value_columns(cell, before, earned, o):
    value, size = cell["value_sum"], cell["size"]
    first = before[0]["value_sum"] if before else value
    known = value is not None and o.mode != "brackets"
    return {
        "value_per_unit": share(value, size, o),
        "value_per_retained": share(value, cell["retained"], o),
        "value_rate": share(value, first, o) if known and first is not None else None,
        "value_cum": earned if known else None,
        "ltv": share(earned, size, o) if known else None,
        "value_to_cost": None,
    }


def averages(cells, o):
    if o.average == "none":
        return []
    found = []
    keys = sorted({(order_of(cell["group"]), cell["k"]) for cell in cells})
    for group, k in keys:
        mine = [cell for cell in cells if (order_of(cell["group"]), cell["k"]) == (group, k)]
        done = [cell for cell in mine if cell["status"] == "complete"]
        row = {name: mine[0][name] for name in ("group", "k", "interval_from", "interval_to")} | {"cohorts": len(done)}
        row |= rate(sum(cell["num"] for cell in done), sum(cell["den"] for cell in done), o)
        valued = o.retained_value and o.mode != "brackets"
        earned = [(cell["value_cum"], cell["size"]) for cell in done] if valued else []
        row["ltv"] = share(sum(e for e, _ in earned), sum(size for _, size in earned), o) if valued else None
        if o.average == "simple":
            row["rate"] = _mean([Fraction(cell["num"], cell["den"]) for cell in done if cell["den"]], o)
            row["lo"] = row["hi"] = None
            row["ltv"] = _mean([Fraction(e, size) for e, size in earned if size], o) if valued else None
        found.append(row)
    return found


def _mean(ratios, o):
    return float(sum(ratios) / len(ratios)) if ratios else share(0, 0, o)


# ---- retention array --------------------------------------------------------------------------------------------------------


def retention_array(rows, conditions):
    """rows of (unit, conditions met, from 1): {unit: [r_1 … r_n]}, and their sums."""
    met = {}
    for unit, numbers in rows:
        met.setdefault(unit, set()).update(numbers)
    arrays = {u: [int(1 in seen and i in seen) for i in range(1, conditions + 1)] for u, seen in met.items()}
    return arrays, [sum(array[i] for array in arrays.values()) for i in range(conditions)]

