"""Targets in a review: attainment, pace, and what explains the way from plan to actual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from .. import _lists, _time, plan
from .._errors import ArgumentError, Error
from ..planning.tables import Figure
from . import Data, Grid, Section, Skipped, Text, percent, topic
from ._cohorts import short_of
from .actuals import sales

_DAY = timedelta(days=1)
_FACTORS = {
    "buyers": Text("buyers", "购买人数"),
    "frequency": Text("orders per buyer", "人均订单数"),
    "orders": Text("orders", "订单数"),
    "order_value": Text("order value (AOV)", "客单价"),
    "per_buyer": Text("sales per buyer", "人均消费"),
}

Rows = list[dict[str, Any]]


@dataclass
class Told:
    """Targets by month, what was reached, and how money is written."""

    rows: Rows
    exponent: int
    last_day: date | None

    def money(self, value: float | None) -> str:
        """An amount as readers expect it."""
        return "–" if value is None else f"{value / 10**self.exponent:,.2f}"

    def short(self, value: float | None) -> Text:
        """An amount in little room."""
        return Text("–", "–") if value is None else short_of(value / 10**self.exponent, 2)


# --------------------------------------------------------------------------------------------------------------- input


def _rows(data: Data, source: str) -> Rows:
    """The table of targets, in order of months; months as texts."""
    frame = data.frame(source)
    if hasattr(frame, "project") and hasattr(frame, "types"):  # DuckDB: its times as numbers need no zone package
        kinds = {name: str(kind) for name, kind in zip(frame.columns, frame.types, strict=True)}
        chosen = [
            f'epoch_us("{name}") AS "{name}"' if kind.startswith("TIMESTAMP") else f'"{name}"'
            for name, kind in kinds.items()
        ]
        frame = frame.project(", ".join(chosen))
    columns: Mapping[str, Any] | None = frame if isinstance(frame, Mapping) else _lists.frame_columns(frame)
    if columns is None:
        raise ArgumentError("targets: expected a data frame with a row for each month")
    values = [list(column) for column in columns.values()]
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)]
    zone = _time.zone(data.arguments.get("tz"))
    for position, row in enumerate(rows):
        row["month"] = _month(row["month"], zone, position)
    return sorted(rows, key=lambda row: str(row["month"]))


def _month(value: Any, zone: Any, row: int) -> str:
    if isinstance(value, str) and len(value) >= 7 and value[4:5] == "-" and value[:4].isdigit():
        return value[:7]
    if isinstance(value, (datetime, int)):
        return f"{_time.to_datetime(_time.instant(value, zone, 'month'), zone):%Y-%m}"
    if isinstance(value, date):
        return f"{value:%Y-%m}"
    raise ArgumentError(f"targets, row {row}: month: expected a date or text such as 2025-09, got {value!r}")


def _sold(data: Data) -> tuple[dict[tuple[str, str | None], int], date | None]:
    """Sales of the orders by month and channel, and the last day of any."""
    days = sales(data, "orders", "day") if "orders" in data.inputs else None
    if days is None:
        return {}, None
    sums: dict[tuple[str, str | None], int] = {}
    for row in days.main.to_rows():
        for key in ((row["period"][:7], None), (row["period"][:7], row["channel"])):
            sums[key] = sums.get(key, 0) + row["gmv"]
    periods = days.main["period"].to_list()
    return sums, date.fromisoformat(max(periods)) if periods else None


def _read(data: Data, source: str) -> Told:
    rows = _rows(data, source)
    missing = [row["month"] for row in rows if row["target_gmv"] is None]
    if missing:
        raise ArgumentError(f"targets: target_gmv is empty for {', '.join(missing[:5])}")
    whole = all(isinstance(row["target_gmv"], int) for row in rows)
    exponent = int(data.arguments.get("currency_exponent") or 2) if whole else 0
    try:
        sums, last = _sold(data)
    except Error:
        sums, last = {}, None  # the orders have their own sections, which say what is wrong with them
    for row in rows:
        of_orders = sums.get((row["month"], row.get("channel"))) if sums else None
        row["of_orders"] = of_orders
        if row.get("actual_gmv") is None:
            row["actual_gmv"] = None if of_orders is None else of_orders if whole else of_orders / 100
    return Told(rows, exponent, last)


# ------------------------------------------------------------------------------------------------------------- numbers


def _by_month(rows: Rows) -> Rows:
    """One row a month: sums over channels."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        mine = found.setdefault(row["month"], {"month": row["month"]})
        for key, value in row.items():
            if key.startswith(("target_", "actual_")) and value is not None and not key.endswith("_aov"):
                mine[key] = mine.get(key, 0) + value
    return list(found.values())


