"""What Python adds to a metric's arguments: ways to write them that read better, turned into the registry's own.

A metric's module registers itself with :func:`shorthand`, like its figures; most metrics need none.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._registry import MetricInfo

Expand = Callable[[MetricInfo, dict[str, Any]], None]


@dataclass(frozen=True)
class Parameter:
    """An argument that the registry does not know, as the generated signature and the command line show it."""

    name: str
    type: str
    doc: str


@dataclass(frozen=True)
class Shorthand:
    """What a metric's arguments may be besides: ``expand`` turns them, in place, into what the registry knows."""

    parameters: tuple[Parameter, ...] = ()
    on_request: frozenset[str] = frozenset()  # arguments that are None unless given: columns not read unless asked for
    lists_in_words: frozenset[str] = frozenset()  # lists that may be one text: "view,cart,pay"
    several: frozenset[str] = frozenset()  # options of text that may be a list of texts
    wider: Mapping[str, str] = field(default_factory=dict)  # arguments that may be more: what, as a type
    expand: Expand | None = None


_NONE = Shorthand()
# A column on request that shall not be read, even if the frame has one of its name.
ABSENT = object()
_KNOWN: dict[str, Shorthand] = {}


def shorthand(
    metric: str,
    parameters: Sequence[Parameter] = (),
    *,
    on_request: Sequence[str] = (),
    lists_in_words: Sequence[str] = (),
    several: Sequence[str] = (),
    wider: Mapping[str, str] | None = None,
) -> Callable[[Expand], Expand]:
    """Registers what expands the arguments of a metric."""

    def register(expand: Expand) -> Expand:
        _KNOWN[metric] = Shorthand(
            tuple(parameters),
            frozenset(on_request),
            frozenset(lists_in_words),
            frozenset(several),
            {} if wider is None else wider,
            expand,
        )
        return expand

    return register


def of(metric: str) -> Shorthand:
    """The shorthand of a metric."""
    if metric not in _KNOWN:
        name = f"{__name__}.{metric}"
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
        _KNOWN.setdefault(metric, _NONE)
    return _KNOWN[metric]


def expanded(metric: MetricInfo, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as the registry knows them."""
    found = dict(arguments)
    known = of(metric.name)
    if known.expand is not None:
        known.expand(metric, found)
    for parameter in known.parameters:
        found.pop(parameter.name, None)
    for column in metric.columns:
        if column.keyword in known.on_request and found.get(column.keyword) is None:
            found[column.keyword] = column.name
        elif found.get(column.keyword) is ABSENT:
            found[column.keyword] = None
    return found
