"""A TOML file read with care: every mistake names the file, the key and what to do about it."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NoReturn

from .._errors import ArgumentError


class ModelError(ArgumentError):
    """A model file that cannot be used: which file, which key, and what to do."""


class Keys:
    """A table of the file that knows where it stands and which of its keys were asked for."""

    def __init__(self, file: str, path: str, values: Mapping[str, Any]) -> None:
        self.file = file
        self.path = path
        self._values = dict(values)
        self._known: dict[str, None] = {}

    def where(self, key: str) -> str:
        """The key as it is written from the top of the file."""
        return f"{self.path}.{key}" if self.path else key

    def fail(self, key: str, what: str) -> NoReturn:
        """Fails, naming file and key."""
        where = self.where(key) if key else self.path
        raise ModelError(f"{self.file}: {where}: {what}", column=where)

    def raw(self, key: str) -> Any:
        """What is there, ``None`` if nothing is."""
        self._known[key] = None
        return self._values.get(key)

    def need(self, key: str, how: str) -> Any:
        """What must be there; ``how`` shows how to write it."""
        value = self.raw(key)
        if value is None:
            self.fail(key, f"missing; write {how}")
        return value

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def done(self) -> None:
        """Fails if there is a key that nobody asked for."""
        for key in self._values:
            if key not in self._known:
                near = difflib.get_close_matches(key, self._known, 1)
                hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(self._known)}"
                self.fail(key, f"no such key; {hint}")

    # ------------------------------------------------------------------------------------------------------- kinds

    def text(self, key: str, default: str = "") -> str:
        """A text."""
        value = self.raw(key)
        if value is None:
            return default
        if not isinstance(value, str):
            self.fail(key, f'expected text in quotes, got {_shown(value)}; write {key} = "…"')
        return value

    def choice(self, key: str, values: Sequence[str], default: str) -> str:
        """One of a few words."""
        value = self.text(key, default)
        if value not in values:
            self.fail(key, f'expected one of {", ".join(values)}, got "{value}"')
        return value

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self.raw(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fail(key, f"expected true or false, got {_shown(value)}")
        return value

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        """A whole number."""
        value = self.raw(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.fail(key, f"expected a whole number from {low} to {high}, got {_shown(value)}")
        return value

    def number(self, key: str, low: float | None = None, high: float | None = None) -> Decimal | None:
        """A number as it is written."""
        value = self.raw(key)
        return None if value is None else as_number(self, key, value, low, high)

    def day(self, key: str) -> date | None:
        """A date."""
        value = self.raw(key)
        return None if value is None else as_day(self, key, value)

    def table(self, key: str) -> Keys:
        """A table below, empty if it is not there."""
        value = self.raw(key)
        if value is not None and not isinstance(value, Mapping):
            self.fail(key, f"expected a table, got {_shown(value)}; write [{self.where(key)}]")
        return Keys(self.file, self.where(key), value or {})

    def rows(self, key: str) -> list[Keys]:
        """Tables in a list: ``[[key]]`` blocks, or ``key = [{…}, {…}]``."""
        value = self.raw(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
            self.fail(key, f"expected rows, got {_shown(value)}; write [[{self.where(key)}]] before each")
        return [Keys(self.file, f"{self.where(key)}[{i}]", row) for i, row in enumerate(value, 1)]

    def texts(self, key: str) -> list[str]:
        """A list of texts."""
        value = self.raw(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.fail(key, f'expected a list of texts, got {_shown(value)}; write {key} = ["…", "…"]')
        return value

    def numbers(self, key: str, low: float | None = None) -> dict[str, Decimal]:
        """A table of numbers, such as shares by channel."""
        below = self.table(key)
        return {name: as_number(below, name, below.raw(name), low, None) for name in list(below)}


def as_number(keys: Keys, key: str, value: Any, low: float | None, high: float | None) -> Decimal:
    """A number of the file, between bounds."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or not Decimal(value).is_finite():
        keys.fail(key, f"expected a number, got {_shown(value)}")
    number = Decimal(value)
    if (low is not None and number < Decimal(repr(low))) or (high is not None and number > Decimal(repr(high))):
        span = f"{low:g} or more" if high is None else f"from {low:g} to {high:g}"
        keys.fail(key, f"expected a number {span}, got {value}")
    return number


def as_day(keys: Keys, key: str, value: Any) -> date:
    """A date of the file."""
    if isinstance(value, datetime) or not isinstance(value, date):
        keys.fail(key, f"expected a date such as 2026-01-01, without quotes, got {_shown(value)}")
    return value


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return str(value)


def read(path: str | os.PathLike[str]) -> Keys:
    """A model file."""
    name = os.fspath(path)
    try:
        with open(name, "rb") as source:
            values = tomllib.load(source, parse_float=Decimal)
    except OSError as error:
        raise ModelError(
            f'no model file "{name}" ({error.strerror}); "pdmetrics plan --example {name}" writes one to start from'
        ) from None
    except UnicodeDecodeError as error:
        raise ModelError(f"{name}: not UTF-8 at byte {error.start}; save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ModelError(f"{name}: not valid TOML: {error}") from None
    return Keys(name, "", values)
