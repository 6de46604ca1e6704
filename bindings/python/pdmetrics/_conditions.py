"""Flags that are worked out from a frame: rows of some events, rows whose boolean columns are true, rows that an expression picks.

A flag becomes a column of its own beside those of the frame, in whatever kind of frame it is; nothing else is copied.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._errors import ArgumentError, ColumnTypeError, MissingColumnError

Event = str | int

# An event or several, a Step, the name of a boolean column, or an expression: a function of the frame, or an expression object
# of the frame's own package, which need not be installed; so what is accepted is in the documentation, not in the type.
ConditionLike = Any


@dataclass(frozen=True)
class Condition:
    """Any of the events in column ``event``, any of the boolean columns, or what an expression says."""

    events: tuple[Event, ...] = ()
    event: str = "event"
    columns: tuple[str, ...] = ()
    expression: Any = None

    @property
    def label(self) -> str:
        """What the column is called."""
        parts = [str(name) for name in (*self.events, *self.columns)]
        return " | ".join(parts) or "expression"


@dataclass(frozen=True)
class Mask:
    """Several conditions in one column of integers: bit i − 1 says whether a row satisfies condition i."""

    conditions: tuple[Condition, ...]

    @property
    def label(self) -> str:
        """What the column is called."""
        return ", ".join(condition.label for condition in self.conditions)


Flags = Mapping[str, Condition]
"""The conditions by the names of the columns they shall become."""


def added(frame: Any, wanted: Mapping[str, Condition | Mask]) -> Any:
    """The frame with flags and masks as columns: of the same kind, or one that is read alike."""
    flags = {name: item for name, item in wanted.items() if isinstance(item, Condition)}
    if flags:
        frame = _flagged(frame, flags)
    for name, item in wanted.items():
        if isinstance(item, Mask):
            bits = {f"{name} {number}": condition for number, condition in enumerate(item.conditions, 1)}
            frame = _masked(_flagged(frame, bits), list(bits), name)
    return frame


def _masked(frame: Any, flags: Sequence[str], name: str) -> Any:
    """The frame with a mask of some of its flags."""
    if _is(frame, "pandas", "DataFrame"):
        frame[name] = sum(
            frame[flag].eq(other=True).fillna(value=False).astype("int64") * (1 << i) for i, flag in enumerate(flags)
        )
        return frame
    if _is(frame, "polars", "DataFrame") or _is(frame, "polars", "LazyFrame"):
        import polars  # type: ignore[import-untyped,import-not-found,unused-ignore]

        bits = [polars.col(flag).cast(polars.Int64).fill_null(0) * (1 << i) for i, flag in enumerate(flags)]
        return frame.with_columns(polars.sum_horizontal(bits).alias(name))
    if type(frame).__name__ == "DuckDBPyRelation":
        import duckdb  # type: ignore[import-untyped,import-not-found,unused-ignore]

        words = " + ".join(f"coalesce({_quoted(flag)}::BIGINT, 0) * {1 << i}" for i, flag in enumerate(flags))
        return frame.select(duckdb.StarExpression(), duckdb.SQLExpression(words).cast("BIGINT").alias(name))
    if isinstance(frame, Mapping):
        return {**frame, name: [sum(bool(bit) << i for i, bit in enumerate(row)) for row in _rows(frame, flags)]}
    import pyarrow  # type: ignore[import-untyped,import-not-found,unused-ignore]
    from pyarrow import compute

    parts = [compute.multiply(frame[flag].cast(pyarrow.int64()).fill_null(0), 1 << i) for i, flag in enumerate(flags)]
    return frame.append_column(name, _either(parts, compute.add))


def _rows(frame: Mapping[str, Any], flags: Sequence[str]) -> Any:
    return zip(*(_plain(frame[flag]) for flag in flags), strict=True)


def _flagged(frame: Any, flags: Flags) -> Any:
    """The frame with flags as columns."""
    if _is(frame, "pandas", "DataFrame"):
        return _to_pandas(frame, flags)
    if _is(frame, "polars", "DataFrame") or _is(frame, "polars", "LazyFrame"):
        return _to_polars(frame, flags)
    if type(frame).__name__ == "DuckDBPyRelation":
        return _to_relation(frame, flags)
    if isinstance(frame, Mapping):
        return _to_columns(frame, frame, flags)
    if _is(frame, "numpy", "ndarray") and frame.dtype.names is not None:
        return _to_columns(frame, {name: frame[name] for name in frame.dtype.names}, flags)
    return _to_arrow(frame, flags)


def _is(frame: object, package: str, name: str) -> bool:
    kind = getattr(sys.modules.get(package), name, None)
    return kind is not None and isinstance(frame, kind)


def _check(flags: Flags, available: Iterable[str]) -> None:
    names = [str(name) for name in available]
    for name, condition in flags.items():
        asked = [*condition.columns, *([condition.event] if condition.events else [])]
        for column in asked:
            if column not in names:
                listed = ", ".join(f'"{each}"' for each in names[:20])
                where = name.partition(":")[0].split(" ")[0]
                raise MissingColumnError(f'no column "{column}" for {where}=; the columns are {listed}', column=where)


def _called(name: str, condition: Condition, frame: Any) -> Any:
    """What an expression makes of the frame."""
    made = condition.expression(frame) if callable(condition.expression) else condition.expression
    if isinstance(made, (str, bytes)) or made is None:
        raise ColumnTypeError(f"{name}: expected flags, one a row, or an expression, got {made!r}", column=name)
    return made


def _either(parts: Sequence[Any], both: Callable[[Any, Any], Any]) -> Any:
    made = parts[0]
    for part in parts[1:]:
        made = both(made, part)
    return made


# -------------------------------------------------------------------------------------------------------------- pandas


def _to_pandas(frame: Any, flags: Flags) -> Any:
    _check(flags, frame.columns)
    made = frame.copy(deep=False)
    for name, condition in flags.items():
        if condition.expression is not None:
            made[name] = _called(name, condition, frame)
            continue
        parts = [frame[condition.event].isin(list(condition.events))] if condition.events else []
        parts += [frame[column].eq(other=True).fillna(value=False) for column in condition.columns]
        made[name] = _either(parts, lambda a, b: a | b)
    return made


# -------------------------------------------------------------------------------------------------------------- polars


def _to_polars(frame: Any, flags: Flags) -> Any:
    import polars  # type: ignore[import-untyped,import-not-found,unused-ignore]

    schema = frame.collect_schema()
    _check(flags, schema.names())
    made = []
    for name, condition in flags.items():
        if condition.expression is not None:
            made.append(_polars_called(name, condition, frame))
            continue
        parts = []
        if condition.events:
            column = polars.col(condition.event)
            if str(schema[condition.event]).startswith(("Categorical", "Enum")):
                column = column.cast(polars.String)
            parts.append(column.is_in(list(condition.events)))
        parts += [polars.col(column).cast(polars.Boolean) for column in condition.columns]
        made.append(_either(parts, lambda a, b: a.fill_null(value=False) | b.fill_null(value=False)).alias(name))
    return frame.with_columns(made)


def _polars_called(name: str, condition: Condition, frame: Any) -> Any:
    import polars  # type: ignore[import-untyped,import-not-found,unused-ignore]

    made = _called(name, condition, frame)
    if not isinstance(made, (polars.Expr, polars.Series)):
        made = polars.Series(made)
    return made.alias(name)


# -------------------------------------------------------------------------------------------------------------- DuckDB


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(event: Event) -> str:
    return "'" + event.replace("'", "''") + "'" if isinstance(event, str) else str(int(event))


def _to_relation(frame: Any, flags: Flags) -> Any:
    import duckdb  # type: ignore[import-untyped,import-not-found,unused-ignore]

    _check(flags, frame.columns)
    made = [duckdb.StarExpression()]
    for name, condition in flags.items():
        if condition.expression is not None:
            # Here a function may answer in SQL.
            told = condition.expression(frame) if callable(condition.expression) else condition.expression
            made.append((duckdb.SQLExpression(told) if isinstance(told, str) else told).alias(name))
            continue
        parts = []
        if condition.events:
            events = ", ".join(map(_literal, condition.events))
            parts.append(f"coalesce({_quoted(condition.event)} IN ({events}), false)")
        parts += [f"coalesce({_quoted(column)}::BOOLEAN, false)" for column in condition.columns]
        made.append(duckdb.SQLExpression(" OR ".join(parts)).alias(name))
    try:
        return frame.select(*made)
    except duckdb.Error as error:
        first = str(error).strip().splitlines()[0]
        raise ArgumentError(f"{', '.join(flags)}: the condition cannot be worked out: {first}") from None


# --------------------------------------------------------------------------------------------------------------- Arrow


def _to_arrow(frame: Any, flags: Flags) -> Any:
    try:
        import pyarrow  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        raise ArgumentError(
            f"{', '.join(flags)}: conditions on a {type(frame).__name__} need pyarrow: pip install pyarrow"
        ) from None
    if hasattr(frame, "__arrow_c_stream__"):
        table = pyarrow.table(frame)
    elif hasattr(frame, "__arrow_c_array__"):
        table = pyarrow.Table.from_batches([pyarrow.record_batch(frame)])
    else:
        raise ColumnTypeError(f"expected a frame, got {type(frame).__name__}")
    _check(flags, table.column_names)
    for name, condition in flags.items():
        if condition.expression is not None:
            flag = _called(name, condition, table)
        else:
            parts = [_one_of(table[condition.event], condition.events)] if condition.events else []
            parts += [_true(table[column]) for column in condition.columns]
            flag = _either(parts, _or)
        if _is_arrow_expression(flag):
            from pyarrow import dataset  # type: ignore[import-untyped,import-not-found,unused-ignore]

            flag = dataset.dataset(table).scanner(columns={name: flag}).to_table()[name]
        elif not hasattr(flag, "to_pylist"):
            flag = pyarrow.array(flag)
        table = table.append_column(name, flag)
    return table


def _is_arrow_expression(made: Any) -> bool:
    return type(made).__name__ == "Expression" and type(made).__module__.startswith("pyarrow")


def _or(left: Any, right: Any) -> Any:
    from pyarrow import compute  # type: ignore[import-untyped,import-not-found,unused-ignore]

    return compute.or_(left, right)


def _true(values: Any) -> Any:
    import pyarrow  # type: ignore[import-untyped,import-not-found,unused-ignore]

    return values.cast(pyarrow.bool_()).fill_null(False)


def _one_of(values: Any, events: Sequence[Event]) -> Any:
    import pyarrow  # type: ignore[import-untyped,import-not-found,unused-ignore]
    from pyarrow import compute

    kind = values.type
    if pyarrow.types.is_dictionary(kind):
        values = values.cast(kind.value_type)
        kind = kind.value_type
    try:
        wanted = pyarrow.array(list(events), type=kind)
    except (
        pyarrow.ArrowInvalid,
        pyarrow.ArrowTypeError,
    ):  # names looked for among codes, or the reverse: none is there
        return compute.and_(values.is_null(), compute.is_valid(values))
    return compute.is_in(values, value_set=wanted)


# ------------------------------------------------------------------------------------------------------------- columns


def _to_columns(frame: Any, columns: Mapping[str, Any], flags: Flags) -> dict[str, Any]:
    _check(flags, columns)
    made = dict(columns)
    for name, condition in flags.items():
        if condition.expression is not None:
            made[name] = _called(name, condition, frame)
            continue
        wanted = set(condition.events)
        parts = [[value in wanted for value in _plain(columns[condition.event])]] if wanted else []
        for column in condition.columns:
            parts.append([value is not None and bool(value) for value in _plain(columns[column])])
        made[name] = [any(row) for row in zip(*parts, strict=True)]
    return made


def _plain(values: Any) -> Any:
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(values, method):
            return getattr(values, method)()
    return values
