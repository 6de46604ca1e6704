"""How people write down a funnel: steps as event names, windows as "7d", columns that say what they are for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, cast

from .. import _time
from .._errors import OptionError
from .._registry import MetricInfo
from .._time import Duration
from . import Parameter, shorthand

Event = str | int
Row = dict[str, Any]

_DAY_US = 86_400_000_000
_CALENDAR = re.compile(r"(\d+)\s*calendar[ _-]?days?\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Step:
    """A step of a funnel: done by an event, by one of several, or by a row whose boolean column is true.

    ``window`` is the longest time from the step before; ``optional`` steps may be left out; ``hold`` names the column
    whose value all steps must share. With neither event nor column its bit in the mask column decides.
    """

    event: Event | Sequence[Event] | None = None
    column: str | Sequence[str] | None = None
    name: str | None = None
    optional: bool = False
    window: Duration | None = None
    hold: str | None = None


@dataclass(frozen=True)
class Exclusion:
    """What must not happen after step ``between[0]`` and before step ``between[1]``; by default anywhere on the way."""

    event: Event | Sequence[Event] | None = None
    column: str | Sequence[str] | None = None
    between: tuple[int, int] | None = None
    effect: str | None = None


def _fail(name: str, message: str) -> OptionError:
    return OptionError(f"{name}: {message}", column=name)


def _is_list(value: object) -> bool:
    return isinstance(value, (list, tuple))


def _conditions(name: str, event: Any, column: Any) -> list[Row]:
    """One row of the library's list for each alternative."""
    events = list(event) if _is_list(event) else [] if event is None else [event]
    columns = list(column) if _is_list(column) else [] if column is None else [column]
    for value in events:
        if isinstance(value, bool) or not (isinstance(value, str) or hasattr(value, "__index__")):
            raise _fail(name, f"expected the name or code of an event, got {value!r}")
    for value in columns:
        if not isinstance(value, str):
            raise _fail(name, f"expected the name of a boolean column, got {value!r}")
    if (_is_list(event) and not events) or (_is_list(column) and not columns):
        raise _fail(name, "an empty list of alternatives; name at least one event or column")
    made = [{"event": value} for value in events] + [{"column": value} for value in columns]
    return made or [{}]


def _of_mapping(name: str, kind: type, value: Mapping[str, Any]) -> Any:
    known = [item.name for item in fields(kind)]
    for key in value:
        if key not in known:
            raise _fail(name, f'no "{key}" in {name}; there are {", ".join(known)}')
    return kind(**value)


# ---------------------------------------------------------------------------------------------------------------- steps


def _step(item: Any) -> Step:
    if isinstance(item, Step):
        return item
    if isinstance(item, Mapping):
        return cast(Step, _of_mapping("steps", Step, item))
    if isinstance(item, str) or _is_list(item) or (hasattr(item, "__index__") and not isinstance(item, bool)):
        return Step(item)
    raise _fail("steps", f"expected an event, a list of events, a dict or a Step, got {item!r}")


def _named(name: Any, item: Any) -> Step:
    step = _step(item)
    return Step(step.event, step.column, str(name), step.optional, step.window, step.hold)


def _text_steps(text: str) -> list[Any]:
    """``view,cart|basket,pay`` as the command line has it."""
    steps = [[part.strip() for part in step.split("|")] for step in text.split(",")]
    if any(part == "" for step in steps for part in step):
        raise _fail("steps", f'an empty name in "{text}"')
    if all(part.isdecimal() for step in steps for part in step):
        return [[int(part) for part in step] for step in steps]
    return list(steps)


def _is_native(value: Any, first: str) -> bool:
    """Whether a list is written as the registry has it already: a frame, columns, or rows with its first column."""
    if isinstance(value, Mapping):
        return first in value
    if hasattr(value, "columns"):
        return True
    return _is_list(value) and any(isinstance(item, Mapping) and first in item for item in value)


def _step_rows(value: Any) -> tuple[list[Row], int]:
    if isinstance(value, Mapping):
        steps = [_named(name, item) for name, item in value.items()]
    else:
        steps = [_step(item) for item in (_text_steps(value) if isinstance(value, str) else value)]
    if not steps:
        raise _fail("steps", "an empty list; a funnel has 1 to 32 steps")
    rows = []
    for number, step in enumerate(steps, 1):
        more: Row = {"step": number}
        if step.name is not None:
            more["name"] = step.name
        elif _is_list(step.event) and step.column is None and len(cast("list[Event]", step.event)) > 1:
            more["name"] = " / ".join(map(str, cast("list[Event]", step.event)))
        if step.optional:
            more["optional"] = 1
        if step.window is not None:
            more["window"] = _time.duration(step.window, "steps")
        if step.hold is not None:
            more["hold"] = step.hold
        rows += [{**more, **condition} for condition in _conditions("steps", step.event, step.column)]
    kinds = {isinstance(row["event"], str) for row in rows if "event" in row}
    if len(kinds) > 1:
        raise _fail("steps", "events are names in some steps and codes in others; use one kind, as the column does")
    return rows, len(steps)


