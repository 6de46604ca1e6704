"""Attribution beside DuckDB, Polars, ClickHouse, NumPy, pandas and ChannelAttribution; equal answers are checked.

    cd bench && python -m peers.attribution_peer --program ../build/bench/bench/bench_attribution

Rows are touches (five million by default, a fifth as many users, 12 channels) and 7 % as many conversions, in the order they arrive. A
conversion's touches are those after the conversion before, however old; touches after a user's last conversion are a journey that did not
convert; a conversion without touches counts nowhere; rows of one time go by channel, conversions last. Questions:

``transitions``  how often a journey goes from (start) to a channel, from channel to channel, and on to (conversion) or (null). The library makes
                 the removal effects and all its other tables as well.
``rules``        credits of first touch, last touch, linear and position-based (.4/.2/.4), conversions and value. The same.
``all``          thirteen rules and the Markov chain: the library alone.
``order-k``      Markov chains with all removal effects from paths with counts: PathData of the package ChannelAttribution (from
                 ``data/attribution`` of PDM_SHARED; left out where it is not there), and a million journeys of the rows above, a path a row.
                 Its simulation, as it comes, is timed beside the exact solution and its largest deviation printed. The package is under
                 the GPL and is compiled as it is installed, so nothing installs it on its own: ``pip install ChannelAttribution matplotlib``.

Peers get the channel as a small integer in the order of the names, or of texts as the library takes them only their places in a
dictionary, which spares them the texts. Transitions must be equal, credits within 1e-9. Ratios are medians over rounds in which library
and peers take turns, each engine in a process of its own; what took twice as long as an engine's best way while warming up is not kept.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import os
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from . import turns

CHANNELS = (
    *("app_push", "direct_visit", "group_chat", "kol", "livestream", "mini_program"),
    *("moments", "official_account", "offline_store", "qr_code", "short_video", "sms"),
)
CHANCES = (0.09, 0.12, 0.16, 0.01, 0.11, 0.15, 0.10, 0.02, 0.09, 0.05, 0.07, 0.03)
CONVERSION = len(CHANNELS)  # codes beyond those of the channels
NULL = CONVERSION + 1
HOUR = 3_600_000_000
START = 1_767_225_600_000_000  # 2026-01-01, µs
RULES = ("first_touch", "last_touch", "linear", "position_based")
TOLERANCE = 1e-9
Columns = dict[str, np.ndarray]
Transitions = dict[str, int]  # "from>to" → how often
Credits = dict[str, list[float]]  # "model>channel" → conversions, value
Ways = dict[str, dict[str, Callable[[Any], Any]]]


# ----------------------------------------------------------------------------------------------------------------- rows


def make_rows(touches: int) -> Columns:
    """90 days; a few users come often, most a few times; the next channel is likely the last one again; times of a tenth are whole hours,
    so that many are equal; conversions follow touches, some at the same instant, some of users without any. Rows arrive half a minute late."""
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


def write_paths(rows: list[tuple[str, int, float, int]], directory: Path) -> None:
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


def journeys_of(columns: Columns, most: int) -> list[tuple[str, int, float, int]]:
    """A path a journey, those without touches left out."""
    journeys = Sorted(columns)
    words = np.array(CHANNELS)[journeys.code[journeys.touch]].tolist()
    found = []
    at = 0
    for touches, converted, value in zip(*(each.tolist() for each in journeys.each()), strict=True):
        if touches > 0 and len(found) < most:
            found.append((" > ".join(words[at : at + touches]), int(converted), float(value), int(not converted)))
        at += touches
    return found


def path_data() -> list[tuple[str, int, float, int]] | None:
    root = Path(__file__).resolve().parents[2]
    path = Path(os.environ.get("PDM_SHARED") or root.parent / "shared") / "data" / "attribution" / "PathData.csv"
    if not path.exists():
        return None
    with path.open(encoding="utf-8", newline="") as file:
        return [
            (row["path"], int(row["total_conversions"]), float(row["total_conversion_value"]), int(row["total_null"]))
            for row in csv.DictReader(file)
        ]


# ---------------------------------------------------------------------------------------------------------------- peers

# how engines number what they find: a pair of codes, the first one CONVERSION at the start of a journey


def transitions_of(pairs: Iterable[tuple[int, int, int]]) -> Transitions:
    names = (*CHANNELS, "(conversion)", "(null)")
    found: Counter[str] = Counter()
    for a, b, count in pairs:
        if a != CONVERSION or b < CONVERSION:  # else a conversion without touches, or nothing after the last one
            found[f"{'(start)' if a == CONVERSION else CHANNELS[int(a)]}>{names[int(b)]}"] += int(count)
    return {key: count for key, count in found.items() if count > 0}


def credits_of(rows: Iterable[Iterable[Any]]) -> Credits:
    """Code, then conversions and value of each rule."""
    found = {}
    for code, *numbers in rows:
        for at, model in enumerate(RULES):
            found[f"{model}>{CHANNELS[int(code)]}"] = [float(numbers[2 * at]), float(numbers[2 * at + 1])]
    return found


# weights of touch i of n, from 0, in SQL
_WEIGHTS = (
    "CASE WHEN i = 0 THEN 1 ELSE 0 END",
    "CASE WHEN i = n - 1 THEN 1 ELSE 0 END",
    "1.0 / n",
    "CASE WHEN n = 1 THEN 1.0 WHEN n = 2 THEN 0.5 WHEN i = 0 OR i = n - 1 THEN 0.4 ELSE 0.2 / (n - 2) END",
)
_CREDITS = ", ".join(f"sum({weight}), sum(({weight}) * worth)" for weight in _WEIGHTS)


class DuckDB:
    """SQL over a table in memory."""

    def __init__(self, columns: Columns, threads: int) -> None:
        import duckdb

        self.db = duckdb.connect()
        self.db.execute(f"SET threads = {threads}")
        self.version = duckdb.__version__
        frame = columns  # noqa: F841  DuckDB finds it by its name
        self.db.execute("CREATE TABLE rows AS SELECT user AS id, time, code, value FROM frame")

    def _lags(self, source: str) -> Transitions:
        found = self.db.execute(f"SELECT a, b, last, count(*) FROM ({source}) GROUP BY a, b, last").fetchall()
        pairs = [(a, b, n) for a, b, _, n in found]
        return transitions_of([*pairs, *((b, NULL, n) for _, b, last, n in found if last)])

    def _window(self, order: str) -> Transitions:
        return self._lags(
            f"""SELECT lag(code, 1, {CONVERSION}) OVER w AS a, code AS b, lead(code) OVER w IS NULL AS last
                FROM rows WINDOW w AS (PARTITION BY id ORDER BY {order})"""
        )

    def window(self) -> Transitions:
        """the textbook query: lag and lead within the user"""
        return self._window("time, code")

    def window_packed(self) -> Transitions:
        """the same; time and code in one integer"""
        return self._window("time * 16 + code")

    def ordered(self) -> Transitions:
        """all rows sorted, then lag and lead over them as they come"""
        return self._lags(
            f"""SELECT CASE WHEN id = before THEN a ELSE {CONVERSION} END AS a, b, after IS DISTINCT FROM id AS last FROM (
                  SELECT id, code AS b, lag(id) OVER () AS before, lag(code) OVER () AS a, lead(id) OVER () AS after
                  FROM (SELECT id, code FROM rows ORDER BY id, time * 16 + code))"""
        )

    def lists(self) -> Transitions:
        """a sorted list a user, taken apart"""
        return transitions_of(
            self.db.execute(
                f"""SELECT a & 15, b & 15, count(*)
                    FROM (SELECT unnest(list_prepend({CONVERSION}, l)) AS a, unnest(list_append(l, {NULL})) AS b
                          FROM (SELECT list_sort(list(time * 16 + code)) AS l FROM rows GROUP BY id))
                    GROUP BY 1, 2"""
            ).fetchall()
        )

    def rules(self) -> Credits:
        """window functions: conversions before a row number its journey, then the place in it"""
        return credits_of(
            self.db.execute(
                f"""SELECT code, {_CREDITS} FROM (
                      SELECT code, row_number() OVER j - 1 AS i, count(*) OVER k - 1 AS n, max(code) OVER k AS most, sum(value) OVER k AS worth
                      FROM (SELECT *, coalesce(sum((code = {CONVERSION})::INT) OVER (PARTITION BY id ORDER BY time, code
                                               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS journey FROM rows)
                      WINDOW j AS (PARTITION BY id, journey ORDER BY time, code), k AS (PARTITION BY id, journey))
                    WHERE most = {CONVERSION} AND code < {CONVERSION} GROUP BY code"""
            ).fetchall()
        )

    def rules_lists(self) -> Credits:
        """the same numbers; a list a journey, taken apart with its places"""
        return credits_of(
            self.db.execute(
                f"""SELECT code, {_CREDITS} FROM (
                      SELECT unnest(l) & 15 AS code, unnest(range(len(l))) AS i, len(l) AS n, worth FROM (
                        SELECT list(time * 16 + code ORDER BY time * 16 + code) FILTER (code < {CONVERSION}) AS l,
                               max(code) AS most, sum(value) AS worth
                        FROM (SELECT *, coalesce(sum((code = {CONVERSION})::INT) OVER (PARTITION BY id ORDER BY time, code
                                                 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS journey FROM rows)
                        GROUP BY id, journey) WHERE most = {CONVERSION}) GROUP BY code"""
            ).fetchall()
        )

    ways: Ways = {
        "transitions": {"window": window, "window-packed": window_packed, "ordered": ordered, "lists": lists},
        "rules": {"windows": rules, "lists": rules_lists},
    }


class Polars:
    """Lazy expressions over a frame in memory."""

    def __init__(self, columns: Columns, threads: int) -> None:
        import polars as pl

        if pl.thread_pool_size() != threads:
            raise RuntimeError(f"{pl.thread_pool_size()} threads, {threads} wanted")
        self.pl = pl
        self.version = pl.__version__
        self.frame = pl.DataFrame(columns).lazy()

    def _packed(self) -> Any:
        pl = self.pl
        return self.frame.with_columns(key=pl.col("time") * 16 + pl.col("code").cast(pl.Int64))

    def _lags(self, ordered: Any) -> Transitions:
        pl = self.pl
        same = pl.col("user") == pl.col("user").shift(1)
        found = (
            ordered.select(
                a=pl.when(same).then(pl.col("code").shift(1)).otherwise(CONVERSION).fill_null(CONVERSION),
                b=pl.col("code"),
                last=(pl.col("user") != pl.col("user").shift(-1)).fill_null(True),
            )
            .group_by("a", "b", "last")
            .agg(n=pl.len())
            .collect()
            .rows()
        )
        return transitions_of(
            [*((a, b, n) for a, b, _, n in found), *((b, NULL, n) for _, b, last, n in found if last)]
        )

    def ordered(self) -> Transitions:
        """all rows sorted by three columns, then shift"""
        return self._lags(self.frame.sort("user", "time", "code"))

    def ordered_packed(self) -> Transitions:
        """the same; time and code in one integer"""
        return self._lags(self._packed().sort("user", "key"))

    def lists(self) -> Transitions:
        """a sorted list a user, taken apart"""
        pl = self.pl
        key = pl.col("key").sort() & 15
        found = (
            self._packed()
            .group_by("user")
            .agg(a=pl.concat([pl.lit(CONVERSION, pl.Int64), key]), b=pl.concat([key, pl.lit(NULL, pl.Int64)]))
            .select(pl.col("a").explode(), pl.col("b").explode())
            .group_by("a", "b")
            .agg(n=pl.len())
            .collect()
        )
        return transitions_of(found.rows())

    def rules(self) -> Credits:
        """all rows sorted; a running count of ends numbers the journeys, expressions over them the places"""
        pl = self.pl
        code = pl.col("code")
        begins = ((pl.col("user") != pl.col("user").shift(1)) | (code.shift(1) == CONVERSION)).fill_null(True)
        i, n, worth = pl.col("i"), pl.col("n"), pl.col("worth")
        edge = (i == 0) | (i == n - 1)
        weights = (
            (i == 0).cast(pl.Float64),
            (i == n - 1).cast(pl.Float64),
            1.0 / n,
            pl.when(n == 1).then(1.0).when(n == 2).then(0.5).when(edge).then(0.4).otherwise(0.2 / (n - 2)),
        )
        sums = [
            each.alias(f"{at}{kind}")
            for at, weight in enumerate(weights)
            for kind, each in (("c", weight.sum()), ("v", (weight * worth).sum()))
        ]
        at = pl.int_range(pl.len(), dtype=pl.Int64)
        rows = (
            self._packed()
            .sort("user", "key")
            .select("code", "value", journey=begins.cum_sum(), at=at, begin=pl.when(begins).then(at).forward_fill())
        )
        ends = rows.filter(code == CONVERSION).select("journey", worth="value", n=pl.col("at") - pl.col("begin"))
        touches = rows.filter(code < CONVERSION).select("code", "journey", i=pl.col("at") - pl.col("begin"))
        return credits_of(touches.join(ends, on="journey").group_by("code").agg(*sums).collect().rows())

    ways: Ways = {
        "transitions": {"ordered": ordered, "ordered-packed": ordered_packed, "lists": lists},
        "rules": {"ordered": rules},
    }


class ClickHouse:
    """SQL (chDB) over a Memory table of the engine inside this process."""

    def __init__(self, columns: Columns, threads: int) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq
        from chdb import session

        self.db = session.Session()
        self.db.query(f"SET max_threads = {threads}")
        self.db.query("SET max_threads_min_free_memory_per_thread = 0")
        self.version = str(self.db.query("SELECT version()", "TSV")).strip()
        self.db.query("CREATE DATABASE IF NOT EXISTS bench")
        self.db.query("CREATE TABLE bench.data (user Int64, time Int64, code UInt8, value Int64) ENGINE = Memory")
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "rows.parquet"
            pq.write_table(pa.table(columns), path, compression="none", use_dictionary=False)
            self.db.query(f"INSERT INTO bench.data SELECT user, time, code, value FROM file('{path}', 'Parquet')")
        if self._rows("SELECT count() FROM bench.data") != [[str(len(columns["user"]))]]:
            raise RuntimeError("ClickHouse did not take all rows")
        if self._rows("SELECT getSetting('max_threads')") != [[str(threads)]]:
            raise RuntimeError(f"ClickHouse does not run {threads} threads")

    def _rows(self, sql: str) -> list[list[str]]:
        return [line.split("\t") for line in str(self.db.query(sql, "TSV")).splitlines()]

    def _pairs(self, codes: str) -> Transitions:
        found = self._rows(
            f"""SELECT pair.1, pair.2, count()
                FROM (SELECT arrayJoin(arrayZip(arrayPushFront(l, {CONVERSION}), arrayPushBack(l, {NULL}))) AS pair
                      FROM (SELECT {codes} AS l FROM bench.data GROUP BY user))
                GROUP BY 1, 2"""
        )
        return transitions_of((int(a), int(b), int(n)) for a, b, n in found)

    def tuples(self) -> Transitions:
        """groupArray of (time, code) a user, sorted, arrayJoin of its pairs"""
        return self._pairs("arrayMap(x -> x.2, arraySort(groupArray((time, code))))")

    def packed(self) -> Transitions:
        """the same; time and code in one integer"""
        return self._pairs("arrayMap(x -> toUInt8(bitAnd(x, 15)), arraySort(groupArray(time * 16 + code)))")

    def window(self) -> Transitions:
        """the textbook query: lagInFrame and leadInFrame within the user"""
        rows = "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
        found = self._rows(
            f"""SELECT a, b, c, count() FROM (
                  SELECT lagInFrame(code, 1, {CONVERSION}) OVER w AS a, code AS b, leadInFrame(code, 1, {NULL}) OVER w AS c
                  FROM bench.data WINDOW w AS (PARTITION BY user ORDER BY time, code {rows})) GROUP BY a, b, c"""
        )
        numbers = [tuple(map(int, row)) for row in found]
        ends = [(b, NULL, n) for _, b, c, n in numbers if c == NULL]
        return transitions_of([*((a, b, n) for a, b, _, n in numbers), *ends])

    def rules(self) -> Credits:
        """groupArray of (time and code, value) a user, sorted, split after conversions, taken apart with the places"""
        found = self._rows(
            f"""SELECT code, {_CREDITS} FROM (
                  SELECT bitAnd(x.1, 15) AS code, toInt64(at) AS i, length(l) - 1 AS n, l[-1].2 AS worth
                  FROM (SELECT arrayJoin(arrayFilter(y -> bitAnd(y[-1].1, 15) = {CONVERSION}, arrayReverseSplit(
                               x -> bitAnd(x.1, 15) = {CONVERSION}, arraySort(groupArray((time * 16 + code, value)))))) AS l
                        FROM bench.data GROUP BY user)
                  ARRAY JOIN l AS x, range(length(l)) AS at)
                WHERE code < {CONVERSION} GROUP BY code"""
        )
        return credits_of([int(row[0]), *map(float, row[1:])] for row in found)

    ways: Ways = {"transitions": {"tuples": tuples, "packed": packed, "window": window}, "rules": {"arrays": rules}}


class Sorted:
    """Rows by user, time and code; where journeys begin, and what they are."""

    def __init__(self, columns: Columns, packed: bool = True) -> None:
        user, time, code = columns["user"], columns["time"], columns["code"]
        order = np.lexsort((time * 16 + code, user) if packed else (code, time, user))
        self.code = code[order]
        self.value = columns["value"][order]
        user = user[order]
        self.changes = np.ones(len(user), dtype=bool)  # a user's first row
        np.not_equal(user[1:], user[:-1], out=self.changes[1:])
        self.touch = self.code < CONVERSION

    def each(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of every journey: touches, whether it converted, its value."""
        begins = self.changes.copy()
        begins[1:] |= ~self.touch[:-1]
        self.journey = np.cumsum(begins) - 1
        self.begin = np.flatnonzero(begins)
        end = np.append(self.begin[1:], len(self.code)) - 1
        converted = ~self.touch[end]
        return end - self.begin + 1 - converted, converted, np.where(converted, self.value[end], 0)


class NumPy:
    """Arrays, one thread."""

    def __init__(self, columns: Columns, threads: int) -> None:
        self.columns = columns
        self.version = np.__version__

    def _pairs(self, packed: bool) -> Transitions:
        rows = Sorted(self.columns, packed)
        before = np.empty_like(rows.code)
        before[1:] = rows.code[:-1]
        before[rows.changes] = CONVERSION
        last = np.append(rows.changes[1:], True)
        pairs = np.bincount(before * np.uint8(16) + rows.code, minlength=256).reshape(16, 16)
        pairs[:, NULL] = np.bincount(rows.code[last], minlength=16)
        return transitions_of((a, b, pairs[a, b]) for a in range(CONVERSION + 1) for b in range(NULL + 1))

    def lexsort(self) -> Transitions:
        """lexsort of three columns, bincount of pairs"""
        return self._pairs(packed=False)

    def packed(self) -> Transitions:
        """the same; time and code in one integer"""
        return self._pairs(packed=True)

    def rules(self) -> Credits:
        """lexsort, journeys by cumsum, bincount with weights"""
        rows = Sorted(self.columns)
        touches, converted, worth = rows.each()
        chosen = np.flatnonzero(rows.touch & converted[rows.journey])
        journey, code = rows.journey[chosen], rows.code[chosen]
        i, n, value = chosen - rows.begin[journey], touches[journey], worth[journey]
        edge = (i == 0) | (i == n - 1)
        inner = np.where(edge, 0.4, 0.2 / np.maximum(n - 2, 1))
        weights = (i == 0, i == n - 1, 1.0 / n, np.where(n == 1, 1.0, np.where(n == 2, 0.5, inner)))
        sums = [
            np.bincount(code, weights=each, minlength=CONVERSION)
            for weight in weights
            for each in (weight, weight * value)
        ]
        return credits_of(zip(range(CONVERSION), *sums, strict=True))

    ways: Ways = {"transitions": {"lexsort": lexsort, "packed": packed}, "rules": {"bincount": rules}}


class Pandas:
    """Frames, one thread."""

    def __init__(self, columns: Columns, threads: int) -> None:
        import pandas as pd

        self.pd = pd
        self.version = pd.__version__
        self.frame = pd.DataFrame(columns)

    def groupby(self) -> Transitions:
        """sort_values, shift within the user, value_counts"""
        frame = self.frame.sort_values(["user", "time", "code"])
        of_user = frame.groupby("user", sort=False)["code"]
        pairs = self.pd.DataFrame({"a": of_user.shift(1, fill_value=CONVERSION), "b": frame["code"]}).value_counts()
        ends = frame.drop_duplicates("user", keep="last")["code"].value_counts()
        return transitions_of([*((a, b, n) for (a, b), n in pairs.items()), *((b, NULL, n) for b, n in ends.items())])

    def rules(self) -> Credits:
        """sort_values, journeys by cumsum, groupby and transform"""
        frame = self.frame.sort_values(["user", "time", "code"])
        begins = (frame["user"] != frame["user"].shift()) | (frame["code"].shift() == CONVERSION)
        journeys = frame.groupby(begins.cumsum(), sort=False)
        frame = frame.assign(
            i=journeys.cumcount(),
            n=journeys["code"].transform("size") - 1,
            most=journeys["code"].transform("max"),
            worth=journeys["value"].transform("sum"),
        )
        frame = frame[(frame["most"] == CONVERSION) & (frame["code"] < CONVERSION)]
        first, last = frame["i"] == 0, frame["i"] == frame["n"] - 1
        position = (0.2 / (frame["n"] - 2).clip(lower=1)).mask(first | last, 0.4)
        position = position.mask(frame["n"] == 2, 0.5).mask(frame["n"] == 1, 1.0)
        weights = {}
        for at, weight in enumerate((first.astype(float), last.astype(float), 1.0 / frame["n"], position)):
            weights[f"{at}c"], weights[f"{at}v"] = weight, weight * frame["worth"]
        sums = self.pd.DataFrame(weights).groupby(frame["code"]).sum()
        return credits_of(sums.itertuples())

    ways: Ways = {"transitions": {"groupby": groupby}, "rules": {"groupby": rules}}


class ChannelAttribution:
    """markov_model over a frame of paths; it simulates."""

    def __init__(self, directory: Path, threads: int) -> None:
        from importlib.metadata import version

        import pandas as pd
        from ChannelAttribution import markov_model

        self.model = markov_model
        self.threads = threads
        self.version = version("ChannelAttribution")
        self.frame = pd.DataFrame(read_paths(directory))

    def _model(self, order: int) -> Credits:
        found = self.model(
            self.frame,
            "path",
            "conversions",
            var_value="value",
            var_null="nulls",
            order=order,
            ncore=self.threads,
            out_more=True,
            verbose=False,
            flg_pro=False,
        )["result"]
        return {
            f"markov>{channel}": [conversions, value] for channel, conversions, value in found.itertuples(index=False)
        }

    def order_1(self) -> Credits:
        """its defaults"""
        return self._model(1)

    def order_4(self) -> Credits:
        """its defaults"""
        return self._model(4)

    ways: Ways = {"order-1": {"simulation": order_1}, "order-4": {"simulation": order_4}}


ENGINES = {"duckdb": DuckDB, "polars": Polars, "clickhouse": ClickHouse, "numpy": NumPy, "pandas": Pandas}
SIMULATION = "channelattribution"
ONE_THREAD = ("numpy", "pandas")


def work(engine: str, directory: Path, threads: int) -> None:
    """A process of one engine."""
    if engine == SIMULATION:
        turns.serve(lambda: ChannelAttribution(directory, threads))
        return
    columns = {name: np.fromfile(directory / f"{name}.i64", dtype="<i8") for name in ("user", "time", "value")}
    columns["code"] = np.fromfile(directory / "code.u8", dtype="u1")
    turns.serve(lambda: ENGINES[engine](columns, threads))


# ------------------------------------------------------------------------------------------------------------ comparing


def library_table(path: Path, keys: slice, numbers: slice, kind: Callable[[str], Any]) -> dict[str, list[Any]]:
    lines = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return {">".join(line[keys]): [kind(number) for number in line[numbers]] for line in lines}


def library_credits(path: Path) -> Credits:
    """Of channels: model, row_kind, channel, conversions, value."""
    found = library_table(path, slice(0, 3), slice(3, 5), float)
    return {key.replace(">channel>", ">"): value for key, value in found.items() if ">channel>" in key}


def check_transitions(who: str, expected: Transitions, got: Transitions) -> None:
    for key in sorted({*expected, *got}):
        if expected.get(key) != got.get(key):
            sys.exit(f"transitions, {key}: {expected.get(key)} in the library, {got.get(key)} in {who}")


def check_credits(who: str, expected: Credits, got: Credits) -> None:
    for key in sorted({*expected, *got}):
        for left, right in zip(expected.get(key, [0.0, 0.0]), got.get(key, [0.0, 0.0]), strict=True):
            if not abs(left - right) <= TOLERANCE * max(1.0, abs(left)):
                sys.exit(f"rules, {key}: {left!r} in the library, {right!r} in {who}")


class Table:
    """Times of ways, and of the library in the same round."""

    def __init__(self) -> None:
        self.times: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
        self.dropped: dict[tuple[str, str, str], float] = {}

    def add(self, question: str, engine: str, way: str, ms: float, library_ms: float) -> None:
        self.times.setdefault((question, engine, way), []).append((ms, library_ms))

    def settle(self) -> None:
        """After the round that warms up: forget its times, and ways far from the best of their engine."""
        best: dict[tuple[str, str], float] = {}
        for (question, engine, _), values in self.times.items():
            best[question, engine] = min(best.get((question, engine), values[-1][0]), values[-1][0])
        for key, values in self.times.items():
            if values[-1][0] > 2 * best[key[:2]]:
                self.dropped[key] = values[-1][0]
        self.times.clear()

    def show(self, question: str, rows: int) -> None:
        for (asked, engine, way), values in self.times.items():
            if asked == question:
                ms = statistics.median(ms for ms, _ in values)
                ratio = statistics.median(ms / library for ms, library in values)
                print(f"| {question} | {engine} | {way} | {ms:.1f} | {ms * 1e6 / rows:.1f} | {ratio:.2f} |")
        for (asked, engine, way), ms in self.dropped.items():
            if asked == question:
                print(f"| {question} | {engine} | {way}, not kept | {ms:.1f} | {ms * 1e6 / rows:.1f} | |")


def show_library(told: list[dict[str, Any]], rows: int) -> None:
    """A formulation of the library, a line a round."""
    ms, cold, update, result = (
        statistics.median(line[name] for line in told) for name in ("ms", "ms_cold", "update_ms", "result_ms")
    )
    way = f"rows {update:.1f} ms, all tables {result:.1f} ms; cold {cold:.1f} ms; {told[0]['state_bytes'] / rows:.0f} bytes a row held"
    print(f"| {told[0]['formulation']} | pdmetrics | {way} | {ms:.1f} | {ms * 1e6 / rows:.1f} | 1 |")


_HEAD = "| question | engine | way | median ms | ns/row | peer / library |\n|---|---|---|---:|---:|---:|"


def start(engines: Iterable[str], directory: Path, threads: int) -> list[turns.Worker]:
    """The engines that are here; says which are not."""
    found = []
    for engine in engines:
        worker = turns.Worker("attribution_peer", engine, directory, threads)
        if worker.missing is None:
            found.append(worker)
        else:
            print(f"\n{engine} is left out: {worker.missing}", flush=True)
            worker.close()
    return found


def compare_events(program: Path, directory: Path, threads: int, rounds: int, peers: list[str]) -> None:
    table = Table()
    told: list[dict[str, dict[str, Any]]] = []
    workers = start([each for each in peers if threads == 1 or each not in ONE_THREAD], directory, threads)
    try:
        for number in range(rounds + 1):  # the first one warms up
            told.append(turns.run_library(program, directory, "events", threads, 3))
            counted = library_table(directory / "transitions-transitions.tsv", slice(0, 2), slice(2, 3), int)
            transitions = {key: count for key, (count,) in counted.items()}
            credits = library_credits(directory / "credits-rules.tsv")
            for worker in workers:
                for question, ways in ENGINES[worker.engine].ways.items():
                    for way in ways:
                        if (question, worker.engine, way) in table.dropped:
                            continue
                        ms, answer = worker.ask(question, way)
                        if question == "transitions":
                            check_transitions(f"{worker.engine} ({way})", transitions, answer)
                        else:
                            check_credits(f"{worker.engine} ({way})", credits, answer)
                        table.add(question, worker.engine, way, ms, told[-1][question]["ms"])
            if number == 0:
                table.settle()
    finally:
        for worker in workers:
            worker.close()
    rows = told[0]["all"]["rows"]
    print(f"\n### attribution, {rows:,} rows, {threads} thread{'s' if threads > 1 else ''}\n\n{_HEAD}")
    for question in told[0]:
        show_library([each[question] for each in told[1:]], rows)
        table.show(question, rows)
    versions = ", ".join(f"{worker.engine} {worker.version}" for worker in workers)
    print(f"\nAll transitions and credits are equal. {versions}.", flush=True)


def deviation(expected: Credits, got: Credits) -> str:
    """The largest one of a channel's conversions, and what it is of its own."""
    total = sum(conversions for conversions, _ in expected.values())
    most = max(expected, key=lambda key: abs(got.get(key, [0.0])[0] - expected[key][0]))
    gap = abs(got.get(most, [0.0])[0] - expected[most][0])
    own = {key: abs(got.get(key, [0.0])[0] - value[0]) / value[0] for key, value in expected.items() if value[0] > 0}
    worst = max(own, key=lambda key: own[key])
    return (
        f"off by up to {100 * gap / total:.2f} % of all conversions ({most.partition('>')[2]}), "
        f"by {100 * own[worst]:.1f} % of a channel's own ({worst.partition('>')[2]})"
    )


def compare_paths(program: Path, directory: Path, threads: int, rounds: int, asked: list[str]) -> None:
    """``asked``: formulations of the library; the simulation answers those that it knows, where it is here."""
    table = Table()
    told: list[dict[str, dict[str, Any]]] = []
    notes: dict[str, str] = {}
    workers = start([SIMULATION], directory, threads)
    try:
        for number in range(rounds + 1):
            told.append(turns.run_library(program, directory, "paths", threads, 5, *asked))
            for worker in workers:
                for question in (each for each in asked if each in ChannelAttribution.ways):
                    ms, answer = worker.ask(question, "simulation")
                    notes[question] = deviation(library_credits(directory / f"credits-{question}.tsv"), answer)
                    table.add(question, worker.engine, "simulation", ms, told[-1][question]["ms"])
            if number == 0:
                table.settle()
    finally:
        for worker in workers:
            worker.close()
    rows = told[0][asked[0]]["rows"]
    print(f"\n### {directory.name}, {rows:,} paths, {threads} thread{'s' if threads > 1 else ''}\n\n{_HEAD}")
    for question in told[0]:
        show_library([each[question] for each in told[1:]], rows)
        table.show(question, rows)
    for question, note in notes.items():
        print(f"\n{SIMULATION} {workers[0].version}, {question}: {note}.", flush=True)


def main() -> None:
    if len(sys.argv) == 5 and sys.argv[1] == "--work":
        work(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
        return
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--touches", type=int, default=5_000_000)
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", nargs="*", choices=tuple(ENGINES), default=list(ENGINES))
    chosen = parser.parse_args()
    program = chosen.program.resolve()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        columns = make_rows(chosen.touches)
        write_rows(columns, directory)
        write_paths(journeys_of(columns, 1_000_000), directory / "journeys")
        del columns
        known = path_data()
        if known is None:
            print("PathData is left out: no data/attribution/PathData.csv (set PDM_SHARED)", flush=True)
        else:
            write_paths(known, directory / "PathData")
        for threads in chosen.threads:
            compare_events(program, directory, threads, chosen.rounds, chosen.peers)
            if known is not None:
                orders = [f"order-{order}" for order in range(1, 5)]
                compare_paths(program, directory / "PathData", threads, chosen.rounds, orders)
            compare_paths(program, directory / "journeys", threads, chosen.rounds, ["order-1"])


if __name__ == "__main__":
    main()
