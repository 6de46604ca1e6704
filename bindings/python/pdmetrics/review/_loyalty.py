"""Customers by how often and how recently they bought, in plain words; everybody is in one group."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from .._result import Result
from . import Data, Grid, Section, Skipped, Text, percent
from ._cohorts import money
from ._people import People

# Orders of a customer who buys often, and days after which one counts as current, as waiting, as lost.
_OFTEN, _CURRENT, _WAITING, _LOST = 8, 30, 90, 180
# A newcomer's first order is at most so many days ago, and there is at most one more.
_NEW_DAYS, _NEW_ORDERS = 60, 2


@dataclass
class _Group:
    """A group: what it is called, who is in it, what to do; how many they are and what they brought."""

    name: Text
    rule: Text
    action: Text
    customers: int = 0
    net: int = 0


def _groups() -> dict[str, _Group]:
    return {
        "loyal": _Group(
            Text("loyal core", "忠诚核心客户"),
            Text(
                f"{_OFTEN} or more orders, the last at most {_CURRENT} days ago",
                f"≥ {_OFTEN} 单，最近 {_CURRENT} 天内购买",
            ),
            Text("Reward, early access, ask for referrals", "专属权益、新品优先、邀请转介绍"),
        ),
        "cooling": _Group(
            Text("loyal, cooling down", "忠诚但降温"),
            Text(
                f"{_OFTEN} or more orders, the last {_CURRENT + 1} to {_LOST - 1} days ago",
                f"≥ {_OFTEN} 单，{_CURRENT + 1}–{_LOST - 1} 天未购买",
            ),
            Text("Personal message before they are gone", "尽早由导购一对一关怀"),
        ),
        "lapsed_often": _Group(
            Text("lapsed VIPs", "流失的高价值客户"),
            Text(f"{_OFTEN} or more orders, the last at least {_LOST} days ago", f"≥ {_OFTEN} 单，≥ {_LOST} 天未购买"),
            Text("Call them one by one; strong win-back offer", "逐一回访，强力召回权益"),
        ),
        "regular": _Group(
            Text("regulars", "普通复购客户"),
            Text(
                f"2 to {_OFTEN - 1} orders, the last less than {_LOST} days ago", f"2–{_OFTEN - 1} 单，{_LOST} 天内购买"
            ),
            Text("Recommend what goes with the last order; membership perks", "关联推荐、会员权益引导升单"),
        ),
        "lapsed": _Group(
            Text("lapsed regulars", "流失的复购客户"),
            Text(
                f"2 to {_OFTEN - 1} orders, the last at least {_LOST} days ago",
                f"2–{_OFTEN - 1} 单，≥ {_LOST} 天未购买",
            ),
            Text("Seasonal win-back with what they bought before", "结合历史品类做季节性召回"),
        ),
        "new": _Group(
            Text("newcomers", "新客"),
            Text(
                f"1 or {_NEW_ORDERS} orders, the first at most {_NEW_DAYS} days ago",
                f"1–{_NEW_ORDERS} 单，首单在 {_NEW_DAYS} 天内",
            ),
            Text("Second-order coupon within two weeks; one-to-one welcome", "两周内二单券，一对一欢迎"),
        ),
        "waiting": _Group(
            Text("first-timers to bring back", "待促二单客户"),
            Text(f"1 order, {_NEW_DAYS + 1} to {_WAITING - 1} days ago", f"1 单，{_NEW_DAYS + 1}–{_WAITING - 1} 天前"),
            Text("Last call for the second order: offer with a date", "限时二单优惠"),
        ),
        "once": _Group(
            Text("one-time buyers", "一次性顾客"),
            Text(f"1 order, at least {_WAITING} days ago", f"1 单，≥ {_WAITING} 天前"),
            Text("Cheap reminders in large campaigns only", "仅大促低成本触达"),
        ),
        "silent": _Group(
            Text("friends who never bought", "沉默好友"),
            Text("in the friends, no order", "在好友中，从未下单"),
            Text("Offer for a first order", "首单礼激活"),
        ),
    }


def _group_of(orders: int, recency: float, age: float) -> str:
    if orders >= _OFTEN:
        return "loyal" if recency <= _CURRENT else "cooling" if recency < _LOST else "lapsed_often"
    if orders <= _NEW_ORDERS and age <= _NEW_DAYS:
        return "new"
    if orders > 1:
        return "regular" if recency < _LOST else "lapsed"
    return "waiting" if recency < _WAITING else "once"


def _silent(data: Data) -> int | None:
    """Friends without an order; ``None`` if nobody knows."""
    try:
        people = People.of(data)
    except Skipped:
        return None
    if people.friends is None:
        return None
    return int(people.ask("SELECT count(*) FROM people WHERE joined IS NOT NULL AND first_at IS NULL")[0][0])


def add(data: Data, result: Result, made: Section) -> None:
    """Counts the groups of an RFM result and tells them."""
    main, known = result.main, result.tables["stats"].to_rows()
    if len(known) != 1 or known[0]["as_of"] is None:
        return  # several windows: each would have its own
    end = known[0]["as_of"]
    groups = _groups()
    columns = [main[name].to_list() for name in ("orders", "recency_days", "first_time", "net")]
    day = timedelta(days=1)
    for orders, recency, first, net in zip(*columns, strict=True):
        group = groups[_group_of(orders, recency, (end - first) / day)]
        group.customers += 1
        group.net += net
    silent = _silent(data)
    if silent is None:
        del groups["silent"]
    else:
        groups["silent"].customers = silent
    every = sum(group.customers for group in groups.values())
    if not every:
        return
    made.findings += _told(groups, every, result, silent is not None)
    made.grids.append(_grid(groups, every, result))


def _told(groups: dict[str, _Group], every: int, result: Result, friends: bool) -> list[Text]:
    alive = sorted((group for group in groups.values() if group.customers), key=lambda group: -group.customers)
    en = ", ".join(f"{group.name.en} {percent(group.customers / every)} ({group.customers:,})" for group in alive)
    zh = "，".join(f"{group.name.zh} {percent(group.customers / every)}（{group.customers:,} 人）" for group in alive)
    who = Text("customers and friends", "客户与好友") if friends else Text("customers", "客户")
    found = [
        Text(
            f"By orders and recency the {every:,} {who.en} are: {en}.",
            f"{every:,} 位{who.zh}按频次与最近购买划分：{zh}。",
        )
    ]
    lapsed = groups["lapsed_often"]
    if lapsed.customers:
        share, worth = percent(lapsed.customers / every), money(lapsed.net / lapsed.customers, result)
        found.append(
            Text(
                f"Win back first: {lapsed.customers:,} lapsed VIPs ({share}) with {_OFTEN} or more orders have been silent for "
                f"{_LOST} days or longer; each has brought {worth}.",
                f"优先召回：{lapsed.customers:,} 位流失的高价值客户（{share}）有 {_OFTEN} 单以上，但已 {_LOST} 天以上未购买，"
                f"人均累计贡献 {worth}。",
            )
        )
    return found


def _grid(groups: dict[str, _Group], every: int, result: Result) -> Grid:
    head = [
        Text("group", "客群"),
        Text("customers", "客户数"),
        Text("share", "占比"),
        Text("net sales", "净销售额"),
        Text("share of it", "净销售额占比"),
        Text("each", "人均"),
        Text("who", "定义"),
        Text("what to do", "建议动作"),
    ]
    total = sum(group.net for group in groups.values())
    body = []
    for group in groups.values():
        if not group.customers:
            continue
        cells: list[Any] = [
            f"{group.customers:,}",
            percent(group.customers / every),
            money(group.net, result),
            percent(group.net / total if total > 0 else None),
            money(group.net / group.customers, result),
        ]
        body.append([group.name, *(Text(cell, cell) for cell in cells), group.rule, group.action])
    return Grid(Text("Customers by orders and recency", "按频次与最近购买划分的客群"), head, body)
