"""Small data full of ties, and of windows and days that end to the microsecond, and their answers by the definition alone.

Level of a user: the longest chain of steps 1, 2, … in which no time is before that of the step before, and none is
later than the window after the first. Rows of equal time may be used in the order of the steps.
"""

from __future__ import annotations

import json
import os
import random

import numpy as np

from .columns import DAY_US, RETENTION_DAYS, WINDOW_US, retention_answer

USERS = 1500
SOURCES = ("funnel-int", "funnel-text", "funnel-12", "funnel-sorted", "retention-int", "retention-text")

Row = tuple[int, int, int]  # user, time, code


def level(times: list[list[int]]) -> int:
    """times: for each step when its rows happened."""
    best = 0
    for entry in times[0]:
        reached, length = {entry}, 0
        for rows in [[entry], *times[1:]]:
            reached = {t for t in rows if t <= entry + WINDOW_US and any(before <= t for before in reached)}
            if not reached:
                break
            length += 1
        best = max(best, length)
    return best


def answer(rows: list[Row], steps: list[int]) -> dict:
    users: dict[int, list[list[int]]] = {}
    for user, time, code in rows:
        if code in steps:
            users.setdefault(user, [[] for _ in steps])[steps.index(code)].append(time)
    levels = [level(times) for times in users.values()]
    return {"cells": [sum(n > j for n in levels) for j in range(len(steps))]}


def triangle(rows: list[Row]) -> dict:
    """Users by the first day they are there, and how many of them are there on each day from then on."""
    days: dict[int, set[int]] = {}
    for user, time, _ in rows:
        days.setdefault(user, set()).add(time // DAY_US)
    first = min(min(each) for each in days.values())
    cells = {}
    for cohort in range(RETENTION_DAYS):
        mine = [each for each in days.values() if min(each) == first + cohort]
        for later in range(RETENTION_DAYS):
            cells[cohort, later] = sum(first + cohort + later in each for each in mine)
    return retention_answer(len(days), cells.items())


def make_rows(long: list[int]) -> list[Row]:
    """Half of the users wander, half go down the long funnel and stumble; times are days, some a microsecond off."""
    chance = random.Random(7)
    ids = [0, -1, 1, -(2**63), 2**63 - 1, *(chance.getrandbits(64) - 2**63 for _ in range(USERS - 5))]
    rows = []
    for number, user in enumerate(ids):
        count = chance.randint(1, 30)
        for k in range(count):
            wanders = number % 2 == 0 or chance.random() < 0.3
            code = chance.randint(1, 20) if wanders else long[k * len(long) // count]
            day = chance.randint(0, 20) if wanders else 1 + k // 2
            rows.append((user, 20_000 * DAY_US + day * DAY_US + chance.choice((0, 0, 0, 0, 1, -1)), code))
    chance.shuffle(rows)
    return rows


def write(directory: str, sizes: dict) -> list[Row]:
    """Writes the sets `events` and `events-sorted` as make_data would."""
    rows = make_rows(sizes["steps_12"])
    for name, ordered in (("events", rows), ("events-sorted", sorted(rows, key=lambda r: r[:2]))):
        for suffix, values in zip(("user.i64", "time.i64", "code.i32"), zip(*ordered, strict=True), strict=True):
            np.array(values, dtype="<i4" if suffix.endswith("i32") else "<i8").tofile(
                os.path.join(directory, f"{name}.{suffix}")
            )
    texts = [f"member-{user % 2**64:020d}{'-' * (user % 9)}".encode() for user, _, _ in rows]
    np.cumsum([0, *map(len, texts)]).astype("<i8").tofile(os.path.join(directory, "events.member.offsets.i64"))
    with open(os.path.join(directory, "events.member.bytes"), "wb") as file:
        file.write(b"".join(texts))
    with open(os.path.join(directory, "sizes.json"), "w", encoding="utf-8") as file:
        json.dump({**sizes, "rows": len(rows)}, file)
    return rows
