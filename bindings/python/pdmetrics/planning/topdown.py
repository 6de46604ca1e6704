"""From the target down: months by season and calendar, channels and segments by shares, to the last unit."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from .. import plan as calculators
from ..review import Text
from .model import Dimension, Event, add_months, days_of
from .tables import Col, Figure, Part, PlanTable
from .work import Work

_MONTH = Col("month", Text("month", "月份"))
_AMOUNT = Col("amount", Text("target", "目标"), "money")
_ALL = Col("total", Text("all", "合计"), "money")
_WEEK = timedelta(days=7)


def total(work: Work) -> int:
    """The target of all months."""
    model = work.model
    if model.target is not None and (model.growth is None or work.history is None):
        return model.target
    if model.months > 12:
        raise model.fail("plan.growth", "is for up to 12 months; write plan.target for a longer plan")
    if work.history is None:
        raise model.fail("plan.growth", "needs order rows: give --history, or write plan.target instead")
    sold = work.history.sold(add_months(model.start, -12), add_months(model.start, model.months - 12))
    if sold == 0:
        raise model.fail("plan.growth", "nothing was sold in the same months a year before; write plan.target alone")
    grown = calculators.growth(rows=[{"base": sold, "growth": model.growth}]).main.to_rows()[0]
    return int(round(grown["target"]))


# -------------------------------------------------------------------------------------------------------------- season


def season(work: Work) -> None:
    """Weights of days, then of months, then the months' targets."""
    model = work.model
    starts = model.month_starts()
    events, notes = _events(work)
    weekdays = _weekdays(work, events)
    if model.measured_weekdays and not weekdays:
        notes.append(Text("Without order rows all weekdays weigh the same.", "没有订单数据，星期各日同权。"))
    work.day_weights = _weights(starts[0], starts[-1], weekdays, events)
    parts = Part("season", Text("Season", "季节与节奏"), notes=notes)
    of_month = {
        name: _sum(work.day_weights, a, b) for name, a, b in zip(work.months, starts[:-1], starts[1:], strict=True)
    }
    index, calendar_too = _index(work, weekdays, events, parts)
    raw = {name: value if calendar_too else value * of_month[name] for name, value in index.items()}
    rows = [{"period": name, "index": value} for name, value in raw.items()]
    asked = {"total": work.total, "growth": model.season_growth}
    split = work.call("season", calculators.seasonal_split, target=asked, index=rows, exact_int=True)
    work.plan.results["months"] = split
    weights = {row["period"]: row["weight"] for row in split.main.to_rows()}
    amounts = {row["period"]: row["amount_int"] for row in split.main.to_rows()}
    bounds = {limit.month: limit for limit in model.limits if limit.month}
    if bounds:
        listed = [{"part": name, "weight": weights[name], **_bounds(bounds.get(name))} for name in work.months]
        amounts = _between(work, listed, work.total)
    work.targets = amounts
    mean = sum(weights.values()) / len(weights)
    work.season = {name: weight / mean for name, weight in weights.items()}
    shown = [
        [name, of_month[name], index[name], work.season[name], amounts[name], amounts[name] / work.total]
        for name in work.months
    ]
    columns = [
        _MONTH,
        Col("day_weight", Text("day weights", "日权重合计"), "number"),
        Col("index", Text("seasonal index", "季节指数"), "number"),
        Col("weight", Text("month against the mean", "相对月均"), "number"),
        _AMOUNT,
        Col("share", Text("share of the year", "占全年"), "share"),
    ]
    parts.tables.append(PlanTable("season", Text("Months", "月度节奏"), columns, shown))
    parts.figures.append(Figure(split, "months", Text("Targets by month", "月度目标"), {"exponent": model.exponent}))
    parts.figures += _daily(work, weekdays, events)
    work.add(parts)


def _bounds(limit: Any) -> dict[str, int | None]:
    return {"low": None if limit is None else limit.low, "high": None if limit is None else limit.high}


def _between(work: Work, parts: list[dict[str, Any]], amount: int) -> dict[str, int]:
    """Whole amounts between caps and floors."""
    made = work.call("limits", calculators.allocate, target=amount, parts=parts, exact_int=True)
    summary = made.summary.to_rows()[0]
    if summary["status"] != "ok":
        room = work.plan.money(summary["shortfall"])
        raise work.model.fail(
            "limits", f"the caps and floors cannot hold the target of {work.plan.money(amount)}: they miss it by {room}"
        )
    return {row["part"]: row["amount_int"] for row in made.split.to_rows()}


