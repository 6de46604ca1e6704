"""Figures as a page shows them: in both languages, under its own headings, with the tables they were drawn from."""

from __future__ import annotations

import copy
import json
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, fields, is_dataclass, replace
from html import unescape
from typing import Any

from .._result import Column, Language, Result, Table
from ..plot import draw
from . import Drawn, Text

LANGUAGES: tuple[Language, ...] = ("en", "zh")
_LOWEST = 200
_HEIGHT = 450
_TAGS = re.compile(r"</?(?:br|b|i|em|strong|sub|sup|span|a)\b[^>]*>", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
# In a page the title stands above the chart: what is left of the margin, without and with words at the top of the plot.
_TOP, _TOP_WORDS = 10, 34
_LEGEND_LINE = 26
_PHONE = 345
_AXIS_COLUMNS = 36
_ROW_COLUMNS = 18
# No slashes: hatched is what is not over.
_TEXTURES = ("", ".", "-", "|", "+", "x")
_SIGNS = ("circle", "square", "diamond", "triangle-up", "x", "star", "triangle-down", "hexagon")


@dataclass
class Chart:
    """A figure in both languages."""

    title: Text
    below: Text
    drawn: dict[Language, dict[str, Any]]
    height: int
    least: int
    """Pixels of width that it needs to be read; 0 if it gets along with those of a phone."""
    name: str
    """What tells its result from others of the metric."""
    result: Result | None
    read: list[Table]
    """The tables of the result that it was drawn from."""


# ------------------------------------------------------------------------------------------------------------- watching


class _Watched(Table):
    """A table that remembers whether it was read."""

    was_read = False

    def column(self, name: str) -> Column:
        """A column."""
        self.was_read = True
        return super().column(name)

    __getitem__ = column


def _watched(result: Result) -> Result:
    made = copy.copy(result)
    made.tables = {}
    for name, table in result.tables.items():
        twin = _Watched.__new__(_Watched)
        twin.__dict__.update(table.__dict__)
        made.tables[name] = twin
    return made


def _watching(item: tuple[Result, str] | Drawn) -> tuple[tuple[Result, str] | Drawn, Result | None, Result | None]:
    """A figure whose tables say which of them it reads, its result, and the result that is watched."""
    if isinstance(item, tuple):
        seen = _watched(item[0])
        return (seen, item[1]), item[0], seen
    if is_dataclass(item) and not isinstance(item, type):
        for each in fields(item):
            value = getattr(item, each.name)
            if isinstance(value, Result):
                seen = _watched(value)
                return replace(item, **{each.name: seen}), value, seen
    return item, None, None


# -------------------------------------------------------------------------------------------------------------- drawing


def chart(item: tuple[Result, str] | Drawn) -> Chart:
    """Draws a figure of a section."""
    watching, result, seen = _watching(item)
    drawn = {lang: _drawn(watching, lang) for lang in LANGUAGES}
    title, below = _titles(drawn)
    height = max(_framed(drawn[lang]) for lang in LANGUAGES)
    for lang in LANGUAGES:
        drawn[lang]["layout"]["height"] = height
    read = []
    if result is not None and seen is not None:
        read = [table for name, table in result.tables.items() if getattr(seen.tables[name], "was_read", False)]
    name = str(getattr(item, "name", ""))
    return Chart(title, below, drawn, height, _least_width(drawn["en"]), name, result, read)


def _drawn(item: tuple[Result, str] | Drawn, lang: Language) -> dict[str, Any]:
    figure = draw(item[0], item[1], lang=lang) if isinstance(item, tuple) else item.draw(lang)
    made: dict[str, Any] = json.loads(figure.to_json())
    return made


def _words(markup: str) -> str:
    """The text of a title, which Plotly reads as a little HTML."""
    return unescape(_TAGS.sub("", markup)).strip()


def _titles(drawn: dict[Language, dict[str, Any]]) -> tuple[Text, Text]:
    """The title of a figure and what stands below it."""
    found = []
    for lang in LANGUAGES:
        whole = str(((drawn[lang]["layout"].get("title") or {}).get("text")) or "")
        first, *rest = _BREAK.split(whole)
        found.append((_words(first), " ".join(_words(each) for each in rest)))
    return Text(found[0][0], found[1][0]), Text(found[0][1], found[1][1])


def _has_legend(figure: dict[str, Any]) -> bool:
    said = figure["layout"].get("showlegend")
    if said is not None:
        return bool(said)
    named = [trace for trace in figure["data"] if trace.get("type") not in ("heatmap", "treemap", "sankey", "table")]
    return len(named) > 1 and any(trace.get("showlegend") is not False for trace in named)


def _framed(figure: dict[str, Any]) -> int:
    """Takes out the title, puts the legend where it wraps, marks the lines; returns the height left."""
    layout = figure["layout"]
    layout.pop("title", None)
    _axes(layout)
    _labels(figure)
    _marked(figure)
    _textured(figure)
    for trace in figure["data"]:
        if trace.get("type") == "funnel" and len(figure["data"]) == 1 and _fits(trace):
            trace["textposition"] = "inside"
    height = int(layout.get("height") or _HEIGHT)
    margin = layout.setdefault("margin", {})
    top = int(margin.get("t") or 0)
    axis_above = any(axis.get("side") == "top" for name, axis in layout.items() if name.startswith("xaxis"))
    words_above = any(
        note.get("yref") == "paper" and note.get("yanchor") == "bottom" and (note.get("y") or 0) >= 1
        for note in layout.get("annotations") or ()
    )
    kept_top = _TOP_WORDS if words_above or axis_above else _TOP
    margin["t"] = kept_top
    legend = _has_legend(figure)
    if legend:
        kept = {name: each for name, each in (layout.get("legend") or {}).items() if name in ("traceorder", "title")}
        layout["legend"] = kept | {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "xref": "container",
            "y": 1,
            "yanchor": "top",
            "yref": "container",
            "font": {"size": 12},
            "itemsizing": "constant",
        }
    return max(_LOWEST, height - max(0, top - kept_top) + (_LEGEND_LINE if legend else 0))


# ------------------------------------------------------------------------------------------- what a narrow screen needs


def _room(words: str) -> int:
    """Columns that words take; a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in words)


def _wrapped(words: str, most: int = _AXIS_COLUMNS) -> str:
    """A long title of an axis in lines that fit a phone."""
    if "<" in words or _room(words) <= most:
        return words
    lines = [""]
    for piece in re.findall(r"[^\s,;，；：:（(]*[\s,;，；：:]*|[（(]", words):
        if lines[-1] and _room(lines[-1] + piece.rstrip()) > most:
            lines.append("")
        lines[-1] += piece
    return "<br>".join(line.strip() for line in lines if line.strip())


def _labels(figure: dict[str, Any]) -> None:
    """Long names beside the rows of a figure in lines, so that they leave it some room."""
    axis = figure["layout"].setdefault("yaxis", {})
    sideways = [trace for trace in figure["data"] if trace.get("type") in ("funnel", "box", "heatmap", "bar")]
    if len(sideways) < len(figure["data"]) or axis.get("tickvals") or axis.get("ticktext"):
        return
    rows = [value for trace in sideways for value in trace.get("y") or () if isinstance(trace.get("y"), list)]
    if all(isinstance(value, str) for value in rows) and any(_room(value) > _ROW_COLUMNS for value in rows):
        names = list(dict.fromkeys(rows))
        axis.update(
            {"tickmode": "array", "tickvals": names, "ticktext": [_wrapped(name, _ROW_COLUMNS) for name in names]}
        )


def _axes(layout: dict[str, Any]) -> None:
    for name, axis in layout.items():
        title = axis.get("title") if re.fullmatch(r"[xy]axis\d*", name) else None
        if isinstance(title, dict) and title.get("text"):
            title.setdefault("font", {}).setdefault("size", 13)
            if name.startswith("x"):
                title["text"] = _wrapped(str(title["text"]))


def _length(trace: dict[str, Any], axis: str) -> int:
    values = trace.get(axis)
    return len(values) if isinstance(values, list) else 0


def _says_something(trace: dict[str, Any]) -> bool:
    return bool(trace.get("text") or trace.get("texttemplate")) and trace.get("textposition") != "none"


def _fits(trace: dict[str, Any]) -> bool:
    """Whether the words of a funnel fit into its bars on a phone."""
    values = [float(value) for value in trace.get("x") or () if value is not None]
    return len(values) <= 6 and min(values, default=0.0) > 0.3 * max(values, default=0.0)


def _of_trace(trace: dict[str, Any], beside: int) -> int:
    """Pixels that a trace needs, where ``beside`` are of its kind."""
    kind = trace.get("type")
    if kind == "heatmap":
        rows = trace.get("z")
        row = rows[0] if isinstance(rows, list) and rows else None
        return 150 + 42 * max(_length(trace, "x"), len(row) if isinstance(row, list) else 0)
    if kind == "funnel":
        return 0 if beside == 1 and _fits(trace) else 520
    if kind == "waterfall":
        return 60 + 56 * _length(trace, "x")
    if kind == "bar" and trace.get("orientation") != "h":
        return 80 + (34 if _says_something(trace) else 7) * min(_length(trace, "x"), 36)
    return {"treemap": 420, "sankey": 560, "box": 480}.get(str(kind), 0)


def _least_width(figure: dict[str, Any]) -> int:
    kinds = Counter(trace.get("type") for trace in figure["data"])
    least = max((_of_trace(trace, kinds[trace.get("type")]) for trace in figure["data"]), default=0)
    axes = (axis for name, axis in figure["layout"].items() if re.fullmatch(r"xaxis\d*", name))
    if any(axis["domain"][1] - axis["domain"][0] < 0.7 for axis in axes if axis.get("domain")):
        least = max(least, 640)
    return min(least, 860) if least > _PHONE else 0


# -------------------------------------------------------------------------------------------------------- not by colour


def _marked(figure: dict[str, Any]) -> None:
    """Gives lines signs of their own, so that no series is told by its colour alone."""
    lines = [
        trace
        for trace in figure["data"]
        if trace.get("type", "scatter") in ("scatter", "scattergl") and "lines" in str(trace.get("mode") or "")
    ]
    series = list(dict.fromkeys(trace["name"] for trace in lines if trace.get("name")))
    if len(series) < 2:
        return
    for trace in lines:
        if trace.get("name") not in series:
            continue
        sign = _SIGNS[series.index(trace["name"]) % len(_SIGNS)]
        marker = trace.setdefault("marker", {})
        if "markers" in trace["mode"]:
            # Hollow signs are hollow still.
            marker["symbol"] = _signed(marker.get("symbol"), sign)
        elif trace.get("showlegend") is not False and (trace.get("line") or {}).get("dash", "solid") == "solid":
            trace["mode"] = "lines+markers"
            marker.update({"symbol": sign, "size": 7, "maxdisplayed": 12})


def _textured(figure: dict[str, Any]) -> None:
    """Gives bars of several series a texture each; a figure that says something by hatching keeps what it says."""
    bars = [trace for trace in figure["data"] if trace.get("type") == "bar" and trace.get("name")]
    said = [((trace.get("marker") or {}).get("pattern") or {}).get("shape") for trace in bars]
    if any(any(shape) if isinstance(shape, list) else shape for shape in said):
        return
    series = list(dict.fromkeys(trace["name"] for trace in bars))
    for trace in bars:
        texture = _TEXTURES[series.index(trace["name"]) % len(_TEXTURES)]
        if texture:
            pattern = {
                "shape": texture,
                "size": 8,
                "solidity": 0.14,
                "fillmode": "overlay",
                "fgcolor": "#fff",
                "fgopacity": 0.55,
            }
            trace.setdefault("marker", {})["pattern"] = pattern


def _signed(symbol: Any, sign: str) -> Any:
    if isinstance(symbol, list):
        return [_signed(each, sign) for each in symbol]
    return f"{sign}-open" if isinstance(symbol, str) and symbol.endswith("-open") else sign
