"""Figures of activity: DAU, WAU, MAU and their ratios; on how many days customers are active."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go  # type: ignore[import-untyped,import-not-found,unused-ignore]
from plotly.subplots import make_subplots  # type: ignore[import-untyped,import-not-found,unused-ignore]

from .._errors import ArgumentError
from .._events import label
from . import GRID, INK, PALETTE, _cohorts, figure
from ._cohorts import LEGEND, NOT_GIVEN, Rows, group_title, groups_of, is_grouped, percent, under
from ._planning import value_axis

if TYPE_CHECKING:
    from .._result import Language, Result

_TEXT = {
    "active": {"en": "Active customers", "zh": "活跃客户"},
    "dau": {"en": "day (DAU)", "zh": "日活 DAU"},
    "wau": {"en": "7 days (WAU)", "zh": "周活 WAU"},
    "mau": {"en": "month (MAU)", "zh": "月活 MAU"},
    "dau_mau": {"en": "DAU / MAU", "zh": "DAU / MAU"},
    "dotted": {"en": "dotted: the window is not whole yet", "zh": "虚线：窗口期不完整"},
    "stickiness": {"en": "Stickiness", "zh": "粘性分布"},
    "units": {"en": "customers", "zh": "客户数"},
    "share": {"en": "share of customers", "zh": "客户占比"},
    "j": {"en": "active periods", "zh": "活跃周期数"},
    "mean": {"en": "mean", "zh": "平均"},
    "median": {"en": "median", "zh": "中位数"},
    "more": {"en": "or more", "zh": "及以上"},
}
_COLOURS = {"mau": PALETTE[0], "wau": PALETTE[4], "dau": PALETTE[1]}
_MOST_BARS = 32


def _say(key: str, lang: Language) -> str:
    return _TEXT[key][lang]


def _pieces(rows: Rows) -> list[tuple[bool, Rows]]:
    """Stretches of days that are complete, or not; each begins where the one before ends, so that no gap is drawn."""
    made: list[tuple[bool, Rows]] = []
    for row in rows:
        if made and made[-1][0] == row["complete"]:
            made[-1][1].append(row)
        else:
            made.append((row["complete"], [*(made[-1][1][-1:] if made else []), row]))
    return made


@figure("activity", "active")
def active(result: Result, *, lang: Language, group: str | None = NOT_GIVEN) -> go.Figure:
    """DAU, WAU and MAU by day, and below DAU / MAU: how much of the month's customers a day sees."""
    groups = groups_of(result.tables["active"].to_rows())
    name, rows = _cohorts.chosen(groups, group, "dau")
    made = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.68, 0.32], vertical_spacing=0.06)
    pieces = _pieces(rows)
    told = max(range(len(pieces)), key=lambda number: (pieces[number][0], len(pieces[number][1])), default=0)
    for key, colour in (*_COLOURS.items(), ("dau_mau", INK)):
        for number, (complete, days) in enumerate(pieces):
            line = _line(days, key, colour, complete, number == told, lang)
            made.add_trace(line, row=2 if key == "dau_mau" else 1, col=1)
    value_axis(made, [row["mau"] for row in rows], lang)
    # The first days of all see everybody for the first time: 100 % there tells nothing, and would flatten the rest.
    ratios = [row["dau_mau"] for row in rows if row["dau_mau"] is not None and row["complete"]]
    most = max(ratios, default=0.0) * 1.15 or 1.0
    made.update_yaxes(
        tickvals=None,
        ticktext=None,
        tickformat=".0%",
        range=[0, most],
        gridcolor=GRID,
        title={"text": _say("dau_mau", lang), "font": {"size": 12}},
        nticks=5,
        automargin=True,
        row=2,
        col=1,
    )
    made.update_xaxes(showgrid=False, tickformat="%Y-%m-%d" if len(rows) < 60 else "%Y-%m")
    parts = any(not row["complete"] for row in rows)
    title = group_title(_say("active", lang), name, groups, lang)
    made.update_layout(
        title_text=under(title, _say("dotted", lang) if parts else ""), hovermode="x unified", legend=LEGEND, height=500
    )
    return made


