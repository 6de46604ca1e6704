"""Figures of plans themselves: gaps and who carries them, cells, levels, months and days, users."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go  # type: ignore[import-untyped,import-not-found,unused-ignore]

from . import GRID, INK, PALETTE, figure
from ._planning import DOWN, LEGEND, PALE, UP, WHOLE, Names, Show, bars, percent, say, titled, value_axis

if TYPE_CHECKING:
    from .._result import Language, Result


@figure("gap", "gap")
def gap(
    result: Result, *, lang: Language, exponent: int | None = None, names: Names | None = None, title: str = ""
) -> go.Figure:
    """The target from above beside the plan from below, node by node, and what is missing."""
    show = Show(result, lang, exponent, names)
    rows = result.main.to_rows()
    where = [show.name(row["node"]) for row in rows]
    hovers = [
        f"<b>{name}</b><br>{say('top_down', lang)}: {show.full(row['top_down'])}<br>"
        f"{say('bottom_up', lang)}: {show.full(row['bottom_up'])}<br>{say('gap_to', lang)}: {show.full(row['gap'])}<br>"
        f"{say('coverage', lang)}: {percent(row['coverage'])}"
        for name, row in zip(where, rows, strict=True)
    ]
    made = go.Figure()
    for key, colour in (("top_down", PALE), ("bottom_up", WHOLE)):
        made.add_trace(bars(where, show.values([row[key] for row in rows]), say(key, lang), colour, hovers))
    tops = [max(filter(None, (row["top_down"], row["bottom_up"])), default=0) / show.scale for row in rows]
    for name, row, top in zip(where, rows, tops, strict=True):
        if row["gap"] is not None:
            made.add_annotation(
                x=name,
                y=top,
                yshift=10,
                text=show.short(-row["gap"], sign=True),
                showarrow=False,
                font={"size": 11, "color": DOWN if row["gap"] > 0 else UP},
            )
    value_axis(made, tops, lang)
    made.update_yaxes(range=[0, max(tops, default=1) * 1.12])
    made.update_xaxes(type="category", automargin=True)
    made.update_layout(title_text=titled(title, "gap", lang), barmode="group", legend=LEGEND, height=440)
    return made


@figure("gap_split", "split")
def split(
    result: Result, *, lang: Language, exponent: int | None = None, names: Names | None = None, title: str = ""
) -> go.Figure:
    """What each unit planned and what it is to add, against what it can carry."""
    show = Show(result, lang, exponent, names)
    rows = result.tables["split"].to_rows()
    where = [show.name(row["unit"]) for row in rows]
    caps = [None if row["headroom"] is None else row["plan"] + row["headroom"] for row in rows]
    hovers = [
        f"<b>{name}</b><br>{say('plan', lang)}: {show.full(row['plan'])}<br>{say('add', lang)}: {show.full(row['add'])}"
        + ("" if cap is None else f"<br>{say('capacity', lang)}: {show.full(cap)}")
        + (f"<br><b>{say('breaks', lang)}</b>" if row["breaks_capacity"] else "")
        for name, row, cap in zip(where, rows, caps, strict=True)
    ]
    made = go.Figure()
    kept = [min(row["plan"], row["plan"] + (row["add"] or 0)) for row in rows]
    made.add_trace(bars(where, show.values(kept), say("plan", lang), WHOLE, hovers))
    for key, sign, colour in (("add", 1, PALETTE[1]), ("less", -1, PALE)):
        parts = [max(0, sign * (row["add"] or 0)) for row in rows]
        if any(parts):
            made.add_trace(bars(where, show.values(parts), say(key, lang), colour, hovers))
    if any(cap is not None for cap in caps):
        made.add_trace(
            go.Scatter(
                x=where,
                y=show.values(caps),
                mode="markers",
                name=say("capacity", lang),
                marker={"symbol": "line-ew-open", "size": 40, "color": INK, "line": {"width": 2}},
                hoverinfo="skip",
            )
        )
    tops = [
        max(row["plan"], row["plan"] + (row["add"] or 0), cap or 0) / show.scale
        for row, cap in zip(rows, caps, strict=True)
    ]
    for name, row, top in zip(where, rows, tops, strict=True):
        text = show.short(row["add"], sign=True) + (" ⚠" if row["breaks_capacity"] else "")
        made.add_annotation(x=name, y=top, yshift=12, text=text, showarrow=False)
    value_axis(made, tops, lang)
    made.update_yaxes(range=[0, max(tops, default=1) * 1.1])
    made.update_xaxes(type="category", automargin=True)
    made.update_layout(title_text=titled(title, "split", lang), barmode="stack", legend=LEGEND, height=420)
    return made


@figure("reconcile", "moves")
def moves(
    result: Result, *, lang: Language, exponent: int | None = None, names: Names | None = None, title: str = ""
) -> go.Figure:
    """Each node before and after everything was made to add up."""
    show = Show(result, lang, exponent, names)
    rows = result.tables["nodes"].to_rows()
    where = [show.name(row["node"]) for row in rows]
    made = go.Figure()
    for key, colour, symbol in (("given", PALETTE[7], "circle-open"), ("reconciled", WHOLE, "circle")):
        made.add_trace(
            go.Scatter(
                y=where,
                x=show.values([row[key] for row in rows]),
                mode="markers",
                name=say(key, lang),
                marker={"color": colour, "size": 11, "symbol": symbol, "line": {"width": 2}},
                customdata=[
                    f"<b>{n}</b><br>{show.full(r['given'])} → {show.full(r['reconciled'])} "
                    f"({show.short(r['move'], sign=True)})"
                    for n, r in zip(where, rows, strict=True)
                ],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    for name, row in zip(where, rows, strict=True):
        if row["reconciled"] is not None:
            made.add_shape(
                type="line",
                x0=row["given"] / show.scale,
                x1=row["reconciled"] / show.scale,
                y0=name,
                y1=name,
                line={"color": "#9aa5b1", "width": 2},
                layer="below",
            )
    value_axis(
        made,
        [row[key] / show.scale for row in rows for key in ("given", "reconciled") if row[key] is not None],
        lang,
        "x",
    )
    made.update_yaxes(autorange="reversed", automargin=True, type="category")
    made.update_layout(title_text=titled(title, "moves", lang), legend=LEGEND, height=max(300, 36 * len(rows) + 130))
    return made


@figure("roll_forward", "gmv")
def roll_gmv(
    result: Result, *, lang: Language, exponent: int | None = None, names: Names | None = None, title: str = ""
) -> go.Figure:
    """The GMV of existing and new users, month by month."""
    show = Show(result, lang, exponent, names)
    rows = result.tables["months"].to_rows()
    where = [show.name(row["month"]) for row in rows]
    hovers = [
        f"<b>{name}</b><br>GMV: {show.full(row['gmv'])}<br>{say('gmv_old', lang)}: {show.full(row['gmv_old'])}<br>"
        f"{say('gmv_new', lang)}: {show.full(row['gmv_new'])}"
        for name, row in zip(where, rows, strict=True)
    ]
    made = go.Figure()
    for key, colour in (("gmv_old", PALETTE[0]), ("gmv_new", PALETTE[4])):
        made.add_trace(bars(where, show.values([row[key] for row in rows]), say(key, lang), colour, hovers))
    value_axis(made, show.values([row["gmv"] for row in rows]), lang)
    made.update_xaxes(type="category")
    made.update_layout(title_text=titled(title, "gmv", lang), barmode="stack", legend=LEGEND, height=420)
    return made


@figure("roll_forward", "users")
def roll_users(
    result: Result, *, lang: Language, exponent: int | None = None, names: Names | None = None, title: str = ""
) -> go.Figure:
    """Users at the end of each month, with those added and lost."""
    show = Show(result, lang, 0, names)
    rows = result.tables["months"].to_rows()
    where = [show.name(row["month"]) for row in rows]
    hovers = [
        f"<b>{name}</b><br>{say('end', lang)}: {show.full(row['end'])}<br>{say('new', lang)}: "
        f"{show.full(row['new'])}<br>{say('lost', lang)}: {show.full(row['lost'])}"
        for name, row in zip(where, rows, strict=True)
    ]
    made = go.Figure()
    made.add_trace(bars(where, [row["new"] for row in rows], say("new", lang), UP, hovers))
    made.add_trace(bars(where, [-row["lost"] for row in rows], say("lost", lang), DOWN, hovers))
    made.add_trace(
        go.Scatter(
            x=where,
            y=[row["end"] for row in rows],
            mode="lines+markers",
            name=say("end", lang),
            line={"color": WHOLE, "width": 3},
            customdata=hovers,
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    value_axis(made, [row["end"] for row in rows] + [-row["lost"] for row in rows], lang)
    made.update_xaxes(type="category")
    made.update_layout(title_text=titled(title, "users", lang), barmode="relative", legend=LEGEND, height=420)
    return made


@figure("two_way", "cells")
def cells(
    result: Result, *, lang: Language, exponent: int | None = None, names: Names | None = None, title: str = ""
) -> go.Figure:
    """A table of cells by its rows and columns, darker where more is planned."""
    show = Show(result, lang, exponent, names)
    rows = result.main.to_rows()
    found = {(row["row"], row["column"]): row["value"] if row["amount"] is None else row["amount"] for row in rows}
    down, across = (list(dict.fromkeys(row[key] for row in rows)) for key in ("column", "row"))
    grid = [[found.get((a, d)) for a in across] for d in down]
    made = go.Figure(
        go.Heatmap(
            x=[show.name(a) for a in across],
            y=[show.name(d) for d in down],
            z=[show.values(line) for line in grid],
            text=[[show.short(value) for value in line] for line in grid],
            texttemplate="%{text}",
            showscale=False,
            colorscale=[[0, "#f2f7fb"], [1, WHOLE]],
            xgap=2,
            ygap=2,
            customdata=[
                [f"<b>{show.name(d)} · {show.name(a)}</b><br>{show.full(found.get((a, d)))}" for a in across]
                for d in down
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    made.update_yaxes(autorange="reversed", automargin=True, type="category")
    made.update_xaxes(type="category")
    made.update_layout(title_text=titled(title, "cells", lang), height=max(260, 52 * len(down) + 120))
    return made


@figure("nested", "levels")
def levels(
    result: Result, *, lang: Language, exponent: int | None = None, names: Names | None = None, title: str = ""
) -> go.Figure:
    """All levels of a split as areas inside each other."""
    show = Show(result, lang, exponent, names)
    rows = [row for row in result.tables["nodes"].to_rows() if row["amount"] > 0]
    made = go.Figure(
        go.Treemap(
            ids=[str(row["node"]) for row in rows],
            parents=["" if row["parent"] is None else str(row["parent"]) for row in rows],
            labels=[show.name(row["part"]) if row["part"] is not None else say("target", lang) for row in rows],
            values=show.values([row["amount"] for row in rows]),
            branchvalues="total",
            text=[show.short(row["amount"]) for row in rows],
            texttemplate="%{label}<br>%{text}",
            customdata=[show.full(row["amount"]) for row in rows],
            hovertemplate="<b>%{label}</b><br>%{customdata}<extra></extra>",
        )
    )
    made.update_layout(title_text=titled(title, "levels", lang), height=520, treemapcolorway=list(PALETTE))
    return made


@figure("seasonal_index", "index")
def seasonal_index(
    result: Result, *, lang: Language, exponent: int | None = None, names: Names | None = None, title: str = ""
) -> go.Figure:
    """How much more or less than the average each period brings."""
    show = Show(result, lang, 0, names)
    rows = result.main.to_rows()
    where = [show.name(row["period"]) for row in rows]
    values = [row["index"] for row in rows]
    mean = sum(values) / len(values)
    colours = [WHOLE if value >= mean else PALETTE[4] for value in values]
    made = go.Figure(
        go.Bar(
            x=where,
            y=values,
            marker={"color": colours},
            text=[f"{value:.3g}" for value in values],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{x}: %{y:.4f}<extra></extra>",
        )
    )
    made.add_hline(y=mean, line={"color": "#9aa5b1", "dash": "dot", "width": 1}, layer="below")
    made.update_xaxes(type="category")
    made.update_yaxes(gridcolor=GRID, rangemode="tozero")
    made.update_layout(title_text=titled(title, "index", lang), height=380, showlegend=False)
    return made


@figure("seasonal_split", "months")
def seasonal_split(
    result: Result, *, lang: Language, exponent: int | None = None, names: Names | None = None, title: str = ""
) -> go.Figure:
    """What each period is to bring."""
    show = Show(result, lang, exponent, names)
    rows = result.main.to_rows()
    values = [row["amount"] if row["amount_int"] is None else row["amount_int"] for row in rows]
    total = sum(values)
    where = [show.name(row["period"]) for row in rows]
    hovers = [
        f"<b>{name}</b><br>{show.full(v)} ({percent(v / total if total else None)})"
        for name, v in zip(where, values, strict=True)
    ]
    texts = [show.short(value) for value in values]
    made = go.Figure(
        bars(
            where,
            show.values(values),
            say("target", lang),
            WHOLE,
            hovers,
            text=texts,
            textposition="outside",
            cliponaxis=False,
        )
    )
    value_axis(made, show.values(values), lang)
    made.update_xaxes(type="category")
    made.update_layout(title_text=titled(title, "months", lang), height=400, showlegend=False)
    return made


@figure("event_days", "days")
def event_days(
    result: Result, *, lang: Language, exponent: int | None = None, names: Names | None = None, title: str = ""
) -> go.Figure:
    """What each day is to bring; campaigns stand out."""
    show = Show(result, lang, exponent, names)
    rows = result.tables["days"].to_rows()
    days = [f"{row['date']:%Y-%m-%d}" for row in rows]
    hovers = [
        f"<b>{day}</b><br>{show.full(row['amount'])}<br>{say('progress', lang)}: {percent(row['planned_progress'])}"
        for day, row in zip(days, rows, strict=True)
    ]
    made = go.Figure(
        go.Scatter(
            x=days,
            y=show.values([row["amount"] for row in rows]),
            mode="lines",
            line={"color": WHOLE, "shape": "hvh"},
            fill="tozeroy",
            fillcolor="rgba(0,114,178,0.15)",
            customdata=hovers,
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    value_axis(made, show.values([row["amount"] for row in rows]), lang)
    made.update_layout(title_text=titled(title, "days", lang), height=380, showlegend=False)
    return made
