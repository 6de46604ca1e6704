"""A formula tree as an object: the formula and the roles of its leaves, with every calculator that works on them."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal, overload

from .. import _plan
from .._codes import UnknownNameError
from .._errors import OptionError, from_native
from .._inputs import InputLike, Number
from .._plan import (
    AttainmentResult,
    DecomposeResult,
    EqualEffortResult,
    FormulaResult,
    GoalSeekResult,
    LmdiResult,
    ScenariosResult,
    SeriesChangeResult,
    TornadoResult,
    ViewsResult,
)
from .._result import Table
from . import _leaves

Role = Literal["free", "count", "rate", "ratio", "money"]

# A mapping of leaf to number, list by month or table; or rows of any kind with columns leaf and value.
LeavesLike = Any
DecomposeMethod = Literal["shapley", "chain", "order_range", "midpoint"]
EffortMethod = Literal["pct", "log", "min_sq"]
Levers = Sequence[str] | Mapping[str, Any] | InputLike


class Tree:
    """One KPI as a formula of named leaves.

    The formula is checked when the tree is made: what cannot be read, a cycle or a name defined twice is an error that
    shows the character to blame. ``roles`` say what leaves are (``count``, ``rate``, ``ratio``, ``money``, ``free``),
    which bounds every value and gives goal-seek its bounds::

        tree = Tree("gmv = old*cvr*aov*freq + new*fcvr*faov", roles={"cvr": "rate", "fcvr": "rate"})
        tree.solve(leaves, target=40_000_000, lever="new")["value"].value

    ``leaves`` of the methods are a mapping of leaf to value, or rows of any kind with the columns leaf and value.
    :meth:`evaluate` takes tables too: rows with month, channel and segment, or a mapping in which a leaf is worth a
    list (months 1, 2, …) or a table.
    """

    def __init__(self, formula: str, *, roles: Mapping[str, Role] | None = None, root: str = "") -> None:
        self.formula = formula
        self.root = root
        self.roles: dict[str, str] = dict(roles or {})
        self.leaves: tuple[str, ...] = self._find_leaves()
        unused = [name for name in self.roles if name not in self.leaves]
        if unused:
            warnings.warn(f"roles of names that are no leaves of the formula: {', '.join(unused)}", stacklevel=2)

    def _find_leaves(self) -> tuple[str, ...]:
        """Names that no statement defines: the library reports them one by one. Other errors are the user's."""
        found: list[str] = []
        while True:
            rows = {
                "leaf": found or [""],
                "value": [None] * max(len(found), 1),
                "role": [self.roles.get(name) for name in found] or [None],
            }
            try:
                _plan.formula(formula=self.formula, leaves=rows, root=self.root)
            except UnknownNameError as error:
                name = _name_at(self.formula, error.position)
                if name is None or name in found:
                    raise
                found.append(name)
            else:
                return tuple(found)

    @property
    def _text(self) -> str:
        """The formula with its root as the last statement, for calculators that look there."""
        return f"{self.formula}\n{self.root}" if self.root else self.formula

    def _rows(self, leaves: LeavesLike, calculator: str) -> dict[str, Any]:
        return _leaves.with_roles(_leaves.columns(self.leaves, leaves, calculator), self.roles)

    def __repr__(self) -> str:
        roles = f", roles={self.roles}" if self.roles else ""
        root = f", root={self.root!r}" if self.root else ""
        return f"Tree({self.formula!r}{roles}{root})"

    # ---------------------------------------------------------------------------------------------------- evaluating

    def evaluate(self, leaves: LeavesLike, *, strict: bool = False) -> FormulaResult:
        """Every node over every cell, slopes and elasticities of the leaves, and shares of the parents."""
        return _plan.formula(formula=self.formula, leaves=self._rows(leaves, "formula"), root=self.root, strict=strict)

    def value(self, leaves: LeavesLike) -> float:
        """The root of a tree whose leaves are single numbers. What leaves it undefined is an error, not a status."""
        found = self.evaluate(leaves)
        name = found.explain["text"][0]
        roots = [row for row in found.nodes.to_rows() if row["node"] == name]
        if len(roots) != 1:
            raise OptionError(f"the root has {len(roots)} cells; evaluate() gives them all", column="leaves")
        if roots[0]["status"] != "ok":
            error = from_native(roots[0]["status"], -1, name, f"{name} is undefined: {roots[0]['status']}")
            error.result = found
            raise error
        return float(roots[0]["value"])

    def explain(self, leaves: LeavesLike) -> Table:
        """The tree with the value of each part and its share of its parent."""
        return self.evaluate(leaves).explain

    def gradient(self, leaves: LeavesLike) -> Table:
        """Slope (``grad``) and ``elasticity`` of the root by leaf: the change per unit, and per cent for 1 %."""
        return self.evaluate(leaves).leaves

    def views(
        self, others: Mapping[str, str], leaves: LeavesLike, *, tolerance: float = 1e-9, strict: bool = False
    ) -> ViewsResult:
        """Whether other formulas of the same total agree with this one: ``others`` are formulas by name."""
        formulas = {"view": ["this", *others], "text": [self._text, *others.values()]}
        rows = self._rows(leaves, "views")
        return _plan.views(formulas, leaves=rows, tolerance=tolerance, strict=strict)

    # ------------------------------------------------------------------------------------------------------- solving

    @overload
    def solve(
        self,
        leaves: LeavesLike,
        target: Number,
        *,
        lever: str,
        low: Number | None = None,
        high: Number | None = None,
        find_all: bool = False,
        scan_points: int = 128,
        tol: float = 1e-12,
        strict: bool = False,
    ) -> GoalSeekResult: ...
    @overload
    def solve(
        self,
        leaves: LeavesLike,
        target: Number,
        *,
        levers: Levers,
        method: EffortMethod = "pct",
        tol: float = 1e-12,
        strict: bool = False,
    ) -> EqualEffortResult: ...
    def solve(
        self,
        leaves: LeavesLike,
        target: Number,
        *,
        lever: str | None = None,
        levers: Levers | None = None,
        low: Number | None = None,
        high: Number | None = None,
        method: EffortMethod = "pct",
        find_all: bool = False,
        scan_points: int = 128,
        tol: float = 1e-12,
        strict: bool = False,
    ) -> GoalSeekResult | EqualEffortResult:
        """What one ``lever``, or several ``levers`` together, must become for the root to reach ``target``.

        ``levers`` are names, a mapping of name to weight, or rows with lever, weight, direction, low and high;
        ``effect`` says how much of the gap each carries. A target out of reach is a status beside the best there is.
        """
        if (lever is None) == (levers is None):
            raise OptionError("solve: expected lever= or levers=", column="lever")
        if lever is not None:
            return _plan.goal_seek(
                formula=self._text,
                leaves=self._rows(leaves, "goal_seek"),
                target={"target": target, "lever": lever, "low": low, "high": high},
                find_all=find_all,
                scan_points=scan_points,
                tol=tol,
                strict=strict,
            )
        return _plan.equal_effort(
            formula=self._text,
            leaves=self._rows(leaves, "equal_effort"),
            target=target,
            levers=levers,
            method=method,
            tol=tol,
            strict=strict,
        )

    # --------------------------------------------------------------------------------------------------- sensitivity

    def tornado(
        self, leaves: LeavesLike, *, levers: Levers | None = None, pct: float = 0.1, strict: bool = False
    ) -> TornadoResult:
        """What each lever does to the root when it moves by itself, up and down."""
        rows = self._rows(leaves, "tornado")
        return _plan.tornado(formula=self._text, leaves=rows, levers=levers, pct=pct, strict=strict)

    def scenarios(
        self, leaves: LeavesLike, axes: Mapping[str, Sequence[Number]] | InputLike, *, strict: bool = False
    ) -> ScenariosResult:
        """The root for every combination of the values listed per lever, the first lever slowest."""
        rows = self._rows(leaves, "scenarios")
        return _plan.scenarios(formula=self._text, leaves=rows, axes=axes, strict=strict)

    def uncertainty(
        self,
        leaves: LeavesLike,
        *,
        sd: Mapping[str, Number] | None = None,
        trials: Mapping[str, Number] | None = None,
        correlations: InputLike = None,
        target: Number | None = None,
        scale: Literal["linear", "log"] = "linear",
        level: float = 0.95,
        strict: bool = False,
    ) -> AttainmentResult:
        """How uncertain the root is and which leaf makes it so; with a ``target``, how likely it is reached.

        ``sd`` are standard deviations by leaf, ``trials`` the sizes of the tests that rates come from. Rows may carry
        both as columns. ``correlations`` are rows of leaf, other, correlation.
        """
        rows = _leaves.with_facts(self._rows(leaves, "attainment"), {"sd": sd, "trials": trials})
        return _plan.attainment(
            formula=self._text,
            leaves=rows,
            correlations=correlations,
            target=target,
            scale=scale,
            level=level,
            strict=strict,
        )

    # -------------------------------------------------------------------------------------------------------- change

    def decompose(
        self,
        before: LeavesLike,
        after: LeavesLike,
        *,
        method: DecomposeMethod = "shapley",
        order: Sequence[str] | None = None,
        players: Mapping[str, str] | None = None,
        strict: bool = False,
    ) -> DecomposeResult:
        """How much of the change from ``before`` to ``after`` each leaf explains.

        ``order`` is the one in which ``chain`` replaces the leaves; leaves of one player in ``players`` move together.
        Tables with a segment are divided segment by segment and summed.
        """
        rows = _leaves.before_and_after(self.leaves, before, after)
        places = None if order is None else {name: place for place, name in enumerate(order)}
        rows = _leaves.with_facts(rows, {"order": places, "player": players})
        return _plan.decompose(formula=self._text, leaves=rows, method=method, strict=strict)

    def lmdi(
        self,
        before: LeavesLike,
        after: LeavesLike,
        *,
        method: Literal["lmdi1", "lmdi2"] = "lmdi1",
        fallback: Literal["none", "shapley"] = "none",
        strict: bool = False,
    ) -> LmdiResult:
        """The same by logarithmic means, additively and multiplicatively; for sums of products and quotients."""
        rows = _leaves.before_and_after(self.leaves, before, after)
        rows["factor"] = rows.pop("leaf")
        return _plan.lmdi(rows, formula=self._text, method=method, fallback=fallback, strict=strict)

    def series(
        self, leaves: InputLike, *, base: Literal["chained", "direct"] = "chained", strict: bool = False
    ) -> SeriesChangeResult:
        """Effects over several periods: rows of leaf, period, value, or a mapping of leaf to a value per period."""
        if isinstance(leaves, Mapping) and ("leaf" not in leaves or "leaf" in self.leaves):
            cells = [(name, period, each) for name, values in leaves.items() for period, each in enumerate(values, 1)]
            names, periods, values = zip(*cells, strict=True) if cells else ((), (), ())
            leaves = {"leaf": list(names), "period": list(periods), "value": list(values)}
        return _plan.series_change(formula=self._text, leaves=leaves, base=base, strict=strict)


def _name_at(formula: str, position: int | None) -> str | None:
    """The name that begins at a character: up to a blank, an operator, or punctuation of any script."""
    if position is None:
        return None
    end = position
    while end < len(formula) and (formula[end] == "_" or unicodedata.category(formula[end])[0] in "LMN"):
        end += 1
    return formula[position:end] or None