def _line(rows: Rows, key: str, colour: str, complete: bool, legend: bool, lang: Language) -> go.Scatter:
    return go.Scatter(
        x=[f"{row['day_start']:%Y-%m-%d}" for row in rows],
        y=[row[key] for row in rows],
        name=_say(key, lang),
        legendgroup=key,
        showlegend=legend and key != "dau_mau",
        mode="lines",
        line={"color": colour, "width": 1.8, "dash": "solid" if complete else "dot"},
        hovertemplate="%{y:.1%}" if key == "dau_mau" else "%{y:,}",
    )


def _shown(rows: Rows) -> Rows:
    """The bars that are drawn: beyond some tens the last one holds the rest."""
    last = max((row["j"] for row in rows if row["units"]), default=1)
    kept = [row for row in rows if row["j"] <= min(last, _MOST_BARS)]
    falling = all(a["units"] >= b["units"] for a, b in zip(rows, rows[1:], strict=False)) and len(rows) > 1
    cumulative = falling and rows[0]["share"] == 1
    if last <= _MOST_BARS or cumulative:
        return kept
    rest = [row for row in rows if row["j"] >= _MOST_BARS]
    shares = [row["share"] for row in rest if row["share"] is not None]
    summed = {**kept[-1], "units": sum(row["units"] for row in rest), "share": sum(shares), "rest": True}
    return [*kept[:-1], summed]


def _bar_hover(row: dict[str, Any], title: str, lang: Language) -> str:
    count = f"{row['j']} {_say('more', lang)}" if row.get("rest") else str(row["j"])
    return "<br>".join(
        [
            (f"<b>{title}</b> · " if title else "") + f"{_say('j', lang)}: {count}",
            f"{row['units']:,} {_say('units', lang)} · {percent(row['share'])}",
        ]
    )


@figure("activity", "stickiness")
def stickiness(result: Result, *, lang: Language) -> go.Figure:
    """How many customers are active in how many periods; a colour for each group, lines at the means."""
    groups = groups_of(result.tables["stickiness"].to_rows())
    means = {row["group"]: row for row in result.tables["summary"].to_rows()}
    ranked = sorted(groups, key=lambda each: -sum(row["units"] for row in groups[each]))[: len(PALETTE)]
    if not any(row["units"] for rows in groups.values() for row in rows):
        raise ArgumentError("nobody was active")
    grouped = is_grouped(groups)
    made = go.Figure()
    notes = []
    for name, colour in zip(ranked, PALETTE, strict=False):
        rows = _shown(groups[name])
        title = label(name, lang) if grouped else ""
        made.add_trace(
            go.Bar(
                x=[f"{row['j']}+" if row.get("rest") else str(row["j"]) for row in rows],
                y=[row["share"] for row in rows],
                name=title or _say("units", lang),
                marker={"color": colour},
                text=[percent(row["share"], 0) for row in rows] if not grouped and len(rows) <= 16 else None,
                textposition="outside",
                cliponaxis=False,
                customdata=[_bar_hover(row, title, lang) for row in rows],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
        found = means.get(name)
        if found is not None and found["mean"] is not None:
            lead = f"{title}: " if grouped else ""
            notes.append(f"{lead}{_say('mean', lang)} {found['mean']:.1f}, {_say('median', lang)} {found['median']:g}")
    drawn = {row["j"]: bool(row.get("rest")) for name in ranked for row in _shown(groups[name])}
    order = [f"{j}+" if rest else str(j) for j, rest in sorted(drawn.items())]
    made.update_xaxes(type="category", categoryorder="array", categoryarray=order, title_text=_say("j", lang))
    made.update_yaxes(title_text=_say("share", lang), tickformat=".0%", gridcolor=GRID, automargin=True)
    made.update_layout(
        title_text=under(_say("stickiness", lang), " · ".join(notes[:4])),
        barmode="group",
        bargap=0.2,
        showlegend=grouped,
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0},
        height=420,
    )
    return made
