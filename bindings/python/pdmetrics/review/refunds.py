"""Refunds in a review: how many lines come back, of what, and which of these stands out."""

from __future__ import annotations

from typing import Any

from .._events import spelled
from .._registry import metrics
from . import Data, Definition, Grid, Section, Skipped, Text, _cohorts, percent, topic
from ._change import wilson
from ._chart import Chart, Series
from ._cohorts import both
from ._rows import ask, held, kinds, micros, quoted, select
from ._standing import Rate, above, rates

# What lines are told apart by, the first that stands out is told.
_GROUPS = ("category", "品类", "product", "商品", "sku", "channel", "渠道")
_COLUMNS = {"category": "品类", "product": "商品", "sku": "商品", "channel": "渠道"}
_MOST = 15  # rows of a table
_DEFINITION = Definition(
    Text(
        "How many of the lines sold come back, and which category, product or channel has more of it than chance explains.",
        "已售商品行中有多少退款，以及哪个品类、商品或渠道的退款率显著偏高。",
    ),
    (
        Text("refund rate = rows with an amount below 0 ÷ rows above 0", "退款率 = 金额为负的行数 ÷ 金额为正的行数"),
        Text("intervals: Wilson, 95 %", "区间：Wilson，95%"),
        Text(
            "stands out: the interval lies above the rate of all others, and the rate is at least 1.5 times theirs",
            "显著偏高：区间下限高于其他合计的退款率，且至少为其 1.5 倍",
        ),
    ),
)


def _amounts(data: Data, source: str) -> str:
    amount = _cohorts.amount_of(data, source)
    if amount is None:
        raise Skipped(Text("needs a column amount with refunds below 0", "需要 amount 列（退款为负数）"))
    return quoted(amount)


def _by(data: Data, source: str, column: str, amount: str) -> tuple[list[Rate], dict[str | None, tuple[Any, Any]]]:
    """Refund rows and lines sold of each value of a column; and the money of both."""
    name = f"CAST({quoted(column)} AS VARCHAR)"
    sums = f"count(*) FILTER (WHERE {amount} < 0), count(*) FILTER (WHERE {amount} > 0)"
    money = f"sum({amount}) FILTER (WHERE {amount} < 0), sum({amount}) FILTER (WHERE {amount} > 0)"
    rows = select(data, source, f"{name}, {sums}, {money}", "GROUP BY 1 ORDER BY 1").fetchall()
    return rates([row[:3] for row in rows]), {row[0]: (row[3] or 0, row[4] or 0) for row in rows}


def _loose(data: Data, source: str, amount: str) -> tuple[int, int, float | None] | None:
    """Refund rows without the order they are of, all refund rows, and the median time of the others after their order."""
    names = {column.name: data.name_of(column, source) for column in metrics["rfm"].columns}
    original, order, time = names["original_order_id"], names["order_id"], names["time"]
    if original is None:
        return None
    counted = f"count(*) FILTER (WHERE {quoted(original)} IS NULL), count(*)"
    loose, every = select(data, source, counted, f"WHERE {amount} < 0").fetchall()[0]
    if order is None or time is None:
        return loose, every, None
    at = micros(data, source, time)
    sold = f"SELECT {quoted(order)} AS id, min({at}) AS sold_at FROM input WHERE {amount} > 0 GROUP BY 1"
    back = f"SELECT {quoted(original)} AS id, {at} AS back_at FROM input WHERE {amount} < 0"
    took = ask(data, source, f"SELECT median(back_at - sold_at) FROM ({sold}) JOIN ({back}) USING (id)").fetchall()[0][
        0
    ]
    return loose, every, None if took is None else float(took)


# ---------------------------------------------------------------------------------------------------------------- told


def _outlier(column: str, found: list[Rate], money: dict[str | None, tuple[Any, Any]]) -> list[Text]:
    standing = above(found)
    if standing is None:
        return []
    rate, others = standing.rate, percent(standing.others)
    name, mine = both(rate.name), percent(rate.value)
    share = percent(money[rate.name][0] / sum(back for back, _ in money.values()))
    interval = f"{percent(rate.low)} … {percent(rate.high)}"
    return [
        Text(
            f"{name.en} ({column}) comes back far more than the rest: {mine} [{interval}] of its lines sold are refunded, elsewhere "
            f"{others}; it is {share} of all refunded money. Look into quality, description and delivery.",
            f"{name.zh}（{_COLUMNS.get(column, column)}）退款明显偏高：退款率 {mine} [{interval}]，其他为 {others}，占全部退款额的 {share}。"
            "请排查质量、描述与物流。",
        )
    ]


