"""How a number changed from one period to another, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul
from typing import Any

from .. import stats
from . import Text

TOTALS = Text("customers as a sample (Fieller)", "客户抽样（Fieller）")
COUNTS = Text("Poisson, exact", "泊松精确")
RATES = Text("Newcombe", "Newcombe")
RATIOS = Text("customers as a sample (delta method, Fieller)", "客户抽样（Delta 法，Fieller）")


@dataclass(frozen=True)
class Change:
    """A change with its interval: relative, or of a rate its difference."""

    value: float | None
    low: float | None
    high: float | None
    points: bool
    how: Text

    @property
    def sure(self) -> bool:
        """Whether chance alone does not explain it."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    def text(self) -> Text:
        """The change."""
        return _signed(self.value, self.points)

    def interval(self) -> Text:
        """The interval."""
        if self.low is None or self.high is None:
            return Text("–", "–")
        low, high = _signed(self.low, self.points, bare=True), _signed(self.high, self.points)
        return Text(f"{low.en} … {high.en}", f"{low.zh} … {high.zh}")

    def bracketed(self) -> Text:
        """The change and its interval behind it."""
        change, interval = self.text(), self.interval()
        if interval.en == "–":
            return change
        return Text(f"{change.en} [{interval.en}]", f"{change.zh} [{interval.zh}]")


def _signed(value: float | None, points: bool, *, bare: bool = False) -> Text:
    if value is None:
        return Text("–", "–")
    number = f"{100 * value:+.1f}".replace("-0.0", "+0.0") if abs(value) < 0.0005 else f"{100 * value:+.1f}"
    if not points:
        return Text(f"{number}%", f"{number}%")
    return Text(number, number) if bare else Text(f"{number} pp", f"{number} 个百分点")


@dataclass(frozen=True)
class Moments:
    """Sums over units: of one number, or of a numerator and a denominator."""

    n: int
    x: float
    xx: float
    y: float = 0.0
    yy: float = 0.0
    xy: float = 0.0

    def mean(self, name: str = "x") -> float:
        """Mean of a unit."""
        return float(getattr(self, name)) / self.n

    def variance(self, a: str = "x", b: str = "x") -> float:
        """Variance or covariance of a unit, divisor n − 1; exact up to the division where the sums are integers."""
        found = (self.n * getattr(self, a + b) - getattr(self, a) * getattr(self, b)) / (self.n * (self.n - 1))
        return max(found, 0.0) if a == b else float(found)

    def covariance_of_ratio(self) -> tuple[float, bool]:
        """Covariance of numerator and denominator, and whether the ratio varies at all among units.

        Where it does not, rounding would leave a variance below 0: the covariance is a hair less than that makes it 0.
        """
        ratio = self.x / self.y
        whole = self.variance("x") + ratio * ratio * self.variance("y", "y")
        found = self.variance("x", "y")
        if whole - 2 * ratio * found > 1e-9 * whole:
            return found, True
        return whole / (2 * ratio) * (1 - 1e-9), False


def moments(x: Sequence[float], y: Sequence[float] | None = None, *, n: int | None = None) -> Moments:
    """Moments of units; with ``n`` there are more of them, which have nothing."""
    sums: dict[str, Any] = {"n": len(x) if n is None else n, "x": sum(x), "xx": sum(map(mul, x, x))}
    if y is not None:
        sums |= {"y": sum(y), "yy": sum(map(mul, y, y)), "xy": sum(map(mul, x, y))}
    return Moments(**sums)


def _lift(row: dict[str, Any], how: Text) -> Change:
    known = row["lift_form"] == "interval"
    low, high = (row["lift_low"], row["lift_high"]) if known else (None, None)
    return Change(row["lift"], low, high, False, how)


def none(how: Text, *, points: bool = False) -> Change:
    """A change of which nothing is known."""
    return Change(None, None, None, points, how)


def totals(before: Moments, after: Moments, how: Text = TOTALS) -> Change:
    """Of a sum over customers, who are taken to buy independently; of a mean where their numbers differ."""
    if before.n < 2 or after.n < 2 or before.x <= 0:
        return none(how)
    made = stats.mean_test(
        n_control=before.n,
        mean_control=before.mean(),
        variance_control=before.variance(),
        n_treatment=after.n,
        mean_treatment=after.mean(),
        variance_treatment=after.variance(),
    )
    return _lift(made.main.to_rows()[0], how)


def counts(before: int, after: int) -> Change:
    """Of a number of customers or events: given both together, the later one is binomial."""
    if not before:
        return none(COUNTS)
    row = stats.proportion_interval(successes=after, trials=before + after, method="clopper_pearson").main.to_rows()[0]
    low, high = (share / (1 - share) - 1 if share < 1 else None for share in (row["low"], row["high"]))
    return Change(after / before - 1, low, high, False, COUNTS)


def rates(before: tuple[int, int], after: tuple[int, int]) -> Change:
    """Of a share: the difference, by Newcombe's intervals from Wilson's."""
    if not before[1] or not after[1]:
        return none(RATES, points=True)
    made = stats.proportion_test(
        x_control=before[0], n_control=before[1], x_treatment=after[0], n_treatment=after[1], difference="newcombe"
    )
    row = made.main.to_rows()[0]
    return Change(row["diff"], row["low"], row["high"], True, RATES)


def ratios(before: Moments, after: Moments) -> Change:
    """Of a ratio of sums over customers, such as sales per order."""
    if before.n < 2 or after.n < 2 or before.x <= 0 or before.y <= 0 or after.y <= 0:
        return none(RATIOS)
    sides = [each.covariance_of_ratio() for each in (before, after)]
    if not any(varies for _, varies in sides):
        change = after.x / after.y / (before.x / before.y) - 1
        return Change(change, change, change, False, RATIOS)
    asked: dict[str, Any] = {}
    for side, found in (("control", before), ("treatment", after)):
        asked |= {
            f"n_{side}": found.n,
            f"numerator_mean_{side}": found.mean("x"),
            f"denominator_mean_{side}": found.mean("y"),
            f"numerator_variance_{side}": found.variance("x"),
            f"denominator_variance_{side}": found.variance("y", "y"),
            f"covariance_{side}": found.covariance_of_ratio()[0],
        }
    return _lift(stats.ratio_test(**asked).main.to_rows()[0], RATIOS)


def wilson(successes: int, trials: int) -> tuple[float, float] | None:
    """Wilson's interval of a share."""
    if not trials:
        return None
    row = stats.proportion_interval(successes=successes, trials=trials).main.to_rows()[0]
    return row["low"], row["high"]


def wilsons(pairs: Sequence[tuple[int, int]]) -> list[tuple[float, float] | None]:
    """Wilson's intervals of many shares at once."""
    known = [pair for pair in pairs if pair[1]]
    if not known:
        return [None] * len(pairs)
    made = stats.proportion_interval(successes=[pair[0] for pair in known], trials=[pair[1] for pair in known])
    ends = ((row["low"], row["high"]) for row in made.main.to_rows())
    return [next(ends) if pair[1] else None for pair in pairs]
