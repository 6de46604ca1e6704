"""Rows of touches and conversions, paths of journeys, and how they lie in files for bench_attribution and its peers."""

from __future__ import annotations

import csv
import itertools
import os
from pathlib import Path
from typing import Any

import numpy as np

CHANNELS = (
    *("app_push", "direct_visit", "group_chat", "kol", "livestream", "mini_program"),
    *("moments", "official_account", "offline_store", "qr_code", "short_video", "sms"),
)
CHANCES = (0.09, 0.12, 0.16, 0.01, 0.11, 0.15, 0.10, 0.02, 0.09, 0.05, 0.07, 0.03)
CONVERSION = len(CHANNELS)  # codes beyond those of the channels
NULL = CONVERSION + 1
HOUR = 3_600_000_000
START = 1_767_225_600_000_000  # 2026-01-01, µs
Columns = dict[str, np.ndarray]
PathRow = tuple[str, int, float, int]  # path, conversions, value, nulls


def make_rows(touches: int) -> Columns:
    """Touches of 90 days, times of a tenth of them at the full hour, so that some are equal. Some users come more
    often; three of ten touches are in the channel that the user likes best. Conversions follow touches, a tenth at the
    same instant; some are of users without any. Rows arrive half a minute late, more or less."""
    chance = np.random.default_rng(20260102)
    users = max(1, touches // 5)
    who = (users * chance.random(touches) ** 1.6).astype("<i8")
    time = START + chance.integers(0, 90 * 24 * HOUR, touches)
    round_hours = chance.random(touches) < 0.1
    time[round_hours] -= time[round_hours] % HOUR
    code = chance.choice(len(CHANNELS), touches, p=CHANCES).astype("u1")
    often = who % len(CHANNELS)
    code = np.where(chance.random(touches) < 0.3, often, code).astype("u1")
    twins = chance.integers(0, touches, touches // 100)  # two channels at one time
    who[(twins + 1) % touches], time[(twins + 1) % touches] = who[twins], time[twins]
    bought = chance.integers(0, touches, touches * 7 // 100)
    later = (chance.exponential(2 * HOUR, len(bought)) * (chance.random(len(bought)) < 0.9)).astype("<i8")
    buyers = np.where(chance.random(len(bought)) < 0.03, users + bought, who[bought])
    # a user converts once at a time, or the order would ask for the value as well
    _, once = np.unique(np.stack([buyers, time[bought] + later]), axis=1, return_index=True)
    bought, later, buyers = bought[once], later[once], buyers[once]
    columns = {
        "user": np.concatenate([who, buyers]) * np.int64(-7046029254386353131) + np.int64(1234567),
        "time": np.concatenate([time, time[bought] + later]),
        "code": np.concatenate([code, np.full(len(bought), CONVERSION, "u1")]),
        "value": np.concatenate([np.zeros(touches, "<i8"), chance.integers(100, 60_000, len(bought))]),
    }
    arrived = np.argsort(columns["time"] + chance.exponential(30e6, len(columns["time"])), kind="stable")
    return {name: np.ascontiguousarray(column[arrived]) for name, column in columns.items()}


def write_rows(columns: Columns, directory: Path) -> None:
    for name, column in columns.items():
        column.tofile(directory / f"{name}.{'u8' if name == 'code' else 'i64'}")
    (directory / "channels.txt").write_text("".join(f"{channel}\n" for channel in CHANNELS), encoding="utf-8")


def read_rows(directory: Path) -> Columns:
    columns = {name: np.fromfile(directory / f"{name}.i64", dtype="<i8") for name in ("user", "time", "value")}
    columns["code"] = np.fromfile(directory / "code.u8", dtype="u1")
    return columns


def write_paths(rows: list[PathRow], directory: Path) -> None:
    """Path, conversions, value, nulls."""
    directory.mkdir()
    texts = [row[0].encode() for row in rows]
    (directory / "path.bytes").write_bytes(b"".join(texts))
    np.cumsum([0, *map(len, texts)], dtype="<i8").tofile(directory / "path.offsets.i64")
    for at, (name, kind) in enumerate({"conversions": "i8", "value": "f8", "nulls": "i8"}.items(), start=1):
        np.array([row[at] for row in rows], dtype=f"<{kind}").tofile(directory / f"{name}.{kind[0]}64")


def read_paths(directory: Path) -> dict[str, Any]:
    offsets = np.fromfile(directory / "path.offsets.i64", dtype="<i8").tolist()
    texts = (directory / "path.bytes").read_bytes().decode()  # one byte a character
    return {
        "path": [texts[a:b] for a, b in itertools.pairwise(offsets)],
        "conversions": np.fromfile(directory / "conversions.i64", dtype="<i8"),
        "value": np.fromfile(directory / "value.f64", dtype="<f8"),
        "nulls": np.fromfile(directory / "nulls.i64", dtype="<i8"),
    }


class Sorted:
    """Rows by user, time and code; where journeys begin, and what they are."""

    def __init__(self, columns: Columns, packed: bool = True) -> None:
        user, time, code = columns["user"], columns["time"], columns["code"]
        order = np.lexsort((time * 16 + code, user) if packed else (code, time, user))
        self.code = code[order]
        self.value = columns["value"][order]
        user = user[order]
        self.changes: np.ndarray = np.ones(len(user), dtype=bool)  # a user's first row
        np.not_equal(user[1:], user[:-1], out=self.changes[1:])
        self.touch = self.code < CONVERSION

    def each(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of every journey: touches, whether it converted, its value."""
        begins = self.changes.copy()
        begins[1:] |= ~self.touch[:-1]
        self.journey = np.cumsum(begins) - 1
        self.begin = np.flatnonzero(begins)
        end: np.ndarray = np.append(self.begin[1:], len(self.code)) - 1
        converted = ~self.touch[end]
        return end - self.begin + 1 - converted, converted, np.where(converted, self.value[end], 0)


def journeys_of(columns: Columns, most: int) -> list[PathRow]:
    """A path a journey, those without touches left out."""
    journeys = Sorted(columns)
    words = np.array(CHANNELS)[journeys.code[journeys.touch]].tolist()
    found: list[PathRow] = []
    at = 0
    for touches, converted, value in zip(*(each.tolist() for each in journeys.each()), strict=True):
        if touches > 0 and len(found) < most:
            found.append((" > ".join(words[at : at + touches]), int(converted), float(value), int(not converted)))
        at += touches
    return found


def path_data() -> list[PathRow] | None:
    root = Path(__file__).resolve().parents[2]
    path = Path(os.environ.get("PDM_SHARED") or root.parent / "shared") / "data" / "attribution" / "PathData.csv"
    if not path.exists():
        return None
    with path.open(encoding="utf-8", newline="") as file:
        return [
            (row["path"], int(row["total_conversions"]), float(row["total_conversion_value"]), int(row["total_null"]))
            for row in csv.DictReader(file)
        ]
