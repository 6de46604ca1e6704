"""Figures of tracking: plan against actual, pace, progress, what is re-planned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go  # type: ignore[import-untyped,import-not-found,unused-ignore]

from .._errors import ArgumentError
from . import INK, figure
from ._planning import ALERTS, DOWN, LEGEND, PALE, UP, WHOLE, Names, Show, bars, percent, say, titled, value_axis

if TYPE_CHECKING:
    from .._result import Language, Result


def _track_hover(row: dict[str, Any], show: Show) -> str:
    lang = show.lang
    lines = [
        f"<b>{show.name(row['name'])}</b>",
        f"{say('actual', lang)}: {show.full(row['actual'])}",
        f"{say('target', lang)}: {show.full(row['target'])}",
        f"{say('attainment', lang)}: {percent(row['attainment'])} · {say('gap_to', lang)}: {show.full(row['gap'])}",
    ]
    lines += [f"{say(key, lang)}: {row[key]:+.1%}" for key in ("mom", "yoy") if row[key] is not None]
    if row["expected_to_date"] is not None:
        lines.append(f"{say('expected', lang)}: {show.full(row['expected_to_date'])}")
    if row["pace_index"] is not None:
        lines.append(f"{say('pace_index', lang)}: {row['pace_index']:.3f}")
    if row["forecast"] is not None:
        lines.append(f"{say('forecast', lang)}: {show.full(row['forecast'])}")
    if row["required_per_day"] is not None:
        lines.append(f"{say('required', lang)}: {show.full(row['required_per_day'])}")
    return "<br>".join(lines)


def _alert(row: dict[str, Any]) -> str:
    """A period that is not over is judged by its pace, which is drawn beside it."""
    running = row["required_per_day"] is not None
    return "running" if running else str(row["alert"])


@figure("track", "tracking")
def tracking(
    result: Result, *, lang: Language, exponent: int | None = None, names: Names | None = None, title: str = ""
) -> go.Figure:
    """Target and actual side by side, coloured by attainment; marks where a running period should be and will end."""
    show = Show(result, lang, exponent, names)
    rows = result.tables["rows"].to_rows()
    where = [show.name(row["name"]) for row in rows]
    made = go.Figure()
    made.add_trace(
        go.Bar(
            x=where,
            y=show.values([row["target"] for row in rows]),
            name=say("target", lang),
            marker={"color": PALE},
            customdata=[_track_hover(row, show) for row in rows],
            hovertemplate="%{customdata}<extra></extra>",
            width=0.8,
        )
    )
    for alert, colour in (*ALERTS.items(), ("running", WHOLE)):
        mine = [row for row in rows if row["actual"] is not None and alert == _alert(row)]
        if mine:
            made.add_trace(
                go.Bar(
                    x=[show.name(row["name"]) for row in mine],
                    y=show.values([row["actual"] for row in mine]),
                    width=0.5,
                    name=f"{say('actual', lang)}: {say(alert, lang)}",
                    marker={"color": colour},
                    customdata=[_track_hover(row, show) for row in mine],
                    hovertemplate="%{customdata}<extra></extra>",
                )
            )
    for key, column, symbol in (
        ("expected", "expected_to_date", "line-ew-open"),
        ("forecast", "forecast", "diamond-open"),
    ):
        mine = [row for row in rows if row[column] is not None]
        if mine:
            made.add_trace(
                go.Scatter(
                    x=[show.name(row["name"]) for row in mine],
                    y=show.values([row[column] for row in mine]),
                    mode="markers",
                    name=say(key, lang),
                    marker={
                        "symbol": symbol,
                        "size": 16 if key == "expected" else 10,
                        "color": INK,
                        "line": {"width": 3 if key == "expected" else 2},
                    },
                    customdata=[_track_hover(row, show) for row in mine],
                    hovertemplate="%{customdata}<extra></extra>",
                )
            )
    tops = [max(filter(None, (row["target"], row["actual"], row["forecast"])), default=0) / show.scale for row in rows]
    for name, row, top in zip(where, rows, tops, strict=True):
        if row["attainment"] is not None:
            made.add_annotation(
                x=name,
                y=top,
                yshift=11 if row["forecast"] is None else 20,
                text=f"{row['attainment']:.0%}",
                showarrow=False,
                font={"size": 12, "color": INK},
            )
    value_axis(made, tops, lang)
    made.update_yaxes(range=[0, max(tops, default=1) * 1.14])
    made.update_xaxes(type="category", automargin=True)
    made.update_layout(
        title_text=titled(title, "tracking", lang),
        barmode="overlay",
        legend={"orientation": "h", "y": -0.12, "yanchor": "top", "x": 0},
        height=460,
    )
    return made


@figure("cumulative", "progress")
def progress(
    result: Result, *, lang: Language, exponent: int | None = None, names: Names | None = None, title: str = ""
) -> go.Figure:
    """Target and actual to date, period by period, with the attainment so far."""
    show = Show(result, lang, exponent, names)
    rows = result.tables["periods"].to_rows()
    known = [row for row in rows if row["actual_to_date"] is not None]
    made = go.Figure()
    lines = (
        ("target", rows, "target_to_date", {"color": "#616e7c", "dash": "dash"}),
        ("actual", known, "actual_to_date", {"color": WHOLE, "width": 3}),
    )
    for key, mine, column, line in lines:
        made.add_trace(
            go.Scatter(
                x=[show.name(row["period"]) for row in mine],
                y=show.values([row[column] for row in mine]),
                mode="lines+markers",
                name=say(key, lang),
                line=line,
                customdata=[
                    f"<b>{show.name(row['period'])}</b><br>{say('actual', lang)}: {show.full(row['actual_to_date'])}"
                    f"<br>{say('target', lang)}: {show.full(row['target_to_date'])}"
                    f"<br>{say('attainment', lang)}: {percent(row['attainment'])}"
                    for row in mine
                ],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    if known:
        last = known[-1]
        made.add_annotation(
            x=show.name(last["period"]),
            y=last["actual_to_date"] / show.scale,
            text=percent(last["attainment"]),
            showarrow=True,
            arrowhead=0,
            ax=0,
            ay=-36,
        )
    every = [
        row[key] / show.scale for row in rows for key in ("actual_to_date", "target_to_date") if row[key] is not None
    ]
    value_axis(made, every, lang)
    made.update_yaxes(range=[0, max(every, default=1) * 1.08])
    made.update_xaxes(type="category")
    made.update_layout(title_text=titled(title, "progress", lang), legend=LEGEND, height=420)
    return made


@figure("pace", "pace")
def pace(
    result: Result, *, lang: Language, exponent: int | None = None, names: Names | None = None, title: str = ""
) -> go.Figure:
    """What is reached, what should be by now, where it will end, and the target, on one line."""
    show = Show(result, lang, exponent, names)
    row = result.tables["pace"].to_rows()[0]
    if row["expected_to_date"] is None or row["attainment"] is None:
        raise ArgumentError(f"nothing to draw: the status is {row['status']}")
    actual = row["expected_to_date"] + row["gap_to_date"]
    target = actual / row["attainment"] if row["attainment"] else row["expected_to_date"] / row["planned_progress"]
    ahead = row["gap_to_date"] >= 0
    made = go.Figure()
    made.add_trace(
        go.Bar(
            x=[target / show.scale],
            y=[""],
            orientation="h",
            marker={"color": PALE},
            width=0.9,
            name=say("target", lang),
            hovertemplate=f"{say('target', lang)}: {show.full(target)}<extra></extra>",
        )
    )
    made.add_trace(
        go.Bar(
            x=[actual / show.scale],
            y=[""],
            orientation="h",
            marker={"color": UP if ahead else DOWN},
            width=0.45,
            name=say("actual", lang),
            hovertemplate=f"{say('actual', lang)}: {show.full(actual)} ({percent(row['attainment'])})<br>"
            f"{say('gap_to', lang)}: {show.full(row['gap_to_date'])}<extra></extra>",
        )
    )
    marks = (
        ("expected", row["expected_to_date"], "line-ns-open", 44),
        ("linear", row["linear_forecast"], "circle-open", 12),
        ("weighted", row["weighted_forecast"], "diamond-open", 14),
    )
    for key, value, symbol, size in marks:
        if value is not None:
            made.add_trace(
                go.Scatter(
                    x=[value / show.scale],
                    y=[""],
                    mode="markers",
                    name=say(key, lang),
                    marker={"symbol": symbol, "size": size, "color": INK, "line": {"width": 3 if size > 20 else 2}},
                    hovertemplate=f"{say(key, lang)}: {show.full(value)}<extra></extra>",
                )
            )
    ends = [v / show.scale for v in (target, actual, *(value for _, value, _, _ in marks if value is not None))]
    value_axis(made, ends, lang, "x")
    numbers = [f"{say('attainment', lang)} {percent(row['attainment'])}"]
    if row["pace_index"] is not None:
        numbers.append(f"{say('pace_index', lang)} {row['pace_index']:.2f}")
    numbers.append(f"{say('elapsed', lang)} {row['elapsed']:g} / {row['total_days']:g}")
    if row["required_per_day"] is not None and row["required_per_day"] > 0:
        numbers.append(f"{say('required', lang)} {show.short(row['required_per_day'])}")
    made.update_xaxes(
        range=[0, max(ends) * 1.06],
        title_text="<br>".join(" · ".join(numbers[i : i + 2]) for i in range(0, len(numbers), 2)),
        title_font_size=13,
    )
    made.update_layout(
        title_text=titled(title, "pace", lang),
        barmode="overlay",
        height=320,
        legend={"orientation": "h", "y": -0.42, "yanchor": "top", "x": 0},
    )
    return made


@figure("replan", "replan")
def replan(
    result: Result, *, lang: Language, exponent: int | None = None, names: Names | None = None, title: str = ""
) -> go.Figure:
    """Targets of the periods to come, before and after."""
    show = Show(result, lang, exponent, names)
    rows = result.tables["periods"].to_rows()
    where = [show.name(row["period"]) for row in rows]
    if any(row["new_target"] is None for row in rows):
        raise ArgumentError(f"nothing to draw: the status is {result.tables['summary']['status'][0]}")
    hovers = [
        f"<b>{name}</b><br>{say('old_target', lang)}: {show.full(row['old_target'])}<br>"
        f"{say('new_target', lang)}: {show.full(row['new_target'])}"
        + (f"<br>{say('at_cap', lang)}" if row["at_bound"] else "")
        for name, row in zip(where, rows, strict=True)
    ]
    made = go.Figure()
    made.add_trace(bars(where, show.values([row["old_target"] for row in rows]), say("old_target", lang), PALE, hovers))
    texts = [show.short(row["change"], sign=True) + (" ▔" if row["at_bound"] else "") for row in rows]
    new = show.values([row["new_target"] for row in rows])
    made.add_trace(
        bars(where, new, say("new_target", lang), WHOLE, hovers, text=texts, textposition="outside", cliponaxis=False)
    )
    tops = [max(row["old_target"] or 0, row["new_target"]) / show.scale for row in rows]
    value_axis(made, tops, lang)
    made.update_yaxes(range=[0, max(tops, default=1) * 1.1])
    made.update_xaxes(type="category")
    made.update_layout(title_text=titled(title, "replan", lang), barmode="group", legend=LEGEND, height=420)
    return made
