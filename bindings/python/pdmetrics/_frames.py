"""Frames of every kind, as chunks of rows that the library reads in place.

A chunk is either a batch (columns read through buffers) or an Arrow stream. Columns are chosen and renamed on the way,
never copied to do so, and columns that are not wanted are left where they are.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from . import _columns, _conditions, _pandas
from ._errors import ArgumentError, ColumnTypeError, MissingColumnError
from ._native import core


@runtime_checkable
class ArrowStreamExportable(Protocol):
    """Anything that exports an Arrow stream: polars, pyarrow, DuckDB, pandas, pdmetrics' own tables."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


@runtime_checkable
class ArrowArrayExportable(Protocol):
    """Anything that exports an Arrow struct array."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...


# Frames come from packages that need not be installed, so the list of what is accepted is in the documentation, not
# in the type.
FrameLike = Any


@dataclass(frozen=True)
class Wanted:
    """A column that a metric reads: what the metric calls it, and what the frame does."""

    name: str
    source: str
    keyword: str
    role: int
    explicit: bool
    condition: _conditions.Condition | _conditions.Mask | None = None
    """What makes the column, if the frame does not have it."""


@dataclass
class Batch:
    """Rows in buffers."""

    rows: int
    columns: list[_columns.Column]
    available: Sequence[str]


@dataclass
class Stream:
    """An Arrow stream, and which of its columns are read under which names."""

    capsule: object
    selection: list[tuple[int, str]]
    available: Sequence[str]


Chunk = Batch | Stream

_SQL = re.compile(r"\s*(?:--[^\n]*\n\s*)*(?:SELECT|WITH|FROM|VALUES|TABLE|PIVOT|DESCRIBE)\b", re.IGNORECASE)
_READERS = {
    ".parquet": "read_parquet",
    ".pq": "read_parquet",
    ".csv": "read_csv",
    ".tsv": "read_csv",
    ".txt": "read_csv",
    ".json": "read_json",
    ".jsonl": "read_json",
    ".ndjson": "read_json",
}


def chunks(frame: FrameLike, wanted: Sequence[Wanted]) -> Iterator[Chunk]:
    """The rows of any frame."""
    if isinstance(frame, (str, os.PathLike)):
        yield from chunks(relation(frame), wanted)
        return
    if any(item.condition is not None for item in wanted) and _is_frame(frame):
        frame = _with_flags(frame, wanted)
    if _is(frame, "pandas", "DataFrame"):
        yield _of_pandas(frame, wanted)
    elif _is(frame, "polars", "DataFrame"):
        yield _of_stream(_select(frame, wanted, frame.columns), wanted)
    elif _is(frame, "polars", "LazyFrame"):
        yield _of_stream(_select(frame, wanted, frame.collect_schema().names()).collect(), wanted)
    elif type(frame).__name__ == "DuckDBPyRelation":
        yield _of_relation(frame, wanted)
    elif hasattr(frame, "__arrow_c_stream__"):
        yield _of_stream(frame, wanted)
    elif hasattr(frame, "__arrow_c_array__"):
        yield _of_capsule(core.pdm_py_stream_of_array(*frame.__arrow_c_array__()), wanted)
    elif isinstance(frame, Mapping):
        yield _of_mapping(frame, wanted)
    elif (numpy := sys.modules.get("numpy")) is not None and isinstance(frame, numpy.ndarray):
        yield _of_structured(frame, wanted)
    elif isinstance(frame, Iterable) and not isinstance(frame, (bytes, bytearray, memoryview)):
        yield from _of_iterable(frame, wanted)
    else:
        raise ColumnTypeError(f"expected a frame, got {type(frame).__name__}")


def _with_flags(frame: Any, wanted: Sequence[Wanted]) -> Any:
    """The frame and the columns that conditions make."""
    flags = {item.source: item.condition for item in wanted if item.condition is not None}
    return _conditions.added(frame, flags) if flags else frame


def _is(frame: object, package: str, name: str) -> bool:
    """Whether frame is of a class of a package that, if it is, has been imported."""
    module = sys.modules.get(package)
    kind = getattr(module, name, None)
    return kind is not None and isinstance(frame, kind)


def _present(wanted: Sequence[Wanted], available: Sequence[str]) -> list[Wanted]:
    """The wanted columns that are there. One that was named must be; the library judges the others."""
    names = set(available)
    for item in wanted:
        if item.explicit and item.source not in names:
            raise MissingColumnError(
                f'no column "{item.source}" for {item.keyword}=; {_listed(available)}', column=item.name
            )
    return [item for item in wanted if item.source in names]


def _listed(available: Sequence[str]) -> str:
    shown = ", ".join(f'"{name}"' for name in available[:20])
    more = f" and {len(available) - 20} more" if len(available) > 20 else ""
    return f"the columns are {shown}{more}" if shown else "there are no columns"


def hint(error: MissingColumnError, wanted: Sequence[Wanted], available: Sequence[str]) -> MissingColumnError:
    """A missing column as the library reports it, with what there is and how to name it."""
    keyword = next((item.keyword for item in wanted if item.name == error.column), None)
    how = f', or name it: {keyword}="…"' if keyword is not None else ""
    return MissingColumnError(f"{error.message}; {_listed(available)}{how}", column=error.column)


def _select(frame: Any, wanted: Sequence[Wanted], available: Sequence[str]) -> Any:
    sources = dict.fromkeys(item.source for item in _present(wanted, available))
    return frame.select(list(sources)) if sources else frame


# ---------------------------------------------------------------------------------------------------------------- Arrow


def _of_stream(frame: Any, wanted: Sequence[Wanted]) -> Stream:
    return _of_capsule(frame.__arrow_c_stream__(), wanted)


def _of_capsule(capsule: object, wanted: Sequence[Wanted]) -> Stream:
    available = [name for name, _ in core.pdm_py_stream_columns(capsule)]
    selection = [(available.index(item.source), item.name) for item in _present(wanted, available)]
    return Stream(capsule, selection, available)


def _of_relation(frame: Any, wanted: Sequence[Wanted]) -> Stream:
    available = list(frame.columns)
    sources = dict.fromkeys(item.source for item in _present(wanted, available))
    import duckdb  # type: ignore[import-untyped,import-not-found,unused-ignore]

    try:
        if sources and len(set(available)) == len(available):
            frame = frame.project(", ".join('"' + source.replace('"', '""') + '"' for source in sources))
        stream = _of_stream(frame, wanted)
    except duckdb.Error as error:
        raise ArgumentError(f"the query failed: {_first_line(error)}") from error
    return Stream(stream.capsule, stream.selection, available)


def relation(source: str | os.PathLike[str], connection: Any = None) -> Any:
    """A DuckDB relation over a file or a query, in a database of its own unless one is given."""
    try:
        import duckdb  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        raise ArgumentError(f'reading "{source}" needs DuckDB: pip install "pdmetrics[cli]"') from None
    text = os.fspath(source)
    if isinstance(source, str) and not os.path.exists(text) and _SQL.match(text):
        connection = connection or duckdb.connect(config={"python_scan_all_frames": True})
        try:
            return connection.sql(text)
        except duckdb.Error as error:
            raise ArgumentError(f"the query failed: {_first_line(error)}") from error
    uncompressed = text.removesuffix(".gz").removesuffix(".zst")
    reader = _READERS.get(os.path.splitext(uncompressed)[1].lower())
    if reader is None:
        raise ArgumentError(f'"{text}" is neither a file that can be read (CSV, Parquet, JSON) nor a query')
    if not any(mark in text for mark in "*?[") and "://" not in text and not os.path.isfile(text):
        raise ArgumentError(f'no file "{text}"')
    try:
        return getattr(connection or duckdb.connect(), reader)(text)
    except duckdb.Error as error:
        raise ArgumentError(f'"{text}" cannot be read: {_first_line(error)}') from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


# ----------------------------------------------------------------------------------------------------------- buffers


def _of_pandas(frame: Any, wanted: Sequence[Wanted]) -> Batch:
    available = [str(label) for label in frame.columns]
    present = _present(wanted, available)
    labels = dict(zip(available, frame.columns, strict=True))
    columns = [_pandas.of_series(item.name, _pandas.pick(frame, labels[item.source]), item.role) for item in present]
    return Batch(len(frame), columns, available)


def _of_structured(frame: Any, wanted: Sequence[Wanted]) -> Batch:
    if frame.dtype.names is None:
        raise ColumnTypeError("expected a frame, got a plain array: pass a structured array, or a dict of arrays")
    available = list(frame.dtype.names)
    columns = [_columns.of_numpy(item.name, frame[item.source], item.role) for item in _present(wanted, available)]
    return Batch(len(frame), columns, available)


def _of_mapping(frame: Mapping[str, Any], wanted: Sequence[Wanted]) -> Batch:
    available = [str(name) for name in frame]
    columns = []
    rows: int | None = None
    for item in _present(wanted, available):
        length, made = _columns.column(item.name, frame[item.source], item.role)
        if rows is not None and length != rows:
            raise ArgumentError(f'column "{item.source}" has {length} rows, the others {rows}', column=item.name)
        rows = length
        columns.append(made)
    if rows is None:
        rows = len(next(iter(frame.values()))) if frame else 0
    return Batch(rows, columns, available)


def _of_iterable(frames: Iterable[Any], wanted: Sequence[Wanted]) -> Iterator[Chunk]:
    """Several frames one after the other, or rows as dicts."""
    rows: list[Mapping[str, Any]] = []
    for frame in frames:
        if isinstance(frame, Mapping) and _is_row(frame):
            rows.append(frame)
            if len(rows) == 65_536:
                yield _of_rows(rows, wanted)
                rows = []
        elif isinstance(frame, (str, os.PathLike)) or _is_frame(frame):
            yield from chunks(frame, wanted)
        else:
            raise ColumnTypeError(
                f"expected frames or dicts of values, got {type(frame).__name__} inside {type(frames).__name__}"
            )
    if rows:
        yield _of_rows(rows, wanted)


def _is_row(frame: Mapping[str, Any]) -> bool:
    """A row has a plain value somewhere, columns are all arrays or lists. (A row's own lists are paths, say.)"""
    return not frame or any(isinstance(each, (str, bytes)) or not hasattr(each, "__len__") for each in frame.values())


def _is_frame(frame: object) -> bool:
    return (
        isinstance(frame, Mapping)
        or _is(frame, "polars", "LazyFrame")
        or any(hasattr(frame, name) for name in ("__arrow_c_stream__", "__arrow_c_array__", "columns", "dtype"))
    )


def _of_rows(rows: Sequence[Mapping[str, Any]], wanted: Sequence[Wanted]) -> Batch:
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: [row.get(name) for row in rows] for name in names}
    return _of_mapping(_with_flags(columns, wanted), wanted)
