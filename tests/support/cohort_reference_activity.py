"""Lifecycle, stickiness and active users written naively from sections 3 and 4 of the specification; see cohort_reference.py.

Readings, where the text leaves a choice:

 1. Without `from` the first period is that of the first row, without `to` the last is that of as_of.
 2. first_seen of a unit is the least that its rows give, also under same_value: it is the unit that was created. Units without one are
    new in their first active period. A null first_seen says nothing.
 3. The share of a stickiness row is of the units active in one group at least; mean and median are over these units.
 4. A day is complete if its longest window begins at or after the first row seen, and its own last µs is not after as_of.
 5. In table active, new is the first active day; resurrecting active before, but not in the mau_days before; lost has left mau with
    this day. A period of active_periods is complete if all its days are shown and its last one is complete; hours are not told apart.
 6. Without a day to show, table summary says so: 0 groups of periods.
 7. The breakdown of a unit that is not a (unit, value) pair is that of its first row (entry) or last row (latest).
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
from funnel_reference_tables import local_day, period_index, period_start


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
        return {"lifecycle": [], "units": [], "totals": totals}
    table, units, created = [], [], {}
    for row in whole:
        if row.first_seen is not None and o.first_seen == "column":
            created[row.unit] = min(row.first_seen, created.get(row.unit, row.first_seen))
    for group in groups_in(found, o):
        active = [(unit, *_activity(mine, created.get(unit), o)) for its, unit, mine in found if its == group]
        for t in range(first, last + 1):
            row, classes = _period(group, t, active, now, o)
            table.append(row)
            units += classes
    return {"lifecycle": table, "units": units, "totals": totals}


def _activity(rows, created, o):
    """(active periods, the period in which the unit is new)."""
    periods = {index_of(row.time, o) for row in rows}
    return periods, min(periods) if created is None else index_of(created, o)


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
    period = {"group": group, "period_start": start_of(t, o), "period": t}
    row = {
        **period,
        **counts,
        "quick_ratio": share(counts["new"] + counts["resurrecting"], counts["dormant"], o),
        "complete": now is not None and last_of(t, o) <= now,
    }
    listed = ("new", "returning", "resurrecting", "dormant")
    return row, [{**period, "class": name, "unit": unit} for name in listed for unit in classes[name]]


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


def _stickiness(group, subjects_of_group, first, last, o):
    spans = -(-(last - first + 1) // o.every)
    active = []
    for _, mine in subjects_of_group:
        counts = [0] * spans
        for row in mine:
            counts[(index_of(row.time, o) - first) // o.every] += 1
        active.append(sum(meets(count, o.criteria) for count in counts))
    anyone = [count for count in active if count >= 1]
    table = []
    for j in range(1, spans + 1):
        units = sum(count >= j if o.cumulative else count == j for count in active)
        table.append({"group": group, "j": j, "units": units, "share": share(units, len(anyone), o)})
    mean = float(Fraction(sum(anyone), len(anyone))) if anyone else None
    summary = {"group": group, "groups": spans, "units": len(anyone), "mean": mean, "median": _median(anyone)}
    units = [{"group": group, "j": j, "unit": unit} for (unit, _), j in zip(subjects_of_group, active) if j]
    return table, summary, units


# ---- active users -----------------------------------------------------------------------------------------------------------


def _active(group, days, day, first_time, now, o):
    """days: the active days of each unit of the group."""

    def within(mine, first, last):
        return any(first <= d <= last for d in mine)

    width = o.mau_days
    dau, wau, mau = (sum(within(mine, day - n + 1, day) for mine in days) for n in (1, 7, width))
    new = sum(min(mine) == day for mine in days)
    back = sum(day in mine and min(mine) < day and not within(mine, day - width, day - 1) for mine in days)
    lost = sum(within(mine, day - width, day - 1) and not within(mine, day - width + 1, day) for mine in days)
    begins = period_start(day - max(7, width) + 1, "day", o.tz, o.week_start)
    ends = period_start(day + 1, "day", o.tz, o.week_start) - 1
    return {
        "group": group,
        "day_start": period_start(day, "day", o.tz, o.week_start),
        "day": day,
        "dau": dau,
        "wau": wau,
        "mau": mau,
        "dau_wau": share(dau, wau, o),
        "dau_mau": share(dau, mau, o),
        "new": new,
        "resurrecting": back,
        "lost": lost,
        "quick_ratio": share(new + back, lost, o),
        "complete": first_time is not None and begins >= first_time and ends <= now,
    }


def _active_periods(group, days, table, o):
    """Mean DAU to MAU of each period; `table` has the days shown."""
    kind = "day" if o.period == "hour" else o.period
    periods = {}
    for row in table:
        periods.setdefault(period_index(row["day_start"], kind, o.tz, o.week_start), []).append(row)
    found = []
    for period, shown in periods.items():
        first, last = shown[0]["day"], shown[-1]["day"]
        every = period_start(period, kind, o.tz, o.week_start), period_start(period + 1, kind, o.tz, o.week_start) - 1
        whole = [local_day(time, o.tz) for time in every] == [first, last]
        dau, mau = sum(row["dau"] for row in shown), shown[-1]["mau"]
        found.append(
            {
                "group": group,
                "period_start": every[0],
                "period": period,
                "days": len(shown),
                "mean_dau": float(Fraction(dau, len(shown))),
                "active": sum(any(first <= d <= last for d in mine) for mine in days),
                "mau": mau,
                "dau_mau": share(dau, mau * len(shown), o),
                "complete": whole and shown[-1]["complete"],
            }
        )
    return found


def activity(rows, o):
    whole, nulls = clean(rows, o)
    now = as_of(whole, o)
    found = subjects(whole, o, all_rows)
    totals = [{"rows": len(rows), "rows_null": nulls, "units": len({unit for _, unit, _ in found})}]
    days = [local_day(row.time, o.tz) for row in whole]
    low, high = getattr(o, "from"), o.to
    low = min(days, default=None) if low is None else low
    high = (None if now is None else local_day(now, o.tz)) if high is None else high
    names = ("stickiness", "summary", "active", "active_periods", "units")
    tables = {**{name: [] for name in names}, "totals": totals}
    if low is None or high is None or low > high:
        low, high = 0, -1  # no day
    first = index_of(period_start(low, "day", o.tz, o.week_start), o)
    last = index_of(period_start(high + 1, "day", o.tz, o.week_start) - 1, o) if low <= high else first - 1
    first_time = min((row.time for row in whole), default=None)
    for group in groups_in(found, o):
        mine = [(unit, its) for its_group, unit, its in found if its_group == group]
        within = [(unit, [row for row in its if low <= local_day(row.time, o.tz) <= high]) for unit, its in mine]
        table, summary, units = _stickiness(group, within, first, last, o)
        tables["stickiness"] += table
        tables["summary"].append(summary)
        tables["units"] += units
        days = [{local_day(row.time, o.tz) for row in its} for _, its in mine]
        active = [_active(group, days, day, first_time, now, o) for day in range(low, high + 1)]
        tables["active"] += active
        tables["active_periods"] += _active_periods(group, days, active, o)
    return tables