def _month_span(month: str) -> tuple[date, date]:
    start = date(int(month[:4]), int(month[5:7]), 1)
    return start, (start + 31 * _DAY).replace(day=1)


def _tracked(told: Told, months: Rows) -> Any:
    """The tracking table; the month that is not over gets its pace."""
    before: dict[str, Any] = {}
    rows = []
    for row in months:
        month, actual = row["month"], row.get("actual_gmv")
        start, end = _month_span(month)
        made = {"name": month, "actual": actual, "target": row["target_gmv"]}
        if told.last_day is not None and start <= told.last_day < end - _DAY:
            made |= {"elapsed": (told.last_day - start).days + 1, "days": (end - start).days}
        else:
            year_ago = f"{start.year - 1}{month[4:]}"
            previous = f"{start - _DAY:%Y-%m}"
            made |= {"previous": before.get(previous), "year_ago": before.get(year_ago)}
        before[month] = actual
        rows.append(made)
    return plan.track(rows=rows)


def _factors(row: Mapping[str, Any]) -> tuple[str, Rows] | None:
    """Sales as a product of what the targets plan: buyers × orders of a buyer × value of an order."""
    sums = {
        (side, key): row.get(f"{side}_{key}") for side in ("target", "actual") for key in ("buyers", "orders", "gmv")
    }

    def known(*keys: str) -> bool:
        return all(sums[side, key] for side in ("target", "actual") for key in keys)

    def ratio(above: str, below: str) -> tuple[float, float]:
        return tuple(float(sums[side, above]) / float(sums[side, below]) for side in ("target", "actual"))  # type: ignore

    def total(key: str) -> tuple[float, float]:
        return float(sums["target", key] or 0), float(sums["actual", key] or 0)

    if known("buyers", "orders", "gmv"):
        found = {
            "buyers": total("buyers"),
            "frequency": ratio("orders", "buyers"),
            "order_value": ratio("gmv", "orders"),
        }
    elif known("orders", "gmv"):
        found = {"orders": total("orders"), "order_value": ratio("gmv", "orders")}
    elif known("buyers", "gmv"):
        found = {"buyers": total("buyers"), "per_buyer": ratio("gmv", "buyers")}
    else:
        return None
    leaves = [{"leaf": name, "x0": x0, "x1": x1} for name, (x0, x1) in found.items()]
    return " * ".join(found), leaves


def _bridge(told: Told, row: Mapping[str, Any], span: Text) -> tuple[Any, Figure, Text] | None:
    """Shapley effects from plan to actual, as a figure and a sentence."""
    factors = _factors(row)
    if factors is None:
        return None
    formula, leaves = factors
    made = plan.decompose(formula=formula, leaves=leaves)
    effects = made.main.to_rows()
    largest = max(effects, key=lambda effect: abs(effect["effect"]))
    total = made.summary["total"][0]
    names = {name: (text.en, text.zh) for name, text in _FACTORS.items()}
    figure = Figure(
        made,
        "bridge",
        Text(f"From target to actual, {span.en}", f"目标到实际（{span.zh}）"),
        {"exponent": told.exponent, "names": names, "money": ("order_value", "per_buyer")},
        {"start": Text("target", "目标"), "end": Text("actual", "实际")},
    )
    name = _FACTORS[largest["factor"]]
    change = f"{largest['x1'] / largest['x0'] - 1:+.1%}" if largest["x0"] else "–"
    share = largest["effect"] / total if total else None
    worth = told.money(abs(largest["effect"]))
    less = largest["effect"] < 0
    if share is not None and 0 <= share <= 1 + 1e-9:
        why = Text(f"explains {percent(share)} of it", f"贡献 {percent(share)}")
    else:
        why = Text(
            f"alone is worth {worth} {'less' if less else 'more'}", f"单独影响{'减少' if less else '增加'} {worth}"
        )
    amount = told.money(abs(total))
    said = Text(
        f"{span.en}: {amount} {'below' if total < 0 else 'above'} target; {name.en} ({change}) {why.en}.",
        f"{span.zh}：{'低于' if total < 0 else '高于'}目标 {amount}，其中{name.zh}（{change}）{why.zh}。",
    )
    return made, figure, said


# ------------------------------------------------------------------------------------------------------------- section


