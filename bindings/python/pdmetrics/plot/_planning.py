"""What figures of plans share: their words, how numbers are written, axes, bars."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go  # type: ignore[import-untyped,import-not-found,unused-ignore]

from .._result import Language
from . import GRID, PALETTE

if TYPE_CHECKING:
    from .._result import Result

Names = Mapping[str, str | tuple[str, str]]
Rows = list[dict[str, Any]]

_TEXT = {
    "bridge": {"en": "What explains the change", "zh": "变动因素拆解"},
    "before": {"en": "before", "zh": "期初"},
    "after": {"en": "after", "zh": "期末"},
    "rest": {"en": "not explained", "zh": "未解释"},
    "effect": {"en": "effect", "zh": "影响"},
    "share": {"en": "of the change", "zh": "占变动"},
    "cut": {"en": "the axis does not begin at 0", "zh": "纵轴不从 0 开始"},
    "tornado": {"en": "What one lever does by itself", "zh": "敏感性分析（龙卷风图）"},
    "lower": {"en": "lower", "zh": "下调"},
    "higher": {"en": "higher", "zh": "上调"},
    "now": {"en": "now", "zh": "当前"},
    "tree": {"en": "Formula tree", "zh": "公式树"},
    "share_of_parent": {"en": "of the sum above", "zh": "占上级"},
    "elasticity": {"en": "% of the root per 1 %", "zh": "每变动 1% 带动根节点（%）"},
    "tracking": {"en": "Plan and actual", "zh": "目标与实际"},
    "target": {"en": "target", "zh": "目标"},
    "actual": {"en": "actual", "zh": "实际"},
    "attainment": {"en": "attainment", "zh": "完成率"},
    "gap_to": {"en": "gap", "zh": "差额"},
    "mom": {"en": "on the period before", "zh": "环比"},
    "yoy": {"en": "on the year before", "zh": "同比"},
    "expected": {"en": "expected by now", "zh": "按进度应完成"},
    "forecast": {"en": "forecast", "zh": "预计完成"},
    "pace_index": {"en": "pace (1 = as planned)", "zh": "进度指数（1 为正常）"},
    "required": {"en": "needed a day from here", "zh": "此后每日需完成"},
    "green": {"en": "on target", "zh": "达标"},
    "amber": {"en": "a little below", "zh": "略低"},
    "red": {"en": "below", "zh": "未达标"},
    "unknown": {"en": "not known", "zh": "未知"},
    "running": {"en": "still running", "zh": "进行中"},
    "progress": {"en": "Plan and actual to date", "zh": "累计目标与实际"},
    "pace": {"en": "Pace", "zh": "时间进度"},
    "linear": {"en": "forecast by days", "zh": "按天数预测"},
    "weighted": {"en": "forecast by planned progress", "zh": "按计划节奏预测"},
    "elapsed": {"en": "days gone", "zh": "已过天数"},
    "gap": {"en": "Target and bottom-up plan", "zh": "目标与测算缺口"},
    "top_down": {"en": "target (top-down)", "zh": "目标（自上而下）"},
    "bottom_up": {"en": "plan (bottom-up)", "zh": "测算（自下而上）"},
    "coverage": {"en": "coverage", "zh": "覆盖率"},
    "split": {"en": "Who carries the gap", "zh": "缺口由谁承担"},
    "plan": {"en": "plan", "zh": "原计划"},
    "add": {"en": "to add", "zh": "追加"},
    "less": {"en": "not needed", "zh": "可减"},
    "capacity": {"en": "capacity", "zh": "产能上限"},
    "breaks": {"en": "above capacity", "zh": "超出上限"},
    "moves": {"en": "Given and reconciled", "zh": "校对前后"},
    "given": {"en": "given", "zh": "校对前"},
    "reconciled": {"en": "reconciled", "zh": "校对后"},
    "users": {"en": "Users month by month", "zh": "用户池测算"},
    "end": {"en": "users at the end", "zh": "期末用户"},
    "new": {"en": "added", "zh": "新增"},
    "lost": {"en": "lost", "zh": "流失"},
    "gmv": {"en": "GMV bottom-up", "zh": "自下而上 GMV 测算"},
    "gmv_old": {"en": "existing users", "zh": "存量老用户"},
    "gmv_new": {"en": "new users", "zh": "增量新用户"},
    "replan": {"en": "Targets re-planned", "zh": "滚动调整目标"},
    "old_target": {"en": "target so far", "zh": "原目标"},
    "new_target": {"en": "new target", "zh": "新目标"},
    "at_cap": {"en": "at its cap", "zh": "已到上限"},
    "cells": {"en": "The plan in cells", "zh": "目标分解表"},
    "levels": {"en": "The plan level by level", "zh": "逐级目标拆解"},
    "index": {"en": "Seasonal index", "zh": "季节指数"},
    "days": {"en": "The plan day by day", "zh": "按日节奏"},
    "months": {"en": "The plan by period", "zh": "分期目标"},
    "levers": {"en": "What the levers must do", "zh": "各杠杆需要的变化"},
    "from": {"en": "from", "zh": "从"},
    "to": {"en": "to", "zh": "到"},
    "at_bound": {"en": "at its bound", "zh": "已到边界"},
    "chance": {"en": "Chance to reach the target", "zh": "目标达成概率"},
    "sales": {"en": "Sales by period", "zh": "分期销售额"},
    "gmv_all": {"en": "sales", "zh": "销售额"},
    "others": {"en": "others", "zh": "其他"},
    "refund": {"en": "refunds", "zh": "退款"},
}
LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"}
UP, DOWN, WHOLE = PALETTE[2], PALETTE[5], PALETTE[0]
ALERTS = {"green": PALETTE[2], "amber": PALETTE[1], "red": PALETTE[5], "unknown": PALETTE[7]}
PALE = "#d5dbe1"


def say(key: str, lang: Language) -> str:
    return _TEXT[key][lang]


def percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


class Show:
    """How the numbers and names of a figure are written."""

    def __init__(
        self,
        result: Result,
        lang: Language,
        exponent: int | None,
        names: Names | None,
        money: Collection[str] = (),
    ) -> None:
        self.lang: Language = lang
        self._money = frozenset(money)
        own = result.currency_exponent or 0
        self.scale = 10 ** (own if exponent is None else exponent)
        self._names = names or {}

    def name(self, key: Any) -> str:
        """What something is called."""
        said = self._names.get(str(key), str(key))
        return said if isinstance(said, str) else said[self.lang == "zh"]

    def leaf(self, name: str, value: float) -> str:
        """The value of a leaf; in whole currency if it is money."""
        return f"{value / self.scale if name in self._money else value:,.5g}"

    def values(self, values: Sequence[float | None]) -> list[float | None]:
        """Numbers as they are drawn."""
        return [None if value is None else value / self.scale for value in values]

    def full(self, value: float | None) -> str:
        """A number in full."""
        if value is None:
            return "–"
        shown = value / self.scale
        return f"{shown:,.0f}" if abs(shown) >= 1000 else f"{shown:,.2f}" if abs(shown) >= 10 else f"{shown:,.4g}"

    def short(self, value: float | None, *, sign: bool = False) -> str:
        """A number in little room: 1.25M, 125万."""
        if value is None:
            return "–"
        return short_number(value / self.scale, self.lang, sign=sign)


_UNITS: Mapping[Language, Sequence[tuple[float, str]]] = {
    "en": ((1e9, "B"), (1e6, "M"), (1e3, "k")),
    "zh": ((1e8, "亿"), (1e4, "万")),
}


def tick_texts(ticks: Sequence[float], step: float, lang: Language, *, sign: bool = False) -> list[str]:
    """Ticks of an axis in one unit, with as many decimals as its steps need."""
    largest = max((abs(tick) for tick in ticks), default=0.0)
    unit, letter = next(((u, letter) for u, letter in _UNITS[lang] if largest >= u), (1.0, ""))
    decimals = next((d for d in range(9) if abs(round(step / unit, d) - step / unit) < 1e-9 * step / unit), 9)
    mark = "+" if sign else ""
    return ["0" if tick == 0 else f"{tick / unit:{mark},.{decimals}f}{letter}" for tick in ticks]


def short_number(value: float, lang: Language, *, sign: bool = False) -> str:
    """A number in little room: 1.25M in English, 125万 in Chinese."""
    units = _UNITS[lang]
    if value == 0 or abs(value) < 1e-9:
        return "0"
    mark = "+" if sign and value > 0 else ""
    for unit, letter in units:
        if abs(value) >= unit:
            return (
                f"{mark}{value / unit:,.3g}{letter}"
                if abs(value) < unit * 1000
                else f"{mark}{value / unit:,.0f}{letter}"
            )
    if abs(value) >= 100:
        return f"{mark}{value:,.0f}"
    return f"{mark}{value:.3g}"


def value_axis(made: go.Figure, values: Sequence[float | None], lang: Language, which: str = "y") -> None:
    """Ticks in few letters: 5 steps between the ends of the values and 0."""
    known = [value for value in values if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    step = nice_step((high - low) / 5 or 1.0)
    first = int(low // step)
    ticks = [step * i for i in range(first, int(high // step) + 2)]
    axis = made.update_yaxes if which == "y" else made.update_xaxes
    axis(tickvals=ticks, ticktext=tick_texts(ticks, step, lang), gridcolor=GRID, automargin=True)


def nice_step(step: float) -> float:
    power = 1.0
    while step >= 10:
        step, power = step / 10, power * 10
    while 0 < step < 1:
        step, power = step * 10, power / 10
    return power * next(nice for nice in (1, 2, 2.5, 5, 10) if step <= nice)


def wrapped(name: str, room: int = 14) -> str:
    """A name on lines of few letters."""
    lines = [""]
    for word in name.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) + 1 > room:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)


def titled(title: str, key: str, lang: Language) -> str:
    return title or say(key, lang)


def bars(
    x: Sequence[str], values: Sequence[float | None], name: str, colour: str, hovers: Sequence[str], **more: Any
) -> go.Bar:
    return go.Bar(
        x=list(x),
        y=list(values),
        name=name,
        marker={"color": colour},
        customdata=list(hovers),
        hovertemplate="%{customdata}<extra></extra>",
        **more,
    )
