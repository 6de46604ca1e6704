"""What the sections about cohorts share: which rows are sales, which periods suit the data, who stands out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from .._events import label
from .._periods import period_label, period_of
from .._registry import metrics
from .._result import Result
from . import Data, Text

Rows = list[dict[str, Any]]
_GROUPS = ("channel", "source")
# With fewer periods than this the next shorter one tells more.
_FEWEST = 4
# How many periods of a triangle are shown.
COLUMNS = {"hour": 25, "day": 31, "week": 13, "month": 13, "quarter": 9, "year": 6}
# Cohorts smaller than this do not stand out: chance alone makes them.
_SMALLEST = 30


# --------------------------------------------------------------------------------------------------------------- sales


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def positive(column: str) -> Callable[[Any], Any]:
    """A condition that holds where a column is above 0, for a frame of any kind."""

    def flags(frame: Any) -> Any:
        if type(frame).__name__ == "DuckDBPyRelation":
            return f"{_quoted(column)} > 0"
        if type(frame).__name__ == "LazyFrame":
            import polars  # type: ignore[import-untyped,import-not-found,unused-ignore]

            return polars.col(column) > 0
        values = frame[column]
        if type(values).__module__.startswith("pyarrow"):
            from pyarrow import compute  # type: ignore[import-untyped,import-not-found,unused-ignore]

            return compute.greater(values, 0)
        if isinstance(values, (list, tuple)):
            return [value is not None and value > 0 for value in values]
        return values > 0

    return flags


def _kept(frame: Any, column: str) -> Any:
    """The rows where a column is above 0."""
    condition = positive(column)
    if type(frame).__name__ == "DuckDBPyRelation" or type(frame).__module__.startswith("polars"):
        return frame.filter(condition(frame))
    if isinstance(frame, Mapping):
        kept = [at for at, flag in enumerate(condition(frame)) if flag]
        return {name: [values[at] for at in kept] for name, values in frame.items()}
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(frame, pandas.DataFrame):
        return frame[condition(frame)]
    if hasattr(frame, "__arrow_c_stream__"):
        import pyarrow  # type: ignore[import-untyped,import-not-found,unused-ignore]

        table = pyarrow.table(frame)
        return table.filter(condition(table))
    return frame


def amount_of(data: Data, source: str) -> str | None:
    """What an input of orders calls its amounts."""
    amount = next(column for column in metrics["rfm"].columns if column.name == "amount")
    return data.name_of(amount, source)


def sold(data: Data, source: str) -> str:
    """An input without its refunds and free samples, where every row is an order if none says which it is of.

    The input itself if it has no amounts and needs no numbers.
    """
    amount = amount_of(data, source)
    if source != "orders" and amount is None:
        return source
    order = next(column for column in metrics["rfm"].columns if column.name == "order_id")
    numbered = data.name_of(order, source) is not None
    if numbered and amount is None:
        return source
    name = f"{source}, sold"
    if name not in data.derived:
        frame = data.frame(source) if amount is None else _kept(data.frame(source), amount)
        data.derive(name, frame if numbered else _numbered(frame), of=(source,))
    return name


def _numbered(frame: Any) -> Any:
    """Rows with a number of an order each."""
    from ._rows import relation

    return relation(frame).query("input", "SELECT *, row_number() OVER () AS order_id FROM input")


# ----------------------------------------------------------------------------------------------------------- arguments


def asked(data: Data, metric: str, **arguments: Any) -> dict[str, Any]:
    """Arguments of a metric: what is asked for here, and nothing that the user meant for another metric of the same words."""
    info = metrics[metric]
    made: dict[str, Any] = {"event": None} if metric == "retention" else {}
    for name, option in info.options.items():
        said = data.arguments.get(name)
        if option.values and said is not None and said not in option.values:
            made[name] = option.default
    if data.arguments.get("preset") not in (None, "posthog"):
        made["preset"] = None
    return {**made, **arguments}


def group_of(data: Data, source: str) -> str | None:
    """The column that customers are told apart by: what the user says, or a channel."""
    said = data.arguments.get("by")
    columns = data.columns(source)
    return next((name for name in ((said,) if said else _GROUPS) if name in columns), None)


def period_for(data: Data, source: str) -> str:
    """The longest of month, week and day of which the data have a few; what the user says goes first."""
    said = data.arguments.get("period")
    if said is not None:
        return str(said)
    if source not in data.periods:
        months = data.compute("lifecycle", source, **asked(data, "lifecycle", period="month", by=None))
        days = 30 * len(months.main)
        data.periods[source] = "month" if days >= 30 * _FEWEST else "week" if days > 30 else "day"
    return data.periods[source]


def whole_days(data: Data, source: str) -> dict[str, Any]:
    """The last day that orders were seen counts as over: periods that end with it are complete. What the user says goes first."""
    if data.arguments.get("as_of") is not None or amount_of(data, source) is None:
        return {}
    known = data.orders(source).tables["stats"].to_rows()
    end = known[0]["as_of"] if known else None
    return {} if end is None else {"as_of": end - timedelta(microseconds=1)}


# --------------------------------------------------------------------------------------------------------------- words


def money(value: float | None, result: Result) -> str:
    """An amount in whole currency."""
    if value is None:
        return "–"
    exponent = 2 if result.currency_exponent is None else result.currency_exponent
    return f"{value / 10**exponent:,.{min(exponent, 2)}f}"


# From where on a unit is used, the unit, and how it is written.
_SHORT = {
    "en": ((1e9, 1e9, "B"), (1e6, 1e6, "M"), (1e4, 1e3, "k")),
    "zh": ((1e8, 1e8, "亿"), (1e4, 1e4, "万")),
}


def short_of(value: float, decimals: int) -> Text:
    """A number in little room: 4.07M, 407.2万; small ones with their decimals."""

    def told(units: tuple[tuple[float, float, str], ...]) -> str:
        for least, unit, letter in units:
            if abs(value) >= least:
                size = abs(value) / unit
                return f"{value / unit:,.{2 if size < 10 else 1 if size < 1000 else 0}f}{letter}"
        return f"{value:,.{decimals}f}"

    return Text(told(_SHORT["en"]), told(_SHORT["zh"]))


def short(value: float | None, result: Result) -> Text:
    """An amount in little room."""
    if value is None:
        return Text("–", "–")
    exponent = 2 if result.currency_exponent is None else result.currency_exponent
    return short_of(value / 10**exponent, min(exponent, 2))


def both(name: str | None) -> Text:
    """A group in both languages."""
    return Text(label(name, "en"), label(name, "zh"))


PERIODS = {
    "hour": Text("hour", "小时"),
    "day": Text("day", "天"),
    "week": Text("week", "周"),
    "month": Text("month", "个月"),
    "quarter": Text("quarter", "个季度"),
    "year": Text("year", "年"),
}


def named(rows: Rows, start: str, index: str) -> dict[int, str]:
    """What the periods of a table are called."""
    period = period_of(rows, start, index)
    return {row[index]: period_label(row[start], period) for row in rows if row[start] is not None}


# ----------------------------------------------------------------------------------------------------------- outliers


@dataclass(frozen=True)
class Outlier:
    """A cohort of a group that comes back far less than all others together."""

    row: dict[str, Any]
    others: float


def outlier(rows: Iterable[dict[str, Any]]) -> Outlier | None:
    """The row whose rate is surely the furthest below that of the others: by the upper end of its interval."""
    known = [row for row in rows if row["den"] and row["hi"] is not None]
    num, den = sum(row["num"] for row in known), sum(row["den"] for row in known)
    worst: tuple[float, Outlier] | None = None
    for row in known:
        if row["den"] < _SMALLEST or den == row["den"]:
            continue
        others = (num - row["num"]) / (den - row["den"])
        gap = others - row["hi"]
        if gap > 0 and (worst is None or gap > worst[0]):
            worst = gap, Outlier(row, others)
    return None if worst is None or worst[1].row["hi"] > 0.6 * worst[1].others else worst[1]
