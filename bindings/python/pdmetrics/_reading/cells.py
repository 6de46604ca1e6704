"""Cells of tables that people export: numbers and times as they are written, read exactly or not at all."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Literal

BLANK = ("", "-", "--", "—", "null", "none", "nan", "nat", "n/a", "#n/a", "na", "\\n", "无", "空")
"""What stands for nothing, in lower case."""

PADDING = " \t\r\n\u00a0\u3000\ufeff'"
"""What may stand around a cell: blanks of all kinds, and the apostrophe that keeps a spreadsheet from counting."""

TRUE = ("true", "t", "yes", "y", "1", "是", "真")
FALSE = ("false", "f", "no", "n", "0", "否", "假")

Order = Literal["dmy", "mdy"]

# Excel counts days from here; its 29 February 1900, which never was, lies before anything a shop sells.
_EXCEL_EPOCH = datetime(1899, 12, 30)
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SCALES = {"": 1, "万": 10_000, "亿": 100_000_000}
_CURRENCIES = {
    "¥": "¥", "cn¥": "¥", "rmb": "¥", "cny": "¥", "元": "¥", "块": "¥", "人民币": "¥",
    "$": "$", "us$": "$", "usd": "$", "hk$": "HK$", "hkd": "HK$", "€": "€", "eur": "€", "£": "£", "gbp": "£",
}  # fmt: skip
_SIGN = "|".join(sorted(map(re.escape, _CURRENCIES), key=len, reverse=True))


def _number_with(thousands: str, point: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?P<open>\()?(?P<sign>[-+])? ?(?P<before>{_SIGN})? ?(?P<sign2>[-+])?"
        rf"(?P<whole>\d{{1,3}}(?:[{thousands}]\d{{3}})+|\d*)(?:{point}(?P<part>\d*))?"
        rf" ?(?P<scale>[万亿])? ?(?P<after>{_SIGN})?(?P<percent>%)?(?P<trailing>-)?(?P<close>\))?"
    )


_NUMBERS = {".": _number_with(" ,'’", r"\."), ",": _number_with(" .'’", ",")}
_CLOCK = (
    r"(?P<H>\d{1,2}):(?P<M>\d{1,2})(?::(?P<S>\d{1,2})(?:[.,](?P<F>\d{1,9}))?)?:? ?(?P<half>am|pm)?"
    r" ?(?P<zone>z|(?:utc|gmt)?[+-]\d{1,2}(?::?\d{2})?|utc|gmt)?"
)
_YMD = re.compile(rf"(?P<y>\d{{4}})[-/.](?P<m>\d{{1,2}})[-/.](?P<d>\d{{1,2}})(?:(?:t| +){_CLOCK})?")
_COMPACT = re.compile(rf"(?P<y>\d{{4}})(?P<m>\d{{2}})(?P<d>\d{{2}})(?:(?:t| +){_CLOCK})?")
_PACKED = re.compile(r"(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?")
_DAY_FIRST_OR_NOT = re.compile(rf"(?P<one>\d{{1,2}})[-/.](?P<two>\d{{1,2}})[-/.](?P<y>\d{{4}})(?:(?:t| +){_CLOCK})?")
_SERIAL = re.compile(r"\d{5}(\.\d+)?")
_EPOCHS = {10: 1_000_000, 13: 1_000, 16: 1}


@dataclass(frozen=True)
class Number:
    """A number as it was written."""

    value: Decimal
    pointed: bool
    """Whether it was written with a decimal point (or in tens of thousands), which minor units never are."""
    currency: str
    percent: bool


class Ambiguous(ValueError):
    """A date such as 01/02/2024; ``order`` is what it must be, if it can be only one."""

    def __init__(self, order: Order | None) -> None:
        super().__init__("day or month first?")
        self.order: Order | None = order


def is_blank(text: str) -> bool:
    """Whether a cell says nothing."""
    return text.strip(PADDING).lower() in BLANK


def plain(text: str) -> str:
    """A cell without what spreadsheets and exports put around it: ``="0012"``, ``'0012``, full-width forms."""
    text = text.strip(PADDING)
    if text.startswith('="') and text.endswith('"') and len(text) > 2:
        text = text[2:-1].strip(PADDING)
    return text


def _narrow(text: str) -> str:
    return unicodedata.normalize("NFKC", plain(text)).replace("\u2212", "-").replace("\u00a5", "¥").lower()


