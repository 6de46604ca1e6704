"""Inputs of calculators: small tables, from whatever users hold them in.

Rows may be a frame of any kind, a dict of columns, a list of dicts or tuples, a mapping from the first column to the
rest, or, where one column is enough, a plain list. An input of one row may be a mapping, a frame of one row, or, again
where one column is enough, a plain value.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import timezone
from decimal import Decimal
from typing import Any

from . import _columns, _frames, _lists, _registry, _time
from ._errors import ArgumentError, MissingColumnError, OptionError, from_native
from ._native import core
from ._registry import ColumnInfo, ListInfo

# What is accepted is in the documentation, not in the type: it comes from packages that need not be installed.
InputLike = Any
Number = int | float | Decimal

Columns = Mapping[str, Any]


def batch(info: ListInfo, value: InputLike, scalars: Mapping[str, Any]) -> tuple[int, list[_columns.Column]]:
    """The batch of an input, as the native module reads it. ``scalars`` are columns given as arguments of their own."""
    if info.single:
        found = _single(info, value, scalars)
    else:
        found = _spread(info, value, scalars) if scalars else columns(info, value)
    known = {column.name: column for column in info.columns}
    if found and known.keys().isdisjoint(found):
        raise MissingColumnError(
            f"{info.name}: none of its columns ({', '.join(known)}) is there; the columns are {', '.join(found)}",
            column=next((column.name for column in info.columns if column.required), info.name),
        )
    made = [_column(known[name], values) for name, values in found.items() if name in known]
    lengths = sorted({length for length, _ in made})
    if len(lengths) > 1:
        counts = " and ".join(map(str, lengths))
        raise from_native("length", -1, info.name, f"{info.name}: columns of {counts} rows; one length expected")
    rows = lengths[0] if made else max(map(len, found.values()), default=0)
    if rows == 0:  # no row says nothing of columns: the library shall name what is empty
        return 0, [_columns.make(column.name, core.PDM_TYPE_ALL_NULL, None) for column in info.columns]
    return rows, [column for _, column in made]


def given(value: InputLike) -> list[str]:
    """Columns of an input, for messages about those that are missing."""
    names = value if isinstance(value, Mapping) else getattr(value, "columns", ())
    return [str(name) for name in names]


# ------------------------------------------------------------------------------------------------------------- one row


def _single(info: ListInfo, value: InputLike, scalars: Mapping[str, Any]) -> Columns:
    row: dict[str, Any] = {}
    if isinstance(value, Mapping) and not any(is_vector(each) for each in value.values()):
        _known_only(info, value)
        row = dict(value)
    elif value is not None and is_plain(value):
        row = {_plain_column(info, value).name: value}
    elif value is not None:
        if scalars:
            raise _given_twice(info, scalars)
        return columns(info, value)
    for name, each in scalars.items():
        if name in row:
            raise OptionError(f"{name}: given twice, in {info.name} too", column=name)
        row[name] = each
    return {name: [each] for name, each in row.items()}


# --------------------------------------------------------------------------------------------------------------- rows


def _given_twice(info: ListInfo, names: Iterable[str]) -> OptionError:
    return OptionError(f"{info.name}: given as a table and by columns ({', '.join(names)}) at once", column=info.name)


def _spread(info: ListInfo, value: InputLike, given: Mapping[str, Any]) -> Columns:
    """Columns that were given as arguments: plain values hold for every row."""
    if value is not None:
        raise _given_twice(info, given)
    rows = max((len(each) for each in given.values() if is_vector(each)), default=1)
    return {name: each if is_vector(each) else [each] * rows for name, each in given.items()}


def columns(info: ListInfo, value: InputLike) -> Columns:
    """Columns of an input of rows; lists, or arrays of whatever kind they were."""
    if isinstance(value, (str, os.PathLike)):
        value = _frames.relation(value)
    if isinstance(value, Mapping):
        return _of_mapping(info, value)
    found = _of_frame(value)
    if found is not None:
        return found
    if is_vector(value) and not isinstance(value, (list, tuple)):
        return {_plain_column(info, value).name: value}
    if not isinstance(value, Iterable):
        raise OptionError(f"{info.name}: expected rows, got {type(value).__name__}", column=info.name)
    rows = list(value)
    if rows and all(map(is_plain, rows)):
        return {_plain_column(info, value).name: rows}
    return _of_rows(info, [_lists.row_of(info, row) for row in rows])


def _of_mapping(info: ListInfo, value: Mapping[Any, Any]) -> Columns:
    names = {column.name for column in info.columns}
    if value and names.isdisjoint(value):
        # Lists under names that need not be given are columns of names that nobody knows.
        if len(info.columns) == 1 or (not info.columns[0].required and any(map(is_vector, value.values()))):
            _known_only(info, value)
        return _of_rows(info, [row for key, rest in value.items() for row in _lists.entry_of(info, key, rest)])
    _known_only(info, value)
    if not any(map(is_vector, value.values())):
        return {name: [each] for name, each in value.items()}
    wrong = next((name for name, each in value.items() if not is_vector(each)), None)
    if wrong is not None:
        raise OptionError(f"{info.name}: column {wrong} is a single value, the others are lists", column=wrong)
    return value


def _of_rows(info: ListInfo, rows: Sequence[Mapping[str, Any]]) -> Columns:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _of_frame(value: Any) -> Columns | None:
    """Columns of a frame; arrays stay arrays where they can be read in place."""
    pandas, polars, numpy = (sys.modules.get(name) for name in ("pandas", "polars", "numpy"))
    if pandas is not None and isinstance(value, pandas.DataFrame):
        return {str(name): value[name] for name in value.columns}
    if polars is not None and isinstance(value, polars.LazyFrame):
        value = value.collect()
    if numpy is not None and isinstance(value, numpy.ndarray) and value.dtype.names is not None:
        return {name: value[name] for name in value.dtype.names}
    if not hasattr(value, "to_list") or hasattr(value, "columns"):  # a series is no frame
        found = _lists.frame_columns(value)
        if found is not None:
            return found
        if hasattr(value, "__arrow_c_stream__"):
            return _of_stream(value)
    return None


def _of_stream(value: Any) -> Columns:
    try:
        import pyarrow  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        pass
    else:
        return dict(pyarrow.table(value).to_pydict())
    try:
        import polars  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        raise ArgumentError("reading an Arrow stream needs pyarrow or polars: pip install pyarrow") from None
    frame = polars.DataFrame(value)
    return {name: frame[name].to_list() for name in frame.columns}


# ------------------------------------------------------------------------------------------------------------- columns


def _column(column: ColumnInfo, values: Any) -> tuple[int, _columns.Column]:
    if not isinstance(values, (list, tuple, range)):
        length, made = _columns.column(column.name, values, column.role)
        if made[1] != core.PDM_TYPE_DECIMAL128:
            return length, made
        values = plain_list(values)
    read = {_registry.TIME: _time_of, _registry.TEXT: _text_of, _registry.KEY: _key_of}.get(column.role, _number_of)
    plain = [item.item() if getattr(item, "shape", None) == () else item for item in values]
    return len(values), _columns.of_list(column.name, [read(column, item) for item in plain], column.role)


def plain_list(values: Any) -> list[Any]:
    """A column of whatever kind as a list of Python values."""
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(values, method):
            return list(getattr(values, method)())
    return list(values)


def _missing(item: Any) -> bool:
    return item is None or (isinstance(item, float) and item != item)


def _time_of(column: ColumnInfo, item: Any) -> int | None:
    return None if _missing(item) or item != item else _time.instant(item, timezone.utc, column.name)


def _text_of(column: ColumnInfo, item: Any) -> str | None:
    return None if _missing(item) else str(item)


def _key_of(column: ColumnInfo, item: Any) -> Any:
    return None if _missing(item) else item


def _number_of(column: ColumnInfo, item: Any) -> Any:
    """Decimals as the numbers they are: whole ones stay exact, others are read back from their digits."""
    if not isinstance(item, Decimal) or not item.is_finite():
        return float(item) if isinstance(item, Decimal) else item
    return int(item) if item == item.to_integral_value() else float(item)


def _plain_column(info: ListInfo, value: Any) -> ColumnInfo:
    if info.plain_column is None:
        kind = type(value).__name__
        raise OptionError(f"{info.name}: expected {_expected(info)}, got a plain {kind}", column=info.name)
    return info.plain_column


def _expected(info: ListInfo) -> str:
    names = [column.name for column in info.columns if column.required]
    return f"{'one row' if info.single else 'rows'} with {', '.join(names or [column.name for column in info.columns])}"


def _known_only(info: ListInfo, names: Iterable[Any]) -> None:
    known = [column.name for column in info.columns]
    for name in names:
        if name not in known:
            raise OptionError(f'{info.name}: no column "{name}"; there are {", ".join(known)}', column=info.name)


def is_vector(value: Any) -> bool:
    """Whether this is a column of values."""
    return hasattr(value, "__len__") and not isinstance(value, (str, bytes, Mapping)) and not is_plain(value)


def is_plain(value: Any) -> bool:
    """Whether this is one value. (Numpy's scalars and arrays of no dimension have a length that fails.)"""
    return isinstance(value, (str, bytes)) or not hasattr(value, "__len__") or getattr(value, "shape", None) == ()
