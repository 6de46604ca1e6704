"""Repurchase in fewer words: ``n="7,30"``, a column that is named is used."""

from __future__ import annotations

from typing import Any

from .._registry import MetricInfo
from . import _cohorts, shorthand
from ._cohorts import fail, is_whole


def _days(value: Any) -> Any:
    """Days as a list, from one number or from text."""
    if isinstance(value, str):
        parts = [part.strip().removesuffix("d").strip() for part in value.split(",")]
        if not all(part.isdecimal() for part in parts):
            raise fail("n", f'expected days such as "7,30,90", got "{value}"')
        return [int(part) for part in parts]
    return [value] if is_whole(value) else value


@shorthand("repurchase", on_request=("by",), lists_in_words=("n",))
def expand(metric: MetricInfo, found: dict[str, Any]) -> None:
    """Turns what people write into the library's list and options."""
    if found.get("n") is not None:
        found["n"] = _days(found["n"])
    _cohorts.named(found, "by", "breakdown_by", "entry")
