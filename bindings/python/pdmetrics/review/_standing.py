"""Which of several groups stands out by a rate: surely, and by so much that it matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ._change import wilsons

# Groups smaller than this do not stand out: chance alone makes them.
_SMALLEST = 30


@dataclass(frozen=True)
class Rate:
    """A group and its rate, with Wilson's interval."""

    name: str | None
    part: int
    whole: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The rate."""
        return self.part / self.whole


@dataclass(frozen=True)
class Standing:
    """A group against all others together."""

    rate: Rate
    others: float


def rates(counts: Sequence[tuple[str | None, int, int]]) -> list[Rate]:
    """Groups that have any, those that surely have the largest rates first: name, part and whole of each."""
    known = [(name, part, whole) for name, part, whole in counts if whole]
    ends = wilsons([(part, whole) for _, part, whole in known])
    found = [Rate(*each, *end) for each, end in zip(known, ends, strict=True) if end is not None]
    return sorted(found, key=lambda rate: (-rate.low, -rate.value, str(rate.name)))


def above(found: Sequence[Rate], *, times: float = 1.5) -> Standing | None:
    """The group with most of the part beyond the others' rate, of those surely ``times`` above it."""
    part, whole = sum(rate.part for rate in found), sum(rate.whole for rate in found)
    best: tuple[float, Standing] | None = None
    for rate in found:
        if rate.whole < _SMALLEST or whole == rate.whole:
            continue
        others = (part - rate.part) / (whole - rate.whole)
        excess = (rate.value - others) * rate.whole
        if rate.low > others and rate.value >= times * others and (best is None or excess > best[0]):
            best = excess, Standing(rate, others)
    return None if best is None else best[1]
