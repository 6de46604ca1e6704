"""The lifecycle in a review: who is new, stays, comes back and falls asleep, period by period."""

from __future__ import annotations

from .._registry import metrics
from . import Data, Section, Text, _cohorts, section
from ._cohorts import Rows, asked


def _ratio(row: dict[str, float]) -> str:
    return "–" if row["quick_ratio"] is None else f"{row['quick_ratio']:.2f}"


def _latest(rows: Rows, names: dict[int, str]) -> list[Text]:
    """The last period that is over."""
    over = [row for row in rows if row["complete"]]
    if not over:
        return []
    row = over[-1]
    name = names[row["period"]]
    en = f"{name}: {row['new']:,} new, {row['returning']:,} stayed, {row['resurrecting']:,} came back, {row['dormant']:,} fell asleep"
    zh = (
        f"{name}：新增 {row['new']:,}，留存 {row['returning']:,}，回流 {row['resurrecting']:,}，流失 {row['dormant']:,}"
    )
    if row["quick_ratio"] is None:
        return [Text(f"{en}.", f"{zh}。")]
    grows = row["quick_ratio"] > 1
    return [
        Text(
            f"{en}: the base {'grows' if grows else 'shrinks'} (quick ratio {_ratio(row)}).",
            f"{zh}：活跃客户在{'增长' if grows else '减少'}（速动比率 {_ratio(row)}）。",
        )
    ]


def _rush(rows: Rows, names: dict[int, str]) -> list[Text]:
    """A period that brought far more newcomers than its neighbours, and what became of them."""
    pairs = [(a, b) for a, b in zip(rows[1:], rows[2:], strict=False) if b["complete"]]
    if len(pairs) < 4:
        return []
    usual = sorted(row["new"] for row, _ in pairs)[len(pairs) // 2]
    rush, after = max(pairs, key=lambda pair: pair[0]["new"])
    if usual == 0 or rush["new"] < 3 * usual or rush["new"] < 30:
        return []
    asleep = after["dormant"]
    first, then = names[rush["period"]], names[after["period"]]
    times = f"{rush['new'] / usual:.1f}"
    return [
        Text(
            f"{first} brought {rush['new']:,} new customers, {times} times the usual; in {then} {asleep:,} fell asleep.",
            f"{first} 新增 {rush['new']:,} 位客户，为平常的 {times} 倍；{then} 流失 {asleep:,} 位。",
        )
    ]


@section("lifecycle", inputs=("orders", "events"))
def tell(data: Data, source: str) -> Section:
    """The section."""
    metric = metrics["lifecycle"]
    made = Section(Text(metric.title, metric.title_zh))
    inputs = _cohorts.sold(data, source)
    period = _cohorts.period_for(data, inputs)
    ended = _cohorts.whole_days(data, source)
    result = data.compute("lifecycle", inputs, **asked(data, "lifecycle", period=period, by=None, **ended))
    rows = result.main.to_rows()
    if not rows:
        made.findings = [Text("Nobody was active.", "没有活跃客户。")]
        return made
    names = _cohorts.named(rows, "period_start", "period")
    made.findings = _latest(rows, names) + _rush(rows, names)
    over = [row for row in rows if row["complete"]] or rows
    last = over[-1]
    made.numbers = [
        (Text("active", "活跃客户"), f"{last['active']:,}"),
        (Text("new", "新增"), f"{last['new']:,}"),
        (Text("back again", "回流"), f"{last['resurrecting']:,}"),
        (Text("dormant", "新流失"), f"{last['dormant']:,}"),
        (Text("quick ratio", "速动比率"), _ratio(last)),
    ]
    made.figures_of = [(result, "lifecycle")]
    if _cohorts.amount_of(data, source) is not None:
        made.notes.append(Text("Active is who has bought in the period.", "活跃指当期有购买。"))
    return made
