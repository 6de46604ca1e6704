"""Calendar periods in words: what a table's rows are periods of, what one is called, how many there are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._result import Language

_UNITS = {
    "hour": {"en": "hour", "zh": "小时", "each": "小时"},
    "day": {"en": "day", "zh": "天", "each": "日"},
    "week": {"en": "week", "zh": "周", "each": "周"},
    "month": {"en": "month", "zh": "个月", "each": "月"},
    "quarter": {"en": "quarter", "zh": "个季度", "each": "季度"},
    "year": {"en": "year", "zh": "年", "each": "年"},
}
_EPOCH = datetime(1970, 1, 1)


def _index(start: datetime, period: str) -> int:
    """Index of the period that begins at a local time, as the library counts."""
    if period == "hour":
        return int((start - _EPOCH).total_seconds() // 3600)
    if period == "day":
        return (start - _EPOCH).days
    if period == "month":
        return 12 * start.year + start.month - 1
    return 4 * start.year + (start.month - 1) // 3 if period == "quarter" else start.year


def period_of(rows: Iterable[dict[str, Any]], start: str, index: str) -> str:
    """Which period the rows are of: what the first instants and the indices have in common."""
    known = [(row[start].replace(tzinfo=None), row[index]) for row in rows if row[start] is not None]
    for period in ("day", "month", "hour", "quarter", "year"):
        if known and all(_index(at, period) == number for at, number in known):
            return period
    return "week"


def period_label(start: datetime, period: str) -> str:
    """A period by its beginning."""
    if period == "quarter":
        return f"{start.year} Q{(start.month + 2) // 3}"
    shape = {"hour": "%m-%d %H:00", "month": "%Y-%m", "year": "%Y"}.get(period, "%Y-%m-%d")
    return f"{start:{shape}}"


def unit_of(period: str, lang: Language) -> str:
    """One of a number of periods: "3 months", "3个月"."""
    return _UNITS[period][lang]


def counted(number: int, period: str, lang: Language) -> str:
    """A number of periods."""
    if lang == "zh":
        return f"{number} {_UNITS[period]['zh']}"
    return f"{number} {period}{'' if number == 1 else 's'}"


def nth(number: int, period: str, lang: Language) -> str:
    """A period by its number: "month 3", "第 3 月"."""
    return f"第 {number} {_UNITS[period]['each']}" if lang == "zh" else f"{period} {number}"
