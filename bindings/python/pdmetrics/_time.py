"""Time zones as tables of offsets, and whatever users write for an instant as µs since the epoch, UTC."""

from __future__ import annotations

import operator
import re
from array import array
from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ._errors import OptionError

TimeZone = str | tzinfo | None
Instant = datetime | date | str | int
Duration = timedelta | str | int
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Calendar = tuple[int, int, "array[int]", "array[int]"]

WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_EPOCH = datetime(1970, 1, 1)
_SECOND = timedelta(seconds=1)
_MICROSECOND = timedelta(microseconds=1)
_FIRST = datetime(1900, 1, 1)
_LAST = datetime(2100, 1, 1)
UNLIMITED = 2**63 - 1
_UNITS_US = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 604_800_000_000,
}
_DURATION = re.compile(r"(\d+)\s*(us|ms|s|m|h|d|w)?\Z")
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?(?::?(\d{2}))?\Z", re.IGNORECASE)


def zone(tz: TimeZone) -> tzinfo:
    """A time zone from its name ("Asia/Shanghai"), an offset ("+08:00") or a tzinfo; ``None`` is UTC."""
    if tz is None:
        return timezone.utc
    if isinstance(tz, tzinfo):
        return tz
    if not isinstance(tz, str):
        raise OptionError(f"tz: expected a zone name, an offset or a tzinfo, got {type(tz).__name__}", column="tz")
    if tz.upper() in ("UTC", "Z", "GMT"):
        return timezone.utc
    found = _OFFSET.match(tz.strip())
    if found is not None:
        hours, minutes, seconds = (int(part or 0) for part in found.group(2, 3, 4))
        if hours > 23 or minutes > 59 or seconds > 59:
            raise OptionError(f'tz: no such offset: "{tz}"', column="tz")
        offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        return timezone(-offset if found.group(1) == "-" else offset)
    try:
        return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise OptionError(f'tz: no time zone "{tz}" on this machine', column="tz") from error


def _offset_s(tz: tzinfo, utc: datetime) -> int:
    offset = tz.fromutc(utc.replace(tzinfo=tz)).utcoffset()
    return 0 if offset is None else offset // _SECOND


def _change_between(tz: tzinfo, low: datetime, high: datetime, before: int) -> datetime:
    """The first second in (low, high] at which the offset is no longer ``before``."""
    while high - low > _SECOND:
        middle = low + ((high - low) // _SECOND // 2) * _SECOND
        if _offset_s(tz, middle) == before:
            low = middle
        else:
            high = middle
    return high


@lru_cache(maxsize=64)
def _transitions(tz: tzinfo) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    """First offset, and when it changes to what, from 1900 to 2100. A zone does not say, so every day is looked at."""
    first = current = _offset_s(tz, _FIRST)
    changes: list[int] = []
    offsets: list[int] = []
    step = timedelta(days=1)
    day = _FIRST.replace(tzinfo=tz)
    last = _LAST.replace(tzinfo=tz)
    seen = timedelta(seconds=first)
    while day < last:
        following = day + step
        offset = tz.fromutc(following).utcoffset()
        if offset != seen:
            at, end = day.replace(tzinfo=None), following.replace(tzinfo=None)
            while current != _offset_s(tz, end):
                at = _change_between(tz, at, end, current)
                current = _offset_s(tz, at)
                changes.append((at - _EPOCH) // _SECOND)
                offsets.append(current)
            seen = timedelta(seconds=current)
        day = following
    return first, tuple(changes), tuple(offsets)


def calendar(tz: tzinfo, week_start: Any = "monday") -> Calendar | None:
    """What the library needs to know of a zone; ``None`` if it is the default, UTC with weeks from Monday."""
    try:
        monday_is_0 = WEEKDAYS.index(week_start)
    except ValueError:
        raise OptionError(
            f"week_start: expected one of {', '.join(WEEKDAYS)}, got {week_start!r}", column="week_start"
        ) from None
    if isinstance(tz, timezone):
        fixed: tuple[int, ...] = ()
        first, changes, offsets = _offset_s(tz, _EPOCH), fixed, fixed
    else:
        first, changes, offsets = _transitions(tz)
    if monday_is_0 == 0 and first == 0 and not changes:
        return None
    return monday_is_0, first, array("q", changes), array("i", offsets)


def instant(value: Instant, tz: tzinfo, name: str = "time") -> int:
    """µs since the epoch of a datetime, a date (its midnight in ``tz``), ISO text, or µs as they are."""
    if isinstance(value, str):
        value = _parse(value, name)
    if isinstance(value, datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=tz)
        return (aware.astimezone(timezone.utc).replace(tzinfo=None) - _EPOCH) // _MICROSECOND
    if isinstance(value, date):
        return instant(datetime(value.year, value.month, value.day), tz, name)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    other: Any = value
    if type(other).__name__ == "datetime64":
        return instant(other.astype("datetime64[us]").item(), tz, name)
    if hasattr(other, "__index__") and not isinstance(other, bool):  # numpy's integers
        return operator.index(other)
    raise OptionError(f"{name}: expected a date or time, got {type(value).__name__}", column=name)


def _parse(text: str, name: str) -> datetime | int:
    stripped = text.strip()
    if re.fullmatch(r"-?\d{9,}", stripped):
        return int(stripped)
    if re.fullmatch(r"\d{4}[-/]\d{2}", stripped):  # a month, by its first day
        stripped += "-01"
    try:
        return datetime.fromisoformat(stripped.replace("/", "-"))
    except ValueError:
        raise OptionError(
            f'{name}: expected a date or time such as 2024-06-18 or 2024-06-18T20:00+08:00, got "{text}"', column=name
        ) from None


def duration(value: Duration, name: str) -> int:
    """µs of a timedelta, of text such as "7d", "36h" or "unlimited", or µs as they are."""
    other: Any = value
    if isinstance(value, timedelta):
        return value // _MICROSECOND
    if isinstance(value, str):
        if value.strip() == "unlimited":
            return UNLIMITED
        found = _DURATION.match(value.strip())
        if found is not None:
            return int(found.group(1)) * _UNITS_US[found.group(2) or "us"]
    elif isinstance(value, int) and not isinstance(value, bool):
        return value
    elif type(other).__name__ == "timedelta64":
        return duration(other.astype("timedelta64[us]").item(), name)
    elif hasattr(other, "__index__") and not isinstance(other, bool):  # numpy's integers
        return operator.index(other)
    raise OptionError(
        f'{name}: expected a duration such as "7d", "36h", "90s" or "unlimited", a timedelta or µs, got {value!r}',
        column=name,
    )


def duration_text(micros: int) -> str:
    """The shortest text that :func:`duration` reads back."""
    if micros == UNLIMITED:
        return "unlimited"
    for unit in ("d", "h", "m", "s", "ms"):
        if micros and micros % _UNITS_US[unit] == 0:
            return f"{micros // _UNITS_US[unit]}{unit}"
    return f"{micros}us"


def to_datetime(micros: int, tz: tzinfo) -> datetime:
    """The aware datetime of an instant, on the clock of ``tz``; the nearest there is outside years 1 to 9999."""
    try:
        return (_EPOCH + micros * _MICROSECOND).replace(tzinfo=timezone.utc).astimezone(tz)
    except OverflowError:
        return (datetime.min if micros < 0 else datetime.max).replace(tzinfo=timezone.utc)
