"""The experiment, written naively: every unit's values in a list, fractions until the end, intervals by bisection.

By another road than the library: no sums are kept, variances are those of the values themselves, ratios are linearised unit by unit,
limits are searched for where the statistic says so. Distributions are SciPy's.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
from scipy import stats

NAN = math.nan
INF = math.inf


@dataclass
class Metric:
    """A row of list ``metrics``, with its covariates."""

    name: str
    kind: str = "value"
    column: str | None = None
    denominator: str | None = None
    value_type: str = "int"
    scale: int = 0
    null_value: str = "zero"
    covariates: list[str] = field(default_factory=list)
    covariate_denominator: str | None = None
    winsor_lower: float = 0.0
    winsor_upper: float = 1.0
    ignore_zeros: bool = False
    family: str = "primary"
    direction: str = "higher"

    @property
    def columns(self) -> list[str]:
        """Numerator, denominator, covariates."""
        own = [self.column or self.name] + ([self.denominator] if self.denominator else [])
        before = list(self.covariates) + ([self.covariate_denominator] if self.covariate_denominator else [])
        return own + before


@dataclass
class Setup:
    """Options."""

    arms: list[Any]
    metrics: list[Metric]
    weights: list[float] = field(default_factory=list)
    segments: list[str] = field(default_factory=list)
    control: int = 0
    unit_rows: str = "one"
    comparisons: str = "versus_control"
    alternative: str = "two_sided"
    critical: str = "t"
    equal_var: bool = False
    variance: str = "score"
    adjust: str = "holm"
    adjust_segments: str = "bh"
    alpha: float = 0.05


# ---- units ----------------------------------------------------------------------------------------------------------


@dataclass
class Unit:
    """What the rows of one unit come to."""

    arm: int
    values: dict[str, Any]
    nulls: set[str]
    segments: dict[str, Any]  # without those that contradict each other


def exact(value: Any) -> Fraction:
    """A value as the number that it is; decimals are what they look like."""
    if value is None:
        return Fraction(0)
    return Fraction(str(value)) if isinstance(value, float) else Fraction(value)


def units_of(rows: list[dict[str, Any]], setup: Setup) -> tuple[list[Unit], dict[str, Any]]:
    """Units that count, and how many do not."""
    by_unit: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_unit[row["unit"]].append(row)
    used = sorted({name for metric in setup.metrics for name in metric.columns})
    bits = {m.columns[0] for m in setup.metrics if m.kind == "conversion"}
    good, quality = [], {"units": len(by_unit), "crossovers": 0, "conflicts": 0, "duplicates": 0, "segment_conflicts": 0}
    crossings: dict[tuple[int, ...], int] = defaultdict(int)
    for mine in by_unit.values():
        arms = sorted({setup.arms.index(row["variant"]) for row in mine})
        if len(arms) > 1:
            quality["crossovers"] += 1
            crossings[tuple(arms)] += 1
            continue
        if setup.unit_rows == "one":
            if len({tuple(row[name] for name in used) for row in mine}) > 1:
                quality["conflicts"] += 1
                continue
            quality["duplicates"] += len(mine) - 1
            values = {name: mine[0][name] for name in used}
        else:
            values = {name: sum((exact(row[name]) for row in mine), Fraction(0)) for name in used}
            for name in bits:
                values[name] = max(int(row[name] or 0) for row in mine)
        nulls = {name for name in used if any(row[name] is None for row in mine)}
        levels = {name: {row[name] for row in mine} for name in setup.segments}
        quality["segment_conflicts"] += any(len(found) > 1 for found in levels.values())
        segments = {name: next(iter(found)) for name, found in levels.items() if len(found) == 1}
        good.append(Unit(arms[0], values, nulls, segments))
    quality["crossings"] = dict(crossings)
    return good, quality


def level_order(value: Any) -> tuple[int, Any]:
    """Null, integers by size, texts by bytes."""
    return (0, 0) if value is None else (1, value) if isinstance(value, int) else (2, str(value).encode())


def groups_of(units: list[Unit], setup: Setup) -> list[tuple[str | None, Any, list[Unit]]]:
    """All units, then each level of each segment column."""
    found: list[tuple[str | None, Any, list[Unit]]] = [(None, None, units)]
    for name in setup.segments:
        levels = {unit.segments[name] for unit in units if name in unit.segments}
        for level in sorted(levels, key=level_order):
            mine = [unit for unit in units if name in unit.segments and unit.segments[name] == level]
            found.append((name, level, mine))
    return found


def vectors(units: list[Unit], metric: Metric) -> list[tuple[int, list[Fraction]]]:
    """Arm and columns of the units that have a value."""
    own = 2 if metric.kind == "ratio" else 1
    out = []
    for unit in units:
        if metric.null_value == "exclude" and unit.nulls & set(metric.columns[:own]):
            continue
        out.append((unit.arm, [exact(unit.values[name]) for name in metric.columns]))
    return out


def cap_quantile(values: list[float], share: float) -> float:
    """Type 7."""
    at = Fraction(str(share)) * (len(values) - 1)
    k = math.floor(at)
    low, high = values[k], values[min(k + 1, len(values) - 1)]
    return low + float(at - k) * (high - low)


def caps_of(units: list[Unit], metric: Metric) -> dict[int, tuple[float, float]]:
    """Caps of the winsorised columns, from all units."""
    if metric.winsor_lower == 0 and metric.winsor_upper == 1:
        return {}
    out = {}
    for i in range(0, len(metric.columns), 2 if metric.kind == "ratio" else 1):
        values = sorted(float(v[i]) for _, v in vectors(units, metric) if not metric.ignore_zeros or v[i] != 0)
        if values:
            low = cap_quantile(values, metric.winsor_lower) if metric.winsor_lower > 0 else -INF
            high = cap_quantile(values, metric.winsor_upper) if metric.winsor_upper < 1 else INF
            out[i] = (low, high)
    return out


def capped(vector: list[Fraction], caps: dict[int, tuple[float, float]]) -> list[Fraction]:
    """Values beyond a cap are set to it."""
    out = list(vector)
    for i, (low, high) in caps.items():
        out[i] = Fraction(low) if out[i] < low else Fraction(high) if out[i] > high else out[i]
    return out


# ---- moments --------------------------------------------------------------------------------------------------------


def mean(values: list[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def covariance(x: list[Fraction], y: list[Fraction]) -> Fraction:
    a, b = mean(x), mean(y)
    return sum(((i - a) * (j - b) for i, j in zip(x, y, strict=True)), Fraction(0)) / (len(x) - 1)


@dataclass
class Arm:
    """A metric in an arm: its (linearised) values and those of its covariates."""

    n: int
    value: float = NAN
    columns: list[list[Fraction]] = field(default_factory=list)
    means: list[float] = field(default_factory=list)
    matrix: Any = None
    successes: int = 0


def linearised(numerators: list[Fraction], denominators: list[Fraction]) -> tuple[Fraction | None, list[Fraction]]:
    total = sum(denominators, Fraction(0))
    if total == 0:
        return None, []
    ratio = sum(numerators, Fraction(0)) / total
    bar = total / len(numerators)
    return ratio, [(m - ratio * d) / bar for m, d in zip(numerators, denominators, strict=True)]


def arm_of(vectors_of_arm: list[list[Fraction]], metric: Metric, mle: bool) -> Arm:
    n = len(vectors_of_arm)
    arm = Arm(n)
    if n == 0:
        return arm
    columns = [list(column) for column in zip(*vectors_of_arm, strict=True)]
    if metric.kind == "ratio":
        pairs = [linearised(columns[i], columns[i + 1]) for i in range(0, len(columns), 2)]
        if any(ratio is None for ratio, _ in pairs[:1]):
            return arm
        if any(ratio is None for ratio, _ in pairs):
            pairs = pairs[:1]
        arm.means = [float(ratio) for ratio, _ in pairs if ratio is not None]
        columns = [values for _, values in pairs]
    else:
        arm.means = [float(mean(column)) for column in columns]
    arm.value = arm.means[0]
    arm.columns = columns
    if metric.kind == "conversion":
        arm.successes = int(sum(columns[0]))
    if n > 1:
        arm.matrix = np.array([[float(covariance(x, y)) for y in columns] for x in columns])
        if metric.kind == "conversion" and mle and len(columns) == 1:
            arm.matrix = np.array([[arm.value * (1 - arm.value)]])
    return arm


# ---- conversions ----------------------------------------------------------------------------------------------------


def critical(alpha: float, alternative: str) -> float:
    return float(stats.norm.isf(alpha / 2 if alternative == "two_sided" else alpha))


def bisect(below: Any, low: float, high: float) -> float:
    """Where ``below`` turns false."""
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if below(middle) else (low, middle)
    return (low + high) / 2


def constrained(x_c: int, n_c: int, x_t: int, n_t: int, delta: float) -> tuple[float, float]:
    """Most likely rates that differ by delta."""
    low, high = max(0.0, -delta), min(1.0, 1.0 - delta)

    def rising(p_c: float) -> bool:
        p_t = p_c + delta
        slope = 0.0
        for x, n, p in ((x_c, n_c, p_c), (x_t, n_t, p_t)):
            if x > 0:
                slope += x / p if p > 0 else INF
            if x < n:
                slope -= (n - x) / (1 - p) if p < 1 else INF
        return slope > 0

    p = bisect(rising, low, high)
    return p, p + delta


def score_difference(x_c: int, n_c: int, x_t: int, n_t: int, delta: float) -> float:
    p_c, p_t = constrained(x_c, n_c, x_t, n_t, delta)
    p_c, p_t = min(max(p_c, 0.0), 1.0), min(max(p_t, 0.0), 1.0)
    top = x_t / n_t - x_c / n_c - delta
    spread = p_t * (1 - p_t) / n_t + p_c * (1 - p_c) / n_c
    return math.copysign(INF, top) if spread <= 0 and top != 0 else 0.0 if top == 0 else top / math.sqrt(spread)


def mee(x_c: int, n_c: int, x_t: int, n_t: int, z: float, alternative: str) -> tuple[float, float]:
    d = x_t / n_t - x_c / n_c
    low = -1.0 if d == -1 else bisect(lambda e: score_difference(x_c, n_c, x_t, n_t, e) > z, -1.0, d)
    high = 1.0 if d == 1 else bisect(lambda e: score_difference(x_c, n_c, x_t, n_t, e) > -z, d, 1.0)
    return (-1.0 if alternative == "less" else low), (1.0 if alternative == "greater" else high)


def score_ratio(x_c: int, n_c: int, x_t: int, n_t: int, rho: float) -> float:
    a = (n_c + n_t) * rho
    b = n_t * rho + x_t + n_c + x_c * rho
    c = x_t + x_c
    p_c = 2 * c / (b + math.sqrt(max(b * b - 4 * a * c, 0.0)))
    p_t = rho * p_c
    top = x_t / n_t - rho * x_c / n_c
    spread = p_t * (1 - p_t) / n_t + rho * rho * p_c * (1 - p_c) / n_c
    return math.copysign(INF, top) if spread <= 0 and top != 0 else 0.0 if top == 0 else top / math.sqrt(spread)


def koopman(x_c: int, n_c: int, x_t: int, n_t: int, z: float, alternative: str) -> tuple[float, float]:
    """Limits of the lift."""
    low, high = 0.0, INF
    if x_t == n_t and x_c == n_c:
        low, high = n_t / (n_t + z * z), (n_c + z * z) / n_c
    else:
        middle = math.log((x_t or 0.5) / n_t) - math.log((x_c or 0.5) / n_c)
        if x_t > 0:
            low = math.exp(bisect(lambda e: score_ratio(x_c, n_c, x_t, n_t, math.exp(e)) > z, -60.0, middle + 60))
        if x_c > 0:
            high = math.exp(bisect(lambda e: score_ratio(x_c, n_c, x_t, n_t, math.exp(e)) > -z, -60.0, 60.0))
    return (-1.0 if alternative == "less" else low - 1), (INF if alternative == "greater" else high - 1)


def p_value(statistic: float, df: float, alternative: str) -> float:
    distribution = stats.norm if math.isinf(df) else stats.t(df)
    upper = {"two_sided": abs(statistic), "greater": statistic, "less": -statistic}[alternative]
    return float(distribution.sf(upper)) * (2 if alternative == "two_sided" else 1)


@dataclass
class Effect:
    """A row of table ``effects``."""

    status: str = "ok"
    diff: float = NAN
    statistic: float = NAN
    df: float = NAN
    p: float = NAN
    low: float = NAN
    high: float = NAN
    lift: float = NAN
    lift_low: float = NAN
    lift_high: float = NAN
    lift_status: str = "ok"
    theta: float = NAN
    variance_reduction: float = NAN
    p_adjusted: float = NAN
    adj_low: float = NAN
    adj_high: float = NAN
    significant: bool | None = None
    fragile: bool = False  # rounding decides something: its numbers are not compared


def rates(c: Arm, t: Arm, setup: Setup, alpha: float) -> Effect:
    e = Effect()
    if c.n == 0 or t.n == 0:
        return Effect(status="no_data", lift_status="no_data")
    counts = (c.successes, c.n, t.successes, t.n)
    z = critical(alpha, setup.alternative)
    pooled = Fraction(c.successes + t.successes, c.n + t.n)
    e.diff = float(Fraction(t.successes, t.n) - Fraction(c.successes, c.n))
    e.statistic = 0.0
    if pooled in (0, 1):
        e.status = "degenerate"
        e.p = 1.0
    else:
        e.statistic = e.diff / math.sqrt(float(pooled * (1 - pooled) * (Fraction(1, c.n) + Fraction(1, t.n))))
        e.p = p_value(e.statistic, INF, setup.alternative)
    e.low, e.high = mee(*counts, z, setup.alternative)
    e.lift_low, e.lift_high = koopman(*counts, z, setup.alternative)
    if c.successes > 0:
        e.lift = float(Fraction(t.successes, t.n) / Fraction(c.successes, c.n)) - 1
    e.lift_status = "no_events" if c.successes + t.successes == 0 else "unbounded_above" if c.successes == 0 else "ok"
    return e


# ---- means ----------------------------------------------------------------------------------------------------------


def welch_df(v_c: float, v_t: float, n_c: int, n_t: int) -> float:
    total = v_c + v_t
    return 1 / ((v_c / total) ** 2 / (n_c - 1) + (v_t / total) ** 2 / (n_t - 1))


def fieller(e: Effect, base: float, v_d: float, v_c: float, v_dc: float, k: float, alternative: str) -> None:
    """{ρ: (D − ρC)² ≤ k²(V_D − 2ρV_DC + ρ²V_C)}, of D/|C|."""
    if base == 0:
        e.lift_status = "zero_base"
        return
    e.lift = e.diff / abs(base)
    a = base * base - k * k * v_c
    b = base * e.diff - k * k * v_dc
    c = e.diff * e.diff - k * k * v_d
    if a <= 0:
        e.lift_status = "unbounded"
        return
    root = math.sqrt(max(b * b - a * c, 0.0))
    limits = sorted([(b - root) / a, (b + root) / a])
    if base < 0:
        limits = sorted([-limits[0], -limits[1]])
    e.lift_low = -INF if alternative == "less" else limits[0]
    e.lift_high = INF if alternative == "greater" else limits[1]
    e.fragile |= abs(a) < 1e-7 * base * base


def theta_of(c: Arm, t: Arm, metric: Metric) -> tuple[Any, bool]:
    """Coefficients of the covariates, and whether they are well determined."""
    if metric.kind == "ratio":
        top, bottom = c.matrix[0][1] + t.matrix[0][1], c.matrix[1][1] + t.matrix[1][1]
        theta = np.array([top / bottom if bottom > 0 else 0.0])
        return np.where(np.abs(theta) < 1e-8, 0.0, theta), not 0 < abs(theta[0]) < 1e-7
    columns = [x + y for x, y in zip(c.columns, t.columns, strict=True)]
    total = np.array([[float(covariance(x, y)) for y in columns] for x in columns])
    scatter, cross = total[1:, 1:], total[1:, 0]
    if len(cross) == 1:
        theta = cross / scatter[0] if scatter[0][0] > 0 else np.zeros(1)
        return np.where(np.abs(theta) < 1e-8, 0.0, theta), not 0 < abs(theta[0]) < 1e-7
    deviations = np.sqrt(np.diag(scatter))
    if (deviations == 0).any():
        return np.zeros(len(cross)), False
    if np.linalg.cond(scatter / np.outer(deviations, deviations)) > 1e6:
        return np.zeros(len(cross)), False
    return np.linalg.solve(scatter, cross), bool(np.abs(cross).max() > 1e-9)


def means(c: Arm, t: Arm, metric: Metric, setup: Setup, alpha: float) -> Effect:
    e = Effect()
    if c.n == 0 or t.n == 0:
        return Effect(status="no_data", lift_status="no_data")
    if math.isnan(c.value) or math.isnan(t.value):
        return Effect(status="zero_denominator", lift_status="zero_denominator")
    if c.n < 2 or t.n < 2:
        return Effect(status="too_few", lift_status="too_few")
    s_c, s_t = float(c.matrix[0][0]), float(t.matrix[0][0])
    cross, shift = s_c, 0.0
    raw = s_c / c.n + s_t / t.n
    if metric.covariates:
        usable = len(c.means) == len(t.means) == 1 + len(metric.covariates)
        theta, fine = theta_of(c, t, metric) if usable else (np.zeros(len(metric.covariates)), True)
        e.fragile |= not fine
        if usable:
            x_c, x_t = c.matrix[1:, 1:], t.matrix[1:, 1:]
            y_c, y_t = c.matrix[1:, 0], t.matrix[1:, 0]
            shift = float(theta @ (np.array(t.means[1:]) - np.array(c.means[1:])))
            cross = s_c - float(theta @ y_c)
            new_c = max(s_c + float(theta @ x_c @ theta - 2 * theta @ y_c), 0.0)
            new_t = max(s_t + float(theta @ x_t @ theta - 2 * theta @ y_t), 0.0)
            e.fragile |= new_c < 1e-9 * s_c or new_t < 1e-9 * s_t
            s_c, s_t = new_c, new_t
        e.theta = float(theta[0]) if len(theta) == 1 else NAN
        e.variance_reduction = 1 - (s_c / c.n + s_t / t.n) / raw if raw > 0 else NAN
    raw_c = float(c.matrix[0][0])
    e.diff = t.value - c.value - shift
    v_c, v_t = s_c / c.n, s_t / t.n
    v_base, v_cross = raw_c / c.n, -cross / c.n
    if setup.equal_var:
        pooled = (s_c * (c.n - 1) + s_t * (t.n - 1)) / (c.n + t.n - 2)
        v_c, v_t = pooled / c.n, pooled / t.n
        if not metric.covariates or s_c == raw_c:
            v_base, v_cross = v_c, -v_c
    if v_c + v_t <= 0:
        e.status = "zero_variance"
        e.lift_status = "zero_base" if c.value == 0 else "zero_variance"
        e.lift = NAN if c.value == 0 else e.diff / abs(c.value)
        return e
    e.df = c.n + t.n - 2 if setup.equal_var else welch_df(v_c, v_t, c.n, t.n)
    e.df = INF if setup.critical == "normal" else e.df
    se = math.sqrt(v_c + v_t)
    e.statistic = e.diff / se
    e.p = p_value(e.statistic, e.df, setup.alternative)
    distribution = stats.norm if math.isinf(e.df) else stats.t(e.df)
    k = float(distribution.isf(alpha / 2 if setup.alternative == "two_sided" else alpha))
    e.low = -INF if setup.alternative == "less" else e.diff - k * se
    e.high = INF if setup.alternative == "greater" else e.diff + k * se
    fieller(e, c.value, v_c + v_t, v_base, v_cross, k, setup.alternative)
    return e


def compare(c: Arm, t: Arm, metric: Metric, setup: Setup, alpha: float) -> Effect:
    score = metric.kind == "conversion" and not metric.covariates and setup.variance == "score"
    return rates(c, t, setup, alpha) if score else means(c, t, metric, setup, alpha)


# ---- families -------------------------------------------------------------------------------------------------------


def adjusted(p: list[float], method: str, alpha: float) -> tuple[list[float], list[float]]:
    """Adjusted p-values, and the alpha of each interval that agrees."""
    m = len(p)
    order = sorted(range(m), key=lambda i: p[i])
    rank = {i: r + 1 for r, i in enumerate(order)}
    harmonic = sum(1 / j for j in range(1, m + 1))
    if method == "none":
        return p, [alpha] * m
    if method == "bonferroni":
        return [min(1, m * x) for x in p], [alpha / m] * m
    if method == "sidak":
        return [-math.expm1(m * math.log1p(-x)) if x < 1 else 1.0 for x in p], [1 - (1 - alpha) ** (1 / m)] * m
    if method == "holm":
        out = [max(min(1, (m - r) * p[order[r]]) for r in range(rank[i])) for i in range(m)]
        k = sum(x <= alpha for x in out)
        return out, [alpha / (m - rank[i] + 1) if rank[i] <= k else alpha / (m - k) for i in range(m)]
    if method == "hochberg":
        out = [min(min(1, (m - r) * p[order[r]]) for r in range(rank[i] - 1, m)) for i in range(m)]
        k = sum(x <= alpha for x in out)
        return out, [alpha / (m - k + 1) if x <= alpha else alpha / (m - k) for x in out]
    factor = harmonic if method == "by" else 1
    out = [min(min(1, factor * m * p[order[r]] / (r + 1)) for r in range(rank[i] - 1, m)) for i in range(m)]
    k = sum(x <= alpha for x in out)
    return out, [alpha * max(k, 1) / m / factor] * m


# ---- all of it ------------------------------------------------------------------------------------------------------


@dataclass
class Result:
    """What the tables say; keys are as in their first columns."""

    effects: dict[tuple[Any, ...], Effect]
    arms: dict[tuple[Any, ...], Arm]
    units: dict[tuple[Any, ...], int]
    sums: dict[tuple[Any, ...], list[list[Fraction]]]
    quality: dict[str, Any]
    groups: list[tuple[str | None, Any]]


def evaluate(rows: list[dict[str, Any]], setup: Setup) -> Result:
    """All of it."""
    units, quality = units_of(rows, setup)
    out = Result({}, {}, {}, {}, quality, [])
    arms = range(len(setup.arms))
    pairs = [(setup.control, a) for a in arms if a != setup.control]
    if setup.comparisons == "all_pairs":
        pairs = list(combinations(arms, 2))
    caps = {metric.name: caps_of(units, metric) for metric in setup.metrics}
    families: dict[tuple[Any, ...], list[tuple[Effect, Arm, Arm, Metric]]] = defaultdict(list)
    for dimension, level, members in groups_of(units, setup):
        out.groups.append((dimension, level))
        for a in arms:
            out.units[dimension, level, a] = sum(unit.arm == a for unit in members)
        for metric in setup.metrics:
            found = [(arm, capped(v, caps[metric.name])) for arm, v in vectors(members, metric)]
            mine = {a: [v for arm, v in found if arm == a] for a in arms}
            for a in arms:
                out.arms[dimension, level, metric.name, a] = arm_of(mine[a], metric, setup.variance == "mle")
                out.sums[dimension, level, metric.name, a] = mine[a]
            for c, t in pairs:
                first, second = (out.arms[dimension, level, metric.name, a] for a in (c, t))
                effect = compare(first, second, metric, setup, setup.alpha)
                out.effects[dimension, level, metric.name, c, t] = effect
                if not math.isnan(effect.p):
                    families[metric.family, dimension].append((effect, first, second, metric))
    for (_, dimension), family in families.items():
        method = setup.adjust if dimension is None else setup.adjust_segments
        p, alphas = adjusted([effect.p for effect, *_ in family], method, setup.alpha)
        for (effect, first, second, metric), mine, alpha in zip(family, p, alphas, strict=True):
            other = compare(first, second, metric, setup, alpha)
            effect.p_adjusted, effect.adj_low, effect.adj_high = mine, other.low, other.high
            effect.significant = other.low > 0 or other.high < 0
        if any(effect.fragile for effect, *_ in family):
            for effect, *_ in family:
                effect.fragile = True
    return out
