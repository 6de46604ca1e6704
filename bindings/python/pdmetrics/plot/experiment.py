"""Figures of experiments: effects by metric and segment, from look to look, posteriors, the best arm, the split."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go  # type: ignore[import-untyped,import-not-found,unused-ignore]
from plotly.subplots import make_subplots  # type: ignore[import-untyped,import-not-found,unused-ignore]

from .._errors import ArgumentError
from . import GRID, INK, PALETTE, figure
from ._densities import beta, curve, normal

if TYPE_CHECKING:
    from .._result import Language, Result

_TEXT = {
    "effects": {"en": "Effects with their intervals", "zh": "实验效果与置信区间"},
    "lift": {"en": "lift", "zh": "提升"},
    "diff": {"en": "difference", "zh": "差值"},
    "of_level": {"en": "{} interval", "zh": "{} 置信区间"},
    "significant": {"en": "filled: significant after adjustment", "zh": "实心：多重校正后显著"},
    "values": {"en": "control → treatment", "zh": "对照组 → 实验组"},
    "adjusted": {"en": "adjusted", "zh": "校正后"},
    "undefined": {"en": "no lift: ", "zh": "无法计算提升："},
    "no_diff": {"en": "no difference: ", "zh": "无法计算差值："},
    "more": {"en": "({} smaller ones left out)", "zh": "（另有 {} 个较小分组未显示）"},
    "empty": {"en": "(none)", "zh": "（空）"},
    "versus": {"en": "{} versus {}", "zh": "{} 对比 {}"},
    "looks": {"en": "The interval from look to look", "zh": "逐次查看的置信区间"},
    "units": {"en": "units of both arms", "zh": "两组人数"},
    "planned": {"en": "planned", "zh": "计划人数"},
    "crossed": {"en": "decided", "zh": "已有结论"},
    "split": {"en": "The split", "zh": "分流检查"},
    "observed": {"en": "observed", "zh": "实际"},
    "expected": {"en": "expected", "zh": "预期"},
    "ok": {"en": "as planned", "zh": "符合计划"},
    "mismatch": {"en": "sample ratio mismatch", "zh": "样本比例不均（SRM）"},
    "no_data": {"en": "no data", "zh": "无数据"},
    "posterior": {"en": "What is believed after the data", "zh": "后验分布"},
    "rate": {"en": "conversion rate", "zh": "转化率"},
    "credible": {"en": "filled: {} credible interval", "zh": "填充：{} 可信区间"},
    "better": {
        "en": "{0}: better with {1}; expected loss of choosing {3} {4}, of keeping {2} {5}",
        "zh": "{0}：更好的概率 {1}；选择 {3} 的期望损失 {4}，保留 {2} 的期望损失 {5}",
    },
    "no_posterior": {"en": "{}: no posterior ({})", "zh": "{}：没有后验分布（{}）"},
    "best": {"en": "Chance to be the best arm", "zh": "各组为最优的概率"},
    "best_told": {"en": "the best one", "zh": "最优组"},
    "as_good": {"en": "not shown to be worse", "zh": "不显著差于最优组"},
    "shown_worse": {"en": "significantly worse", "zh": "显著差于最优组"},
    "expected_loss": {"en": "expected loss of choosing it", "zh": "选择该组的期望损失"},
    "value": {"en": "value", "zh": "取值"},
}
_LEGEND = {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"}

Row = dict[str, Any]


def _say(key: str, lang: Language) -> str:
    return _TEXT[key][lang]


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _number(value: float | None, scale: str) -> str:
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:+.1%}" if scale == "lift" else f"{value:,.5g}"


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _comparison(row: Row, lang: Language) -> str:
    return _escape(_say("versus", lang).format(row["variant"], row["control"]))


# -------------------------------------------------------------------------------------------------------------- effects


def _level(row: Row, lang: Language) -> str:
    name = _say("empty", lang) if row["segment"] is None else str(row["segment"])
    return f"{row['segment_dim']}: {name}"


def _largest_levels(result: Result, levels: int) -> dict[str, set[str | None]]:
    """Levels of each segment column with the most units."""
    units: dict[str, dict[str | None, int]] = {}
    for row in result.tables["srm"].to_rows():
        if row["segment_dim"] is not None:
            units.setdefault(row["segment_dim"], {})[row["segment"]] = row["n"] or 0
    return {dim: set(sorted(found, key=lambda level: -found[level])[:levels]) for dim, found in units.items()}


def _bounds(row: Row, scale: str) -> tuple[float, float]:
    """The interval of a row; −∞ and ∞ where it has no end, or is no interval."""
    if scale == "diff":
        low, high = row["low"], row["high"]
    elif row["lift_form"] != "interval":
        low, high = None, None
    else:
        low, high = row["lift_low"], row["lift_high"]
    return -math.inf if low is None else low, math.inf if high is None else high


def _reach(rows: list[Row], scale: str) -> tuple[float, float]:
    """What the axis shows: all effects, the intervals of all units together, and those of segments within reason."""
    shown: list[float] = [0.0]
    beyond: list[float] = []
    for row in rows:
        if not _finite(row[scale]):
            continue
        shown.append(row[scale])
        bounds = [bound for bound in _bounds(row, scale) if math.isfinite(bound)]
        whole = row["segment_dim"] is None and all(abs(bound) < 20 * abs(row[scale]) + 1 for bound in bounds)
        (shown if whole else beyond).extend(bounds)
    low, high = min(shown), max(shown)
    span = high - low or 1.0
    low = max(min([low, *beyond]), low - 0.8 * span)
    high = min(max([high, *beyond]), high + 0.8 * span)
    return low - 0.03 * span, high + 0.03 * span


def _hover(row: Row, name: str, lang: Language) -> str:
    values = " → ".join(_number(row[key], "diff") for key in ("control_value", "treatment_value"))
    lines = [f"<b>{_escape(name)}</b> · {_comparison(row, lang)}", f"{_say('values', lang)}: {values}"]
    for scale in ("diff", "lift"):
        low, high = _bounds(row, scale)
        value = f"{_say(scale, lang)}: {_number(row[scale], scale)}"
        lines.append(f"{value} [{_number(low, scale)}, {_number(high, scale)}]" if _finite(row[scale]) else value)
    if row["p"] is not None:
        adjusted = "" if row["p_adjusted"] is None else f" ({_say('adjusted', lang)} {row['p_adjusted']:.3g})"
        lines.append(f"p = {row['p']:.3g}{adjusted}")
    lines += [str(row[key]) for key in ("status", "warnings") if row[key] not in (None, "ok")]
    return "<br>".join(lines)


def _forest(made: go.Figure, panel: int, rows: list[Row], places: list[float], names: list[str], colour: str, title: str,
            scale: str, lang: Language, first: bool, reach: tuple[float, float]) -> None:  # fmt: skip
    """Points with intervals of one comparison; intervals that leave the figure end in an arrow."""
    drawn = [(row, y, name) for row, y, name in zip(rows, places, names, strict=True) if _finite(row[scale])]
    lows = [max(_bounds(row, scale)[0], reach[0]) for row, _, _ in drawn]
    highs = [min(_bounds(row, scale)[1], reach[1]) for row, _, _ in drawn]
    values = [row[scale] for row, _, _ in drawn]
    made.add_trace(
        go.Scatter(
            x=values,
            y=[y for _, y, _ in drawn],
            mode="markers",
            name=title,
            legendgroup=title,
            showlegend=first,
            marker={
                "size": [11 if row["segment_dim"] is None else 8 for row, _, _ in drawn],
                "color": [colour if row["significant"] else "#ffffff" for row, _, _ in drawn],
                "line": {"color": colour, "width": 2},
            },
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [high - value for high, value in zip(highs, values, strict=True)],
                "arrayminus": [value - low for low, value in zip(lows, values, strict=True)],
                "color": colour,
                "thickness": 1.6,
                "width": 4,
            },
            customdata=[_hover(row, name, lang) for row, _, name in drawn],
            hovertemplate="%{customdata}<extra></extra>",
        ),
        row=panel,
        col=1,
    )
    for symbol, end, beyond in (
        ("triangle-left", reach[0], [_bounds(row, scale)[0] < reach[0] for row, _, _ in drawn]),
        ("triangle-right", reach[1], [_bounds(row, scale)[1] > reach[1] for row, _, _ in drawn]),
    ):
        arrows = [y for (_, y, _), leaves in zip(drawn, beyond, strict=True) if leaves]
        if arrows:
            made.add_trace(
                go.Scatter(
                    x=[end] * len(arrows),
                    y=arrows,
                    mode="markers",
                    marker={"symbol": symbol, "size": 9, "color": colour},
                    legendgroup=title,
                    showlegend=False,
                    hoverinfo="skip",
                ),
                row=panel,
                col=1,
            )
    missing = [(row, y) for row, y in zip(rows, places, strict=True) if not _finite(row[scale])]
    if missing:
        word = "undefined" if scale == "lift" else "no_diff"
        reasons = [str(row["status"] if row["status"] != "ok" else row["lift_status"]) for row, _ in missing]
        made.add_trace(
            go.Scatter(
                x=[0.0] * len(missing),
                y=[y for _, y in missing],
                mode="text",
                text=["  " + _say(word, lang) + reason for reason in reasons],
                textposition="middle right",
                textfont={"size": 11, "color": colour},
                legendgroup=title,
                showlegend=False,
                hoverinfo="skip",
            ),
            row=panel,
            col=1,
        )


def _lines(rows: list[Row], lang: Language) -> list[tuple[str, str]]:
    """The lines of a panel, each as what is told apart and what is written: metrics, and their segments below them."""
    found: dict[str, str] = {}
    for row in rows:
        whole = row["segment_dim"] is None
        metric = _escape(row["metric"])
        found[_line(row)] = f"<b>{metric}</b>" if whole else _escape(_level(row, lang))
    return list(found.items())


def _line(row: Row) -> str:
    return "\0".join(str(row[key]) for key in ("metric", "segment_dim")) + "\0" + repr(row["segment"])


def _chosen(rows: list[Row], metrics: Sequence[str] | str | None) -> list[Row]:
    known = list(dict.fromkeys(row["metric"] for row in rows))
    wanted = [metrics] if isinstance(metrics, str) else known if metrics is None else list(metrics)
    for name in wanted:
        if name not in known:
            raise ArgumentError(f'metrics: no metric "{name}"; there are {", ".join(known)}')
    return sorted((row for row in rows if row["metric"] in wanted), key=lambda row: wanted.index(row["metric"]))


@figure("experiment", "effects")
def effects(
    result: Result,
    *,
    lang: Language,
    scale: str = "lift",
    metrics: Sequence[str] | str | None = None,
    levels: int = 12,
) -> go.Figure:
    """A line for each metric and below it for each segment, with the effect and its interval, a colour a comparison.

    ``scale`` is ``lift``, on one axis, or ``diff``, with an axis for each metric. ``levels`` is how many levels of a
    segment column are drawn, those with the most units.
    """
    if scale not in ("lift", "diff"):
        raise ArgumentError(f'scale: expected "lift" or "diff", got {scale!r}')
    every = _chosen(result.tables["effects"].to_rows(), metrics)
    largest = _largest_levels(result, levels)
    rows = [row for row in every if row["segment_dim"] is None or row["segment"] in largest[row["segment_dim"]]]
    names = list(dict.fromkeys(row["metric"] for row in rows))
    panels = [rows] if scale == "lift" else [[row for row in rows if row["metric"] == name] for name in names]
    comparisons = list(dict.fromkeys((row["control"], row["variant"]) for row in rows))
    lines = [_lines(panel, lang) for panel in panels]
    room = [len(found) + 0.8 for found in lines]
    height = 26 * max(1.0, 0.5 * len(comparisons) + 0.5) * sum(room) + 46 * len(panels) + 110
    made = make_subplots(rows=len(panels) or 1, row_heights=room or None, vertical_spacing=46 / height)
    for number, (panel, found) in enumerate(zip(panels, lines, strict=True), 1):
        place = {key: -float(i) for i, (key, _) in enumerate(found)}
        text = dict(found)
        reach = _reach(panel, scale)
        for i, pair in enumerate(comparisons):
            mine = [row for row in panel if (row["control"], row["variant"]) == pair]
            if not mine:
                continue
            shift = 0.0 if len(comparisons) == 1 else 0.55 * (0.5 - i / (len(comparisons) - 1))
            places = [place[_line(row)] + shift for row in mine]
            labels = [row["metric"] + ("" if row["segment_dim"] is None else f", {_level(row, lang)}") for row in mine]
            _forest(
                made, number, mine, places, labels, PALETTE[i % len(PALETTE)], _comparison(mine[0], lang), scale, lang,
                number == 1, reach,
            )  # fmt: skip
        made.add_vline(x=0, line={"color": INK, "width": 1}, row=number, col=1)
        made.update_yaxes(
            tickvals=list(place.values()),
            ticktext=[text[key] for key in place],
            range=[-len(found) + 0.4, 0.6],
            showgrid=False,
            zeroline=False,
            automargin=True,
            row=number,
            col=1,
        )
        pad = 0.02 * (reach[1] - reach[0])
        made.update_xaxes(range=[reach[0] - pad, reach[1] + pad], zeroline=False, gridcolor=GRID, row=number, col=1)
    if scale == "lift":
        made.update_xaxes(tickformat="+.0%")
    level = sorted({row["level"] for row in rows if row["level"] is not None})
    note = ", ".join(_say("of_level", lang).format(f"{round(100 * value, 6):g} %") for value in level)
    made.update_xaxes(
        title_text=f"{_say(scale, lang)} ({note}; {_say('significant', lang)})", row=len(panels) or 1, col=1
    )
    left_out = len({_line(row) for row in every}) - len({_line(row) for row in rows})
    title = _say("effects", lang) + (" " + _say("more", lang).format(left_out) if left_out else "")
    made.update_layout(title_text=title, legend=_LEGEND, showlegend=True, height=max(240, height))
    return made


# ---------------------------------------------------------------------------------------------------------------- looks


def _look_rows(results: Sequence[Result]) -> list[Row]:
    """Looks with the estimates that they were taken at."""
    found = []
    for result in results:
        if "looks" not in result.tables:
            raise ArgumentError("a fixed horizon has no looks; choose another horizon to look while it is running")
        key = ("metric", "variant", "control")
        diffs = {
            tuple(row[name] for name in key): row["diff"]
            for row in result.tables["effects"].to_rows()
            if row["segment_dim"] is None
        }
        found += [{**row, "diff": diffs[tuple(row[name] for name in key)]} for row in result.tables["looks"].to_rows()]
    return sorted(found, key=lambda row: row["n_total"])


@figure("experiment", "looks")
def looks(
    result: Result, *, lang: Language, earlier: Sequence[Result] = (), metrics: Sequence[str] | str | None = None
) -> go.Figure:
    """The difference and its interval at each look, over the units so far; ``earlier`` are the results of the looks before."""
    rows = _chosen(_look_rows([*earlier, result]), metrics)
    names = list(dict.fromkeys(row["metric"] for row in rows))
    made = make_subplots(
        rows=len(names) or 1, shared_xaxes=True, vertical_spacing=0.3 / (len(names) or 1) ** 1.3,
        subplot_titles=[_escape(name) for name in names],
    )  # fmt: skip
    comparisons = list(dict.fromkeys((row["control"], row["variant"]) for row in rows))
    for number, name in enumerate(names, 1):
        for i, pair in enumerate(comparisons):
            mine = [row for row in rows if row["metric"] == name and (row["control"], row["variant"]) == pair]
            mine = [row for row in mine if _finite(row["diff"]) and _finite(row["low"]) and _finite(row["high"])]
            if mine:
                _band(made, number, mine, PALETTE[i % len(PALETTE)], lang, number == 1)
        made.add_hline(y=0, line={"color": INK, "width": 1}, row=number, col=1)
        planned = [row["n_total"] / row["info"] for row in rows if row["metric"] == name and row["info"]]
        if planned:
            made.add_vline(
                x=planned[-1], line={"color": INK, "width": 1, "dash": "dot"}, row=number, col=1,
                annotation={"text": _say("planned", lang), "font": {"size": 11}} if number == 1 else None,
            )  # fmt: skip
        made.update_yaxes(title_text=_say("diff", lang), gridcolor=GRID, zeroline=False, row=number, col=1)
    made.update_xaxes(rangemode="tozero", gridcolor=GRID)
    made.update_xaxes(title_text=_say("units", lang), row=len(names) or 1, col=1)
    made.update_layout(
        title_text=_say("looks", lang),
        legend=_LEGEND,
        showlegend=True,
        height=200 * max(1, len(names)) + 160,
    )
    return made


def _band(made: go.Figure, panel: int, rows: list[Row], colour: str, lang: Language, first: bool) -> None:
    title = _comparison(rows[0], lang)
    x = [row["n_total"] for row in rows]
    common = {"legendgroup": title, "showlegend": False, "hoverinfo": "skip", "mode": "lines"}
    edge = {"color": colour, "width": 1, "dash": "dot"}
    made.add_trace(go.Scatter(x=x, y=[row["low"] for row in rows], line=edge, **common), row=panel, col=1)
    shade = f"rgba({int(colour[1:3], 16)}, {int(colour[3:5], 16)}, {int(colour[5:7], 16)}, 0.15)"
    made.add_trace(
        go.Scatter(x=x, y=[row["high"] for row in rows], line=edge, fill="tonexty", fillcolor=shade, **common),
        row=panel,
        col=1,
    )
    texts = []
    for row in rows:
        interval = f"[{_number(row['low'], 'diff')}, {_number(row['high'], 'diff')}]"
        lines = [f"<b>{title}</b>", f"{_say('diff', lang)}: {_number(row['diff'], 'diff')} {interval}"]
        lines.append(f"{row['n_total']:,} {_say('units', lang)}")
        if row["p_always_valid"] is not None:
            lines.append(f"p = {row['p_always_valid']:.3g}")
        texts.append("<br>".join(lines + [_say("crossed", lang)] * bool(row["crossed"])))
    made.add_trace(
        go.Scatter(
            x=x,
            y=[row["diff"] for row in rows],
            mode="lines+markers",
            name=title,
            legendgroup=title,
            showlegend=first,
            line={"color": colour, "width": 2},
            marker={
                "size": 9,
                "color": [colour if row["crossed"] else "#ffffff" for row in rows],
                "line": {"color": colour, "width": 2},
            },
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [row["high"] - row["diff"] for row in rows],
                "arrayminus": [row["diff"] - row["low"] for row in rows],
                "color": colour,
                "thickness": 1.4,
            },
            customdata=texts,
            hovertemplate="%{customdata}<extra></extra>",
        ),
        row=panel,
        col=1,
    )


# ----------------------------------------------------------------------------------------------------------- posteriors

_CONTROL = "#616e7c"
_MOST_FACTS = 6  # comparisons that are told of in words


def _asked(result: Result) -> list[Row]:
    if "posterior" not in result.tables:
        raise ArgumentError('posteriors were not asked for: experiment(…, posterior="total")')
    return result.tables["posterior"].to_rows()


def _loss(value: float, scale: str, rate: bool) -> str:
    return f"{value * 100:.2g}%" if rate or scale == "lift" else f"{value:,.3g}"


def _fact(row: Row, lang: Language) -> str:
    """What a comparison comes to, in words."""
    if row["low"] is None:
        return _say("no_posterior", lang).format(_comparison(row, lang), row["status"])
    rate = row["method"] == "beta"
    losses = [_loss(row[key], row["scale"], rate) for key in ("loss_if_treatment", "loss_if_control")]
    names = [_escape(str(row[key])) for key in ("control", "variant")]
    return _say("better", lang).format(_comparison(row, lang), f"{row['prob_better']:.2%}", *names, *losses)


def _rates(rows: list[Row]) -> dict[str, tuple[float, float, float, float]]:
    """Arms of rates: Beta(a, b) and its credible interval."""
    found: dict[str, tuple[float, float, float, float]] = {}
    for row in rows:
        for name, arm in ((row["control"], "control"), (row["variant"], "treatment")):
            a, b, low, high = (row[f"{key}_{arm}"] for key in ("a", "b", "low", "high"))
            found.setdefault(str(name), (a, b, low, high))
    return found


def _draw_rates(made: go.Figure, panel: int, rows: list[Row], colours: dict[str, str], named: set[str]) -> None:
    arms = _rates(rows)
    room = 0.6 * max(high - low for _, _, low, high in arms.values())
    ends = (
        max(0.0, min(low for _, _, low, _ in arms.values()) - room),
        min(1.0, max(high for _, _, _, high in arms.values()) + room),
    )
    for name, (a, b, low, high) in arms.items():
        label = _escape(name)
        curve(made, beta(a, b), ends, (low, high), label, colours[name], legend=label not in named, row=panel)
        named.add(label)


def _draw_effects(
    made: go.Figure, panel: int, rows: list[Row], colours: dict[str, str], named: set[str], lang: Language
) -> None:
    drawn = [row for row in rows if row["low"] is not None]
    if not drawn:
        return
    ends = (
        min([0.0, *(row["effect"] - 4 * row["sd"] for row in drawn)]),
        max([0.0, *(row["effect"] + 4 * row["sd"] for row in drawn)]),
    )
    one_control = len({row["control"] for row in rows}) == 1
    for row in drawn:
        label = _escape(str(row["variant"])) if one_control else _comparison(row, lang)
        density = normal(row["effect"], row["sd"])
        colour = colours[str(row["variant"])]
        curve(made, density, ends, (row["low"], row["high"]), label, colour, legend=label not in named, row=panel)
        named.add(label)
    made.add_vline(x=0, line={"color": INK, "width": 1, "dash": "dot"}, row=panel, col=1)


@figure("experiment", "posterior")
def posterior(
    result: Result,
    *,
    lang: Language,
    metrics: Sequence[str] | str | None = None,
    segment: tuple[str, str | None] | None = None,
) -> go.Figure:
    """Posteriors, a panel each metric: of conversions the arms' rates, of others the effects.

    ``segment`` is a segment column and one of its levels; without it all units are told of.
    """
    where = (None, None) if segment is None else tuple(segment)
    rows = [row for row in _chosen(_asked(result), metrics) if (row["segment_dim"], row["segment"]) == where]
    if not rows:
        raise ArgumentError(f'segment: none {where[0]} {where[1]!r}; segments need experiment(…, posterior="segments")')
    names = list(dict.fromkeys(row["metric"] for row in rows))
    panels = [[row for row in rows if row["metric"] == name] for name in names]
    treatments = dict.fromkeys(str(row["variant"]) for row in rows)
    colours = {str(row["control"]): _CONTROL for row in rows}
    colours.update({name: PALETTE[i % len(PALETTE)] for i, name in enumerate(treatments)})
    facts = [[_fact(row, lang) for row in panel[:_MOST_FACTS]] for panel in panels]
    room = [210 + 18 * len(told) for told in facts]
    height = sum(room) + 130
    made = make_subplots(
        rows=len(names), row_heights=[1.0] * len(names), subplot_titles=[f"<b>{_escape(name)}</b>" for name in names],
        vertical_spacing=(90 + 18 * max(map(len, facts))) / height if len(names) > 1 else 0.0,
    )  # fmt: skip
    filled = _say("credible", lang).format(f"{round(100 * rows[0]['level'], 6):g} %")
    named: set[str] = set()
    for number, (panel, told) in enumerate(zip(panels, facts, strict=True), 1):
        rate = panel[0]["method"] == "beta"
        if rate:
            _draw_rates(made, number, panel, colours, named)
        else:
            _draw_effects(made, number, panel, colours, named, lang)
        axis = f"{_say('rate' if rate else panel[0]['scale'], lang)} ({filled})"
        made.update_xaxes(
            title_text="<br>".join([axis, *told]), title_font_size=12, gridcolor=GRID, zeroline=False,
            tickformat=".1%" if rate else "+.1%" if panel[0]["scale"] == "lift" else ",", row=number, col=1,
        )  # fmt: skip
    made.update_yaxes(visible=False, rangemode="tozero")
    of_segment = "" if segment is None else f" · {_escape(_level(rows[0], lang))}"
    made.update_layout(
        title_text=_say("posterior", lang) + of_segment,
        legend={**_LEGEND, "y": 1 + 28 / height},
        showlegend=True,
        height=height,
    )
    return made


_STANDING = {True: "as_good", False: "shown_worse", None: ""}
_STANDING_COLOURS = {"best_told": PALETTE[2], "shown_worse": "#c3cbd3"}


@figure("experiment", "best")
def best(result: Result, *, lang: Language, metrics: Sequence[str] | str | None = None) -> go.Figure:
    """How likely each arm is the best one, in each goal; which one the estimates prefer, which are shown to be worse."""
    rates = {row["metric"] for row in _asked(result) if row["method"] == "beta"}
    rows = [row for row in _chosen(result.tables["best"].to_rows(), metrics) if row["prob_best"] is not None]
    if not rows:
        raise ArgumentError("no chance to be the best is known: covariates and priors on the effect leave it open")
    names = list(dict.fromkeys(row["metric"] for row in rows))
    titles = [f"<b>{_escape(name)}</b>" for name in names]
    made = make_subplots(rows=len(names), subplot_titles=titles, vertical_spacing=0.3 / len(names))
    top = max(row["prob_best"] for row in rows)
    for number, name in enumerate(names, 1):
        mine = [row for row in rows if row["metric"] == name]
        standing = ["best_told" if row["best"] else _STANDING[row["as_good"]] for row in mine]
        chances = [f"{row['prob_best']:.1%}" for row in mine]
        told = [f"{p} · {_say(key, lang)}" if key else p for p, key in zip(chances, standing, strict=True)]
        losses = [_loss(row["expected_loss"], "diff", name in rates) for row in mine]
        made.add_trace(
            go.Bar(
                x=[row["prob_best"] for row in mine],
                y=[_escape(str(row["variant"])) for row in mine],
                orientation="h",
                marker={"color": [_STANDING_COLOURS.get(key, PALETTE[7]) for key in standing]},
                text=told,
                textposition="outside",
                cliponaxis=False,
                showlegend=False,
                customdata=[
                    f"<b>{_escape(str(row['variant']))}</b><br>"
                    f"{_say('value', lang)}: {_number(row['value'], 'diff')}<br>"
                    f"{_say('best', lang)}: {row['prob_best']:.2%}<br>{_say('expected_loss', lang)}: {loss}"
                    for row, loss in zip(mine, losses, strict=True)
                ],
                hovertemplate="%{customdata}<extra></extra>",
            ),
            row=number,
            col=1,
        )
    made.update_xaxes(tickformat=".0%", range=[0, min(1.0, 1.15 * top) * 1.25], gridcolor=GRID)
    made.update_yaxes(autorange="reversed", type="category", automargin=True)
    made.update_layout(title_text=_say("best", lang), height=130 + 60 * len(names) + 40 * len(rows))
    return made


# ---------------------------------------------------------------------------------------------------------------- split


@figure("experiment", "split")
def split(result: Result, *, lang: Language) -> go.Figure:
    """Units of each arm beside those that the planned shares let expect, and whether chance can have made the gap."""
    rows = [row for row in result.tables["srm_arms"].to_rows() if row["segment_dim"] is None]
    (test,) = (row for row in result.tables["srm"].to_rows() if row["segment_dim"] is None)
    total = sum(row["observed"] for row in rows)
    made = go.Figure()
    for key, colour in (
        ("observed", PALETTE[0] if test["status"] != "mismatch" else PALETTE[5]),
        ("expected", "#c3cbd3"),
    ):
        made.add_trace(
            go.Bar(
                x=[_escape(str(row["variant"])) for row in rows],
                y=[row[key] for row in rows],
                name=_say(key, lang),
                marker={"color": colour},
                text=[f"{row[key]:,.0f} · {row[key] / total:.2%}" if total else "0" for row in rows],
                textposition="outside",
                cliponaxis=False,
                hovertemplate="<b>%{x}</b><br>%{y:,.1f}<extra>%{fullData.name}</extra>",
            )
        )
    status = _say(test["status"], lang) if test["status"] in _TEXT else str(test["status"])
    p = "" if test["p"] is None else f" (p = {test['p']:.3g})"
    made.update_yaxes(gridcolor=GRID, rangemode="tozero")
    made.update_xaxes(type="category")
    made.update_layout(title_text=f"{_say('split', lang)}: {status}{p}", barmode="group", legend=_LEGEND, height=360)
    return made
