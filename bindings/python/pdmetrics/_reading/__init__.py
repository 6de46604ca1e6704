"""Tables as people export them, read for the command line.

Whatever can be read in one way only is read so; what can be read in several ways is a flag with a stated default, or
a question in one line; what cannot be read is named with its line, column and text. Nothing is lost without being
counted: ``Loaded.notes`` say what was done.
"""

from __future__ import annotations

import glob
import os
import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .. import _frames, _registry
from .._errors import ArgumentError, Error
from . import columns as _columns
from .files import EmptyError, InputError, TextFile, counted, open_text
from .headers import Field, Names, Note, question, understood
from .table import Column, Settings, Staged

__all__ = ["EmptyError", "Field", "InputError", "Loaded", "Note", "Reader", "Settings", "question"]

_TEXT_FILES = (".csv", ".tsv", ".txt")
_ROLES = {_registry.TIME: _columns.TIME, _registry.MONEY: _columns.MONEY, _registry.KEY: _columns.KEY}


@dataclass
class Loaded:
    """An input, ready for metrics."""

    label: str
    relation: Any
    connection: Any
    """The one that the relation belongs to."""
    notes: list[Note] = field(default_factory=list)
    """What was done on the way, and what is missing."""
    found: list[str] = field(default_factory=list)
    """Names of its columns as they came."""
    missing: list[Field] = field(default_factory=list)
    """Fields that it should have and that no column was found for."""
    naive: bool = False
    """Whether it has times without a zone."""
    whole: bool = False
    """Whether its amounts were whole currency and were brought into minor units."""
    _lines: Callable[[Sequence[int]], list[int]] | None = None
    _unit: str = "row"
    _dropped: Sequence[int] = ()

    @property
    def columns(self) -> list[str]:
        """Names of its columns."""
        return list(self.relation.columns)

    def where(self, row: int) -> str:
        """Where a 0-based row of the relation stands in what was read."""
        for dropped in self._dropped:  # in order
            row += dropped <= row
        if self._lines is None:
            return f"{self._unit} {row + 1}"
        return f"{self._unit} {self._lines([row])[0]}"

    def blamed(self, error: Error) -> Error:
        """An error of the library that names a row, naming the line instead."""
        if error.row is not None and self._lines is not None:
            text = re.sub(r" \(row \d+ of the whole input\)", "", error.message)
            error.message = re.sub(r"\brow \d+", f"{self.label} {self.where(error.row)}", text, count=1)
        return error


