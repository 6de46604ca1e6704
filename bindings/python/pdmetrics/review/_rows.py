"""Rows of an input brought into another shape: what a metric does not read as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import Data, Skipped, Text

NEEDS = Text("reshaping the rows of a data frame needs DuckDB and pyarrow", "重组数据框的行需要安装 DuckDB 与 pyarrow")


def quoted(name: str) -> str:
    """A column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"


def one_of(column: str, values: tuple[str, ...]) -> str:
    """A condition in SQL: a column's text is one of these, in capitals or not."""
    return f"lower(CAST({quoted(column)} AS VARCHAR)) IN ({', '.join(map(literal, values))})"


def is_relation(frame: Any) -> bool:
    """Whether this is a relation of DuckDB."""
    return hasattr(frame, "query") and hasattr(frame, "project") and hasattr(frame, "types")


def relation(frame: Any) -> Any:
    """A frame of any kind as a relation."""
    if is_relation(frame):
        return frame
    try:
        import duckdb  # type: ignore[import-untyped,import-not-found,unused-ignore]
        import pyarrow  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        raise Skipped(NEEDS) from None
    if type(frame).__name__ == "LazyFrame":
        frame = frame.collect()
    if isinstance(frame, pyarrow.Table):
        table = frame
    elif isinstance(frame, Mapping):
        table = pyarrow.table({name: list(values) for name, values in frame.items()})
    elif hasattr(frame, "__arrow_c_stream__"):
        table = pyarrow.table(frame)
    elif type(frame).__module__.startswith("pandas"):
        table = pyarrow.Table.from_pandas(frame, preserve_index=False)
    else:
        raise Skipped(NEEDS)
    return duckdb.connect().from_arrow(table)


def held(data: Data, source: str) -> Any:
    """An input as a relation, brought into that shape once."""
    frame = data.frame(source)
    return data.once(f"relation {id(frame)}", lambda: (relation(frame), frame))[0]


def ask(data: Data, source: str, sql: str) -> Any:
    """A query over an input, which it calls ``input``."""
    return held(data, source).query("input", sql)


def select(data: Data, source: str, chosen: str, more: str = "") -> Any:
    """``SELECT chosen FROM`` an input, and what comes after."""
    return ask(data, source, f"SELECT {chosen} FROM input {more}")


def micros(data: Data, source: str, column: str) -> str:
    """A column of times in SQL: microseconds since 1970. DuckDB's own zoned times need a package for zones in Python."""
    kind = kinds(held(data, source))[column]
    name = quoted(column)
    if kind.startswith("TIMESTAMP"):
        return f"epoch_us({name})"
    if kind == "DATE":
        return f"epoch_us(CAST({name} AS TIMESTAMP))"
    if kind == "VARCHAR":
        return f"epoch_us(TRY_CAST({name} AS TIMESTAMPTZ))"
    return f"CAST({name} AS BIGINT)"


def kinds(frame: Any) -> dict[str, str]:
    """The types of a relation's columns, by name."""
    return {name: str(kind) for name, kind in zip(frame.columns, frame.types, strict=True)}


def first_of(data: Data, source: str, names: tuple[str, ...]) -> str | None:
    """The first of these columns that an input has."""
    available = set(data.columns(source))
    return next((name for name in names if name in available), None)
