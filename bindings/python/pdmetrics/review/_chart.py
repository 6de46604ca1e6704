"""A figure of numbers that a section counted itself: bars, lines, or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._errors import ArgumentError
from . import Text

if TYPE_CHECKING:
    from .._result import Language


@dataclass(frozen=True)
class Series:
    """Values of one name; ``shape`` is bar, line or marker."""

    name: Text
    values: Sequence[float | None]
    shape: str = "bar"
    ends: Sequence[tuple[float, float] | None] = ()  # of an interval for each value


@dataclass(frozen=True)
class Chart:
    """Series over the same places."""

    title: Text
    places: Sequence[Text]
    series: Sequence[Series]
    share: bool = False  # the values are shares
    mode: str = "group"  # or relative: bars upon each other
    dates: bool = False  # the places are days

    def draw(self, lang: Language) -> Any:
        """The figure."""
        try:
            import plotly.graph_objects as go  # type: ignore[import-untyped,import-not-found,unused-ignore]
        except ImportError:
            raise ArgumentError('drawing needs Plotly: pip install "pdmetrics[plot]"') from None
        from ..plot import finish
        from ..plot._planning import LEGEND

        made = go.Figure()
        x = [_escaped(place.of(lang)) for place in self.places]
        for index, series in enumerate(self.series):
            made.add_trace(self._trace(go, x, series, index, lang))
        made.update_xaxes(type="date" if self.dates else "category", automargin=True)
        made.update_yaxes(automargin=True, rangemode="tozero")
        if self.share:
            made.update_yaxes(tickformat=".0%")
        made.update_layout(
            title_text=self.title.of(lang),
            barmode=self.mode,
            legend=LEGEND,
            height=380,
            showlegend=len(self.series) > 1,
            hovermode="x unified" if len(self.series) > 1 else "closest",
        )
        return finish(made)

    def _trace(self, go: Any, x: list[str], series: Series, index: int, lang: Language) -> Any:
        from ..plot import INK, PALETTE

        name = _escaped(series.name.of(lang))
        number = "%{y:.1%}" if self.share else "%{y:,.4~g}"
        look = {"name": name, "x": x, "y": list(series.values), "hovertemplate": f"{name}: {number}<extra></extra>"}
        if len(self.series) == 1:
            look["hovertemplate"] = f"%{{x}}: {number}<extra></extra>"
        colour = PALETTE[index % len(PALETTE)]
        if series.shape == "line":
            colour = INK if len(self.series) > 1 and not self.dates else colour
            return go.Scatter(**look, mode="lines" if self.dates else "lines+markers", line={"color": colour})
        if series.shape == "marker":
            return go.Scatter(**look, mode="markers", marker={"color": colour, "size": 9, "symbol": "diamond"})
        errors = None
        if series.ends:
            pairs = [(v, e) for v, e in zip(series.values, series.ends, strict=True)]
            errors = {
                "type": "data",
                "symmetric": False,
                "array": [0.0 if e is None or v is None else e[1] - v for v, e in pairs],
                "arrayminus": [0.0 if e is None or v is None else v - e[0] for v, e in pairs],
                "color": INK,
                "thickness": 1.2,
            }
        pattern = {"shape": "/" if index >= len(PALETTE) else ""}
        return go.Bar(**look, marker={"color": colour, "pattern": pattern}, error_y=errors)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
