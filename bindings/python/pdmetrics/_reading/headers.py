"""What columns of exports are called, and the question that is asked where nobody can know."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .. import _registry
from .._errors import ArgumentError


class Note(NamedTuple):
    """Something to know about an input, in both languages."""

    en: str
    zh: str


class Question(ArgumentError):
    """A column that only the user can name."""


@dataclass(frozen=True)
class Field:
    """A column that somebody reads: its name in the library, how it is named on the command line, what it holds."""

    name: str
    keyword: str
    role: int
    required: bool = False
    """Whether nothing works without it: it is asked for if it is not there."""
    read: bool = False
    """Whether it is read wherever it is: each of its cells must be readable, and empty ones are counted."""
    how: str = ""
    """How to name it, where there is no flag."""

    @property
    def flag(self) -> str:
        """What names it."""
        return self.how or "--" + self.keyword.rstrip("_").replace("_", "-") + " NAME"


_CUSTOMER = (
    "customer_id customer customer_no customer_code user_id uid buyer_id buyer member_id member_no client_id cust_id "
    "客户id 客户编号 客户号 客户编码 用户id 用户编号 用户号 会员id 会员编号 会员号 会员卡号 买家id 买家编号 顾客id 顾客编号 openid unionid "
    "external_userid 外部联系人id",
    "客户 用户 会员 买家 顾客 买家会员名 买家昵称 买家账号 客户昵称 用户昵称 会员名 客户手机号 买家手机号 会员手机号 用户手机号 手机号 手机号码 手机 "
    "phone mobile email customer_name",
)

# Names by which columns go elsewhere, the surest first; names of one line are equally good.
_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "customer_id": _CUSTOMER,
    "unit": _CUSTOMER,
    "user": _CUSTOMER,
    "order_id": (
        "order_id order order_no order_number order_code invoice_no invoice invoice_id trade_no transaction_id tid "
        "订单号 订单编号 订单id 主订单号 主订单编号 交易号 交易单号 交易编号 单号",
    ),
    "original_order_id": ("original_order original_order_no 原订单号 原订单编号 原单号 关联订单号",),
    "time": (
        "time timestamp datetime date 时间 日期",
        "paid_at pay_time payment_time paid_time payment_date 付款时间 支付时间 订单付款时间 支付日期 付款日期 买家付款时间",
        "order_time order_date ordered_at invoice_date transaction_time transaction_date purchase_date 下单时间 下单日期 "
        "订单时间 订单日期 成交时间 成交日期 交易时间 交易日期 消费时间 购买时间",
        "created_at create_time created 创建时间 订单创建时间",
        "event_time event_date 发生时间 行为时间 事件时间 访问时间 添加时间 邀请时间",
    ),
    "amount": (
        "实付金额 实付款 实付 实际支付金额 买家实付金额 买家实际支付金额 买家实付 订单实付金额 商品实付金额 买家实际支付货款 实收金额 实收 "
        "paid amount_paid paid_amount actual_amount",
        "amount 支付金额 付款金额 成交金额 交易金额 payment pay_amount payment_amount",
        "订单金额 销售额 销售金额 总金额 金额 消费金额 order_amount total_amount order_total total sales revenue amt gmv",
    ),
    "event": ("event event_name event_type behavior behavior_type behaviour action 行为 行为类型 事件 事件名称 事件类型",),
    "channel": ("channel 渠道 下单渠道 订单渠道 成交渠道 来源渠道 渠道名称", "订单来源 来源 source_channel"),
    "product": ("product product_name 商品 商品名称 商品标题 宝贝标题 宝贝名称 item item_name sku_name",),
    "category": ("category 品类 类目 商品类目 商品分类 分类",),
    "session_id": ("session_id session 会话id 会话 访问id visit_id",),
    "staff_id": ("staff_id staff_no 员工id 员工编号 导购id 导购编号 导购 员工 销售员 跟进人 所属员工",),
    "quantity": ("quantity qty 数量 商品数量 购买数量 宝贝数量 件数",),
    "unit_price": ("unit_price price 单价 商品单价 商品价格 售价",),
    "variant": ("variant variation arm 实验分组 分组 组别 实验组别",),
    "experiment": ("experiment experiment_name experiment_id 实验 实验名称 实验id",),
}  # fmt: skip
_WHAT = {
    "customer_id": "the customer", "unit": "the customer", "user": "the customer", "order_id": "the order",
    "time": "the time", "amount": "the amount",
}  # fmt: skip
# Two fields that are an amount if they are multiplied.
FACTORS = (Field("quantity", "quantity", _registry.MONEY), Field("unit_price", "unit_price", _registry.MONEY))
_IN_WHOLE = re.compile(r"[(（](?:元|人民币|rmb|cny|¥|￥)[)）]", re.IGNORECASE)
_IN_MINOR = re.compile(r"[(（](?:分|fen|cents?)[)）]", re.IGNORECASE)
_UNIT = re.compile(r"[(（\[【].*?[)）\]】]\s*$")


def normal(name: str) -> str:
    """A name as it is compared: no case, no blanks, no unit in brackets."""
    text = unicodedata.normalize("NFKC", name).strip().casefold()
    return re.sub(r"[\s_\-.·]+", "", _UNIT.sub("", text).strip() or text)


_KNOWN = {field: [[normal(name) for name in tier.split()] for tier in tiers] for field, tiers in _SYNONYMS.items()}


def unit_of(name: str) -> str | None:
    """Whether a heading says in which unit its amounts are: ``major`` (元) or ``minor`` (分)."""
    return "major" if _IN_WHOLE.search(name) else "minor" if _IN_MINOR.search(name) else None


@dataclass
class Names:
    """How the columns of an input are understood."""

    renamed: dict[str, str]
    """Name in the library → name in the input, where these differ."""
    factors: tuple[str, str, str] | None
    """Quantity and price of a piece, where there is no amount, and what their product is called."""
    notes: list[Note]


def understood(label: str, columns: Sequence[str], fields: Iterable[Field], named: Mapping[str, str]) -> Names:
    """Finds fields among columns under their own or usual names; ``named`` are those that the user named, by keyword. Raises :class:`Question` where several columns
    would do equally well.
    """
    found: dict[str, str] = {}
    notes: list[Note] = []
    taken = set(named.values())
    for field in fields:
        if field.keyword in named or field.name in columns:
            continue
        column = _found(label, field, columns, taken)
        if column is not None:
            found[field.name] = column
            taken.add(column)
            others = _others(field, columns, taken) if field.read or field.required else []
            if others:
                shown = ", ".join(f'"{name}"' for name in others)
                notes.append(
                    Note(
                        f'{label}: {_WHAT.get(field.name, field.name)} is "{column}", not {shown} ({field.flag})',
                        f"{label}：{field.name} 取“{column}”，未取 {shown}（{field.flag}）",
                    )
                )
    if found:
        pairs_en = ", ".join(f'"{source}" as {name}' for name, source in found.items())
        pairs_zh = "，".join(f"“{source}”作为 {name}" for name, source in found.items())
        notes.append(Note(f"{label}: read {pairs_en}", f"{label}：将{pairs_zh} 读取"))
    factors = None
    amount = next((field for field in fields if field.name == "amount"), None)
    if amount is not None and not {amount.name} & (found.keys() | set(columns)) and amount.keyword not in named:
        pair = [factor.name if factor.name in columns else _found(label, factor, columns, taken) for factor in FACTORS]
        if pair[0] is not None and pair[1] is not None:
            factors = (pair[0], pair[1], amount.name)
            notes.append(
                Note(
                    f'{label}: no amount; it is "{pair[0]}" × "{pair[1]}"',
                    f"{label}：没有金额列，按“{pair[0]}”ד{pair[1]}”计算",
                )
            )
    return Names(found, factors, notes)


def _found(label: str, field: Field, columns: Sequence[str], taken: Collection[str]) -> str | None:
    free = {name: normal(name) for name in columns if name not in taken}
    for tier in _KNOWN.get(field.name, ()):
        here = [name for name, plain in free.items() if plain in tier]
        if len(here) > 1 and (field.read or field.required):
            raise question(label, [field], here)
        if here:
            return here[0] if len(here) == 1 else None
    return None


def _others(field: Field, columns: Sequence[str], taken: Collection[str]) -> list[str]:
    """Columns that are called like the field, too."""
    known = {name for tier in _KNOWN.get(field.name, ()) for name in tier}
    return [name for name in columns if name not in taken and normal(name) in known]


def question(label: str, fields: Sequence[Field], columns: Sequence[str], why: str = "") -> Question:
    """The question which column is what, in one line: what was found, and which flags to set."""
    whats = [_WHAT.get(field.name, field.name) for field in fields]
    asked = " and ".join([", ".join(whats[:-1]), whats[-1]] if len(whats) > 1 else whats)
    shown = ", ".join(columns[:20]) + (f" and {len(columns) - 20} more" if len(columns) > 20 else "")
    flags = " ".join(field.flag for field in fields)
    verb = "column is" if len(fields) == 1 else "columns are"
    return Question(f"{label}: {why}which {verb} {asked}? found: {shown}; say {flags}", column=fields[0].name)
