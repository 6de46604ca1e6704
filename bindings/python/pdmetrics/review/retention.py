"""Cohorts in a review: who comes back, which cohort does not, what a customer of each channel is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._errors import Error
from .._periods import counted
from .._registry import metrics
from .._result import Language, Result
from . import Data, Grid, Numbers, Section, Text, _cohorts, percent, section
from ._cohorts import COLUMNS, PERIODS, asked, both, money

_MARKS = {"month": (1, 3, 6), "week": (1, 4, 12), "day": (1, 7, 30), "quarter": (1, 2, 4), "year": (1, 2, 3)}


def _average(result: Result, group: str | None = None) -> dict[int, dict[str, Any]]:
    """Rows of the average that stand on something, by interval."""
    return {row["k"]: row for row in result.tables["average"].to_rows() if row["group"] == group and row["den"]}


def _comes_back(result: Result, period: str, visits: bool) -> list[Text]:
    average = _average(result)
    told = [k for k in _MARKS.get(period, (1, 2, 3)) if k in average]
    if not told:
        return []
    en = ", ".join(f"{percent(average[k]['rate'])} {counted(k, period, 'en')} later" for k in told)
    zh = "，".join(f"{counted(k, period, 'zh')}后 {percent(average[k]['rate'])}" for k in told)
    if visits:
        return [Text(f"Of those who come for the first time are there again: {en}.", f"首次到访的客户再次到访：{zh}。")]
    return [Text(f"Of first-time buyers buy again: {en}.", f"首购客户再次购买：{zh}。")]


def _who_does_not(data: Data, source: str, period: str, group: str | None, ended: dict[str, Any]) -> list[Text]:
    """The cohort, of a channel if there are some, that stands out below."""
    last = _MARKS.get(period, (1, 3))[1]
    arguments = asked(data, "retention", period=period, brackets=[(1, last)], mode="brackets", intervals=24, **ended)
    result = data.compute("retention", source, **{**arguments, "by": group, "denominator": None})
    rows = [row for row in result.main.to_rows() if row["k"] == 1 and row["status"] == "complete"]
    found = _cohorts.outlier(rows)
    if found is None:
        return []
    row = found.row
    cohort = _cohorts.named(rows, "cohort_start", "cohort")[row["cohort"]]
    where = both(row["group"]) if group is not None else Text("", "")
    name = Text(f"{cohort} · {where.en}", f"{cohort} · {where.zh}") if group is not None else Text(cohort, cohort)
    mine, others = percent(row["rate"]), percent(found.others)
    return [
        Text(
            f"The cohort {name.en} does not come back: {mine} of its {row['size']:,} customers within "
            f"{counted(last, period, 'en')}, elsewhere {others}.",
            f"同期群 {name.zh} 留不住：{row['size']:,} 位客户中，此后 {counted(last, period, 'zh')}内再次购买的仅 {mine}，其他为 {others}。",
        )
    ]


# --------------------------------------------------------------------------------------------------------------- value


def _values(data: Data, source: str, amount: str, period: str, group: str | None, ended: dict[str, Any]) -> Result:
    """What cohorts of first paid orders bring, net of refunds: every row counts in the value."""
    named = {"value": amount, "by": group, "start": _cohorts.positive(amount), "return_": None}
    arguments = asked(data, "retention", period=period, intervals=COLUMNS[period], mode=None, denominator=None, **ended)
    return data.compute("retention", source, **arguments, **named)


def _totals(result: Result) -> dict[str | None, int]:
    """Customers by group."""
    found: dict[str | None, int] = {}
    for row in result.main.to_rows():
        if row["k"] == 0:
            found[row["group"]] = found.get(row["group"], 0) + row["size"]
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _mark(result: Result, groups: dict[str | None, int], period: str) -> int | None:
    """The interval at which groups are compared: the last of the usual ones that all of them have reached."""
    reached = [set(_average(result, group)) for group in groups]
    usual = [k for k in _MARKS.get(period, (1, 2, 3)) if all(k in each for each in reached)]
    return usual[-1] if usual else None


def _worth(result: Result, period: str) -> list[Text]:
    groups = {name: size for name, size in _totals(result).items() if size >= 30}
    k = _mark(result, groups, period)
    if k is None or not groups:
        return []
    worth = {group: _average(result, group)[k]["ltv"] for group in groups}
    best, worst = max(worth, key=lambda name: worth[name]), min(worth, key=lambda name: worth[name])
    after = Text(counted(k, period, "en"), counted(k, period, "zh"))
    if best == worst:
        value = money(worth[best], result)
        return [
            Text(f"A new customer has brought {value} after {after.en}.", f"每位新客 {after.zh}后累计贡献 {value}。")
        ]
    high, low = money(worth[best], result), money(worth[worst], result)
    return [
        Text(
            f"After {after.en} a customer won by {both(best).en} has brought {high}, one by {both(worst).en} {low}.",
            f"{after.zh}后，{both(best).zh}带来的每位客户累计贡献 {high}，{both(worst).zh}为 {low}。",
        )
    ]


def _grid(rates: Result, values: Result | None, period: str) -> Grid:
    """Channels: how many they won, how many come back, what one is worth."""
    marks = _MARKS.get(period, (1, 2, 3))
    words = PERIODS[period]
    head = [Text("channel", "渠道"), Text("new customers", "新客数")]
    for k in marks:
        head.append(Text(f"back, {words.en} {k}", f"第 {k} {words.zh.removeprefix('个')}留存"))
    if values is not None:
        head.append(Text(f"value in {words.en} 0", "首期人均贡献"))
        head += [Text(f"LTV, {words.en} {k}", f"{counted(k, period, 'zh')} LTV") for k in marks]
    body = []
    for group, size in _totals(rates).items():
        average = _average(rates, group)
        cells = [f"{size:,}", *(percent(average[k]["rate"]) if k in average else "–" for k in marks)]
        if values is not None:
            worth = _average(values, group)
            cells += [money(worth[k]["ltv"], values) if k in worth else "–" for k in (0, *marks)]
        body.append([both(group), *(Text(cell, cell) for cell in cells)])
    return Grid(Text("Cohorts by channel", "各渠道同期群"), head, body, numeric=True)


# ------------------------------------------------------------------------------------------------------------- section


@dataclass(frozen=True)
class _Titled:
    """A triangle that says what it is of."""

    result: Result
    title: Text

    def draw(self, lang: Language) -> Any:
        """The figure."""
        return self.result.plot("triangle", lang=lang, title=self.title.of(lang))


def _of_visits(data: Data, made: Section) -> None:
    """Who comes back at all, bought or not."""
    metric = metrics["retention"]
    if "events" not in data.inputs or any(data.name_of(c, "events") is None for c in metric.columns if c.required):
        return
    period = _cohorts.period_for(data, "events")
    arguments = asked(data, "retention", period=period, intervals=COLUMNS[period], by=None, start=None, return_=None)
    try:
        visits = data.compute("retention", "events", **arguments)
    except Error as error:
        made.notes.append(Text(f"no cohorts of visits: {error}", f"无法计算到访留存：{error}"))
        return
    if len(visits.main):
        made.findings += _comes_back(visits, period, True)
        made.figures_of.append(_Titled(visits, Text("Visits by cohort, bought or not", "到访留存（不论是否购买）")))


def _numbers(rates: Result, period: str) -> Numbers:
    groups = _totals(rates)
    words = PERIODS[period]
    cohorts = len(set(rates.main["cohort"]))
    span = Text(f"new in {counted(cohorts, period, 'en')}", f"近 {counted(cohorts, period, 'zh')}新客")
    numbers: Numbers = [(span, f"{sum(groups.values()):,}")]
    average = _average(rates)
    for k in _MARKS.get(period, (1, 2, 3)):
        if k in average:
            title = Text(f"back in {words.en} {k}", f"第 {k} {words.zh.removeprefix('个')}留存率")
            numbers.append((title, percent(average[k]["rate"])))
    return numbers


@section("retention", inputs=("orders", "events"))
def tell(data: Data, source: str) -> Section:
    """The section."""
    metric = metrics["retention"]
    made = Section(Text(metric.title, metric.title_zh))
    amount = _cohorts.amount_of(data, source)
    of_orders = amount is not None
    rows = _cohorts.sold(data, source)
    period = _cohorts.period_for(data, rows)
    group = _cohorts.group_of(data, source)
    ended = _cohorts.whole_days(data, source)
    plain = asked(data, "retention", period=period, intervals=COLUMNS[period], value=None, costs=None, **ended)
    rates = data.compute("retention", rows, **plain, by=None)
    if not len(rates.main) or not rates.main["size"] or not any(rates.main["size"]):
        made.findings = [Text("Nobody has begun.", "没有新客。")]
        return made
    made.findings = _comes_back(rates, period, not of_orders)
    made.findings += _who_does_not(data, rows, period, group, ended)
    made.figures_of = [(rates, "triangle")]
    values = None
    if amount is not None:
        values = _values(data, source, amount, period, group, ended)
        made.findings += _worth(values, period)
        made.figures_of.append((values, "ltv"))
        made.notes.append(
            Text(
                "Cohorts begin with the first paid order; values are net of refunds.",
                "同期群从首个付款订单开始；金额已扣除退款。",
            )
        )
    grouped = rates if group is None else data.compute("retention", rows, **plain, by=group)
    made.numbers = _numbers(rates, period)
    if group is not None and 1 < len(_totals(grouped)) <= 12:
        made.grids = [_grid(grouped, values, period)]
    if source != "events":
        _of_visits(data, made)
    return made