def number(text: str, point: str = ".") -> Number:
    """Reads ``1,234.50``, ``1 234.50``, ``￥1,234``, ``12.5元``, ``１２３``, ``(3.10)``, ``3.10-``, ``1.2万``.

    ``point`` is the sign before the decimals: with a comma, ``1.234,50`` and ``1 234,50`` are read. ValueError for the
    rest: a comma is never taken for either by guessing.
    """
    found = _NUMBERS[point].fullmatch(_narrow(text))
    if found is None or not (found["whole"] or found["part"]):
        raise ValueError("no number")
    signs = [found["sign"], found["sign2"], found["trailing"]]
    wrapped = found["open"] is not None
    if wrapped != (found["close"] is not None) or sum(sign is not None for sign in signs) + wrapped > 1:
        raise ValueError("no number")
    currencies = {_CURRENCIES[name] for name in (found["before"], found["after"]) if name}
    if len(currencies) > 1 or (currencies and found["percent"]):
        raise ValueError("no number")
    value = (
        Decimal(f"{re.sub('[^0-9]', '', found['whole']) or '0'}.{found['part'] or '0'}") * _SCALES[found["scale"] or ""]
    )
    if wrapped or "-" in signs:
        value = -value
    value = value / 100 if found["percent"] else value
    pointed = found["part"] is not None or bool(found["scale"])
    return Number(value, pointed, currencies.pop() if currencies else "", bool(found["percent"]))


# ----------------------------------------------------------------------------------------------------------------- time


def time(text: str, order: Order | None = None) -> datetime | date:
    """Reads a date, a wall-clock time, or an instant (which comes in UTC).

    Five digits are a day as spreadsheets count them; 10, 13 or 16 are seconds, ms or µs since 1970. ``order`` says how
    to read what can be read in more than one way. Raises :class:`Ambiguous` or ValueError.
    """
    written = _narrow(text)
    for sign, by in (
        ("年", "-"),
        ("月", "-"),
        ("日", " "),
        ("号", " "),
        ("时", ":"),
        ("点", ":"),
        ("分", ":"),
        ("秒", ""),
    ):
        written = written.replace(sign, by)
    for half, english in (("上午", "am"), ("下午", "pm")):
        if half in written:
            written = f"{written.replace(half, ' ')} {english}"
    written = " ".join(written.split())
    if written.isdigit() or _SERIAL.fullmatch(written):
        return _of_digits(written)
    found = _YMD.fullmatch(written) or _COMPACT.fullmatch(written)
    if found is not None:
        return _made(int(found["y"]), int(found["m"]), int(found["d"]), found)
    found = _DAY_FIRST_OR_NOT.fullmatch(written)
    if found is None:
        raise ValueError("no date")
    one, two, year = int(found["one"]), int(found["two"]), int(found["y"])
    if order is None:
        raise Ambiguous("dmy" if one > 12 else "mdy" if two > 12 else None)
    day, month = (one, two) if order == "dmy" else (two, one)
    return _made(year, month, day, found)


def _of_digits(written: str) -> datetime | date:
    if _SERIAL.fullmatch(written):
        # A spreadsheet's day is a double: its seconds are right, what comes after them is not.
        return _EXCEL_EPOCH + timedelta(seconds=round(Decimal(written) * 86_400))
    if len(written) == 8:
        return date(int(written[:4]), int(written[4:6]), int(written[6:]))
    packed = _PACKED.fullmatch(written)
    if packed is not None and len(written) in (12, 14):
        year, month, day, hour, minute, second = (int(part or 0) for part in packed.groups())
        return datetime(year, month, day, hour, minute, second)
    if len(written) in _EPOCHS and written < "2":
        return _UNIX_EPOCH + timedelta(microseconds=int(written) * _EPOCHS[len(written)])
    raise ValueError("no date")


def _made(year: int, month: int, day: int, found: re.Match[str]) -> datetime | date:
    if found["H"] is None:
        return date(year, month, day)
    hour, minute, second = int(found["H"]), int(found["M"]), int(found["S"] or 0)
    if found["half"] is not None:
        if not 1 <= hour <= 12:
            raise ValueError("no time")
        hour = hour % 12 + (12 if found["half"] == "pm" else 0)
    midnight = (hour, minute, second) == (24, 0, 0)  # the end of the day
    fraction = int((found["F"] or "").ljust(6, "0")[:6])
    made = datetime(year, month, day, 0 if midnight else hour, minute, second, fraction)
    made += timedelta(days=int(midnight))
    return made if found["zone"] is None else (made - _offset(found["zone"])).replace(tzinfo=timezone.utc)


def _offset(zone: str) -> timedelta:
    digits = zone.removeprefix("utc").removeprefix("gmt").replace(":", "")
    if digits in ("", "z"):
        return timedelta()
    hours, minutes = (digits[1:-2], digits[-2:]) if len(digits) > 3 else (digits[1:], "0")
    made = timedelta(hours=int(hours), minutes=int(minutes))
    if int(hours) > 14 or int(minutes) > 59:
        raise ValueError("no offset")
    return -made if digits[0] == "-" else made
