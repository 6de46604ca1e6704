"""What a plan consists of: tables with words in both languages, the results they come from, and figures of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .._result import Language, Result
from ..review import Text

Kind = Literal["text", "count", "money", "share", "number", "flag", "change"]


@dataclass(frozen=True)
class Col:
    """A column: its name in files, what readers see, and what its values are. Money is in minor units (分)."""

    name: str
    title: Text
    kind: Kind = "text"
    for_files: bool = False  # readers see the same in another column
    names: Mapping[str, Text] = field(default_factory=dict)  # what readers see instead of the values


@dataclass
class PlanTable:
    """A table of the plan."""

    name: str
    title: Text
    columns: list[Col]
    rows: list[list[Any]]
    total: bool = False  # the last row sums up the others

    def to_rows(self) -> list[dict[str, Any]]:
        """One dict a row."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]

    def column(self, name: str) -> list[Any]:
        """The values of a column."""
        index = [column.name for column in self.columns].index(name)
        return [row[index] for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass
class Figure:
    """A figure of a result, and how it is drawn."""

    result: Result
    kind: str
    title: Text
    options: Mapping[str, Any] = field(default_factory=dict)
    words: Mapping[str, Text] = field(default_factory=dict)

    def draw(self, lang: Language) -> Any:
        """The figure in a language."""
        from ..plot import draw

        words = {name: text.of(lang) for name, text in self.words.items()}
        return draw(self.result, self.kind, lang=lang, title=self.title.of(lang), **words, **self.options)


@dataclass
class Part:
    """A chapter of the plan: tables, figures, and what they say."""

    name: str
    title: Text
    numbers: list[tuple[Text, str]] = field(default_factory=list)
    findings: list[Text] = field(default_factory=list)
    tables: list[PlanTable] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    notes: list[Text] = field(default_factory=list)


@dataclass
class Plan:
    """A plan: parts in reading order, and the results of the calculators behind them by name."""

    name: str
    exponent: int
    parts: list[Part] = field(default_factory=list)
    results: dict[str, Result] = field(default_factory=dict)
    cells: dict[tuple[str, str, str], int] = field(default_factory=dict)

    @property
    def tables(self) -> dict[str, PlanTable]:
        """All tables by name."""
        return {table.name: table for part in self.parts for table in part.tables}

    def money(self, value: float | None) -> str:
        """An amount as readers expect it."""
        return "–" if value is None else f"{value / 10**self.exponent:,.{min(self.exponent, 2)}f}"

    def cell(self, value: Any, column: Col, lang: Language) -> str:
        """A cell of a table as readers expect it."""
        named = column.names.get(value) if isinstance(value, str) else None
        return self.shown(value, column.kind) if named is None else named.of(lang)

    def shown(self, value: Any, kind: Kind) -> str:
        """A value as readers expect it."""
        if value is None:
            return "–"
        if kind == "money":
            return self.money(value)
        if kind == "share":
            return f"{value:.1%}"
        if kind == "change":
            return f"{value:+.1%}"
        if kind == "count":
            return f"{value:,.0f}"
        if kind == "number":
            return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
        if kind == "flag":
            return "✓" if value else "–"
        return str(value)
