"""Lifecycle, stickiness and active users written naively from sections 3 and 4 of the specification; see cohort_reference.py.

Readings, where the text leaves a choice:

 1. Without `from` the first period is that of the first row, without `to` the last is that of as_of.
 2. first_seen of a unit is the least that its rows give; units without one are new in their first active period.
 3. The share of a stickiness row is of the units active in one group at least; mean and median are over these units.
 4. A day is complete if its longest window begins at or after the first row seen, and its own last µs is not after as_of.
 5. The breakdown of a unit that is not a (unit, value) pair is that of its first row (entry) or last row (latest).
"""

from fractions import Fraction

from cohort_reference import (
    as_of,
    clean,
    groups_in,
    index_of,
    last_of,
    period_range,
    share,
    start_of,
    subjects,
)
from funnel_reference_tables import local_day, period_start


def all_rows(rows):
    return rows


# ---- lifecycle --------------------------------------------------------------------------------------------------------------


def lifecycle(rows, o):
    whole, nulls = clean(rows, o)
    now = as_of(whole, o)
    found = subjects(whole, o, all_rows)
    totals = [{"rows": len(rows), "rows_null": nulls, "units": len({unit for _, unit, _ in found})}]
    known = [index_of(row.time, o) for row in whole]
    first, last = period_range(o, min(known, default=None), None if now is None else index_of(now, o))
    if first is None or last is None:
        return {"lifecycle": [], "totals": totals}
    table = []
    for group in groups_in(found, o):
        active = [(unit, *_activity(mine, o)) for its, unit, mine in found if its == group]
        table += [_period(group, t, active, now, o) for t in range(first, last + 1)]
    return {"lifecycle": table, "totals": totals}


def _activity(rows, o):
    """(active periods, the period in which the unit is new)."""
    periods = {index_of(row.time, o) for row in rows}
    created = [row.first_seen for row in rows if row.first_seen is not None]
    return periods, index_of(min(created), o) if created else min(periods)


def _period(group, t, active, now, o):
    m = o.dormant_after
    classes = {"new": [], "returning": [], "resurrecting": [], "dormant": [], "live": []}
    for unit, periods, birth in active:
        if t in periods:
            recent = any(s in periods for s in range(t - m, t))
            classes["new" if t == birth else "returning" if recent else "resurrecting"].append(unit)
        if t - m in periods and not any(s in periods for s in range(t - m + 1, t + 1)):
            classes["dormant"].append(unit)
        if any(s in periods for s in range(t - m + 1, t + 1)):
            classes["live"].append(unit)
    counts = {name: len(units) for name, units in classes.items()}
    counts["active"] = counts["new"] + counts["returning"] + counts["resurrecting"]
    return {
        "group": group,
        "period_start": start_of(t, o),
        "period": t,
        **counts,
        "quick_ratio": share(counts["new"] + counts["resurrecting"], counts["dormant"], o),
        "complete": now is not None and last_of(t, o) <= now,
        "units": {name: sorted(units, key=repr) for name, units in classes.items()},
    }


# ---- stickiness -------------------------------------------------------------------------------------------------------------


def meets(count, criteria):
    kind, n = criteria
    return {"gte": count >= n, "lte": 1 <= count <= n, "exact": count == n}[kind]


def _median(numbers):
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    if not ordered:
        return None
    return float(ordered[middle]) if len(ordered) % 2 else float(Fraction(ordered[middle - 1] + ordered[middle], 2))


def _stickiness(group, subjects_of_group, first, last, inside, o):
    spans = -(-(last - first + 1) // o.every)
    active = []
    for _, mine in subjects_of_group:
        counts = [0] * spans
        for row in mine:
            if inside(row):
                counts[(index_of(row.time, o) - first) // o.every] += 1
        active.append(sum(meets(count, o.criteria) for count in counts))
    anyone = [count for count in active if count >= 1]
    table = []
    for j in range(1, spans + 1):
        units = sum(count >= j if o.cumulative else count == j for count in active)
        table.append({"group": group, "j": j, "units": units, "share": share(units, len(anyone), o)})
    mean = float(Fraction(sum(anyone), len(anyone))) if anyone else None
    return table, {"group": group, "units": len(anyone), "mean": mean, "median": _median(anyone)}


# ---- active users -----------------------------------------------------------------------------------------------------------


def _active(group, subjects_of_group, day, first_time, now, o):
    days = [{local_day(row.time, o.tz) for row in mine} for _, mine in subjects_of_group]
    dau, wau, mau = (
        sum(any(d in mine for d in range(day - width + 1, day + 1)) for mine in days) for width in (1, 7, o.mau_days)
    )
    begins = period_start(day - max(7, o.mau_days) + 1, "day", o.tz, o.week_start)
    ends = period_start(day + 1, "day", o.tz, o.week_start) - 1
    return {
        "group": group,
        "day": day,
        "dau": dau,
        "wau": wau,
        "mau": mau,
        "dau_wau": share(dau, wau, o),
        "dau_mau": share(dau, mau, o),
        "complete": first_time is not None and begins >= first_time and ends <= now,
    }


def activity(rows, o):
    whole, nulls = clean(rows, o)
    now = as_of(whole, o)
    found = subjects(whole, o, all_rows)
    totals = [{"rows": len(rows), "rows_null": nulls, "units": len({unit for _, unit, _ in found})}]
    days = [local_day(row.time, o.tz) for row in whole]
    low, high = getattr(o, "from"), o.to
    low = min(days, default=None) if low is None else low
    high = (None if now is None else local_day(now, o.tz)) if high is None else high
    tables = {"stickiness": [], "summary": [], "active": [], "totals": totals}
    if low is None or high is None:
        return tables
    first = index_of(period_start(low, "day", o.tz, o.week_start), o)
    last = index_of(period_start(high + 1, "day", o.tz, o.week_start) - 1, o)
    first_time = min((row.time for row in whole), default=None)
    for group in groups_in(found, o):
        mine = [(unit, its) for its_group, unit, its in found if its_group == group]
        table, summary = _stickiness(group, mine, first, last, lambda row: low <= local_day(row.time, o.tz) <= high, o)
        tables["stickiness"] += table
        tables["summary"].append(summary)
        tables["active"] += [_active(group, mine, day, first_time, now, o) for day in range(low, high + 1)]
    return tables
