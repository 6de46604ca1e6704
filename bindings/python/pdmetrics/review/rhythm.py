"""The rhythm of a business: which days of the week sell, and which days stand out, other things being equal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from statistics import median

from .. import stats
from . import Data, Definition, Grid, Section, Skipped, Text, _cohorts, percent, topic
from ._change import moments, totals
from ._chart import Chart, Series
from ._cohorts import asked

_DAY = timedelta(days=1)
# What is usual around a day is taken from so many days before and after it.
_AROUND = 14
# A peak has this many times the median of its neighbours, and is this many standard deviations of a count above it.
_TIMES, _DEVIATIONS = 1.8, 4.0
_FEWEST = 28
_MOST = 12  # peaks of the table
_DEFINITION = Definition(
    Text(
        "Which days of the week sell more, and which days stand out, each beside what is usual for it.",
        "一周中哪些日子销量更高，哪些日子异常突出，均与平日相比。",
    ),
    (
        Text(
            "index of a weekday = orders a day ÷ orders of a day from Monday to Thursday, peaks left out",
            "星期指数 = 该日均单量 ÷ 周一至周四日均单量（剔除高峰）",
        ),
        Text(
            "times the usual = orders of the day ÷ orders of a Monday to Thursday of its month, peaks and the days beside "
            "them left out; exact interval of two Poisson counts",
            "为平日倍数 = 当日订单 ÷ 当月周一至周四日均订单（剔除高峰及其前后一天）；区间为两个泊松计数之比的精确区间",
        ),
    ),
)
_WEEKDAYS = (
    Text("Monday", "周一"),
    Text("Tuesday", "周二"),
    Text("Wednesday", "周三"),
    Text("Thursday", "周四"),
    Text("Friday", "周五"),
    Text("Saturday", "周六"),
    Text("Sunday", "周日"),
)


@dataclass(frozen=True)
class _Peak:
    """A day that stands out, against an ordinary Monday to Thursday of its month."""

    day: date
    orders: int
    times: float
    low: float | None
    high: float | None

    def text(self) -> str:
        """How many times the usual, with the interval."""
        if self.low is None or self.high is None:
            return f"{self.times:.1f}"
        return f"{self.times:.1f} [{self.low:.1f} … {self.high:.1f}]"


def _daily(data: Data, source: str) -> dict[date, int]:
    """Orders of every day, from the first to the last."""
    rows = _cohorts.sold(data, source)
    made = data.compute("repurchase", rows, **asked(data, "repurchase", period="day", by=None, n=None))
    found = {row["period_start"].date(): int(row["orders"]) for row in made.tables["periods"].to_rows()}
    if not found:
        return {}
    first, last = min(found), max(found)
    days = (first + i * _DAY for i in range((last - first).days + 1))
    return {day: found.get(day, 0) for day in days}


def _stand_out(daily: dict[date, int]) -> set[date]:
    """Days with far more orders than those around them, weekends and workdays alike."""
    found = set()
    for day, orders in daily.items():
        near = [daily[at] for i in range(-_AROUND, _AROUND + 1) if i and (at := day + i * _DAY) in daily]
        usual = median(near) if near else 0
        if usual and orders >= _TIMES * usual and orders >= usual + _DEVIATIONS * sqrt(usual):
            found.add(day)
    return found


def _peaks(daily: dict[date, int], outstanding: set[date]) -> list[_Peak]:
    """How many times an ordinary Monday to Thursday of its month each has; exact intervals of Poisson counts."""
    near_one = {day + i * _DAY for day in outstanding for i in (-1, 0, 1)}  # the run-up and what is left are not usual
    found = []
    for day in sorted(outstanding):
        first = day.replace(day=1)
        near = [first + i * _DAY for i in range(31) if (first + i * _DAY).month == day.month]
        usual = [daily[at] for at in near if at in daily and at not in near_one and at.weekday() < 4]
        if not sum(usual):
            continue
        row = stats.proportion_interval(
            successes=daily[day], trials=daily[day] + sum(usual), method="clopper_pearson"
        ).main.to_rows()[0]
        low, high = (len(usual) * p / (1 - p) if p < 1 else None for p in (row["low"], row["high"]))
        found.append(_Peak(day, daily[day], daily[day] * len(usual) / sum(usual), low, high))
    return found


def _weekend(ordinary: dict[date, int]) -> list[Text]:
    """Saturdays and Sundays against Mondays to Thursdays; days are the sample."""
    ends = [orders for day, orders in ordinary.items() if day.weekday() > 4]
    work = [orders for day, orders in ordinary.items() if day.weekday() < 4]
    if len(ends) < 4 or len(work) < 8 or not sum(work):
        return []
    change = totals(moments(work), moments(ends))
    if change.value is None:
        return []
    times = f"{1 + change.value:.2f}"
    if change.low is not None and change.high is not None:
        times += f" [{1 + change.low:.2f} … {1 + change.high:.2f}]"
    if not change.sure:
        return [
            Text(
                f"Weekends sell like other days: a Saturday or Sunday has {times} times the orders of a Monday to Thursday.",
                f"周末与平日无显著差异：周六日的订单为周一至周四的 {times} 倍。",
            )
        ]
    more = change.value > 0
    return [
        Text(
            f"A Saturday or Sunday has {times} times the orders of a Monday to Thursday, peaks aside: "
            f"{'plan staff and messages for it' if more else 'win the weekend with offers of its own'}.",
            f"剔除大促后，周六日的订单为周一至周四的 {times} 倍：{'排班与触达应向周末倾斜' if more else '可用周末专属活动拉动'}。",
        )
    ]


def _highest(peaks: list[_Peak], last: date) -> list[Text]:
    """The days of the last year that stand out most, one of each run of days."""
    year = [peak for peak in peaks if last - peak.day < timedelta(days=365)]
    chosen: list[_Peak] = []
    for peak in sorted(year, key=lambda each: -each.times):
        if all(abs((peak.day - other.day).days) > 3 for other in chosen):
            chosen.append(peak)
    if not chosen:
        return []
    en = "; ".join(f"{peak.day} with {peak.orders:,} orders, {peak.text()} times the usual" for peak in chosen[:3])
    zh = "；".join(f"{peak.day} 有 {peak.orders:,} 单，为平日的 {peak.text()} 倍" for peak in chosen[:3])
    return [
        Text(
            f"Peaks of the last year: {en}. The usual is an ordinary Monday to Thursday of its month.",
            f"近一年的高峰：{zh}。平日指当月的普通周一至周四。",
        )
    ]


def _weekday_grid(ordinary: dict[date, int]) -> tuple[Grid, Chart]:
    sums = [[orders for day, orders in ordinary.items() if day.weekday() == at] for at in range(7)]
    means = [sum(each) / len(each) if each else None for each in sums]
    work = [orders for each in sums[:4] for orders in each]
    usual = sum(work) / len(work) if work else 0
    index = [mean / usual if mean is not None and usual else None for mean in means]
    head = [Text("day", "星期"), Text("days", "天数"), Text("orders a day", "日均订单"), Text("index", "指数")]
    body = []
    for name, each, mean, times in zip(_WEEKDAYS, sums, means, index, strict=True):
        cells = [
            f"{len(each):,}",
            "–" if mean is None else f"{mean:,.1f}",
            "–" if times is None else f"{times:.2f}",
        ]
        body.append([name, *(Text(cell, cell) for cell in cells)])
    caption = Text(
        "Days of the week, peaks left out (1 = Monday to Thursday)", "各星期订单（剔除高峰，周一至周四 = 1）"
    )
    chart = Chart(caption, _WEEKDAYS, [Series(Text("index", "指数"), index)])
    return Grid(caption, head, body, numeric=True), chart


def _peak_grid(peaks: list[_Peak]) -> Grid:
    head = [
        Text("day", "日期"),
        Text("", ""),
        Text("orders", "订单数"),
        Text("times the usual", "为平日倍数"),
        Text("95% interval", "95% 区间"),
    ]
    body = []
    for peak in sorted(sorted(peaks, key=lambda each: -each.times)[:_MOST], key=lambda each: each.day):
        ends = "–" if peak.low is None or peak.high is None else f"{peak.low:.1f} … {peak.high:.1f}"
        cells = (f"{peak.orders:,}", f"{peak.times:.1f}", ends)
        name = Text(str(peak.day), str(peak.day))
        body.append([name, _WEEKDAYS[peak.day.weekday()], *(Text(cell, cell) for cell in cells)])
    return Grid(Text("Days that stand out", "订单高峰日"), head, body, numeric=True)


def _days_chart(daily: dict[date, int], outstanding: set[date]) -> Chart:
    places = [Text(str(day), str(day)) for day in daily]
    every: list[float | None] = [float(orders) for orders in daily.values()]
    above: list[float | None] = [float(orders) if day in outstanding else None for day, orders in daily.items()]
    series = [Series(Text("orders", "订单数"), every, "line"), Series(Text("peak", "高峰"), above, "marker")]
    return Chart(Text("Orders a day", "每日订单数"), places, series if outstanding else series[:1], dates=True)


@topic("rhythm", inputs=("orders",))
def tell(data: Data, source: str) -> Section:
    """The section."""
    daily = _daily(data, source)
    if len(daily) < _FEWEST:
        raise Skipped(
            Text(
                f"needs {_FEWEST} days of orders, there are {len(daily)}",
                f"需要 {_FEWEST} 天的订单，现有 {len(daily)} 天",
            )
        )
    outstanding = _stand_out(daily)
    ordinary = {day: orders for day, orders in daily.items() if day not in outstanding}
    peaks = _peaks(daily, outstanding)
    made = Section(Text("Rhythm of orders", "订单节奏"), definition=_DEFINITION)
    total = sum(daily.values())
    made.numbers = [
        (Text("days", "天数"), f"{len(daily):,}"),
        (Text("orders a day", "日均订单"), f"{total / len(daily):,.1f}"),
        (Text("days that stand out", "高峰天数"), f"{len(outstanding):,}"),
        (Text("their share of orders", "高峰日订单占比"), percent(sum(daily[d] for d in outstanding) / total)),
    ]
    made.findings = _weekend(ordinary) + _highest(peaks, max(daily))
    grid, chart = _weekday_grid(ordinary)
    made.figures_of = [_days_chart(daily, outstanding), chart]
    made.grids = [grid, *([_peak_grid(peaks)] if peaks else [])]
    made.notes = [_note()]
    return made


def _note() -> Text:
    return Text(
        f"A day stands out with at least {_TIMES:g} times the median of the {_AROUND} days before and after it, beyond what "
        "chance would do. Orders with a sale, by the calendar of the time zone.",
        f"高峰日：订单不少于前后各 {_AROUND} 天中位数的 {_TIMES:g} 倍，且超出随机波动。按所选时区统计有销售额的订单。",
    )