def _grid(told: Told, tracked: Any, head: Text) -> Grid:
    rows = []
    for row in (*tracked.tables["rows"].to_rows(), {**tracked.tables["total"].to_rows()[0], "name": None}):
        name = Text("total", "合计") if row["name"] is None else Text(str(row["name"]), str(row["name"]))
        cells = [
            told.money(row["target"]),
            told.money(row["actual"]),
            percent(row["attainment"]),
            told.money(row["gap"]),
        ]
        cells += ["–" if row[key] is None else f"{row[key]:+.1%}" for key in ("mom", "yoy")]
        pace = row.get("pace_index")
        cells.append("–" if pace is None else f"{pace:.2f}")
        rows.append([name, *(Text(cell, cell) for cell in cells), _ALERTS[row["alert"]]])
    heads = [
        head,
        Text("target", "目标"),
        Text("actual", "实际"),
        Text("attainment", "完成率"),
        Text("gap", "差额"),
        Text("on the month before", "环比"),
        Text("on the year before", "同比"),
        Text("pace", "进度指数"),
        Text("", ""),
    ]
    return Grid(Text("Targets", "目标完成跟踪表"), heads, rows, total=True)


_ALERTS = {
    "green": Text("● on target", "● 达标"),
    "amber": Text("◐ a little below", "◐ 略低"),
    "red": Text("○ below", "○ 未达标"),
    "unknown": Text("–", "–"),
}


def _findings(told: Told, rows: Rows) -> list[Text]:
    """How many months missed, and which was the worst."""
    over = [row for row in rows if row["attainment"] is not None and row["required_per_day"] is None]
    below = [row for row in over if not row["met"]]
    if not over:
        return []
    if not below:
        return [Text(f"All {len(over)} months reached their target.", f"{len(over)} 个月全部达标。")]
    worst = min(below, key=lambda row: row["attainment"])
    gap = told.money(-worst["gap"])
    return [
        Text(
            f"{len(below)} of {len(over)} months missed their target; furthest below is {worst['name']}: "
            f"{percent(worst['attainment'])}, {gap} missing.",
            f"{len(over)} 个月中有 {len(below)} 个月未达标；最差的是 {worst['name']}：完成率 "
            f"{percent(worst['attainment'])}，差 {gap}。",
        )
    ]


def _pace(told: Told, months: Rows, made: Section) -> None:
    """The year so far: what it has and what it should have, with the running month by its days."""
    year = months[-1]["month"][:4]
    if told.last_day is not None:
        year = max(f"{told.last_day:%Y}", months[0]["month"][:4])
    mine = [row for row in months if row["month"][:4] == year]
    if len(mine) < 2:
        return
    weights: list[float] = []
    elapsed = 0
    reached = 0.0
    for row in mine:
        start, end = _month_span(row["month"])
        days = (end - start).days
        weights += [row["target_gmv"] / days] * days
        actual = row.get("actual_gmv")
        if actual is not None and (told.last_day is None or start <= told.last_day):
            reached += actual
            elapsed += days if told.last_day is None or told.last_day >= end else (told.last_day - start).days + 1
    target = sum(row["target_gmv"] for row in mine)
    if not elapsed:
        return
    asked = {"actual": reached, "target": target, "elapsed": elapsed, "total_days": len(weights)}
    found = plan.pace(pace=asked, days=weights, strict=False)
    row = found.main.to_rows()[0]
    made.numbers += [
        (Text(f"{year} reached", f"{year} 年已完成"), told.short(reached)),
        (Text(f"{year} attainment", f"{year} 年完成率"), percent(row["attainment"])),
        (Text("planned by now", "计划进度"), percent(row["planned_progress"])),
        (
            Text("pace (1 = as planned)", "进度指数（1 为正常）"),
            f"{row['pace_index']:.3f}" if row["pace_index"] else "–",
        ),
    ]
    title = Text(f"Pace of {year}", f"{year} 年时间进度")
    made.figures_of.append(Figure(found, "pace", title, {"exponent": told.exponent}))


def _channels(told: Told, made: Section) -> None:
    """Where targets are given by channel: which of them carry the difference."""
    rows = [row for row in told.rows if row.get("channel") is not None and row.get("actual_gmv") is not None]
    names = list(dict.fromkeys(row["channel"] for row in rows))
    if len(names) < 2:
        return
    sums = [
        {
            "segment": name,
            "v0": sum(row["target_gmv"] for row in rows if row["channel"] == name),
            "v1": sum(row["actual_gmv"] for row in rows if row["channel"] == name),
        }
        for name in names
    ]
    found = plan.contribution(segments=sums)
    tracked = plan.track(rows=[{"name": row["segment"], "actual": row["v1"], "target": row["v0"]} for row in sums])
    made.grids.append(_grid(told, tracked, Text("channel", "渠道")))
    words = {"start": Text("target", "目标"), "end": Text("actual", "实际")}
    title = Text("From target to actual by channel", "目标到实际：渠道差额")
    made.figures_of.append(Figure(found, "bridge", title, {"exponent": told.exponent}, words))
    worst = min(tracked.tables["rows"].to_rows(), key=lambda row: row["gap"])
    if worst["gap"] < 0:
        made.findings.append(
            Text(
                f"Channel {worst['name']} is furthest behind: {percent(worst['attainment'])} of its target.",
                f"渠道 {worst['name']} 落后最多：完成率 {percent(worst['attainment'])}。",
            )
        )


