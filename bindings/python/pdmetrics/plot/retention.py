"""Figures of retention: the triangle, curves, what a cohort is worth, when it has paid back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go  # type: ignore[import-untyped,import-not-found,unused-ignore]

from .._errors import ArgumentError
from .._events import label
from . import GRID, INK, PALETTE, _cohorts, figure
from ._cohorts import NOT_GIVEN, Rows, group_title, groups_of, is_grouped, money, nth, percent, under
from ._planning import value_axis

if TYPE_CHECKING:
    from .._result import Language, Result

_TEXT = {
    "triangle": {"en": "Retention by cohort", "zh": "同期群留存"},
    "curves": {"en": "Retention curves", "zh": "留存曲线"},
    "ltv": {"en": "Cumulative value per customer (LTV)", "zh": "累计客户价值（LTV）"},
    "payback": {"en": "Value against acquisition cost", "zh": "获客成本回收"},
    "size": {"en": "size", "zh": "人数"},
    "average": {"en": "average", "zh": "平均"},
    "retained": {"en": "came back", "zh": "留存"},
    "of": {"en": "of", "zh": "/"},
    "rate": {"en": "retention rate", "zh": "留存率"},
    "complete": {"en": "", "zh": ""},
    "partial": {"en": "not over: a lower bound", "zh": "未结束，只是下限"},
    "hatched": {"en": "hatched: not over, may still rise", "zh": "斜线：尚未结束，仍可能上升"},
    "shades": {"en": "from light (oldest cohort) to dark (newest)", "zh": "由浅（最早）到深（最新）的同期群"},
    "hollow": {"en": "hollow: not over", "zh": "空心：尚未结束"},
    "so_far": {
        "en": "average of the cohorts that got so far; dotted: of fewer than half of them",
        "zh": "平均：已到达该期的同期群；虚线：不足一半",
    },
    "cohorts": {"en": "cohorts averaged", "zh": "个同期群参与平均"},
    "value": {"en": "value", "zh": "金额"},
    "per_unit": {"en": "per customer", "zh": "人均"},
    "cumulative": {"en": "cumulative per customer", "zh": "累计人均"},
    "cost_per_unit": {"en": "cost per customer", "zh": "单客成本"},
    "cost": {"en": "cost", "zh": "获客成本"},
    "paid_back": {"en": "paid back", "zh": "已回本"},
    "provisional": {"en": "paid back so far (not over)", "zh": "暂时回本（未结束）"},
    "open": {"en": "not yet paid back", "zh": "尚未回本"},
    "to_cost": {"en": "value / cost", "zh": "累计价值 / 成本"},
    "group": {"en": "by group", "zh": "分组"},
}


def _say(key: str, lang: Language) -> str:
    return _TEXT[key][lang]


def _period(rows: Rows) -> str:
    return _cohorts.period_of(rows, "cohort_start", "cohort")


def _axis(period: str, lang: Language) -> str:
    if lang == "zh":
        return f"起始后第几{'个' if period in ('month', 'quarter') else ''}{_cohorts.unit_of(period, lang).removeprefix('个')}"
    return f"{period}s since the cohort began"


def _column(row: dict[str, Any]) -> str:
    """An interval, or a bracket: 3, 1–3."""
    first, last = row["interval_from"], row["interval_to"]
    return str(first) if first == last else f"{first}–{last}"


def _columns(rows: Rows) -> dict[int, str]:
    return {row["k"]: _column(row) for row in rows}


def _interval(row: dict[str, Any]) -> str:
    return "" if row["lo"] is None else f" [{percent(row['lo'])}, {percent(row['hi'])}]"


def _when(row: dict[str, Any], period: str, lang: Language) -> str:
    first, last = row["interval_from"], row["interval_to"]
    if first == last:
        return nth(first, period, lang)
    unit = _cohorts.unit_of(period, lang).removeprefix("个")
    return f"第 {first}–{last} {unit}" if lang == "zh" else f"{period}s {first}–{last}"


def _hover(row: dict[str, Any], period: str, result: Result, lang: Language) -> str:
    """A cell, in full."""
    name = _cohorts.period_label(row["cohort_start"], period)
    lines = [f"<b>{name}</b> · {_when(row, period, lang)}"]
    if row["k"] == 0:
        lines[0] = f"<b>{name}</b>"
        lines.append(f"{_say('size', lang)}: {row['size']:,}")
    elif row["num"] is not None:
        lines.append(f"{_say('retained', lang)}: {row['num']:,} {_say('of', lang)} {row['den'] or 0:,}")
        lines.append(f"{_say('rate', lang)}: {percent(row['rate'])}{_interval(row)}")
    if row["value_sum"] is not None:
        lines.append(f"{_say('value', lang)}: {money(row['value_sum'], result, lang)}")
        lines.append(f"{_say('per_unit', lang)}: {money(row['value_per_unit'], result, lang)}")
    if row["ltv"] is not None:
        lines.append(f"{_say('cumulative', lang)}: {money(row['ltv'], result, lang)}")
    if row["value_to_cost"] is not None:
        lines.append(f"{_say('to_cost', lang)}: {percent(row['value_to_cost'], 0)}")
    if row["status"] == "partial":
        lines.append(f"<i>{_say('partial', lang)}</i>")
    return "<br>".join(lines)


def _average_hover(row: dict[str, Any], period: str, result: Result, lang: Language, name: str) -> str:
    lines = [f"<b>{name}</b> · {_when(row, period, lang)}"]
    lines.append(f"{row['cohorts']:,} {_say('cohorts', lang)}")
    lines.append(f"{_say('retained', lang)}: {row['num']:,} {_say('of', lang)} {row['den']:,}")
    lines.append(f"{_say('rate', lang)}: {percent(row['rate'])}{_interval(row)}")
    if row["ltv"] is not None:
        lines.append(f"{_say('cumulative', lang)}: {money(row['ltv'], result, lang)}")
    return "<br>".join(lines)


def _averages(result: Result, group: str | None) -> Rows:
    table = result.tables.get("average")
    return [] if table is None else [row for row in table.to_rows() if row["group"] == group]


# ------------------------------------------------------------------------------------------------------------ triangle


class _Sheet:
    """Cells of the triangle as they are gathered: colours, texts and hovers by place."""

    def __init__(self, columns: int, most: float) -> None:
        self.columns = columns
        self.most = most or 1.0
        self.x: list[int] = []
        self.y: list[float] = []
        self.texts: list[str] = []
        self.inks: list[str] = []
        self.hatched: dict[bool, tuple[list[float | None], list[float | None]]] = {False: ([], []), True: ([], [])}

    def write(self, x: int, y: float, text: str, value: float | None) -> None:
        """A text in a cell, in a colour that can be read on the cell's."""
        self.x.append(x)
        self.y.append(y)
        self.texts.append(text)
        self.inks.append("white" if self._dark(value) else INK)

    def _dark(self, value: float | None) -> bool:
        return value is not None and value / self.most > 0.55

    def hatch(self, x: int, y: float, value: float) -> None:
        """Strokes over a cell that is not over, light ones on dark cells."""
        across, down = self.hatched[self._dark(value)]
        across += [x - 0.48, x + 0.48, x + 0.48, x - 0.48, x - 0.48, None]
        down += [y - 0.47, y - 0.47, y + 0.47, y + 0.47, y - 0.47, None]

    def strokes(self) -> list[go.Scatter]:
        """What is hatched."""
        return [
            go.Scatter(
                x=across,
                y=down,
                mode="none",
                fill="toself",
                fillcolor="rgba(0,0,0,0)",
                fillpattern={**_cohorts.HATCH, **({"fgcolor": "rgba(255,255,255,0.75)"} if dark else {})},
                hoverinfo="skip",
                showlegend=False,
            )
            for dark, (across, down) in self.hatched.items()
            if across
        ]

    def rate(self, value: float | None, *, partial: bool = False) -> str:
        """As much of a rate as there is room for."""
        if value is None or self.columns > 46:
            return ""
        mark = "≥" if partial and self.columns <= 14 else ""
        if self.columns > 22:
            return f"{value * 100:.0f}"
        return f"{mark}{value:.0%}" if self.columns > 14 else f"{mark}{value:.1%}"


