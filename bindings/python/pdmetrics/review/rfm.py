"""RFM in a review: who the customers are, what they are worth, and where they are going."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from .._errors import Error
from .._registry import metrics
from .._result import Result
from .._segments import action, label
from . import Data, Grid, Numbers, Section, Text, _loyalty, percent, section
from ._cohorts import short

_BACK = timedelta(days=90)


def _money(value: float | None, result: Result) -> str:
    if value is None:
        return "–"
    exponent = 2 if result.currency_exponent is None else result.currency_exponent
    return f"{value / 10**exponent:,.{min(exponent, 2)}f}"


def _total_and_segments(result: Result) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    rows = result.tables["segments"].to_rows()
    if "window" in result.tables["segments"] and rows:
        rows = [row for row in rows if row["window"] == rows[-1]["window"]]
    total = next(row for row in rows if row["segment_id"] is None)
    return total, [row for row in rows if row["segment_id"] is not None]


def _numbers(total: dict[str, Any], result: Result) -> Numbers:
    return [
        (Text("customers", "客户数"), f"{total['customers']:,}"),
        (Text("orders", "订单数"), f"{total['orders']:,}"),
        (Text("sales", "销售额"), short(total["gmv"], result)),
        (Text("net of refunds", "净销售额"), short(total["net"], result)),
        (Text("per order (AOV)", "笔单价"), _money(total["aov"], result)),
        (Text("per customer", "客单价"), _money(total["per_customer"], result)),
        (Text("repurchase rate", "复购率"), percent(total["repeat_rate"])),
    ]


def _findings(total: dict[str, Any], rows: list[dict[str, Any]]) -> list[Text]:
    alive = [row for row in rows if row["customers"]]
    if not alive:
        return [Text("There are no customers with a counted order.", "没有有效下单客户。")]
    found = []
    richest = max(alive, key=lambda row: row["gmv"])
    found.append(
        Text(
            f"{label(richest, 'en')} are {percent(richest['share'])} of the customers and bring "
            f"{percent(richest['gmv_share'])} of sales.",
            f"{label(richest, 'zh')}占客户 {percent(richest['share'])}，贡献销售额 {percent(richest['gmv_share'])}。",
        )
    )
    largest = max(alive, key=lambda row: row["customers"])
    if largest is not richest:
        found.append(
            Text(
                f"The largest segment is {label(largest, 'en')}: {largest['customers']:,} customers "
                f"({percent(largest['share'])}), {percent(largest['gmv_share'])} of sales.",
                f"人数最多的是{label(largest, 'zh')}：{largest['customers']:,} 人（{percent(largest['share'])}），"
                f"贡献销售额 {percent(largest['gmv_share'])}。",
            )
        )
    if total["repeat_rate"] is not None:
        found.append(
            Text(
                f"{percent(total['repeat_rate'])} of the customers bought at least twice.",
                f"{percent(total['repeat_rate'])} 的客户至少购买过两次。",
            )
        )
    return found


def _segment_grid(rows: list[dict[str, Any]], total: dict[str, Any], result: Result) -> Grid:
    head = [
        Text("segment", "分群"),
        Text("customers", "客户数"),
        Text("share", "占比"),
        Text("sales", "销售额"),
        Text("share of sales", "销售额占比"),
        Text("AOV", "笔单价"),
        Text("per customer", "客单价"),
        Text("repurchase", "复购率"),
        Text("days since last order", "距上次购买"),
        Text("what to do", "建议动作"),
    ]
    body = []
    for row in [*rows, total]:
        last = row["segment_id"] is None
        cells = [
            Text("total", "合计") if last else Text(label(row, "en"), label(row, "zh")),
            *(
                Text(value, value)
                for value in (
                    f"{row['customers']:,}",
                    percent(row["share"]),
                    _money(row["gmv"], result),
                    percent(row["gmv_share"]),
                    _money(row["aov"], result),
                    _money(row["per_customer"], result),
                    percent(row["repeat_rate"]),
                    "–" if row.get("mean_recency_days") is None else f"{row['mean_recency_days']:,.0f}",
                )
            ),
            Text("", "") if last else Text(action(row["segment"], "en"), action(row["segment"], "zh")),
        ]
        body.append(cells)
    return Grid(Text("Segments", "分群明细"), head, body, total=True)


def _windows(result: Result) -> list[tuple[str, Any, Any]] | None:
    """All orders as they stood 90 days ago, and all orders; none if the data are younger than that."""
    main = result.main
    if not len(main):
        return None
    first = main["first_time"].min()
    end = main["last_time"].max().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    before = end - _BACK
    if first >= before:
        return None
    start = first.replace(hour=0, minute=0, second=0, microsecond=0)
    return [("before", start, before), ("now", start, end)]


def _add_migration(data: Data, source: str, result: Result, made: Section) -> None:
    windows = None if data.arguments.get("windows") is not None else _windows(result)
    if windows is None:
        return
    moved = data.compute("rfm", source, windows=windows, as_of=None, **data.grain(source))
    if "migration_summary" not in moved.tables or not len(moved.tables["migration_summary"]):
        return
    row = moved.tables["migration_summary"].to_rows()[-1]
    if not row["in_both"]:
        return
    up, down = percent(row["upgrade_rate"]), percent(row["downgrade_rate"])
    made.findings.append(
        Text(
            f"Against 90 days earlier {up} of the customers of both dates moved to a better segment, "
            f"{down} to a worse one; {row['joined']:,} are new.",
            f"与 90 天前相比，两期共有客户中 {up} 升级，{down} 降级；新增 {row['joined']:,} 位客户。",
        )
    )
    made.figures_of.append((moved, "migration"))
    steps = moved.tables["migration"].to_rows()
    made.findings += _fallen(steps, moved)
    made.grids.append(_matrix(steps, moved))


def _name(segment: str | None, result: Result) -> Text:
    """A segment of the migration as readers know it."""
    if segment is None or segment == "absent":
        return Text("(not a customer)", "（非客户）")
    known = {row["segment"]: row for row in result.tables["segments"].to_rows()}
    row = known.get(segment, {"segment": segment})
    return Text(label(row, "en"), label(row, "zh"))


def _fallen(steps: list[dict[str, Any]], result: Result) -> list[Text]:
    """The step down that weighs most, by customers and ranks, and what one does with those who took it."""
    down = [row for row in steps if row["rank_change"] is not None and row["rank_change"] < 0 and row["customers"]]
    if not down:
        return []
    row = max(down, key=lambda each: (-each["rank_change"] * each["customers"], each["from_segment"]))
    before, after = _name(row["from_segment"], result), _name(row["to_segment"], result)
    share = percent(row["row_share"])
    what = [action(row["to_segment"], "en"), action(row["to_segment"], "zh")]
    return [
        Text(
            f"The gravest step down: {row['customers']:,} customers, {share} of {before.en}, are {after.en} now."
            + (f" {what[0]}." if what[0] else ""),
            f"最需关注的降级：{before.zh}中 {row['customers']:,} 人（{share}）变为{after.zh}。"
            + (f"建议：{what[1]}。" if what[1] else ""),
        )
    ]


def _matrix(steps: list[dict[str, Any]], result: Result) -> Grid:
    """From where to where, in customers and in shares of where they were."""
    cells = {(row["from_segment"], row["to_segment"]): row for row in steps if row["customers"]}
    order = {row["segment"]: at for at, row in enumerate(result.tables["segments"].to_rows())}

    def ranked(names: Iterable[str | None]) -> list[str | None]:
        return sorted(set(names), key=lambda name: (name is None, order.get(name, 0)))

    rows, columns = ranked(key[0] for key in cells), ranked(key[1] for key in cells)
    head = [Text("90 days before ↓ now →", "90 天前 ↓ 现在 →"), *(_name(name, result) for name in columns)]
    body = []
    for before in rows:
        line = [_name(before, result)]
        for after in columns:
            row = cells.get((before, after))
            share = "" if row is None or row["row_share"] is None else f" ({percent(row['row_share'])})"
            text = "–" if row is None else f"{row['customers']:,}{share}"
            line.append(Text(text, text))
        body.append(line)
    return Grid(
        Text("Migration of segments: customers and share of the row", "分群迁移矩阵：人数与行占比"),
        head,
        body,
        numeric=True,
    )


def _notes(result: Result) -> list[Text]:
    stats = result.tables.get("stats")
    if stats is None or not len(stats):
        return []
    row = stats.to_rows()[0]
    said = []
    words = {
        "rows_null": ("rows without customer, time or amount were skipped", "行缺少客户、时间或金额，已跳过"),
        "refunds_unmatched": ("refunds belong to no known order", "笔退款找不到原订单"),
        "refund_rows_late": ("refund rows are later than the day looked at", "行退款晚于统计时点"),
        "customers_without_order": ("customers have no counted order", "位客户没有有效订单"),
    }
    for name, (english, chinese) in words.items():
        if row.get(name):
            said.append(Text(f"{row[name]:,} {english}", f"{row[name]:,} {chinese}"))
    return said


@section("rfm")
def tell(data: Data, source: str) -> Section:
    """The section."""
    result = data.orders(source)
    metric = metrics["rfm"]
    made = Section(Text(metric.title, metric.title_zh))
    total, rows = _total_and_segments(result)
    made.numbers = _numbers(total, result)
    if rows:
        made.findings = _findings(total, rows)
        made.grids = [_segment_grid(rows, total, result)]
        made.figures_of = [(result, "segments")]
        _loyalty.add(data, result, made)
    made.figures_of.append((result, "heatmap"))
    try:
        _add_migration(data, source, result, made)
    except Error as error:
        made.notes.append(Text(f"no migration: {error}", f"无法计算迁移：{error}"))
    made.notes += _notes(result)
    return made
