"""What order rows say about a plan: sales by month, channel and segment, customers and what they do.

All counting is done by the row metrics (``actuals``, ``rfm``); here rows are only chosen and handed on. Sales are rows
with an amount above 0: refunds are not deducted from GMV.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from .. import _frames, _time
from .._errors import ArgumentError
from .._result import Result
from .._state import compute
from .model import NEW_OLD, Model, add_months

# What a formula of history may use, and what it is.
MEASURES = {
    "gmv": "sales of the base year (the months of the plan, a year earlier)",
    "orders": "its orders",
    "buyers": "customers who ordered in it",
    "old_gmv": "sales of customers who had ordered before it",
    "old_orders": "their orders",
    "old_buyers": "how many of them ordered in it",
    "old_customers": "customers who had ordered before it",
    "new_gmv": "sales of customers whose first order is in it, repeat orders too",
    "new_orders": "their orders",
    "new_customers": "customers whose first order is in it",
    "customers": "all who ordered before the plan begins",
    "active_customers": "who ordered in the last history.active_months before the plan begins",
    "monthly_months": "months of the base year before which a whole active window is known; the others sum over these",
    "monthly_users": "active customers at the beginning of the month",
    "monthly_lost": "of these, no longer active at its end, less those who came back",
    "monthly_kept": "monthly_users − monthly_lost",
    "monthly_buyers": "customers who ordered in the month and before it",
    "monthly_orders": "their orders in the month",
    "monthly_gmv": "their sales in the month",
    "monthly_new": "customers whose first order is in the month",
    "monthly_new_orders": "their orders in the month",
    "monthly_new_gmv": "their sales in the month",
}

Counts = Mapping[str, Any]


@dataclass(frozen=True)
class Cell:
    """Sales of a month, channel and segment."""

    month: str
    channel: str
    segment: str
    gmv: int


class History:
    """Order rows, counted for a plan: those before its start are history, the others what was reached.

    ``source`` is a frame, a file or a query; with ``connection``, a relation of that DuckDB connection.
    """

    def __init__(
        self,
        model: Model,
        source: Any,
        *,
        threads: int | None = None,
        progress: Any = None,
        name: str = "--history",
        connection: Any = None,
    ) -> None:
        self._model = model
        self._connection = connection
        self._name = os.fspath(source) if isinstance(source, (str, os.PathLike)) else name
        self._machine = {"threads": threads, "progress": progress}
        self._rows = self._sales(source)
        self._first: Any = None
        self._by_day = self._days()
        if not self._by_day:
            raise ArgumentError(f"{self._name}: no rows with an amount above 0")

    # ---------------------------------------------------------------------------------------------------------- rows

    def _sales(self, source: Any) -> Any:
        """Sales as customer_id, order_id, time, amount, channel, segment; in a database of one's own."""
        try:
            import duckdb  # type: ignore[import-untyped,import-not-found,unused-ignore]
        except ImportError:
            raise ArgumentError('a plan from history needs DuckDB: pip install "pdmetrics[cli]"') from None
        if self._connection is not None:
            relation = source
        else:
            self._connection = duckdb.connect(config={"python_scan_all_frames": True})
            is_path = isinstance(source, (str, os.PathLike))
            relation = _frames.relation(source, self._connection) if is_path else self._adopted(source)
        available = list(relation.columns)
        chosen = [
            self._column(available, "customer", "customer_id"),
            self._column(available, "time", "time"),
            self._column(available, "amount", "amount"),
        ]
        self.has_orders = self._model.columns["order"] in available
        if self.has_orders:
            chosen.append(self._column(available, "order", "order_id"))
        for key, dimension in (("channel", self._model.channels), ("segment", self._model.segments)):
            if dimension.column == NEW_OLD and key == "segment":
                continue
            if dimension.column not in available:
                self._fail(f"{key}s.column", dimension.column, available)
            chosen.append(f'CAST({_quoted(dimension.column)} AS VARCHAR) AS "{key}"')
        amount = _quoted(self._model.columns["amount"])
        try:
            relation.query("input", f"SELECT {', '.join(chosen)} FROM input WHERE {amount} > 0").create("sales")
            sales = self._connection.sql("SELECT * FROM sales")
            self._check(sales)
        except duckdb.Error as error:
            raise ArgumentError(f"{self._name}: {str(error).strip().splitlines()[0]}") from None
        return sales

    def _adopted(self, source: Any) -> Any:
        if hasattr(source, "__arrow_c_stream__"):
            return self._connection.from_arrow(source)
        if hasattr(source, "itertuples"):  # pandas before 2.2
            return self._connection.from_df(source)
        kind = type(source).__name__
        raise ArgumentError(f"history: expected a data frame, a file or a query, got {kind}; make it a data frame")

    def _column(self, available: list[str], key: str, name: str) -> str:
        column = self._model.columns[key]
        if column not in available:
            self._fail(f"history.columns.{key}", column, available)
        return f'{_quoted(column)} AS "{name}"'

    def _fail(self, key: str, column: str, available: Iterable[str]) -> None:
        raise self._model.fail(
            key, f'{self._name} has no column "{column}"; name one of {", ".join(available)} in the model file'
        )

    def _check(self, sales: Any) -> None:
        for key in ("channel", "segment"):
            if key in sales.columns:
                ((missing,),) = sales.filter(f'"{key}" IS NULL').aggregate("count(*)").fetchall()
                if missing:
                    column = getattr(self._model, f"{key}s").column
                    raise ArgumentError(f'{self._name}: column "{column}" is empty in {missing} rows of sales; fill it')

    # ------------------------------------------------------------------------------------------------------- metrics

    def _metric(self, name: str, rows: Any, **arguments: Any) -> Result:
        model = self._model
        common = {"tz": model.tz or None, "naive_time": model.naive_time, **self._machine}
        numbers = {"currency_exponent": model.exponent} if self._needs_exponent(rows) else {}
        return compute(name, rows, {**common, **numbers, **arguments})

    @staticmethod
    def _needs_exponent(rows: Any) -> bool:
        kinds = dict(zip(rows.columns, map(str, rows.types), strict=True))
        return kinds["amount"] in ("DOUBLE", "FLOAT") or kinds["amount"].startswith("DECIMAL")

    def _rfm(self, rows: Any, **arguments: Any) -> Result:
        grain = {} if self.has_orders else {"grain": "order"}
        return self._metric("rfm", rows, map="none", refund_policy="gross", **grain, **arguments)

    def _days(self) -> dict[date, dict[str, int]]:
        """Sales of each day by channel."""
        found: dict[date, dict[str, int]] = {}
        result = self._metric("actuals", self._rows.project("time, amount, channel"), calendar_period="day")
        for row in result.main.to_rows():
            found.setdefault(date.fromisoformat(row["period"]), {})[row["channel"]] = row["gmv"]
        return found

    def totals(self, rows: Any, windows: Mapping[str, tuple[date | None, date]]) -> dict[str, Counts]:
        """Customers, orders and sales of windows of days."""
        listed = [{"name": name, "from": start, "to": end} for name, (start, end) in windows.items()]
        found = self._rfm(rows, windows=listed).tables["segments"].to_rows()
        totals = {row["window"]: row for row in found if row["segment_id"] is None}
        nothing = {"customers": 0, "orders": 0, "gmv": 0}
        return {name: totals.get(name, nothing) for name in windows}

    def firsts(self) -> Any:
        """Each sale with the month of its customer's first order as ``first_month``."""
        if self._first is not None:
            return self._first
        first = self._rfm(self._rows)
        last = add_months(max(self._by_day).replace(day=1), 1)
        months = [min(self._by_day).replace(day=1)]
        while months[-1] < last:
            months.append(add_months(months[-1], 1))
        starts = ", ".join(
            f"({_time.instant(day, _time.zone(self._model.tz or None))}, '{day:%Y-%m}')" for day in months
        )
        self._connection.from_arrow(first.main).create("customers")
        self._connection.sql(f"SELECT * FROM (VALUES {starts}) AS t(since, first_month)").create("months")
        self._first = self._connection.sql(
            "SELECT s.*, f.first_month FROM sales s JOIN (SELECT c.customer_id, m.first_month FROM customers c "
            "ASOF JOIN months m ON epoch_us(c.first_time) >= m.since) f ON s.customer_id = f.customer_id"
        )
        return self._first

    # --------------------------------------------------------------------------------------------------------- sales

    @property
    def first_month(self) -> date:
        """The month history begins with."""
        found = min(self._by_day).replace(day=1)
        limit = self._model.history_months
        return max(found, add_months(self._model.start, -limit)) if limit else found

    @property
    def months(self) -> list[date]:
        """Months of history, from the first sale to the plan's start."""
        found = []
        day = self.first_month
        while day < self._model.start:
            found.append(day)
            day = add_months(day, 1)
        return found

    def sold(self, start: date, end: date, channel: str | None = None) -> int:
        """Sales of days from start up to, not including, end."""
        total = 0
        day = start
        while day < end:
            cells = self._by_day.get(day, {})
            total += sum(cells.values()) if channel is None else cells.get(channel, 0)
            day += timedelta(days=1)
        return total

    @property
    def last_day(self) -> date:
        """The last day with a sale."""
        return max(self._by_day)

    def cells(self) -> list[Cell]:
        """Sales of history by month, channel and segment."""
        if self._model.segments.column == NEW_OLD:
            rows = self.firsts().project("time, amount, channel, first_month AS segment")
        else:
            rows = self._rows.project("time, amount, channel, segment")
        names = {f"{day:%Y-%m}" for day in self.months}
        found: dict[tuple[str, str, str], int] = {}
        for row in self._metric("actuals", rows, calendar_period="month").main.to_rows():
            if row["period"] not in names:
                continue
            segment = row["segment"]
            if self._model.segments.column == NEW_OLD:
                segment = "new" if segment == row["period"] else "old"
            key = (row["period"], row["channel"], segment)
            found[key] = found.get(key, 0) + row["gmv"]
        return [Cell(*key, gmv) for key, gmv in found.items()]

    # ------------------------------------------------------------------------------------------------------ measures

    def measures(self) -> dict[str, float]:
        """Everything that a formula of history may use; what cannot be measured is left out."""
        start = self._model.start
        base = add_months(start, -12)
        if self.first_month >= start:
            raise ArgumentError(
                f"{self._name}: the first sale is on {min(self._by_day)}, the plan begins on {start}: no history; "
                "give values in the model file, or more rows"
            )
        sales = self.firsts()
        windows: dict[str, tuple[date | None, date]] = {"base": (base, start), "all": (None, start)}
        windows["active"] = (add_months(start, -self._model.active_months), start)
        windows["before"] = (None, base)
        whole = self.totals(sales, windows)
        new = self.totals(sales.filter(f"first_month >= '{base:%Y-%m}'"), {"base": (base, start)})["base"]
        found: dict[str, float] = {}
        for name, key in (("gmv", "gmv"), ("orders", "orders"), ("buyers", "customers")):
            found[name] = whole["base"][key]
            found[f"old_{name}"] = whole["base"][key] - new[key]
            found[f"new_{'customers' if name == 'buyers' else name}"] = new[key]
        found["customers"] = whole["all"]["customers"]
        found["active_customers"] = whole["active"]["customers"]
        found["old_customers"] = whole["before"]["customers"]
        return {**found, **self._monthly(sales, base, start)}

    def _monthly(self, sales: Any, base: date, start: date) -> dict[str, float]:
        """Sums over the months of the base year before which a whole active window is known."""
        from .. import plan

        back = self._model.active_months
        months = [day for day in self.months if day >= base and add_months(day, -back) >= self.first_month]
        if not months:
            return {}
        ends = [*months, add_months(months[-1], 1)]
        active = self.totals(sales, {f"{day:%Y-%m}": (add_months(day, -back), day) for day in ends})
        sold = self.totals(sales, {f"{day:%Y-%m}": (day, add_months(day, 1)) for day in months})
        fresh = {}
        for day in months:
            name = f"{day:%Y-%m}"
            window = {name: (day, add_months(day, 1))}
            fresh.update(self.totals(sales.filter(f"first_month = '{name}'"), window))
        rows = [
            {
                "name": f"{day:%Y-%m}",
                "users_start": active[f"{day:%Y-%m}"]["customers"],
                "users_end": active[f"{after:%Y-%m}"]["customers"],
                "adds": fresh[f"{day:%Y-%m}"]["customers"],
            }
            for day, after in zip(months, ends[1:], strict=True)
        ]
        lost = sum(round(value) for value in plan.roll_inverse(rows=rows).tables["rows"]["lost"])
        users = sum(row["users_start"] for row in rows)
        found: dict[str, float] = {"monthly_months": len(months), "monthly_users": users, "monthly_lost": lost}
        found["monthly_kept"] = users - lost
        for name, key in (("buyers", "customers"), ("orders", "orders"), ("gmv", "gmv")):
            new = sum(counts[key] for counts in fresh.values())
            found[f"monthly_{name}"] = sum(counts[key] for counts in sold.values()) - new
            found[f"monthly_new{'' if name == 'buyers' else '_' + name}"] = new
        return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


__all__ = ["MEASURES", "Cell", "History"]