def _grid(column: str, found: list[Rate], money: dict[str | None, tuple[Any, Any]], write: Any) -> Grid:
    head = [
        Text(column, _COLUMNS.get(column, column)),
        Text("lines sold", "销售行数"),
        Text("refund rows", "退款行数"),
        Text("refund rate", "退款率"),
        Text("95% interval", "95% 区间"),
        Text("sold", "销售额"),
        Text("refunded", "退款额"),
        Text("of sales", "退款额占比"),
    ]
    body = []
    for rate in found[:_MOST]:
        back, sold = money[rate.name]
        cells = [
            f"{rate.whole:,}",
            f"{rate.part:,}",
            percent(rate.value),
            f"{percent(rate.low)} … {percent(rate.high)}",
            write(sold),
            write(-back),
            percent(-back / sold if sold else None),
        ]
        body.append([both(rate.name), *(Text(cell, cell) for cell in cells)])
    return Grid(Text(f"Refunds by {column}", f"各{_COLUMNS.get(column, column)}退款"), head, body, numeric=True)


def _chart(column: str, found: list[Rate]) -> Chart:
    shown = found[:_MOST]
    series = Series(
        Text("refund rate", "退款率"),
        [rate.value for rate in shown],
        ends=[(rate.low, rate.high) for rate in shown],
    )
    title = Text(
        f"Refund rate by {column}, with 95% intervals", f"各{_COLUMNS.get(column, column)}退款率（含 95% 区间）"
    )
    return Chart(title, [both(rate.name) for rate in shown], [series], share=True)


def _unlinked(found: tuple[int, int, float | None] | None) -> list[Text]:
    if found is None or not found[1]:
        return []
    loose, every, took = found
    said = []
    if loose:
        share = percent(loose / every)
        said.append(
            Text(
                f"{share} of the refund rows ({loose:,} of {every:,}) do not say which order they are of: they count against "
                "the customer and the day, not against an order. Have the shop system write it.",
                f"{share} 的退款行（{every:,} 行中的 {loose:,} 行）没有原订单号：只能计入客户与日期，无法冲减订单。请让业务系统补全。",
            )
        )
    if took is not None:
        en, zh = spelled(took, "en"), spelled(took, "zh")
        said.append(Text(f"Half of the refunds come within {en} of the order.", f"一半的退款发生在下单后 {zh}内。"))
    return said


@topic("refunds", inputs=("orders",))
def tell(data: Data, source: str) -> Section:
    """The section."""
    amount = _amounts(data, source)
    sums = f"count(*) FILTER (WHERE {amount} < 0), count(*) FILTER (WHERE {amount} > 0), "
    sums += f"sum({amount}) FILTER (WHERE {amount} < 0), sum({amount}) FILTER (WHERE {amount} > 0)"
    back, sold, money_back, money_sold = select(data, source, sums).fetchall()[0]
    if not back or not sold:
        raise Skipped(Text("no refunds: no rows with an amount below 0 beside sales", "没有退款：没有金额为负的行"))
    result = data.orders(source)
    whole = _is_whole(data, source)
    places = 2 if result.currency_exponent is None else result.currency_exponent

    scale = 1 if whole else 10**places

    def write(value: Any) -> str:
        return _cohorts.money(float(value) * scale, result)

    interval = wilson(min(back, sold), sold)
    made = Section(Text("Refunds", "退款"), definition=_DEFINITION)
    made.numbers = [
        (Text("lines sold", "销售行数"), f"{sold:,}"),
        (Text("refund rows", "退款行数"), f"{back:,}"),
        (Text("refund rate", "退款率"), percent(back / sold)),
        (Text("refunded", "退款额"), _cohorts.short(float(-money_back) * scale, result)),
        (Text("of sales", "退款额占比"), percent(float(-money_back / money_sold))),
    ]
    if interval is not None:
        low, high = (percent(end) for end in interval)
        made.numbers.insert(3, (Text("95% interval", "95% 区间"), f"{low} … {high}"))
    told = False
    for column in _GROUPS:
        if column not in data.columns(source):
            continue
        found, money = _by(data, source, column, amount)
        if len(found) < 2:
            continue
        if not told:
            made.findings += (said := _outlier(column, found, money))
            told = bool(said)
            made.figures_of.append(_chart(column, found))
        made.grids.append(_grid(column, found, money, write))
    made.findings += _unlinked(_loose(data, source, amount))
    made.notes = [
        Text(
            "Refund rate: rows with an amount below 0 per line sold (amount above 0); free samples are no sales. The last weeks "
            "have refunds still to come.",
            "退款率 = 金额为负的行数 ÷ 销售行数（金额为正）；赠品不计。最近几周的退款尚未全部发生。",
        )
    ]
    if not made.grids:
        made.notes.append(
            Text(
                "A column category, product or channel of the orders would show where refunds come from.",
                "订单中若有 category、product 或 channel 列，可看到退款来自哪里。",
            )
        )
    return made


def _is_whole(data: Data, source: str) -> bool:
    """Whether amounts are whole minor units."""
    amount = _cohorts.amount_of(data, source)
    return amount is not None and "INT" in kinds(held(data, source))[amount]