def _weights(start: date, end: date, weekdays: tuple[float, ...], events: tuple[Event, ...]) -> dict[date, float]:
    """Weights of the days from start up to, not including, end."""
    made = calculators.event_days(
        target={"total": 0, "first_day": start, "last_day": end - timedelta(days=1)},
        weekdays=[{"weekday": day, "weight": weight} for day, weight in enumerate(weekdays)] or None,
        events=[
            {"event": e.name, "start": e.start, "end": e.end, "multiplier": e.multiplier}
            for e in events
            if e.end >= start and e.start < end
        ]
        or None,
    )
    return dict(zip(days_of(start, end), made.days["weight"].to_list(), strict=True))


def _sum(weights: dict[date, float], start: date, end: date) -> float:
    return sum(weights[day] for day in days_of(start, end))


def _daily(work: Work, weekdays: tuple[float, ...], events: tuple[Event, ...]) -> list[Figure]:
    """The month with the largest campaign, day by day."""
    inside = [e for e in events if work.model.start <= e.start < work.model.month_starts()[-1]]
    if not inside:
        return []
    strongest = max(inside, key=lambda e: e.multiplier or 0.0)
    first = strongest.start.replace(day=1)
    name = f"{first:%Y-%m}"
    last = add_months(first, 1) - timedelta(days=1)
    made = calculators.event_days(
        target={"total": work.targets[name], "first_day": first, "last_day": last},
        weekdays=[{"weekday": day, "weight": weight} for day, weight in enumerate(weekdays)] or None,
        events=[{"event": e.name, "start": e.start, "end": e.end, "multiplier": e.multiplier} for e in events],
        exact_int=True,
    )
    work.plan.results["days"] = made
    title = Text(f"{name} day by day: {strongest.name}", f"{name} 按日节奏：{strongest.name}")
    return [Figure(made, "days", title, {"exponent": work.model.exponent})]


def _index(
    work: Work, weekdays: tuple[float, ...], events: tuple[Event, ...], part: Part
) -> tuple[dict[str, float], bool]:
    """What a month brings per unit of day weight, from whole years of history; or as given, calendar and all (True)."""
    model, history = work.model, work.history
    months = [] if history is None else history.months
    whole = len(months) // 12 * 12
    if history is not None and whole:
        used = months[-whole:]
        days = _weights(used[0], model.start, weekdays, events)
        values = []
        for t, day in enumerate(used):
            weight = _sum(days, day, add_months(day, 1)) * (1 + model.history_growth) ** t
            values.append(history.sold(day, add_months(day, 1)) / weight if weight else 0.0)
        made = work.call("season.method", calculators.seasonal_index, history=values, method=model.season_method)
        work.plan.results["seasonal_index"] = made
        found = dict(zip((f"{day:%m}" for day in used[:12]), made.main["index"].to_list(), strict=True))
        names = {str(i): (f"{day:%b}", f"{day.month}月") for i, day in enumerate(used[:12], 1)}
        title = Text("Seasonal index, campaigns taken out", "季节指数（已剔除大促）")
        part.figures.append(Figure(made, "index", title, {"names": names}))
        years = f"{used[0]:%Y-%m} – {used[-1]:%Y-%m}"
        part.notes.append(Text(f"Seasonal index from {years}.", f"季节指数取自 {years}。"))
        if whole == 12 and not model.history_growth:
            part.notes.append(
                Text(
                    "One year cannot tell growth from season; season.history_growth takes a growth you know out of it.",
                    "只有一年历史，增长与季节无法区分；已知的月增长可用 season.history_growth 剔除。",
                )
            )
        return {name: found[name[5:]] for name in work.months}, False
    if model.season_index:
        return dict(zip(work.months, model.season_index, strict=True)), True
    why = Text(
        "No whole year of history and no season.index: a flat year.", "没有完整一年的历史，也未给出季节指数：各月同权。"
    )
    part.notes.append(why)
    return dict.fromkeys(work.months, 1.0), False


# -------------------------------------------------------------------------------------------------- events and weekdays