class Reader:
    """Reads inputs into one database."""

    def __init__(
        self, settings: Settings | None = None, *, threads: int | None = None, said: Callable[[str], None] | None = None
    ) -> None:
        try:
            import duckdb  # type: ignore[import-untyped,import-not-found,unused-ignore]
        except ImportError:
            raise ArgumentError('reading files needs DuckDB: pip install "pdmetrics[cli]"') from None
        self.settings = settings or Settings()
        self._said = said
        self._error: type[BaseException] = duckdb.Error
        self._directory = _Temporary()
        self._files: list[TextFile] = []
        self._cursors: list[Any] = []
        self.connection = duckdb.connect(
            config={"python_scan_all_frames": True, "temp_directory": self._directory.name}
        )
        self.connection.execute("SET TimeZone = 'UTC'")
        if threads is not None and threads > 0:
            self.connection.execute(f"SET threads = {threads}")

    def _cursor(self) -> Any:
        """A connection of its own for each input: a result that is not read to its end is in nobody's way."""
        made = self.connection.cursor()
        made.execute("SET TimeZone = 'UTC'")
        self._cursors.append(made)
        return made

    def close(self) -> None:
        """Lets go of the database and of what it has written."""
        for cursor in self._cursors:
            cursor.close()
        self.connection.close()
        self._directory.close()
        for file in self._files:
            file.close()

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    def load(
        self,
        source: str,
        fields: Iterable[Field],
        named: Mapping[str, str],
    ) -> Loaded:
        """Reads a file or a query. ``named`` are columns that the user named, by keyword.

        A field that must be there and is not raises a question.
        """
        fields = list(fields)
        paths = _text_paths(source)
        if self._said is not None:
            self._said(os.path.basename(source) if os.path.exists(source) else "")
        try:
            if paths:
                return self._texts(paths, fields, named)
            return self._relation(source, fields, named)
        except self._error as error:
            raise ArgumentError(f'"{_short(source)}" cannot be read: {_first_line(error)}') from None

    # ----------------------------------------------------------------------------------------------------------- text

    def _texts(self, paths: Sequence[str], fields: list[Field], named: Mapping[str, str]) -> Loaded:
        files: list[TextFile] = []
        for path in paths:
            files.append(open_text(path, encoding=self.settings.encoding, delimiter=self.settings.delimiter))
            self._files.append(files[-1])
            if files[-1].names != files[0].names:
                shown = ", ".join(files[-1].names)
                raise InputError(
                    f"{files[-1].label}: expected the columns of {files[0].label} "
                    f"({', '.join(files[0].names)}), found {shown}"
                )
        first = files[0]
        label = first.label if len(files) == 1 else f"{first.label} … {files[-1].label}"
        names = _names(label, first.names, fields, named)
        for column, positions in first.positions.items():
            if column in names.renamed.values() or column in named.values() or column in {f.name for f in fields}:
                at = " and ".join(map(str, positions))
                raise InputError(
                    f'{label} line 1: "{column}" stands in columns {at}; rename one of them, or name another: '
                    f"{_flag_of(column, names, fields)}"
                )
        plans = _plans(first.names, names, fields, named, raw=[True] * len(first.names))
        for i, file in enumerate(files):
            if not file.plain:
                files[i] = self._replaced(file)
        try:
            staged = self._staged(label, files, plans)
        except self._error:
            for i, file in enumerate(files):
                if file.lines is None:
                    files[i] = self._replaced(file)
            staged = self._staged(label, files, plans)
        staged.notes[:0] = [note for file in files for note in file.notes] + names.notes
        return self._finished(staged, names, fields, named, first.names)

    def _replaced(self, file: TextFile) -> TextFile:
        made = file.rewritten(self.settings.skip_bad)
        self._files.append(made)
        return made

    def _staged(self, label: str, files: Sequence[TextFile], plans: list[Column]) -> Staged:
        parts = []
        for file in files:
            types = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(file.names)))
            parts.append(
                f"read_csv({_literal(file.path)}, auto_detect = false, header = true, "
                f"delim = {_literal(file.delimiter)}, quote = '\"', escape = '\"', columns = {{{types}}})"
            )
        source = parts[0] if len(parts) == 1 else f"({' UNION ALL '.join(f'SELECT * FROM {part}' for part in parts)})"
        columns = [replace(plan) for plan in plans]
        made = Staged(self.connection, label, self.settings, columns, source, _Lines(files))
        made.read()
        return made

    # ---------------------------------------------------------------------------------------------------- other sources

    def _relation(self, source: str, fields: list[Field], named: Mapping[str, str]) -> Loaded:
        connection = self._cursor()
        relation = _frames.relation(source, connection)
        label = os.path.basename(source) if os.path.exists(source) else "the query"
        available = list(relation.columns)
        names = _names(label, available, fields, named)
        text = [str(kind) == "VARCHAR" for kind in relation.types]
        plans = _plans(available, names, fields, named, raw=text)
        for plan in plans:
            plan.raw = plan.raw and plan.role in _columns.STRICT
        if not any(plan.raw for plan in plans) and names.factors is None:
            renamed = {source: name for name, source in names.renamed.items()}
            if renamed:
                relation = relation.project(
                    ", ".join(f"{_quoted(column)} AS {_quoted(renamed.get(column, column))}" for column in available)
                )
            made = Loaded(label, relation, connection, names.notes, available, _absent(names, fields, named, available))
            made.naive = any(str(kind) == "TIMESTAMP" for kind in relation.types)
            return made
        name = f"source_{len(self._cursors)}"
        relation.project(", ".join(f"{_quoted(column)} AS c{i}" for i, column in enumerate(available))).create(name)
        staged = Staged(
            self.connection,
            label,
            self.settings,
            plans,
            name,
            lambda rows: [row + 1 for row in rows],
            "row",
            names.notes,
        )
        staged.read()
        return self._finished(staged, names, fields, named, available)

    # --------------------------------------------------------------------------------------------------------- the end

    def _finished(
        self, staged: Staged, names: Names, fields: list[Field], named: Mapping[str, str], found: list[str]
    ) -> Loaded:
        staged.drop_empty()
        staged.finish()
        self._count_gaps(staged, fields, named)
        exponent = self.settings.exponent
        chosen = [f"{staged.value(i)} AS {_quoted(column.name)}" for i, column in enumerate(staged.columns)]
        whole = any(column.role == _columns.MONEY and column.raw and column.major for column in staged.columns)
        if names.factors is not None:
            chosen.append(self._product(staged, names.factors))
            whole = True
        made = Loaded(
            staged.label, None, self._cursor(), staged.notes, found, _absent(names, fields, named, found), whole=whole
        )
        selected = f"SELECT {', '.join(chosen)} FROM {staged.table}"
        if names.factors is not None or any(column.mapped or column.final for column in staged.columns):
            finished = f"{staged.table}_made"
            self.connection.execute(f"CREATE TABLE {finished} AS {selected}")
            self.connection.execute(f"DROP TABLE {staged.table}")
            made.relation = made.connection.table(finished)
        else:
            made.relation = made.connection.sql(selected)
        made.naive = any(str(kind) == "TIMESTAMP" for kind in made.relation.types)
        made._lines, made._unit, made._dropped = staged.lines, staged.unit, sorted(staged.dropped)
        for column in staged.columns:
            told = column.heading != column.name or column.heading in named.values()
            if column.role == _columns.MONEY and column.raw and not column.major and told:
                made.notes.append(_in_minor_units(staged.label, column.heading, exponent))
        return made

    @staticmethod
    def _count_gaps(staged: Staged, fields: Iterable[Field], named: Mapping[str, str]) -> None:
        read = {named.get(item.keyword, item.name) for item in fields if item.read or item.required}
        for i, column in enumerate(staged.columns):
            if column.name not in read:
                continue
            count, rows = staged.missing(i)
            if count:
                staged.notes.append(_gap(staged.label, column.heading, staged.lines(rows), count, staged.unit))

    def _product(self, staged: Staged, factors: tuple[str, str, str]) -> str:
        """Amounts as quantity times price, in minor units."""
        price = next(i for i, column in enumerate(staged.columns) if column.heading == factors[1])
        quantity = next(i for i, column in enumerate(staged.columns) if column.heading == factors[0])
        product = f"CAST({staged.value(quantity)} * {staged.value(price)} AS DECIMAL(38, 6))"
        settings = self.settings
        major = settings.amounts == "major" or staged.columns[price].major
        if settings.amounts == "auto" and not major:
            (major,) = self.connection.execute(
                f"SELECT bool_or({staged.value(price)} % 1 <> 0) FROM {staged.table}"
            ).fetchall()[0]
        scaled = f"{product} * {10**settings.exponent if major else 1}"
        (fine,) = self.connection.execute(
            f"SELECT count(*) FROM {staged.table} WHERE round({scaled}) <> {scaled}"
        ).fetchall()[0]
        if fine:
            rows = self.connection.execute(
                f"SELECT rowid FROM {staged.table} WHERE round({scaled}) <> {scaled} ORDER BY rowid LIMIT 3"
            ).fetchall()
            places = staged.lines([row for (row,) in rows])
            en, zh = "rounded, the amount is finer than the currency", "的金额小于币种最小单位，已四舍五入"
            staged.notes.append(counted(staged.label, places, en, zh, fine, staged.unit))
        if not major:
            staged.notes.append(_in_minor_units(staged.label, factors[1], settings.exponent))
        return f"CAST(round({scaled}) AS BIGINT) AS {_quoted(factors[2])}"


