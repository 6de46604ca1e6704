"""Activity in fewer words: ``criteria=">=3"``, a column that is named is used."""

from __future__ import annotations

import re
from typing import Any

from .._registry import MetricInfo
from . import _cohorts, shorthand
from ._cohorts import fail, is_list, is_whole

_NAMES = {">=": "gte", "≥": "gte", "<=": "lte", "≤": "lte", "==": "exact", "=": "exact"}
_CRITERIA = re.compile(r"(>=|≥|<=|≤|==?|gte|lte|exact)\s*(\d+)\Z")


def _criteria(found: dict[str, Any]) -> None:
    """Both options from one value: ``">=3"``, ``("gte", 3)``, or ``3`` for at least three."""
    value = found.get("criteria", "gte")
    if isinstance(value, str):
        match = _CRITERIA.match(value.strip())
        if match is None:
            return
        pair: tuple[Any, Any] = (match[1], int(match[2]))
    elif is_list(value) and len(value) == 2:
        pair = (value[0], value[1])
    elif is_whole(value):
        pair = ("gte", value)
    else:
        raise fail("criteria", f'expected such as ">=3", "exact 2" or ("lte", 5), got {value!r}')
    if found.get("criteria_rows", 1) != 1:
        raise fail("criteria_rows", f"criteria {value!r} names the number already; give one of the two")
    found["criteria"] = _NAMES.get(str(pair[0]), pair[0])
    found["criteria_rows"] = pair[1]


@shorthand(
    "activity",
    [_cohorts.PRESET],
    on_request=("by", "week_start"),
    wider={"criteria": "str | int | tuple[str, int]"},
)
def expand(metric: MetricInfo, found: dict[str, Any]) -> None:
    """Turns what people write into the library's options."""
    _criteria(found)
    _cohorts.named(found, "by", "breakdown_by", "entry")
    _cohorts.preset(found)
