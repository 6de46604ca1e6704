"""Figures of experiments: effects with their intervals, posteriors, bounds of looks, power curves, the split.

Options: ``title``; ``names`` = what comparisons, arms or designs are called (a text, or one for each language: en, zh).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go  # type: ignore[import-untyped,import-not-found,unused-ignore]

from .._errors import ArgumentError
from . import GRID, INK, PALETTE, figure
from ._densities import Density, beta, curve, gamma, normal

if TYPE_CHECKING:
    from .._result import Language, Result

Names = Mapping[str, str | tuple[str, str]]

UP, DOWN, NEUTRAL, FIRST, SECOND = PALETTE[2], PALETTE[5], "#616e7c", PALETTE[7], PALETTE[0]
BAND = "rgba(0,114,178,0.18)"
ROWS = 60  # in a forest

_TEXT = {
    "lift": {"en": "Lift of the treatment", "zh": "实验组相对提升"},
    "diff": {"en": "Difference, treatment − control", "zh": "实验组与对照组之差"},
    "better": {"en": "significantly better", "zh": "显著变好"},
    "worse": {"en": "significantly worse", "zh": "显著变差"},
    "open": {"en": "not significant", "zh": "不显著"},
    "none": {"en": "no interval", "zh": "没有区间"},
    "control": {"en": "control", "zh": "对照组"},
    "treatment": {"en": "treatment", "zh": "实验组"},
    "interval": {"en": "interval", "zh": "区间"},
    "posterior": {"en": "Posterior", "zh": "后验分布"},
    "rate": {"en": "conversion rate", "zh": "转化率"},
    "events": {"en": "events per exposure", "zh": "单位暴露事件数"},
    "effect": {"en": "effect", "zh": "效果"},
    "better_chance": {"en": "chance that the treatment is better", "zh": "实验组更好的概率"},
    "loss_treatment": {"en": "expected loss of choosing the treatment", "zh": "选择实验组的期望损失"},
    "loss_control": {"en": "expected loss of keeping the control", "zh": "保留对照组的期望损失"},
    "best": {"en": "Chance to be the best arm", "zh": "各组为最优的概率"},
    "expected_loss": {"en": "expected loss of choosing it", "zh": "选择该组的期望损失"},
    "mean": {"en": "mean", "zh": "均值"},
    "boundary": {"en": "Planned looks and their bounds", "zh": "分组序贯边界"},
    "bound": {"en": "bound", "zh": "边界"},
    "statistic": {"en": "z so far", "zh": "当前 z 值"},
    "info": {"en": "information: units so far / planned", "zh": "信息量：已有样本 / 计划样本"},
    "spent": {"en": "alpha spent on one side", "zh": "单侧已用 α"},
    "crossed": {"en": "bound crossed", "zh": "已越过边界"},
    "always": {"en": "Interval that holds at every look", "zh": "随时有效的置信区间"},
    "look": {"en": "look", "zh": "查看时点"},
    "units": {"en": "units so far", "zh": "累计样本"},
    "first_shown": {"en": "first shown", "zh": "首次显著"},
    "power": {"en": "Power", "zh": "检验功效"},
    "n_control": {"en": "units of the control", "zh": "对照组样本量"},
    "wanted": {"en": "wanted", "zh": "目标功效"},
    "mde": {"en": "Smallest effect that is seen", "zh": "最小可检测提升"},
    "srm": {"en": "Units of the arms and of the plan", "zh": "各组样本：实际与计划"},
    "observed": {"en": "observed", "zh": "实际"},
    "expected": {"en": "planned", "zh": "计划"},
}


def say(key: str, lang: Language) -> str:
    return _TEXT[key][lang]


def _named(key: Any, names: Names | None, lang: Language) -> str:
    said = (names or {}).get(str(key), str(key))
    return said if isinstance(said, str) else said[lang == "zh"]


def _labels(rows: Sequence[Mapping[str, Any]], names: Names | None, lang: Language, column: str = "name") -> list[str]:
    """Names of rows; those that have none are numbered from 1."""
    unnamed = all(isinstance(row[column], int) for row in rows)
    return [
        _named(row[column] + 1 if unnamed and str(row[column]) not in (names or {}) else row[column], names, lang)
        for row in rows
    ]


def _percent(value: float | None, digits: int = 1) -> str:
    if value is None:
        return "–"
    return {math.inf: "∞", -math.inf: "−∞"}.get(value) or f"{value:+.{digits}%}".replace("-", "−")


def _number(value: float | None, sign: bool = False) -> str:
    if value is None:
        return "–"
    mark = "+" if sign else ""
    return {math.inf: "∞", -math.inf: "−∞"}.get(value) or f"{value:{mark},.4g}".replace("-", "−")


def _p(value: float | None, log_p: float | None = None) -> str:
    if value is None:
        return "p –"
    if value > 0:
        return f"p = {value:.2g}"
    return "p = 0" if log_p is None or log_p == -math.inf else f"p = 10^{log_p / math.log(10):.0f}".replace("-", "−")


def _short_p(value: float | None) -> str:
    """p in little room; the hover has it in full."""
    if value is None:
        return "p –"
    return f"p = {value:.2g}" if value >= 1e-4 else "p < 0.0001"


def _small(value: float, percent: bool) -> str:
    """A loss: to two digits, however small."""
    return f"{value * 100:.2g}%" if percent else f"{value:.2g}"


def _lines(made: go.Figure, x: float | None = None, y: float | None = None, dash: str = "solid") -> None:
    line = {"color": INK, "width": 1, "dash": dash}
    if x is not None:
        made.add_vline(x=x, line=line)
    if y is not None:
        made.add_hline(y=y, line=line)


# -------------------------------------------------------------------------------------------------------------- forest


def _forest_scale(rows: Sequence[Mapping[str, Any]], scale: str | None) -> str:
    """Lifts can be laid side by side whatever the metrics; where one has no interval the differences are drawn."""
    if scale not in (None, "lift", "diff"):
        raise ArgumentError(f'scale: expected "lift" or "diff", got {scale!r}')
    if scale is not None:
        return scale
    return "lift" if all(row["lift_low"] is not None and row["lift"] is not None for row in rows) else "diff"


def _ends(row: Mapping[str, Any], scale: str) -> tuple[float | None, float | None, float | None]:
    low, high = ("lift_low", "lift_high") if scale == "lift" else ("low", "high")
    return row[scale], row[low], row[high]


def _forest_hover(row: Mapping[str, Any], label: str, lang: Language) -> str:
    lines = [
        f"<b>{label}</b>",
        f"{say('control', lang)} {_number(row['control_value'])} → "
        f"{say('treatment', lang)} {_number(row['treatment_value'])}",
        f"{say('diff', lang)}: {_number(row['diff'], True)} [{_number(row['low'])}, {_number(row['high'])}]",
        f"{say('lift', lang)}: {_percent(row['lift'])} [{_percent(row['lift_low'])}, {_percent(row['lift_high'])}]",
        _p(row["p"], row["log_p"]),
    ]
    if row["status"] != "ok":
        lines.append(row["status"])
    return "<br>".join(lines)


def _kind_of(row: Mapping[str, Any], lower: bool) -> str:
    if row["low"] is None:
        return "none"
    if not row["significant"]:
        return "open"
    return "better" if (row["low"] > 0) != lower else "worse"


def _clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def forest(
    result: Result,
    *,
    lang: Language,
    scale: str | None = None,
    lower: Sequence[str] = (),
    names: Names | None = None,
    title: str = "",
) -> go.Figure:
    """Effects with their intervals, one line each. ``scale`` = lift or diff; ``lower`` = names of those that should fall."""
    rows = result.main.to_rows()[:ROWS]
    if not rows:
        raise ArgumentError("nothing to draw: there are no comparisons")
    scale = _forest_scale(rows, scale)
    labels = _labels(rows, names, lang)
    known = [end for row in rows for end in _ends(row, scale) if end is not None and math.isfinite(end)]
    left, right = min([0.0, *known]), max([0.0, *known])
    room = 0.08 * (right - left or 1.0)
    left, right = left - room, right + room
    made = go.Figure()
    colours = {"better": UP, "worse": DOWN}
    legend: set[str] = set()
    for row, label in zip(rows, labels, strict=True):
        middle, low, high = _ends(row, scale)
        kind = _kind_of(row, str(row["name"]) in lower) if low is not None else "none"
        colour = colours.get(kind, NEUTRAL)
        shown = [_clip(end, left, right) for end in (low, high) if end is not None]
        made.add_trace(
            go.Scatter(
                x=[*shown[:1], middle, *shown[1:]] if shown else [0.0],
                y=[label] * (3 if shown else 1),
                mode="lines+markers",
                line={"color": colour, "width": 3},
                marker={
                    "color": colour,
                    "size": [0, 11, 0] if shown else [8],
                    "symbol": ["circle", "square", "circle"] if shown else ["x-thin-open"],
                },
                name=say(kind, lang),
                legendgroup=kind,
                showlegend=kind not in legend,
                customdata=[_forest_hover(row, label, lang)] * 3,
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
        legend.add(kind)
        text = (_percent if scale == "lift" else _number)(middle)
        made.add_annotation(
            x=1.0,
            xref="paper",
            xanchor="left",
            xshift=8,
            y=label,
            text=f"{text} &nbsp;<span style='color:{NEUTRAL}'>{_short_p(row['p'])}</span>",
            showarrow=False,
            font={"size": 12},
        )
    _lines(made, x=0.0)
    made.update_xaxes(
        range=[left, right],
        tickformat="+.0%" if scale == "lift" and right - left > 0.05 else "+.1%" if scale == "lift" else "",
        gridcolor=GRID,
        zeroline=False,
    )
    made.update_yaxes(autorange="reversed", type="category", automargin=True, showgrid=False)
    made.update_layout(
        title_text=title or say(scale, lang),
        height=150 + 40 * len(rows),
        legend={"orientation": "h", "y": -0.1 - 0.5 / len(rows), "yanchor": "top", "x": 0},
        margin_r=150,
    )
    # finish() sets the margins of all figures; the column of numbers at the right needs its room.
    made.update_xaxes(domain=[0, 0.8])
    for note in made.layout.annotations:
        note.x = 0.8
    return made


for _name in ("proportion_test", "mean_test", "cuped_test", "ratio_test"):
    figure(_name, "forest")(forest)


# ----------------------------------------------------------------------------------------------------------- posterior

def _one(result: Result, name: Any) -> dict[str, Any]:
    rows = result.main.to_rows()
    found = [row for row in rows if name is None or row["name"] == name]
    if not found:
        raise ArgumentError(f"name: no {name!r}; there are {', '.join(str(row['name']) for row in rows[:20])}")
    return found[0]


def _two_posteriors(
    row: Mapping[str, Any], densities: Mapping[str, Density], lang: Language, axis: str, percent: bool, title: str
) -> go.Figure:
    made = go.Figure()
    widths = [row[f"high_{arm}"] - row[f"low_{arm}"] for arm in densities]
    low = max(0.0, min(row[f"low_{arm}"] for arm in densities) - max(widths) * 0.6)
    high = max(row[f"high_{arm}"] for arm in densities) + max(widths) * 0.6
    for (arm, density), colour in zip(densities.items(), (FIRST, SECOND), strict=True):
        inside = (row[f"low_{arm}"], row[f"high_{arm}"])
        curve(made, density, (low, high), inside, say(arm, lang), colour)
    facts = [
        f"{say('better_chance', lang)} <b>{row['prob_better']:.2%}</b>",
        f"{say('loss_treatment', lang)} {_small(row['loss_if_treatment'], percent)}",
        f"{say('loss_control', lang)} {_small(row['loss_if_control'], percent)}",
    ]
    _posterior_layout(made, facts, say(axis, lang), title or say("posterior", lang), percent)
    return made


def _posterior_layout(made: go.Figure, facts: Sequence[str], axis: str, title: str, percent: bool) -> None:
    made.update_xaxes(
        title_text=axis + "<br>" + "<br>".join(facts), title_font_size=13, tickformat=".1%" if percent else ""
    )
    made.update_xaxes(gridcolor=GRID, zeroline=False)
    made.update_yaxes(visible=False, rangemode="tozero")
    made.update_layout(
        title_text=title,
        height=440,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
    )


@figure("beta_posterior", "posterior")
def beta_posterior(result: Result, *, lang: Language, name: Any = None, title: str = "") -> go.Figure:
    """The two rates' posteriors, their credible intervals filled. ``name`` = the comparison; default: the first."""
    row = _one(result, name)
    densities = {arm: beta(row[f"a_{arm}"], row[f"b_{arm}"]) for arm in ("control", "treatment")}
    return _two_posteriors(row, densities, lang, "rate", True, title)


