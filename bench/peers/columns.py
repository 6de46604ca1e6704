"""Reads the raw columns that make_data wrote, and says what an answer to each task looks like."""

from __future__ import annotations

import json
import os

import numpy as np
import pyarrow as pa

DAY_US = 86_400_000_000
WINDOW_US = 7 * DAY_US
CLASSES = 5
GROUP_CHECKS = ("users", "rows", "squares", "sum", "min", "max", "keyed")


# source of a funnel → set of events, kind of key, steps
FUNNELS = {
    "funnel-int": ("events", "int", 4),
    "funnel-text": ("events", "text", 4),
    "funnel-12": ("events", "int", 12),
    "funnel-u5": ("events-u5", "int", 4),
    "funnel-heavy": ("events-heavy", "int", 4),
    "funnel-shuffled": ("events-shuffled", "int", 4),
    "funnel-sorted": ("events-sorted", "int", 4),
}
# source of retention → set of events, kind of key
RETENTIONS = {
    "retention-int": ("events", "int"),
    "retention-text": ("events", "text"),
    "retention-shuffled": ("events-shuffled", "int"),
}
RETENTION_DAYS = 30
SOURCES = ("int", "text", "orders", "events", *FUNNELS, *RETENTIONS)


def raw(directory: str, name: str, width: int = 8) -> np.ndarray:
    return np.fromfile(os.path.join(directory, f"{name}.i{8 * width}"), dtype=f"<i{width}")


def sizes(directory: str) -> dict:
    with open(os.path.join(directory, "sizes.json"), encoding="utf-8") as file:
        return json.load(file)


def steps(directory: str, source: str) -> list[int]:
    """The codes of the funnel's steps; empty if the source is none for funnels."""
    return sizes(directory)[f"steps_{FUNNELS[source][2]}"] if source in FUNNELS else []


def first_day(directory: str, source: str) -> int | None:
    """The first day of all, from which cohorts are counted; known before anything is timed."""
    if source not in RETENTIONS:
        return None
    return int(raw(directory, f"{RETENTIONS[source][0]}.time").min()) // DAY_US


def data_set(source: str) -> str:
    """What make_data must write for a source."""
    if source in RETENTIONS:
        return "events-text" if RETENTIONS[source][1] == "text" else RETENTIONS[source][0]
    if source in FUNNELS:
        return "events-text" if FUNNELS[source][1] == "text" else FUNNELS[source][0]
    return "events" if source == "events" else "orders"


