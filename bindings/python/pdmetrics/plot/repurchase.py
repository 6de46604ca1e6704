"""Figures of repurchase: from each order to the next, how long that takes, the rates of the periods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go  # type: ignore[import-untyped,import-not-found,unused-ignore]

from .._errors import ArgumentError
from .._events import label, spelled
from . import GRID, PALETTE, _cohorts, figure
from ._cohorts import LEGEND, NOT_GIVEN, Rows, group_title, groups_of, is_grouped, needs, percent, under

if TYPE_CHECKING:
    from .._result import Language, Result

_TEXT = {
    "ladder": {"en": "From order to order", "zh": "复购阶梯"},
    "orders": {"en": "customers with {} orders or more", "zh": "{} 单及以上的客户"},
    "first": {"en": "customers with an order", "zh": "下过单的客户"},
    "on": {"en": "go on", "zh": "继续复购"},
    "stopped": {"en": "have stopped here so far", "zh": "目前停在这里"},
    "median": {"en": "median gap", "zh": "间隔中位数"},
    "gaps": {"en": "Time between orders", "zh": "复购间隔"},
    "step": {"en": "order {} → {}", "zh": "第 {} → {} 单"},
    "all_gaps": {"en": "all gaps", "zh": "全部间隔"},
    "all_units": {"en": "customers (median of each)", "zh": "每位客户的中位数"},
    "box": {"en": "box: the middle half, whiskers: the middle four fifths", "zh": "箱体：中间一半，须线：中间八成"},
    "open": {"en": "since the last order", "zh": "距最近一单"},
    "middle": {"en": "median", "zh": "中位数"},
    "days": {"en": "days", "zh": "天"},
    "rates": {"en": "Repurchase by period", "zh": "分期复购"},
    "repeat_rate": {"en": "two orders or more in the period", "zh": "复购率（期内两单及以上）"},
    "return_rate": {"en": "buy in the next period too", "zh": "回购率（下期再购）"},
    "returning_share": {"en": "bought before", "zh": "老客占比"},
    "buyers": {"en": "buyers", "zh": "购买人数"},
    "hollow": {"en": "hollow: not over", "zh": "空心：尚未结束"},
    "n_day": {"en": "Second order within n days, by cohort of first orders", "zh": "n 天复购率（按首单同期群）"},
    "within": {"en": "within {} days", "zh": "{} 天内"},
    "mature": {"en": "mature customers", "zh": "已满期客户"},
    "young": {"en": "hollow: part of the cohort is younger", "zh": "空心：部分客户未满期"},
}
_STEPS = 10
_DAY_US = 86_400_000_000


def _say(key: str, lang: Language) -> str:
    return _TEXT[key][lang]


def _rungs(rows: Rows) -> Rows:
    return [row for row in rows if row["den"]][:_STEPS]


@figure("repurchase", "ladder")
def ladder(result: Result, *, lang: Language, group: str | None = NOT_GIVEN) -> go.Figure:
    """Customers with one order or more, two or more, …; the share that goes on, and how long it takes."""
    groups = groups_of(needs(result.tables["ladder"], "there are no orders"))
    name, rows = _cohorts.chosen(groups, group, "den")
    rungs = _rungs(rows)
    if not rungs:
        raise ArgumentError("there are no orders")
    texts, hovers = [], []
    for before, row in zip([None, *rungs], rungs, strict=False):
        first = row["from"] == 1
        title = _say("first", lang) if first else _say("orders", lang).format(row["from"])
        lines = [f"<b>{title}</b>", f"{row['den']:,}"]
        text = f"{row['den']:,}"
        if before is not None:
            took = spelled(before["median"], lang)
            text += f" · ↓ {percent(before['rate'])} · {took}"
            lines.append(
                f"{percent(before['rate'])} [{percent(before['lo'])}, {percent(before['hi'])}] {_say('on', lang)}"
            )
            lines.append(f"{_say('median', lang)}: {took}")
        lines.append(f"{row['stopped']:,} {_say('stopped', lang)}")
        texts.append(text)
        hovers.append("<br>".join(lines))
    made = go.Figure(
        go.Funnel(
            y=[_say("first", lang) if row["from"] == 1 else _say("orders", lang).format(row["from"]) for row in rungs],
            x=[row["den"] for row in rungs],
            text=texts,
            texttemplate="%{text}",
            textposition="auto",
            marker={"color": PALETTE[0]},
            connector={"line": {"color": GRID}, "fillcolor": "rgba(120,130,140,0.12)"},
            customdata=hovers,
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    made.update_yaxes(automargin=True)
    note = f"↓ {_say('on', lang)} · {_say('median', lang)}"
    made.update_layout(
        title_text=under(group_title(_say("ladder", lang), name, groups, lang), note),
        funnelgap=0.14,
        height=max(320, 46 * len(rungs) + 130),
    )
    return made


def _box(row: dict[str, Any], title: str, colour: str, lang: Language) -> go.Box:
    days = {key: row[key] / _DAY_US for key in ("p10", "p25", "median", "p75", "p90")}
    return go.Box(
        y=[title],
        orientation="h",
        q1=[days["p25"]],
        median=[days["median"]],
        q3=[days["p75"]],
        lowerfence=[days["p10"]],
        upperfence=[days["p90"]],
        line={"color": colour, "width": 2},
        fillcolor=_pale(colour),
        width=0.55,
        showlegend=False,
        hoverinfo="skip",
    )


def _pale(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.25)"


def _gap_hover(row: dict[str, Any], title: str, lang: Language) -> str:
    spread = " · ".join(
        f"{name} {spelled(row[key], lang)}"
        for key, name in (("p10", "10 %"), ("p25", "25 %"), ("median", "50 %"), ("p75", "75 %"), ("p90", "90 %"))
    )
    return f"<b>{title}</b> · n = {row.get('n', row.get('num')):,}<br>{spread}"


@figure("repurchase", "gaps")
def gaps(result: Result, *, lang: Language, group: str | None = NOT_GIVEN) -> go.Figure:
    """How long it takes from each order to the next: quantiles as boxes, of each step, of all gaps, of all customers."""
    groups = groups_of(needs(result.tables["gaps"], "there are no orders"))
    name, rows = _cohorts.chosen(groups, group, "n")
    steps = [row for row in result.tables["ladder"].to_rows() if row["group"] == name and row["median"] is not None]
    kinds = {"gaps": "all_gaps", "units": "all_units"}
    boxes = [(row, _say(kinds[row["over"]], lang), PALETTE[5]) for row in rows if row["n"]]
    if not boxes:
        raise ArgumentError("nobody has bought twice, so there is no gap")
    boxes += [(row, _say("step", lang).format(row["from"], row["to"]), PALETTE[0]) for row in steps[: _STEPS - 2]]
    made = go.Figure([_box(row, title, colour, lang) for row, title, colour in boxes])
    made.add_trace(
        go.Scatter(
            x=[row["median"] / _DAY_US for row, *_ in boxes],
            y=[title for _, title, _ in boxes],
            mode="markers",
            marker={"size": 9, "color": [colour for *_, colour in boxes], "symbol": "diamond"},
            customdata=[_gap_hover(row, title, lang) for row, title, _ in boxes],
            hovertemplate="%{customdata}<extra></extra>",
            showlegend=False,
        )
    )
    ends = [row["p90"] / _DAY_US for row, *_ in boxes]
    made.add_trace(
        go.Scatter(
            x=ends,
            y=[title for _, title, _ in boxes],
            mode="text",
            text=[f"  {_say('middle', lang)} {spelled(row['median'], lang)}" for row, *_ in boxes],
            textposition="middle right",
            textfont={"size": 11},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    made.update_yaxes(
        type="category", categoryorder="array", categoryarray=[title for _, title, _ in boxes][::-1], automargin=True
    )
    made.update_xaxes(title_text=_say("days", lang), gridcolor=GRID, range=[0, max(ends) * 1.2 or 1])
    since = rows[0]["open_median"]
    more = "" if since is None else f" · {_say('open', lang)}: {_say('middle', lang)} {spelled(since, lang)}"
    made.update_layout(
        title_text=under(group_title(_say("gaps", lang), name, groups, lang), _say("box", lang) + more),
        height=max(320, 44 * len(boxes) + 140),
    )
    return made


# --------------------------------------------------------------------------------------------------------------- rates


_RATES = {"returning_share": PALETTE[0], "return_rate": PALETTE[2], "repeat_rate": PALETTE[1]}


def _known(row: dict[str, Any], key: str) -> bool:
    return row[key] is not None


def _rate_hover(row: dict[str, Any], key: str, name: str, lang: Language) -> str:
    low, high = row[f"{key}_lo"], row[f"{key}_hi"]
    interval = "" if low is None else f" [{percent(low)}, {percent(high)}]"
    return (
        f"<b>{name}</b> · {_say(key, lang)}<br>{percent(row[key])}{interval}<br>"
        f"{row[f'{key}_num']:,} / {row[f'{key}_den']:,} {_say('buyers', lang)}"
    )


@figure("repurchase", "rates")
def rates(result: Result, *, lang: Language, group: str | None = NOT_GIVEN) -> go.Figure:
    """By period: buyers who bought before, who buy in the next period too, who buy twice in this one."""
    groups = groups_of(needs(result.tables["periods"], "there are no periods"))
    name, rows = _cohorts.chosen(groups, group, "buyers")
    period = _cohorts.period_of(rows, "period_start", "period")
    titles = {row["period"]: _cohorts.period_label(row["period_start"], period) for row in rows}
    made = go.Figure()
    for key, colour in _RATES.items():
        mine = [row for row in rows if _known(row, key)]
        made.add_trace(
            go.Scatter(
                x=[titles[row["period"]] for row in mine],
                y=[row[key] for row in mine],
                mode="lines+markers",
                name=_say(key, lang),
                line={"color": colour, "width": 2},
                marker={
                    "size": 7,
                    "color": [colour if row["complete"] else "white" for row in mine],
                    "line": {"width": 2, "color": colour},
                },
                customdata=[_rate_hover(row, key, titles[row["period"]], lang) for row in mine],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    made.update_xaxes(
        type="category", categoryorder="array", categoryarray=list(titles.values()), automargin=True, nticks=18
    )
    made.update_yaxes(tickformat=".0%", rangemode="tozero", gridcolor=GRID, automargin=True)
    made.update_layout(
        title_text=under(group_title(_say("rates", lang), name, groups, lang), _say("hollow", lang)),
        legend={"orientation": "h", "y": -0.14, "yanchor": "top", "x": 0},
        height=430,
    )
    return made


@figure("repurchase", "n_day")
def n_day(result: Result, *, lang: Language, group: str | None = NOT_GIVEN) -> go.Figure:
    """n-day repurchase rate by cohort of first orders, a line for each n; with a breakdown the pooled rates of the groups."""
    groups = groups_of(needs(result.tables["repurchase_n"], "there are no orders"))
    if is_grouped(groups) and group == NOT_GIVEN:
        return _pooled(groups, lang)
    name, every = _cohorts.chosen(groups, group, "size")
    rows = [row for row in every if row["cohort"] is not None]
    period = _cohorts.period_of(rows, "cohort_start", "cohort")
    order = list(dict.fromkeys(_cohorts.period_label(row["cohort_start"], period) for row in rows))
    made = go.Figure()
    for days, colour in zip(dict.fromkeys(row["n"] for row in rows), PALETTE, strict=False):
        mine = [row for row in rows if row["n"] == days and row["rate"] is not None]
        made.add_trace(
            go.Scatter(
                x=[_cohorts.period_label(row["cohort_start"], period) for row in mine],
                y=[row["rate"] for row in mine],
                mode="lines+markers",
                name=_say("within", lang).format(days),
                line={"color": colour, "width": 2},
                marker={
                    "size": 7,
                    "color": [colour if row["complete"] else "white" for row in mine],
                    "line": {"width": 2, "color": colour},
                },
                customdata=[_n_hover(row, _cohorts.period_label(row["cohort_start"], period), lang) for row in mine],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    made.update_xaxes(type="category", categoryorder="array", categoryarray=order, automargin=True, nticks=18)
    made.update_yaxes(tickformat=".0%", rangemode="tozero", gridcolor=GRID, automargin=True)
    made.update_layout(
        title_text=under(group_title(_say("n_day", lang), name, groups, lang), _say("young", lang)),
        legend={"orientation": "h", "y": -0.14, "yanchor": "top", "x": 0},
        height=430,
    )
    return made


def _n_hover(row: dict[str, Any], name: str, lang: Language) -> str:
    interval = "" if row["lo"] is None else f" [{percent(row['lo'])}, {percent(row['hi'])}]"
    return (
        f"<b>{name}</b> · {_say('within', lang).format(row['n'])}<br>{percent(row['rate'])}{interval}<br>"
        f"{row['num']:,} / {row['den']:,} {_say('mature', lang)}"
    )


def _pooled(groups: dict[str | None, Rows], lang: Language) -> go.Figure:
    made = go.Figure()
    pooled = {name: [row for row in rows if row["cohort"] is None] for name, rows in groups.items()}
    ranked = sorted(pooled, key=lambda name: -max((row["size"] for row in pooled[name]), default=0))
    for name, colour in zip(ranked, PALETTE, strict=False):
        rows = [row for row in pooled[name] if row["rate"] is not None]
        made.add_trace(
            go.Bar(
                x=[_say("within", lang).format(row["n"]) for row in rows],
                y=[row["rate"] for row in rows],
                name=label(name, lang),
                marker={"color": colour},
                text=[percent(row["rate"]) for row in rows],
                textposition="inside",
                insidetextanchor="start",
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [row["hi"] - row["rate"] for row in rows],
                    "arrayminus": [row["rate"] - row["lo"] for row in rows],
                    "thickness": 1.2,
                    "width": 3,
                    "color": "#52606d",
                },
                customdata=[_n_hover(row, label(name, lang), lang) for row in rows],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    made.update_yaxes(tickformat=".0%", rangemode="tozero", gridcolor=GRID, automargin=True)
    made.update_layout(title_text=_say("n_day", lang).split(",")[0].split("（")[0], legend=LEGEND, height=420)
    return made
