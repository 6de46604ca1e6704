"""What to call the built-in RFM segments in Chinese and what to do with their customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._result import Language

_RECRUIT = ("Second-order coupon within two weeks; one-to-one welcome", "两周内二单券，一对一欢迎")
_GROW = ("Recommend what goes with the last order; membership perks", "关联推荐、会员权益引导升单")
_KEEP = ("Reward, early access, ask for referrals", "专属权益、新品优先、邀请转介绍")
_ASK = ("Time-limited offer on what they bought before", "针对历史品类的限时优惠")
_CALL = ("Personal contact by the sales assistant; strong win-back offer", "导购一对一回访，强力召回权益")
_WAKE = ("Cheap reminders: new arrivals, seasonal campaigns", "低成本触达：上新提醒、大促唤醒")
_LEAVE = ("Only the largest campaigns; do not spend on them", "仅大促触达，不投入额外成本")

_ACTIONS = {
    "Champions": _KEEP,
    "Loyal Customers": _KEEP,
    "Potential Loyalist": _GROW,
    "Potential Loyalists": _GROW,
    "New Customers": _RECRUIT,
    "Promising": _GROW,
    "Need Attention": _ASK,
    "About To Sleep": _ASK,
    "At Risk": _CALL,
    "Cannot Lose Them": _CALL,
    "Can't Lose": _CALL,
    "Can't Lose Them": _CALL,
    "Hibernating Customers": _WAKE,
    "Hibernating": _WAKE,
    "Lost Customers": _LEAVE,
    "Lost": _LEAVE,
    "重要价值客户": _KEEP,
    "重要发展客户": _GROW,
    "重要深耕客户": _GROW,
    "重要保持客户": _CALL,
    "重要唤回客户": _CALL,
    "重要挽留客户": _CALL,
    "一般价值客户": _GROW,
    "潜力客户": _GROW,
    "一般发展客户": _RECRUIT,
    "新客户": _RECRUIT,
    "一般保持客户": _ASK,
    "一般维持客户": _ASK,
    "一般挽留客户": _WAKE,
    "流失客户": _LEAVE,
    "Premium Customer": _KEEP,
    "Repeat Customer": _GROW,
    "Top Spender": _GROW,
    "At Risk Customer": _CALL,
    "Inactive Customer": _WAKE,
}

_ENGLISH = {
    "重要价值客户": "High value",
    "重要发展客户": "High value, to develop",
    "重要深耕客户": "High value, to develop",
    "重要保持客户": "High value, to keep",
    "重要唤回客户": "High value, to recall",
    "重要挽留客户": "High value, to win back",
    "一般价值客户": "General value",
    "潜力客户": "Potential",
    "一般发展客户": "General, to develop",
    "新客户": "New",
    "一般保持客户": "General, to keep",
    "一般维持客户": "General, to keep",
    "一般挽留客户": "General, to win back",
    "流失客户": "Lost",
}


def label(row: dict[str, Any], lang: Language) -> str:
    """The name of a row's segment for readers of a language."""
    name = str(row["segment"])
    if lang == "zh":
        return str(row.get("segment_zh") or row.get("label_zh") or name)
    english = _ENGLISH.get(name)
    return name if english is None else f"{english} {name}"


def action(segment: str, lang: Language) -> str:
    """What one usually does with customers of a built-in segment; nothing for segments of the user's own."""
    english, chinese = _ACTIONS.get(segment, ("", ""))
    return chinese if lang == "zh" else english
