"""Lists that go in before the first row (windows, segments, thresholds, tiers …), from whatever users write them as.

A list is a sequence of rows; a row is a dict, or a tuple in the order of the registry's columns. A mapping from the
first column to the rest reads better, ``{"gold": 100_000}``, and works too, as does a frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from . import _columns, _registry, _time
from ._errors import OptionError
from ._registry import ColumnInfo, ListInfo

ListLike = Any

Row = dict[str, Any]


def batch(info: ListInfo, value: ListLike, tz: tzinfo) -> tuple[int, list[_columns.Column]]:
    """The batch of a list, as the native module reads it."""
    found = rows(info, value)
    columns = []
    for column in info.columns:
        values = [row.get(column.name) for row in found]
        if all(item is None for item in values) and not column.required:
            continue
        if column.role == _registry.TIME:
            ticks = [None if item is None else _time.instant(item, tz, f"{info.name}.{column.name}") for item in values]
            made = _columns.of_list(column.name, ticks, column.role)
        elif column.role == _registry.TEXT:
            made = _columns.of_list(column.name, [None if item is None else str(item) for item in values], column.role)
        else:
            made = _columns.of_list(column.name, [_number(column, item) for item in values], column.role)
        columns.append(made)
    return len(found), columns


def _number(column: ColumnInfo, value: Any) -> Any:
    """Decimals as the kind of number a column wants, where that loses nothing."""
    if not isinstance(value, Decimal):
        return value
    if column.role == _registry.FLOAT:
        return float(value)
    if column.role == _registry.INTEGER and value == value.to_integral_value():
        return int(value)
    return value


def rows(info: ListInfo, value: ListLike) -> list[Row]:
    """The rows of a list, each by the names of its columns."""
    if isinstance(value, Mapping):
        known = {column.name for column in info.columns}
        if info.columns[0].name in value and known.issuperset(value):
            return _of_columns(info, value)
        return [row for key, rest in value.items() for row in entry_of(info, key, rest)]
    table = frame_columns(value)
    if table is not None:
        if type(value).__module__.startswith("pdmetrics."):  # a table of a result tells more than a list asks
            table = {column.name: table[column.name] for column in info.columns if column.name in table}
        return _of_columns(info, table)
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise OptionError(
            f"{info.name}: expected rows, a mapping or a frame, got {type(value).__name__}", column=info.name
        )
    return [row_of(info, row) for row in value]


def frame_columns(value: Any) -> Mapping[str, Sequence[Any]] | None:
    """Columns of a frame: these lists are short, so any way of reading one will do."""
    if hasattr(value, "to_pydict"):
        return dict(value.to_pydict())
    if hasattr(value, "rows") and hasattr(value, "to_dict"):  # polars
        return {name: value[name].to_list() for name in value.columns}
    if hasattr(value, "itertuples"):  # pandas
        plain = value.astype(object).where(value.notna(), None)
        return {str(name): plain[name].tolist() for name in plain.columns}
    if hasattr(value, "fetchall") and hasattr(value, "columns"):  # DuckDB
        fetched = value.fetchall()
        return {name: [row[i] for row in fetched] for i, name in enumerate(value.columns)}
    if hasattr(value, "to_dict"):
        return dict(value.to_dict())
    return None


def _of_columns(info: ListInfo, columns: Mapping[str, Sequence[Any]]) -> list[Row]:
    _refuse_unknown(info, columns)
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise OptionError(f"{info.name}: columns of {' and '.join(map(str, sorted(lengths)))} rows", column=info.name)
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _refuse_unknown(info: ListInfo, names: Iterable[str]) -> None:
    known = [column.name for column in info.columns]
    for name in names:
        if name not in known:
            raise OptionError(f'{info.name}: no column "{name}"; there are {", ".join(known)}', column=info.name)


def row_of(info: ListInfo, row: Any) -> Row:
    if isinstance(row, Mapping):
        _refuse_unknown(info, row)
        return dict(row)
    if isinstance(row, (tuple, list)):
        return _assign(info, list(row))
    return _assign(info, [row])


def entry_of(info: ListInfo, key: Any, rest: Any) -> list[Row]:
    """Rows of one entry of a mapping from the first column to the rest."""
    first = info.columns[0].name
    if isinstance(rest, list):
        return [row for item in rest for row in entry_of(info, key, item)]
    if isinstance(rest, Mapping):
        _refuse_unknown(info, rest)
        return [{first: key, **rest}]
    if isinstance(rest, tuple):
        return [_assign(info, [key, *rest])]
    return [_assign(info, [key, rest])]


def _assign(info: ListInfo, values: list[Any]) -> Row:
    """Values to columns, in order. A column that cannot take a value is skipped; text beside a name is a code."""
    columns = list(info.columns)
    bounds = [column for column in columns if column.name.endswith(("_lo", "_hi"))]
    if bounds and len(values) == 1 + len(bounds):
        columns = [columns[0], *bounds]
    elif len(values) == 2 and isinstance(values[1], str):
        columns.sort(key=lambda column: (column is not info.columns[0], column.name != "code"))
    row: Row = {}
    position = 0
    for value in values:
        while position < len(columns) and not _takes(columns[position], value):
            position += 1
        if position == len(columns):
            expected = ", ".join(column.name for column in info.columns)
            raise OptionError(f"{info.name}: {tuple(values)!r} does not fit the columns {expected}", column=info.name)
        row[columns[position].name] = value
        position += 1
    return row


def _takes(column: ColumnInfo, value: Any) -> bool:
    if value is None:
        return True
    if column.role == _registry.TIME:
        return isinstance(value, (datetime, date, str, int)) or hasattr(value, "astype")
    if column.role == _registry.TEXT:
        return isinstance(value, str)
    if column.role == _registry.FLOAT:
        return isinstance(value, (int, float, Decimal)) or hasattr(value, "__float__")
    if column.role == _registry.MONEY:
        return not isinstance(value, (str, float))
    if column.role == _registry.INTEGER:
        return hasattr(value, "__index__") or (isinstance(value, Decimal) and value == value.to_integral_value())
    return True
