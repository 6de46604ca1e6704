"""DuckDB: rows in an in-memory table."""

from __future__ import annotations

import duckdb

from . import columns
from .columns import DAY_US, WINDOW_US


class Peer:
    name = "duckdb"
    version = duckdb.__version__

    def __init__(self, table, source: str, threads: int, steps: list[int]) -> None:
        self.steps = steps
        self.db = duckdb.connect(":memory:")
        self.db.execute(f"SET threads = {threads}")
        self.db.execute("SET preserve_insertion_order = false")
        self.db.register("arrow_rows", table)
        self.db.execute("CREATE TABLE data AS SELECT * FROM arrow_rows")
        self.db.unregister("arrow_rows")

    def _row(self, sql: str) -> tuple:
        return self.db.execute(sql).fetchone()

    def _customers(self) -> tuple:
        self.db.execute(
            f"""CREATE OR REPLACE TEMP TABLE customer AS
                SELECT max(time) // {DAY_US} AS day, count(*) AS f, sum(amount)::BIGINT AS m FROM data GROUP BY key"""
        )
        return self._row("SELECT count(*), sum(f), sum(m), max(day) + 1, sum(day) FROM customer")

    def _finish(self, totals: tuple, cuts: dict[str, list[int]]) -> dict:
        n, orders, money, as_of, days = totals
        score = {d: "+".join(f"({d} >= {c})::INT" for c in cuts[d]) for d in cuts}
        rows = self.db.execute(
            f"SELECT (({score['day']}) * 5 + ({score['f']})) * 5 + ({score['m']}) AS cell, count(*) "
            "FROM customer GROUP BY cell"
        ).fetchall()
        return columns.rfm_answer(n, orders, money, n * as_of - days, dict(rows))

    def _histogram(self, column: str) -> list[int]:
        got = self.db.execute(f"SELECT {column} AS v, count(*) AS n FROM customer GROUP BY v ORDER BY v").fetchnumpy()
        return columns.cuts_of_histogram(got["v"], got["n"])

    def _select(self, n: int) -> list[int]:
        fractions = ", ".join(repr((p + 0.5) / n) for p in columns.positions(n))
        values = self._row(f"SELECT quantile_disc(m, [{fractions}]) FROM customer")[0]
        counts = self._row(
            "SELECT "
            + ", ".join(f"count(*) FILTER (m < {v}), count(*) FILTER (m = {v})" for v in values)
            + " FROM customer"
        )
        return [
            columns.cut(
                n,
                j + 1,
                v,
                counts[2 * j],
                counts[2 * j + 1],
                lambda v=v: self._row(f"SELECT min(m) FROM customer WHERE m > {v}")[0],
            )
            for j, v in enumerate(values)
        ]

    def rfm_thresholds(self) -> dict:
        """group → table of customers; R and F by histogram, M by quantile_disc; one scan for the cells"""
        totals = self._customers()
        return self._finish(
            totals, {"day": self._histogram("day"), "f": self._histogram("f"), "m": self._select(totals[0])}
        )

    def rfm_histograms(self) -> dict:
        """as thresholds, but M by histogram too"""
        totals = self._customers()
        return self._finish(totals, {d: self._histogram(d) for d in ("day", "f", "m")})

    def rfm_window(self) -> dict:
        """the textbook query: rank() and ties by window functions over all customers"""
        ranks = ", ".join(
            f"5 * (2 * (rank() OVER (ORDER BY {d}) - 1) + count(*) OVER (PARTITION BY {d})) "
            f"// (2 * count(*) OVER ()) AS s_{d}"
            for d in ("day", "f", "m")
        )
        rows = self.db.execute(
            f"""WITH customer AS (SELECT max(time) // {DAY_US} AS day, count(*) AS f, sum(amount)::BIGINT AS m
                                 FROM data GROUP BY key),
                     scored AS (SELECT *, {ranks} FROM customer)
                SELECT (s_day * 5 + s_f) * 5 + s_m AS cell, count(*), sum(f), sum(m), max(day) + 1, sum(day)
                FROM scored GROUP BY cell"""
        ).fetchall()
        n, as_of = sum(r[1] for r in rows), max(r[4] for r in rows)
        return columns.rfm_answer(
            n,
            sum(r[2] for r in rows),
            sum(r[3] for r in rows),
            n * as_of - sum(r[5] for r in rows),
            {r[0]: r[1] for r in rows},
        )

    def group_query(self) -> dict:
        """one query, checks over the groups pipelined"""
        return columns.group_answer(
            self._row(
                """SELECT count(*), sum(n), sum(n * n), sum(s), sum(lo), sum(hi), sum((key & 1023) * n)
               FROM (SELECT key, count(*) AS n, sum(value) AS s, min(value) AS lo, max(value) AS hi
                     FROM data GROUP BY key)"""
            )
        )

    def _step(self, code: int, before: str) -> str:
        """Rows of a step with the entry each can continue; entries never fall as time goes on, so the latest row of the
        step before bears the best one."""
        rows = f"FROM (SELECT key, time FROM data WHERE code = {code}) r"
        if not before:
            return f"SELECT r.key, r.time, r.time AS entry {rows}"
        return f"""SELECT r.key, r.time, p.entry {rows} ASOF JOIN {before} p ON r.key = p.key AND r.time >= p.time
                   WHERE r.time - p.entry <= {WINDOW_US}"""

    def funnel_asof(self) -> dict:
        """an ASOF join per step on the one before, in one query"""
        parts = [
            f"s{j} AS MATERIALIZED ({self._step(code, f's{j - 1}' if j > 0 else '')})"
            for j, code in enumerate(self.steps)
        ]
        counts = ", ".join(f"(SELECT count(DISTINCT key) FROM s{j})" for j in range(len(self.steps)))
        return columns.funnel_answer(self._row(f"WITH {', '.join(parts)} SELECT {counts}"))

    def funnel_asof_tables(self) -> dict:
        """the same, a temporary table per step"""
        reached = []
        for j, code in enumerate(self.steps):
            query = self._step(code, f"s{j - 1}" if j > 0 else "")
            self.db.execute(f"CREATE OR REPLACE TEMP TABLE s{j} AS {query}")
            reached.append(self._row(f"SELECT count(DISTINCT key) FROM s{j}")[0])
        return columns.funnel_answer(reached)

    def funnel_window(self) -> dict:
        """the textbook query: per step a window function that carries the latest entry on"""
        k = len(self.steps)
        step = "CASE code " + " ".join(f"WHEN {c} THEN {j}" for j, c in enumerate(self.steps)) + " END"
        parts = [
            f"""w0 AS (SELECT key, time, {step} AS s, CASE WHEN code = {self.steps[0]} THEN time END AS e
                       FROM data WHERE code IN ({', '.join(map(str, self.steps))}))"""
        ]
        frame = "OVER (PARTITION BY key ORDER BY time, s ROWS UNBOUNDED PRECEDING)"
        level = "CASE WHEN s = 0 THEN 1 ELSE 0 END"
        for j in range(1, k):
            fits = f"s = {j} AND time - e <= {WINDOW_US}"
            parts.append(f"v{j} AS (SELECT key, time, s, {level} AS l, max(e) {frame} AS e FROM w{j - 1})")
            parts.append(
                f"""w{j} AS (SELECT key, time, s, CASE WHEN {fits} THEN {j + 1} ELSE l END AS l,
                           CASE WHEN {fits} THEN e END AS e FROM v{j})"""
            )
            level = "l"
        levels = self.db.execute(
            f"WITH {', '.join(parts)} SELECT level, count(*) FROM (SELECT max(l) AS level FROM w{k - 1} GROUP BY key) "
            "GROUP BY level"
        ).fetchall()
        return columns.reached_of_levels(dict(levels), k)

    def retention_bitmaps(self) -> dict:
        """bit_or of days per user; equal bitmaps counted"""
        got = self.db.execute(
            f"""SELECT b, count(*) AS n
                FROM (SELECT bit_or(1::UBIGINT << (time // {DAY_US} - {self.first_day})::UBIGINT) AS b FROM data GROUP BY key)
                GROUP BY b"""
        ).fetchnumpy()
        return columns.retention_of_bitmaps(got["b"], got["n"])

    def _cells(self, sql: str) -> dict:
        rows = self.db.execute(sql).fetchall()
        return columns.retention_answer(sum(n for _, k, n in rows if k == 0), (((c, k), n) for c, k, n in rows))

    def retention_distinct(self) -> dict:
        """distinct days of each user; min over the user by a window function"""
        return self._cells(
            f"""SELECT c, d - c AS k, count(*) FROM (
                  SELECT d, min(d) OVER (PARTITION BY key) AS c
                  FROM (SELECT DISTINCT key, time // {DAY_US} - {self.first_day} AS d FROM data)) GROUP BY c, k"""
        )

    def retention_join(self) -> dict:
        """the textbook query: each row joined with its user's first day, distinct users counted"""
        day = f"time // {DAY_US} - {self.first_day}"
        return self._cells(
            f"""SELECT f.c, {day} - f.c AS k, count(DISTINCT r.key)
                FROM data r JOIN (SELECT key, min({day}) AS c FROM data GROUP BY key) f USING (key) GROUP BY f.c, k"""
        )

    rfm = {"thresholds": rfm_thresholds, "histograms": rfm_histograms, "window": rfm_window}
    group = {"query": group_query}
    funnel = {"asof": funnel_asof, "asof-tables": funnel_asof_tables, "window": funnel_window}
    retention = {"bitmaps": retention_bitmaps, "distinct": retention_distinct, "join": retention_join}
