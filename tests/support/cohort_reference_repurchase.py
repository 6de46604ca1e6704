"""Repurchase written naively from section 5 of the specification; see cohort_reference.py.

Readings, where the text leaves a choice:

 1. Rows of one unit with one order_id are one order, at their least time; under same_value of one (unit, value). same_day = merge
    makes one order of all that a unit has on one local day, at the least of their times.
 2. "Earlier order" of returning buyers: an order of an earlier period.
 3. `from` and `to` say which periods and first-order cohorts are shown; the pooled row is of the cohorts shown. History before
    `from` is read. Ladder, gaps and totals are of all orders. Without `from`: from the period of the first order; without `to`: to
    that of as_of.
 4. The ladder has a row for each j that some unit gets past, and always one for j = 1.
 5. An open gap is counted for units whose last order is not after as_of.
 6. complete of a cohort's n-day rate: the last µs of the cohort + n·24 h ≤ as_of; of the pooled row: the same of the last period.
 7. The groups of a breakdown are those that some unit is in; units that are in a group are in its tables only.
"""

from fractions import Fraction

from cohort_reference import (
    as_of,
    clean,
    groups_in,
    index_of,
    last_of,
    period_range,
    rate,
    share,
    start_of,
    subjects,
)
from funnel_reference_tables import DAY, local_day

QUANTILES = {
    "p10": Fraction(1, 10),
    "p25": Fraction(1, 4),
    "median": Fraction(1, 2),
    "p75": Fraction(3, 4),
    "p90": Fraction(9, 10),
}


