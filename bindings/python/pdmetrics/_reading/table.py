"""A table read into DuckDB: one pass over the text, then what that pass refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timezone, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from . import cells, columns
from .columns import AUTO, KEY, MONEY, NUMBER, STRICT, TEXT, TIME, Form
from .files import InputError, counted
from .headers import Note, unit_of

_SAMPLE = 50_000
_VALUES = 5_000
_EPOCH = datetime(1970, 1, 1)
_EXAMPLES = {
    TIME: "a time such as 2024-06-18 20:00",
    MONEY: "an amount such as 1,234.50",
    NUMBER: "a number such as 12.5",
}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Settings:
    """How to read what can be read in more than one way."""

    encoding: str | None = None
    delimiter: str | None = None
    date_order: Literal["dmy", "mdy"] | None = None
    """Day or month first in dates such as 01/02/2024; ``None``: as all dates of the column allow, or a question."""
    decimal: Literal[".", ","] = "."
    amounts: Literal["auto", "major", "minor"] = "auto"
    """Whether amounts are in 元 or 分; ``auto``: in 元 if any has a point or a currency sign, or the heading says so."""
    exponent: int = 2
    skip_bad: bool = False
    """Leave out rows that cannot be read, and say how many."""
    zone: tzinfo = timezone.utc
    """Of wall-clock times, where some of a column have a zone and some have none."""


@dataclass
class Column:
    """A column on its way."""

    name: str
    heading: str
    role: str
    raw: bool = True
    """Whether it is text to be read; else it is taken as it is."""
    form: Form = TEXT
    major: bool = False
    mapped: str = ""
    """Type of what was read cell by cell, if anything was."""
    final: str = ""
    """Its values as an expression, if they are more than what was read."""


Lines = Callable[[Sequence[int]], list[int]]


@dataclass
class Staged:
    """A table of values in DuckDB, with cells beside them that are not values yet."""

    connection: Any
    label: str
    settings: Settings
    columns: list[Column]
    source: str
    """What to select from; the columns are c0, c1, …"""
    lines: Lines
    unit: str = "line"
    notes: list[Note] = field(default_factory=list)
    dropped: set[int] = field(default_factory=set)
    table: str = ""
    _refused: list[int] = field(default_factory=list)
    """Columns of which cells may be in ``lost``, in its order."""

    # ----------------------------------------------------------------------------------------------------- first pass

    def read(self) -> None:
        """Reads all columns; afterwards ``table`` holds v0, v1, … and what is to be looked at again in r0, r1, …"""
        self._choose_forms()
        texts: set[int] = set()
        while True:
            self._pass()
            left = self._left()
            wrong = {
                i
                for i in left
                if self.columns[i].role not in STRICT and not self.columns[i].form.exact and not self._all_blank(i)
            }
            if not wrong:
                break
            texts |= wrong
            for i in wrong:  # it looked like a number or a date and is none
                self.columns[i].form = columns.text_form(self.columns[i].role == KEY)
        for i in left:
            self._again(i)
        for i, column in enumerate(self.columns):
            if column.form.name in ("dmy", "mdy") and i not in left and self.settings.date_order is None:
                self._noted_order(column, column.form.name)
            if column.form is columns.MICROSECONDS:
                self._noted_microseconds(column)

    def _choose_forms(self) -> None:
        sample = f"sample_{next(_numbers)}"
        self.connection.execute(f"CREATE TEMP TABLE {sample} AS SELECT * FROM {self.source} LIMIT {_SAMPLE}")
        for i, column in enumerate(self.columns):
            if not column.raw:
                continue
            rows, different = self._row(f"SELECT count(c{i}), count(DISTINCT c{i}) FROM {sample}")
            limit = "" if columns.is_dictionary(different) else f"LIMIT {_VALUES}"
            found = self.connection.execute(
                f"SELECT DISTINCT c{i} FROM {sample} WHERE c{i} IS NOT NULL {limit}"
            ).fetchall()
            values = [value for (value,) in found]
            named = unit_of(column.heading)
            if column.role == TIME:
                column.form = columns.time_form(values, self.settings.date_order)
            elif column.role == MONEY:
                unit = self.settings.amounts if self.settings.amounts != "auto" else named or "auto"
                column.form = columns.money_form(values, unit, self.settings.exponent, self.settings.decimal)
                column.major = column.form is not columns.INTEGER or unit == "major"
            elif column.role == NUMBER:
                column.form = columns.number_form(self.settings.decimal)
            else:
                column.form = columns.other_form(values, column.role == KEY)
                if column.form.type == "VARCHAR" and columns.is_dictionary(different, rows):
                    self._dictionary(column, values)
        self.connection.execute(f"DROP TABLE {sample}")

    def _dictionary(self, column: Column, values: Sequence[str]) -> None:
        """A column of few different texts becomes a dictionary of those that are written as they should be."""
        nothing = columns.NOTHING if column.role == KEY else ("",)
        plain = sorted(value for value in values if value == value.strip(cells.PADDING) and value not in nothing)
        if plain:
            column.form = columns.dictionary_form(self._type_of(plain), plain)

    def _type_of(self, texts: Sequence[str]) -> str:
        name = f"texts_{next(_numbers)}"
        self.connection.execute(f"CREATE TYPE {name} AS ENUM ({', '.join(map(_literal, texts))})")
        return name

    def _pass(self) -> None:
        if self.table:
            self.connection.execute(f"DROP TABLE {self.table}")
        self.table = f"rows_{next(_numbers)}"
        inner = [
            f"c{i}, {column.form.of(f'c{i}')} AS v{i}" if column.raw else f"c{i} AS v{i}"
            for i, column in enumerate(self.columns)
        ]
        outer = [f"v{i}" for i in range(len(self.columns))]
        self._refused = [i for i, column in enumerate(self.columns) if column.raw and column.form.name != "text"]
        if self._refused:  # one column for all of them: nearly always there is nothing in it
            lost = [f"CASE WHEN v{i} IS NULL THEN nullif(c{i}, '') END" for i in self._refused]
            outer.append(f"CASE WHEN coalesce({', '.join(lost)}) IS NOT NULL THEN [{', '.join(lost)}] END AS lost")
        self.connection.execute(
            f"CREATE TABLE {self.table} AS SELECT {', '.join(outer)} "
            f"FROM (SELECT {', '.join(inner)} FROM {self.source})"
        )

    def _lost(self, i: int) -> str:
        """The cells of a column that were not read, as an expression."""
        return f"lost[{self._refused.index(i) + 1}]"

    def _left(self) -> list[int]:
        """Columns of which cells were not read."""
        if not self._refused:
            return []
        found = self._row(
            f"SELECT {', '.join(f'count({self._lost(i)})' for i in self._refused)} "
            f"FROM {self.table} WHERE lost IS NOT NULL"
        )
        left = [i for i, count in zip(self._refused, found, strict=True) if count]
        if not left:
            self.connection.execute(f"ALTER TABLE {self.table} DROP COLUMN lost")
        return left

    def _row(self, query: str) -> tuple[Any, ...]:
        found: list[tuple[Any, ...]] = self.connection.execute(query).fetchall()
        return found[0]

    def _texts(self, i: int) -> list[str]:
        return [text for (text,) in self._distinct(self._lost(i), i)]

    def _all_blank(self, i: int) -> bool:
        """Whether all that is left of a column stands for nothing."""
        found = self.connection.execute(
            f"SELECT DISTINCT {self._lost(i)} FROM {self.table} WHERE {self._lost(i)} IS NOT NULL LIMIT 100"
        ).fetchall()
        return all(cells.is_blank(text) for (text,) in found) and len(found) < 100

    # ---------------------------------------------------------------------------------------------------- second look

    def _again(self, i: int) -> None:
        """Reads what the first pass refused."""
        column = self.columns[i]
        if column.role == TIME:
            self._times(i)
        elif column.role in (MONEY, NUMBER):
            self._amounts(i)
        elif not self._all_blank(i) or column.form.name == "dictionary":
            self._as_text(i)

    def _as_text(self, i: int) -> None:
        """A column of integers or of a dictionary that has other texts, too."""
        column = self.columns[i]
        text = columns.text_form(column.role == KEY).of(self._lost(i))
        column.final = f"coalesce(CAST(v{i} AS VARCHAR), {text})"
        if column.form.texts:
            others = {other for (other,) in self._distinct(text, i)} - {None}
            known = sorted(others.union(column.form.texts))
            if columns.is_dictionary(len(known)):
                column.final = f"CAST({column.final} AS {self._type_of(known)})"

    def _distinct(self, expression: str, i: int) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self.connection.execute(
            f"SELECT DISTINCT {expression} FROM {self.table} WHERE {self._lost(i)} IS NOT NULL"
        ).fetchall()
        return found

    def _map(self, i: int, kind: str, found: Mapping[str, Any], texts: str = "") -> None:
        """Puts values beside the texts they were read from: the cells that were lost, or another expression."""
        name = f"map_{next(_numbers)}"
        self.connection.execute(f"CREATE TEMP TABLE {name} (t VARCHAR, v {kind})")
        pairs = list(found.items())
        for start in range(0, len(pairs), 10_000):
            part = pairs[start : start + 10_000]
            self.connection.execute(
                f"INSERT INTO {name} SELECT unnest($1::VARCHAR[]), CAST(unnest($2::VARCHAR[]) AS {kind})",
                [[text for text, _ in part], [None if value is None else str(value) for _, value in part]],
            )
        if not self.columns[i].mapped:
            self.columns[i].mapped = kind
            self.connection.execute(f"ALTER TABLE {self.table} ADD COLUMN m{i} {kind}")
        texts = texts or self._lost(i)
        self.connection.execute(f"UPDATE {self.table} SET m{i} = {name}.v FROM {name} WHERE {texts} = {name}.t")
        self.connection.execute(f"DROP TABLE {name}")

    def _refuse(self, i: int, bad: Sequence[str], why: str = "") -> None:
        """Says which cells cannot be read, or leaves out their rows."""
        if not bad:
            return
        column = self.columns[i]
        listed = "SELECT unnest($1::VARCHAR[])"
        rows = self.connection.execute(
            f"SELECT rowid, {self._lost(i)} FROM {self.table} WHERE {self._lost(i)} IN ({listed}) ORDER BY rowid",
            [list(bad)],
        ).fetchall()
        places = self.lines([row for row, _ in rows[:3]])
        heading = column.heading
        if self.settings.skip_bad:
            self.dropped.update(row for row, _ in rows)
            shown = ", ".join(f'"{text}"' for text in dict.fromkeys(text for _, text in rows[:3]))
            self.notes.append(
                counted(
                    self.label,
                    places,
                    f'left out, no {_EXAMPLES[column.role].split(" ")[1]} in column "{heading}": {shown}',
                    f"的“{heading}”无法读取（{shown}），已跳过",
                    len(rows),
                    self.unit,
                )
            )
            return
        more = f" ({len(rows) - 1:,} more like it)" if len(rows) > 1 else ""
        hint = why or "--bad-rows skip leaves such rows out"
        raise InputError(
            f'{self.label} {self.unit} {places[0]}, column "{heading}": expected {_EXAMPLES[column.role]}, '
            f'found "{rows[0][1]}"{more}; {hint}'
        )

    # ------------------------------------------------------------------------------------------------------------ time

    def _times(self, i: int) -> None:
        column, texts = self.columns[i], [text for text in self._texts(i) if not cells.is_blank(text)]
        order = self.settings.date_order or self._order(i, texts)
        found: dict[str, datetime | date] = {}
        bad = []
        for text in texts:
            try:
                found[text] = cells.time(text, order)
            except ValueError:
                bad.append(text)
        self._refuse(i, bad)
        if not found:
            return
        zoned = {isinstance(value, datetime) and value.tzinfo is not None for value in found.values()}
        values = self._row(f"SELECT count(v{i}) FROM {self.table}")[0]
        if values:
            zoned.add(column.form.type == "TIMESTAMPTZ")
        kind = "TIMESTAMPTZ" if True in zoned else "TIMESTAMP"
        if len(zoned) > 1:
            self._mixed(i)
        if (column.form.type == "DATE" or not values) and not any(isinstance(v, datetime) for v in found.values()):
            kind = "DATE"
        self._map(i, kind, {text: self._written(value, kind) for text, value in found.items()})

    def _written(self, value: datetime | date, kind: str) -> str:
        if kind == "DATE":
            return value.isoformat()
        if not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day)
        if kind == "TIMESTAMPTZ":
            aware = value if value.tzinfo is not None else value.replace(tzinfo=self.settings.zone)
            return aware.astimezone(timezone.utc).isoformat(" ")
        return value.isoformat(" ")

    def _mixed(self, i: int) -> None:
        """Some times of a column have a zone: those that have none are on the clock of the time zone asked for."""
        column = self.columns[i]
        if column.form.type != "TIMESTAMPTZ":  # what was read already has none: it is put on the clock, too
            text = f"CAST(v{i} AS VARCHAR)"
            rows = self.connection.execute(
                f"SELECT DISTINCT {text}, v{i} FROM {self.table} WHERE v{i} IS NOT NULL"
            ).fetchall()
            self._map(i, "TIMESTAMPTZ", {text: self._written(value, "TIMESTAMPTZ") for text, value in rows}, text)
        zone = str(self.settings.zone)
        self.notes.append(
            Note(
                f'{self.label}: some times in "{column.heading}" have a zone; the others are on the clock of '
                f"{zone} (--tz)",
                f"{self.label}：“{column.heading}”中部分时间带时区，其余按 {zone} 的当地时间读取（--tz）",
            )
        )

    def _order(self, i: int, texts: Sequence[str]) -> Literal["dmy", "mdy"] | None:
        """Day or month first, as all dates of the column say; a question where they do not."""
        column = self.columns[i]
        ambiguous: dict[str | None, str] = {}
        for text in texts:
            try:
                cells.time(text)
            except cells.Ambiguous as error:
                ambiguous.setdefault(error.order, text)
            except ValueError:
                continue
        known = column.form.name if column.form.name in ("dmy", "mdy") else None
        if known is None and not ambiguous:
            return None
        orders = {order for order in (*ambiguous, known) if order is not None}
        if len(orders) == 1:
            return self._noted_order(column, orders.pop())
        where = f'{self.label}, column "{column.heading}"'
        if len(orders) > 1:
            shown = " and ".join(f'"{text}" ({self._place(i, text)})' for order, text in ambiguous.items() if order)
            raise InputError(f"{where}: days and months change places: {shown}; make all dates YYYY-MM-DD")
        text = ambiguous[None]
        raise InputError(f'{where}, {self._place(i, text)}: "{text}": day or month first? say --date-order dmy or mdy')

    def _noted_order(self, column: Column, order: str) -> Literal["dmy", "mdy"]:
        first = order == "dmy"
        words = ("day first", "日在前") if first else ("month first", "月在前")
        self.notes.append(
            Note(
                f'{self.label}: dates in "{column.heading}" are {words[0]}, as they can be nothing else (--date-order)',
                f"{self.label}：“{column.heading}”的日期按{words[1]}读取（其他读法不成立，可用 --date-order 指定）",
            )
        )
        return "dmy" if first else "mdy"

    def _noted_microseconds(self, column: Column) -> None:
        self.notes.append(
            Note(
                f'{self.label}: whole numbers in "{column.heading}" are taken for µs since 1970',
                f"{self.label}：“{column.heading}”中的整数按 1970 年以来的微秒数读取",
            )
        )

    def _place(self, i: int, text: str) -> str:
        (row,) = self._row(f"SELECT min(rowid) FROM {self.table} WHERE {self._lost(i)} = {_literal(text)}")
        return f"{self.unit} {self.lines([row])[0]}"

    # ---------------------------------------------------------------------------------------------------------- amounts

    def _amounts(self, i: int) -> None:
        column = self.columns[i]
        texts = [text for text in self._texts(i) if not cells.is_blank(text)]
        found: dict[str, cells.Number] = {}
        bad = []
        for text in texts:
            try:
                number = cells.number(text, self.settings.decimal)
                if abs(number.value) >= 10**15 or (column.role == MONEY and number.percent):
                    raise ValueError("no amount")
                found[text] = number
            except ValueError:
                bad.append(text)
        self._refuse(i, bad, self._comma(bad))
        currencies = {number.currency: text for text, number in found.items() if number.currency}
        if len(currencies) > 1:
            shown = " and ".join(f'"{text}" ({self._place(i, text)})' for text in list(currencies.values())[:2])
            raise InputError(
                f'{self.label}, column "{column.heading}": amounts in more than one currency: {shown}; '
                "make one file for each"
            )
        if any(number.pointed or number.currency for number in found.values()) and self.settings.amounts != "minor":
            column.major = column.major or unit_of(column.heading) != "minor"
        values: dict[str, Any] = {text: number.value for text, number in found.items()}
        if column.role == MONEY:
            scale = 10**self.settings.exponent if column.major else 1
            values = {text: (value * scale).quantize(Decimal(1), ROUND_HALF_UP) for text, value in values.items()}
            fine = [text for text, number in found.items() if number.value * scale != values[text]]
            if fine:
                self._rounded(i, fine)
        self._map(i, "BIGINT" if column.role == MONEY else "DECIMAL(24, 6)", values)

    def _comma(self, bad: Sequence[str]) -> str:
        """What to say of amounts that are readable with the other decimal sign."""
        other = "," if self.settings.decimal == "." else "."
        for text in bad[:1]:
            try:
                if cells.number(text, other).percent:
                    return ""
            except ValueError:
                return ""
            return f'say --decimal "{other}" if the {"comma" if other == "," else "point"} is before the decimals'
        return ""

    def _rounded(self, i: int, texts: Sequence[str]) -> None:
        rows = self.connection.execute(
            f"SELECT rowid, {self._lost(i)} FROM {self.table} "
            f"WHERE {self._lost(i)} IN (SELECT unnest($1::VARCHAR[])) ORDER BY rowid",
            [list(texts)],
        ).fetchall()
        places = self.lines([row for row, _ in rows[:3]])
        heading = self.columns[i].heading
        self.notes.append(
            counted(
                self.label,
                places,
                f'rounded, "{heading}" is finer than the currency: "{rows[0][1]}"',
                f"的“{heading}”小数位超出币种最小单位，已四舍五入（如 {rows[0][1]}）",
                len(rows),
                self.unit,
            )
        )

    # --------------------------------------------------------------------------------------------------------- in the e

    def drop_empty(self) -> None:
        """Leaves out rows in which every cell is empty, as spreadsheets write them below their tables."""
        empty = " AND ".join(f"{self.value(i)} IS NULL" for i in range(len(self.columns)))
        rows = [row for (row,) in self.connection.execute(f"SELECT rowid FROM {self.table} WHERE {empty}").fetchall()]
        if rows:
            self.dropped.update(rows)
            places = self.lines(rows[:3])
            self.notes.append(
                counted(self.label, places, "left out, all cells empty", "全为空值，已跳过", len(rows), self.unit)
            )

    def value(self, i: int) -> str:
        """A column's values, as an expression."""
        column = self.columns[i]
        if column.role == MONEY and column.raw and column.form is columns.INTEGER and column.major:
            read = f"v{i} * {10**self.settings.exponent}"
        else:
            read = f"v{i}"
        if not column.mapped:
            return column.final or read
        return f"coalesce(m{i}, CAST({read} AS {column.mapped}))"

    def missing(self, i: int) -> tuple[int, list[int]]:
        """How many rows have no value in a column, and the first of them."""
        where = f"FROM {self.table} WHERE {self.value(i)} IS NULL"
        (count,) = self._row(f"SELECT count(*) {where}")
        rows = self.connection.execute(f"SELECT rowid {where} ORDER BY rowid LIMIT 3").fetchall() if count else []
        return count, [row for (row,) in rows]

    def finish(self) -> None:
        """Leaves out the rows that are to be left out."""
        if self.dropped:
            for start in range(0, len(rows := sorted(self.dropped)), 10_000):
                part = rows[start : start + 10_000]
                self.connection.execute(
                    f"DELETE FROM {self.table} WHERE rowid IN (SELECT unnest($1::BIGINT[]))", [part]
                )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


__all__ = ["AUTO", "Column", "Settings", "Staged"]
