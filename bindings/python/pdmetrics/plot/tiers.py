"""Figures of tiers: how many customers each has, and what they bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go  # type: ignore[import-untyped,import-not-found,unused-ignore]

from . import GRID, PALETTE, figure

if TYPE_CHECKING:
    from .._result import Language, Result

_TEXT = {
    "title": {"en": "Membership tiers", "zh": "会员分层"},
    "share": {"en": "share of customers", "zh": "客户占比"},
    "value_share": {"en": "share of value", "zh": "价值占比"},
    "customers": {"en": "customers", "zh": "客户数"},
}


@figure("tiers", "tiers")
def tiers(result: Result, *, lang: Language) -> go.Figure:
    """Shares of customers and of value, tier by tier."""
    rows = [row for row in result.tables["segments"].to_rows() if row["tier_id"] is not None]
    names = [row["tier_zh"] if lang == "zh" and row["tier_zh"] else row["tier"] for row in rows]
    made = go.Figure()
    for key, colour in (("share", PALETTE[0]), ("value_share", PALETTE[1])):
        made.add_trace(
            go.Bar(
                y=names,
                x=[row[key] for row in rows],
                orientation="h",
                name=_TEXT[key][lang],
                marker={"color": colour},
                customdata=[f"{row['customers']:,} {_TEXT['customers'][lang]}" for row in rows],
                hovertemplate="<b>%{y}</b><br>%{x:.1%}<br>%{customdata}<extra></extra>",
            )
        )
    made.update_yaxes(automargin=True)
    made.update_xaxes(tickformat=".0%", gridcolor=GRID)
    made.update_layout(
        title_text=_TEXT["title"][lang],
        bargap=0.25,
        height=max(240, 60 * len(rows) + 120),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
    )
    return made
