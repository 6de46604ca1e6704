"""Figures of funnels: how many get how far, how long it takes them, and how that changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go  # type: ignore[import-untyped,import-not-found,unused-ignore]

from .._errors import ArgumentError
from .._events import label, spelled, time_unit
from . import GRID, PALETTE, figure

if TYPE_CHECKING:
    from .._result import Language, Result

_TEXT = {
    "funnel": {"en": "Conversion funnel", "zh": "转化漏斗"},
    "by_group": {"en": "Conversion funnel by group", "zh": "分组转化漏斗"},
    "reached": {"en": "reached", "zh": "到达"},
    "of_first": {"en": "of step 1", "zh": "总转化率"},
    "of_previous": {"en": "of the step before", "zh": "较上一步"},
    "dropped": {"en": "dropped off", "zh": "流失"},
    "open": {"en": "may still convert", "zh": "仍可能转化"},
    "median": {"en": "median time from the step before", "zh": "较上一步耗时中位数"},
    "optional": {"en": "optional", "zh": "可选"},
    "time": {"en": "Time to convert", "zh": "转化用时"},
    "below": {"en": "less", "zh": "更短"},
    "above": {"en": "more", "zh": "更长"},
    "count": {"en": "conversions", "zh": "转化数"},
    "trend": {"en": "Conversion by time of entry", "zh": "转化趋势"},
    "rate": {"en": "conversion rate", "zh": "转化率"},
    "entered": {"en": "entered", "zh": "进入"},
    "converted": {"en": "converted", "zh": "转化"},
    "partial": {"en": "window not over: may still rise", "zh": "窗口期未结束，仍可能上升"},
}
_LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"}

Rows = list[dict[str, Any]]


def _say(key: str, lang: Language) -> str:
    return _TEXT[key][lang]


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _groups(rows: Rows) -> dict[str | None, Rows]:
    found: dict[str | None, Rows] = {}
    for row in rows:
        found.setdefault(row["group"], []).append(row)
    return found


def _largest(result: Result) -> list[str | None]:
    """Groups in the order of their first step, no more than there are colours."""
    first = {row["group"]: row["count"] for row in result.tables["steps"].to_rows() if row["step"] == 1}
    return sorted(first, key=lambda group: -first[group])[: len(PALETTE)]


def _name(group: str | None, groups: list[str | None], lang: Language) -> str:
    return _say("funnel", lang) if groups == [None] else label(group, lang)


def step_label(row: dict[str, Any], lang: Language) -> str:
    """A step with its number: names may repeat."""
    more = f" ({_say('optional', lang)})" if row["optional"] else ""
    return f"{row['step']}. {label(row['name'], lang)}{more}"


def _interval(row: dict[str, Any], name: str) -> str:
    low, high = row[f"{name}_lo"], row[f"{name}_hi"]
    return "" if low is None or high is None else f" [{_percent(low)}, {_percent(high)}]"


def _hover(row: dict[str, Any], median: float | None, title: str, lang: Language) -> str:
    lines = [
        f"<b>{step_label(row, lang)}</b>" + (f" · {title}" if title else ""),
        f"{row['count']:,} {_say('reached', lang)}",
        f"{_percent(row['rate_first'])} {_say('of_first', lang)}{_interval(row, 'rate_first')}",
    ]
    if row["rate_prev_den"] is not None:
        lines.append(f"{_percent(row['rate_prev'])} {_say('of_previous', lang)}{_interval(row, 'rate_prev')}")
        lines.append(f"{_say('dropped', lang)}: {row['dropped']:,} ({_percent(row['drop_rate'])})")
    if median is not None:
        lines.append(f"{_say('median', lang)}: {spelled(median, lang)}")
    if row["open"]:
        lines.append(f"{_say('open', lang)}: {row['open']:,}")
    return "<br>".join(lines)


@figure("funnel", "funnel")
def funnel(result: Result, *, lang: Language) -> go.Figure:
    """Steps as bars with counts, overall and step conversion; one colour for each group of a breakdown."""
    by_group = _groups(result.tables["steps"].to_rows())
    groups = [group for group in _largest(result) if group in by_group]
    medians = {
        (row["group"], row["to"]): row["median"]
        for row in reversed(result.tables["durations"].to_rows())  # of each step before the one of the whole
    }
    made = go.Figure()
    for group, colour in zip(groups, PALETTE, strict=False):
        rows = by_group[group]
        title = "" if groups == [None] else label(group, lang)
        before = "<br>↓ " if groups == [None] else " · ↓ "  # several bars a step leave room for one line
        texts = [
            f"{row['count']:,} · {_percent(row['rate_first'])}"
            + ("" if row["rate_prev_den"] is None else before + _percent(row["rate_prev"]))
            for row in rows
        ]
        made.add_trace(
            go.Funnel(
                y=[step_label(row, lang) for row in rows],
                x=[row["count"] for row in rows],
                name=_name(group, groups, lang),
                text=texts,
                texttemplate="%{text}",
                textposition="auto",
                marker={"color": colour},
                connector={"visible": groups == [None], "line": {"color": GRID}, "fillcolor": "rgba(120,130,140,0.12)"},
                customdata=[_hover(row, medians.get((group, row["step"])), title, lang) for row in rows],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    steps = len(next(iter(by_group.values()), []))
    made.update_yaxes(automargin=True)
    made.update_layout(
        title_text=_say("funnel" if groups in ([None], []) else "by_group", lang),
        funnelmode="group",
        funnelgap=0.12,
        showlegend=groups not in ([None], []),
        legend=_LEGEND,
        height=max(340, steps * max(64, 30 * len(groups) + 10) + 120),
    )
    return made


def _bin_hover(row: dict[str, Any], total: int, lang: Language) -> str:
    if row["left"] is None:
        span = f"{_say('below', lang)} ({spelled(row['right'], lang)})"
    elif row["right"] is None:
        span = f"{_say('above', lang)} ({spelled(row['left'], lang)})"
    else:
        span = f"{spelled(row['left'], lang)} – {spelled(row['right'], lang)}"
    return f"{span}<br>{row['count']:,} {_say('count', lang)} · {_percent(row['count'] / total if total else None)}"


def _bars(rows: Rows, scale: int, unit: str, named: bool, lang: Language) -> dict[str, Any]:
    """Where the bars stand: on a scale of time, or one beside the other where the outer ones have no edge."""
    if named:
        edges = [(row["left"], row["right"]) for row in rows]
        ends = [["" if edge is None else f"{edge / scale:g}" for edge in pair] for pair in edges]
        return {"x": [f"{left} – {right} {unit}" for left, right in ends]}
    return {
        "x": [(row["left"] + row["right"]) / 2 / scale for row in rows],
        "width": [(row["right"] - row["left"]) / scale for row in rows],
    }


@figure("funnel", "time_to_convert")
def time_to_convert(result: Result, *, lang: Language) -> go.Figure:
    """How long those who convert take, in bins; hover says which times a bin holds."""
    by_group = _groups(result.tables["histogram"].to_rows())
    groups = [group for group in _largest(result) if group in by_group]
    if not groups:
        raise ArgumentError("nobody converted, so there is no time to convert")
    shown = {group: by_group[group] for group in groups}
    every = [row for rows in shown.values() for row in rows]
    named = any(row["left"] is None or row["right"] is None for row in every)
    scale, english, chinese = time_unit(max(row["right"] or row["left"] or 0 for row in every))
    unit = chinese if lang == "zh" else english
    made = go.Figure()
    for (group, rows), colour in zip(shown.items(), PALETTE, strict=False):
        total = sum(row["count"] for row in rows)
        made.add_trace(
            go.Bar(
                y=[row["count"] for row in rows],
                name=_name(group, groups, lang),
                marker={"color": colour, "line": {"width": 0}},
                opacity=1 if len(groups) == 1 or named else 0.6,
                customdata=[_bin_hover(row, total, lang) for row in rows],
                hovertemplate="%{customdata}<extra></extra>",
                **_bars(rows, scale, unit, named, lang),
            )
        )
    first, last = every[0]["from"], every[0]["to"]
    steps = f" (step {first} → {last})" if lang == "en" else f"（第 {first} 步 → 第 {last} 步）"
    made.update_xaxes(title_text="" if named else unit, type="category" if named else "linear")
    made.update_yaxes(title_text=_say("count", lang), gridcolor=GRID, automargin=True)
    made.update_layout(
        title_text=_say("time", lang) + steps,
        barmode="group" if named else "overlay",
        bargap=0.05,
        showlegend=groups != [None],
        legend=_LEGEND,
        height=400,
    )
    return made


def _trend_hover(row: dict[str, Any], title: str, lang: Language) -> str:
    lines = [
        f"<b>{row['period_start']:%Y-%m-%d %H:%M}</b>" + (f" · {title}" if title else ""),
        f"{_say('rate', lang)}: {_percent(row['rate'])}"
        + ("" if row["lo"] is None else f" [{_percent(row['lo'])}, {_percent(row['hi'])}]"),
        f"{row['n_from']:,} {_say('entered', lang)} · {row['n_to']:,} {_say('converted', lang)}",
    ]
    if not row["complete"]:
        lines.append(f"<i>{_say('partial', lang)}</i>")
    return "<br>".join(lines)


@figure("funnel", "trend")
def trend(result: Result, *, lang: Language) -> go.Figure:
    """Conversion rate by the period of the entry; hollow points are of periods that are not over."""
    if "trend" not in result.tables:
        raise ArgumentError('this result has no trend: ask for one with trend_period="day"')
    by_group = _groups(result.tables["trend"].to_rows())
    groups = [group for group in _largest(result) if group in by_group]
    made = go.Figure()
    for group, colour in zip(groups, PALETTE, strict=False):
        rows = by_group[group]
        title = "" if groups == [None] else label(group, lang)
        made.add_trace(
            go.Scatter(
                x=[row["period_start"] for row in rows],
                y=[row["rate"] for row in rows],
                mode="lines+markers",
                name=_name(group, groups, lang),
                line={"color": colour},
                marker={
                    "size": 7,
                    "color": [colour if row["complete"] else "white" for row in rows],
                    "line": {"width": 2, "color": colour},
                },
                customdata=[_trend_hover(row, title, lang) for row in rows],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    made.update_yaxes(
        title_text=_say("rate", lang), tickformat=".0%", rangemode="tozero", gridcolor=GRID, automargin=True
    )
    made.update_layout(
        title_text=_say("trend", lang), showlegend=groups != [None], legend=_LEGEND, height=400, hovermode="closest"
    )
    return made
