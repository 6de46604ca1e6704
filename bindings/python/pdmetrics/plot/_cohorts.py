"""What figures of cohorts share: periods and what they are called, numbers, groups, what is not over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._errors import ArgumentError
from .._events import label
from .._periods import counted, nth, period_label, period_of, unit_of
from .._result import Language
from ._planning import short_number

if TYPE_CHECKING:
    from .._result import Result, Table

Rows = list[dict[str, Any]]

# Where the legend stands when the axis or the title needs the top.
LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"}
HATCH = {"shape": "/", "fgcolor": "rgba(60,70,80,0.45)", "bgcolor": "rgba(0,0,0,0)", "size": 7, "solidity": 0.2}
# From few to many, for those who cannot tell colours apart too: only lightness counts.
SCALE = ("#edf4fa", "#c3dbee", "#8dbcdf", "#4f97ca", "#0072b2", "#004f80")


def percent(value: float | None, digits: int = 1) -> str:
    """A share as readers expect it."""
    return "–" if value is None else f"{value:.{digits}%}"


def scale_of(result: Result) -> int:
    """Minor units to one of the currency."""
    return int(10 ** (2 if result.currency_exponent is None else result.currency_exponent))


def money(value: float | None, result: Result, lang: Language) -> str:
    """An amount in little room."""
    if value is None:
        return "–"
    shown = value / scale_of(result)
    return f"{shown:,.2f}" if abs(shown) < 1000 else f"{shown:,.0f}" if abs(shown) < 1e6 else short_number(shown, lang)


def groups_of(rows: Rows) -> dict[str | None, Rows]:
    """Rows by group, in their order."""
    found: dict[str | None, Rows] = {}
    for row in rows:
        found.setdefault(row["group"], []).append(row)
    return found


def is_grouped(groups: dict[str | None, Rows]) -> bool:
    """Whether there is a breakdown: one group without a name is none."""
    return bool(set(groups) - {None})


NOT_GIVEN = "(largest)"


def chosen(groups: dict[str | None, Rows], group: str | None, weight: str) -> tuple[str | None, Rows]:
    """The rows of a group; without a choice those of the one that weighs most."""
    if group == NOT_GIVEN:
        if not groups:
            return None, []
        best = max(groups, key=lambda name: sum(row[weight] or 0 for row in groups[name]))
        return best, groups[best]
    if group not in groups:
        known = ", ".join(repr(name) for name in groups)
        raise ArgumentError(f"group: no {group!r}; there are {known or 'none'}")
    return group, groups[group]


def group_title(title: str, group: str | None, groups: dict[str | None, Rows], lang: Language) -> str:
    """A title that says which group is drawn, if there are several."""
    if not is_grouped(groups):
        return title
    return f"{title}{'：' if lang == 'zh' else ': '}{label(group, lang)}"


def under(title: str, note: str) -> str:
    """A title with a line in small letters."""
    return f'{title}<br><span style="font-size:12px;color:#616e7c">{note}</span>' if note else title


def shade(position: float) -> str:
    """A colour of the scale, between 0 and 1."""
    last = len(SCALE) - 1
    at = min(max(position, 0.0), 1.0) * last
    left = min(int(at), last - 1)
    pair = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in SCALE[left : left + 2]]
    mixed = [round(a + (b - a) * (at - left)) for a, b in zip(*pair, strict=True)]
    return "#" + "".join(f"{part:02x}" for part in mixed)


def needs(table: Table | None, message: str) -> Rows:
    """Rows of a table that a figure cannot do without."""
    if table is None or not len(table):
        raise ArgumentError(message)
    return table.to_rows()


__all__ = [
    "HATCH",
    "LEGEND",
    "NOT_GIVEN",
    "SCALE",
    "Rows",
    "chosen",
    "counted",
    "group_title",
    "groups_of",
    "is_grouped",
    "money",
    "needs",
    "nth",
    "percent",
    "period_label",
    "period_of",
    "scale_of",
    "shade",
    "under",
    "unit_of",
]
