"""Interactive figures. A metric's figures register themselves; a metric without any is drawn as a table."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._errors import ArgumentError
from .._registry import calculators

if TYPE_CHECKING:
    import plotly.graph_objects as go  # type: ignore[import-untyped,import-not-found,unused-ignore]

    from .._result import Language, Result

    Draw = Callable[..., go.Figure]

_FIGURES: dict[str, dict[str, Any]] = {}

FONT = "system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', sans-serif"
INK = "#1f2933"
GRID = "#e4e7eb"
# Okabe and Ito's colours, which people with any kind of colour vision can tell apart.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")

# Of Plotly's look: the traces that our figures are made of, and what is about other kinds of plots.
_TRACES = ("bar", "heatmap", "scatter", "table")
_ELSEWHERE = ("geo", "polar", "scene", "ternary")


def figure(metric: str, kind: str) -> Callable[[Draw], Draw]:
    """Registers a figure of a metric; the first one registered is what ``result.plot()`` draws."""

    def register(draw: Draw) -> Draw:
        _FIGURES.setdefault(metric, {})[kind] = draw
        return draw

    return register


def kinds(metric: str) -> list[str]:
    """The figures a metric has."""
    _load(metric)
    return list(_FIGURES.get(metric, {}))


def _load(metric: str) -> None:
    # Calculators work on each other's tables, and so do their figures: they share a module.
    name = f"{__name__}.{calculators[metric].family if metric in calculators else metric}"
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == "plotly" or (error.name or "").startswith("plotly."):
            raise ArgumentError('drawing needs Plotly: pip install "pdmetrics[plot]"') from None
        if error.name != name:
            raise


def draw(result: Result, kind: str | None = None, *, lang: Language = "en", **options: Any) -> go.Figure:
    """A figure of a result."""
    if lang not in ("en", "zh"):
        raise ArgumentError(f'lang: expected "en" or "zh", got {lang!r}')
    metric = "" if result.metric is None else result.metric.name
    known = kinds(metric) if metric else []
    if kind is None and not known:
        return _table(result, lang)
    chosen = known[0] if kind is None else kind
    if chosen not in known:
        raise ArgumentError(
            f'no figure "{chosen}" of {metric or "this result"}; there are {", ".join(known) or "none"}'
        )
    made: go.Figure = _FIGURES[metric][chosen](result, lang=lang, **options)
    return finish(made)


def finish(made: go.Figure) -> go.Figure:
    """The look that all figures share."""
    made.update_layout(
        template=_look(),
        font={"family": FONT, "size": 13, "color": INK},
        title={"x": 0, "xanchor": "left", "xref": "paper", "font": {"size": 17}},
        margin={"l": 8, "r": 8, "t": max(56, made.layout.margin.t or 0), "b": 8},
        hoverlabel={"font": {"family": FONT, "size": 13}, "align": "left"},
        separators=".,",
    )
    return made


@functools.cache
def _look() -> Any:
    """Plotly's white look, of what our figures are made of: every figure gets a copy of its own."""
    from plotly import graph_objects, io  # type: ignore[import-untyped,import-not-found,unused-ignore]

    white = io.templates["plotly_white"].to_plotly_json()
    layout = {name: value for name, value in white["layout"].items() if name not in _ELSEWHERE}
    data = {name: white["data"][name] for name in _TRACES if name in white["data"]}
    return graph_objects.layout.Template(layout=layout, data=data)


def _table(result: Result, lang: Language) -> go.Figure:
    try:
        import plotly.graph_objects as go  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        raise ArgumentError('drawing needs Plotly: pip install "pdmetrics[plot]"') from None
    from .._render import plain

    main = result.main
    values = [[plain(value) for value in main[name][:200]] for name in main.columns]
    made = go.Figure(
        go.Table(header={"values": main.columns, "align": "left"}, cells={"values": values, "align": "left"})
    )
    title = "" if result.metric is None else result.metric.title_zh if lang == "zh" else result.metric.title
    made.update_layout(title_text=title)
    return finish(made)
