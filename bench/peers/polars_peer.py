"""Polars: a data frame in memory; POLARS_MAX_THREADS is set by the worker before this module is imported."""

from __future__ import annotations

import polars as pl

from . import columns
from .columns import DAY_US, WINDOW_US


class Peer:
    name = "polars"
    version = pl.__version__

    def __init__(self, table, source: str, threads: int, steps: list[int]) -> None:
        self.steps = steps
        if pl.thread_pool_size() != threads:
            raise AssertionError(f"Polars runs {pl.thread_pool_size()} threads, wanted {threads}")
        self.data = pl.from_arrow(table).rechunk()

    def _customers(self, engine: str) -> pl.DataFrame:
        return (
            self.data.lazy()
            .group_by("key")
            .agg(day=pl.col("time").max(), f=pl.len(), m=pl.col("amount").sum())
            .select(pl.col("day") // DAY_US, pl.col("f").cast(pl.Int64), "m")
            .collect(engine=engine)
        )

    @staticmethod
    def _histogram(values: pl.Series) -> list[int]:
        seen = values.rename("v").value_counts().sort("v")
        return columns.cuts_of_histogram(seen["v"].to_numpy(), seen["count"].to_numpy())

    @staticmethod
    def _sorted(values: pl.Series) -> list[int]:
        ordered = values.sort()
        n, cuts = len(ordered), []
        for j, p in enumerate(columns.positions(n)):
            value = ordered[p]
            first, last = (ordered.search_sorted(value, side=side) for side in ("left", "right"))
            cuts.append(columns.cut(n, j + 1, value, first, last - first, lambda last=last: ordered[last]))
        return cuts

    @staticmethod
    def _finish(frame: pl.DataFrame, cuts: dict[str, list[int]], engine: str) -> dict:
        score = {d: sum((pl.col(d) >= c).cast(pl.Int32) for c in cuts[d]) for d in cuts}
        cells = (
            frame.lazy()
            .select(cell=(score["day"] * 5 + score["f"]) * 5 + score["m"])
            .group_by("cell")
            .agg(n=pl.len())
            .collect(engine=engine)
        )
        n = len(frame)
        days = n * (frame["day"].max() + 1) - frame["day"].sum()
        return columns.rfm_answer(n, frame["f"].sum(), frame["m"].sum(), days, dict(cells.iter_rows()))

    def _thresholds(self, engine: str) -> dict:
        frame = self._customers(engine)
        cuts = {"day": self._histogram(frame["day"]), "f": self._histogram(frame["f"]), "m": self._sorted(frame["m"])}
        return self._finish(frame, cuts, engine)

    def rfm_memory(self) -> dict:
        """group_by, in-memory engine; R and F by value_counts, M by sort; cells by a second group_by"""
        return self._thresholds("in-memory")

    def rfm_streaming(self) -> dict:
        """the same on the streaming engine"""
        return self._thresholds("streaming")

    def rfm_rank(self) -> dict:
        """the textbook expression: rank("min") and rank("max") over all customers"""
        frame = self._customers("streaming")
        n = len(frame)
        # 2L + E = (rank_min − 1) + rank_max
        score = {
            d: (5 * (pl.col(d).rank("min").cast(pl.Int64) - 1 + pl.col(d).rank("max")) // (2 * n)).cast(pl.Int32)
            for d in ("day", "f", "m")
        }
        cells = (
            frame.lazy()
            .select(cell=(score["day"] * 5 + score["f"]) * 5 + score["m"])
            .group_by("cell")
            .agg(n=pl.len())
            .collect()
        )
        days = n * (frame["day"].max() + 1) - frame["day"].sum()
        return columns.rfm_answer(n, frame["f"].sum(), frame["m"].sum(), days, dict(cells.iter_rows()))

    def _group(self, engine: str) -> dict:
        n = pl.col("n")
        return columns.group_answer(
            self.data.lazy()
            .group_by("key")
            .agg(n=pl.len().cast(pl.Int64), s=pl.col("value").sum(), lo=pl.col("value").min(), hi=pl.col("value").max())
            .select(
                pl.len().alias("users"),
                n.sum().alias("rows"),
                (n * n).sum().alias("squares"),
                pl.col("s").sum(),
                pl.col("lo").sum(),
                pl.col("hi").sum(),
                ((pl.col("key") & 1023) * n).sum().alias("keyed"),
            )
            .collect(engine=engine)
            .row(0)
        )

    def group_streaming(self) -> dict:
        """group_by on the streaming engine"""
        return self._group("streaming")

    def group_memory(self) -> dict:
        """group_by on the in-memory engine"""
        return self._group("in-memory")

    def funnel_asof(self) -> dict:
        """rows of each step, sorted by time; join_asof by user on the rows of the step before"""
        reached, before = [], None
        for code in self.steps:
            rows = self.data.lazy().filter(pl.col("code") == code).select("key", "time").sort("time").collect()
            before = self._continued(rows, before)
            reached.append(before["key"].n_unique())
        return columns.funnel_answer(reached)

    @staticmethod
    def _continued(rows, before):
        """Rows of a step with the entry each can continue: that of the latest row of the step before is the best."""
        if before is None:
            return rows.with_columns(entry="time")
        # both sides are sorted by time
        joined = rows.join_asof(before, on="time", by="key", check_sortedness=False)
        return joined.filter(pl.col("time") - pl.col("entry") <= WINDOW_US)

    def funnel_asof_streaming(self) -> dict:
        """the same as one lazy query on the streaming engine"""
        reached, before = [], None
        for code in self.steps:
            rows = self.data.lazy().filter(pl.col("code") == code).select("key", "time").sort("time")
            before = self._continued(rows, before)
            reached.append(before.select(pl.col("key").n_unique()))
        return columns.funnel_answer(frame.item() for frame in pl.collect_all(reached, engine="streaming"))

    def funnel_sort(self) -> dict:
        """sort by user, time and step; forward_fill carries the row number and the time of the entry on"""
        k = len(self.steps)
        step, row = pl.col("step"), pl.int_range(pl.len())
        number = pl.col("code").replace_strict(self.steps, list(range(k)), return_dtype=pl.Int8)
        frame = self.data.lazy().filter(pl.col("code").is_in(self.steps)).select("key", "time", step=number)
        frame = frame.sort("key", "time", "step").with_columns(
            first=pl.when(pl.col("key").ne_missing(pl.col("key").shift())).then(row).forward_fill(),
            at=pl.when(step == 0).then(row),
            entry=pl.when(step == 0).then("time"),
        )
        reached = [pl.col("first").filter(step == 0).n_unique().alias("0")]
        for j in range(1, k):
            frame = frame.with_columns(pl.col("at", "entry").forward_fill())
            fits = (
                (step == j) & (pl.col("at") >= pl.col("first")) & (pl.col("time") - pl.col("entry") <= WINDOW_US)
            ).fill_null(value=False)
            frame = frame.with_columns(fits=fits).with_columns(
                pl.when("fits").then(pl.col("at", "entry")), pl.when("fits").then("first").alias(f"{j}")
            )
            reached.append(pl.col(f"{j}").drop_nulls().n_unique())
        return columns.funnel_answer(frame.select(reached).collect().row(0))

    def _days(self) -> pl.LazyFrame:
        return self.data.lazy().select("key", day=pl.col("time") // DAY_US - self.first_day)

    def _bitmaps(self, engine: str) -> dict:
        # A literal on the left of a shift is not there: 2 to the day is the bit.
        bits = pl.lit(1, dtype=pl.UInt64) * pl.lit(2, dtype=pl.UInt64).pow(pl.col("day").cast(pl.UInt32))
        seen = (
            self._days()
            .select("key", bit=bits.cast(pl.UInt64))
            .group_by("key")
            .agg(pl.col("bit").bitwise_or())
            .group_by("bit")
            .agg(n=pl.len())
            .collect(engine=engine)
        )
        return columns.retention_of_bitmaps(seen["bit"].to_numpy(), seen["n"].to_numpy())

    def retention_bitmaps(self) -> dict:
        """bitwise_or of days per user, streaming engine; equal bitmaps counted"""
        return self._bitmaps("streaming")

    def retention_bitmaps_memory(self) -> dict:
        """the same on the in-memory engine"""
        return self._bitmaps("in-memory")

    def _cells(self, frame: pl.LazyFrame, engine: str) -> dict:
        seen = frame.group_by("c", k=pl.col("day") - pl.col("c")).agg(n=pl.len()).collect(engine=engine)
        users = seen.filter(pl.col("k") == 0)["n"].sum()
        return columns.retention_answer(users, (((c, k), n) for c, k, n in seen.iter_rows()))

    def retention_distinct(self) -> dict:
        """the textbook expression: unique days of each user, min over the user by a join"""
        days = self._days().unique()
        return self._cells(days.join(days.group_by("key").agg(c=pl.col("day").min()), on="key"), "streaming")

    def retention_over(self) -> dict:
        """unique days of each user, min().over(user)"""
        return self._cells(self._days().unique().with_columns(c=pl.col("day").min().over("key")), "in-memory")

    rfm = {"streaming": rfm_streaming, "memory": rfm_memory, "rank": rfm_rank}
    group = {"streaming": group_streaming, "memory": group_memory}
    funnel = {"asof": funnel_asof, "asof-streaming": funnel_asof_streaming, "sort": funnel_sort}
    retention = {
        "bitmaps": retention_bitmaps,
        "bitmaps-memory": retention_bitmaps_memory,
        "distinct": retention_distinct,
        "over": retention_over,
    }
