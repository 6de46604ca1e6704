"""Text files of rows as they come: in which encoding, with which delimiter, under which header, and on which line."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import itertools
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, TextIO, cast

from .._errors import ArgumentError
from . import cells as _cells
from .headers import Note

_BLOCK = 4 << 20
_DELIMITERS = ",;\t|"
_BOMS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# How far a header may stand below the title and remarks that some exports begin with.
_LOOK = 60
# A cell may hold a novel; what the csv module stops at by default is no sign of a broken file.
_LONGEST_CELL = 1 << 24


class InputError(ArgumentError):
    """An input that cannot be read, and where."""


class EmptyError(InputError):
    """A file without rows."""


@dataclass(frozen=True)
class _Record:
    line: int
    """The line on which it begins, from 1."""
    cells: list[str]


@dataclass
class TextFile:
    """A file of delimited text, ready for DuckDB: in UTF-8, its first line the header."""

    label: str
    path: str
    """The file itself, or a copy that is deleted with ``close()``."""
    delimiter: str
    names: list[str]
    """Names of its columns, each once."""
    positions: dict[str, list[int]]
    """1-based columns of the names that occur more than once."""
    preamble: int = 0
    """Records above the header."""
    notes: list[Note] = field(default_factory=list)
    directory: str | None = None
    lines: list[int] | None = None
    """The line of each row in the file as it came, where this is a copy of its rows."""

    def close(self) -> None:
        """Deletes the copy, if there is one."""
        if self.directory is not None:
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory = None

    @property
    def plain(self) -> bool:
        """Whether rows below the header are one to one with what any reader of CSV finds."""
        return not self.preamble and len(self.names) > 1

    def rows(self) -> int:
        """How many rows there are."""
        return len(self.lines) if self.lines is not None else sum(1 for _ in self._records())

    def lines_of(self, rows: Sequence[int]) -> list[int]:
        """The lines on which 0-based rows begin."""
        if self.lines is not None:
            return [self.lines[row] for row in rows]
        wanted, found = set(rows), {}
        last = max(rows, default=-1)
        with _opened(self.path) as raw, io.TextIOWrapper(raw, "utf-8-sig", newline="") as text:
            row, line = -1 - self.preamble, 1
            reader = csv.reader(text, delimiter=self.delimiter)
            for cells in reader:  # bare, as files are long
                if cells:
                    if row in wanted:
                        found[row] = line
                    if row >= last:
                        break
                    row += 1
                line = reader.line_num + 1
        return [found.get(row, row + 2) for row in rows]

    def rewritten(self, skip_bad: bool) -> TextFile:
        """A copy with every cell quoted as it should be, for what only a lenient reader takes.

        A row with more or fewer cells than the header is an error, or is left out and noted; empty cells at its end
        are none too many.
        """
        directory = tempfile.mkdtemp(prefix="pdmetrics-")
        made = TextFile(
            self.label, os.path.join(directory, "rows.csv"), ",", self.names, self.positions, 0, self.notes, directory
        )
        made.lines, bad = [], []
        try:
            with open(made.path, "w", encoding="utf-8", newline="") as out:
                writer = csv.writer(out, quoting=csv.QUOTE_ALL)
                writer.writerow(self.names)
                for record in self._records():
                    cells = record.cells
                    while len(cells) > len(self.names) and not cells[-1].strip(_cells.PADDING):
                        cells = cells[:-1]
                    if len(cells) == len(self.names):
                        writer.writerow(cells)
                        made.lines.append(record.line)
                    elif any(cell.strip(_cells.PADDING) for cell in cells):
                        if not skip_bad:
                            raise self._ragged(record)
                        bad.append(record.line)
        except BaseException:
            made.close()
            raise
        if bad:
            why_en = f"left out, more or fewer cells than the header's {len(self.names)}"
            made.notes.append(counted(self.label, bad, why_en, f"的列数与表头（{len(self.names)} 列）不符，已跳过"))
        return made

    def _ragged(self, record: _Record) -> InputError:
        expected, found = len(self.names), len(record.cells)
        open_quote = any("\n" in cell or "\r" in cell for cell in record.cells)
        hint = "is a quote missing at its end? " if open_quote else ""
        shown = self.delimiter.join(record.cells)
        return InputError(
            f"{self.label} line {record.line}: expected {expected} cells as in the header, found {found}: "
            f'"{_cut(shown)}"; {hint}--bad-rows skip leaves such rows out'
        )

    def _records(self) -> Iterator[_Record]:
        """What is below the header; blank lines are none."""
        with _opened(self.path) as raw, io.TextIOWrapper(raw, "utf-8-sig", newline="") as text:
            try:
                yield from itertools.islice(_split(text, self.delimiter), self.preamble + 1, None)
            except csv.Error as error:
                raise InputError(f"{self.label}: not readable as rows of cells: {error}") from None


def counted(
    label: str, lines: Sequence[int], why_en: str, why_zh: str, total: int | None = None, unit: str = "line"
) -> Note:
    """A note on rows, with how many they are and where the first of them stand."""
    count = len(lines) if total is None else total
    shown = ", ".join(map(str, lines[:3]))
    more = ", …" if count > 3 else ""
    more_zh = " 等" if count > 3 else ""
    rows = "row" if count == 1 else "rows"
    return Note(
        f"{label}: {count:,} {rows} {why_en} ({unit}{'s' if count > 1 else ''} {shown}{more})",
        f"{label}：{count:,} 行{why_zh}（第 {shown.replace(', ', '、')} 行{more_zh}）",
    )


def _cut(text: str, room: int = 60) -> str:
    text = " ".join(text.split())
    return text if len(text) <= room else text[: room - 1] + "…"


def _opened(path: str) -> BinaryIO:
    if path.lower().endswith(".gz"):
        return cast("BinaryIO", gzip.open(path, "rb"))
    return open(path, "rb")


def _split(text: TextIO, delimiter: str) -> Iterator[_Record]:
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(text, delimiter=delimiter)
    line = 1
    for cells in reader:
        if cells:
            yield _Record(line, cells)
        line = reader.line_num + 1


def open_text(path: str, *, encoding: str | None = None, delimiter: str | None = None) -> TextFile:
    """Looks at all bytes of a file, and makes a copy in UTF-8 if they are anything else."""
    label = os.path.basename(path)
    try:
        return _open_text(path, label, encoding, delimiter)
    except (OSError, EOFError) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise InputError(f'"{path}" cannot be read: {what}') from None


def _open_text(path: str, label: str, encoding: str | None, delimiter: str | None) -> TextFile:
    found = _encoding_of(path, label) if encoding is None else _known(encoding)
    made = TextFile(label, path, ",", [], {})
    try:
        if found not in ("utf-8", "utf-8-sig"):
            made.directory = tempfile.mkdtemp(prefix="pdmetrics-")
            made.path = os.path.join(made.directory, "text.csv")
            made.notes.append(Note(f"{label}: read as {found.upper()}", f"{label}：按 {found.upper()} 编码读取"))
            _transcode(path, label, found, made.path)
        elif encoding is not None:
            _check(path, label, "utf-8")
        _find_header(made, delimiter)
    except BaseException:
        made.close()
        raise
    return made


# ------------------------------------------------------------------------------------------------------------- encoding


def _known(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise ArgumentError(
            f'--encoding: there is no encoding "{encoding}"; usual are utf-8, gb18030, utf-16'
        ) from None
    return "gb18030" if name in ("gbk", "gb2312", "cp936") else name


def _encoding_of(path: str, label: str) -> str:
    """The one of UTF-8, UTF-16 (by its mark) and GB18030, which includes GBK, that all bytes obey."""
    with _opened(path) as raw:
        head = raw.read(4)
    if not head:
        raise EmptyError(f"{label} is empty")
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    at = _breaks(path, label, "utf-8")
    if at is None:
        return "utf-8"
    if _breaks(path, label, "gb18030") is None:
        return "gb18030"
    raise InputError(
        f"{label} line {at}: bytes that are neither UTF-8 nor GBK; say which with --encoding, or save the file as UTF-8"
    )


def _check(path: str, label: str, encoding: str) -> None:
    at = _breaks(path, label, encoding)
    if at is not None:
        raise InputError(f"{label} line {at}: bytes that are no {encoding.upper()}")


def _breaks(path: str, label: str, encoding: str) -> int | None:
    """The line on which the bytes of a file break the rules of an encoding; ``None`` if they never do."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    lines = 1
    with _opened(path) as raw:
        while True:
            block = raw.read(_BLOCK)
            nul = block.find(b"\0")
            if nul >= 0:
                line = lines + block.count(b"\n", 0, nul)
                hint = "this is no text, or it is UTF-16 without its mark: --encoding utf-16-le"
                raise InputError(f"{label} line {line}: a NUL byte; {hint}")
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                return lines + block.count(b"\n", 0, max(error.start, 0))
            if not block:
                return None
            lines += block.count(b"\n")


