"""ClickHouse (chDB): rows in a Memory table of the engine inside this process."""

from __future__ import annotations

import json
import os
import tempfile

import pyarrow.parquet as pq
from chdb import session

from . import columns
from .columns import DAY_US, WINDOW_US


class Peer:
    name = "clickhouse"

    def __init__(self, table, source: str, threads: int, steps: list[int]) -> None:
        self.steps = steps
        self.db = session.Session()
        self.db.query(f"SET max_threads = {threads}")
        # or it takes fewer threads where memory is short
        self.db.query("SET max_threads_min_free_memory_per_thread = 0")
        self.version = self._rows("SELECT version() AS v")[0]["v"]
        # windowFunnel wants unsigned times
        types = {"large_string": "String", "int64": "Int64", "int32": "Int32"}
        columns_sql = ", ".join(
            f"{n} {'UInt64' if steps and n == 'time' else types[str(t)]}"
            for n, t in zip(table.column_names, table.schema.types, strict=True)
        )
        self.db.query("CREATE DATABASE IF NOT EXISTS bench")
        self.db.query(f"CREATE TABLE bench.data ({columns_sql}) ENGINE = Memory")
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "rows.parquet")
            pq.write_table(table, path, compression="none", use_dictionary=False)
            self.db.query(f"INSERT INTO bench.data SELECT * FROM file('{path}', 'Parquet')")
        if int(self._rows("SELECT count() AS n FROM bench.data")[0]["n"]) != table.num_rows:
            raise AssertionError("ClickHouse did not take all rows")
        if source == "funnel-sorted":
            self.db.query(f"CREATE TABLE bench.tree ({columns_sql}) ENGINE = MergeTree ORDER BY (key, time)")
            self.db.query("INSERT INTO bench.tree SELECT * FROM bench.data")
            self.db.query("OPTIMIZE TABLE bench.tree FINAL")
            self.funnel = {**self.tree, **self.funnel}
        used = int(self._rows("SELECT getSetting('max_threads') AS n")[0]["n"])
        if used != threads:
            raise AssertionError(f"ClickHouse runs {used} threads, wanted {threads}")

    def _rows(self, sql: str) -> list[dict]:
        return [json.loads(line) for line in str(self.db.query(sql, "JSONEachRow")).splitlines() if line]

    GROUP = f"""SELECT intDiv(max(time), {DAY_US}) AS day, toInt64(count()) AS f, sum(amount) AS m
                FROM bench.data GROUP BY key"""
    # cell of a customer from arrays of cuts
    CELL = "(arrayCount(c -> day >= c, cd) * 5 + arrayCount(c -> f >= c, cf)) * 5 + arrayCount(c -> m >= c, cm)"

    def _finish(self, source: str, totals: dict, cuts: dict[str, list[int]]) -> dict:
        score = {d: "+".join(f"({d} >= {c})" for c in cuts[d]) for d in cuts}
        rows = self._rows(
            f"SELECT (({score['day']}) * 5 + ({score['f']})) * 5 + ({score['m']}) AS cell, count() AS n "
            f"FROM {source} GROUP BY cell"
        )
        n = int(totals["n"])
        return columns.rfm_answer(
            n,
            int(totals["tf"]),
            int(totals["tm"]),
            n * int(totals["as_of"]) - int(totals["td"]),
            {r["cell"]: r["n"] for r in rows},
        )

    def _histogram(self, column: str) -> list[int]:
        got = self._rows(
            f"SELECT groupArray(v) AS vs, groupArray(n) AS ns FROM "
            f"(SELECT {column} AS v, count() AS n FROM bench.customer GROUP BY v ORDER BY v)"
        )[0]
        return columns.cuts_of_histogram([int(v) for v in got["vs"]], [int(n) for n in got["ns"]])

    def _select(self, n: int) -> list[int]:
        levels = ", ".join(repr((p + 0.5) / n) for p in columns.positions(n))
        values = [int(v) for v in self._rows(f"SELECT quantilesExact({levels})(m) AS q FROM bench.customer")[0]["q"]]
        counts = self._rows(
            "SELECT [" + ", ".join(f"countIf(m < {v}), countIf(m = {v})" for v in values) + "] AS c FROM bench.customer"
        )
        counts = [int(c) for c in counts[0]["c"]]
        return [
            columns.cut(
                n,
                j + 1,
                v,
                counts[2 * j],
                counts[2 * j + 1],
                lambda v=v: int(self._rows(f"SELECT min(m) AS x FROM bench.customer WHERE m > {v}")[0]["x"]),
            )
            for j, v in enumerate(values)
        ]

    def rfm_thresholds(self) -> dict:
        """group → Memory table of customers; R and F by histogram, M by quantilesExact; one scan for the cells"""
        self.db.query("DROP TABLE IF EXISTS bench.customer")
        self.db.query(f"CREATE TABLE bench.customer ENGINE = Memory AS {self.GROUP}")
        totals = self._rows(
            "SELECT count() AS n, sum(f) AS tf, sum(m) AS tm, max(day) + 1 AS as_of, sum(day) AS td FROM bench.customer"
        )[0]
        cuts = {"day": self._histogram("day"), "f": self._histogram("f"), "m": self._select(int(totals["n"]))}
        return self._finish("bench.customer", totals, cuts)

    def rfm_arrays(self) -> dict:
        """one query: group → arrays; sorted arrays give the cuts; arrayJoin gives the cells"""
        cuts = ", ".join(
            f"arrayMap(j -> {d}s[intDiv(n * j, 5) + 1], [1, 2, 3, 4]) AS v{d}, "
            f"arrayMap(v -> arrayCount(x -> x < v, {d}s), v{d}) AS l{d}, "
            f"arrayMap(v -> arrayCount(x -> x = v, {d}s), v{d}) AS e{d}, "
            "arrayMap((v, l, e, j) -> if(5 * (2 * l + e) >= 2 * n * j, v, "
            f"if(l + e < n, {d}s[l + e + 1], {2**63 - 1})), v{d}, l{d}, e{d}, [1, 2, 3, 4]) AS c{d}"
            for d in ("d", "f", "m")
        )
        rows = self._rows(
            f"""SELECT cell, count() AS k, any(tf) AS tf, any(tm) AS tm, any(td) AS td, any(md) AS md FROM (
                  SELECT arrayJoin(arrayMap((day, f, m) -> {self.CELL}, da, fa, ma)) AS cell, tf, tm, td, md FROM (
                    SELECT da, fa, ma, length(da) AS n, arraySort(da) AS ds, arraySort(fa) AS fs, arraySort(ma) AS ms,
                           {cuts}, arraySum(fa) AS tf, arraySum(ma) AS tm, arraySum(da) AS td, arrayMax(da) + 1 AS md
                    FROM (SELECT groupArray(day) AS da, groupArray(f) AS fa, groupArray(m) AS ma FROM ({self.GROUP}))))
                GROUP BY cell"""
        )
        n = sum(int(r["k"]) for r in rows)
        one = {k: int(v) for k, v in rows[0].items()}
        return columns.rfm_answer(n, one["tf"], one["tm"], n * one["md"] - one["td"], {r["cell"]: r["k"] for r in rows})

    def rfm_window(self) -> dict:
        """the textbook query: rank() and ties by window functions over all customers"""
        ranks = ", ".join(
            f"intDiv(5 * (2 * (rank() OVER (ORDER BY {d}) - 1) + count() OVER (PARTITION BY {d})), "
            f"2 * count() OVER ()) AS s_{d}"
            for d in ("day", "f", "m")
        )
        rows = self._rows(
            f"""SELECT (s_day * 5 + s_f) * 5 + s_m AS cell, count() AS k, sum(f) AS tf, sum(m) AS tm,
                       max(day) + 1 AS md, sum(day) AS td
                FROM (SELECT day, f, m, {ranks} FROM ({self.GROUP})) GROUP BY cell"""
        )
        n, as_of = sum(int(r["k"]) for r in rows), max(int(r["md"]) for r in rows)
        total = {k: sum(int(r[k]) for r in rows) for k in ("tf", "tm", "td")}
        return columns.rfm_answer(
            n, total["tf"], total["tm"], n * as_of - total["td"], {r["cell"]: r["k"] for r in rows}
        )

    def group_query(self) -> dict:
        """one query, checks over the groups pipelined"""
        row = self._rows(
            """SELECT count() AS users, sum(n) AS rows, sum(n * n) AS squares, sum(s) AS sums,
                      sum(lo) AS los, sum(hi) AS his, sum(bitAnd(key, 1023) * n) AS keyed
               FROM (SELECT key, count() AS n, sum(value) AS s, min(value) AS lo, max(value) AS hi
                     FROM bench.data GROUP BY key)"""
        )[0]
        return columns.group_answer(row.values())

    def _funnel(self, rows: str, settings: str = "") -> dict:
        steps = ", ".join(f"code = {c}" for c in self.steps)
        levels = self._rows(
            f"""SELECT level, count() AS n
                FROM (SELECT windowFunnel({WINDOW_US})(time, {steps}) AS level FROM {rows} GROUP BY key)
                GROUP BY level {settings}"""
        )
        return columns.reached_of_levels({r["level"]: int(r["n"]) for r in levels}, len(self.steps))

    def _prefilter(self) -> str:
        return f"WHERE code IN ({', '.join(map(str, self.steps))})"

    def funnel_prefiltered(self) -> dict:
        """windowFunnel of the rows that are some step, per user"""
        return self._funnel(f"bench.data {self._prefilter()}")

    def funnel_plain(self) -> dict:
        """windowFunnel of all rows: the query of the manual"""
        return self._funnel("bench.data")

    def funnel_tree(self) -> dict:
        """as prefiltered, from a MergeTree table ordered by (key, time)"""
        return self._funnel(f"bench.tree {self._prefilter()}")

    def funnel_tree_in_order(self) -> dict:
        """the same, one user after the other"""
        return self._funnel(f"bench.tree {self._prefilter()}", "SETTINGS optimize_aggregation_in_order = 1")

    def _bits(self) -> str:
        """Day bitmap of every user: bit d = there on day d."""
        return (
            f"SELECT groupBitOr(bitShiftLeft(toUInt64(1), intDiv(time, {DAY_US}) - {self.first_day})) AS b "
            "FROM bench.data GROUP BY key"
        )

    def retention_bitmaps(self) -> dict:
        """groupBitOr of days per user; equal bitmaps counted, then taken apart"""
        rows = self._rows(
            f"""SELECT c, d - c AS k, sum(n) AS users
                FROM (SELECT bitPositionsToArray(b) AS days, toInt64(days[1]) AS c, n
                      FROM (SELECT b, count() AS n FROM ({self._bits()}) GROUP BY b))
                ARRAY JOIN days AS d GROUP BY c, k"""
        )
        return self._cells(rows)

    def retention_expanded(self) -> dict:
        """the same, every user's bitmap taken apart"""
        rows = self._rows(
            f"""SELECT c, d - c AS k, count() AS users
                FROM (SELECT bitPositionsToArray(b) AS days, toInt64(days[1]) AS c FROM ({self._bits()}))
                ARRAY JOIN days AS d GROUP BY c, k"""
        )
        return self._cells(rows)

    def retention_uniq(self) -> dict:
        """groupUniqArray of days per user, arrayMin, taken apart"""
        rows = self._rows(
            f"""SELECT c, d - c AS k, count() AS users
                FROM (SELECT groupUniqArray(toUInt16(intDiv(time, {DAY_US}) - {self.first_day})) AS days,
                             toInt64(arrayMin(days)) AS c FROM bench.data GROUP BY key)
                ARRAY JOIN days AS d GROUP BY c, k"""
        )
        return self._cells(rows)

    def retention_join(self) -> dict:
        """the textbook query: each row joined with its user's first day, uniqExact of users"""
        day = f"intDiv(time, {DAY_US}) - {self.first_day}"
        rows = self._rows(
            f"""SELECT f.c AS c, {day} - f.c AS k, uniqExact(r.key) AS users
                FROM bench.data AS r INNER JOIN (SELECT key, min({day}) AS c FROM bench.data GROUP BY key) AS f USING (key)
                GROUP BY c, k"""
        )
        return self._cells(rows)

    @staticmethod
    def _cells(rows: list[dict]) -> dict:
        cells = [((int(row["c"]), int(row["k"])), int(row["users"])) for row in rows]
        return columns.retention_answer(sum(n for (_, k), n in cells if k == 0), cells)

    rfm = {"thresholds": rfm_thresholds, "arrays": rfm_arrays, "window": rfm_window}
    group = {"query": group_query}
    funnel = {"prefiltered": funnel_prefiltered, "plain": funnel_plain}
    retention = {
        "bitmaps": retention_bitmaps,
        "expanded": retention_expanded,
        "uniq": retention_uniq,
        "join": retention_join,
    }
    tree = {"mergetree": funnel_tree, "mergetree-in-order": funnel_tree_in_order}