def _events(work: Work) -> tuple[tuple[Event, ...], list[Text]]:
    """Events with their multipliers, those of history measured; the longest first, the others on top of them."""
    model, history = work.model, work.history
    notes: list[Text] = []
    known: list[Event] = [event for event in model.events if event.multiplier is not None]
    asked: dict[str, list[Event]] = {}
    for event in model.events:
        if event.multiplier is None:
            asked.setdefault(event.name, []).append(event)
    if asked and history is None:
        first = next(iter(asked.values()))[0]
        raise model.fail(f"{first.where}.multiplier", '"history" needs order rows: give --history, or a number')
    for name, rows in sorted(asked.items(), key=lambda item: -max((e.end - e.start).days for e in item[1])):
        multiplier = _measured(work, rows, tuple(known), [e for es in asked.values() for e in es])
        known += [Event(e.name, e.start, e.end, multiplier, e.where) for e in rows]
        notes.append(
            Text(
                f"{name}: {multiplier:.2f} times an ordinary day, measured.",
                f"{name}：实测为平日的 {multiplier:.2f} 倍。",
            )
        )
    if history is not None:
        notes += _one_sided(work)
    return tuple(known), notes


def _one_sided(work: Work) -> list[Text]:
    """Events that only the plan has, or only history: each is fine, but may be forgotten."""
    notes = []
    history = work.history
    for name in dict.fromkeys(event.name for event in work.model.events):
        rows = [event for event in work.model.events if event.name == name]
        planned = any(event.end >= work.model.start for event in rows)
        past = history is not None and any(
            event.start < work.model.start and event.end >= history.first_month for event in rows
        )
        if planned and not past:
            notes.append(
                Text(
                    f"{name} has no days in history: it comes on top of the season. If it took place, add its dates.",
                    f"{name} 在历史期内没有日期，将在季节之外额外叠加；若历史上举办过，请补上当年日期。",
                )
            )
        if past and not planned:
            notes.append(
                Text(
                    f"{name} has no days in the plan: what it brought in history is taken out.",
                    f"{name} 在计划期内没有日期，历史上的增量已剔除。",
                )
            )
    return notes


def _ordinary(work: Work, events: list[Event]) -> list[date]:
    """Days of history without any event."""
    history = work.history
    if history is None:
        return []
    busy = {day for event in events for day in days_of(event.start, event.end + timedelta(days=1))}
    return [day for day in days_of(history.first_month, work.model.start) if day not in busy]


def _measured(work: Work, rows: list[Event], known: tuple[Event, ...], every: list[Event]) -> float:
    """Sales of the event's days against those of ordinary days within four weeks, after what is known already."""
    history, model = work.history, work.model
    name = rows[0].name
    inner = {d for e in every if e.name != name and e not in known for d in days_of(e.start, e.end + timedelta(days=1))}
    own = {d for e in rows for d in days_of(e.start, e.end + timedelta(days=1))}
    days = sorted(d for d in own if history is not None and history.first_month <= d < model.start)
    shorter = [d for d in days if d not in inner or not own - inner]
    calm = _ordinary(work, list(model.events))
    near = [d for d in calm if days and days[0] - 4 * _WEEK <= d <= days[-1] + 4 * _WEEK and _is_near(d, days)]
    if history is None or not days or not near:
        raise model.fail(
            f"{rows[0].where}.multiplier",
            f'"history": no days of {name} in history with ordinary days near; add last year\'s dates, or a number',
        )
    chosen = shorter or days
    weights = _weights(min(chosen[0], near[0]), model.start, (), known)
    measures = {
        "sold": sum(history.sold(d, d + timedelta(days=1)) for d in chosen),
        "weight": sum(weights[d] for d in chosen),
        "calm_sold": sum(history.sold(d, d + timedelta(days=1)) for d in near),
        "calm_days": len(near),
    }
    leaves = [{"leaf": key, "value": value} for key, value in measures.items()]
    formula = "(sold / weight) / (calm_sold / calm_days)"
    row = calculators.formula(formula=formula, leaves=leaves).tables["nodes"].to_rows()[-1]
    if row["status"] != "ok":
        raise model.fail(
            f"{rows[0].where}.multiplier", "nothing was sold on the ordinary days around it; give a number"
        )
    return float(row["value"])


def _is_near(day: date, days: list[date]) -> bool:
    return any(abs((day - other).days) <= 28 for other in (days[0], days[-1])) or days[0] <= day <= days[-1]


