"""The library's registry as Python data: metrics, their columns, options, lists and tables."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

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
    """A list that is handed over before the first update."""

    name: str
    columns: tuple[ColumnInfo, ...]
    doc: str


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


def _keyword(name: str, taken: Collection[str]) -> str:
    """Short, and none that a list or an option has."""
    if name.endswith("_id") and name not in _KEPT_KEYWORDS:
        return name[:-3]
    short = _SHORT_KEYWORDS.get(name, name)
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
    return ListInfo(info.name, columns, info.doc or "")


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


class _Metrics(Mapping[str, MetricInfo]):
    """All metrics by name, read from the library when first asked for."""

    def __init__(self) -> None:
        self._known: dict[str, MetricInfo] = {}

    def _all(self) -> dict[str, MetricInfo]:
        if not self._known:
            every = [_metric(core.pdm_metric_at(i)) for i in range(core.pdm_metric_count())]
            self._known = {metric.name: metric for metric in every}
        return self._known

    def __getitem__(self, name: str) -> MetricInfo:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __repr__(self) -> str:
        return f"<metrics: {', '.join(self)}>"


metrics: Mapping[str, MetricInfo] = _Metrics()
