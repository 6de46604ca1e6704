"""The life of every metric: options → state → update · merge · serialize → result."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import tzinfo
from decimal import Decimal
from typing import Any, ClassVar, Literal, Self

from . import _columns, _frames, _lists, _registry, _shorthand, _time
from ._conditions import Condition, Mask
from ._errors import ArgumentError, ColumnTypeError, Error, MissingColumnError, OptionError, OptionsDifferError
from ._frames import Batch, Chunk, FrameLike, Wanted
from ._native import core
from ._progress import Bar
from ._registry import MetricInfo, OptionInfo, metrics
from ._result import Result, result_class

Progress = Callable[[int, int], object] | Literal[True] | None

# What a column of a metric is called in a frame, what makes it, or that it is not there.
_Source = str | Condition | Mask | None

_COMMON = ("tz", "week_start", "threads", "memory_limit", "progress")


def _default_threads() -> int:
    try:
        return min(len(os.sched_getaffinity(0)), 16)
    except AttributeError:
        return min(os.cpu_count() or 1, 16)


class _Machine:
    """How to work: the context of the C library, and the callables it calls, which must live as long."""

    def __init__(self, threads: int | None, memory_limit: int | None, progress: Progress) -> None:
        self.threads = threads
        self.memory_limit = memory_limit
        self.progress = progress
        self.call = Bar() if progress is True else progress
        if self.call is not None and not callable(self.call):
            raise ColumnTypeError(
                f"progress: expected a callable or True, got {type(progress).__name__}", column="progress"
            )
        count = _default_threads() if threads is None else _integer("threads", threads)
        limit = 0 if memory_limit is None else _integer("memory_limit", memory_limit)
        if limit < 0 or not -(2**31) <= count < 2**31:
            raise OptionError("threads and memory_limit: expected positive numbers", column="threads")
        self.context = core.pdm_context_create((count, limit, self.call))

    def done(self) -> None:
        """Ends the line of a progress bar of our own."""
        if isinstance(self.call, Bar):
            self.call.close()


_SHARED: ContextVar[dict[tuple[int | None, int], _Machine] | None] = ContextVar("shared machines", default=None)


@contextmanager
def one_workspace() -> Iterator[None]:
    """Calls inside work in the same memory, one after the other, instead of each keeping its own for a next time."""
    token = _SHARED.set({})
    try:
        yield
    finally:
        _SHARED.reset(token)


def _machine(threads: int | None, memory_limit: int | None, progress: Progress) -> _Machine:
    """A machine; inside :func:`one_workspace` the one that is there, unless a limit of its own is asked for."""
    shared = _SHARED.get()
    if shared is None or memory_limit is not None or progress is True:
        return _Machine(threads, memory_limit, progress)
    key = threads, id(progress)  # a machine holds its progress, so nothing else gets the same id
    if key not in shared:
        shared[key] = _Machine(threads, memory_limit, progress)
    return shared[key]


class State:
    """What a metric has seen so far: exact, mergeable, serialisable.

    Every metric has its own class, which takes its options; this one restores any of them:
    ``pdmetrics.State.from_bytes(data)``.
    """

    _metric_name: ClassVar[str] = ""

    _metric: MetricInfo
    _machine: _Machine
    _native: core.pdm_state
    _columns: dict[str, _Source]
    _named: list[Wanted] | None = None  # columns that its lists name; None = not asked yet
    _tz: tzinfo
    _exponent: int | None

    def __init__(self, *arguments: object, **options: object) -> None:
        raise TypeError(
            "make a state with its own class, pdmetrics.RFM(…), or restore one: pdmetrics.State.from_bytes(…)"
        )

    # -------------------------------------------------------------------------------------------------------- life

    def update(self, frame: FrameLike, **columns: _Source) -> Self:
        """Takes all rows of a frame.

        ``columns`` say what its columns are called, if that differs from what the state was told.

        A chunk of rows is taken whole or not at all; an error says in ``rows_taken`` how many rows went in before it.
        """
        wanted = self._wanted(columns)
        before = self.rows
        try:
            for chunk in _frames.chunks(frame, wanted):
                taken = self.rows - before
                try:
                    self._take(chunk)
                except MissingColumnError as error:
                    raise _frames.hint(error, wanted, chunk.available) from None
                except Error as error:
                    if error.row is not None and taken:
                        error.row += taken
                        error.message += f" (row {error.row} of the whole input)"
                    raise _in_users_words(error, wanted) from None
        except Error as error:
            error.rows_taken = self.rows - before
            raise
        finally:
            self._machine.done()
        return self

    def merge(self, other: State) -> Self:
        """Adds what another state of the same options has seen; the other stays as it is."""
        if not isinstance(other, State):
            raise ColumnTypeError(f"expected a state, got {type(other).__name__}")
        if other is self:
            raise ArgumentError("a state cannot be merged into itself")
        core.pdm_state_merge(self._native, other._native)
        if self._exponent is None:
            self._exponent = other._exponent
        return self

    def seal(self) -> Self:
        """Says that the stretch of time the state covers (``segment_from``, ``segment_to``) is complete.

        What is kept of its rows then no longer grows with them. States of other stretches still merge with it, and give the same
        results; more rows of a sealed stretch are refused.
        """
        core.pdm_state_seal(self._native)
        self._machine.done()
        return self

    def advance(self, watermark: _time.Instant) -> Self:
        """Says that the time before ``watermark`` is complete: no earlier row will come.

        What those rows have given is settled, and only what later rows can still change is kept of them, so a state that advances
        with its stream stays small; results are the same to the last bit. Earlier rows are refused from now on, or left out and
        counted with ``late_rows="drop"``. States that have advanced equally far merge if no unit is in both.

        ``watermark`` is a datetime, a date (its midnight in the state's ``tz``), ISO text, or µs since the epoch.
        """
        core.pdm_state_advance(self._native, _time.instant(watermark, self._tz, "watermark"))
        self._machine.done()
        return self

    def result(self) -> Result:
        """The tables of what the state has seen so far; the state can go on."""
        native = core.pdm_state_result(self._native)
        self._machine.done()
        return result_class(self._metric.name)(native, self._metric, self._tz, self._exponent)

    def to_bytes(self) -> bytes:
        """The state as deterministic CBOR: equal states give equal bytes."""
        return core.pdm_py_serialize(self._native)

    @classmethod
    def from_bytes(
        cls,
        data: bytes | bytearray | memoryview,
        *,
        tz: _time.TimeZone = None,
        threads: int | None = None,
        memory_limit: int | None = None,
        progress: Progress = None,
        **columns: _Source,
    ) -> Self:
        """Restores a state, of whatever metric the bytes hold. They are trusted in nothing.

        The calendar is in the bytes; ``tz`` only says on which clock times are shown.
        """
        machine = _Machine(threads, memory_limit, progress)
        native = core.pdm_state_deserialize(machine.context, memoryview(data).cast("B"))
        metric = metrics[core.pdm_state_metric(native).name]
        kind = state_class(metric.name)
        if not issubclass(kind, cls):
            raise OptionsDifferError(f"the bytes hold a state of {metric.name}, not of {cls._metric_name}")
        state: Self = kind.__new__(kind)
        state._metric = metric
        state._machine = machine
        state._native = native
        state._tz = _time.zone(tz)
        state._exponent = None
        state._columns = _column_names(metric, columns)
        return state

    def copy(self) -> Self:
        """An independent copy."""
        return self._restored(self.to_bytes())

    def _restored(self, data: bytes) -> Self:
        machine = self._machine
        copied = type(self).from_bytes(
            data, tz=self._tz, threads=machine.threads, memory_limit=machine.memory_limit, progress=machine.progress
        )
        copied._columns = dict(self._columns)
        copied._exponent = self._exponent
        return copied

    def __copy__(self) -> Self:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.copy()

    def __reduce__(self) -> tuple[Any, ...]:
        # A progress callable stays behind: it belongs to the process.
        return _unpickle, (type(self), self.to_bytes(), self._columns, self._tz, self._machine.threads, self._exponent)

    # -------------------------------------------------------------------------------------------------------- facts

    @property
    def metric(self) -> str:
        """Name of the metric."""
        return self._metric.name

    @property
    def rows(self) -> int:
        """Rows taken so far, skipped ones included."""
        return core.pdm_state_rows(self._native)

    @property
    def memory(self) -> int:
        """Bytes the state holds."""
        return core.pdm_state_memory(self._native)

    def __repr__(self) -> str:
        return f"<pdmetrics.{self._metric.class_name}: {self.rows:,} rows, {self.memory:,} bytes>"

    # -------------------------------------------------------------------------------------------------------- inside

    def _create(self, arguments: Mapping[str, Any]) -> None:
        """Makes the state from the arguments of a generated constructor."""
        call = Call(metrics[self._metric_name], arguments)
        self._metric = call.metric
        self._machine = call.machine
        self._columns = call.columns
        self._tz = call.tz
        self._exponent = call.exponent
        self._native = call.state()

    def _wanted(self, columns: Mapping[str, _Source]) -> list[Wanted]:
        if self._named is None:
            self._named = _columns_of_lists(self._native, self._metric)
        if not columns:
            return _wanted(self._metric, self._columns) + self._named
        return _wanted(self._metric, {**self._columns, **_column_names(self._metric, columns)}) + self._named

    def _take(self, chunk: Chunk) -> None:
        if isinstance(chunk, Batch):
            core.pdm_state_update(self._native, (chunk.rows, chunk.columns))
        else:
            core.pdm_glue_update_stream(self._native, chunk.capsule, chunk.selection)


def _unpickle(
    kind: type[State],
    data: bytes,
    columns: dict[str, _Source],
    tz: tzinfo,
    threads: int | None,
    exponent: int | None,
) -> State:
    state = kind.from_bytes(data, tz=tz, threads=threads)
    state._columns = columns
    state._exponent = exponent
    return state


class Call:
    """The arguments of a metric's function or class, sorted into columns, options, lists, calendar and machine."""

    def __init__(self, metric: MetricInfo, arguments: Mapping[str, Any]) -> None:
        arguments = _shorthand.expanded(metric, arguments)
        self.metric = metric
        self.tz = _time.zone(arguments.get("tz"))
        self.calendar = _time.calendar(self.tz, arguments.get("week_start") or "monday")
        self.columns: dict[str, _Source] = {}
        self.options: list[tuple[str, str]] = []
        self.lists: list[tuple[str, tuple[int, list[Any]]]] = []
        self.exponent: int | None = arguments.get("currency_exponent")
        lists = {metric.list_keyword(name): info for name, info in metric.lists.items()}
        for column in metric.columns:
            self.columns[column.name] = arguments.get(column.keyword, column.name)
        for name, info in lists.items():
            self._list(info.name, arguments.get(name))
        for name, option in metric.options.items():
            value = arguments.get(name)
            if name in metric.lists and value is not None and not isinstance(value, str):
                self._list(name, value)
            elif value is not None and value != option.default:
                self.options.append((name, option_text(option, value, self.tz)))
        self.machine = _machine(arguments.get("threads"), arguments.get("memory_limit"), arguments.get("progress"))

    def _list(self, name: str, value: Any) -> None:
        if value is not None:
            self.lists.append((name, _lists.batch(self.metric.lists[name], value, self.tz)))

    def state(self) -> core.pdm_state:
        """A new native state with its calendar and lists."""
        native = core.pdm_glue_create(self.machine.context, self.metric.handle, self.options)
        if self.calendar is not None:
            core.pdm_state_set_calendar(native, self.calendar)
        for name, rows in self.lists:
            core.pdm_state_set_list(native, name, rows)
        return native


def _columns_of_lists(native: core.pdm_state, metric: MetricInfo) -> list[Wanted]:
    """Input columns that a state's lists name, besides those of the metric; the state knows them even from bytes."""
    taken = {column.name for column in metric.columns}
    named = []
    index = len(metric.columns)
    while (column := core.pdm_state_column_at(native, index)) is not None:
        if column.name not in taken:
            named.append(Wanted(column.name, column.name, column.name, column.role, False))
        taken.add(column.name)
        index += 1
    return named


def _column_names(metric: MetricInfo, columns: Mapping[str, _Source]) -> dict[str, _Source]:
    """Canonical name → name in the frame, from keywords; the canonical names are keywords as well."""
    keywords = {column.keyword: column.name for column in metric.columns} | {c.name: c.name for c in metric.columns}
    names: dict[str, _Source] = {}
    for keyword, source in columns.items():
        if keyword not in keywords:
            known = ", ".join(column.keyword for column in metric.columns)
            raise TypeError(f'{metric.name} has no column "{keyword}"; it has {known}')
        names[keywords[keyword]] = source
    return names


def _wanted(metric: MetricInfo, names: Mapping[str, _Source]) -> list[Wanted]:
    wanted = []
    for column in metric.columns:
        source = names.get(column.name, column.name)
        if isinstance(source, (Condition, Mask)):
            made = f"{column.keyword}: {source.label}"
            wanted.append(Wanted(column.name, made, column.keyword, column.role, True, source))
        elif source is not None:
            wanted.append(Wanted(column.name, str(source), column.keyword, column.role, source != column.name))
    return wanted


def _in_users_words(error: Error, wanted: list[Wanted]) -> Error:
    for item in wanted:
        if item.name == error.column and item.explicit:
            error.message += f' (your column "{item.source}")'
    return error


def _integer(name: str, value: Any) -> int:
    if isinstance(value, bool):
        raise OptionError(f"{name}: expected a whole number, got {value}", column=name)
    try:
        return operator.index(value)
    except TypeError:
        raise OptionError(f"{name}: expected a whole number, got {value!r}", column=name) from None


def option_text(option: OptionInfo, value: Any, tz: tzinfo) -> str:
    """The text that pdm_options_set() reads."""
    if option.kind == core.PDM_OPTION_TIME:
        return str(_time.instant(value, tz, option.name))
    if option.kind == core.PDM_OPTION_DURATION:
        return str(_time.duration(value, option.name))
    if option.kind == core.PDM_OPTION_BOOL:
        if isinstance(value, bool):
            return "true" if value else "false"
        raise OptionError(f"{option.name}: expected True or False, got {value!r}", column=option.name)
    if option.kind in (core.PDM_OPTION_ENUM, core.PDM_OPTION_TEXT):
        if isinstance(value, str):
            return value
        raise OptionError(f"{option.name}: expected text, got {value!r}", column=option.name)
    if option.kind == core.PDM_OPTION_FLOAT:
        try:
            text = format(Decimal(repr(float(value))), "f")
            # More digits than the library reads as a decimal: the same number in hexadecimal.
            return text if len(text) <= 16 or not 0 < value < float("inf") else float(value).hex()
        except (TypeError, ValueError):
            raise OptionError(f"{option.name}: expected a number, got {value!r}", column=option.name) from None
    return str(_integer(option.name, value))


_STATES: dict[str, type[State]] = {}


def register_state(kind: type[State]) -> type[State]:
    """Makes a generated class known as the one of its metric."""
    _STATES[kind._metric_name] = kind
    return kind


def state_class(metric: str) -> type[State]:
    """The class of a metric."""
    return _STATES[metric]


def compute(name: str, frame: FrameLike, arguments: Mapping[str, Any]) -> Result:
    """One shot: options, all rows, tables."""
    kind = _STATES[name]
    state = kind.__new__(kind)
    state._create(arguments)
    return state.update(frame).result()
