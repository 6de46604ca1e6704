"""How people write down an experiment: arms and metrics by name, ratios as "spend/orders", covariates and priors beside their metric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import _lists
from .._errors import OptionError
from .._registry import MetricInfo
from . import Parameter, shorthand

Row = dict[str, Any]


def _fail(name: str, message: str) -> OptionError:
    return OptionError(f"{name}: {message}", column=name)


def _words(name: str, text: str) -> list[list[str]]:
    """``a=x, b`` as the command line has it: words, each with what stands behind its "=", if anything does."""
    found = [[part.strip() for part in word.split("=", 1)] for word in text.split(",")]
    if any(part == "" for word in found for part in word):
        raise _fail(name, f'an empty name in "{text}"')
    return found


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise _fail("arms", f'expected a weight, got "{text}"') from None


def _arms(found: dict[str, Any]) -> None:
    """``"old=2, new=1"``."""
    value = found.get("arms")
    if isinstance(value, str):
        found["arms"] = [(word[0], *map(_weight, word[1:])) for word in _words("arms", value)]


# -------------------------------------------------------------------------------------------------------------- metrics


def _of_kind(row: Row) -> Row:
    """``spend/orders`` in the place of a kind is their ratio."""
    kind = row.get("kind")
    if not isinstance(kind, str) or "/" not in kind:
        return row
    numerator, _, denominator = (part.strip() for part in kind.partition("/"))
    if not numerator or not denominator or "/" in denominator:
        raise _fail("metrics", f'expected a ratio such as "spend/orders", got "{kind}"')
    for name in ("column", "denominator"):
        if row.get(name) is not None:
            raise _fail("metrics", f'"{kind}" says what is divided already; leave out {name}')
    return {**row, "kind": "ratio", "column": numerator, "denominator": denominator}


# What a metric's row may have of its own, and the list that it belongs to: covariates as a column, several, or for a ratio a
# pair; a prior as the pair (a, b) of a conversion, or as a dict.
_OWN = {"covariates": "covariates", "prior": "priors"}


def _own_of(info: MetricInfo, row: Row, name: str) -> list[Row]:
    """Takes it out of the row."""
    own = row.pop(name, None)
    if own is None:
        return []
    return _lists.entry_of(info.lists[_OWN[name]], row.get("metric"), own)


def _named(name: Any, rest: Any) -> Any:
    """``{"bought": "conversion"}``, ``{"spend": {"kind": "value", "role": "goal"}}``."""
    if isinstance(rest, str):
        return {"metric": name, "kind": rest}
    if isinstance(rest, Mapping):
        return {"metric": name, **rest}
    if isinstance(rest, tuple):
        return (name, *rest)
    raise _fail("metrics", f"{name}: expected a kind, such as conversion, or a dict of fields, got {rest!r}")


def _rows(value: Any) -> list[Any] | None:
    """A metric each; nothing if the value is a frame or columns, which the registry's own reader takes as they are."""
    if isinstance(value, str):
        return [dict(zip(("metric", "kind"), word, strict=False)) for word in _words("metrics", value)]
    if isinstance(value, Mapping):
        if "metric" in value and not isinstance(value["metric"], (str, Mapping)):
            return None
        return [_named(name, rest) for name, rest in value.items()]
    return list(value) if isinstance(value, (list, tuple)) else None


def _metrics(info: MetricInfo, found: dict[str, Any]) -> None:
    rows = _rows(found.get("metrics"))
    if rows is None:
        return
    own: dict[str, list[Row]] = {name: [] for name in _OWN}
    made = []
    for row in rows:
        if isinstance(row, Mapping):
            named = dict(row)
            for name, taken in own.items():
                taken += _own_of(info, named, name)
            row = _of_kind(named)
        made.append(row)
    found["metrics"] = made
    for name, taken in own.items():
        listed = _OWN[name]
        if taken and found.get(listed) is not None:
            raise _fail(listed, f"{listed} are given in metrics already; give them in one place")
        if taken:
            found[listed] = taken


def _posterior(found: dict[str, Any]) -> None:
    """Yes or no; who has a prior wants the posterior."""
    value = found.get("posterior")
    if isinstance(value, bool):
        found["posterior"] = "total" if value else "none"
    elif value in (None, "none") and found.get("priors") is not None:
        found["posterior"] = "total"


# ------------------------------------------------------------------------------------------------------ segments, looks


def _segments(found: dict[str, Any]) -> None:
    value = found.get("segments")
    if value is None:
        return
    if found.get("segment_columns") is not None:
        raise _fail("segments", "it is a shorter word for segment_columns; give one of the two")
    found["segment_columns"] = value


def _columns_in_words(found: dict[str, Any]) -> None:
    value = found.get("segment_columns")
    if isinstance(value, str):
        found["segment_columns"] = [word[0] for word in _words("segments", value)]


def _looks(found: dict[str, Any]) -> None:
    value = found.get("looks")
    if not isinstance(value, str):
        return
    words = [word[0] for word in _words("looks", value)]
    if not all(word.isdecimal() for word in words):
        raise _fail("looks", f'expected numbers of units, got "{value}"')
    found["looks"] = [int(word) for word in words]


@shorthand(
    "experiment",
    [Parameter("segments", "str | list[str] | None", "Columns that units are split by; short for segment_columns.")],
    lists_in_words=("arms", "metrics", "segment_columns", "looks"),
)
def expand(metric: MetricInfo, found: dict[str, Any]) -> None:
    """Turns what people write into the library's lists."""
    _arms(found)
    _metrics(metric, found)
    _posterior(found)
    _segments(found)
    _columns_in_words(found)
    _looks(found)
