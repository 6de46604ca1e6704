"""Leaves of a formula tree, from whatever users hold them in, as columns of the calculators' input ``leaves``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .. import _inputs
from .._errors import OptionError
from .._registry import ListInfo, calculators

Columns = dict[str, Any]
DIMENSIONS = ("month", "channel", "segment")


def info(calculator: str) -> ListInfo:
    """What a calculator's leaves look like."""
    return calculators[calculator].about.lists["leaves"]


def columns(names: Collection[str], value: Any, calculator: str) -> Columns:
    """Columns of leaves: from rows with a column ``leaf``, or from a mapping of leaf to what it is worth.

    In a mapping a leaf is worth a number, a list (months 1, 2, …), or a table with ``value`` and any of the dimensions.
    """
    item = info(calculator)
    if not isinstance(value, Mapping) or ("leaf" in value and "leaf" not in names):
        found = dict(_inputs.columns(item, value))
        known = [column.name for column in item.columns]
        return {name: found[name] for name in known if name in found}
    known = [column.name for column in item.columns if column.name not in ("leaf", "role")]
    rows = [{"leaf": str(name), **row} for name, each in value.items() for row in _cells(item, known, str(name), each)]
    used = [name for name in known if name == "value" or any(row.get(name) is not None for row in rows)]
    return {name: [row.get(name) for row in rows] for name in ("leaf", *used)}


def _cells(item: ListInfo, known: list[str], name: str, value: Any) -> list[dict[str, Any]]:
    """Rows of one leaf."""
    if value is None or _inputs.is_plain(value):
        return [{"value": value}]
    if isinstance(value, (list, tuple)) and value and all(each is None or _inputs.is_plain(each) for each in value):
        if "month" not in known:
            raise OptionError(f"{name}: a single number expected, got {len(value)}", column=name)
        return [{"month": month, "value": each} for month, each in enumerate(value, 1)]
    found = _inputs.columns(item, value)
    if "value" not in found:
        raise OptionError(f"{name}: expected a number, a list by month, or a table with value", column=name)
    cells = {key: _inputs.plain_list(values) for key, values in found.items() if key in known}
    return [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]


def with_roles(found: Columns, roles: Mapping[str, str]) -> Columns:
    """The same with the tree's roles, where rows do not bring their own."""
    if "leaf" not in found or "role" in found or not roles:
        return found
    return {**found, "role": [roles.get(str(name)) for name in _inputs.plain_list(found["leaf"])]}


def with_facts(found: Columns, given: Mapping[str, Mapping[str, Any] | None]) -> Columns:
    """The same with columns given as mappings of leaf to value; ``None`` leaves a column as it is."""
    added: Columns = {}
    for column, values in given.items():
        if values is None:
            continue
        names = [str(name) for name in _inputs.plain_list(found["leaf"])]
        for name in values:
            if name not in names:
                raise OptionError(f'{column}: there is no leaf "{name}"; there are {", ".join(names)}', column=column)
        added[column] = [values.get(name) for name in names]
    return {**found, **added}


def before_and_after(names: Collection[str], before: Any, after: Any) -> Columns:
    """Leaves at both ends, matched by leaf and, where there are any, segment."""
    item = info("formula")
    ends = [_by_cell(item, columns(names, value, "formula")) for value in (before, after)]
    first, second = ends
    for cell in [*(cell for cell in first if cell not in second), *(cell for cell in second if cell not in first)]:
        side = "after" if cell in first else "before"
        of = "" if cell[1] is None else f' of segment "{cell[1]}"'
        raise OptionError(f'{side}: leaf "{cell[0]}"{of} is missing', column=cell[0])
    made: Columns = {"leaf": [name for name, _ in first], "x0": list(first.values())}
    made["x1"] = [second[cell] for cell in first]
    if any(segment is not None for _, segment in first):
        made["segment"] = [segment for _, segment in first]
    return made


def _by_cell(item: ListInfo, found: Columns) -> dict[tuple[str, Any], Any]:
    names = _inputs.plain_list(found.get("leaf", []))
    for dimension in ("month", "channel"):
        if any(each is not None for each in _inputs.plain_list(found.get(dimension, []))):
            raise OptionError(f"a change is divided by segment; aggregate {dimension} first", column=dimension)
    segments = _inputs.plain_list(found["segment"]) if "segment" in found else [None] * len(names)
    values = _inputs.plain_list(found.get("value", []))
    cells: dict[tuple[str, Any], Any] = {}
    for name, segment, value in zip(names, segments, values, strict=True):
        if (str(name), segment) in cells:
            raise OptionError(f'leaf "{name}" is given twice', column=str(name))
        cells[str(name), segment] = value
    return cells
