"""DuckDB: rows in an in-memory table."""

from __future__ import annotations

import duckdb

from . import columns
from .columns import DAY_US


class Peer:
    name = "duckdb"
    version = duckdb.__version__

    def __init__(self, table, source: str, threads: int) -> None:
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

    rfm = {"thresholds": rfm_thresholds, "histograms": rfm_histograms, "window": rfm_window}
    group = {"query": group_query}
