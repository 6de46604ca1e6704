"""Flags of the command line that say how to read, and the columns that its commands look for."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from .. import _registry, _time
from .._registry import MetricInfo
from . import Field, Reader, Settings

_ASKED = (_registry.KEY, _registry.TIME, _registry.MONEY)

# What a review looks for in any input, by the names that its sections know.
_OF_REVIEW = (
    Field("customer_id", "customer", _registry.KEY, read=True),
    Field("order_id", "order", _registry.KEY),
    Field("original_order_id", "original_order", _registry.KEY),
    Field("time", "time", _registry.TIME, read=True),
    Field("amount", "amount", _registry.MONEY, read=True),
    Field("event", "event", _registry.KEY),
    Field("channel", "channel", _registry.TEXT),
    Field("product", "product", _registry.TEXT),
    Field("category", "category", _registry.TEXT),
    Field("session_id", "session", _registry.KEY),
    Field("staff_id", "staff", _registry.KEY),
    Field("variant", "variant", _registry.KEY),
    Field("experiment", "experiment", _registry.TEXT),
)


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the flags."""
    group = parser.add_argument_group("reading text files (CSV, TSV)")
    group.add_argument(
        "--encoding",
        metavar="NAME",
        help="encoding (default: as the bytes say: UTF-8, UTF-16 by its mark, or GB18030)",
    )
    group.add_argument(
        "--delimiter",
        metavar="SIGN",
        help='between cells: a character or "tab" (default: of , ; tab | what splits the header most)',
    )
    group.add_argument(
        "--decimal",
        choices=(".", ","),
        default=".",
        help="sign before decimals (default: . as in 1,234.50 or 1 234.50; with , as in 1.234,50 or 1 234,50)",
    )
    group.add_argument(
        "--date-order",
        choices=("dmy", "mdy"),
        help="day or month first in dates such as 01/02/2024 (default: what all dates of the column allow; a question "
        "if that is both)",
    )
    group.add_argument(
        "--amounts",
        choices=("auto", "major", "minor"),
        default="auto",
        help="amounts in whole currency (major: 元) or in its smallest unit (minor: 分); auto, the default: major if any has a "
        "decimal point or a currency sign or the heading says (元), else minor",
    )
    group.add_argument(
        "--bad-rows",
        choices=("error", "skip"),
        default="error",
        help="rows that cannot be read: stop at the first (default), or leave them out and count them",
    )


def reader(given: argparse.Namespace, exponent: Any = None, said: Callable[[str], None] | None = None) -> Reader:
    """A reader as the flags say."""
    settings = Settings(
        encoding=given.encoding,
        delimiter=given.delimiter,
        date_order=given.date_order,
        decimal=given.decimal,
        amounts=given.amounts,
        exponent=2 if exponent is None else int(exponent),
        skip_bad=given.bad_rows == "skip",
        zone=_time.zone(given.tz),
    )
    return Reader(settings, threads=given.threads, said=said)


def of_metric(metric: MetricInfo) -> list[Field]:
    """The columns of a metric."""
    return [
        Field(
            column.name,
            column.keyword,
            column.role,
            required=column.required and column.role in _ASKED,
            read=column.role in (_registry.TIME, _registry.MONEY),
        )
        for column in metric.columns
    ]


def of_review() -> list[Field]:
    """The columns of a review's inputs."""
    return list(_OF_REVIEW)


def of_plan(columns: Mapping[str, str]) -> list[Field]:
    """The order rows of a plan, by the names in its model file; usual names will do where it says nothing else."""
    known = {item.keyword: item for item in _OF_REVIEW}
    return [
        Field(
            column,
            key,
            known[key].role,
            read=known[key].read,
            how=f'history.columns.{key} = "NAME" in the model file',
        )
        for key, column in columns.items()
        if key in known
    ]


def named(arguments: Mapping[str, Any], fields: list[Field]) -> dict[str, str]:
    """Columns that the user named, by keyword."""
    keywords = {item.keyword for item in fields}
    return {name: str(value) for name, value in arguments.items() if name in keywords and isinstance(value, str)}
