"""Repurchase in a review: how many buy again, how soon, and which cohort does not."""

from __future__ import annotations

from typing import Any

from .._events import spelled
from .._registry import metrics
from .._result import Result
from . import Data, Grid, Numbers, Section, Skipped, Text, _cohorts, percent, section
from ._cohorts import Rows, asked, both

_DAYS = (30, 90, 180)


def _ladder(result: Result) -> Rows:
    return [row for row in result.tables["ladder"].to_rows() if row["den"]]


def _second_order(ladder: Rows) -> list[Text]:
    if not ladder or not ladder[0]["num"]:
        return [Text("Nobody has ordered twice yet.", "还没有客户复购。")]
    first = ladder[0]
    rate = percent(first["rate"])
    took = Text(spelled(first["median"], "en"), spelled(first["median"], "zh"))
    found = [
        Text(
            f"{rate} of the customers have ordered a second time, half of these within {took.en}.",
            f"{rate} 的客户有第二单，其中一半在 {took.zh}内复购。",
        )
    ]
    if len(ladder) > 1 and ladder[1]["num"]:
        then = percent(ladder[1]["rate"])
        found.append(
            Text(
                f"The second order is the hurdle: of those who took it, {then} ordered a third time.",
                f"第二单是关键：已复购的客户中 {then} 有第三单。",
            )
            if ladder[1]["rate"] > first["rate"]
            else Text(f"Of those with two orders, {then} ordered a third time.", f"有两单的客户中 {then} 有第三单。")
        )
    return found


def _within(result: Result) -> list[Text]:
    """How many order again in n days, of those who have had that long."""
    rows = [row for row in result.tables["repurchase_n"].to_rows() if row["cohort"] is None and row["den"]]
    if not rows:
        return []
    en = ", ".join(f"{percent(row['rate'])} within {row['n']} days" for row in rows)
    zh = "，".join(f"{row['n']} 天内 {percent(row['rate'])}" for row in rows)
    return [Text(f"Of customers who have had the time, order again: {en}.", f"满期客户的复购率：{zh}。")]


def _outlier(grouped: Result, group: str | None) -> list[Text]:
    """The cohort that stands out, by the longest n that it is old enough for."""
    rows = [row for row in grouped.tables["repurchase_n"].to_rows() if row["cohort"] is not None and row["complete"]]
    names = _cohorts.named(rows, "cohort_start", "cohort")
    for n in sorted({row["n"] for row in rows}, reverse=True):
        found = _cohorts.outlier(row for row in rows if row["n"] == n)
        if found is None:
            continue
        row = found.row
        where = both(row["group"])
        cohort = names[row["cohort"]]
        name = Text(f"{cohort} · {where.en}", f"{cohort} · {where.zh}") if group is not None else Text(cohort, cohort)
        mine, others = percent(row["rate"]), percent(found.others)
        return [
            Text(
                f"Of the {row['size']:,} customers who first bought in {name.en} only {mine} ordered again within {n} days, "
                f"elsewhere {others}.",
                f"{name.zh} 首购的 {row['size']:,} 位客户中，{n} 天内复购的仅 {mine}，其他为 {others}。",
            )
        ]
    return []


def _grid(ladder: Rows) -> Grid:
    head = [
        Text("from order", "单次"),
        Text("customers", "客户数"),
        Text("go on", "继续复购"),
        Text("rate", "复购率"),
        Text("median gap", "间隔中位数"),
        Text("nine in ten within", "九成在"),
    ]
    body = []
    for row in ladder[:8]:
        cells = [f"{row['den']:,}", f"{row['num']:,}", percent(row["rate"])]
        times = [Text(spelled(row[key], "en"), spelled(row[key], "zh")) for key in ("median", "p90")]
        steps = f"{row['from']} → {row['to']}"
        body.append([Text(steps, steps), *(Text(cell, cell) for cell in cells), *times])
    return Grid(Text("From order to order", "复购阶梯"), head, body, numeric=True)


def _numbers(result: Result, ladder: Rows) -> Numbers:
    totals = result.tables["totals"].to_rows()[0]
    pooled = {row["n"]: row for row in result.tables["repurchase_n"].to_rows() if row["cohort"] is None}
    numbers: Numbers = [
        (Text("customers", "客户数"), f"{totals['units']:,}"),
        (Text("orders", "订单数"), f"{totals['orders']:,}"),
        (Text("second order", "有第二单"), percent(ladder[0]["rate"] if ladder else None)),
    ]
    for n, row in list(pooled.items())[:2]:
        numbers.append((Text(f"{n}-day repurchase", f"{n} 天复购率"), percent(row["rate"])))
    return numbers


def asked_of(data: Data, source: str, rows: str) -> dict[str, Any]:
    """How repurchase of an input is asked for, not broken down."""
    n: Any = data.arguments.get("n") or list(_DAYS)
    period = _cohorts.period_for(data, rows)
    return asked(data, "repurchase", n=n, period=period, by=None, **_cohorts.whole_days(data, source))


@section("repurchase", inputs=("orders",), columns_of="lifecycle")
def tell(data: Data, source: str) -> Section:
    """The section."""
    metric = metrics["repurchase"]
    if source != "orders" and any(data.name_of(column, source) is None for column in metric.columns if column.required):
        raise Skipped(Text("needs orders: customer_id, time, order_id", "需要订单：customer_id、time、order_id"))
    made = Section(Text(metric.title, metric.title_zh))
    rows = _cohorts.sold(data, source)
    arguments = asked_of(data, source, rows)
    whole = data.compute("repurchase", rows, **arguments)
    ladder = _ladder(whole)
    if not ladder:
        made.findings = [Text("There are no orders.", "没有订单。")]
        return made
    group = _cohorts.group_of(data, source)
    grouped = whole if group is None else data.compute("repurchase", rows, **{**arguments, "by": group})
    made.numbers = _numbers(whole, ladder)
    made.findings = _second_order(ladder) + _within(whole) + _outlier(grouped, group)
    made.figures_of = [(whole, "ladder")]
    if ladder[0]["num"]:
        made.figures_of.append((whole, "gaps"))
    if len(whole.tables["periods"]) > 1:
        made.figures_of.append((whole, "rates"))
    made.grids = [_grid(ladder)]
    return made
