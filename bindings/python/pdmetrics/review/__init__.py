"""A review of a business in one page: every metric that the data allow, each told by the section that knows it.

A section registers itself for a metric with :func:`section`; a metric without one is shown as its tables.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from .. import _frames, _shorthand, _time
from .._errors import ArgumentError, Error, MissingColumnError
from .._registry import TIME, ColumnInfo, MetricInfo, metrics
from .._result import Language, Result
from .._state import compute
from . import _facts
from ._facts import Facts

if TYPE_CHECKING:
    Figure = Any


class Text(NamedTuple):
    """The same in both languages."""

    en: str
    zh: str

    def of(self, lang: Language) -> str:
        """The text in a language."""
        return self.zh if lang == "zh" else self.en


@dataclass
class Download:
    """A table as CSV: values as they are, under names that programs read."""

    name: str
    title: Text
    columns: list[str]
    rows: Sequence[Sequence[Any]]


@dataclass
class Grid:
    """A small table of a section."""

    caption: Text
    head: list[Text]
    rows: list[list[Text]]
    total: bool = False  # the last row sums up the others
    numeric: bool = False  # the last column holds numbers, too
    download: Download | None = None  # the values as they are; default: what is shown


class Changed(NamedTuple):
    """A number, and how it has changed."""

    value: Text
    change: Text


Number: TypeAlias = str | Text | Changed
Numbers: TypeAlias = list[tuple[Text, Number]]


def spoken(value: Number) -> Text:
    """A value in both languages, where it may be the same in both."""
    if isinstance(value, Changed):
        return Text(f"{value.value.en} ({value.change.en})", f"{value.value.zh} ({value.change.zh})")
    return Text(value, value) if isinstance(value, str) else value


class Drawn(Protocol):
    """A figure that draws itself, where a result and the kind of figure do not say it all."""

    def draw(self, lang: Language) -> Figure:
        """The figure in a language."""


@dataclass(frozen=True)
class Definition:
    """What a section shows and how it is computed, in words and as formulas."""

    what: Text
    formulas: tuple[Text, ...] = ()


@dataclass
class Section:
    """What a metric has to say."""

    title: Text
    figures_of: list[tuple[Result, str] | Drawn] = field(default_factory=list)
    numbers: Numbers = field(default_factory=list)
    findings: list[Text] = field(default_factory=list)
    grids: list[Grid] = field(default_factory=list)
    notes: list[Text] = field(default_factory=list)
    metric: str = ""
    definition: Definition | None = None  # default: that of the metric
    downloads: list[Download] = field(default_factory=list)
    computed_from: list[str] = field(default_factory=list)  # names of the inputs; `build` knows them


@dataclass
class Review:
    """All sections, and what could not be told and why."""

    sections: list[Section]
    skipped: list[tuple[str, Text]]
    sources: Mapping[str, str]
    made: datetime
    facts: Mapping[str, Facts] = field(default_factory=dict)


class Skipped(ArgumentError):
    """A section that the data do not allow, and why."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self.why = why


class NothingToTell(ArgumentError):
    """Data that allow no section at all."""


# Whom the metrics count goes by several names; a review looks for them in this order.
_ALSO = {
    "unit": ("customer", "customer_id", "user_id", "uid"),
    "user": ("customer", "customer_id", "user_id", "uid"),
}


def percent(value: float | None) -> str:
    """A share as readers expect it."""
    return "–" if value is None else f"{value:.1%}"


