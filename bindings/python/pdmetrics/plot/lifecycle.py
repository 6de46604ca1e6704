"""The figure of a lifecycle: who is new, stays, comes back, above the axis; who falls asleep, below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go  # type: ignore[import-untyped,import-not-found,unused-ignore]

from . import GRID, INK, PALETTE, _cohorts, figure
from ._cohorts import LEGEND, NOT_GIVEN, group_title, groups_of, under
from ._planning import value_axis

if TYPE_CHECKING:
    from .._result import Language, Result

_TEXT = {
    "lifecycle": {"en": "Lifecycle", "zh": "生命周期"},
    "new": {"en": "new", "zh": "新增"},
    "returning": {"en": "returning", "zh": "留存活跃"},
    "resurrecting": {"en": "back again", "zh": "回流"},
    "dormant": {"en": "dormant", "zh": "新流失"},
    "active": {"en": "active", "zh": "活跃"},
    "live": {"en": "not lost", "zh": "未流失"},
    "quick_ratio": {"en": "quick ratio, (new + back) / dormant", "zh": "速动比率（新增 + 回流）/ 流失"},
    "partial": {"en": "not over: dormant is overstated", "zh": "未结束：流失偏高"},
    "hatched": {"en": "hatched: not over, dormant is overstated", "zh": "斜线：尚未结束，流失偏高"},
}
_COLOURS = {"returning": PALETTE[0], "new": PALETTE[2], "resurrecting": PALETTE[1], "dormant": "#9aa5b1"}


def _say(key: str, lang: Language) -> str:
    return _TEXT[key][lang]


def _hover(row: dict[str, Any], name: str, lang: Language) -> str:
    lines = [f"<b>{name}</b>", f"{_say('active', lang)}: {row['active']:,}"]
    lines += [f"{_say(key, lang)}: {row[key]:,}" for key in ("new", "returning", "resurrecting", "dormant", "live")]
    if row["quick_ratio"] is not None:
        lines.append(f"{_say('quick_ratio', lang)}: {row['quick_ratio']:.2f}")
    if not row["complete"]:
        lines.append(f"<i>{_say('partial', lang)}</i>")
    return "<br>".join(lines)


@figure("lifecycle", "lifecycle")
def lifecycle(result: Result, *, lang: Language, group: str | None = NOT_GIVEN) -> go.Figure:
    """Units of each class by period, dormant ones below the axis; periods that are not over are hatched."""
    groups = groups_of(result.tables["lifecycle"].to_rows())
    name, rows = _cohorts.chosen(groups, group, "active")
    period = _cohorts.period_of(rows, "period_start", "period")
    titles = [_cohorts.period_label(row["period_start"], period) for row in rows]
    hovers = [_hover(row, title, lang) for row, title in zip(rows, titles, strict=True)]
    made = go.Figure()
    for key, colour in _COLOURS.items():
        sign = -1 if key == "dormant" else 1
        made.add_trace(
            go.Bar(
                x=titles,
                y=[sign * row[key] for row in rows],
                name=_say(key, lang),
                marker={
                    "color": colour,
                    "line": {"width": 0},
                    "pattern": {
                        "shape": ["" if row["complete"] else "/" for row in rows],
                        "fillmode": "overlay",
                        "fgcolor": "white",
                        "size": 6,
                        "solidity": 0.35,
                    },
                },
                customdata=hovers,
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    highest = max((row["active"] for row in rows), default=1)
    lowest = -max((row["dormant"] for row in rows), default=0)
    value_axis(made, [lowest, highest], lang)
    _without_signs(made)
    made.add_hline(y=0, line={"color": INK, "width": 1.2})
    made.update_xaxes(type="category", automargin=True, nticks=18, tickangle=0 if len(titles) <= 9 else None)
    made.update_yaxes(gridcolor=GRID, zeroline=False)
    open_ends = any(not row["complete"] for row in rows)
    title = group_title(_say("lifecycle", lang), name, groups, lang)
    made.update_layout(
        title_text=under(title, _say("hatched", lang) if open_ends else ""),
        barmode="relative",
        bargap=0.18 if len(rows) <= 40 else 0.05,
        legend={**LEGEND, "traceorder": "normal"},
        height=440,
    )
    return made


def _without_signs(made: go.Figure) -> None:
    """What lies below the axis is a number like any other."""
    axis = made.layout.yaxis
    if axis.ticktext:
        made.update_yaxes(ticktext=[text.lstrip("-−") for text in axis.ticktext])