def _weekdays(work: Work, events: tuple[Event, ...]) -> tuple[float, ...]:
    """Weights of Monday to Sunday: as given, measured on weeks without events, or equal."""
    model, history = work.model, work.history
    if not model.measured_weekdays:
        return model.weekdays
    if history is None:
        return ()
    calm = set(_ordinary(work, list(events)))
    mondays = [day for day in sorted(calm) if day.weekday() == 0]
    weeks = [week for m in mondays if calm.issuperset(week := days_of(m, m + _WEEK))]
    if not weeks:
        raise model.fail("season.weekdays", '"history" has no whole week without an event; give 7 numbers')
    values = [history.sold(day, day + timedelta(days=1)) for week in weeks for day in week]
    made = work.call(
        "season.weekdays", calculators.seasonal_index, history=values, season_length=7, method="ratio_of_sums"
    )
    return tuple(made.main["index"].to_list())


# -------------------------------------------------------------------------------------------------------------- shares


def _shares(
    work: Work, key: str, dimension: Dimension, rows: list[tuple[str, str, int]]
) -> tuple[dict[str, float], Any]:
    """Shares of units from history or as given, blended with other sources."""
    where = f"{key}.shares"
    base: Any
    if rows:
        listed = [{"period": period, "unit": unit, "value": value} for period, unit, value in rows]
        base = work.call(f"{key}.method", calculators.shares, history=listed, method=dimension.method)
    elif dimension.shares:
        listed = [{"unit": unit, "value": value} for unit, value in dimension.shares.items()]
        base = work.call(where, calculators.shares, history=listed, method="user")
    else:
        raise work.model.fail(
            where, f"missing; write shares by name under [{where}], or give --history with a column for them"
        )
    shares = dict(zip(base.main["unit"].to_list(), base.main["share"].to_list(), strict=True))
    if not dimension.blend:
        return shares, base
    sources = [{"source": "history", "unit": unit, "share": share} for unit, share in shares.items()]
    for name, weights in dimension.sources.items():
        if name in dimension.blend:
            other = [{"unit": unit, "value": value} for unit, value in weights.items()]
            found = work.call(f"{key}.sources.{name}", calculators.shares, history=other, method="user").main
            sources += [
                {"source": name, "unit": unit, "share": share}
                for unit, share in zip(found["unit"].to_list(), found["share"].to_list(), strict=True)
            ]
    alphas = [{"source": name, "alpha": alpha} for name, alpha in dimension.blend.items()]
    used = [row for row in sources if row["source"] in dimension.blend]
    made = work.call(f"{key}.blend", calculators.blend, sources=used, alphas=alphas)
    return dict(zip(made.main["unit"].to_list(), made.main["share"].to_list(), strict=True)), made


def shares(work: Work) -> None:
    """Shares of channels, and of segments within them."""
    model = work.model
    cells = work.history.cells() if work.history is not None and work.history.months else []
    by_channel: dict[tuple[str, str], int] = {}
    for cell in cells:
        by_channel[cell.month, cell.channel] = by_channel.get((cell.month, cell.channel), 0) + cell.gmv
    listed = [(month, channel, value) for (month, channel), value in by_channel.items()]
    work.channel_shares, made = _shares(work, "channels", model.channels, listed)
    work.channels = list(work.channel_shares)
    work.plan.results["channel_shares"] = made
    for limit in model.limits:
        if limit.channel and limit.channel not in work.channels:
            raise model.fail(
                f"{limit.where}.channel", f'no channel "{limit.channel}"; there are {", ".join(work.channels)}'
            )
    part = Part("shares", Text("Shares", "占比"))
    rows = [[channel, share] for channel, share in work.channel_shares.items()]
    share = Col("share", Text("share", "占比"), "share")
    part.tables.append(PlanTable("channel_shares", Text("Channels", "渠道占比"), [work.channel, share], rows))
    common = _segment_shares(work, cells, None)
    work.segments = list(common)
    for channel in work.channels:
        own = _segment_shares(work, cells, channel) if model.segments.per_channel and cells else None
        work.segment_shares[channel] = common if own is None else own
    rows = [[c, s, v] for c in work.channels for s, v in work.segment_shares[c].items()]
    if work.segments != [""]:
        part.tables.append(
            PlanTable("segment_shares", Text("Segments", "客群占比"), [work.channel, work.segment, share], rows)
        )
    work.add(part)


def _segment_shares(work: Work, cells: list[Any], channel: str | None) -> Any:
    rows: dict[tuple[str, str], int] = {}
    for cell in cells:
        if channel in (None, cell.channel):
            rows[cell.month, cell.segment] = rows.get((cell.month, cell.segment), 0) + cell.gmv
    if channel is not None and not sum(rows.values()):
        return None
    dimension = work.model.segments
    if not rows and not dimension.shares:
        return {"": 1.0}
    found, _ = _shares(work, "segments", dimension, [(m, s, v) for (m, s), v in rows.items()])
    return found