@figure("gamma_posterior", "posterior")
def gamma_posterior(result: Result, *, lang: Language, name: Any = None, title: str = "") -> go.Figure:
    """The two event rates' posteriors. ``name`` = the comparison; default: the first."""
    row = _one(result, name)
    densities = {arm: gamma(row[f"shape_{arm}"], row[f"rate_{arm}"]) for arm in ("control", "treatment")}
    return _two_posteriors(row, densities, lang, "events", False, title)


@figure("normal_posterior", "posterior")
def normal_posterior(
    result: Result, *, lang: Language, name: Any = None, percent: bool = True, title: str = ""
) -> go.Figure:
    """The effect's posterior. ``percent`` = the effect is a lift, or in points of a rate."""
    row = _one(result, name)
    if row["status"] != "ok":
        raise ArgumentError(f"nothing to draw: the status is {row['status']}")
    made = go.Figure()
    ends = (row["mean"] - 4 * row["sd"], row["mean"] + 4 * row["sd"])
    curve(made, normal(row["mean"], row["sd"]), ends, (row["low"], row["high"]), say("effect", lang), SECOND)
    made.data[1].showlegend = False
    _lines(made, x=0.0, dash="dot")
    facts = [
        f"{say('better_chance', lang)} <b>{row['chance_to_win']:.2%}</b>",
        f"{say('loss_treatment', lang)} {_small(row['risk_treatment'], percent)}",
        f"{say('loss_control', lang)} {_small(row['risk_control'], percent)}",
    ]
    _posterior_layout(made, facts, say("effect", lang), title or say("posterior", lang), percent)
    return made