class _Temporary:
    """A directory for what does not fit into memory; made only if need be."""

    def __init__(self) -> None:
        import tempfile

        self.name = os.path.join(tempfile.gettempdir(), f"pdmetrics-{os.getpid()}-{id(self):x}")

    def close(self) -> None:
        import shutil

        shutil.rmtree(self.name, ignore_errors=True)


class _Lines:
    """Lines of rows of several files, one after the other."""

    def __init__(self, files: Sequence[TextFile]) -> None:
        self._files = list(files)

    def __call__(self, rows: Sequence[int]) -> list[int]:
        if len(self._files) == 1:
            return self._files[0].lines_of(rows)
        ends: list[int] = []
        for file in self._files:
            ends.append((ends[-1] if ends else 0) + file.rows())
        found = []
        for row in rows:
            at = bisect_right(ends, row)
            found += self._files[at].lines_of([row - (ends[at - 1] if at else 0)])
        return found


def _text_paths(source: str) -> list[str]:
    """Files of text that are on this machine; none if the source is something else."""
    if "://" in source:
        return []
    stem = source.removesuffix(".gz")
    if os.path.splitext(stem)[1].lower() not in _TEXT_FILES:
        return []
    if os.path.isfile(source):
        return [source]
    if any(mark in source for mark in "*?["):
        return sorted(glob.glob(source))
    return []


