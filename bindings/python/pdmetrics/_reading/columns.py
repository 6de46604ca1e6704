"""Columns of text as columns of values: most of them by DuckDB, what it refuses cell by cell.

Both ways give the same values: DuckDB is only shown cells of one plain form, the rest goes through :mod:`.cells`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from . import cells as _cells

# What a column is to become. The first two are what a metric reads as such; the others follow from what is there.
TIME = "time"
MONEY = "money"
NUMBER = "number"
KEY = "key"
AUTO = "auto"

STRICT = (TIME, MONEY, NUMBER)
"""Columns whose every cell must be readable."""

_WHOLE = re.compile(r"-?[1-9]\d{0,17}|0")
_WHOLE_POINT = re.compile(r"(-?[1-9]\d{0,17}|0)\.0")
_FLOAT = re.compile(r"-?(0|[1-9]\d*)(\.\d*)?([eE][-+]?\d+)?")
_DAY = re.compile(r"\d{4}([-/])\d{1,2}\1\d{1,2}")
_CLOCK = r"\d{1,2}:\d{2}(:\d{2}(\.\d{1,6})?)?"
_STAMP = re.compile(rf"\d{{4}}([-/])\d{{1,2}}\1\d{{1,2}}[ T]{_CLOCK}")
_ZONE = r"(Z|[+-](0\d|1[0-4])(:?[0-5]\d)?)"
_INSTANT = re.compile(rf"{_STAMP.pattern} ?{_ZONE}")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_HAN = re.compile(rf"\d{{4}}年\d{{1,2}}月\d{{1,2}}日( *{_CLOCK})?")
_OTHER = re.compile(rf"\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{4}}( +{_CLOCK})?")
_EPOCH = re.compile(r"1\d{9}(\d{3}){0,2}")

_FEW = 512  # as many different texts as are worth a dictionary
NOTHING = ("", "\\N", "NULL", "null", "NaN", "nan", "None", "#N/A", "-", "--")


@dataclass(frozen=True)
class Form:
    """How DuckDB reads a column; what it cannot read becomes null and is looked at again."""

    name: str
    type: str
    sql: str
    """An expression of ``{x}``, the cell."""
    exact: bool = False
    """Whether the text can be had back from the value."""
    texts: tuple[str, ...] = ()
    """Of a dictionary: what is in it."""

    def of(self, x: str) -> str:
        """The expression over a column."""
        return self.sql.replace("{x}", x)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _when(pattern: str, value: str) -> str:
    return f"CASE WHEN regexp_full_match({{x}}, {_quoted(pattern)}) THEN {value} END"


TRIMMED = f"trim({{x}}, {_quoted(_cells.PADDING)})"
TEXT = Form("text", "VARCHAR", f"nullif({TRIMMED}, '')", True)
_KEY_TEXT = Form(
    "text", "VARCHAR", f"CASE WHEN {TRIMMED} NOT IN ({', '.join(map(_quoted, NOTHING))}) THEN {TRIMMED} END", True
)
INTEGER = Form(
    "integer",
    "BIGINT",
    "CASE WHEN CAST(TRY_CAST({x} AS BIGINT) AS VARCHAR) = {x} THEN TRY_CAST({x} AS BIGINT) END",
    True,
)
_POINT_ZERO = Form(
    "point zero", "BIGINT", _when(r"-?[1-9]\d{0,17}\.0|0\.0", "TRY_CAST(regexp_replace({x}, '\\.0$', '') AS BIGINT)")
)
_DOUBLE = Form("float", "DOUBLE", _when(_FLOAT.pattern, "TRY_CAST({x} AS DOUBLE)"))
_BOOLEAN = Form("boolean", "BOOLEAN", "CASE lower({x}) WHEN 'true' THEN true WHEN 'false' THEN false END")
_DATE = Form("date", "DATE", _when(_ISO_DAY.pattern, "TRY_CAST({x} AS DATE)"))
# A separator repeats itself, which RE2 cannot say: both patterns are written out.
_DASHED = r"\d{4}-\d{1,2}-\d{1,2}"
_SLASHED = r"\d{4}/\d{1,2}/\d{1,2}"


def _stamp(name: str, pattern: str, text: str) -> Form:
    kind = "TIMESTAMPTZ" if "Z" in pattern else "TIMESTAMP"
    return Form(name, kind, _when(pattern, f"TRY_CAST({text} AS {kind})"))


_ON_CLOCK = f"[ T]{_CLOCK}"
_WITH_ZONE = f"[ T]{_CLOCK} ?{_ZONE}"
_DASHES = "replace({x}, '/', '-')"
_TIMES = {
    "dashed": _stamp("dashed", _DASHED + _ON_CLOCK, "{x}"),
    "slashed": _stamp("slashed", _SLASHED + _ON_CLOCK, _DASHES),
    "instant": _stamp("instant", _DASHED + _WITH_ZONE, "{x}"),
    "slashed instant": _stamp("slashed instant", _SLASHED + _WITH_ZONE, _DASHES),
    "date": Form("date", "DATE", _when(_DASHED, "TRY_CAST({x} AS DATE)")),
    "slashed date": Form("slashed date", "DATE", _when(_SLASHED, f"TRY_CAST({_DASHES} AS DATE)")),
    "han": Form("han", "TIMESTAMP", _when(
        _HAN.pattern,
        "TRY_CAST(rtrim(regexp_replace({x}, '^(\\d+)年(\\d+)月(\\d+)日 *', '\\1-\\2-\\3 ')) AS TIMESTAMP)",
    )),
    "epoch": Form("epoch", "TIMESTAMPTZ", _when(
        _EPOCH.pattern,
        "make_timestamptz("
        "TRY_CAST({x} AS BIGINT) * CASE length({x}) WHEN 10 THEN 1000000 WHEN 13 THEN 1000 ELSE 1 END)",
    )),
}  # fmt: skip


# What the library itself takes a whole number for.
MICROSECONDS = Form("microseconds", "TIMESTAMPTZ", _when(r"-?\d{1,17}", "make_timestamptz(TRY_CAST({x} AS BIGINT))"))


def _are_microseconds(values: Sequence[str]) -> bool:
    """Whether all are whole numbers, and most of them nothing else that stands for a time."""
    return all(map(_WHOLE.fullmatch, values)) and 2 * sum(map(_says_no_time, values)) > len(values)


def _says_no_time(text: str) -> bool:
    try:
        _cells.time(text)
    except ValueError:
        return True
    return False


def _in_order(order: str) -> Form:
    turned = r"\3-\2-\1" if order == "dmy" else r"\3-\1-\2"
    text = f"regexp_replace({{x}}, '^(\\d+)[-/.](\\d+)[-/.](\\d{{4}})', '{turned}')"
    return Form(order, "TIMESTAMP", _when(_OTHER.pattern, f"TRY_CAST({text} AS TIMESTAMP)"))


def time_form(values: Sequence[str], order: str | None) -> Form:
    """The form that most cells of a column of times have."""
    if _are_microseconds(values):
        return MICROSECONDS
    counts = dict.fromkeys((*_TIMES, "other"), 0)
    for value in values:
        slashed = "/" in value
        if _STAMP.fullmatch(value):
            counts["slashed" if slashed else "dashed"] += 1
        elif _INSTANT.fullmatch(value):
            counts["slashed instant" if slashed else "instant"] += 1
        elif _DAY.fullmatch(value):
            counts["slashed date" if slashed else "date"] += 1
        elif _HAN.fullmatch(value):
            counts["han"] += 1
        elif _EPOCH.fullmatch(value):
            counts["epoch"] += 1
        elif _OTHER.fullmatch(value):
            counts["other"] += 1
    best = max(counts, key=lambda name: counts[name])
    if best == "other":
        found = order or order_of(values)
        return _in_order(found) if found in ("dmy", "mdy") else _TIMES["dashed"]
    return _TIMES[best]


def order_of(values: Sequence[str]) -> str | None:
    """The order of day and month that all dates allow, if it is only one; ``"both"`` if they contradict each other."""
    found = set()
    for value in values:
        try:
            _cells.time(value)
        except _cells.Ambiguous as error:
            found.add(error.order)
        except ValueError:
            continue
    found.discard(None)
    return "both" if len(found) > 1 else next(iter(found), None)


def money_form(values: Sequence[str], unit: str, exponent: int, point: str = ".") -> Form:
    """Amounts in minor units: as they are, or of amounts in whole currency. ``unit``: major, minor, or auto."""
    if unit == "minor" or (unit == "auto" and not any(_is_major(value, point) for value in values)):
        return INTEGER
    decimals = ""
    if point == ".":  # with a comma before the decimals, a point is none
        decimals = rf"(\.\d{{1,{exponent}}}0*)?" if exponent else r"(\.0*)?"
    whole = max(17 - 2 * exponent, 1)  # digits that fit, times the scale
    value = f"CAST({{x}} AS DECIMAL(18, {exponent})) * {10**exponent}"
    return Form("major", "BIGINT", _when(rf"-?\d{{1,{whole}}}{decimals}", f"CAST({value} AS BIGINT)"))


def _is_major(text: str, point: str) -> bool:
    if _WHOLE.fullmatch(text):
        return False
    try:
        number = _cells.number(text, point)
    except ValueError:
        return False
    return number.pointed or bool(number.currency)


def number_form(point: str = ".") -> Form:
    """Numbers that are multiplied."""
    pattern = r"-?\d{1,11}(\.\d{1,6})?" if point == "." else r"-?\d{1,11}"
    return Form("number", "DECIMAL(18, 6)", _when(pattern, "TRY_CAST({x} AS DECIMAL(18, 6))"))


def other_form(values: Sequence[str], key: bool) -> Form:
    """The form that a column has of itself; ``values`` are the different texts among its first rows."""
    text = _KEY_TEXT if key else TEXT
    if key:
        values = [value for value in values if value.strip(_cells.PADDING) not in NOTHING]
    if not values:
        return text
    if all(map(_WHOLE.fullmatch, values)):
        return INTEGER
    if key:
        return _POINT_ZERO if all(map(_WHOLE_POINT.fullmatch, values)) else text
    if all(map(_FLOAT.fullmatch, values)):
        return _DOUBLE
    if all(value.lower() in ("true", "false") for value in values):
        return _BOOLEAN
    if all(map(_ISO_DAY.fullmatch, values)):
        return _DATE
    if all(map(_STAMP.fullmatch, values)):
        return _TIMES["slashed" if all("/" in value for value in values) else "dashed"]
    if all(map(_INSTANT.fullmatch, values)):
        return _TIMES["slashed instant" if all("/" in value for value in values) else "instant"]
    return text


def text_form(key: bool) -> Form:
    """A column of text."""
    return _KEY_TEXT if key else TEXT


def is_dictionary(different: int, rows: int | None = None) -> bool:
    """Whether so few different texts are worth a dictionary."""
    return 0 < different <= _FEW and (rows is None or different * 20 <= rows)


def dictionary_form(kind: str, texts: Sequence[str]) -> Form:
    """Texts of a dictionary; ``kind`` is its type."""
    return Form("dictionary", kind, f"TRY_CAST({{x}} AS {kind})", True, tuple(texts))
