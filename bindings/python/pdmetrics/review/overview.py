"""The headline of a review: the last complete period against the one before and a year before, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .. import plan
from .._errors import Error
from .._periods import period_label
from .._registry import metrics
from .._result import Result
from ..planning.tables import Figure
from . import Changed, Data, Definition, Grid, Number, Section, Skipped, Text, _cohorts, percent, spoken, topic
from ._change import Change, Moments, counts, moments, none, rates, ratios, totals
from ._cohorts import PERIODS, Rows, asked
from ._friends import friends
from .actuals import sales
from .repurchase import asked_of

# How many periods before is a year before, where that is the same part of the year.
_YEAR = {"month": 12, "quarter": 4, "week": 52, "year": 0}
_DEFINITION = Definition(
    Text(
        "The last complete period against the one before and, where the data reach back, the same a year before; each change "
        "with an interval that says how sure it is.",
        "最近一个完整周期与上一周期、去年同期（数据足够时）的对比；每项变化附 95% 区间。",
    ),
    (
        Text(
            "change = value ÷ value before − 1; of a rate: the difference in points",
            "变化 = 本期 ÷ 对比期 − 1；比率为百分点之差",
        ),
        Text(
            "reading: better or worse only where the interval leaves out 0, otherwise it may be chance",
            "解读：仅当区间不含 0 时判定向好或变差，否则可能是波动",
        ),
        Text(
            "sales = buyers × orders per buyer × value of an order; effects are Shapley values and add up to the change",
            "销售额 = 购买客户数 × 人均订单数 × 笔单价；各因素影响为 Shapley 值，合计等于变化",
        ),
    ),
)
_NO_INTERVAL = Text("none: sums of opposite signs", "无：正负相抵")


@dataclass
class _Period:
    """A period with what was measured in it."""

    name: str
    start: datetime
    end: datetime
    row: dict[str, Any]
    values: dict[str, float | None] = field(default_factory=dict)
    sums: dict[str, Moments] = field(default_factory=dict)
    shares: dict[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Measure:
    """A headline number: how it is written, whether more is better, and how it is compared."""

    key: str
    name: Text
    good: int
    write: Callable[[float | None], str]
    compare: Callable[[_Period, _Period], Change]
    in_short: Callable[[float | None], Text] | None = None

    def brief(self, value: float | None) -> Text:
        """The number in little room."""
        return self.in_short(value) if self.in_short is not None else spoken(self.write(value))


# ------------------------------------------------------------------------------------------------------------- periods


def _periods(rows: Rows, period: str) -> list[_Period]:
    found = []
    for row, after in zip(rows, [*rows[1:], None], strict=False):
        start = row["period_start"]
        end = after["period_start"] if after is not None else _next(start, period)
        found.append(_Period(period_label(start, period), start, end, row))
    return found


def _next(start: datetime, period: str) -> datetime:
    """The first instant of the next period, by the local calendar."""
    months = {"month": 1, "quarter": 3, "year": 12}.get(period)
    if months is None:
        return start + timedelta(days={"day": 1, "week": 7}.get(period, 1))
    month = start.year * 12 + start.month - 1 + months
    return start.replace(year=month // 12, month=month % 12 + 1)


def _chosen(periods: list[_Period], first: datetime, period: str) -> tuple[_Period | None, _Period, _Period] | None:
    """The year before, the one before, and the last complete one. The first of all counts only if it was seen from its start."""
    whole = [i for i, each in enumerate(periods) if each.row["complete"]]
    if not whole:
        return None
    last = whole[-1]

    def seen(at: int) -> bool:
        return at > 0 or (at == 0 and first - periods[0].start < timedelta(days=1))

    if last < 1 or not seen(last - 1):
        return None
    back = last - _YEAR.get(period, 0)
    year_ago = periods[back] if back < last - 1 and seen(back) else None
    return year_ago, periods[last - 1], periods[last]


# ------------------------------------------------------------------------------------------------------------ measures


def _by_window(data: Data, source: str, chosen: list[_Period], base: int) -> None:
    """Orders and sales of each customer in the periods, as RFM counts them."""
    windows = [(each.name, each.start, each.end) for each in chosen]
    made = data.compute("rfm", source, windows=windows, as_of=None, map="none", **data.grain(source))
    main = made.main
    columns = [main[name].to_list() for name in ("window", "gmv", "orders")]
    found: dict[str, tuple[list[int], list[int]]] = {each.name: ([], []) for each in chosen}
    for window, gmv, orders in zip(*columns, strict=True):
        gmvs, numbers = found[window]
        gmvs.append(gmv)
        numbers.append(orders)
    for each in chosen:
        gmvs, numbers = found[each.name]
        each.sums["orders"] = moments(numbers, n=base)
        each.sums["aov"] = moments(gmvs, numbers)
        each.values["orders"] = sum(numbers)
        each.values["aov"] = sum(gmvs) / sum(numbers) if sum(numbers) else None


def _by_customer(data: Data, source: str, period: str, chosen: list[_Period], base: int) -> bool:
    """Sales, refunds and net of each customer in the periods, by the time of the row."""
    customer = data.name_of(metrics["rfm"].columns[0], source)
    made = sales(data, source, period, by_channel=False, segment=customer)
    if made is None:
        return False
    main = made.main
    columns = [main[name].to_list() for name in ("period_start", "gmv", "refund", "net", "sales", "refunds")]
    found: dict[datetime, list[tuple[int, ...]]] = {each.start: [] for each in chosen}
    for start, *numbers in zip(*columns, strict=True):
        if start in found:
            found[start].append(tuple(numbers))
    for each in chosen:
        rows = found[each.start] or [(0, 0, 0, 0, 0)]
        gmv, refund, net, sold, refunds = (list(column) for column in zip(*rows, strict=True))
        for key, values in (("gmv", gmv), ("refund", refund), ("net", net)):
            each.sums[key] = moments(values, n=max(base, len(values)))
            each.values[key] = sum(values)
        each.shares["refund_rate"] = (min(sum(refunds), sum(sold)), sum(sold))
    return True


def _measure(data: Data, source: str, period: str, chosen: list[_Period]) -> None:
    base = max(len(data.orders(source).main), 2)
    _by_window(data, source, chosen, base)
    _by_customer(data, source, period, chosen, base)
    rows = _cohorts.sold(data, source)
    ended = _cohorts.whole_days(data, source)
    flow = data.compute("lifecycle", rows, **asked(data, "lifecycle", period=period, by=None, **ended))
    new = {row["period_start"]: row["new"] for row in flow.main.to_rows()}
    for each in chosen:
        row = each.row
        each.values["buyers"] = row["buyers"]
        each.values["new"] = new.get(each.start, 0)
        each.shares["repeat"] = (row["repeat_rate_num"], row["repeat_rate_den"])
        each.shares["returning"] = (row["returning_share_num"], row["returning_share_den"])
    _add_friends(data, period, chosen)
    for each in chosen:
        for key, (part, whole) in each.shares.items():
            each.values[key] = part / whole if whole else None


def _add_friends(data: Data, period: str, chosen: list[_Period]) -> None:
    known = friends(data)
    if known is None:
        return
    try:
        flows = known.flows(period).main.to_rows()
    except (Error, Skipped):
        return
    for each in chosen:
        mine = [row for row in flows if row["period_start"] == each.start]
        added, deleted = (sum(row[key] for row in mine) for key in ("sales", "refunds"))
        each.values |= {"added": added, "deleted": deleted, "net_added": added - deleted}


def _of_total(key: str) -> Callable[[_Period, _Period], Change]:
    return lambda before, after: totals(before.sums[key], after.sums[key])


def _of_count(key: str) -> Callable[[_Period, _Period], Change]:
    return lambda before, after: counts(int(before.values[key] or 0), int(after.values[key] or 0))


def _of_share(key: str) -> Callable[[_Period, _Period], Change]:
    return lambda before, after: rates(before.shares[key], after.shares[key])


def _of_net(before: _Period, after: _Period) -> Change:
    old, new = before.values["net_added"], after.values["net_added"]
    if not old or new is None or old < 0:
        return none(_NO_INTERVAL)
    return Change(new / old - 1, None, None, False, _NO_INTERVAL)


def _measures(
    money: Callable[[float | None], str], brief: Callable[[float | None], Text], last: _Period
) -> list[_Measure]:
    def whole(value: float | None) -> str:
        return "–" if value is None else f"{value:,.0f}"

    every = [
        _Measure("net", Text("net sales", "净销售额"), 1, money, _of_total("net"), brief),
        _Measure("gmv", Text("sales (GMV)", "销售额（GMV）"), 1, money, _of_total("gmv"), brief),
        _Measure("refund", Text("refunds", "退款额"), -1, money, _of_total("refund"), brief),
        _Measure("orders", Text("orders", "订单数"), 1, whole, _of_total("orders")),
        _Measure("buyers", Text("active buyers", "购买客户数"), 1, whole, _of_count("buyers")),
        _Measure("new", Text("new customers", "新客数"), 1, whole, _of_count("new")),
        _Measure(
            "aov",
            Text("order value (AOV)", "笔单价"),
            1,
            money,
            lambda before, after: ratios(before.sums["aov"], after.sums["aov"]),
        ),
        _Measure("repeat", Text("repeat rate in the period", "期内复购率"), 1, percent, _of_share("repeat")),
        _Measure("returning", Text("share of old customers", "老客占比"), 0, percent, _of_share("returning")),
        _Measure("refund_rate", Text("refunds per line sold", "退款率（按行）"), -1, percent, _of_share("refund_rate")),
        _Measure("added", Text("friends added", "新增好友"), 1, whole, _of_count("added")),
        _Measure("deleted", Text("friends lost", "流失好友"), -1, whole, _of_count("deleted")),
        _Measure("net_added", Text("friends, net", "好友净增"), 1, whole, _of_net),
    ]
    return [measure for measure in every if measure.key in last.values]


# ---------------------------------------------------------------------------------------------------------------- told


def _reading(change: Change, good: int) -> Text:
    """What a change means, in signs and words: colour is not needed."""
    if change.value is None:
        return Text("–", "–")
    if change.low is None:
        return Text("▲ up", "▲ 上升") if change.value > 0 else Text("▼ down", "▼ 下降")
    if not change.sure:
        return Text("≈ may be chance", "≈ 可能是波动")
    up = change.value > 0
    arrow = "▲" if up else "▼"
    if not good:
        return Text(f"{arrow} {'up' if up else 'down'}", f"{arrow} {'上升' if up else '下降'}")
    better = (good > 0) == up
    return Text(f"{arrow} {'better' if better else 'worse'}", f"{arrow} {'向好' if better else '变差'}")


def _grid(measures: list[_Measure], chosen: tuple[_Period | None, _Period, _Period]) -> Grid:
    year_ago, before, last = chosen
    head = [
        Text("", ""),
        Text(last.name, last.name),
        Text(before.name, before.name),
        Text("change", "环比"),
        Text("95% interval", "95% 区间"),
        Text("reading", "解读"),
    ]
    if year_ago is not None:
        head += [Text(year_ago.name, year_ago.name), Text("on the year before", "同比")]
        head += [Text("95% interval", "95% 区间"), Text("reading", "解读")]
    head.append(Text("interval by", "区间方法"))
    body = []
    for measure in measures:
        cells = [measure.name, *_same(measure.write(each.values.get(measure.key)) for each in (last, before))]
        change = measure.compare(before, last)
        cells += [change.text(), change.interval(), _reading(change, measure.good)]
        if year_ago is not None:
            older = measure.compare(year_ago, last)
            cells += _same([measure.write(year_ago.values.get(measure.key))])
            cells += [older.text(), older.interval(), _reading(older, measure.good)]
        body.append([*cells, change.how])
    return Grid(Text("Headline numbers", "核心指标"), head, body)


def _same(values: Iterable[str]) -> list[Text]:
    return [Text(value, value) for value in values]


def _drivers(before: _Period, last: _Period, brief: Callable[[float | None], Text], exponent: int) -> Any:
    """What moved sales: buyers, orders of each, value of an order; the parts add up to the whole."""
    keys = ("buyers", "orders", "aov")
    if any(not each.values.get(key) for each in (before, last) for key in keys):
        return None
    sides = []
    for each in (before, last):
        buyers, orders, aov = (float(each.values[key] or 0) for key in keys)
        sides.append({"buyers": buyers, "frequency": orders / buyers, "order_value": aov})
    leaves = [{"leaf": name, "x0": sides[0][name], "x1": sides[1][name]} for name in sides[0]]
    made = plan.decompose(formula="buyers * frequency * order_value", leaves=leaves)
    words = {
        "buyers": Text("buyers", "购买客户数"),
        "frequency": Text("orders per buyer", "人均订单数"),
        "order_value": Text("order value (AOV)", "笔单价"),
    }
    figure = Figure(
        made,
        "bridge",
        Text(f"Sales from {before.name} to {last.name}", f"销售额：{before.name} 到 {last.name}"),
        {"exponent": exponent, "names": {k: (t.en, t.zh) for k, t in words.items()}, "money": ("order_value",)},
        {"start": Text(before.name, before.name), "end": Text(last.name, last.name)},
    )
    effects = sorted(made.main.to_rows(), key=lambda row: -abs(row["effect"]))
    total = made.summary["total"][0]

    def part(row: dict[str, Any], zh: bool) -> str:
        sign = "+" if row["effect"] >= 0 else "−"
        name = words[row["factor"]]
        return f"{name.zh if zh else name.en} {sign}{brief(abs(row['effect'])).of('zh' if zh else 'en')}"

    sign = "+" if total >= 0 else "−"
    size = Text(*(f"{sign}{amount}" for amount in brief(abs(total))))
    return figure, Text(
        f"What moved sales ({size.en}): {', '.join(part(row, False) for row in effects)}.",
        f"销售额变化 {size.zh} 的构成：{'，'.join(part(row, True) for row in effects)}。",
    )


def _first_sentence(measures: list[_Measure], chosen: tuple[_Period | None, _Period, _Period]) -> Text:
    year_ago, before, last = chosen
    net = next((each for each in measures if each.key == "net"), measures[0])
    value = net.brief(last.values[net.key])
    change = net.compare(before, last).bracketed()
    en = f"{last.name}: {net.name.en} {value.en}, {change.en} on {before.name}"
    zh = f"{last.name} {net.name.zh} {value.zh}，环比（{before.name}）{change.zh}"
    if year_ago is not None:
        older = net.compare(year_ago, last).bracketed()
        en += f", {older.en} on {year_ago.name}"
        zh += f"，同比（{year_ago.name}）{older.zh}"
    return Text(f"{en}.", f"{zh}。")


def _worse(measures: list[_Measure], before: _Period, last: _Period) -> list[Text]:
    """What surely became worse."""
    bad = []
    for measure in measures:
        change = measure.compare(before, last)
        if change.sure and change.value is not None and measure.good * change.value < 0:
            bad.append((measure, change.bracketed()))
    if not bad:
        return [
            Text(
                f"Nothing became surely worse against {before.name}.",
                f"与 {before.name} 相比，没有指标显著变差。",
            )
        ]
    en = "; ".join(f"{measure.name.en} {change.en}" for measure, change in bad)
    zh = "；".join(f"{measure.name.zh} {change.zh}" for measure, change in bad)
    return [Text(f"Look into: {en}.", f"需要关注：{zh}。")]


def _notes(periods: list[_Period], last: _Period, before: _Period, period: str) -> list[Text]:
    words = PERIODS[period]
    notes = []
    open_ones = [each for each in periods if not each.row["complete"] and each.start > last.start]
    if open_ones:
        names = ", ".join(each.name for each in open_ones)
        notes.append(
            Text(
                f"{names} is not over in the data and is not compared.",
                f"{names} 在数据中尚未结束，不参与比较。",
            )
        )
    days = [(each.end - each.start).days for each in (last, before)]
    if days[0] != days[1]:
        notes.append(
            Text(
                f"{last.name} has {days[0]} days, {before.name} {days[1]}; numbers are not adjusted for that.",
                f"{last.name} 有 {days[0]} 天，{before.name} 有 {days[1]} 天，数字未作天数折算。",
            )
        )
    notes.append(
        Text(
            f"Intervals hold 95% of the time if customers buy independently of each other and of the {words.en} before: "
            "sums and ratios over customers by Welch and Fieller, numbers of customers as Poisson counts (exact), rates by "
            "Newcombe. Campaigns and seasons are no chance and not in them.",
            "95% 区间假设客户之间、各期之间相互独立：金额与比率按客户抽样（Welch、Fieller），人数按泊松计数（精确），"
            "比例按 Newcombe。大促与季节不是随机波动，不在区间之内。",
        )
    )
    notes.append(
        Text("A refund counts in the period in which it is paid back.", "退款计入退款发生的当期。"),
    )
    return notes


def _tile(measure: _Measure, before: _Period, last: _Period) -> tuple[Text, Number]:
    change = measure.compare(before, last)
    value = measure.brief(last.values[measure.key])
    if change.value is None:
        return measure.name, value
    arrow = "≈" if change.low is not None and not change.sure else "▲" if change.value > 0 else "▼"
    unit = change.text()
    return measure.name, Changed(value, Text(f"{arrow} {unit.en}", f"{arrow} {unit.zh}"))


@topic("overview", inputs=("orders",))
def tell(data: Data, source: str) -> Section:
    """The section."""
    rows = _cohorts.sold(data, source)
    period = _cohorts.period_for(data, rows)
    stats = data.orders(source).tables["stats"].to_rows()
    made = Section(Text("Headline", "核心指标"), definition=_DEFINITION)
    buys = _bought(data, source, rows)
    periods = _periods(buys.tables["periods"].to_rows(), period)
    chosen = _chosen(periods, stats[0]["from"] or periods[0].start, period) if stats and periods else None
    words = PERIODS[period]
    if chosen is None:
        raise Skipped(
            Text(f"two complete {words.en}s of orders are needed to compare", f"对比至少需要两{words.zh}完整的订单数据")
        )
    year_ago, before, last = chosen
    _measure(data, source, period, [each for each in chosen if each is not None])
    result = data.orders(source)
    exponent = 2 if result.currency_exponent is None else result.currency_exponent

    def money(value: float | None) -> str:
        return _cohorts.money(value, result)

    def brief(value: float | None) -> Text:
        return _cohorts.short(value, result)

    measures = _measures(money, brief, last)
    made.numbers = [_tile(measure, before, last) for measure in measures]
    made.findings = [_first_sentence(measures, chosen)]
    drivers = _drivers(before, last, brief, exponent)
    if drivers is not None:
        made.figures_of.append(drivers[0])
        made.findings.append(drivers[1])
    made.findings += _worse(measures, before, last)
    made.grids = [_grid(measures, chosen)]
    made.notes = _notes(periods, last, before, period)
    return made


def _bought(data: Data, source: str, rows: str) -> Result:
    """Buyers and orders by period; the section on repurchase asks the same."""
    return data.compute("repurchase", rows, **asked_of(data, source, rows))
