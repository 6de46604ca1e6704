"""The funnel in a review: how far visitors get, where they are lost, and how long it takes those who convert."""

from __future__ import annotations

from typing import Any

from .._events import label, spelled
from .._registry import metrics
from .._result import Language, Result
from . import Data, Grid, Numbers, Section, Skipped, Text, percent, section
from ._rows import is_relation, quoted, select

# Steps of a shop, each with the names it goes by; those that occur make the funnel.
_STEPS = (
    ("view", "browse", "浏览"),
    ("cart", "add_to_cart", "加购"),
    ("order", "checkout", "下单"),
    ("pay", "payment", "purchase", "支付"),
)
_SESSIONS = ("session", "session_id")
_GROUPS = ("channel", "source")

Rows = list[dict[str, Any]]
Asked = dict[str, Any]


def _events(data: Data, source: str, event: str) -> set[str | None]:
    """The events that an input has."""
    if is_relation(data.frame(source)):  # no need to follow anybody for that
        name = f"CAST({quoted(event)} AS VARCHAR)"
        return {found for (found,) in select(data, source, f"DISTINCT {name} AS event").fetchall()}
    every = [name for names in _STEPS for name in names]
    seen = data.compute("funnel", source, steps=[every], by=event, attribution="all_events")
    return {row["group"] for row in seen.main.to_rows() if row["count"]}


def _found_steps(data: Data, source: str) -> list[Any]:
    """The usual steps, as the input calls them."""
    event = str(data.arguments.get("event") or "event")
    if event not in data.columns(source):
        raise Skipped(Text(f'no column "{event}" and no steps', f"没有 {event} 列，也没有指定步骤"))
    present = _events(data, source, event)
    steps: list[Any] = []
    for names in _STEPS:
        mine = [name for name in names if name in present]
        if mine:
            steps.append(mine[0] if len(mine) == 1 else mine)
    if len(steps) < 2:
        raise Skipped(
            Text(
                "no events of a shop (view, cart, order, pay); say which with --steps",
                "没有常见的购物事件，请用 --steps 指定步骤",
            )
        )
    return steps


def _asked(data: Data, source: str) -> Asked:
    """What is not said: the steps, sessions if there are some, and what they are broken down by."""
    columns = data.columns(source)
    said = {name for name, value in data.arguments.items() if value is not None}
    asked: Asked = {}
    if not {"steps", "step_count"} & said:
        asked["steps"] = _found_steps(data, source)
    if not {"session", "count"} & said:
        session = next((name for name in _SESSIONS if name in columns), None)
        if session is not None:
            asked["session"] = session
    if not {"by", "attribution"} & said:
        group = next((name for name in _GROUPS if name in columns), None)
        if group is not None:
            asked["by"] = group
    return asked


def _summed(rows: Rows) -> list[int]:
    """Counts of the steps, over all groups."""
    steps = max((row["step"] for row in rows), default=0)
    return [sum(row["count"] for row in rows if row["step"] == step) for step in range(1, steps + 1)]


def _required(rows: Rows) -> Rows:
    """A row for each required step, of the first group; they are alike in all but numbers."""
    return [row for row in rows if row["group"] == rows[0]["group"] and not row["optional"]] if rows else []


def _both(name: str | None) -> Text:
    return Text(label(name, "en"), label(name, "zh"))


def _largest_loss(rows: Rows) -> list[Text]:
    steps, counts = _required(rows), _summed(rows)
    pairs = [(a, b) for a, b in zip(steps, steps[1:], strict=False) if counts[a["step"] - 1]]
    if not pairs:
        return []
    a, b = min(pairs, key=lambda pair: counts[pair[1]["step"] - 1] / counts[pair[0]["step"] - 1])
    before, after = counts[a["step"] - 1], counts[b["step"] - 1]
    lost = percent(1 - after / before)
    steps_zh = f"{label(a['name'], 'zh')} → {label(b['name'], 'zh')}"
    return [
        Text(
            f"The largest loss is from {a['name']} to {b['name']}: "
            f"{before - after:,} of {before:,} ({lost}) stop there.",
            f"流失最大的一步是{steps_zh}：{before:,} 中有 {before - after:,} 流失（{lost}）。",
        )
    ]


def _each_step(rows: Rows) -> list[Text]:
    """How many go on, from step to step."""
    steps, counts = _required(rows), _summed(rows)
    pairs = [(a, b) for a, b in zip(steps, steps[1:], strict=False) if counts[a["step"] - 1]]
    if len(pairs) < 2:
        return []

    def told(lang: Language) -> list[str]:
        return [
            f"{label(a['name'], lang)} → {label(b['name'], lang)} {percent(counts[b['step'] - 1] / counts[a['step'] - 1])}"
            for a, b in pairs
        ]

    return [Text(f"Step by step go on: {', '.join(told('en'))}.", f"逐步转化率：{'，'.join(told('zh'))}。")]


def _elsewhere(rows: Rows, group: str | None, step: int) -> Text:
    """What a group does in its other steps."""
    mine = [row for row in rows if row["group"] == group and not row["optional"]]
    pairs = [(a, b) for a, b in zip(mine, mine[1:], strict=False) if b["step"] != step and b["rate_prev"] is not None]

    def told(lang: Language) -> list[str]:
        return [f"{label(a['name'], lang)} → {label(b['name'], lang)} {percent(b['rate_prev'])}" for a, b in pairs]

    if not pairs:
        return Text("", "")
    return Text(f" Its other steps: {', '.join(told('en'))}.", f"其余步骤：{'，'.join(told('zh'))}。")


