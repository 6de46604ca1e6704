"""How people write down a retention table: start and return as events, brackets as pairs, costs by cohort."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._registry import MetricInfo
from . import Parameter, _cohorts, shorthand
from ._cohorts import fail, is_list, is_whole

Row = dict[str, Any]

_RANGE = re.compile(r"(\d+)(?:\s*(?:-|–|\.\.)\s*(\d+))?\Z")
_CONDITIONS = ("start", "return_", "start_any")


def _conditions(found: dict[str, Any]) -> None:
    event = found.get("event")
    if event is not None and not isinstance(event, str):
        raise fail("event", f"expected the name of the column of events, got {event!r}")
    if event is not None and all(found.get(name) is None for name in _CONDITIONS):
        raise fail("event", f'column "{event}" is named, but no events: say which are start= and return_=')
    if found.get("start_any") is not None and found.get("cohort_entry", "first_time") == "first_time":
        found["cohort_entry"] = "first_ever"
    for name in _CONDITIONS:
        found[name] = _cohorts.condition(name, found.get(name), event)


# ------------------------------------------------------------------------------------------------------------ brackets


def _bracket(item: Any) -> Row:
    if isinstance(item, Mapping):
        return dict(item)
    if isinstance(item, str):
        match = _RANGE.match(item.strip())
        if match is not None:
            return {"from": int(match[1]), "to": int(match[2] or match[1])}
    elif isinstance(item, range) and len(item) and item.step == 1:
        return {"from": item.start, "to": item.stop - 1}
    elif is_whole(item):
        return {"from": item, "to": item}
    elif is_list(item) and len(item) == 2 and all(map(is_whole, item)):
        return {"from": item[0], "to": item[1]}
    raise fail("brackets", f'expected first and last interval, such as (1, 3) or "1-3", got {item!r}')


def _brackets(found: dict[str, Any]) -> None:
    value = found.get("brackets")
    if value is None:
        return
    if isinstance(value, str):
        value = value.split(",")
    if is_list(value):
        found["brackets"] = [_bracket(item) for item in value]
    if found.get("mode", "n_day") == "n_day":
        found["mode"] = "brackets"


# --------------------------------------------------------------------------------------------------------------- costs


def _costs(found: dict[str, Any]) -> None:
    """``{cohort: cost}``, or with a breakdown ``{(group, cohort): cost}`` or ``{group: {cohort: cost}}``."""
    value = found.get("costs")
    if value is None:
        return
    if isinstance(value, Mapping) and "cohort" not in value:
        rows: list[Row] = []
        for key, cost in value.items():
            if isinstance(cost, Mapping):
                rows += [{"cohort": cohort, "cost": each, "group": key} for cohort, each in cost.items()]
            elif isinstance(key, tuple):
                if len(key) != 2:
                    raise fail("costs", f"expected (group, cohort) as a key, got {key!r}")
                rows.append({"cohort": key[1], "cost": cost, "group": key[0]})
            else:
                rows.append({"cohort": key, "cost": cost})
        found["costs"] = rows
    found["retained_value"] = True


@shorthand(
    "retention",
    [
        Parameter(
            "event",
            "str | None",
            "Column of events. With it start, return_ and start_any are names or codes of events: "
            '"pay", "pay|prepay", ["pay", "prepay"].',
        ),
        _cohorts.PRESET,
    ],
    on_request=(*_CONDITIONS, "value", "by", "hold", "week_start"),
    lists_in_words=("brackets",),
    wider={name: "ConditionLike" for name in _CONDITIONS},
)
def expand(metric: MetricInfo, found: dict[str, Any]) -> None:
    """Turns what people write into the library's columns, lists and options."""
    _conditions(found)
    _brackets(found)
    _costs(found)
    if found.get("value") is not None:
        found["retained_value"] = True
    _cohorts.named(found, "by", "breakdown_by", "entry")
    _cohorts.named(found, "hold", "hold_constant", "column")
    _cohorts.preset(found, {"future_cells": ("zero", "null"), "zero_denominator": ("zero", "null")})
