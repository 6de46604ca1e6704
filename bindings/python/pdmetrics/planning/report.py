"""A plan for readers: text for a terminal, CSV files, JSON, and one page with figures."""

from __future__ import annotations

import csv
import os
from datetime import datetime
from typing import Any

from .. import _output
from .._errors import ArgumentError
from .._render import text_table
from .._result import Language
from ..review import Download, Grid, Review, Section, Text
from .tables import Col, Kind, Plan, PlanTable

_LINES = 40
_NUMERIC: tuple[Kind, ...] = ("count", "money", "share", "number", "change", "flag")


def text(plan: Plan, lang: Language = "en", *, table: str | None = None, room: int = 1_000_000) -> str:
    """The plan for a terminal; ``table`` shows one table in full."""
    if table is not None:
        return _table_text(plan, _named(plan, table), lang, room, full=True)
    lines: list[str] = []
    for part in plan.parts:
        lines += [part.title.of(lang), "─" * 40]
        lines += [f"  {name.of(lang)}: {value}" for name, value in part.numbers]
        lines += [f"  • {finding.of(lang)}" for finding in part.findings]
        lines += [f"  ({note.of(lang)})" for note in part.notes]
        for each in part.tables:
            lines += ["", _table_text(plan, each, lang, room)]
        lines.append("")
    return "\n".join(lines).rstrip()


def _named(plan: Plan, name: str) -> PlanTable:
    if name not in plan.tables:
        raise ArgumentError(f'--table: no table "{name}"; there are {", ".join(plan.tables)}')
    return plan.tables[name]


def _shown(table: PlanTable) -> list[Col]:
    return [column for column in table.columns if not column.for_files]


def _cells(plan: Plan, table: PlanTable, lang: Language) -> list[list[str]]:
    rows = [
        [plan.cell(v, column, lang) for v, column in zip(row, table.columns, strict=True) if not column.for_files]
        for row in table.rows
    ]
    if table.total and rows:
        rows[-1][0] = "合计" if lang == "zh" else "total"
    return rows


def _table_text(plan: Plan, table: PlanTable, lang: Language, room: int, *, full: bool = False) -> str:
    rows = _cells(plan, table, lang)
    gap = None
    if len(rows) > _LINES and not full:
        rows, gap = rows[:6] + rows[-6:], 6
    columns = _shown(table)
    heads = [column.title.of(lang) for column in columns]
    numeric = [column.kind in _NUMERIC for column in columns]
    return text_table(table.title.of(lang), heads, rows, gap, len(table), room, numeric)


def save(plan: Plan, directory: str | os.PathLike[str], *, encoding: str = "utf-8") -> list[str]:
    """Every table as CSV, amounts in minor units; returns the paths."""
    os.makedirs(directory, exist_ok=True)
    paths = []
    for table in plan.tables.values():
        path = os.path.join(directory, f"{table.name}.csv")
        with _output.replaced(path) as temporary, open(temporary, "w", encoding=encoding, newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow([column.name for column in table.columns])
            writer.writerows([[_plain(value) for value in row] for row in table.rows])
        paths.append(path)
    return paths


def _plain(value: Any) -> Any:
    return ("true" if value else "false") if isinstance(value, bool) else value


def as_json(plan: Plan) -> dict[str, Any]:
    """Everything but the figures; amounts in minor units."""

    def both(words: Text) -> dict[str, str]:
        return {"en": words.en, "zh": words.zh}

    return {
        "name": plan.name,
        "currency_exponent": plan.exponent,
        "parts": [
            {
                "name": part.name,
                "title": both(part.title),
                "numbers": [{**both(name), "value": value} for name, value in part.numbers],
                "findings": [both(finding) for finding in part.findings],
                "notes": [both(note) for note in part.notes],
                "tables": [table.name for table in part.tables],
            }
            for part in plan.parts
        ],
        "tables": {name: table.to_rows() for name, table in plan.tables.items()},
    }


def page(plan: Plan, lang: Language = "en", *, sources: dict[str, str] | None = None) -> str:
    """One page, complete in itself, in both languages."""
    from ..review.page import page as written

    sections = []
    for part in plan.parts:
        notes = list(part.notes)
        grids: list[Grid] = []
        downloads: list[Download] = []
        for table in part.tables:
            if len(table) <= 2 * _LINES:
                grids.append(_grid(plan, table))
            else:
                downloads.append(
                    Download(f"plan-{table.name}", table.title, [c.name for c in table.columns], table.rows)
                )
                count = f"{len(table):,}"
                notes.append(
                    Text(
                        f"{table.title.en}: {count} rows, as CSV and by --out; amounts in minor units.",
                        f"{table.title.zh}：共 {count} 行，见 CSV 或 --out 导出；金额以最小货币单位计。",
                    )
                )
        sections.append(
            Section(
                part.title,
                figures_of=list(part.figures),
                numbers=[*part.numbers],
                findings=part.findings,
                grids=grids,
                notes=notes,
                metric=part.name,
                downloads=downloads,
            )
        )
    review = Review(sections, [], sources or {}, datetime.now().astimezone())
    return written(review, lang, title=Text(f"Plan {plan.name}", f"目标计划 {plan.name}"))


def _grid(plan: Plan, table: PlanTable) -> Grid:
    en, zh = _cells(plan, table, "en"), _cells(plan, table, "zh")
    rows = [[Text(a, b) for a, b in zip(x, y, strict=True)] for x, y in zip(en, zh, strict=True)]
    return Grid(table.title, [column.title for column in _shown(table)], rows, total=table.total, numeric=True)
