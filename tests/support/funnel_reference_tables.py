"""Result tables of the naive funnel: calendar, ratios, quantiles, and the tables of section 1.10 as lists of dicts.

Knows nothing of how attempts are found; funnel_reference.py hands over outcomes, one for each unit or attempt that is counted.
Ratios are exact until they are printed; a ratio `x` takes five columns: x_num, x_den, x, x_lo, x_hi.
"""

import math
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from statistics import NormalDist
from zoneinfo import ZoneInfo

HOUR = 3_600_000_000
DAY = 24 * HOUR
EPOCH = datetime(1970, 1, 1)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
OTHER = "(other)"


# ---- calendar -------------------------------------------------------------------------------------------------------------


def _zone(tz):
    if tz[0] in "+-":
        sign = -1 if tz[0] == "-" else 1
        hours, minutes = tz[1:].split(":")
        return timezone(sign * timedelta(hours=int(hours), minutes=int(minutes)))
    return ZoneInfo(tz)


def _micros(delta):
    return delta // timedelta(microseconds=1)


def local_clock(time, tz):
    """What the local clock shows at an instant, as µs since 1970-01-01 00:00 on that clock."""
    utc = EPOCH.replace(tzinfo=timezone.utc) + timedelta(microseconds=time)
    return _micros(utc.astimezone(_zone(tz)).replace(tzinfo=None) - EPOCH)


def instant_of(clock, tz):
    """The first instant at which the local clock shows a time; a skipped time is moved on by the gap."""
    local = (EPOCH + timedelta(microseconds=clock)).replace(tzinfo=_zone(tz))
    return _micros(local.astimezone(timezone.utc).replace(tzinfo=None) - EPOCH)


def local_day(time, tz):
    return local_clock(time, tz) // DAY


def day_start(day, tz):
    return instant_of(day * DAY, tz)


def period_index(time, period, tz, week_start):
    if period == "hour":
        return local_clock(time, tz) // HOUR
    day = local_day(time, tz)
    if period == "day":
        return day
    if period == "week":
        return (day + 3 - WEEKDAYS.index(week_start)) // 7
    civil = date(1970, 1, 1) + timedelta(days=day)
    return {
        "month": 12 * civil.year + civil.month - 1,
        "quarter": 4 * civil.year + (civil.month - 1) // 3,
        "year": civil.year,
    }[period]