def _names(
    label: str,
    available: Sequence[str],
    fields: list[Field],
    named: Mapping[str, str],
) -> Names:
    names = understood(label, available, fields, {k: v for k, v in named.items() if v in available})
    absent = [item for item in _absent(names, fields, named, available) if item.required]
    if absent:
        raise question(label, absent, available)
    return names


def _absent(names: Names, fields: Iterable[Field], named: Mapping[str, str], available: Collection[str]) -> list[Field]:
    """Fields without a column."""
    return [
        item
        for item in fields
        if item.keyword not in named
        and item.name not in available
        and item.name not in names.renamed
        and not (names.factors is not None and item.name == names.factors[2])
    ]


def _plans(
    available: Sequence[str], names: Names, fields: list[Field], named: Mapping[str, str], raw: Sequence[bool]
) -> list[Column]:
    """What each column is to become."""
    roles: dict[str, str] = {}
    for item in fields:
        source = named.get(item.keyword) or names.renamed.get(item.name, item.name)
        role = _ROLES.get(item.role)
        if role is not None and (item.read or item.keyword in named):
            roles.setdefault(source, role)
    if names.factors is not None:
        roles.update(dict.fromkeys(names.factors[:2], _columns.NUMBER))
    back = {source: name for name, source in names.renamed.items()}
    return [
        Column(back.get(column, column), column, roles.get(column, _columns.AUTO), is_text)
        for column, is_text in zip(available, raw, strict=True)
    ]


def _flag_of(column: str, names: Names, fields: Iterable[Field]) -> str:
    back = {source: name for name, source in names.renamed.items()}
    return next((item.flag for item in fields if item.name == back.get(column, column)), "with a flag")


def _in_minor_units(label: str, heading: str, exponent: int) -> Note:
    return Note(
        f'{label}: "{heading}" holds whole numbers, read as minor units (1 = {10**-exponent:.{exponent}f}); '
        "say --amounts major if they are whole currency",
        f"{label}：“{heading}”均为整数，按最小货币单位（分）读取；若单位为元，请指定 --amounts major",
    )


def _gap(label: str, column: str, places: Sequence[int], rows: int, unit: str) -> Note:
    """Rows without a value that somebody looks for: counted here, and skipped where they are needed."""
    return counted(label, places, f'without a value in "{column}"', f"缺少“{column}”", rows, unit)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _short(source: str) -> str:
    text = " ".join(source.split())
    return text if len(text) <= 80 else text[:79] + "…"


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