class Data:
    """The inputs of a review, and how to compute on them."""

    def __init__(self, inputs: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
        self.inputs = dict(inputs)
        self.given: dict[str, Any] = {}
        """Inputs as they came, of those from which rows were set aside."""
        self.arguments = dict(arguments)
        self.read: list[str] = []
        """The inputs that were read, in order; whoever wants to know begins with an empty list."""
        self._derived_from: dict[str, list[str]] = {}
        self._columns: dict[str, list[str]] = {}
        self._derived: dict[str, Any] = {}
        self.periods: dict[str, str] = {}
        """Periods that suit an input, by its name, once that is known."""
        self._orders: dict[str, Result] = {}
        self._kept: dict[str, tuple[Any, list[str]]] = {}
        self._known: dict[tuple[str, str, str], Result] = {}
        self.computed: list[tuple[str, str, Result]] = []
        """What was computed so far: metric, input, result."""

    def frame(self, name: str) -> Any:
        """An input, or what was derived from one."""
        self._note(name)
        return self._frame(name)

    def _note(self, name: str) -> None:
        """Remembers that an input is read, or those that it was derived from."""
        for each in self._derived_from.get(name, [name]):
            if each in self.inputs and each not in self.read:
                self.read.append(each)

    def _frame(self, name: str) -> Any:
        return self._derived[name] if name in self._derived else self.inputs[name]

    def facts(self, name: str) -> Facts:
        """Rows and days of an input."""
        times = (column for metric in metrics.values() for column in metric.columns if column.role == TIME)
        named = next((found for column in times if (found := self.name_of(column, name)) is not None), None)
        zone = _time.zone(self.arguments.get("tz"))
        return _facts.of(self.inputs[name], named, zone, local=self.arguments.get("naive_time") == "local")

    def columns(self, name: str) -> list[str]:
        """Names of an input's columns."""
        if name not in self._columns:
            self._columns[name] = _column_names(self._frame(name))
        return self._columns[name]

    def name_of(self, column: ColumnInfo, source: str) -> str | None:
        """What an input calls a column; ``None`` if it is not there."""
        available = self.columns(source)
        if self.arguments.get(column.keyword) is not None:
            named = str(self.arguments[column.keyword])
            return named if named in available else None
        names = [column.name]
        for other in _ALSO.get(column.name, ()):
            names.append(str(self.arguments.get(other) or other))
        return next((name for name in names if name in available), None)

    def input_for(self, metric: MetricInfo, preferred: Sequence[str] = ()) -> str | None:
        """An input that has every column a metric must have: one it is about, or the only one there is."""
        order = list(self.inputs) if not preferred or len(self.inputs) == 1 else preferred
        for name in order:
            if name in self.inputs and all(self.name_of(c, name) is not None for c in metric.columns if c.required):
                return name
        return None

    @property
    def derived(self) -> Collection[str]:
        """Inputs that were made of others."""
        return self._derived.keys()

    def derive(self, name: str, frame: Any, *, of: Sequence[str] | None = None) -> str:
        """Makes a result an input for another metric; returns how it is called here.

        ``of`` are the inputs it is made of; without it those that were read so far.
        """
        roots = [each for one in of or () for each in self._derived_from.get(one, [one])]
        self._derived_from[name] = list(self.read) if of is None else roots
        self._derived[name] = frame
        self._columns.pop(name, None)
        self._known = {key: result for key, result in self._known.items() if key[1] != name}
        return name

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What several sections need, made by the first of them."""
        if name not in self._kept:
            before, self.read = self.read, []
            self._kept[name] = make(), self.read
            self.read = before
        made, used = self._kept[name]
        self.read += [each for each in used if each not in self.read]
        return made

    def orders(self, source: str) -> Result:
        """RFM of an input of orders, computed once; orders without an id each count as one."""
        self._note(source)
        if source not in self._orders:
            self._orders[source] = self.compute("rfm", source, **self.grain(source))
        return self._orders[source]

    def grain(self, source: str) -> dict[str, str]:
        """The option that rows without an order id need, unless the user said what a row is."""
        order = self.arguments.get("order") or "order_id"
        return {} if order in self.columns(source) or "grain" in self.arguments else {"grain": "order"}

    def compute(self, metric: str, source: str, **arguments: Any) -> Result:
        """A metric over an input, with the arguments of the review that the metric knows.

        Rows without a key, a time or an amount are left out and counted. The same question is answered once.
        """
        info = metrics[metric]
        self._note(source)
        known = (
            {column.keyword for column in info.columns} | set(info.options) | {info.list_keyword(n) for n in info.lists}
        )
        known |= {parameter.name for parameter in _shorthand.of(metric).parameters}
        known |= {"tz", "week_start", "threads", "memory_limit", "progress"}
        shared = {name: value for name, value in self.arguments.items() if name in known}
        given = {**shared, **arguments}
        available = set(self.columns(source))
        for column in info.columns:  # what the review names for another input is no error here
            named = given.get(column.keyword)
            if not column.required and (named is None or (isinstance(named, str) and named not in available)):
                given.pop(column.keyword, None)
            elif column.required and column.keyword not in given:
                given[column.keyword] = self.name_of(column, source) or column.name
        if "null_rows" in info.options:
            given.setdefault("null_rows", "skip")
        asked = (metric, source, repr(sorted(given.items())))
        if asked not in self._known or any(callable(each) for name, each in given.items() if name != "progress"):
            self._known[asked] = compute(metric, self.frame(source), given)
            self.computed.append((metric, source, self._known[asked]))
        return self._known[asked]


Tell = Callable[[Data, str], Section]
_SECTIONS: dict[str, tuple[Tell, tuple[str, ...], str]] = {}


def section(
    metric: str, *, inputs: Sequence[str] = ("orders",), columns_of: str | None = None
) -> Callable[[Tell], Tell]:
    """Registers what tells a metric; ``inputs`` are the inputs it is about, best first.

    ``columns_of`` names another metric whose columns the input must have, for a section that computes that one first.
    """

    def register(tell: Tell) -> Tell:
        _SECTIONS[metric] = (tell, tuple(inputs), columns_of or metric)
        return tell

    return register


# Sections about an input that is no metric's own: its name is theirs.
_TOPICS: dict[str, tuple[Tell, tuple[str, ...], tuple[str, ...], Text]] = {}
# The order of the page: how it went, who came, who stays, what they do, what worked, what was planned, how sure it is.
_ORDER = (
    "overview",
    "acquisition",
    "retention",
    "repurchase",
    "lifecycle",
    "activity",
    "funnel",
    "rfm",
    "tiers",
    "attribution",
    "experiment",
    "targets",
    "actuals",
    "rhythm",
    "refunds",
    "*",
    "quality",
)


def topic(
    name: str, *, columns: Sequence[str] = (), inputs: Sequence[str] = (), needs: Text | None = None
) -> Callable[[Tell], Tell]:
    """Registers a section that is no metric's: about an input called ``name``, or the first of ``inputs`` that is there.

    It must have these columns. With ``inputs`` of ``("*",)`` it is about all of them. ``needs`` says what would enable it.
    """
    first = (*inputs, name)[0]
    usual = ", ".join(columns or ("customer_id", "time", "amount"))
    enabled = needs or Text(f"needs --input {first}=FILE with {usual}", f"需要 --input {first}=文件，含 {usual}")

    def register(tell: Tell) -> Tell:
        _TOPICS[name] = (tell, tuple(columns), tuple(inputs) or (name,), enabled)
        return tell

    return register


def parts() -> list[str]:
    """What a review may consist of, in the order of the page: metrics, and sections of their own."""
    others = [name for name in metrics if name not in _ORDER]
    found: list[str] = []
    for name in _ORDER:
        if name == "*":
            found += others
        else:
            found.append(name)
    return found


def _load(metric: str) -> None:
    name = f"{__name__}.{metric}"
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise


def _column_names(frame: Any) -> list[str]:
    if hasattr(frame, "collect_schema"):  # polars, whose lazy frames do not like to be asked for columns
        return list(frame.collect_schema().names())
    columns = getattr(frame, "column_names", None) or getattr(frame, "columns", None)
    if columns is not None:
        return [str(name) for name in columns]
    if isinstance(frame, Mapping):
        return [str(name) for name in frame]
    chunk = next(_frames.chunks(frame, []), None)
    return [] if chunk is None else list(chunk.available)


def _general(data: Data, source: str, metric: MetricInfo) -> Section:
    """A metric that has no section of its own."""
    from .._render import plain

    result = data.compute(metric.name, source)
    grids = []
    for table in result.tables.values():
        if len(table) <= 40:
            head = [Text(name, name) for name in table.columns]
            rows = [[Text(plain(v), plain(v)) for v in row.values()] for row in table.to_rows()]
            grids.append(Grid(Text(table.name, table.name), head, rows))
    return Section(Text(metric.title, metric.title_zh), grids=grids, findings=[Text(metric.summary, metric.summary)])


def _told(data: Data, name: str) -> Section:
    """A section."""
    if name in metrics:
        metric = metrics[name]
        tell, preferred, columns_of = _SECTIONS.get(name, (None, (), name))
        source = data.input_for(metrics[columns_of], preferred)
        needed = [column.name for column in metrics[columns_of].columns if column.required]
        if source is not None:
            return tell(data, source) if tell is not None else _general(data, source, metric)
    else:
        topical, needed_columns, about, enabled = _TOPICS[name]
        needed = list(needed_columns)
        source = "*" if about == ("*",) else next((each for each in about if each in data.inputs), None)
        if source is None:
            raise Skipped(enabled)
        if source == "*" or set(needed) <= set(data.columns(source)):
            return topical(data, source)
    names = ", ".join(needed)
    raise Skipped(Text(f"no input with {names}", f"没有包含 {names} 的输入"))


def build(
    inputs: Mapping[str, Any],
    *,
    only: Sequence[str] = (),
    sources: Mapping[str, str] | None = None,
    reading: Sequence[tuple[str, str]] = (),
    begin: Callable[[str], None] | None = None,
    **arguments: Any,
) -> Review:
    """Runs every metric that the inputs allow.

    ``reading`` is what was noticed when the inputs were read, in both languages; ``begin`` is told each part.
    """
    data = Data(inputs, arguments)
    sections: list[Section] = []
    skipped: list[tuple[str, Text]] = []
    failures: list[Error] = []
    if not only or "quality" in only:
        from .quality import set_aside

        set_aside(data)
    for name in parts():
        if only and name not in only:
            continue
        if begin is not None:
            begin(name)
        _load(name)
        data.read = []
        try:
            made = _told(data, name)
        except Skipped as error:
            skipped.append((name, error.why))
            continue
        except Error as error:
            if not isinstance(error, MissingColumnError):  # that only says what the data do not have
                failures.append(error)
            skipped.append((name, Text(str(error), str(error))))
            continue
        made.metric = name
        made.computed_from = made.computed_from or list(data.read)
        sections.append(made)
    if not only and [part.metric for part in sections] == ["quality"]:
        sections = []  # what is wrong with the data is no review of them
    if not sections:
        if failures:
            raise failures[0]
        reasons = "; ".join(f"{name}: {why.en}" for name, why in skipped)
        raise NothingToTell(f"the data allow no metric ({reasons})")
    used = dict.fromkeys(name for part in sections for name in part.computed_from if name in data.inputs)
    facts = {name: data.facts(name) for name in used}
    if reading:
        _add_reading(sections, [Text(*note) for note in reading])
    return Review(sections, skipped, dict(sources or {}), datetime.now().astimezone(), facts)


def _add_reading(sections: list[Section], notes: list[Text]) -> None:
    """Notes on how the inputs were read: in the section on their quality, or in one of their own."""
    for part in sections:
        if part.metric == "quality":
            part.notes += notes
            return
    sections.append(Section(Text("How the data were read", "数据读取说明"), notes=notes, metric="reading"))


def summary(review: Review, lang: Language) -> str:
    """The review as text for a terminal."""
    lines: list[str] = []
    for part in review.sections:
        lines += [part.title.of(lang), "─" * 40]
        lines += [f"  {name.of(lang)}: {spoken(value).of(lang)}" for name, value in part.numbers]
        lines += [f"  • {finding.of(lang)}" for finding in part.findings]
        lines += [f"  ({note.of(lang)})" for note in part.notes]
        lines.append("")
    for name, why in review.skipped:
        lines.append(f"{'未计算' if lang == 'zh' else 'left out'} {name}: {why.of(lang)}")
    return "\n".join(lines).rstrip()
