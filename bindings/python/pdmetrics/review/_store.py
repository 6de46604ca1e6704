"""What the script of a page works on: figures and tables, each of them once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from .._result import Result, Table
from . import Download, _compact
from ._figures import Chart

_MOST_ROWS = 5_000
# What the metrics call those whom they count.
_ABOUT_ONE = ("unit", "user", "customer_id")


def fits(table: Table) -> bool:
    """Whether a table may be in a page: not long, and not about single customers, who are not handed around."""
    return len(table) <= _MOST_ROWS and not any(name in table for name in _ABOUT_ONE)


def slug(words: str, most: int = 40) -> str:
    """Words as part of a file name."""
    made = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
    return made if len(made) <= most else made[:most].rpartition("-")[0] or made[:most]


@dataclass
class Store:
    """Figures by the id of their element, and tables by their place."""

    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: list[dict[str, Any]] = field(default_factory=list)
    _places: dict[tuple[int, str], int] = field(default_factory=dict)
    _kept: list[Result] = field(default_factory=list)  # so that no other gets the same id
    _files: set[str] = field(default_factory=set)

    def add_figure(self, name: str, chart: Chart) -> None:
        """Keeps a figure: in English, and what is different in Chinese."""
        english, chinese = chart.drawn["en"], chart.drawn["zh"]
        self.figures[name] = {"en": english, "zh": _compact.difference(english, chinese)}

    def figures_json(self) -> str:
        """All figures."""
        figures, shared = _compact.share(self.figures)
        return _compact.to_json({"shared": shared, "figures": figures})

    def tables_json(self) -> str:
        """All tables."""
        return _compact.to_json(self.tables)

    def rows(self, place: int) -> int:
        """Rows of a table."""
        count: int = self.tables[place]["rows"]
        return count

    def has(self, result: Result, table: Table) -> bool:
        """Whether a table of a result is there."""
        return (id(result), table.name) in self._places

    def table(self, result: Result, table: Table, metric: str) -> int:
        """Place of a table of a result; its file is called after the metric and the table."""
        key = (id(result), table.name)
        if key not in self._places:
            self._kept.append(result)
            names = table.columns
            self._places[key] = self._add(f"{metric}-{table.name}", names, [table[name].to_list() for name in names])
        return self._places[key]

    def download(self, item: Download) -> int:
        """Place of a table that a section brings itself."""
        columns = [[row[i] for row in item.rows] for i in range(len(item.columns))]
        return self._add(item.name, item.columns, columns)

    def file(self, wanted: str) -> str:
        """A name for a file that no other has."""
        name, number = wanted, 2
        while name in self._files:
            name, number = f"{wanted}-{number}", number + 1
        self._files.add(name)
        return name

    def _add(self, file: str, names: list[str], columns: list[list[Any]]) -> int:
        rows = len(columns[0]) if columns else 0
        held = [_compact.column(each) for each in columns]
        self.tables.append({"file": self.file(file), "rows": rows, "heads": names, "columns": held})
        return len(self.tables) - 1
