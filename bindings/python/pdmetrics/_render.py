"""Tables as text and as HTML, for terminals and notebooks."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Any

_STYLE = (
    "font:12px/1.5 system-ui,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif;"
    "border-collapse:collapse;font-variant-numeric:tabular-nums"
)


def plain(value: Any) -> str:
    """A value as people read it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4f}" if abs(value) < 10 else f"{value:,.2f}"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return str(value)


def text_width(text: str) -> int:
    """Columns of a terminal that a text takes."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _cut(text: str, width: int) -> str:
    if text_width(text) <= width:
        return text
    kept = ""
    for character in text:
        if text_width(kept + character) > width - 1:
            break
        kept += character
    return kept + "…"


def text_table(
    name: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    gap: int | None,
    total: int,
    room: int = 150,
    numeric: Sequence[bool] | None = None,
) -> str:
    """A table of at most ``room`` characters a line; ``gap`` says before which of the rows others were left out.

    Columns of numbers stand right; ``numeric`` says which they are where numbers come as text.
    """
    cells = [[_cut(plain(value), 26) for value in row] for row in rows]
    if gap is not None:
        cells.insert(gap, ["…"] * len(columns))
    widths = [max([text_width(column), *(text_width(row[i]) for row in cells)]) for i, column in enumerate(columns)]
    right = list(numeric or ())
    if numeric is None:
        right = [all(isinstance(row[i], (int, float, type(None))) for row in rows) for i in range(len(columns))]
    shown = _fitting(widths, room)

    def line(values: Sequence[str]) -> str:
        parts = []
        for i in shown:
            if i < 0:
                parts.append("…")
                continue
            space = " " * (widths[i] - text_width(values[i]))
            parts.append(space + values[i] if right[i] else values[i] + space)
        return "  ".join(parts).rstrip()

    head = f"{name}: {total:,} rows × {len(columns)} columns"
    return "\n".join([head, line(columns), *(line(row) for row in cells)])


def _fitting(widths: Sequence[int], room: int) -> list[int]:
    """Columns that fit a line, from both ends; −1 marks those left out."""
    if sum(widths) + 2 * len(widths) <= room:
        return list(range(len(widths)))
    left: list[int] = []
    right: list[int] = []
    used = 3
    low, high = 0, len(widths) - 1
    while low <= high:
        index = low if len(left) <= len(right) else high
        if used + widths[index] + 2 > room:
            break
        used += widths[index] + 2
        if index == low and len(left) <= len(right):
            left.append(index)
            low += 1
        else:
            right.insert(0, index)
            high -= 1
    return [*left, -1, *right]


def html_table(
    name: str, columns: Sequence[str], units: Sequence[str], rows: Sequence[Sequence[Any]], gap: int | None, total: int
) -> str:
    """A compact table for a notebook. Everything that comes from data is escaped."""
    head = "".join(
        f'<th style="text-align:left;padding:2px 8px;border-bottom:1px solid #999" title="{escape(unit, quote=True)}">'
        f"{escape(column)}</th>"
        for column, unit in zip(columns, units, strict=True)
    )
    body = []
    for i, row in enumerate(rows):
        if i == gap:
            body.append(f'<tr><td colspan="{len(columns)}" style="text-align:center;color:#888;padding:0">⋮</td></tr>')
        body.append("<tr>" + "".join(map(_html_cell, row)) + "</tr>")
    return (
        f'<div style="overflow-x:auto"><table style="{_STYLE}"><caption style="text-align:left;color:#666">'
        f"{escape(name)} · {total:,} × {len(columns)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _html_cell(value: Any) -> str:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    style = f"padding:1px 8px;text-align:{'right' if number else 'left'}"
    if value is None:
        return f'<td style="{style};color:#aaa">–</td>'
    return f'<td style="{style}">{escape(plain(value))}</td>'


def html_names(names: Sequence[str]) -> str:
    """Which other tables there are."""
    if not names:
        return ""
    listed = ", ".join(f"<code>.{escape(name)}</code>" for name in names)
    return f'<div style="{_STYLE};color:#666">{listed}</div>'
