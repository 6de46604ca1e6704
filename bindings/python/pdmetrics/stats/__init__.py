"""Significance of A/B experiments: tests, intervals, power, families of tests, looks at running experiments (A/B 实验显著性).

Calculators from plain numbers, arrays or frames to tables; every row is a question of its own::

    from pdmetrics import stats

    stats.proportion_test(x_control=75, n_control=500, x_treatment=125, n_treatment=500)["p"].value
    stats.sample_size(p_control=0.15, p_treatment=[0.18, 0.25])["n_control"].to_list()
    stats.p_adjust(p=[0.01, 0.02, 0.04], method="bh").to_pandas()
"""

from __future__ import annotations

from .._stats import *  # noqa: F403
from .._stats import __all__ as _functions

__all__: list[str] = []
__all__ += _functions
