"""Figures of plans: bridges, plan against actual, pace, tornados, formula trees, gaps and who carries them.

Calculators do not know units. Options say how their numbers are shown: ``exponent`` = decimal places of money in minor
units (2: 分 as 元), ``names`` = what factors, leaves or rows are called (a text, or one for each language: en, zh),
``money`` = leaves that are money, ``title``.
"""

from __future__ import annotations

from . import plan_change, plan_split, plan_track

__all__ = ["plan_change", "plan_split", "plan_track"]
