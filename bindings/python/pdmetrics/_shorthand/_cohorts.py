"""What the cohort metrics share: conditions on events, columns that say what they are for, other products' weeks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._conditions import Condition, Event
from .._errors import OptionError
from . import ABSENT, Parameter
from .funnel import Step

PRESET = Parameter(
    "preset",
    'Literal["posthog"] | None',
    "Counts as PostHog does: weeks from Sunday, and options that are at their defaults. See the page of the metric.",
)


def fail(name: str, message: str) -> OptionError:
    """A refusal that names the argument."""
    return OptionError(f"{name}: {message}", column=name)


def is_list(value: object) -> bool:
    """Whether it is several values."""
    return isinstance(value, (list, tuple))


def is_whole(value: object) -> bool:
    """Whether it is a whole number, of whatever package."""
    return hasattr(value, "__index__") and not isinstance(value, (bool, str)) and not hasattr(value, "__len__")


# ---------------------------------------------------------------------------------------------------------- conditions


def _events(name: str, value: Any) -> tuple[Event, ...]:
    found: list[Event] = []
    for item in value if is_list(value) else [value]:
        if not isinstance(item, str) and not is_whole(item):
            raise fail(name, f"expected the name or code of an event, got {item!r}")
        found.append(item if isinstance(item, str) else int(item))
    if not found or "" in found:
        raise fail(name, "an empty list or name of events; name at least one")
    return tuple(found)


def _step(name: str, step: Step, event: str) -> Condition:
    if step.optional or step.window is not None or step.hold is not None:
        raise fail(name, "a condition has an event or a column; optional, window and hold are for funnels")
    columns = () if step.column is None else _events(name, step.column)
    events = () if step.event is None else _events(name, step.event)
    if not columns and not events:
        raise fail(name, "a condition names an event or a column")
    return Condition(events, event, tuple(map(str, columns)))


def condition(name: str, value: Any, event: str | None) -> Any:
    """What a condition is: the name of a boolean column as it is, everything else as a Condition."""
    if value is None or isinstance(value, Condition):
        return value
    if value is True:
        return ABSENT
    if isinstance(value, Mapping):
        if not set(value) <= {"event", "column"}:
            raise fail(name, f"a condition has event and column, not {', '.join(map(str, value))}")
        value = Step(**value)
    if isinstance(value, Step):
        return _step(name, value, event or "event")
    if isinstance(value, str) and event is None:
        return value
    if isinstance(value, str):
        return Condition(_events(name, [part.strip() for part in value.split("|")]), event or "event")
    if is_list(value) or is_whole(value):
        return Condition(_events(name, value), event or "event")
    if isinstance(value, bool):
        raise fail(name, "expected a column, events or an expression; True is every row")
    return Condition(expression=value)


# ------------------------------------------------------------------------------------------------------------- columns


def named(found: dict[str, Any], column: str, option: str, value: str) -> None:
    """A column that is named is meant to be used: an option that is still none becomes what the column is for."""
    if found.get(column) is not None and found.get(option, "none") == "none":
        found[option] = value


def preset(found: dict[str, Any], switches: Mapping[str, tuple[str, str]] | None = None) -> None:
    """What ``preset`` sets: the week, and options that are at their defaults (name: what it becomes, default)."""
    chosen = found.get("preset")
    if chosen is None:
        return
    if chosen != "posthog":
        raise fail("preset", f'expected "posthog", got {chosen!r}')
    if found.get("week_start") is None:
        found["week_start"] = "sunday"
    for name, (value, default) in (switches or {}).items():
        if found.get(name, default) == default:
            found[name] = value
