"""How people write down attribution: models by name with their weights, durations as "7d", lookbacks as "30 calendar days"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .. import _time
from .._errors import OptionError
from .._registry import MetricInfo
from . import shorthand

Row = dict[str, Any]

_DAY_US = 86_400_000_000
_CALENDAR = re.compile(r"(\d+)\s*calendar[ _-]?days?\Z", re.IGNORECASE)


def _fail(name: str, message: str) -> OptionError:
    return OptionError(f"{name}: {message}", column=name)


def _is_list(value: object) -> bool:
    return isinstance(value, (list, tuple))


def _words(value: Any) -> Any:
    """``a,b`` as the command line has it."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


# --------------------------------------------------------------------------------------------------------------- models


def _weights(name: str, given: Any) -> list[Row]:
    """``{"first": .3, "lead": .3}`` by mark, ``[3, 1]`` by position."""
    if isinstance(given, Mapping):
        return [{"model": name, "mark": str(mark), "weight": float(weight)} for mark, weight in given.items()]
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise _fail("models", f"weights: expected numbers by position or a dict by mark, got {given!r}")
    return [{"model": name, "position": i, "weight": float(weight)} for i, weight in enumerate(given, 1)]


def _model(item: Any, weights: list[Row]) -> Any:
    if not isinstance(item, Mapping):
        return item
    row = dict(item)
    if "model" not in row:
        raise _fail("models", f'no "model" in {item!r}')
    if isinstance(row.get("half_life"), str) or hasattr(row.get("half_life"), "total_seconds"):
        row["half_life"] = _time.duration(row["half_life"], "models")
    for flag in ("ignore_nulls", "self_transitions"):
        if isinstance(row.get(flag), bool):
            row[flag] = int(row[flag])
    own = row.pop("weights", None)
    if own is not None:
        weights += _weights(row.get("name") or row["model"], own)
    return row


def _models(found: dict[str, Any]) -> None:
    value = _words(found.get("models"))
    if not _is_list(value):
        return
    weights: list[Row] = []
    found["models"] = [_model(item, weights) for item in value]
    if not weights:
        return
    if found.get("weights") is not None:
        raise _fail("weights", "weights are given in models already; give them in one place")
    found["weights"] = weights


# ------------------------------------------------------------------------------------------------------------ durations


def _lookback(found: dict[str, Any]) -> None:
    value = found.get("lookback")
    calendar = _CALENDAR.match(value.strip()) if isinstance(value, str) else None
    if calendar is not None:
        found["lookback"] = int(calendar.group(1)) * _DAY_US
        found["lookback_kind"] = "calendar_days"


def _durations(found: dict[str, Any]) -> None:
    bins = _words(found.get("time_bins"))
    if _is_list(bins):
        found["time_bins"] = [_time.duration(item, "time_bins") if not isinstance(item, Mapping) else item for item in bins]
    priorities = found.get("priority_lookbacks")
    if isinstance(priorities, Mapping) and "priority" not in priorities:
        found["priority_lookbacks"] = [
            {"priority": priority, "lookback": _time.duration(lookback, "priority_lookbacks")}
            for priority, lookback in priorities.items()
        ]


@shorthand("attribution", lists_in_words=("models", "direct", "milestones", "time_bins"))
def expand(metric: MetricInfo, found: dict[str, Any]) -> None:
    """Turns what people write into the library's lists and options."""
    _models(found)
    for name in ("direct", "milestones"):
        found[name] = _words(found.get(name))
    _lookback(found)
    _durations(found)