def period_start(index, period, tz, week_start):
    if period == "hour":
        return instant_of(index * HOUR, tz)
    if period == "day":
        return day_start(index, tz)
    if period == "week":
        return day_start(7 * index - 3 + WEEKDAYS.index(week_start), tz)
    months = {"month": 1, "quarter": 3, "year": 12}[period] * index
    return day_start((date(months // 12, months % 12 + 1, 1) - date(1970, 1, 1)).days, tz)


# ---- numbers --------------------------------------------------------------------------------------------------------------


def wilson(x, n, conf_level):
    """(lower, upper) of x in n; (None, None) for n = 0."""
    if n == 0:
        return None, None
    z = NormalDist().inv_cdf((1 + conf_level) / 2)
    p = x / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (0.0 if x == 0 else centre - half), (1.0 if x == n else centre + half)


def share(num, den, options):
    if den:
        return float(Fraction(num, den))
    return 0.0 if options.zero_denominator == "zero" else None


def ratio(name, num, den, options, *, intervals):
    lo, hi = wilson(num, den, options.conf_level) if intervals else (None, None)
    return {f"{name}_num": num, f"{name}_den": den, name: share(num, den, options), f"{name}_lo": lo, f"{name}_hi": hi}


def no_ratio(name):
    return dict.fromkeys((f"{name}_num", f"{name}_den", name, f"{name}_lo", f"{name}_hi"))


def quantile(ordered, p):
    """Type 7 of sorted integers, exact."""
    place = (len(ordered) - 1) * p
    low = math.floor(place)
    if low + 1 == len(ordered):
        return Fraction(ordered[low])
    return ordered[low] + (place - low) * (ordered[low + 1] - ordered[low])


def value_order(value):
    """Empty first, integers by number, text by bytes."""
    if value is None:
        return (0, 0)
    return (1, value) if isinstance(value, int) else (1, value.encode("utf-8"))


def group_order(group):
    return (2, 0) if group == OTHER else value_order(group)


# ---- groups ---------------------------------------------------------------------------------------------------------------


def limited_groups(outcomes, options):
    """{group of an outcome: group it is shown in}; only groups with somebody in step 1."""
    if options.attribution == "none":
        return {None: None}
    counts = {}
    for outcome in outcomes:
        if not outcome.dropped and outcome.grouped:
            counts[outcome.group] = counts.get(outcome.group, 0) + 1
    largest = sorted(counts, key=lambda group: (-counts[group], value_order(group)))
    kept = largest[: options.breakdown_limit] if options.breakdown_limit else largest
    return {group: group if group in kept else OTHER for group in counts}


def by_group(outcomes, shown, options):
    groups = {group: [] for group in sorted(set(shown.values()), key=group_order)}
    for outcome in outcomes:
        if not outcome.dropped and outcome.grouped:
            groups[shown[outcome.group]].append(outcome)
    return groups


# ---- steps ----------------------------------------------------------------------------------------------------------------


def previous_required(step, options):
    return max((other for other in options.required if other < step), default=None)


def steps_table(groups, options):
    table = []
    for group, outcomes in groups.items():
        counts = {step: sum(step in one.fill for one in outcomes) for step in options.all_steps}
        for step in options.all_steps:
            intervals = options.count != "totals"
            before = previous_required(step, options)
            dropped = None if before is None else counts[before] - counts[step]
            at_rest = [one for one in outcomes if step in options.required and one.level == options.required.index(step) + 1]
            table.append(
                {
                    "group": group,
                    "step": step,
                    "name": options.names[step - 1] if options.names else str(step),
                    "optional": step not in options.required,
                    "count": counts[step],
                    **ratio("rate_first", counts[step], counts[1], options, intervals=intervals),
                    **(
                        no_ratio("rate_prev")
                        if before is None
                        else ratio("rate_prev", counts[step], counts[before], options, intervals=intervals)
                    ),
                    "dropped": dropped,
                    "drop_rate": None if before is None else share(dropped, counts[before], options),
                    "stopped": len(at_rest),
                    "open": sum(one.open for one in at_rest),
                }
            )
    return table


# ---- durations ------------------------------------------------------------------------------------------------------------


def elapsed(outcome, first, last):
    """µs from one filled step to another; None if one of them is not filled. Within `grace` it may not be negative."""
    if first not in outcome.fill or last not in outcome.fill:
        return None
    return max(0, outcome.fill[last] - outcome.fill[first])


def elapsed_all(outcomes, first, last):
    values = (elapsed(outcome, first, last) for outcome in outcomes)
    return sorted(value for value in values if value is not None)


def durations_table(groups, options):
    pairs = [(previous_required(step, options), step) for step in options.all_steps[1:]]
    if options.steps > 1 and (1, options.steps) not in pairs:
        pairs.append((1, options.steps))
    table = []
    for group, outcomes in groups.items():
        for first, last in pairs:
            values = elapsed_all(outcomes, first, last)
            row = {"group": group, "from": first, "to": last, "n": len(values)}
            row["mean"] = float(Fraction(sum(values), len(values))) if values else None
            for name, percent in (("median", 50), ("p25", 25), ("p75", 75), ("p90", 90), ("p95", 95)):
                row[name] = float(quantile(values, Fraction(percent, 100))) if values else None
            row["min"], row["max"] = (values[0], values[-1]) if values else (None, None)
            table.append(row)
    return table


# ---- histogram ------------------------------------------------------------------------------------------------------------


def bins_of(values, options):
    """[(bin, left, right, count)]"""
    if options.edges:
        return _bins_between(values, options.edges)
    if not values:
        return []
    bins = options.bins or next(b for b in range(1, 61) if b**3 >= len(values) or b == 60)
    unit = options.bin_unit
    left = values[0] // unit * unit
    width = -((left - values[-1]) // (bins * unit)) * unit or 60_000_000
    counts = [0] * (bins + 1)
    for value in values:
        counts[(value - left) // width] += 1
    return [(i + 1, left + i * width, left + (i + 1) * width, count) for i, count in enumerate(counts)]


def _bins_between(values, edges):
    last = len(edges) - 1
    table = [(0, None, edges[0], sum(value < edges[0] for value in values))]
    for i in range(last):
        inside = [v for v in values if edges[i] <= v and (v < edges[i + 1] or (i + 1 == last and v == edges[last]))]
        table.append((i + 1, edges[i], edges[i + 1], len(inside)))
    return [*table, (last + 1, edges[last], None, sum(value > edges[last] for value in values))]


def histogram_table(groups, options):
    table = []
    first, last = options.histogram_from, options.histogram_to or options.steps
    for group, outcomes in groups.items():
        for number, left, right, count in bins_of(elapsed_all(outcomes, first, last), options):
            table.append(
                {"group": group, "from": first, "to": last, "bin": number, "left": left, "right": right, "count": count}
            )
    return table


# ---- trend ----------------------------------------------------------------------------------------------------------------


def trend_table(records, shown, options, limit, as_of):
    """records: [(period index, outcome)]"""
    if options.trend_period == "none":
        return []
    calendar = (options.trend_period, options.tz, options.week_start)
    records = [(index, one) for index, one in records if one.grouped and not one.dropped]
    seen = [index for index, _ in records]
    if options.time_from is not None:
        seen.append(period_index(options.time_from, *calendar))
    if options.time_to is not None:
        seen.append(period_index(options.time_to - 1, *calendar))
    if not seen:
        return []
    begin = min(seen) if options.time_from is None else period_index(options.time_from, *calendar)
    end = max(seen) if options.time_to is None else period_index(options.time_to - 1, *calendar)
    unknown = OTHER if options.breakdown_limit else None
    groups = set(shown.values()) | {shown.get(one.group, unknown or one.group) for _, one in records}
    first, last = options.trend_from, options.trend_to or options.steps
    intervals = options.count != "totals" and options.trend_count == "once_per_period"
    table = []
    for group in sorted(groups, key=group_order):
        mine = [(i, one) for i, one in records if shown.get(one.group, unknown or one.group) == group]
        for index in range(begin, end + 1):
            here = [one for i, one in mine if i == index and first in one.fill]
            reached = sum(last in one.fill for one in here)
            lo, hi = wilson(reached, len(here), options.conf_level) if intervals else (None, None)
            table.append(
                {
                    "group": group,
                    "period_start": period_start(index, *calendar),
                    "n_from": len(here),
                    "n_to": reached,
                    "rate": share(reached, len(here), options),
                    "lo": lo,
                    "hi": hi,
                    "complete": limit(period_start(index + 1, *calendar) - 1) <= as_of,
                }
            )
    return table


# ---- units ----------------------------------------------------------------------------------------------------------------


def units_table(outcomes, shown, options):
    table = []
    for one in outcomes:
        if not one.grouped and not one.dropped:
            continue
        row = {
            "unit": one.unit,
            "session": one.session,
            "hold": one.hold,
            "group": shown.get(one.group, one.group),
            "attempt": one.number,
            "level": one.level,
            **{f"t_{step}": one.fill.get(step) for step in options.all_steps},
            "open": one.open,
            "dropped": one.dropped,
        }
        table.append(row)
    names = ("unit", "session", "hold", "group", "attempt")
    return sorted(table, key=lambda row: tuple(group_order(row[name]) for name in names))


def units_at(tables, step, group=None):
    """Sorted units (without repeats) that are counted in a step."""
    return _listed(row["unit"] for row in tables["units"] if row["group"] == group and row[f"t_{step}"] is not None)


def units_dropped_at(tables, step, group=None):
    """Sorted units that got to the step before this one and no further; only without optional steps."""
    rows = (row for row in tables["units"] if row["group"] == group and not row["dropped"])
    return _listed(row["unit"] for row in rows if row["level"] == step - 1)


def _listed(units):
    return sorted(set(units), key=value_order)