def _transcode(path: str, label: str, encoding: str, to: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    lines = 1
    with _opened(path) as raw, open(to, "w", encoding="utf-8", newline="") as out:
        while True:
            block = raw.read(_BLOCK)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError:
                raise InputError(
                    f"{label}: after line {lines} there are bytes that are no {encoding.upper()}"
                ) from None
            if "\0" in text:
                line = lines + text.count("\n", 0, text.index("\0"))
                raise InputError(f"{label} line {line}: a NUL character; this is no text")
            out.write(text)
            if not block:
                return
            lines += text.count("\n")


# --------------------------------------------------------------------------------------------------------------- header


def _find_header(made: TextFile, delimiter: str | None) -> None:
    """Finds the delimiter that makes most of the header, the names, and whether there is a row below."""
    with _opened(made.path) as raw, io.TextIOWrapper(raw, "utf-8-sig", newline="") as text:
        lines = list(itertools.islice(text, 4 * _LOOK))
    if not "".join(lines).strip("\ufeff \t\r\n"):
        raise EmptyError(f"{made.label} is empty")

    def top(sign: str) -> tuple[int, list[_Record]]:
        try:
            records = list(itertools.islice(_split(iter(lines), sign), _LOOK))  # type: ignore[arg-type]
        except csv.Error:
            return 0, []
        return _header_of(records), records

    def width(sign: str) -> int:
        at, records = top(sign)
        return len(records[at].cells) if records else 0

    signs = _DELIMITERS if delimiter is None else _sign(delimiter)
    made.delimiter = max(signs, key=width)
    made.preamble, records = top(made.delimiter)
    if not records:
        raise InputError(
            f"{made.label} line 1: expected the names of the columns, separated by comma, semicolon or tab"
        )
    header = [cell.strip(_cells.PADDING) for cell in records[made.preamble].cells]
    line = records[made.preamble].line
    if any(_is_value(cell) for cell in header):
        raise InputError(
            f"{made.label} line {line}: expected the names of the columns, found values: {_cut(', '.join(header))}; "
            "add a line of names"
        )
    if made.preamble:
        note = f"the header is on line {line}; what is above it was not read"
        made.notes.append(Note(f"{made.label}: {note}", f"{made.label}：表头在第 {line} 行，其上方的内容未读取"))
    made.names, made.positions = _unique(header)
    if len(records) == made.preamble + 1:
        raise EmptyError(f"{made.label}: there is a header ({_cut(', '.join(header))}), but no rows")


def _header_of(records: Sequence[_Record]) -> int:
    """Which record is the header: the first, unless it is a title above a wider one."""

    def filled(record: _Record) -> int:
        return sum(bool(cell.strip(_cells.PADDING)) for cell in record.cells)

    if not records or filled(records[0]) > 2:
        return 0
    widest = max(map(filled, records))
    return next(i for i, record in enumerate(records) if filled(record) == widest) if widest > 3 else 0


def _sign(delimiter: str) -> str:
    names = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
    sign = names.get(delimiter.lower(), delimiter)
    if len(sign) != 1 or sign in '"\r\n':
        raise ArgumentError(f'--delimiter: expected one character or "tab", got "{delimiter}"')
    return sign


def _is_value(cell: str) -> bool:
    """Whether this is no name but a number or a date."""
    if not re.search(r"\d", cell) or re.fullmatch(r"\d{1,4}", cell):
        return False
    for read in (_cells.number, _cells.time):
        try:
            read(cell)
            return True
        except _cells.Ambiguous:
            return True
        except ValueError:
            continue
    return False


def _unique(header: list[str]) -> tuple[list[str], dict[str, list[int]]]:
    """Names of which none occurs twice, case aside, as DuckDB needs them; and where those that did are."""
    names: list[str] = []
    taken: set[str] = set()
    seen: dict[str, list[int]] = {}
    for at, cell in enumerate(header, 1):
        wanted = cell or f"column {at}"
        seen.setdefault(wanted.casefold(), []).append(at)
        name = wanted
        for count in itertools.count(2):
            if name.casefold() not in taken:
                break
            name = f"{wanted} ({count})"
        taken.add(name.casefold())
        names.append(name)
    return names, {names[at[0] - 1]: at for at in seen.values() if len(at) > 1}