def _heat(z: list[list[float | None]], hovers: list[list[str]], first: float, most: float) -> go.Heatmap:
    return go.Heatmap(
        z=z,
        x0=0,
        dx=1,
        y0=first,
        dy=1,
        customdata=hovers,
        hovertemplate="%{customdata}<extra></extra>",
        hoverongaps=False,
        colorscale=[[i / (len(_cohorts.SCALE) - 1), colour] for i, colour in enumerate(_cohorts.SCALE)],
        zmin=0,
        zmax=most,
        xgap=1.5,
        ygap=1.5,
        showscale=False,
    )


_AVERAGE_AT = -1.3


def _cohort_rows(sheet: _Sheet, by_cohort: dict[int, Rows], period: str, result: Result, lang: Language) -> go.Heatmap:
    z: list[list[float | None]] = []
    hovers: list[list[str]] = []
    for y, cells in enumerate(by_cohort.values()):
        line: list[float | None] = [None] * sheet.columns
        told = [""] * sheet.columns
        for cell in cells:
            k = cell["k"]
            told[k] = _hover(cell, period, result, lang)
            if k == 0:
                sheet.write(0, y, f"{cell['size']:,}", None)
                continue
            shown = cell["rate"] if cell["status"] != "future" else None
            line[k] = shown
            partial = cell["status"] == "partial"
            sheet.write(k, y, sheet.rate(shown, partial=partial), shown)
            if partial and shown is not None:
                sheet.hatch(k, y, shown)
        z.append(line)
        hovers.append(told)
    return _heat(z, hovers, 0, sheet.most)


