"""The library's registry as Python data: metrics and calculators, their columns, options, lists and tables."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from . import _time
from ._native import core

INT64_MIN = -(2**63)

KEY = core.PDM_ROLE_KEY
TIME = core.PDM_ROLE_TIME
MONEY = core.PDM_ROLE_MONEY
INTEGER = core.PDM_ROLE_INTEGER
FLOAT = core.PDM_ROLE_FLOAT
TEXT = core.PDM_ROLE_TEXT
FLAG = core.PDM_ROLE_FLAG

# Ids are named after what they identify; an event's id is not the event.
_KEPT_KEYWORDS = frozenset({"event_id"})
_SHORT_KEYWORDS = {"breakdown": "by"}


@dataclass(frozen=True)
class ColumnInfo:
    """An input column, of the rows or of a list."""

    name: str
    role: int
    required: bool
    nullable: bool
    unit: str
    doc: str
    keyword: str
    """The argument that says what this column is called in a frame: ``customer`` for ``customer_id``."""


@dataclass(frozen=True)
class OptionInfo:
    """An option."""

    name: str
    kind: int
    values: tuple[str, ...]
    minimum: int
    maximum: int
    default: str | int | float | bool | None
    unit: str
    doc: str


@dataclass(frozen=True)
class ListInfo:
    """A list that is handed over before the first update, or an input of a calculator."""

    name: str
    columns: tuple[ColumnInfo, ...]
    doc: str
    shape: int
    """How many rows an input has: ``PDM_INPUT_ROWS``, ``PDM_INPUT_ONE`` …"""

    @property
    def single(self) -> bool:
        """Whether an input is one row of scalars."""
        return self.shape in (core.PDM_INPUT_ONE, core.PDM_INPUT_OPTIONAL_ONE)

    @property
    def plain_column(self) -> ColumnInfo | None:
        """The column that a plain value or list means: the one called like the input, or the only required one."""
        required = [column for column in self.columns if column.required]
        named = [column for column in self.columns if column.name == self.name]
        only = required if len(required) == 1 else self.columns
        return named[0] if named else only[0] if len(only) == 1 else None


@dataclass(frozen=True)
class ResultColumnInfo:
    """A column of a result table."""

    name: str
    type: int
    unit: str
    doc: str


@dataclass(frozen=True)
class TableInfo:
    """A result table."""

    name: str
    columns: tuple[ResultColumnInfo, ...]
    optional: bool
    doc: str


@dataclass(frozen=True)
class MetricInfo:
    """A metric: everything the registry says about it."""

    name: str
    version: int
    summary: str
    title: str
    title_zh: str
    columns: tuple[ColumnInfo, ...]
    options: Mapping[str, OptionInfo]
    lists: Mapping[str, ListInfo]
    tables: Mapping[str, TableInfo]
    handle: core.pdm_metric = field(repr=False, compare=False)

    @property
    def main_table(self) -> str:
        """Name of the table that a result shows first."""
        return next(iter(self.tables))

    @property
    def class_name(self) -> str:
        """``rfm`` → ``RFM``, ``tiers`` → ``Tiers``: short names are initials."""
        if len(self.name) <= 3:
            return self.name.upper()
        return "".join(part.capitalize() for part in self.name.split("_"))

    def list_keyword(self, name: str) -> str:
        """The argument that takes list ``name``: its own name, unless an option has it."""
        return f"{name}_list" if name in self.options else name


@dataclass(frozen=True)
class CalculatorInfo:
    """A calculator: a metric without rows, whose lists are its inputs."""

    about: MetricInfo
    family: str
    handle: core.pdm_calculator = field(repr=False, compare=False)

    @property
    def result_name(self) -> str:
        """``goal_seek`` → ``GoalSeekResult``."""
        return "".join(part.capitalize() for part in self.about.name.split("_")) + "Result"

    @property
    def scalars(self) -> Mapping[str, tuple[ListInfo, ColumnInfo]]:
        """Columns that are arguments of their own: of the only input, and of inputs of one row; if nothing else has their name."""
        only = len(self.about.lists) == 1
        taken = {*self.about.lists, *self.about.options}
        found: dict[str, tuple[ListInfo, ColumnInfo]] = {}
        twice: set[str] = set()
        for item in self.about.lists.values():
            for column in item.columns if item.single or only else ():
                if column.name in found:
                    twice.add(column.name)
                if column.name not in taken and not keyword.iskeyword(column.name):
                    found[column.name] = (item, column)
        return {name: each for name, each in found.items() if name not in twice}


def _keyword(name: str, taken: Collection[str]) -> str:
    """Short, and none that a list, an option or Python itself has."""
    if name.endswith("_id") and name not in _KEPT_KEYWORDS:
        return name[:-3]
    short = _SHORT_KEYWORDS.get(name, name)
    if keyword.iskeyword(short):
        short += "_"
    return f"{short}_column" if short in taken else short


def _column(info: core.pdm_column_info, taken: Collection[str] = ()) -> ColumnInfo:
    return ColumnInfo(
        info.name,
        info.role,
        bool(info.required),
        bool(info.nullable),
        info.unit or "",
        info.doc or "",
        _keyword(info.name, taken),
    )


def _option(info: core.pdm_option_info) -> OptionInfo:
    values: list[str] = []
    default: str | int | float | bool | None
    if info.type == core.PDM_OPTION_ENUM:
        while (value := info.value_at(len(values))) is not None:
            values.append(value)
        default = values[0]
    elif info.type == core.PDM_OPTION_BOOL:
        default = False
    elif info.type == core.PDM_OPTION_FLOAT:
        default = info.fallback_float
    elif info.type == core.PDM_OPTION_TEXT:
        default = ""
    else:  # a fallback that is no value means that the metric decides
        decided = info.fallback == INT64_MIN or not info.minimum <= info.fallback <= info.maximum
        default = None if decided else info.fallback
        if default is not None and info.type == core.PDM_OPTION_DURATION:
            default = _time.duration_text(info.fallback)
    return OptionInfo(
        info.name, info.type, tuple(values), info.minimum, info.maximum, default, info.unit or "", info.doc or ""
    )


def _list(info: core.pdm_list_info) -> ListInfo:
    columns = tuple(_column(info.column_at(i)) for i in range(info.column_count))
    return ListInfo(info.name, columns, info.doc or "", info.shape)


def _table(info: core.pdm_table_info) -> TableInfo:
    columns = []
    for i in range(info.column_count):
        column = info.column_at(i)
        columns.append(ResultColumnInfo(column.name, column.type, column.unit or "", column.doc or ""))
    return TableInfo(info.name, tuple(columns), bool(info.optional), info.doc or "")


def _metric(info: core.pdm_metric) -> MetricInfo:
    options = [_option(info.option_at(i)) for i in range(info.option_count)]
    lists = [_list(info.list_at(i)) for i in range(info.list_count)]
    tables = [_table(info.table_at(i)) for i in range(info.table_count)]
    taken = {option.name for option in options} | {item.name for item in lists}
    return MetricInfo(
        name=info.name,
        version=info.version,
        summary=info.summary,
        title=info.title,
        title_zh=info.title_zh,
        columns=tuple(_column(info.column_at(i), taken) for i in range(info.column_count)),
        options={option.name: option for option in options},
        lists={item.name: item for item in lists},
        tables={table.name: table for table in tables},
        handle=info,
    )


def _calculator(info: core.pdm_calculator) -> CalculatorInfo:
    return CalculatorInfo(_metric(info.about), info.family, info)


Info = TypeVar("Info", MetricInfo, CalculatorInfo)


class _All(Mapping[str, Info], Generic[Info]):
    """All of a kind by name, read from the library when first asked for."""

    def __init__(self, kind: str, read: Callable[[], dict[str, Info]]) -> None:
        self._kind = kind
        self._read: Callable[[], dict[str, Info]] = read
        self._known: dict[str, Info] = {}

    def _all(self) -> dict[str, Info]:
        if not self._known:
            self._known = self._read()
        return self._known

    def __getitem__(self, name: str) -> Info:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __repr__(self) -> str:
        return f"<{self._kind}: {', '.join(self)}>"


def _metrics() -> dict[str, MetricInfo]:
    every = [_metric(core.pdm_metric_at(i)) for i in range(core.pdm_metric_count())]
    return {metric.name: metric for metric in every}


def _calculators() -> dict[str, CalculatorInfo]:
    every = [_calculator(core.pdm_calculator_at(i)) for i in range(core.pdm_calculator_count())]
    return {calculator.about.name: calculator for calculator in every}


metrics: Mapping[str, MetricInfo] = _All("metrics", _metrics)
calculators: Mapping[str, CalculatorInfo] = _All("calculators", _calculators)
