"""A year planned from a model file: targets split down, rolled up from below, reconciled, tracked and re-planned.

``pdmetrics plan model.toml --history orders.parquet`` on the command line; here the same for notebooks::

    from pdmetrics import planning

    made = planning.make(planning.load("model.toml"), orders)
    made.tables["plan"].to_rows()
    made.results["formula"].plot("tree", exponent=2)

Every number comes from the row metrics and calculators of the library; the results are kept in ``Plan.results``.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

from . import bottomup, topdown, tracking
from .history import MEASURES, History
from .model import Model, load
from .reader import ModelError
from .tables import Col, Figure, Part, Plan, PlanTable
from .work import Work

__all__ = [
    "MEASURES",
    "Col",
    "Figure",
    "History",
    "Model",
    "ModelError",
    "Part",
    "Plan",
    "PlanTable",
    "example",
    "load",
    "make",
]


def example() -> str:
    """A complete model file with comments."""
    return resources.files(__package__).joinpath("example.toml").read_text(encoding="utf-8")


def make(model: Model, history: Any = None, *, threads: int | None = None, progress: Any = None) -> Plan:
    """The plan of a model.

    ``history`` is order rows: a frame, a file or a query. Those from the plan's start on are what was reached.
    """
    rows = history
    if rows is not None and not isinstance(rows, History):
        rows = History(model, rows, threads=threads, progress=progress)
    work = Work(model, rows, Plan(model.name, model.exponent), model.month_names())
    work.total = topdown.total(work)
    topdown.season(work)
    topdown.shares(work)
    topdown.cells(work)
    bottomup.tree(work)
    rolled = bottomup.roll(work)
    bottomup.gap(work, rolled)
    bottomup.levers(work)
    tracking.track(work)
    return work.plan