def _average_row(sheet: _Sheet, rows: Rows, period: str, result: Result, lang: Language) -> go.Heatmap:
    line: list[float | None] = [None] * sheet.columns
    told = [""] * sheet.columns
    for row in rows:
        k = row["k"]
        if k == 0:
            sheet.write(0, _AVERAGE_AT, f"<b>{row['den']:,}</b>" if row["den"] is not None else "", None)
            continue
        line[k] = row["rate"]
        told[k] = _average_hover(row, period, result, lang, _say("average", lang))
        text = sheet.rate(row["rate"])
        sheet.write(k, _AVERAGE_AT, f"<b>{text}</b>" if text else "", row["rate"])
    return _heat([line], [told], _AVERAGE_AT, sheet.most)


def _darkest(rows: Rows, average: Rows) -> float:
    """The rate that gets the darkest colour: nearly the largest, so that a cohort of one or two does not pale the others."""
    seen = [row for row in rows if row["k"] > 0 and row["rate"] is not None and row["status"] == "complete"]
    seen = seen or [row for row in rows if row["k"] > 0 and row["rate"] is not None and row["status"] == "partial"]
    seen.sort(key=lambda row: row["rate"])
    units = sum(row["size"] for row in seen)
    found = max((row["rate"] for row in average if row["k"] > 0 and row["rate"] is not None), default=0.0)
    below = 0
    for row in seen:
        below += row["size"]
        if below >= 0.98 * units:
            return min(max(found, row["rate"]), 1.0) or 1.0
    return min(found, 1.0) or 1.0


def _row_size(rows: int) -> int:
    return 30 if rows <= 16 else 25 if rows <= 34 else 19


def _letter_size(columns: int, rows: int) -> int:
    return 12 if columns <= 14 and rows <= 34 else 11 if columns <= 22 and rows <= 46 else 9