@topic("targets", columns=("month", "target_gmv"))
def tell(data: Data, source: str) -> Section:
    """The section."""
    told = _read(data, source)
    months = _by_month(told.rows)
    if not months or all(row.get("actual_gmv") is None for row in months):
        raise Skipped(Text("no actual_gmv and no orders to take it from", "没有 actual_gmv，也没有可用的订单"))
    shown = [row for row in months if row.get("actual_gmv") is not None]
    tracked = _tracked(told, months)
    rows = tracked.tables["rows"].to_rows()
    total = tracked.tables["total"].to_rows()[0]
    made = Section(Text("Targets", "目标完成"))
    made.numbers = [
        (Text("months", "月数"), f"{len(shown)}"),
        (Text("target", "目标"), told.short(total["target"])),
        (Text("actual", "实际"), told.short(total["actual"])),
        (Text("attainment", "完成率"), percent(total["attainment"])),
    ]
    made.findings = _findings(told, rows)
    recent = _again(rows[-12:])
    made.figures_of = [
        Figure(
            plan.track(rows=recent), "tracking", Text("Target and actual", "目标与实际"), {"exponent": told.exponent}
        )
    ]
    _pace(told, months, made)
    below = [row for row in rows if row["met"] is False and row["required_per_day"] is None]
    if below:
        worst = min(below, key=lambda row: row["attainment"])["name"]
        row = next(row for row in months if row["month"] == worst)
        bridge = _bridge(told, row, Text(worst, worst))
        if bridge is not None:
            made.figures_of.append(bridge[1])
            made.findings.append(bridge[2])
    last = months[-1]["month"][:4]
    year = _summed([row for row in shown if row["month"][:4] == last])
    bridge = _bridge(told, year, Text(last, f"{last} 年")) if year else None
    if bridge is not None:
        made.figures_of.append(bridge[1])
        made.findings.append(bridge[2])
    made.grids = [_grid(told, tracked, Text("month", "月份"))]
    _channels(told, made)
    made.notes += _doubts(told, months)
    return made


def _again(rows: Rows) -> Rows:
    """Rows of a tracking table as its input again."""
    found = []
    for row in rows:
        made = {"name": row["name"], "actual": row["actual"], "target": row["target"]}
        made |= {"previous": row["prev"], "year_ago": row["year_ago"]}
        if row["expected_to_date"] is not None and row["target"]:
            start, end = _month_span(row["name"])
            days = (end - start).days
            made |= {"elapsed": round(days * row["expected_to_date"] / row["target"]), "days": days}
        found.append(made)
    return found


def _summed(rows: Rows) -> dict[str, Any]:
    keys = {key for row in rows for key in row if key.startswith(("target_", "actual_"))}
    return {key: sum(row[key] for row in rows) for key in keys if all(row.get(key) is not None for row in rows)}


def _doubts(told: Told, months: Rows) -> list[Text]:
    """Where the table's own actuals and the orders tell different things."""
    sums: dict[str, int] = {}
    for row in told.rows:
        if row.get("of_orders") is not None:
            sums[row["month"]] = sums.get(row["month"], 0) + row["of_orders"]
    scale = 1 if told.exponent else 100
    unlike = [row["month"] for row in months if row["month"] in sums and row.get("actual_gmv") is not None]
    actual = {row["month"]: row.get("actual_gmv") for row in months}
    unlike = [month for month in unlike if abs((actual[month] or 0) * scale - sums[month]) > 0.5 * scale]
    notes = [
        Text(
            "Computed from the targets table and the orders; GMV without refunds.",
            "依据目标表与订单计算；GMV 未扣退款。",
        )
    ]
    if unlike:
        shown = ", ".join(unlike[:6])
        notes.append(
            Text(
                f"actual_gmv and the orders differ in {len(unlike)} months: {shown}.",
                f"actual_gmv 与订单在 {len(unlike)} 个月不一致：{shown}。",
            )
        )
    return notes