def _steps(found: dict[str, Any]) -> int | None:
    """Expands ``steps``, and says how many there are if that is known."""
    value = found.get("steps")
    if value is None:
        if found.get("step_count") is None:
            raise _fail("steps", 'a funnel has 1 to 32 steps: steps=["view", "pay"], or step_count and a mask column')
        return cast(int, found["step_count"])
    if _is_native(value, "step"):
        return None
    if not isinstance(value, (str, Mapping)) and not isinstance(value, Iterable):
        raise _fail("steps", f"expected a list of events, got {type(value).__name__}")
    found["steps"], count = _step_rows(value)
    return count


# ----------------------------------------------------------------------------------------------------------- exclusions


def _exclusion(item: Any) -> Exclusion:
    if isinstance(item, Exclusion):
        return item
    if isinstance(item, Mapping):
        return cast(Exclusion, _of_mapping("exclusions", Exclusion, item))
    if isinstance(item, str) or (hasattr(item, "__index__") and not isinstance(item, bool)):
        return Exclusion(item)
    raise _fail("exclusions", f"expected an event, a dict or an Exclusion, got {item!r}")


def _exclusions(found: dict[str, Any], steps: int | None) -> None:
    value = found.get("exclusions")
    if value is None or _is_native(value, "from"):
        return
    if isinstance(value, (str, Exclusion)):
        value = value.split(",") if isinstance(value, str) else [value]
    rows = []
    for item in map(_exclusion, value):
        between = item.between if item.between is not None else (1, steps)
        if not _is_list(between) or len(between) != 2:
            raise _fail("exclusions", f"between: expected two steps such as (1, 3), got {between!r}")
        if between[1] is None:
            raise _fail("exclusions", "between: say after and before which step, such as (1, 3)")
        more: Row = {"from": between[0], "to": between[1]}
        if item.effect is not None:
            more["effect"] = item.effect
        rows += [{**more, **condition} for condition in _conditions("exclusions", item.event, item.column)]
    found["exclusions"] = rows


# -------------------------------------------------------------------------------------------------------------- windows


def _window(found: dict[str, Any]) -> None:
    within = found.get("within")
    if within is not None:
        if found.get("window") is not None:
            raise _fail("within", "it is a shorter word for window; give one of the two")
        calendar = _CALENDAR.match(within.strip()) if isinstance(within, str) else None
        found["window"] = within if calendar is None else int(calendar.group(1))
        if calendar is not None:
            found["window_kind"] = "calendar_days"
    window = found.get("window")
    if found.get("window_kind") == "calendar_days" and isinstance(window, (str, timedelta)):
        found["window"] = _days(window)


def _days(window: str | timedelta) -> int:
    """A number of local days, from "3d" or from a number as text."""
    if isinstance(window, str) and window.strip().isdecimal():
        return int(window)
    micros = _time.duration(window, "window")
    if micros % _DAY_US:
        raise _fail("window", f"window_kind calendar_days counts whole days, got {window!r}")
    return micros // _DAY_US


# -------------------------------------------------------------------------------------------------------------- columns


def _columns(found: dict[str, Any], steps: int | None) -> None:
    """A column that is named is meant to be used."""
    if found.get("by") is not None and found.get("attribution", "none") == "none":
        found["attribution"] = "first_touch"
    if found.get("session") is not None:
        found["sessions"] = "column"
        if found.get("count", "uniques") == "uniques":
            found["count"] = "sessions"
    hold = found.get("hold")
    constant = found.get("hold_constant", "none")
    rows = found.get("steps")
    if isinstance(hold, (list, tuple)):
        if steps is None or len(hold) != steps or not _is_list(rows):
            raise _fail("hold", f"a column for each step expected, {len(hold)} given")
        for row in cast("list[Row]", rows):
            row.setdefault("hold", hold[row["step"] - 1])
        found["hold"] = None
    elif hold is not None and constant == "none":
        found["hold_constant"] = constant = "column"
    own = _is_list(rows) and any(isinstance(row, Mapping) and row.get("hold") for row in rows or ())
    if own and constant == "none":
        found["hold_constant"] = "steps"


@shorthand(
    "funnel",
    [
        Parameter(
            "within",
            "Duration | None",
            'The window: "7d", a timedelta, µs, "unlimited", or local days: "1 calendar day". The same as window.',
        )
    ],
    on_request=("by", "session", "hold", "week_start"),
    lists_in_words=("steps", "exclusions", "edges"),
    several=("mode",),
)
def expand(metric: MetricInfo, found: dict[str, Any]) -> None:
    """Turns what people write into the library's lists and options."""
    steps = _steps(found)
    _exclusions(found, steps)
    _window(found)
    if _is_list(found.get("mode")):  # short names: all of them together fit the option
        names = [str(name) for name in found["mode"]]
        found["mode"] = ",".join(name.removeprefix("strict_").removeprefix("allow_") for name in names)
    if found.get("preset") == "posthog" and found.get("week_start") is None:
        found["week_start"] = "sunday"
    _columns(found, steps)
    edges = found.get("edges")
    if isinstance(edges, str):
        edges = edges.split(",")
    if _is_list(edges):
        plain = (str, int, timedelta)
        found["edges"] = [_time.duration(item, "edges") if isinstance(item, plain) else item for item in edges or ()]