@figure("retention", "triangle")
def triangle(result: Result, *, lang: Language, group: str | None = NOT_GIVEN, title: str = "") -> go.Figure:
    """Cohorts as rows, intervals as columns; the average above, cells that are not over hatched. ``group``: of a breakdown."""
    groups = groups_of(result.tables["cells"].to_rows())
    name, rows = _cohorts.chosen(groups, group, "size")
    period = _period(rows)
    titles = _columns(rows)
    by_cohort: dict[int, Rows] = {}
    for row in rows:
        by_cohort.setdefault(row["cohort"], []).append(row)
    average = _averages(result, name)
    sheet = _Sheet(len(titles), _darkest(rows, average))
    made = go.Figure(_cohort_rows(sheet, by_cohort, period, result, lang))
    if average:
        made.add_trace(_average_row(sheet, average, period, result, lang))
    strokes = sheet.strokes()
    made.add_traces(strokes)
    made.add_trace(
        go.Scatter(
            x=sheet.x,
            y=sheet.y,
            text=sheet.texts,
            mode="text",
            textfont={"color": sheet.inks, "size": _letter_size(len(titles), len(by_cohort))},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    _triangle_axes(made, by_cohort, titles, period, bool(average), lang)
    title = group_title(title or _say("triangle", lang), name, groups, lang)
    made.update_layout(
        title={
            "text": under(title, _say("hatched", lang) if strokes else ""),
            "y": 1,
            "yanchor": "top",
            "pad": {"t": 14},
        },
        margin={"t": 112 if strokes else 94},
        height=max(300, _row_size(len(by_cohort)) * (len(by_cohort) + 2) + 170),
        plot_bgcolor="white",
    )
    return made


def _triangle_axes(
    made: go.Figure, by_cohort: dict[int, Rows], titles: dict[int, str], period: str, average: bool, lang: Language
) -> None:
    names = [_cohorts.period_label(rows[0]["cohort_start"], period) for rows in by_cohort.values()]
    step = 1 if len(titles) <= 46 else 5
    ticks = [k for k in titles if k == 0 or k % step == 0]
    made.update_xaxes(
        side="top",
        tickmode="array",
        tickvals=ticks,
        ticktext=[_say("size", lang) if k == 0 else titles[k] for k in ticks],
        title={"text": _axis(period, lang), "standoff": 4, "font": {"size": 12}},
        range=[-0.55, max(len(titles) - 0.45, 1)],
        showgrid=False,
        zeroline=False,
        tickangle=0,
        automargin=True,
    )
    heads = [f"<b>{_say('average', lang)}</b>"] if average else []
    places = [_AVERAGE_AT] if average else []
    made.update_yaxes(
        tickmode="array",
        tickvals=[*places, *range(len(names))],
        ticktext=[*heads, *names],
        range=[len(names) - 0.45, (_AVERAGE_AT if average else 0) - 0.55],
        showgrid=False,
        zeroline=False,
        automargin=True,
    )


# -------------------------------------------------------------------------------------------------------------- curves


class _Lines:
    """Curves of cohorts or of groups: what is complete as a line, what is not over as hollow points at its end."""

    def __init__(self, key: str, scale: float, first: int) -> None:
        self.key = key
        self.scale = scale
        self.first = first
        self.made = go.Figure()
        self.tops: list[float] = []

    def value(self, row: dict[str, Any]) -> float | None:
        """What is drawn of a row."""
        found = row[self.key]
        return None if found is None else found / self.scale

    def add(self, rows: Rows, hovers: list[str], name: str, colour: str, *, width: float, legend: bool) -> None:
        """A curve."""
        points = [
            (row["k"], self.value(row), hover, row.get("status") == "partial")
            for row, hover in zip(rows, hovers, strict=True)
            if row["k"] >= self.first and self.value(row) is not None and row.get("status") != "future"
        ]
        if not points:
            return
        self.tops += [point[1] for point in points if point[1] is not None]
        solid = [point for point in points if not point[3]]
        look = {"name": name, "legendgroup": name, "opacity": 1 if width >= 1 else 0.55}
        self._trace(solid or points[:1], colour, width, open_end=not solid, **look, showlegend=legend)
        if solid and len(solid) < len(points):
            after = [solid[-1], *(point for point in points if point[3])]
            self._trace(after, colour, width, open_end=True, **look, showlegend=False)

    def _trace(self, points: list[Any], colour: str, width: float, *, open_end: bool, **look: Any) -> None:
        fills = ["white" if point[3] else colour for point in points]
        self.made.add_trace(
            go.Scatter(
                x=[point[0] for point in points],
                y=[point[1] for point in points],
                mode="lines+markers",
                line={"color": colour, "width": width, "dash": "dot" if open_end else "solid"},
                marker={"size": 3 + 1.4 * width, "color": fills, "line": {"width": min(width, 1.6), "color": colour}},
                customdata=[point[2] for point in points],
                hovertemplate="%{customdata}<extra></extra>",
                **look,
            )
        )


def _cohort_lines(lines: _Lines, rows: Rows, period: str, result: Result, lang: Language) -> int:
    """A curve for each cohort, the newest the darkest."""
    by_cohort = groups_of([{**row, "group": row["cohort"]} for row in rows if row["size"]])
    legend = len(by_cohort) <= 13
    width = 1.6 if len(by_cohort) <= 16 else 0.7
    for number, cells in enumerate(by_cohort.values()):
        colour = _cohorts.shade(0.25 + 0.75 * (number + 1) / len(by_cohort))
        name = _cohorts.period_label(cells[0]["cohort_start"], period)
        hovers = [_hover(cell, period, result, lang) for cell in cells]
        lines.add(cells, hovers, name, colour, width=width, legend=legend)
    return len(by_cohort)


def _average_line(
    lines: _Lines, result: Result, group: str | None, name: str, colour: str, period: str, lang: Language
) -> None:
    rows = _averages(result, group)
    most = max((row["cohorts"] for row in rows), default=0)
    rows = [{**row, "status": "partial" if 2 * row["cohorts"] < most else "complete"} for row in rows]
    hovers = [_average_hover(row, period, result, lang, name) for row in rows]
    lines.add(rows, hovers, name, colour, width=3, legend=True)


def _draw_lines(lines: _Lines, result: Result, group: str | None, title: str, lang: Language) -> tuple[go.Figure, Rows]:
    """Curves of the cohorts of a group and their average; of a breakdown, unless one group is asked for, an average each."""
    groups = groups_of(result.tables["cells"].to_rows())
    every = is_grouped(groups) and group == NOT_GIVEN
    name, rows = _cohorts.chosen(groups, group, "size")
    period = _period(rows)
    note = _say("hollow", lang)
    if every:
        largest = sorted(groups, key=lambda each: -sum(row["size"] for row in groups[each] if row["k"] == 0))
        for each, colour in zip(largest, PALETTE, strict=False):
            _average_line(lines, result, each, label(each, lang), colour, period, lang)
        title, note, rows = f"{title} · {_say('group', lang)}", _say("so_far", lang), []
    else:
        _cohort_lines(lines, rows, period, result, lang)
        _average_line(lines, result, name, _say("average", lang), PALETTE[5], period, lang)
        title = group_title(title, name, groups, lang)
        note = f"{_say('shades', lang)} · {note} · {_say('so_far', lang)}"
    titles = _columns(next(iter(groups.values()), []))
    made = lines.made
    shown = [k for k in titles if k >= lines.first]
    step = max(1, -(-len(shown) // 16))
    made.update_xaxes(
        title_text=_axis(period, lang),
        tickvals=shown[::step],
        ticktext=[titles[k] for k in shown[::step]],
        showgrid=False,
        zeroline=False,
    )
    made.update_layout(
        title_text=under(title, note), height=440, hovermode="closest", legend={"x": 1.01, "y": 1, "tracegroupgap": 2}
    )
    return made, rows


@figure("retention", "curves")
def curves(result: Result, *, lang: Language, group: str | None = NOT_GIVEN) -> go.Figure:
    """Retention by interval: a curve for each cohort and their average; with a breakdown the average of each group."""
    made, _ = _draw_lines(_Lines("rate", 1, 1), result, group, _say("curves", lang), lang)
    made.update_yaxes(
        title_text=_say("rate", lang), tickformat=".0%", rangemode="tozero", gridcolor=GRID, automargin=True
    )
    return made


# --------------------------------------------------------------------------------------------------------------- value


_PAID = {
    "paid_back": ("star", PALETTE[2], 15),
    "provisional": ("star-open", PALETTE[2], 15),
    "open": ("x-thin", PALETTE[5], 8),
}


def _payback_marks(made: go.Figure, result: Result, rows: Rows, key: str, scale: float, lang: Language) -> None:
    """Where each cohort has earned what it cost, or stands without having."""
    table = result.tables.get("payback")
    if table is None or not rows:
        return
    cells = {(row["cohort"], row["k"]): row for row in rows}
    by_status: dict[str, list[tuple[int, float, str]]] = {}
    for paid in table.to_rows():
        k = paid["payback"] if paid["payback"] is not None else paid["k"]
        cell = cells.get((paid["cohort"], k))
        if paid["group"] != rows[0]["group"] or cell is None or cell[key] is None:
            continue
        period = _period(rows)
        name = _cohorts.period_label(paid["cohort_start"], period)
        lines = [f"<b>{name}</b> · {_say(paid['status'], lang)}", _when(cell, period, lang)]
        lines.append(f"{_say('cost_per_unit', lang)}: {money(paid['cost_per_unit'], result, lang)}")
        lines.append(f"{_say('cumulative', lang)}: {money(cell['ltv'], result, lang)}")
        by_status.setdefault(paid["status"], []).append((k, cell[key] / scale, "<br>".join(lines)))
    for status, (symbol, colour, size) in _PAID.items():
        points = by_status.get(status, [])
        if points:
            made.add_trace(
                go.Scatter(
                    x=[point[0] for point in points],
                    y=[point[1] for point in points],
                    mode="markers",
                    name=_say(status, lang),
                    marker={"symbol": symbol, "size": size, "color": colour, "line": {"width": 2, "color": colour}},
                    customdata=[point[2] for point in points],
                    hovertemplate="%{customdata}<extra></extra>",
                )
            )


@figure("retention", "ltv")
def ltv(result: Result, *, lang: Language, group: str | None = NOT_GIVEN) -> go.Figure:
    """What a customer has brought up to each interval; stars where a cohort with a cost has paid back."""
    if not any(value is not None for value in result.tables["cells"]["ltv"]):
        raise ArgumentError('this result has no values: ask for them with value="amount"')
    lines = _Lines("ltv", _cohorts.scale_of(result), 0)
    made, rows = _draw_lines(lines, result, group, _say("ltv", lang), lang)
    _payback_marks(made, result, rows, "ltv", lines.scale, lang)
    value_axis(made, lines.tops, lang)
    made.update_yaxes(title_text=_say("cumulative", lang))
    return made


@figure("retention", "payback")
def payback(result: Result, *, lang: Language, group: str | None = NOT_GIVEN) -> go.Figure:
    """Cumulative value of each cohort with a cost against it; at 100 % it has paid back."""
    table = result.tables.get("payback")
    if table is None or not len(table):
        raise ArgumentError("this result has no costs: give costs={cohort: cost}")
    groups = groups_of(table.to_rows())
    name, _ = _cohorts.chosen(groups, group, "cost")
    cells = [
        row for row in result.tables["cells"].to_rows() if row["group"] == name and row["value_to_cost"] is not None
    ]
    lines = _Lines("value_to_cost", 1, 0)
    period = _period(cells)
    _cohort_lines(lines, cells, period, result, lang)
    made = lines.made
    _payback_marks(made, result, cells, "value_to_cost", 1, lang)
    made.add_hline(y=1, line={"color": INK, "width": 1.5, "dash": "dash"})
    longest = max((row["k"] for row in cells), default=0)
    step = max(1, -(-(longest + 1) // 16))
    made.update_xaxes(
        title_text=_axis(period, lang), tickvals=list(range(0, longest + 1, step)), showgrid=False, zeroline=False
    )
    made.update_yaxes(
        title_text=_say("to_cost", lang), tickformat=".0%", rangemode="tozero", gridcolor=GRID, automargin=True
    )
    made.update_layout(
        title_text=under(group_title(_say("payback", lang), name, groups, lang), _say("hollow", lang)),
        height=440,
        hovermode="closest",
        legend={"x": 1.01, "y": 1, "tracegroupgap": 2},
    )
    return made
