"""Densities of posteriors, and drawing them."""

from __future__ import annotations

import math
from collections.abc import Callable

import plotly.graph_objects as go  # type: ignore[import-untyped,import-not-found,unused-ignore]

POINTS = 400  # of a curve

Density = Callable[[float], float]


def beta(a: float, b: float) -> Density:
    """Of Beta(a, b)."""
    shift = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)

    def density(x: float) -> float:
        if not 0 < x < 1:
            return 0.0
        return math.exp(shift + (a - 1) * math.log(x) + (b - 1) * math.log1p(-x))

    return density


def gamma(shape: float, rate: float) -> Density:
    """Of Gamma(shape) at a rate."""
    shift = shape * math.log(rate) - math.lgamma(shape)

    def density(x: float) -> float:
        return math.exp(shift + (shape - 1) * math.log(x) - rate * x) if x > 0 else 0.0

    return density


def normal(mean: float, sd: float) -> Density:
    """Of a normal distribution."""
    return lambda x: math.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * math.sqrt(2 * math.pi))


def curve(
    made: go.Figure, density: Density, ends: tuple[float, float], inside: tuple[float, float], label: str, colour: str,
    *, legend: bool = True, row: int | None = None,
) -> None:  # fmt: skip
    """A density, its credible interval filled."""
    step = (ends[1] - ends[0]) / POINTS
    x = [ends[0] + step * i for i in range(POINTS + 1)]
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    part = [inside[0], *(each for each in x if inside[0] < each < inside[1]), inside[1]]
    where = {} if row is None else {"row": row, "col": 1}
    made.add_trace(
        go.Scatter(
            x=part,
            y=[density(each) for each in part],
            mode="none",
            fill="tozeroy",
            fillcolor=f"rgba({red},{green},{blue},0.25)",
            hoverinfo="skip",
            showlegend=False,
            legendgroup=label,
        ),
        **where,
    )
    made.add_trace(
        go.Scatter(
            x=x,
            y=[density(each) for each in x],
            mode="lines",
            line={"color": colour, "width": 2.5},
            name=label,
            legendgroup=label,
            showlegend=legend,
            hovertemplate=f"{label}: %{{x:.4~g}}<extra></extra>",
        ),
        **where,
    )