def members(directory: str, data: str) -> pa.LargeStringArray:
    offsets = pa.py_buffer(raw(directory, f"{data}.member.offsets"))
    with open(os.path.join(directory, f"{data}.member.bytes"), "rb") as file:
        data = pa.py_buffer(file.read())
    return pa.LargeStringArray.from_buffers(offsets.size // 8 - 1, offsets, data)


def load(directory: str, source: str) -> pa.Table:
    """`int` and `text` are the orders with one kind of key; `orders` and `events` are (key, value) for group-by; the
    sources of funnels are (key, time, code), those of retention (key, time)."""
    if source in RETENTIONS:
        data, kind = RETENTIONS[source]
        key = members(directory, data) if kind == "text" else pa.array(raw(directory, f"{data}.user"))
        return pa.table({"key": key, "time": raw(directory, f"{data}.time")})
    if source in FUNNELS:
        data, kind, _ = FUNNELS[source]
        key = members(directory, data) if kind == "text" else pa.array(raw(directory, f"{data}.user"))
        return pa.table({"key": key, "time": raw(directory, f"{data}.time"), "code": raw(directory, f"{data}.code", 4)})
    if source in ("int", "text"):
        key = pa.array(raw(directory, "orders.customer")) if source == "int" else members(directory, "orders")
        return pa.table({"key": key, "time": raw(directory, "orders.time"), "amount": raw(directory, "orders.amount")})
    names = {"orders": ("orders.customer", "orders.amount"), "events": ("events.user", "events.value")}[source]
    return pa.table({"key": raw(directory, names[0]), "value": raw(directory, names[1])})


def positions(n: int) -> list[int]:
    """Where the four cuts are looked for in the sorted values: floor(n·j/5)."""
    return [n * j // CLASSES for j in range(1, CLASSES)]


def cut(n: int, j: int, value: int, smaller: int, equal: int, next_larger) -> int:
    """Smallest value of class j + 1 or above, from the value at positions(n)[j − 1] of the sorted values.

    Mid-rank: class = floor(5·(2L + E)/(2n)) + 1. Values below `value` end before n·j/5, values above start after it, so
    only two candidates are left.
    """
    if not smaller <= positions(n)[j - 1] < smaller + equal:
        raise AssertionError(
            f"selection gave {value}: {smaller} smaller, {equal} equal, wanted position {positions(n)[j - 1]}"
        )
    if CLASSES * (2 * smaller + equal) >= 2 * n * j:
        return value
    return next_larger() if smaller + equal < n else np.iinfo(np.int64).max


def cuts_of_histogram(values, counts) -> list[int]:
    """The cuts from distinct values in rising order and how often each occurs."""
    values, counts = np.asarray(values, dtype=np.int64), np.asarray(counts, dtype=np.int64)
    smaller = np.cumsum(counts) - counts
    n = int(counts.sum())
    classes = CLASSES * (2 * smaller + counts) // (2 * n) + 1
    found = np.searchsorted(classes, np.arange(2, CLASSES + 1))
    return [int(values[i]) if i < len(values) else int(np.iinfo(np.int64).max) for i in found]


def rfm_answer(customers: int, orders: int, money: int, days: int, cells: dict[int, int]) -> dict:
    """cells: (r·5 + f)·5 + m with scores counted from 0 → customers."""
    dense = [0] * CLASSES**3
    for index, count in cells.items():
        dense[int(index)] = int(count)
    return {"customers": int(customers), "orders": int(orders), "money": int(money), "days": int(days), "cells": dense}


def group_answer(row) -> dict:
    return {name: int(value) for name, value in zip(GROUP_CHECKS, row, strict=True)}


def funnel_answer(reached) -> dict:
    """How many users reach step 1, 2, …"""
    return {"cells": [int(n) for n in reached]}


def reached_of_levels(levels: dict[int, int], count: int) -> dict:
    """levels: furthest step → users who end there."""
    return funnel_answer(sum(n for level, n in levels.items() if level > j) for j in range(count))


def retention_answer(users: int, cells) -> dict:
    """cells: (cohort, days later) → users, of all cohorts; those beyond the triangle are left out."""
    dense = [0] * RETENTION_DAYS**2
    for (cohort, later), count in cells:
        if cohort < RETENTION_DAYS and later < RETENTION_DAYS:
            dense[int(cohort) * RETENTION_DAYS + int(later)] = int(count)
    return {"users": int(users), "cells": dense}


def retention_of_bitmaps(bitmaps, counts) -> dict:
    """bitmaps: bit d = there on day d, counted from the first day of all; counts: how many users have each."""
    bitmaps, counts = np.asarray(bitmaps), np.asarray(counts, dtype=np.int64)
    if bitmaps.dtype != np.uint64:
        raise AssertionError(f"bitmaps of {bitmaps.dtype}, wanted words of 64 bits")
    lowest = bitmaps & (~bitmaps + np.uint64(1))
    first = np.log2(lowest.astype(np.float64)).astype(np.int64)  # powers of two are exact
    cells = np.zeros((64, 64), dtype=np.int64)
    for day in range(64):
        there = (bitmaps >> np.uint64(day)) & np.uint64(1) == 1
        cells[:, day] = np.bincount(first[there], weights=counts[there], minlength=64).astype(np.int64)
    shifted = (((c, d - c), cells[c, d]) for c in range(RETENTION_DAYS) for d in range(c, min(64, c + RETENTION_DAYS)))
    return retention_answer(counts.sum(), shifted)
