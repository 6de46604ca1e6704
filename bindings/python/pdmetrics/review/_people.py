"""Customers of several inputs brought together: where each came from, when, who invited them, what they brought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._registry import metrics
from . import Data, Skipped
from ._change import Moments
from ._friends import Friends, friends
from ._rows import NEEDS, first_of, held, kinds, micros, quoted, select

DAY = 86_400_000_000
# Days after joining, in which what a customer brings is compared.
WORTH = 90
_INVITERS = ("inviter_id", "inviter", "邀请人")
_INVITEES = ("invitee_id", "invitee", "被邀请人")


@dataclass(frozen=True)
class Orders:
    """An input of orders, and what it calls its columns."""

    source: str
    customer: str
    time: str
    amount: str
    scale: int  # what makes minor units of the amounts


def orders(data: Data) -> Orders | None:
    """The input of orders, if there is one that says who, when and how much."""
    if "orders" not in data.inputs:
        return None
    names = {column.name: data.name_of(column, "orders") for column in metrics["rfm"].columns}
    customer, time, amount = names["customer_id"], names["time"], names["amount"]
    if customer is None or time is None or amount is None:
        return None
    whole = "INT" in kinds(held(data, "orders"))[amount]
    exponent = data.orders("orders").currency_exponent
    return Orders("orders", customer, time, amount, 1 if whole else 10 ** (2 if exponent is None else exponent))


def invitations(data: Data) -> tuple[str, str] | None:
    """What the input of invitations calls inviter and invitee."""
    if "invitations" not in data.inputs:
        return None
    inviter, invitee = (first_of(data, "invitations", names) for names in (_INVITERS, _INVITEES))
    return None if inviter is None or invitee is None else (inviter, invitee)


class People:
    """One row a customer: ``id``, ``origin``, ``joined``, ``invited``, ``first_at``, ``net``, ``early``.

    Times are microseconds; ``joined`` is the first addition by staff, ``first_at`` the first order with a sale, ``net`` the
    sum of amounts and ``early`` that of the first days after joining, both in minor units and null without orders.
    """

    @classmethod
    def of(cls, data: Data) -> People:
        """The customers of a review, brought together once."""
        made: People = data.once("people", lambda: cls(data, WORTH))
        return made

    def __init__(self, data: Data, days: int) -> None:
        try:
            import duckdb  # type: ignore[import-untyped,import-not-found,unused-ignore]
        except ImportError:
            raise Skipped(NEEDS) from None
        self.friends: Friends | None = friends(data)
        self.orders: Orders | None = orders(data)
        self.invited: bool = invitations(data) is not None
        self.end: int | None = None
        """The last time of an order."""
        self._connection = duckdb.connect()
        self._load("joined", self._joined(), "id VARCHAR, joined BIGINT, origin VARCHAR")
        self._load("bought", self._bought(data), "id VARCHAR, t BIGINT, amount DOUBLE")
        self._load("invited", self._invited(data), "id VARCHAR")
        self._connection.execute(
            "CREATE TABLE people AS SELECT id, any_value(origin) AS origin, any_value(joined) AS joined, "
            "bool_or(invited.id IS NOT NULL) AS invited, min(t) FILTER (WHERE amount > 0) AS first_at, "
            f"sum(amount) AS net, sum(amount) FILTER (WHERE t >= joined AND t < joined + {days * DAY}) AS early "
            "FROM (SELECT id FROM joined UNION SELECT id FROM bought) LEFT JOIN joined USING (id) "
            "LEFT JOIN bought USING (id) LEFT JOIN invited USING (id) WHERE id IS NOT NULL GROUP BY id"
        )
        self.end = self.ask("SELECT max(t) FROM bought")[0][0]

    def _joined(self) -> Any:
        mine = self.friends
        if mine is None:
            return None
        at = micros(mine.data, mine.source, mine.time)
        origin = f"arg_min(CAST({quoted(mine.origin)} AS VARCHAR), {at})" if mine.origin else "CAST(NULL AS VARCHAR)"
        chosen = f"CAST({quoted(mine.customer)} AS VARCHAR) AS id, min({at}) AS joined, {origin} AS origin"
        return mine.select(chosen, f"WHERE {mine.added} AND {quoted(mine.customer)} IS NOT NULL GROUP BY 1")

    def _bought(self, data: Data) -> Any:
        mine = self.orders
        if mine is None:
            return None
        at, amount = micros(data, mine.source, mine.time), f"CAST({quoted(mine.amount)} AS DOUBLE) * {mine.scale}"
        known = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in (mine.customer, mine.time, mine.amount))
        chosen = f"CAST({quoted(mine.customer)} AS VARCHAR) AS id, {at} AS t, {amount} AS amount"
        return select(data, mine.source, chosen, f"WHERE {known}")

    def _invited(self, data: Data) -> Any:
        names = invitations(data)
        if names is None:
            return None
        chosen = f"DISTINCT CAST({quoted(names[1])} AS VARCHAR) AS id"
        return select(data, "invitations", chosen, f"WHERE {quoted(names[1])} IS NOT NULL")

    def _load(self, name: str, rows: Any, columns: str) -> None:
        """A table of rows that another connection of DuckDB holds."""
        self._connection.execute(f"CREATE TABLE {name} ({columns})")
        if rows is None:
            return
        try:
            import pyarrow  # type: ignore[import-untyped,import-not-found,unused-ignore]
        except ImportError:
            raise Skipped(NEEDS) from None
        self._connection.register("incoming", pyarrow.table(rows))
        self._connection.execute(f"INSERT INTO {name} SELECT * FROM incoming")
        self._connection.unregister("incoming")

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query over ``people``."""
        found: list[tuple[Any, ...]] = self._connection.execute(sql).fetchall()
        return found

    def moments(self, value: str, where: str) -> Moments:
        """Moments of a number of those for whom a condition holds."""
        n, x, xx = self.ask(
            f"SELECT count(*), sum(v), sum(v * v) FROM (SELECT {value} AS v FROM people WHERE {where})"
        )[0]
        return Moments(int(n), float(x or 0), float(xx or 0))