def quantile(values, q):
    """Type 7, exact."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * q
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def summary(values):
    if not values:
        return {"n": 0, "mean": None, **dict.fromkeys(QUANTILES)}
    shown = {name: float(quantile(values, q)) for name, q in QUANTILES.items()}
    return {"n": len(values), "mean": float(Fraction(sum(values)) / len(values)), **shown}


def order_times(rows, o):
    """Times of the orders that rows of one unit make, ascending."""
    orders = {}
    for row in rows:
        orders[row.order_id] = min(row.time, orders.get(row.order_id, row.time))
    times = sorted(orders.values())
    if o.same_day == "merge":
        days = {}
        for time in times:
            days.setdefault(local_day(time, o.tz), time)
        times = sorted(days.values())
    return times


def prefixed(name, num, den, o):
    found = rate(num, den, o)
    return {f"{name}_num": num, f"{name}_den": found["den"], name: found["rate"]} | {
        f"{name}_{end}": found[end] for end in ("lo", "hi")
    }


def _has_before(p, times, o):
    return any(index_of(t, o) < p for t in times)


def _period(group, p, buyers, now, o):
    """buyers: [(unit, times)] of the group."""
    inside = [(unit, [t for t in times if index_of(t, o) == p], times) for unit, times in buyers]
    inside = [(unit, mine, times) for unit, mine, times in inside if mine]
    ended = now is not None and last_of(p, o) <= now
    known = now is not None and last_of(p + 1, o) <= now
    n = len(inside)
    orders = sum(len(mine) for _, mine, _ in inside)
    again = sum(len(mine) >= 2 for _, mine, _ in inside)
    back = sum(any(index_of(t, o) == p + 1 for t in times) for _, _, times in inside)
    old = sum(_has_before(p, times, o) for _, _, times in inside)
    return {
        "group": group,
        "period_start": start_of(p, o),
        "period": p,
        "buyers": n,
        "orders": orders,
        "frequency": share(orders, n, o),
        **prefixed("repeat_rate", again, n, o),
        **prefixed("return_rate", back if known else None, n, o),
        **prefixed("returning_share", old, n, o),
        "complete": ended,
    }, [
        {
            "group": group,
            "period_start": start_of(p, o),
            "period": p,
            "unit": unit,
            "orders": len(mine),
            "earlier": _has_before(p, times, o),
            "returned": any(index_of(t, o) == p + 1 for t in times) if known else None,
        }
        for unit, mine, times in inside
    ]


def _within(group, cohort, periods, n, buyers, now, o):
    """One row of the n-day rate; cohort None = pooled over the periods."""
    wanted = periods if cohort is None else [cohort]
    mine = [times for _, times in buyers if index_of(times[0], o) in wanted]
    mature = [times for times in mine if now is not None and now - times[0] >= n * DAY]
    again = [times for times in mature if len(times) > 1 and times[1] <= times[0] + n * DAY]
    last = periods[-1] if cohort is None and periods else cohort
    return {
        "group": group,
        "cohort_start": None if cohort is None else start_of(cohort, o),
        "cohort": cohort,
        "n": n,
        "size": len(mine),
        **rate(len(again), len(mature), o),
        "complete": now is not None and last is not None and last_of(last, o) + n * DAY <= now,
    }


def _ladder(group, buyers, o):
    longest = max((len(times) for _, times in buyers), default=0)
    rows = []
    for j in range(1, max(longest, 2)):
        at = [times for _, times in buyers if len(times) >= j]
        past = [times for times in at if len(times) >= j + 1]
        gaps = summary([times[j] - times[j - 1] for times in past])
        row = {"group": group, "from": j, "to": j + 1, **rate(len(past), len(at), o), "stopped": len(at) - len(past)}
        rows.append({**row, **{name: gaps[name] for name in gaps if name != "n"}})
    return rows


def gaps_of(times):
    return [later - earlier for earlier, later in zip(times, times[1:])]


def open_gap(times, now):
    return now - times[-1] if now is not None and times[-1] <= now else None


def _gaps(group, buyers, now):
    pooled = [gap for _, times in buyers for gap in gaps_of(times)]
    medians = [quantile(gaps_of(times), Fraction(1, 2)) for _, times in buyers if len(times) > 1]
    still = [gap for gap in (open_gap(times, now) for _, times in buyers) if gap is not None]
    beside = {
        "single_order_units": sum(len(times) == 1 for _, times in buyers),
        "open_gaps": len(still),
        "open_mean": summary(still)["mean"],
        "open_median": summary(still)["median"],
    }
    return [
        {"group": group, "over": "gaps", **summary(pooled), **beside},
        {"group": group, "over": "units", **summary(medians), **beside},
    ]


def _unit(group, unit, times, now, o):
    return {
        "unit": unit,
        "group": group,
        "cohort_start": start_of(index_of(times[0], o), o),
        "orders": len(times),
        "first_time": times[0],
        "second_time": times[1] if len(times) > 1 else None,
        "last_time": times[-1],
        "median_gap": float(quantile(gaps_of(times), Fraction(1, 2))) if len(times) > 1 else None,
        "open_gap": open_gap(times, now),
    }


def repurchase(rows, o):
    whole, nulls = clean(rows, o, "order_id")
    now = as_of(whole, o)
    found = subjects(whole, o, lambda mine: mine)
    found = [(group, unit, order_times(mine, o)) for group, unit, mine in found]
    tables = {name: [] for name in ("periods", "repurchase_n", "ladder", "gaps", "units", "buyers")}
    firsts = [index_of(times[0], o) for _, _, times in found]
    first, last = period_range(o, min(firsts, default=None), None if now is None else index_of(now, o))
    periods = list(range(first, last + 1)) if first is not None and last is not None else []
    for group in groups_in(found, o):
        buyers = [(unit, times) for its, unit, times in found if its == group]
        for p in periods:
            period, units = _period(group, p, buyers, now, o)
            tables["periods"].append(period)
            tables["buyers"] += units
        for cohort in [None, *periods]:
            tables["repurchase_n"] += [_within(group, cohort, periods, n, buyers, now, o) for n in o.n]
        tables["ladder"] += _ladder(group, buyers, o)
        tables["gaps"] += _gaps(group, buyers, now)
    tables["units"] = [_unit(group, unit, times, now, o) for group, unit, times in found]
    tables["totals"] = [
        {
            "rows": len(rows),
            "rows_null": nulls,
            "units": len({unit for _, unit, _ in found}),
            "orders": sum(len(times) for _, _, times in found),
            "as_of": now,
        }
    ]
    return tables
