"""What a page says of an input: how many rows it has, and from which day to which."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone, tzinfo
from typing import Any

from .. import _time
from .._errors import Error


@dataclass(frozen=True)
class Facts:
    """Rows of an input, and its first and last day in the time zone of the review; ``None`` where that is not known."""

    rows: int | None = None
    first: date | None = None
    last: date | None = None


def of(frame: Any, time: str | None, tz: tzinfo, *, local: bool = False) -> Facts:
    """The facts of a frame of any kind. ``local`` says that times without a zone are on the clock of ``tz``."""
    rows: int | None
    if type(frame).__name__ == "DuckDBPyRelation":
        rows, first, last = _of_relation(frame, time)
    else:
        rows, first, last = _of_frame(frame, time)
    return Facts(rows, _day(first, tz, local), _day(last, tz, local))


def _of_relation(frame: Any, time: str | None) -> tuple[int, Any, Any]:
    if time is None:
        return frame.aggregate("count(*)").fetchall()[0][0], None, None
    name = '"' + time.replace('"', '""') + '"'
    kind = str(dict(zip(frame.columns, frame.types, strict=True))[time])
    # As numbers: DuckDB's zoned times need a package for zones in Python.
    if kind.startswith("TIMESTAMP"):
        name = f"epoch_us({name})"
    rows, first, last = frame.aggregate(f"count(*), min({name}), max({name})").fetchall()[0]
    if kind.startswith("TIMESTAMP") and "ZONE" not in kind:
        return rows, *(None if each is None else _naive(each) for each in (first, last))
    return rows, first, last


def _naive(micros: int) -> datetime:
    return _time.to_datetime(micros, timezone.utc).replace(tzinfo=None)


def _of_frame(frame: Any, time: str | None) -> tuple[int | None, Any, Any]:
    polars, pyarrow = sys.modules.get("polars"), sys.modules.get("pyarrow")
    if polars is not None and isinstance(frame, polars.LazyFrame):
        wanted = [polars.len().alias("rows")]
        if time is not None:
            wanted += [polars.col(time).min().alias("first"), polars.col(time).max().alias("last")]
        row = frame.select(wanted).collect().row(0)
        return row if time is not None else (row[0], None, None)
    if isinstance(frame, Mapping):
        columns = list(frame.values())
        rows = len(columns[0]) if columns and hasattr(columns[0], "__len__") else None
    else:
        rows = len(frame) if hasattr(frame, "__len__") else None
    if time is None or not rows or not hasattr(frame, "__getitem__"):
        return rows, None, None
    values = frame[time]
    if pyarrow is not None and isinstance(values, (pyarrow.Array, pyarrow.ChunkedArray)):
        from pyarrow import compute  # type: ignore[import-untyped,import-not-found,unused-ignore]

        ends = compute.min_max(values).as_py()
        return rows, ends["min"], ends["max"]
    if hasattr(values, "min") and hasattr(values, "max"):
        return rows, values.min(), values.max()
    known = [value for value in values if value is not None]
    return rows, min(known, default=None), max(known, default=None)


def _day(value: Any, tz: tzinfo, local: bool) -> date | None:
    """The day of whatever stands for an instant; none of what cannot be read as one."""
    if value is None or value != value:
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if hasattr(value, "to_pydatetime"):
        value = value.to_pydatetime()
    if isinstance(value, str) and len(value) == 10:
        local = True  # a day, not its midnight in some zone
    try:
        micros = _time.instant(value, tz if local else timezone.utc)
        return _time.to_datetime(micros, tz).date()
    except (Error, ValueError, OverflowError):
        return None