# --------------------------------------------------------------------------------------------------------------- cells


def cells(work: Work) -> None:
    """Months × channels by both margins, then segments: every sum is exact."""
    model, plan = work.model, work.plan
    bounds = {limit.channel: limit for limit in model.limits if limit.channel}
    listed = [
        {"part": name, "weight": share, **_bounds(bounds.get(name))} for name, share in work.channel_shares.items()
    ]
    if bounds:
        by_channel = _between(work, listed, work.total)
    else:
        parts = [{"part": row["part"], "weight": row["weight"]} for row in listed]
        made = calculators.apportion(target=work.total, parts=parts)
        by_channel = {row["part"]: row["amount"] for row in made.main.to_rows()}
    months = [name for name in work.months if work.targets[name]]
    channels = [name for name in work.channels if by_channel[name]]
    seed = [{"row": m, "column": c, "value": work.season[m] * work.channel_shares[c]} for m in months for c in channels]
    table = work.call(
        "channels",
        calculators.two_way,
        seed=seed,
        row_totals=[{"row": m, "row_total": work.targets[m]} for m in months],
        column_totals=[{"column": c, "column_total": by_channel[c]} for c in channels],
        method="biproportional",
    )
    plan.results["cells"] = table
    amounts = {(row["row"], row["column"]): row["amount"] for row in table.main.to_rows()}
    plan.cells = spread(work, amounts)
    part = Part("plan", Text("The plan: months × channels × segments", "目标分解：月份 × 渠道 × 客群"))
    rows: list[list[Any]] = [
        [m, *(amounts.get((m, c), 0) for c in work.channels), work.targets[m]] for m in work.months
    ]
    rows.append(["total", *(by_channel[c] for c in work.channels), work.total])
    heads = [_MONTH, *(Col(c, work.channel_name(c), "money") for c in work.channels), _ALL]
    part.tables.append(PlanTable("plan_channels", Text("Months × channels", "月份 × 渠道"), heads, rows, total=True))
    options = {"exponent": model.exponent, "names": work.channel_names}
    part.figures.append(Figure(table, "cells", Text("Months × channels", "月份 × 渠道"), options))
    if work.segments != [""]:
        whole: list[list[Any]] = [
            [m, *(sum(plan.cells.get((m, c, s), 0) for c in work.channels) for s in work.segments), work.targets[m]]
            for m in work.months
        ]
        whole.append(["total", *(sum(row[i + 1] for row in whole) for i in range(len(work.segments))), work.total])
        titles = [Col(s, work.label(s), "money") for s in work.segments]
        heads = [_MONTH, *titles, _ALL]
        part.tables.append(
            PlanTable("plan_segments", Text("Months × segments", "月份 × 客群"), heads, whole, total=True)
        )
    every = [[*key, amount] for key, amount in plan.cells.items()]
    part.tables.append(
        PlanTable("plan", Text("Every cell", "全部明细"), [_MONTH, work.channel, work.segment, _AMOUNT], every)
    )
    closure = work.total - sum(plan.cells.values())
    part.findings.append(
        Text(
            f"{len(every):,} cells add up to {plan.money(work.total)} exactly (difference {closure}).",
            f"{len(every):,} 个单元格之和恰为 {plan.money(work.total)}（差额 {closure}）。",
        )
    )
    work.add(part)


def spread(work: Work, amounts: dict[tuple[str, str], int]) -> dict[tuple[str, str, str], int]:
    """Segments of each cell, exactly."""
    names = {f"{month}|{channel}": (month, channel) for month, channel in amounts}
    levels: list[dict[str, Any]] = [
        {"level": "cell", "part": name, "weight": amounts[key]} for name, key in names.items()
    ]
    for name, (_, channel) in names.items():
        own = work.segment_shares[channel]
        levels += [{"level": "segment", "parent": name, "part": s, "weight": own.get(s, 0.0)} for s in work.segments]
    made = work.call(
        "segments", calculators.nested, target=sum(amounts.values()), levels=["cell", "segment"], shares=levels
    )
    work.plan.results.setdefault("nested", made)
    found = {(*names[row["level_1"]], row["level_2"]): row["amount"] for row in made.main.to_rows()}
    order = {name: i for i, name in enumerate(work.channels)}
    place = {name: i for i, name in enumerate(work.segments)}
    return dict(sorted(found.items(), key=lambda item: (item[0][0], order[item[0][1]], place[item[0][2]])))
