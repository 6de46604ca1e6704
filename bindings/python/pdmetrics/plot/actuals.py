"""Figures of actuals: what was sold and refunded, period by period."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go  # type: ignore[import-untyped,import-not-found,unused-ignore]

from .._events import label
from . import PALETTE, figure
from ._planning import LEGEND, bars, say, value_axis
from ._planning import Show as _Show

if TYPE_CHECKING:
    from .._result import Language, Result


@figure("actuals", "sales")
def sales(result: Result, *, lang: Language, exponent: int = 2) -> go.Figure:
    """Sales by period, a colour for each channel, the largest ones first; refunds below the line."""
    show = _Show(result, lang, exponent, None)
    rows = result.main.to_rows()
    periods = list(dict.fromkeys(row["period"] for row in rows))
    sold: dict[str | None, int] = {}
    for row in rows:
        sold[row["channel"]] = sold.get(row["channel"], 0) + row["gmv"]
    ranked = sorted(sold, key=lambda channel: -sold[channel])
    shown, rest = ranked[: len(PALETTE) - 2], ranked[len(PALETTE) - 2 :]
    made = go.Figure()
    groups = [([channel], label(channel, lang) if channel is not None else say("gmv_all", lang)) for channel in shown]
    if rest:
        groups.append((rest, say("others", lang)))
    for (channels, name), colour in zip(groups, PALETTE, strict=False):
        found = dict.fromkeys(periods, 0)
        for row in rows:
            if row["channel"] in channels:
                found[row["period"]] += row["gmv"]
        hovers = [f"<b>{period}</b> · {name}<br>{show.full(value)}" for period, value in found.items()]
        made.add_trace(bars([str(p) for p in periods], show.values(list(found.values())), name, colour, hovers))
    back = dict.fromkeys(periods, 0)
    whole = dict.fromkeys(periods, 0)
    for row in rows:
        back[row["period"]] -= row["refund"]
        whole[row["period"]] += row["gmv"]
    if any(back.values()):
        hovers = [f"<b>{period}</b> · {say('refund', lang)}<br>{show.full(-value)}" for period, value in back.items()]
        values = show.values(list(back.values()))
        made.add_trace(bars([str(p) for p in periods], values, say("refund", lang), "#9aa5b1", hovers))
    value_axis(made, show.values([*whole.values(), *back.values()]), lang)
    made.update_xaxes(type="category", automargin=True)
    made.update_layout(title_text=say("sales", lang), barmode="relative", legend=LEGEND, height=420)
    return made
