"""Activity in a review: how many are there per day, week and month, and how often one customer is."""

from __future__ import annotations

from .._registry import metrics
from .._result import Result
from . import Data, Section, Text, _cohorts, percent, section
from ._cohorts import PERIODS, Rows, asked


def _average_day(rows: Rows) -> list[Text]:
    """The last 30 days that are whole: DAU against MAU."""
    whole = [row for row in rows if row["complete"]][-30:]
    if not whole:
        return []
    dau = sum(row["dau"] for row in whole) / len(whole)
    mau = whole[-1]["mau"]
    if not mau:
        return []
    share = percent(dau / mau)
    return [
        Text(
            f"Over the last {len(whole)} days {dau:,.0f} customers a day were active on average, {share} of the {mau:,} of the month (DAU/MAU).",
            f"最近 {len(whole)} 天平均日活 {dau:,.0f}，占月活 {mau:,} 的 {share}（DAU/MAU）。",
        )
    ]


def _peak(rows: Rows) -> list[Text]:
    """A day that stands out."""
    whole = [row for row in rows if row["complete"]]
    if len(whole) < 30:
        return []
    usual = sorted(row["dau"] for row in whole)[len(whole) // 2]
    top = max(whole, key=lambda row: row["dau"])
    if not usual or top["dau"] < 2 * usual:
        return []
    day, times = f"{top['day_start']:%Y-%m-%d}", f"{top['dau'] / usual:.1f}"
    return [
        Text(
            f"The busiest day was {day}: {top['dau']:,} customers, {times} times the usual.",
            f"最活跃的一天是 {day}：{top['dau']:,} 位客户，为平常的 {times} 倍。",
        )
    ]


def _often(result: Result, period: str) -> list[Text]:
    rows = result.tables["summary"].to_rows()
    if not rows or rows[0]["mean"] is None:
        return []
    row = rows[0]
    once = next((each["share"] for each in result.main.to_rows() if each["j"] == 1), None)
    words = PERIODS[period]
    return [
        Text(
            f"A customer is active in {row['mean']:.1f} of {row['groups']} {words.en}s on average; "
            f"{percent(once)} in one only.",
            f"每位客户平均在 {row['groups']} {words.zh}中的 {row['mean']:.1f} {words.zh}活跃；{percent(once)} 只活跃过 1 {words.zh}。",
        )
    ]


@section("activity", inputs=("events", "orders"))
def tell(data: Data, source: str) -> Section:
    """The section."""
    metric = metrics["activity"]
    made = Section(Text(metric.title, metric.title_zh))
    inputs = _cohorts.sold(data, source)
    period = _cohorts.period_for(data, inputs)
    result = data.compute("activity", inputs, **asked(data, "activity", period=period, by=None))
    days = result.tables["active"].to_rows()
    if not any(row["dau"] for row in days):
        made.findings = [Text("Nobody was active.", "没有活跃客户。")]
        return made
    last = next((row for row in reversed(days) if row["complete"]), days[-1])
    made.numbers = [
        (Text("DAU", "日活"), f"{last['dau']:,}"),
        (Text("WAU", "周活"), f"{last['wau']:,}"),
        (Text("MAU", "月活"), f"{last['mau']:,}"),
        (Text("DAU / MAU", "DAU / MAU"), percent(last["dau_mau"])),
    ]
    made.findings = _average_day(days) + _peak(days) + _often(result, period)
    made.figures_of = [(result, "active")]
    if any(row["units"] for row in result.main.to_rows()):
        made.figures_of.append((result, "stickiness"))
    made.notes.append(
        Text(f"The numbers are of {last['day_start']:%Y-%m-%d}.", f"上列数字截至 {last['day_start']:%Y-%m-%d}。")
    )
    return made
