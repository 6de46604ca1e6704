"""Friends of the staff in a review: who was added by whom and from where, and who left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._result import Result
from . import Data
from ._rows import ask, first_of, one_of, quoted, select

_CUSTOMERS = ("customer_id", "customer", "user_id", "uid", "external_userid", "客户")
_TIMES = ("time", "add_time", "created_at", "createtime", "时间")
_KINDS = ("kind", "event", "type", "change_type", "类型")
_STAFF = ("staff", "staff_id", "employee", "userid", "员工")
_SOURCES = ("source", "add_way", "channel", "来源", "渠道")
_ADDED = ("add", "added", "add_external_contact", "friend_add", "添加")
_LEFT = (
    "delete",
    "deleted",
    "del",
    "del_customer",
    "del_staff",
    "del_external_contact",
    "del_follow_user",
    "friend_del",
    "删除",
    "单删",
)


@dataclass(frozen=True)
class Friends:
    """An input of friends, and what it calls its columns."""

    data: Data
    source: str
    customer: str
    time: str
    kind: str
    staff: str | None
    origin: str | None

    @property
    def added(self) -> str:
        """The condition of an addition, in SQL."""
        return one_of(self.kind, _ADDED)

    @property
    def left(self) -> str:
        """The condition of a deletion, in SQL."""
        return one_of(self.kind, _LEFT)

    def ask(self, sql: str) -> Any:
        """A query over the input, which it calls ``input``."""
        return ask(self.data, self.source, sql)

    def select(self, chosen: str, more: str = "") -> Any:
        """Rows of the input."""
        return select(self.data, self.source, chosen, more)

    def flows(self, period: str) -> Result:
        """Additions (as sales) and deletions (as refunds) by the calendar and origin, counted by the metric of actuals."""
        name = f"{self.source} as flows"
        if name not in self.data.derived:
            origin = f"coalesce(CAST({quoted(self.origin)} AS VARCHAR), '')" if self.origin else "''"
            chosen = (
                f'{quoted(self.time)} AS "time", 1 AS amount, '
                f"CASE WHEN {self.added} THEN 'gmv' ELSE 'refund' END AS kind, {origin} AS channel"
            )
            self.data.derive(name, self.select(chosen, f"WHERE {self.added} OR {self.left}"), of=(self.source,))
        return self.data.compute(
            "actuals",
            name,
            calendar_period=period,
            period=None,
            segment=None,
            order=None,
            time="time",
            amount="amount",
            channel="channel",
            kind="kind",
        )


def friends(data: Data) -> Friends | None:
    """The input of friends, if there is one that says who, when and what."""
    source = next((name for name in ("friends", "contacts", "friend") if name in data.inputs), None)
    if source is None:
        return None
    customer, time, kind = (first_of(data, source, names) for names in (_CUSTOMERS, _TIMES, _KINDS))
    if customer is None or time is None or kind is None:
        return None
    staff, origin = first_of(data, source, _STAFF), first_of(data, source, _SOURCES)
    return Friends(data, source, customer, time, kind, staff, origin)
