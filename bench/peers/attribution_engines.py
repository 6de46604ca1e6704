"""What attribution_peer compares with: the same transitions and credits by other engines, a class each."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from .attribution_rows import CHANNELS, CONVERSION, NULL, Columns, Sorted, read_paths

RULES = ("first_touch", "last_touch", "linear", "position_based")
Transitions = dict[str, int]  # "from>to" → how often
Credits = dict[str, list[float]]  # "model>channel" → conversions, value
Ways = dict[str, dict[str, Callable[[Any], Any]]]

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


_JOURNEYS = f"""SELECT *, coalesce(sum((code = {CONVERSION})::INT) OVER (
    PARTITION BY id ORDER BY time, code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS journey FROM rows"""


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
            f"""SELECT if(id = before, a, {CONVERSION}) AS a, b, after IS DISTINCT FROM id AS last FROM (
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
                      SELECT code, row_number() OVER j - 1 AS i, count(*) OVER k - 1 AS n,
                             max(code) OVER k AS most, sum(value) OVER k AS worth
                      FROM ({_JOURNEYS})
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
                        FROM ({_JOURNEYS})
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

        make: Any = session.Session
        self.db = make()
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
                  SELECT lagInFrame(code, 1, {CONVERSION}) OVER w AS a, code AS b,
                         leadInFrame(code, 1, {NULL}) OVER w AS c
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
                                 x -> bitAnd(x.1, 15) = {CONVERSION},
                                 arraySort(groupArray((time * 16 + code, value)))))) AS l
                        FROM bench.data GROUP BY user)
                  ARRAY JOIN l AS x, range(length(l)) AS at)
                WHERE code < {CONVERSION} GROUP BY code"""
        )
        return credits_of([int(row[0]), *map(float, row[1:])] for row in found)

    ways: Ways = {"transitions": {"tuples": tuples, "packed": packed, "window": window}, "rules": {"arrays": rules}}


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
        last: np.ndarray = np.append(rows.changes[1:], True)
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


ENGINES: dict[str, Any] = {
    "duckdb": DuckDB,
    "polars": Polars,
    "clickhouse": ClickHouse,
    "numpy": NumPy,
    "pandas": Pandas,
}
SIMULATION = "channelattribution"
ONE_THREAD = ("numpy", "pandas")
