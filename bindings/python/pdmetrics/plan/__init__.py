"""GMV targets: from one formula to plan, gap, tracking and explanation (目标制定、拆解、跟踪、归因).

Calculators from small tables to tables, whose numbers always add up::

    from pdmetrics import plan

    plan.apportion(parts=[3, 1, 1], total=100, method="webster").split.to_pandas()
    tree = plan.Tree("gmv = old*cvr*aov*freq + new*fcvr*faov", roles={"cvr": "rate", "fcvr": "rate"})
    plan.pace(actual=4_000_000, target=10_000_000, elapsed=11, total_days=30)["pace_index"].value
"""

from __future__ import annotations

from .._plan import *  # noqa: F403
from .._plan import __all__ as _functions
from ._tree import Tree

__all__ = ["Tree"]
__all__ += _functions
