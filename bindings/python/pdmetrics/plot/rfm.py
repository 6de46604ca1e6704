"""Figures of RFM: who the customers are, where they sit in recency and frequency, where they go."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import compress
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go  # type: ignore[import-untyped,import-not-found,unused-ignore]
from plotly.subplots import make_subplots  # type: ignore[import-untyped,import-not-found,unused-ignore]

from .._errors import ArgumentError
from .._segments import action, label
from . import GRID, PALETTE, figure

if TYPE_CHECKING:
    from .._result import Language, Result, Table

_TEXT = {
    "title": {"en": "Customer segments", "zh": "客户分群"},
    "customers": {"en": "customers", "zh": "客户数"},
    "share": {"en": "share of customers", "zh": "客户占比"},
    "gmv_share": {"en": "share of sales", "zh": "销售额占比"},
    "gmv": {"en": "sales", "zh": "销售额"},
    "aov": {"en": "per order (AOV)", "zh": "笔单价"},
    "per_customer": {"en": "per customer", "zh": "客单价"},
    "repeat": {"en": "repurchase rate", "zh": "复购率"},
    "recency": {"en": "days since last order", "zh": "距上次购买天数"},
    "action": {"en": "what to do", "zh": "建议动作"},
    "heatmap": {"en": "Recency × frequency", "zh": "最近购买 × 购买频次"},
    "r": {"en": "R score (right: bought recently)", "zh": "R 得分（右：最近购买）"},
    "f": {"en": "F score (up: buys often)", "zh": "F 得分（上：购买频繁）"},
    "monetary": {"en": "mean monetary value", "zh": "平均消费金额"},
    "migration": {"en": "Where customers went", "zh": "客户分群迁移"},
    "from": {"en": "from", "zh": "原分群"},
    "to": {"en": "to", "zh": "现分群"},
    "row_share": {"en": "of the segment they came from", "zh": "占原分群"},
    "absent": {"en": "absent", "zh": "无订单"},
}


def _say(key: str, lang: Language) -> str:
    return _TEXT[key][lang]


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _money(value: float | None, result: Result) -> str:
    if value is None:
        return "–"
    exponent = 2 if result.currency_exponent is None else result.currency_exponent
    major = value / 10**exponent
    return f"{major:,.0f}" if abs(major) >= 1000 else f"{major:,.2f}"


def _latest(table: Table) -> list[dict[str, Any]]:
    """Rows of the last window, where a table has several."""
    rows = table.to_rows()
    if "window" not in table or not rows:
        return rows
    last = rows[-1]["window"]
    return [row for row in rows if row["window"] == last]


def segment_rows(result: Result) -> list[dict[str, Any]]:
    """Rows of the segment table without the total, best segment first."""
    rows = [row for row in _latest(result.tables["segments"]) if row["segment_id"] is not None]
    if not rows:
        raise ArgumentError('this result has no segments: it was made with map="none"')
    return rows


def _hover(row: dict[str, Any], result: Result, lang: Language) -> str:
    lines = [
        f"<b>{label(row, lang)}</b>",
        f"{row['customers']:,} {_say('customers', lang)} · {_percent(row['share'])}",
        f"{_say('gmv', lang)}: {_money(row['gmv'], result)} · {_percent(row['gmv_share'])}",
        f"{_say('aov', lang)}: {_money(row['aov'], result)}",
        f"{_say('per_customer', lang)}: {_money(row['per_customer'], result)}",
        f"{_say('repeat', lang)}: {_percent(row['repeat_rate'])}",
    ]
    days = row.get("mean_recency_days")
    if days is not None:
        lines.append(f"{_say('recency', lang)}: {days:,.0f}")
    advice = action(row["segment"], lang)
    if advice:
        lines.append(f"<i>{_say('action', lang)}: {advice}</i>")
    return "<br>".join(lines)


@figure("rfm", "segments")
def segments(result: Result, *, lang: Language) -> go.Figure:
    """The segments, sized by customers and coloured by what one is worth, beside their shares."""
    rows = segment_rows(result)
    names = [label(row, lang) for row in rows]
    hover = [_hover(row, result, lang) for row in rows]
    made = make_subplots(
        rows=1,
        cols=2,
        column_widths=[0.56, 0.44],
        horizontal_spacing=0.16,
        specs=[[{"type": "domain"}, {"type": "xy"}]],
    )
    made.add_trace(_tiles(rows, names, hover, lang), row=1, col=1)
    for key, colour in (("share", PALETTE[0]), ("gmv_share", PALETTE[1])):
        made.add_trace(
            go.Bar(
                y=names,
                x=[row[key] for row in rows],
                orientation="h",
                name=_say(key, lang),
                marker={"color": colour},
                customdata=hover,
                hovertemplate="%{customdata}<extra></extra>",
            ),
            row=1,
            col=2,
        )
    made.update_yaxes(autorange="reversed", automargin=True)
    made.update_xaxes(tickformat=".0%", gridcolor=GRID)
    made.update_layout(
        title_text=_say("title", lang),
        bargap=0.25,
        height=max(380, 34 * len(rows) + 120),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
    )
    return made


def _tiles(rows: list[dict[str, Any]], names: list[str], hover: list[str], lang: Language) -> go.Treemap:
    worth = [row["per_customer"] or 0 for row in rows]
    order = sorted(worth)
    # By rank, not by value: one segment of large spenders would leave all others in one colour.
    colours = [order.index(value) / max(1, len(order) - 1) for value in worth]
    return go.Treemap(
        labels=names,
        parents=[""] * len(rows),
        values=[row["customers"] for row in rows],
        text=[f"{row['customers']:,} · {_percent(row['share'])}" for row in rows],
        textinfo="label+text",
        customdata=hover,
        hovertemplate="%{customdata}<extra></extra>",
        marker={
            "colors": colours,
            "colorscale": "Cividis",
            "cmin": 0,
            "cmax": 1,
            "line": {"width": 2, "color": "white"},
            "cornerradius": 3,
            "pad": {"t": 0, "l": 0, "r": 0, "b": 0},
        },
        root={"color": "rgba(0,0,0,0)"},
        pathbar={"visible": False},
        name=_say("customers", lang),
        tiling={"pad": 2},
    )


Cells = dict[tuple[int, int], float]


def _by_score(main: Table) -> tuple[Counter[tuple[int, int]], Cells]:
    """Customers and money of each pair of R and F scores, in the last window."""
    counts: Counter[tuple[int, int]] = Counter()
    money: Cells = defaultdict(float)
    windows = main["window"].categories() if "window" in main else []
    last = windows[-1] if len(windows) > 1 else None
    step = 1 << 18
    for start in range(0, len(main), step):
        r_f = list(zip(main["r_score"][start : start + step], main["f_score"][start : start + step], strict=True))
        spent = main["monetary"][start : start + step]
        if last is not None:
            kept = [window == last for window in main["window"][start : start + step]]
            r_f, spent = list(compress(r_f, kept)), list(compress(spent, kept))
        counts.update(r_f)
        for cell, value in zip(r_f, spent, strict=True):
            money[cell] += value
    for cell in [cell for cell in counts if None in cell]:
        del counts[cell]
    return counts, money


@figure("rfm", "heatmap")
def heatmap(result: Result, *, lang: Language) -> go.Figure:
    """Customers by recency and frequency score; hover says what they are worth."""
    main = result.main
    if "r_score" not in main:
        raise ArgumentError("this result has no scores")
    counts, money = _by_score(main)
    r_all = range(1, max((r for r, _ in counts), default=5) + 1)
    f_all = range(1, max((f for _, f in counts), default=5) + 1)
    total = sum(counts.values()) or 1
    hover = [
        [
            f"R {r} · F {f}<br>{counts[r, f]:,} {_say('customers', lang)} · {_percent(counts[r, f] / total)}<br>"
            f"{_say('monetary', lang)}: {_money(money[r, f] / counts[r, f] if counts[r, f] else None, result)}"
            for r in r_all
        ]
        for f in f_all
    ]
    made = go.Figure(
        go.Heatmap(
            x=[str(r) for r in r_all],
            y=[str(f) for f in f_all],
            z=[[counts[r, f] for r in r_all] for f in f_all],
            text=[[f"{counts[r, f]:,}" if counts[r, f] else "" for r in r_all] for f in f_all],
            texttemplate="%{text}",
            customdata=hover,
            hovertemplate="%{customdata}<extra></extra>",
            colorscale="Cividis",
            xgap=3,
            ygap=3,
            colorbar={"title": {"text": _say("customers", lang)}, "thickness": 12},
        )
    )
    made.update_xaxes(title_text=_say("r", lang), type="category")
    made.update_yaxes(title_text=_say("f", lang), type="category", automargin=True)
    made.update_layout(title_text=_say("heatmap", lang), height=440)
    return made


def _moves(result: Result) -> list[dict[str, Any]]:
    table = result.tables.get("migration")
    if table is None or not len(table):
        raise ArgumentError("this result has no migration: it needs at least two windows")
    rows = table.to_rows()
    pair = {name: rows[-1][name] for name in ("from_window", "to_window", "pair") if name in rows[-1]}
    return [row for row in rows if all(row[name] == value for name, value in pair.items())]


def _names(result: Result, lang: Language) -> dict[str, str]:
    names = {row["segment"]: label(row, lang) for row in segment_rows(result)}
    names["absent"] = _say("absent", lang)
    return names


@figure("rfm", "migration")
def migration(result: Result, *, lang: Language) -> go.Figure:
    """From which segment to which: each row adds up to 100 %."""
    rows = _moves(result)
    names = _names(result, lang)
    sources = list(dict.fromkeys(row["from_segment"] for row in rows))
    targets = list(dict.fromkeys(row["to_segment"] for row in rows))
    cells = {(row["from_segment"], row["to_segment"]): row for row in rows}

    def cell(source: str, target: str, key: str) -> Any:
        return cells.get((source, target), {}).get(key)

    hover = [
        [
            f"{names.get(s, s)} → {names.get(t, t)}<br>{cell(s, t, 'customers') or 0:,} {_say('customers', lang)}<br>"
            f"{_percent(cell(s, t, 'row_share'))} {_say('row_share', lang)}"
            for t in targets
        ]
        for s in sources
    ]
    made = go.Figure(
        go.Heatmap(
            x=[names.get(t, t) for t in targets],
            y=[names.get(s, s) for s in sources],
            z=[[cell(s, t, "row_share") for t in targets] for s in sources],
            text=[
                [f"{cell(s, t, 'customers'):,}" if cell(s, t, "customers") else "" for t in targets] for s in sources
            ],
            texttemplate="%{text}",
            customdata=hover,
            hovertemplate="%{customdata}<extra></extra>",
            colorscale="Cividis",
            zmin=0,
            xgap=2,
            ygap=2,
            colorbar={"tickformat": ".0%", "thickness": 12},
        )
    )
    made.update_yaxes(autorange="reversed", title_text=_say("from", lang), automargin=True)
    made.update_xaxes(title_text=_say("to", lang), side="bottom", automargin=True)
    made.update_layout(title_text=_say("migration", lang), height=max(420, 34 * len(sources) + 180))
    return made


@figure("rfm", "sankey")
def sankey(result: Result, *, lang: Language) -> go.Figure:
    """The same as streams, wide where many customers went."""
    rows = [row for row in _moves(result) if row["customers"]]
    names = _names(result, lang)
    sources = list(dict.fromkeys(row["from_segment"] for row in rows))
    targets = list(dict.fromkeys(row["to_segment"] for row in rows))
    every = list(names)
    colour = {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(every)}
    made = go.Figure(
        go.Sankey(
            arrangement="snap",
            node={
                "label": [names.get(name, name) for name in [*sources, *targets]],
                "color": [colour.get(name, PALETTE[-1]) for name in [*sources, *targets]],
                "pad": 12,
                "thickness": 14,
            },
            link={
                "source": [sources.index(row["from_segment"]) for row in rows],
                "target": [len(sources) + targets.index(row["to_segment"]) for row in rows],
                "value": [row["customers"] for row in rows],
                "color": [_pale(colour.get(row["from_segment"], PALETTE[-1])) for row in rows],
            },
        )
    )
    made.update_layout(title_text=_say("migration", lang), height=520)
    return made


def _pale(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.35)"
