"""Once the year runs: plan against actual, pace, and the months to come planned anew."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from .. import plan as calculators
from ..review import Text
from .model import add_months, days_of
from .tables import Col, Figure, Kind, Part, PlanTable
from .topdown import spread
from .work import Work

_MONTH = Col("month", Text("month", "月份"))
_ALERTS = {
    "green": Text("● on target", "● 达标"),
    "amber": Text("◐ a little below", "◐ 略低"),
    "red": Text("○ below", "○ 未达标"),
    "unknown": Text("–", "–"),
}
_ALERT = Col("alert", Text("alert", "预警"), names=_ALERTS)
_DAY = timedelta(days=1)


def as_of(work: Work) -> date | None:
    """The last day that counts as past; ``None`` before the plan begins."""
    model, history = work.model, work.history
    start, end = model.start, model.month_starts()[-1]
    if model.as_of is not None:
        if not start <= model.as_of < end:
            raise model.fail("actuals.as_of", f"{model.as_of} is no day of the plan ({start} to {end - _DAY})")
        return model.as_of
    if model.actuals:
        last = max(model.actuals)
        return add_months(date(int(last[:4]), int(last[5:]), 1), 1) - _DAY
    if history is not None and history.last_day >= start:
        return min(history.last_day, end - _DAY)
    return None


def _actual(work: Work, month: str, start: date, end: date) -> int | None:
    """What was reached from start up to, not including, end."""
    if month in work.model.actuals:
        return work.model.actuals[month]
    return None if work.history is None or work.history.last_day < work.model.start else work.history.sold(start, end)


def track(work: Work) -> None:
    """The tracking table with pace; the bridge by channel; the re-plan."""
    last = as_of(work)
    if last is None:
        return
    model, plan, history = work.model, work.plan, work.history
    starts = model.month_starts()
    part = Part("tracking", Text(f"Tracking as of {last}", f"目标跟踪（截至 {last}）"))
    rows: list[dict[str, Any]] = []
    before = None if history is None else _sold_if_known(work, add_months(model.start, -1), model.start)
    for month, start, end in zip(work.months, starts[:-1], starts[1:], strict=True):
        if start > last:
            break
        whole = last >= end - _DAY
        actual = _actual(work, month, start, min(end, last + _DAY))
        row: dict[str, Any] = {"name": month, "actual": actual, "target": work.targets[month]}
        if whole:
            year_ago = add_months(start, -12)
            row |= {"previous": before, "year_ago": _sold_if_known(work, year_ago, add_months(year_ago, 1))}
        else:
            gone, days = (last - start).days + 1, days_of(start, end)
            weight = sum(work.day_weights[day] for day in days)
            passed = sum(work.day_weights[day] for day in days[:gone])
            row |= {"elapsed": gone, "days": len(days), "planned": passed / weight if weight else None}
        before = actual
        rows.append(row)
    made = work.call("actuals", calculators.track, rows=rows)
    plan.results["tracking"] = made
    part.tables.append(_tracking_table(made))
    part.figures.append(Figure(made, "tracking", Text("Plan and actual", "目标与实际"), {"exponent": model.exponent}))
    complete = [row["name"] for row in rows if "elapsed" not in row and row["actual"] is not None]
    _pace(work, part, rows, last)
    if complete:
        _to_date(work, part, rows, complete)
        _by_channel(work, part, complete)
    work.add(part)
    _replan(work, rows, complete)


def _sold_if_known(work: Work, start: date, end: date) -> int | None:
    history = work.history
    return None if history is None or start < history.first_month else history.sold(start, end)


def _tracking_table(made: Any) -> PlanTable:
    columns: list[tuple[str, Text, Kind]] = [
        ("target", Text("target", "目标"), "money"),
        ("actual", Text("actual", "实际"), "money"),
        ("attainment", Text("attainment", "完成率"), "share"),
        ("gap", Text("gap", "差额"), "money"),
        ("mom", Text("on the month before", "环比"), "change"),
        ("yoy", Text("on the year before", "同比"), "change"),
        ("expected_to_date", Text("expected by now", "按进度应完成"), "money"),
        ("pace_index", Text("pace", "进度指数"), "number"),
        ("forecast", Text("forecast", "预计完成"), "money"),
        ("required_per_day", Text("needed a day", "日均需完成"), "money"),
        ("alert", Text("alert", "预警"), "text"),
        ("status", Text("status", "状态"), "text"),
    ]
    rows = [[row["name"], *(row[name] for name, _, _ in columns)] for row in made.tables["rows"].to_rows()]
    whole = made.tables["total"].to_rows()[0]
    rows.append(["total", *(whole.get(name) for name, _, _ in columns)])
    heads = [_MONTH, *(_ALERT if name == "alert" else Col(name, title, kind) for name, title, kind in columns)]
    return PlanTable("tracking", Text("Plan and actual", "目标完成跟踪表"), heads, rows, total=True)


def _pace(work: Work, part: Part, rows: list[dict[str, Any]], last: date) -> None:
    """The whole year: where it should be, where it will end."""
    model, plan = work.model, work.plan
    starts = model.month_starts()
    weights: list[float] = []
    for month, start, end in zip(work.months, starts[:-1], starts[1:], strict=True):
        days = [work.day_weights[day] for day in days_of(start, end)]
        whole = sum(days)
        weights += [work.targets[month] * day / whole if whole else 0.0 for day in days]
    actual = sum(row["actual"] or 0 for row in rows)
    asked = {
        "actual": actual,
        "target": work.total,
        "elapsed": (last - model.start).days + 1,
        "total_days": len(weights),
    }
    made = work.call("actuals", calculators.pace, pace=asked, days=weights, strict=False)
    plan.results["pace"] = made
    row = made.main.to_rows()[0]
    columns: list[tuple[str, Text, Kind]] = [
        ("attainment", Text("attainment", "完成率"), "share"),
        ("time_progress", Text("of the days", "时间进度"), "share"),
        ("planned_progress", Text("of the plan by now", "计划进度"), "share"),
        ("expected_to_date", Text("expected by now", "按进度应完成"), "money"),
        ("gap_to_date", Text("ahead of it", "进度差额"), "money"),
        ("pace_index", Text("pace", "进度指数"), "number"),
        ("linear_forecast", Text("forecast by days", "按天数预测"), "money"),
        ("weighted_forecast", Text("forecast by the plan", "按计划节奏预测"), "money"),
        ("required_per_day", Text("needed a day", "日均需完成"), "money"),
        ("status", Text("status", "状态"), "text"),
    ]
    heads = [Col(name, title, kind) for name, title, kind in columns]
    part.tables.append(
        PlanTable("pace", Text("Pace of the year", "全年进度"), heads, [[row[n] for n, _, _ in columns]])
    )
    part.figures.append(Figure(made, "pace", Text("Pace of the year", "全年进度"), {"exponent": model.exponent}))
    part.numbers += [
        (Text("reached", "已完成"), plan.money(actual)),
        (Text("attainment of the year", "全年完成率"), plan.shown(row["attainment"], "share")),
        (Text("expected by now", "按进度应完成"), plan.money(row["expected_to_date"])),
        (Text("pace (1 = as planned)", "进度指数（1 为正常）"), plan.shown(row["pace_index"], "number")),
    ]
    if row["gap_to_date"] is not None:
        ahead = row["gap_to_date"] >= 0
        away, ends = plan.money(abs(row["gap_to_date"])), plan.money(row["weighted_forecast"])
        part.findings.append(
            Text(
                f"The year is {away} {'ahead of' if ahead else 'behind'} its plan; at this pace it ends at {ends}.",
                f"全年进度{'领先' if ahead else '落后'} {away}，按当前节奏预计完成 {ends}。",
            )
        )


def _to_date(work: Work, part: Part, rows: list[dict[str, Any]], complete: list[str]) -> None:
    reached = {row["name"]: row["actual"] for row in rows}
    periods = [
        {"period": m, "actual": reached.get(m) if m in complete else None, "target": work.targets[m]}
        for m in work.months
    ]
    made = work.call("actuals", calculators.cumulative, periods=periods)
    work.plan.results["cumulative"] = made
    title = Text("Plan and actual to date, whole months", "累计目标与实际（完整月份）")
    part.figures.append(Figure(made, "progress", title, {"exponent": work.model.exponent}))
    worst = min((row for row in rows if row["name"] in complete), key=lambda r: (r["actual"] or 0) / r["target"])
    share = (worst["actual"] or 0) / worst["target"]
    if share < 1:
        part.findings.append(
            Text(
                f"{worst['name']} is furthest below its target: {share:.1%}.",
                f"{worst['name']} 完成率最低：{share:.1%}。",
            )
        )


def _by_channel(work: Work, part: Part, complete: list[str]) -> None:
    """Plan to date against actual, channel by channel, over whole months."""
    history = work.history
    if history is None or work.model.actuals:
        return
    begin = work.model.start
    end = add_months(begin, len(complete))
    planned: dict[str, int] = dict.fromkeys(work.channels, 0)
    for (month, channel, _), amount in work.plan.cells.items():
        if month in complete:
            planned[channel] += amount
    sold = {channel: history.sold(begin, end, channel) for channel in work.channels}
    others = history.sold(begin, end) - sum(sold.values())
    rows = [{"segment": c, "v0": planned[c], "v1": sold[c]} for c in work.channels]
    if others:
        rows.append({"segment": "other", "v0": 0, "v1": others})
    made = work.call("actuals", calculators.contribution, segments=rows)
    work.plan.results["tracking_channels"] = made
    tracked = calculators.track(rows=[{"name": r["segment"], "actual": r["v1"], "target": r["v0"]} for r in rows])
    share = {row["segment"]: row["share_of_change"] for row in made.main.to_rows()}
    shown = [
        [r["name"], r["target"], r["actual"], r["attainment"], r["gap"], share[r["name"]], r["alert"], r["status"]]
        for r in tracked.tables["rows"].to_rows()
    ]
    heads = [
        work.channel,
        Col("target", Text("target", "目标"), "money"),
        Col("actual", Text("actual", "实际"), "money"),
        Col("attainment", Text("attainment", "完成率"), "share"),
        Col("gap", Text("gap", "差额"), "money"),
        Col("share_of_gap", Text("of the whole gap", "占总差额"), "share"),
        _ALERT,
        Col("status", Text("status", "状态")),
    ]
    span = f"{complete[0]} – {complete[-1]}"
    title = Text(f"Channels, {span}", f"渠道完成情况（{span}）")
    part.tables.append(PlanTable("tracking_channels", title, heads, shown))
    words = {"start": Text("plan", "目标"), "end": Text("actual", "实际")}
    title = Text(f"From plan to actual by channel, {span}", f"目标到实际：渠道差额（{span}）")
    options = {"exponent": work.model.exponent, "names": work.channel_names}
    part.figures.append(Figure(made, "bridge", title, options, words))


def _replan(work: Work, rows: list[dict[str, Any]], complete: list[str]) -> None:
    model, plan = work.model, work.plan
    coming = [month for month in work.months if month not in complete]
    if not complete or not coming:
        return
    caps = {limit.month: limit.high for limit in model.limits if limit.month} if model.replan.caps else {}
    remaining = [
        {"period": m, "weight": work.targets[m], "old_target": work.targets[m], "high": caps.get(m)} for m in coming
    ]
    reached = {row["name"]: row["actual"] for row in rows}
    made = work.call(
        "replan",
        calculators.replan,
        plan=work.total,
        actuals=[reached[m] for m in complete],
        remaining=remaining,
        method=model.replan.method,
        apportion=model.replan.apportion,
        spread=model.replan.spread,
        exact_int=True,
    )
    plan.results["replan"] = made
    part = Part("replan", Text("Re-plan of the months to come", "滚动调整后续目标"))
    summary = made.summary.to_rows()[0]
    rows_shown = [
        [r["period"], round(r["old_target"]), r["new_target_int"], r["change"], r["at_bound"]]
        for r in made.tables["periods"].to_rows()
    ]
    heads = [
        _MONTH,
        Col("old_target", Text("target so far", "原目标"), "money"),
        Col("new_target", Text("new target", "新目标"), "money"),
        Col("change", Text("change", "变化"), "money"),
        Col("at_bound", Text("at its cap", "触及上限")),
    ]
    part.tables.append(PlanTable("replan", Text("New targets", "新目标"), heads, rows_shown))
    part.numbers += [
        (Text("policy", "规则"), str(summary["method"])),
        (Text("reached in whole months", "完整月份已完成"), plan.money(summary["actual"])),
        (Text("forecast of the year", "全年预计"), plan.money(summary["forecast"])),
        (Text("status", "状态"), str(summary["status"])),
    ]
    if summary["status"] == "infeasible":
        short = plan.money(summary["shortfall"])
        part.findings.append(
            Text(f"The caps of the months to come leave {short} open.", f"后续月份的上限仍留下 {short} 缺口。")
        )
        work.add(part)
        return
    part.figures.append(
        Figure(made, "replan", Text("Targets re-planned", "滚动调整目标"), {"exponent": model.exponent})
    )
    _replan_cells(work, part, {row[0]: row[2] for row in rows_shown})
    work.add(part)


def _replan_cells(work: Work, part: Part, months: dict[str, int]) -> None:
    """New targets of channels and segments; each month's mix stays as it was planned."""
    old = {(m, c): 0 for m in months for c in work.channels}
    for (month, channel, _), amount in work.plan.cells.items():
        if month in months:
            old[month, channel] += amount
    live = {m: v for m, v in months.items() if v and sum(old[m, c] for c in work.channels)}
    if not live:
        return
    levels: list[dict[str, Any]] = [{"level": "month", "part": m, "weight": v} for m, v in live.items()]
    levels += [{"level": "channel", "parent": m, "part": c, "weight": old[m, c]} for m in live for c in work.channels]
    made = work.call(
        "replan", calculators.nested, target=sum(live.values()), levels=["month", "channel"], shares=levels
    )
    amounts = {(row["level_1"], row["level_2"]): row["amount"] for row in made.main.to_rows()}
    rows = [[*key, amount] for key, amount in spread(work, amounts).items()]
    heads = [
        _MONTH,
        work.channel,
        work.segment,
        Col("amount", Text("new target", "新目标"), "money"),
    ]
    part.tables.append(PlanTable("replan_cells", Text("New targets, every cell", "新目标明细"), heads, rows))
