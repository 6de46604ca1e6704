"""A lifecycle in fewer words: a column that is named is used."""

from __future__ import annotations

from typing import Any

from .._registry import MetricInfo
from . import _cohorts, shorthand


@shorthand("lifecycle", [_cohorts.PRESET], on_request=("by", "first_seen_column", "week_start"))
def expand(metric: MetricInfo, found: dict[str, Any]) -> None:
    """``first_seen_column`` and ``by`` switch on what they are for."""
    _cohorts.named(found, "by", "breakdown_by", "entry")
    _cohorts.named(found, "first_seen_column", "first_seen", "column")
    _cohorts.preset(found)