@figure("normal_best", "best")
@figure("beta_best", "best")
def best(result: Result, *, lang: Language, name: Any = None, names: Names | None = None, title: str = "") -> go.Figure:
    """How likely each arm is the best."""
    experiment = _one(result, name)["name"]
    rows = [row for row in result.main.to_rows() if row["name"] == experiment]
    top = max(row["prob_best"] for row in rows)
    rates = "a" in rows[0]

    def shown(value: float) -> str:
        return f"{value:.2%}" if rates else f"{value:,.6g}"

    made = go.Figure(
        go.Bar(
            x=[row["prob_best"] for row in rows],
            y=[_named(row["variant"], names, lang) for row in rows],
            orientation="h",
            marker={"color": [UP if row["prob_best"] == top else FIRST for row in rows]},
            text=[f"{row['prob_best']:.1%}" for row in rows],
            textposition="outside",
            cliponaxis=False,
            customdata=[
                f"<b>{_named(row['variant'], names, lang)}</b><br>{say('mean', lang)}: {shown(row['mean'])} "
                f"[{shown(row['low'])}, {shown(row['high'])}]<br>{say('best', lang)}: {row['prob_best']:.2%}<br>"
                f"{say('expected_loss', lang)}: {_small(row['expected_loss'], rates)}"
                for row in rows
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    made.update_xaxes(tickformat=".0%", range=[0, min(1.0, top * 1.15) or 1.0], gridcolor=GRID)
    made.update_yaxes(autorange="reversed", type="category", automargin=True)
    made.update_layout(title_text=title or say("best", lang), height=150 + 45 * len(rows))
    return made


# ---------------------------------------------------------------------------------------------------------------- looks


@figure("group_sequential", "boundary")
def boundary(result: Result, *, lang: Language, names: Names | None = None, title: str = "") -> go.Figure:
    """The bounds of the looks, and the statistic on its way."""
    rows = result.main.to_rows()
    alternative = result.tables["summary"]["alternative"].to_list()[0]
    sides = {"greater": [1.0], "less": [-1.0]}.get(alternative, [1.0, -1.0])
    labels = _labels(rows, names, lang)
    made = go.Figure()
    for number, side in enumerate(sides):
        made.add_trace(
            go.Scatter(
                x=[row["info"] for row in rows],
                y=[side * row["bound"] for row in rows],
                mode="lines+markers",
                name=say("bound", lang),
                legendgroup="bound",
                showlegend=number == 0,
                line={"color": DOWN, "width": 2, "dash": "dash"},
                marker={"size": 8, "symbol": "line-ew-open", "line": {"width": 2, "color": DOWN}},
                customdata=[
                    f"<b>{label}</b><br>{say('bound', lang)}: {side * row['bound']:.4f}<br>p = {row['nominal_p']:.3g}"
                    f"<br>{say('spent', lang)}: {row['alpha_spent']:.3g}"
                    for label, row in zip(labels, rows, strict=True)
                ],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    known = [(label, row) for label, row in zip(labels, rows, strict=True) if row["statistic"] is not None]
    if known:
        made.add_trace(
            go.Scatter(
                x=[row["info"] for _, row in known],
                y=[row["statistic"] for _, row in known],
                mode="lines+markers",
                name=say("statistic", lang),
                line={"color": SECOND, "width": 3},
                marker={"size": 10, "color": [UP if row["crossed"] else SECOND for _, row in known]},
                customdata=[
                    f"<b>{label}</b><br>z = {row['statistic']:.4f}"
                    + (f"<br>{say('crossed', lang)}" if row["crossed"] else "")
                    for label, row in known
                ],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    _lines(made, y=0.0)
    most = max([row["bound"] for row in rows] + [abs(row["statistic"]) for _, row in known])
    made.update_yaxes(range=[-most * 1.1, most * 1.1], gridcolor=GRID, title_text="z", automargin=True)
    made.update_xaxes(range=[0, max(row["info"] for row in rows) * 1.04], gridcolor=GRID, title_text=say("info", lang))
    made.update_layout(
        title_text=title or say("boundary", lang),
        height=440,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
    )
    return made


@figure("always_valid", "interval")
def always_valid(
    result: Result, *, lang: Language, names: Names | None = None, percent: bool = False, title: str = ""
) -> go.Figure:
    """Estimate and interval, look by look. ``percent`` = the effect is a lift, or in points of a rate."""
    rows = result.main.to_rows()
    labels = _labels(rows, names, lang)
    by_units = all(row["n_total"] is not None for row in rows)
    where: list[Any] = [row["n_total"] for row in rows] if by_units else labels
    shown = _percent if percent else _number
    finite = [abs(end) for row in rows for end in (row["low"], row["high"]) if end is not None and math.isfinite(end)]
    room = max([abs(row["estimate"]) for row in rows] + finite, default=1.0) * 1.1 or 1.0
    low, high = (
        [None if row[end] is None else _clip(row[end], -room, room) for row in rows] for end in ("low", "high")
    )
    made = go.Figure()
    made.add_trace(go.Scatter(x=where, y=high, mode="lines", line={"width": 0}, hoverinfo="skip", showlegend=False))
    made.add_trace(
        go.Scatter(
            x=where,
            y=low,
            mode="lines",
            line={"width": 0},
            fill="tonexty",
            fillcolor=BAND,
            name=say("interval", lang),
            hoverinfo="skip",
        )
    )
    made.add_trace(
        go.Scatter(
            x=where,
            y=[row["estimate"] for row in rows],
            mode="lines+markers",
            name=say("effect", lang),
            line={"color": SECOND, "width": 2.5},
            marker={
                "size": 7,
                "color": [(UP if row["estimate"] > 0 else DOWN) if row["crossed"] else SECOND for row in rows],
            },
            customdata=[
                f"<b>{label}</b><br>{say('effect', lang)}: {shown(row['estimate'])} "
                f"[{shown(row['low'])}, {shown(row['high'])}]<br>{_p(row['p'], row['log_p'])}"
                + (f"<br>{say('units', lang)}: {row['n_total']:,.0f}" if by_units else "")
                for label, row in zip(labels, rows, strict=True)
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    _lines(made, y=0.0)
    crossed = next((i for i, row in enumerate(rows) if row["crossed"]), None)
    if crossed is not None:
        made.add_annotation(
            x=where[crossed],
            y=rows[crossed]["estimate"],
            text=f"{say('first_shown', lang)}: {labels[crossed]}",
            showarrow=True,
            arrowhead=0,
            ax=0,
            ay=-40 if rows[crossed]["estimate"] > 0 else 40,
        )
    # The first looks are wide: the figure is for the later ones.
    late = sorted(finite)[: max(2, int(len(finite) * 0.8))]
    most = max([abs(row["estimate"]) for row in rows] + late, default=1.0) * 1.15
    made.update_yaxes(range=[-most, most], gridcolor=GRID, tickformat="+.1%" if percent else "")
    made.update_xaxes(gridcolor=GRID, title_text=say("units" if by_units else "look", lang))
    if not by_units:
        made.update_xaxes(type="category")
    made.update_layout(
        title_text=title or say("always", lang),
        height=440,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
    )
    return made


# ------------------------------------------------------------------------------------------------------------- planning


def _curves(
    result: Result, column: str, lang: Language, names: Names | None, hover: Callable[[Mapping[str, Any]], str]
) -> go.Figure:
    """A column over the units of the control, a line for every name."""
    rows = [row for row in result.main.to_rows() if row[column] is not None]
    if not rows:
        raise ArgumentError("nothing to draw: no design has an answer")
    unnamed = all(isinstance(row["name"], int) for row in rows)
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault("" if unnamed else _named(row["name"], names, lang), []).append(row)
    made = go.Figure()
    for number, (name, mine) in enumerate(groups.items()):
        mine.sort(key=lambda row: row["n_control"])
        made.add_trace(
            go.Scatter(
                x=[row["n_control"] for row in mine],
                y=[row[column] for row in mine],
                mode="lines+markers" if len(mine) < 40 else "lines",
                name=name,
                showlegend=name != "",
                line={"color": PALETTE[number % len(PALETTE)], "width": 2.5},
                customdata=[(f"<b>{name}</b><br>" if name else "") + hover(row) for row in mine],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    made.update_xaxes(gridcolor=GRID, title_text=say("n_control", lang), rangemode="tozero", tickformat=",.0f")
    made.update_layout(height=440, legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0})
    return made


@figure("power", "curve")
def power_curve(
    result: Result, *, lang: Language, target: float = 0.8, names: Names | None = None, title: str = ""
) -> go.Figure:
    """Power over the units of the control; ``target`` = the power wanted."""

    def hover(row: Mapping[str, Any]) -> str:
        return f"{say('n_control', lang)}: {row['n_control']:,.0f}<br>{say('power', lang)}: {row['power']:.1%} ({row['kind']})"

    made = _curves(result, "power", lang, names, hover)
    made.add_hline(
        y=target,
        line={"color": INK, "width": 1, "dash": "dash"},
        annotation_text=f"{say('wanted', lang)} {target:.0%}",
        annotation_position="top left",
    )
    made.update_yaxes(range=[0, 1.02], tickformat=".0%", gridcolor=GRID)
    made.update_layout(title_text=title or say("power", lang))
    return made


@figure("mde", "curve")
def mde_curve(
    result: Result, *, lang: Language, names: Names | None = None, percent: bool | None = None, title: str = ""
) -> go.Figure:
    """The smallest effect that is seen, over the units of the control."""
    rates = all(row["p_treatment"] is not None for row in result.main.to_rows()) if percent is None else percent
    shown = _percent if rates else _number

    def hover(row: Mapping[str, Any]) -> str:
        lines = [f"{say('n_control', lang)}: {row['n_control']:,.0f}", f"{say('mde', lang)}: {shown(row['mde'])}"]
        if row["mde_rel"] is not None:
            lines.append(f"{say('lift', lang)}: {_percent(row['mde_rel'])}")
        return "<br>".join(lines)

    made = _curves(result, "mde", lang, names, hover)
    made.update_yaxes(rangemode="tozero", tickformat="+.1%" if rates else "", gridcolor=GRID)
    made.update_layout(title_text=title or say("mde", lang))
    return made


# ---------------------------------------------------------------------------------------------------------------- split


@figure("srm", "split")
def split(
    result: Result, *, lang: Language, name: Any = None, names: Names | None = None, title: str = ""
) -> go.Figure:
    """The arms' units beside the plan's. ``name`` = the split; default: the first."""
    test = _one(result, name)
    rows = [row for row in result.tables["arms"].to_rows() if row["name"] == test["name"]]
    where = [_named(row["variant"], names, lang) for row in rows]
    bad = test["status"] == "mismatch"
    made = go.Figure()
    for key, colour, width in (("expected", "#d5dbe1", 0.8), ("observed", DOWN if bad else SECOND, 0.5)):
        made.add_trace(
            go.Bar(
                x=where,
                y=[row[key] for row in rows],
                name=say(key, lang),
                width=width,
                marker={"color": colour},
                customdata=[
                    f"<b>{label}</b><br>{say('observed', lang)}: {row['observed']:,.0f} ({_share(row['share'])})<br>"
                    f"{say('expected', lang)}: {row['expected']:,.1f} ({_share(row['planned'])})"
                    for label, row in zip(where, rows, strict=True)
                ],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    made.update_xaxes(
        type="category", title_text=f"{test['status']} · {_p(test['p'], test['log_p'])} ({test['method']})"
    )
    made.update_yaxes(gridcolor=GRID, tickformat=",.0f")
    made.update_layout(
        title_text=title or say("srm", lang),
        barmode="overlay",
        height=420,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
    )
    return made


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2%}"
