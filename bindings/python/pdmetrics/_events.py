"""What common events, channels and models are called in Chinese, and how long something took in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._result import Language

_CHINESE = {
    "view": "浏览",
    "browse": "浏览",
    "cart": "加购",
    "add_to_cart": "加购",
    "order": "下单",
    "checkout": "下单",
    "pay": "支付",
    "payment": "支付",
    "purchase": "支付",
    "join_group": "进群",
    "open_message": "打开消息",
    "share": "分享",
    "wecom": "企业微信",
    "miniprogram": "小程序商城",
    "group": "社群",
    "livestream": "直播间",
    "qr_code": "企微活码",
    "official_account": "公众号",
    "moments": "朋友圈",
    "sms": "短信",
    "miniprogram_push": "小程序推送",
    "parcel_card": "包裹卡",
    "store": "门店",
    "referral": "老客裂变",
    "skincare": "护肤",
    "makeup": "彩妆",
    "fragrance": "香氛",
    "bodycare": "身体护理",
    "device": "美容仪器",
    "giftset": "礼盒套装",
    "sample": "小样",
    "first_touch": "首次触点",
    "last_touch": "末次触点",
    "linear": "线性",
    "position_based": "位置（U 型）",
    "time_decay": "时间衰减",
    "markov": "马尔可夫",
    "(other)": "（其他）",
}
_UNITS = (
    (86_400_000_000, "d", "天"),
    (3_600_000_000, "h", "小时"),
    (60_000_000, "min", "分钟"),
    (1_000_000, "s", "秒"),
    (1_000, "ms", "毫秒"),
    (1, "µs", "微秒"),
)


def label(name: str | None, lang: Language) -> str:
    """A step or a group as readers of a language know it; what is not well known stays as it is."""
    if name is None or name == "":
        return "（空）" if lang == "zh" else "(none)"
    return _CHINESE.get(name, name) if lang == "zh" else name


def time_unit(micros: float) -> tuple[int, str, str]:
    """The largest unit in which a time is 1 or more, with its English and Chinese name."""
    return next((unit for unit in _UNITS if micros >= unit[0]), _UNITS[-1] if micros else _UNITS[3])


def spelled(micros: float | None, lang: Language) -> str:
    """A time with its unit: "2.5 h", "2.5 小时"."""
    if micros is None:
        return "–"
    size, english, chinese = time_unit(micros)
    value = f"{micros / size:,.1f}".removesuffix(".0")
    return f"{value} {chinese if lang == 'zh' else english}"
