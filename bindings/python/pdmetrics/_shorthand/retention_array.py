"""Retention arrays of events: conditions as a list, like the steps of a funnel."""

from __future__ import annotations

from typing import Any

from .._conditions import Condition, Mask
from .._registry import MetricInfo
from . import Parameter, _cohorts, shorthand
from ._cohorts import fail, is_list


def _condition(value: Any, event: str) -> Condition:
    found = _cohorts.condition("conditions", value, event)
    if not isinstance(found, Condition):
        raise fail("conditions", f"expected an event, a list of events, a Step or an expression, got {value!r}")
    return found


@shorthand(
    "retention_array",
    [Parameter("event", "str | None", 'Column of events, for conditions as a list; default "event".')],
    wider={"conditions": "ConditionLike"},
)
def expand(metric: MetricInfo, found: dict[str, Any]) -> None:
    """Turns a list of conditions into a mask."""
    value, event = found.get("conditions"), found.get("event")
    if value is None or not is_list(value):
        if event is not None:
            raise fail("event", f'column "{event}" is named, but conditions is no list of events')
        return
    if not value or len(value) > 32:
        raise fail("conditions", f"1 to 32 conditions expected, {len(value)} given")
    found["conditions"] = Mask(tuple(_condition(item, event or "event") for item in value))
    default = metric.options["condition_count"].default
    if found.get("condition_count") in (None, default):
        found["condition_count"] = len(value)
    elif found["condition_count"] != len(value):
        raise fail("condition_count", f"{found['condition_count']}, but {len(value)} conditions are given")
