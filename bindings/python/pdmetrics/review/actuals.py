"""Sales in a review: what every month brought, by channel, less refunds."""

from __future__ import annotations

from typing import Any

from .._registry import metrics
from .._result import Result
from . import Data, Grid, Section, Skipped, Text, percent, section
from ._rows import quoted, select


def sales(
    data: Data, source: str, period: str, *, by_channel: bool = True, segment: str | None = None
) -> Result | None:
    """Actuals of orders by the calendar; amounts below 0 are refunds, free samples are left out.

    ``segment`` is a column that splits them further. ``None`` without time and amount.
    """
    known = {column.name: data.name_of(column, source) for column in metrics["actuals"].columns}
    time, amount, channel = known["time"], known["amount"], known["channel"] if by_channel else None
    if time is None or amount is None:
        return None
    name = " ".join(filter(None, (source, "as sales", channel and f"by {channel}", segment and f"of {segment}")))
    if name not in data.derived:
        chosen = [f'{quoted(time)} AS "time"', f'abs({quoted(amount)}) AS "amount"']
        chosen.append(f"CASE WHEN {quoted(amount)} < 0 THEN 'refund' ELSE 'gmv' END AS kind")
        for column, role in ((channel, "channel"), (segment, "segment")):
            if column is not None:
                chosen.append(f"coalesce(CAST({quoted(column)} AS VARCHAR), '') AS {role}")
        where = f"WHERE {quoted(amount)} <> 0 OR {quoted(amount)} IS NULL"
        data.derive(name, select(data, source, ", ".join(chosen), where), of=(source,))
    return data.compute(
        "actuals",
        name,
        calendar_period=period,
        period=None,
        segment=None if segment is None else "segment",
        order=None,
        time="time",
        amount="amount",
        channel=None if channel is None else "channel",
        kind="kind",
    )


def _grid(result: Result, exponent: int) -> Grid:
    def money(value: int | None) -> str:
        return "–" if value is None else f"{value / 10**exponent:,.{min(exponent, 2)}f}"

    sums: dict[str, dict[str, int]] = {}
    for row in result.main.to_rows():
        mine = sums.setdefault(row["period"], {"gmv": 0, "refund": 0, "net": 0, "sales": 0})
        for key in mine:
            mine[key] += row[key]
    rows = []
    for period, found in sums.items():
        share = percent(found["refund"] / found["gmv"] if found["gmv"] else None)
        cells = [money(found["gmv"]), money(found["refund"]), share, money(found["net"])]
        rows.append([Text(period, period), *(Text(cell, cell) for cell in cells)])
    heads = [
        Text("month", "月份"),
        Text("sales", "销售额"),
        Text("refunds", "退款"),
        Text("of sales", "退款占比"),
        Text("net", "净销售额"),
    ]
    return Grid(Text("Sales by month", "月度销售"), heads, rows, numeric=True)


def _growth(result: Result) -> list[Text]:
    """How the last whole month did against the year before."""
    totals: dict[str, int] = {}
    for row in result.main.to_rows():
        totals[row["period"]] = totals.get(row["period"], 0) + row["gmv"]
    year_ago: Any = None
    for period in reversed(totals):
        year_ago = totals.get(f"{int(period[:4]) - 1}{period[4:]}")
        if year_ago:
            change = f"{totals[period] / year_ago - 1:+.1%}"
            return [
                Text(f"{period}: sales {change} on the same month a year before.", f"{period} 销售额同比 {change}。")
            ]
    return []


@section("actuals", inputs=("orders",))
def tell(data: Data, source: str) -> Section:
    """The section."""
    result = sales(data, source, "month")
    if result is None:
        raise Skipped(Text("no column of times", "没有时间列"))
    metric = metrics["actuals"]
    exponent = 2 if result.currency_exponent is None else result.currency_exponent
    made = Section(Text(metric.title, metric.title_zh), figures_of=[(result, "sales")])
    made.findings = _growth(result)
    made.grids = [_grid(result, exponent)]
    return made