def _outlier(rows: Rows) -> list[Text]:
    """The group and step that stands out most below all other groups together, beyond what chance would do."""
    steps, counts = _required(rows), _summed(rows)
    cells = {(row["group"], row["step"]): row for row in rows}
    worst: tuple[float, Text] | None = None
    for group in dict.fromkeys(row["group"] for row in rows):
        for a, b in zip(steps, steps[1:], strict=False):
            mine_before, mine = cells[group, a["step"]]["count"], cells[group, b["step"]]
            before, after = counts[a["step"] - 1] - mine_before, counts[b["step"] - 1] - mine["count"]
            if not before or mine["rate_prev"] is None or mine["rate_prev_hi"] is None:
                continue
            gap = after / before - mine["rate_prev"]
            if after / before <= mine["rate_prev_hi"] or (worst is not None and gap <= worst[0]):
                continue
            ours, theirs = percent(mine["rate_prev"]), percent(after / before)
            steps_zh = f"{label(a['name'], 'zh')} → {label(b['name'], 'zh')}"
            rest = _elsewhere(rows, group, b["step"])
            worst = (
                gap,
                Text(
                    f"{label(group, 'en')} leaks: only {ours} get from {a['name']} to {b['name']}, elsewhere {theirs}."
                    f"{rest.en}",
                    f"{label(group, 'zh')}存在流失点：{steps_zh}仅 {ours}，其他为 {theirs}。{rest.zh}",
                ),
            )
    return [] if worst is None else [worst[1]]


def _grid(result: Result) -> Grid:
    rows = result.main.to_rows()
    medians = {(row["group"], row["to"]): row["median"] for row in reversed(result.tables["durations"].to_rows())}
    grouped = any(row["group"] is not None for row in rows)
    head = [
        Text("step", "步骤"),
        Text("reached", "到达"),
        Text("of step 1", "总转化率"),
        Text("of the step before", "较上一步"),
        Text("dropped off", "流失"),
        Text("drop-off rate", "流失率"),
        Text("median time", "耗时中位数"),
    ]
    body = []
    for row in rows:
        group = _both(row["group"]) if grouped else Text("", "")
        name = Text(
            " · ".join(filter(None, [group.en, f"{row['step']}. {label(row['name'], 'en')}"])),
            " · ".join(filter(None, [group.zh, f"{row['step']}. {label(row['name'], 'zh')}"])),
        )
        plain = [f"{row['count']:,}", percent(row["rate_first"]), percent(row["rate_prev"])]
        plain.append("–" if row["dropped"] is None else f"{row['dropped']:,}")
        plain.append(percent(row["drop_rate"]))
        median = medians.get((row["group"], row["step"]))
        times = Text(spelled(median, "en"), spelled(median, "zh"))
        body.append([name, *(Text(value, value) for value in plain), times])
    return Grid(Text("Steps", "漏斗明细"), head, body)


def _time(result: Result) -> list[Text]:
    """How long the whole way takes."""
    row = result.tables["durations"].to_rows()[-1] if len(result.tables["durations"]) else None
    if row is None or not row["n"]:
        return []

    def words(name: str, lang: Language) -> str:
        return spelled(row[name], lang)

    return [
        Text(
            f"Half of those who get to the end take {words('median', 'en')} or less, nine in ten "
            f"{words('p90', 'en')} or less.",
            f"走完全程的人中，一半用时不超过 {words('median', 'zh')}，九成不超过 {words('p90', 'zh')}。",
        )
    ]


def _numbers(rows: Rows, result: Result) -> Numbers:
    counts = _summed(rows)
    first, last = (counts[0], counts[-1]) if counts else (0, 0)
    totals = result.tables["totals"].to_rows()[0]
    numbers: Numbers = [
        (Text("events", "事件数"), f"{totals['rows']:,}"),
        (Text("entered the funnel", "进入漏斗"), f"{first:,}"),
        (Text("converted", "完成转化"), f"{last:,}"),
        (Text("conversion rate", "总转化率"), percent(last / first if first else None)),
    ]
    if totals["units_dropped"]:
        numbers.append((Text("removed by exclusions", "被排除"), f"{totals['units_dropped']:,}"))
    return numbers


@section("funnel", inputs=("events",))
def tell(data: Data, source: str) -> Section:
    """The section."""
    metric = metrics["funnel"]
    asked = _asked(data, source)
    result = data.compute("funnel", source, **asked)
    made = Section(Text(metric.title, metric.title_zh))
    rows = result.main.to_rows()
    made.numbers = _numbers(rows, result)
    made.grids = [_grid(result)]
    whole = result
    if "by" in asked:
        whole = data.compute("funnel", source, **{**asked, "by": None})
    if rows and rows[0]["count"]:
        made.findings = (
            _largest_loss(rows) + _each_step(rows) + (_outlier(rows) if "by" in asked else []) + _time(whole)
        )
        made.figures_of = [(whole, "funnel")]
        if "by" in asked and 1 < len({row["group"] for row in rows}) <= 8:
            made.figures_of.append((result, "funnel"))
        if len(whole.tables["histogram"]):
            made.figures_of.append((whole, "time_to_convert"))
        if "trend" in whole.tables:
            made.figures_of.append((whole, "trend"))
    else:
        made.findings = [Text("Nobody did the first step.", "没有人完成第一步。")]
    if "session" in asked:
        made.notes.append(Text("Visits (sessions) are counted, not customers.", "按会话统计，而非按客户。"))
    return made
