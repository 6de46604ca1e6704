"""Figures of changes and levers: bridges, tornados, formula trees, effort, the chance to reach a target."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import exp, log
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go  # type: ignore[import-untyped,import-not-found,unused-ignore]

from .._errors import ArgumentError
from .._formula import money_nodes
from . import GRID, INK, PALETTE, figure
from ._planning import (
    DOWN,
    LEGEND,
    UP,
    WHOLE,
    Names,
    Rows,
    Show,
    nice_step,
    percent,
    say,
    short_number,
    tick_texts,
    titled,
    value_axis,
    wrapped,
)

if TYPE_CHECKING:
    from .._result import Language, Result


def waterfall(
    steps: Sequence[tuple[str, float, str]],
    ends: tuple[tuple[str, float], tuple[str, float]],
    show: Show,
    title: str,
) -> go.Figure:
    """From one total to another by steps of (name, effect, hover)."""
    (first, start), (last, end) = ends
    levels = [start]
    for _, effect, _ in steps:
        levels.append(levels[-1] + effect)
    levels.append(end)
    low, high = min(levels), max(levels)
    cut = low > 0 and high - low < 0.4 * high  # with 0 on the axis nobody would see the steps
    base = max(0.0, low - 0.35 * (high - low)) if cut else 0.0
    values = [start, *(effect for _, effect, _ in steps), end]
    names = [first, *(name for name, _, _ in steps), last]
    texts = [show.short(start), *(show.short(effect, sign=True) for _, effect, _ in steps), show.short(end)]
    made = go.Figure(
        go.Waterfall(
            x=list(range(len(names))),
            y=[(value - base if i in (0, len(values) - 1) else value) / show.scale for i, value in enumerate(values)],
            measure=["absolute", *["relative"] * len(steps), "absolute"],
            base=base / show.scale,
            text=texts,
            textposition="outside",
            cliponaxis=False,
            increasing={"marker": {"color": UP}},
            decreasing={"marker": {"color": DOWN}},
            totals={"marker": {"color": WHOLE}},
            connector={"line": {"color": "#9aa5b1", "width": 1}},
            customdata=[
                f"<b>{first}</b><br>{show.full(start)}",
                *(h for _, _, h in steps),
                f"<b>{last}</b><br>{show.full(end)}",
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    room = 0.16 * ((high - base) or 1.0)
    bottom = base if min(levels) >= base else min(levels) - room
    shown = [level / show.scale for level in levels]
    value_axis(made, shown if not cut else [], show.lang)
    if cut:
        step = nice_step((high - base) / show.scale / 5)
        ticks = [step * i for i in range(int(base / show.scale // step) + 1, int(high / show.scale // step) + 2)]
        made.update_yaxes(tickvals=ticks, ticktext=tick_texts(ticks, step, show.lang))
        made.add_annotation(
            text=say("cut", show.lang),
            xref="paper",
            yref="paper",
            x=0,
            y=1.0,
            xanchor="left",
            yanchor="bottom",
            showarrow=False,
            font={"size": 11, "color": "#616e7c"},
        )
    made.update_yaxes(range=[bottom / show.scale, (high + room) / show.scale], gridcolor=GRID)
    made.update_xaxes(tickvals=list(range(len(names))), ticktext=[wrapped(name) for name in names], automargin=True)
    made.update_layout(title_text=title, showlegend=False, height=440)
    return made


def _step(name: str, effect: float, share: float | None, show: Show, more: str = "") -> tuple[str, float, str]:
    hover = f"<b>{name}</b><br>{say('effect', show.lang)}: {show.full(effect)}"
    if share is not None:
        hover += f"<br>{percent(share)} {say('share', show.lang)}"
    return name, effect, hover + more


def _ends(row: dict[str, Any], show: Show, start: str, end: str, keys: tuple[str, str]) -> Any:
    return (
        (start or say("before", show.lang), float(row[keys[0]])),
        (end or say("after", show.lang), float(row[keys[1]])),
    )


def _closing(steps: list[tuple[str, float, str]], ends: Any, show: Show) -> list[tuple[str, float, str]]:
    """What the steps leave, if that is more than rounding."""
    rest = ends[1][1] - ends[0][1] - sum(effect for _, effect, _ in steps)
    if abs(rest) > 1e-9 * max(abs(ends[0][1]), abs(ends[1][1]), 1e-300):
        steps.append(_step(say("rest", show.lang), rest, None, show))
    return steps


def _effects(
    result: Result,
    key: str,
    *,
    lang: Language,
    exponent: int | None = None,
    names: Names | None = None,
    money: Collection[str] = (),
    title: str = "",
    start: str = "",
    end: str = "",
) -> go.Figure:
    """A bridge from a table of effects and its summary; ``money`` names factors that are money."""
    show = Show(result, lang, exponent, names, money)
    summary = result.tables["summary"].to_rows()
    row = next((row for row in summary if row.get("segment") is None), summary[0])
    rows = [each for each in result.main.to_rows() if each.get("segment") == row.get("segment")]
    if row["total"] is None or any(each["effect"] is None for each in rows):
        raise ArgumentError(f"nothing to draw: the status is {row['status']}")
    ends = _ends(row, show, start, end, ("v0", "v1"))
    steps = []
    moved = [each for each in rows if each["effect"] != 0 or each.get("x0") != each.get("x1")]
    for each in moved or rows:
        known = each.get("x0") is not None
        values = [show.leaf(each[key], each[x]) for x in ("x0", "x1")] if known else []
        more = f"<br>{' → '.join(values)}" if known else ""
        steps.append(_step(show.name(each[key]), each["effect"], each["effect_share"], show, more))
    return waterfall(_closing(steps, ends, show), ends, show, titled(title, "bridge", lang))


for _calculator, _key in (
    ("decompose", "factor"),
    ("lmdi", "factor"),
    ("funnel_change", "step"),
    ("series_change", "factor"),
):

    def _draw_effects(result: Result, *, lang: Language, _key: str = _key, **options: Any) -> go.Figure:
        return _effects(result, _key, lang=lang, **options)

    figure(_calculator, "bridge")(_draw_effects)

_PARTS = {
    "price": ("price", "价格"),
    "volume": ("volume", "数量"),
    "mix": ("mix", "结构"),
    "cross": ("price × volume", "价量交叉"),
    "inner": ("within groups", "组内变动"),
    "new": ("new", "新增"),
    "lost": ("lost", "流失"),
}


def _parts(
    result: Result,
    keys: tuple[str, str],
    *,
    lang: Language,
    exponent: int | None = None,
    names: Names | None = None,
    title: str = "",
    start: str = "",
    end: str = "",
) -> go.Figure:
    """A bridge from a summary whose columns are the effects."""
    show = Show(result, lang, exponent, {**_PARTS, **(names or {})})
    row = result.tables["summary"].to_rows()[0]
    ends = _ends(row, show, start, end, keys)
    total = ends[1][1] - ends[0][1]
    found = [(part, row[part]) for part in _PARTS if row.get(part)]
    steps = [_step(show.name(part), value, value / total if total else None, show) for part, value in found]
    return waterfall(_closing(steps, ends, show), ends, show, titled(title, "bridge", lang))


for _calculator, _keys in (
    ("pvm", ("revenue0", "revenue1")),
    ("rate_mix", ("rate0", "rate1")),
    ("sum_mix", ("v0", "v1")),
):

    def _draw_parts(result: Result, *, lang: Language, _keys: tuple[str, str] = _keys, **options: Any) -> go.Figure:
        return _parts(result, _keys, lang=lang, **options)

    figure(_calculator, "bridge")(_draw_parts)


@figure("contribution", "bridge")
def contribution(
    result: Result,
    *,
    lang: Language,
    exponent: int | None = None,
    names: Names | None = None,
    title: str = "",
    start: str = "",
    end: str = "",
) -> go.Figure:
    """A bridge from one total to another, a step for each segment."""
    show = Show(result, lang, exponent, names)
    ends = _ends(result.tables["summary"].to_rows()[0], show, start, end, ("v0", "v1"))
    steps = [
        _step(show.name(row["segment"]), row["delta"], row["share_of_change"], show) for row in result.main.to_rows()
    ]
    return waterfall(_closing(steps, ends, show), ends, show, titled(title, "bridge", lang))


@figure("tornado", "tornado")
def tornado(
    result: Result,
    *,
    lang: Language,
    exponent: int | None = None,
    names: Names | None = None,
    money: Collection[str] = (),
    title: str = "",
) -> go.Figure:
    """What each lever does when it alone goes to either end, the strongest on top."""
    show = Show(result, lang, exponent, names, money)
    rows = [row for row in result.main.to_rows() if row["delta"] is not None]
    if not rows:
        raise ArgumentError("nothing to draw: no lever has a value at either end")
    rank = {row["lever"]: row["rank"] for row in rows}
    levers = sorted(rank, key=lambda lever: -rank[lever])
    made = go.Figure()
    for end, key, colour in (("low", "lower", PALETTE[1]), ("high", "higher", PALETTE[0])):
        found = {row["lever"]: row for row in rows if row["end"] == end}
        mine = [found[lever] for lever in levers if lever in found]
        made.add_trace(
            go.Bar(
                y=[show.name(row["lever"]) for row in mine],
                x=show.values([row["delta"] for row in mine]),
                orientation="h",
                name=say(key, lang),
                marker={"color": colour},
                text=[show.leaf(row["lever"], row["x"]) for row in mine],
                textposition="auto",
                textangle=0,
                customdata=[
                    f"<b>{show.name(row['lever'])}</b> = {show.leaf(row['lever'], row['x'])}<br>"
                    f"{show.full(row['value'])}"
                    f" ({show.short(row['delta'], sign=True)})"
                    for row in mine
                ],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    base = rows[0]["value"] - rows[0]["delta"]
    low, high = (f(show.values([row["delta"] for row in rows])) for f in (min, max))  # type: ignore[type-var]
    step = nice_step((max(abs(low or 0), abs(high or 0)) / 3) or 1)
    ticks = [step * i for i in range(int((low or 0) // step), int((high or 0) // step) + 2)]
    made.update_xaxes(
        tickvals=ticks,
        ticktext=tick_texts(ticks, step, lang, sign=True),
        gridcolor=GRID,
        zeroline=True,
        zerolinecolor=INK,
        title_text=f"{say('now', lang)} = {show.full(base)}",
    )
    made.update_yaxes(automargin=True)
    made.update_layout(
        title_text=titled(title, "tornado", lang),
        barmode="overlay",
        legend=LEGEND,
        height=max(320, 44 * len(levers) + 160),
    )
    return made


def _places(rows: Rows) -> dict[int, tuple[float, float]]:
    """Depth and height of each node: leaves one below the other, parents in the middle of theirs."""
    below: dict[int, list[int]] = {}
    for row in rows:
        if row["parent"] is not None:
            below.setdefault(row["parent"], []).append(row["node"])
    height: dict[int, float] = {}
    free = 0
    for row in rows:  # parents first
        if row["node"] not in below:
            height[row["node"]] = float(free)
            free += 1
    for row in reversed(rows):
        if row["node"] in below:
            mine = [height[node] for node in below[row["node"]]]
            height[row["node"]] = (min(mine) + max(mine)) / 2
    return {row["node"]: (row["depth"], height[row["node"]]) for row in rows}


@figure("formula", "tree")
def tree(
    result: Result, *, lang: Language, exponent: int | None = None, names: Names | None = None, title: str = ""
) -> go.Figure:
    """The formula as a picture: every node with its value, below a sum with its share."""
    show = Show(result, lang, exponent, names)
    rows = result.tables["explain"].to_rows()
    leaves = {row["leaf"]: row for row in result.tables["leaves"].to_rows()}
    money = money_nodes(rows, {name: row["role"] for name, row in leaves.items()})
    places = _places(rows)
    made = go.Figure()
    for row in rows:
        if row["parent"] is None:
            continue
        (x0, y0), (x1, y1) = places[row["parent"]], places[row["node"]]
        middle = (x0 + x1) / 2
        made.add_trace(
            go.Scatter(
                x=[x0, middle, middle, x1],
                y=[y0, y0, y1, y1],
                mode="lines",
                line={"color": "#9aa5b1", "width": 1.5},
                hoverinfo="skip",
                showlegend=False,
            )
        )
    hovers = []
    for row in rows:
        x, y = places[row["node"]]
        value = row["value"]
        plain = value if not money[row["node"]] else None if value is None else value / show.scale
        name = show.name(row["text"]).replace("*", " × ")
        leaf = leaves.get(row["text"]) if row["op"] == "leaf" else None
        rate = leaf is not None and leaf["role"] == "rate"
        number = "–" if plain is None else percent(plain) if rate else short_number(plain, lang)
        hover = f"<b>{name}</b><br>{'–' if plain is None else f'{plain:,.6g}'}"
        share = ""
        if row["share_of_parent"] is not None:
            share = f" ({percent(row['share_of_parent'])})"
            hover += f"<br>{percent(row['share_of_parent'])} {say('share_of_parent', lang)}"
        if leaf is not None and leaf["elasticity"] is not None:
            hover += f"<br>{leaf['elasticity']:.3g} {say('elasticity', lang)}"
        hovers.append(hover)
        made.add_annotation(
            x=x,
            y=y,
            text=f"<b>{number}</b>" if row["op"] == "constant" else f"{wrapped(name, 22)}<br><b>{number}</b>{share}",
            showarrow=False,
            align="center",
            bgcolor="#eaf3f9" if row["op"] == "leaf" else "#fff",
            bordercolor=WHOLE if row["parent"] is None else "#9aa5b1",
            borderwidth=2 if row["parent"] is None else 1,
            borderpad=5,
            font={"size": 12},
        )
    xs, ys = zip(*(places[row["node"]] for row in rows), strict=True)
    made.add_trace(
        go.Scatter(
            x=list(xs),
            y=list(ys),
            mode="markers",
            marker={"size": 40, "opacity": 0},
            customdata=hovers,
            hovertemplate="%{customdata}<extra></extra>",
            showlegend=False,
        )
    )
    deepest, tallest = max(xs), max(ys)
    made.update_xaxes(visible=False, range=[-0.45, deepest + 0.45], fixedrange=True)
    made.update_yaxes(visible=False, range=[tallest + 0.6, -0.6], fixedrange=True)
    made.update_layout(
        title_text=titled(title, "tree", lang), height=max(300, 62 * (tallest + 1) + 110), hovermode="closest"
    )
    return made


@figure("equal_effort", "levers")
def levers(
    result: Result,
    *,
    lang: Language,
    exponent: int | None = None,
    names: Names | None = None,
    money: Collection[str] = (),
    title: str = "",
) -> go.Figure:
    """How much each lever must change; those that reach a bound are marked."""
    show = Show(result, lang, exponent, names, money)
    rows = [row for row in result.tables["levers"].to_rows() if row["change_rel"] is not None]
    bounds = [f" · {say('at_bound', lang)}" if row["at_bound"] else "" for row in rows]
    made = go.Figure(
        go.Bar(
            y=[show.name(row["lever"]) for row in rows],
            x=[row["change_rel"] for row in rows],
            orientation="h",
            marker={"color": [PALETTE[1] if row["at_bound"] else WHOLE for row in rows]},
            text=[f"{row['change_rel']:+.1%}{bound}" for row, bound in zip(rows, bounds, strict=True)],
            textposition="auto",
            customdata=[
                f"<b>{show.name(row['lever'])}</b><br>{show.leaf(row['lever'], row['from'])} → "
                f"{show.leaf(row['lever'], row['value'])}{bound}"
                for row, bound in zip(rows, bounds, strict=True)
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    made.update_xaxes(tickformat="+.1%", gridcolor=GRID, zerolinecolor=INK)
    made.update_yaxes(autorange="reversed", automargin=True)
    made.update_layout(
        title_text=titled(title, "levers", lang), height=max(260, 46 * len(rows) + 140), showlegend=False
    )
    return made


@figure("attainment", "chance")
def chance(
    result: Result, *, lang: Language, exponent: int | None = None, names: Names | None = None, title: str = ""
) -> go.Figure:
    """The spread of the result with its interval, the target, and the chance to reach it."""
    show = Show(result, lang, exponent, names)
    row = result.main.to_rows()[0]
    if not row["sd"] or row["value"] is None:
        raise ArgumentError("nothing to draw: no leaf is uncertain")
    value, sd, in_logs = row["value"], row["sd"], row["scale"] == "log"

    def spread(x: float) -> float:
        if not in_logs:
            return exp(-(((x - value) / sd) ** 2) / 2)
        return exp(-((log(x / value) / (sd / value)) ** 2) / 2) / x if x > 0 else 0.0

    points = [row["value"] + row["sd"] * (i / 25 - 4) for i in range(201)]
    density = [spread(x) for x in points]
    made = go.Figure(
        go.Scatter(
            x=show.values(points),
            y=density,
            mode="lines",
            line={"color": PALETTE[7]},
            fill="tozeroy",
            fillcolor="rgba(150,160,170,0.2)",
            hoverinfo="skip",
        )
    )
    text = f"{show.short(row['value'])} [{show.short(row['low'])}, {show.short(row['high'])}]"
    if row["target"] is not None:
        above = [(x, y) for x, y in zip(points, density, strict=True) if x >= row["target"]]
        if above:
            made.add_trace(
                go.Scatter(
                    x=show.values([x for x, _ in above]),
                    y=[y for _, y in above],
                    mode="lines",
                    line={"color": UP},
                    fill="tozeroy",
                    fillcolor="rgba(0,158,115,0.4)",
                    hoverinfo="skip",
                )
            )
        made.add_vline(
            x=row["target"] / show.scale,
            line={"color": DOWN, "width": 2},
            annotation_text=f"{say('target', lang)} {show.short(row['target'])}",
        )
        text += f" · P = {percent(row['probability'])}"
    value_axis(made, [], lang, "x")
    step = nice_step(row["sd"] / show.scale * 1.4)
    ticks = [step * i for i in range(int(points[0] / show.scale // step) + 1, int(points[-1] / show.scale // step) + 1)]
    made.update_xaxes(tickvals=ticks, ticktext=tick_texts(ticks, step, lang), title_text=text)
    made.update_yaxes(visible=False)
    made.update_layout(title_text=titled(title, "chance", lang), height=340, showlegend=False)
    return made
