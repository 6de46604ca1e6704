"""Figures of attribution: models side by side, journeys as flows, what is lost without a channel."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go  # type: ignore[import-untyped,import-not-found,unused-ignore]

from .._errors import ArgumentError
from .._events import label as known
from . import GRID, PALETTE, figure

if TYPE_CHECKING:
    from .._result import Language, Result

_TEXT = {
    "models": {"en": "Credit by channel and model", "zh": "各模型的渠道归因贡献"},
    "share": {"en": "share of attributed conversions", "zh": "占已归因转化"},
    "conversions": {"en": "conversions", "zh": "转化"},
    "value": {"en": "value", "zh": "价值"},
    "removal": {"en": "Removal effects", "zh": "移除效应"},
    "of_conversions": {"en": "conversions lost without it", "zh": "失去的转化"},
    "of_value": {"en": "value lost without it", "zh": "失去的价值"},
    "journeys": {"en": "Journeys", "zh": "转化路径"},
    "converted": {"en": "conversion", "zh": "转化"},
    "null": {"en": "no conversion", "zh": "未转化"},
}
_LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"}


def _say(key: str, lang: Language) -> str:
    return _TEXT[key][lang]


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _channel(name: str, lang: Language) -> str:
    return _escape(known(name, lang))


@figure("attribution", "models")
def models(result: Result, *, lang: Language) -> go.Figure:
    """Share of the attributed conversions by channel, a bar for each model."""
    rows = result.tables["comparison"].to_rows()
    names = list(dict.fromkeys(row["model"] for row in rows))
    made = go.Figure()
    for i, name in enumerate(names):
        mine = [row for row in rows if row["model"] == name]
        made.add_trace(
            go.Bar(
                x=[_channel(row["channel"], lang) for row in mine],
                y=[row["share_conversions"] for row in mine],
                name=_channel(name, lang),
                marker={"color": PALETTE[i % len(PALETTE)], "pattern": {"shape": "/" if i >= len(PALETTE) else ""}},
                customdata=[
                    f"{row['conversions'] or 0:,.2f} {_say('conversions', lang)}, {row['value'] or 0:,.0f} {_say('value', lang)}"
                    for row in mine
                ],
                hovertemplate="<b>%{x}</b><br>%{y:.1%}<br>%{customdata}<extra>%{fullData.name}</extra>",
            )
        )
    made.update_yaxes(tickformat=".0%", gridcolor=GRID, title_text=_say("share", lang))
    made.update_layout(title_text=_say("models", lang), barmode="group", legend=_LEGEND, height=420)
    return made


@figure("attribution", "removal")
def removal(result: Result, *, lang: Language, model: str | None = None) -> go.Figure:
    """What share of conversions and of value is lost without a channel, by a Markov chain."""
    rows = result.tables["removal_effects"].to_rows()
    names = list(dict.fromkeys(row["model"] for row in rows))
    if model is not None and model not in names:
        raise ArgumentError(f'model: no Markov chain "{model}"; there are {", ".join(names) or "none"}')
    chosen = model if model is not None else names[0] if names else ""
    mine = sorted((row for row in rows if row["model"] == chosen), key=lambda row: row["removal_effect"])
    made = go.Figure()
    for key, label, colour in (
        ("removal_effect", "of_conversions", PALETTE[0]),
        ("removal_effect_value", "of_value", PALETTE[1]),
    ):
        made.add_trace(
            go.Bar(
                y=[_channel(row["channel"], lang) for row in mine],
                x=[row[key] for row in mine],
                orientation="h",
                name=_say(label, lang),
                marker={"color": colour},
                hovertemplate="<b>%{y}</b><br>%{x:.1%}<extra>%{fullData.name}</extra>",
            )
        )
    made.update_xaxes(tickformat=".0%", gridcolor=GRID)
    made.update_yaxes(automargin=True)
    made.update_layout(title_text=_say("removal", lang), legend=_LEGEND, height=max(260, 44 * len(mine) + 120))
    return made


def _flows(rows: list[dict[str, Any]], steps: int, lang: Language) -> Counter[tuple[str, str]]:
    """Journeys as flows from the place before to the next; places beyond ``steps`` from the end are left out."""
    flows: Counter[tuple[str, str]] = Counter()
    for row in rows:
        touches = row["path"].split(" > ")[-steps:]
        places = [f"{len(touches) - i}\0{touch}" for i, touch in enumerate(touches)]
        for a, b in zip(places, places[1:], strict=False):
            flows[a, b] += row["conversions"] + row["nulls"]
        for key, count in (("converted", row["conversions"]), ("null", row["nulls"])):
            if count:
                flows[places[-1], f"0\0{_say(key, lang)}"] += count
    return flows


@figure("attribution", "journeys")
def journeys(result: Result, *, lang: Language, steps: int = 4) -> go.Figure:
    """The last touches of the paths that table ``paths`` shows, as flows into conversion or none."""
    if steps < 1:
        raise ArgumentError(f"steps: expected 1 or more, got {steps}")
    flows = _flows(result.tables["paths"].to_rows(), steps, lang)
    nodes = list(dict.fromkeys(node for pair in flows for node in pair))
    place = {node: i for i, node in enumerate(nodes)}
    channels = list(dict.fromkeys(node.split("\0")[1] for node in nodes))
    colours = {channel: PALETTE[i % len(PALETTE)] for i, channel in enumerate(channels)}
    made = go.Figure(
        go.Sankey(
            node={
                "label": [_channel(node.split("\0")[1], lang) for node in nodes],
                "color": [colours[node.split("\0")[1]] for node in nodes],
                "pad": 12,
            },
            link={
                "source": [place[a] for a, _ in flows],
                "target": [place[b] for _, b in flows],
                "value": list(flows.values()),
            },
        )
    )
    made.update_layout(title_text=_say("journeys", lang), height=460)
    return made
