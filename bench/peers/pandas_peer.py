"""pandas and NumPy: a data frame in memory, one thread."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from . import columns
from .columns import DAY_US, WINDOW_US


class Peer:
    name = "pandas"
    version = f"{pd.__version__}/{np.__version__}"

    def __init__(self, table, source: str, threads: int, steps: list[int]) -> None:
        self.steps = steps
        pa.set_cpu_count(1)
        self.data = table.to_pandas()
        self.integer = not source.endswith("text")

    @staticmethod
    def _histogram(values: np.ndarray) -> list[int]:
        low = values.min()
        counts = np.bincount(values - low)
        seen = np.flatnonzero(counts)
        return columns.cuts_of_histogram(seen + low, counts[seen])

    @staticmethod
    def _select(values: np.ndarray) -> list[int]:
        n = len(values)
        places = columns.positions(n)
        parts = np.partition(values, places)
        cuts = []
        for j, p in enumerate(places):
            v = parts[p]
            smaller, equal = np.count_nonzero(values < v), np.count_nonzero(values == v)
            cuts.append(int(columns.cut(n, j + 1, v, smaller, equal, lambda v=v: values[values > v].min())))
        return cuts

    @classmethod
    def _finish(cls, day: np.ndarray, f: np.ndarray, m: np.ndarray) -> dict:
        cells = np.zeros(len(day), dtype=np.intp)
        for values, cuts in ((day, cls._histogram(day)), (f, cls._histogram(f)), (m, cls._select(m))):
            cells = cells * 5 + np.searchsorted(np.array(cuts), values, side="right")
        n = len(day)
        days = n * (int(day.max()) + 1) - int(day.sum())
        return columns.rfm_answer(n, f.sum(), m.sum(), days, dict(enumerate(np.bincount(cells, minlength=125))))

    def rfm_groupby(self) -> dict:
        """groupby().agg(); scores by np.bincount (R, F) and np.partition (M)"""
        by = self.data.groupby("key", sort=False)
        frame = pd.DataFrame({"t": by["time"].max(), "f": by.size(), "m": by["amount"].sum()})
        return self._finish(frame["t"].to_numpy() // DAY_US, frame["f"].to_numpy(), frame["m"].to_numpy())

    def rfm_factorize(self) -> dict:
        """factorize; np.bincount for F and M (float sums are exact below 2^53), np.maximum.at for R; scores as above"""
        codes, found = pd.factorize(self.data["key"])
        n = len(found)
        day = np.full(n, np.iinfo(np.int64).min)
        np.maximum.at(day, codes, self.data["time"].to_numpy())
        m = np.bincount(codes, weights=self.data["amount"].to_numpy(), minlength=n)
        return self._finish(day // DAY_US, np.bincount(codes, minlength=n), m.astype(np.int64))

    def rfm_sort(self) -> dict:
        """NumPy alone: argsort of the keys, reduceat over the runs; scores as above"""
        keys = self.data["key"].to_numpy() if self.integer else pd.factorize(self.data["key"])[0]
        order = np.argsort(keys)
        keys = keys[order]
        starts = np.concatenate(([0], np.flatnonzero(keys[1:] != keys[:-1]) + 1))
        day = np.maximum.reduceat(self.data["time"].to_numpy()[order], starts) // DAY_US
        m = np.add.reduceat(self.data["amount"].to_numpy()[order], starts)
        return self._finish(day, np.diff(starts, append=len(keys)), m)

    def rfm_rank(self) -> dict:
        """the textbook code: groupby().agg(), rank(method="min") and rank(method="max")"""
        frame = self.data.groupby("key").agg(t=("time", "max"), f=("time", "size"), m=("amount", "sum"))
        n = len(frame)
        frame["t"] //= DAY_US
        cells = np.zeros(n, dtype=np.int64)
        for d in ("t", "f", "m"):
            cells = cells * 5 + (5 * (frame[d].rank(method="min") - 1 + frame[d].rank(method="max")) // (2 * n)).astype(
                np.int64
            )
        days = n * (int(frame["t"].max()) + 1) - int(frame["t"].sum())
        return columns.rfm_answer(n, frame["f"].sum(), frame["m"].sum(), days, dict(cells.value_counts()))

    @staticmethod
    def _check_groups(keys, n, s, lo, hi) -> dict:
        return columns.group_answer(
            (len(n), n.sum(), (n * n).sum(), s.sum(), lo.sum(), hi.sum(), ((keys & 1023) * n).sum())
        )

    def group_groupby(self) -> dict:
        """groupby(sort=False), four reductions"""
        by = self.data.groupby("key", sort=False)["value"]
        n, s, lo, hi = by.size(), by.sum(), by.min(), by.max()
        return self._check_groups(n.index.to_numpy(), n.to_numpy(), s.to_numpy(), lo.to_numpy(), hi.to_numpy())

    def group_sort(self) -> dict:
        """NumPy alone: argsort of the keys, reduceat over the runs"""
        order = np.argsort(self.data["key"].to_numpy())
        keys, values = self.data["key"].to_numpy()[order], self.data["value"].to_numpy()[order]
        starts = np.concatenate(([0], np.flatnonzero(keys[1:] != keys[:-1]) + 1))
        return self._check_groups(
            keys[starts],
            np.diff(starts, append=len(keys)),
            np.add.reduceat(values, starts),
            np.minimum.reduceat(values, starts),
            np.maximum.reduceat(values, starts),
        )

    def _relevant(self) -> tuple:
        """keys, times and steps (from 0) of the rows that are some step"""
        codes = self.data["code"].to_numpy()
        step_of = np.full(max(*self.steps, codes.max()) + 1, -1, dtype=np.int8)
        step_of[self.steps] = np.arange(len(self.steps))
        steps = step_of[codes]
        rows = np.flatnonzero(steps >= 0)
        return self.data["key"].take(rows), self.data["time"].to_numpy()[rows], steps[rows]

    def _chain(self, users: np.ndarray, times: np.ndarray, steps: np.ndarray) -> dict:
        """Rows of a user together, in the order of time and step. The row number of the latest entry is carried on."""
        reached = []
        for j in range(len(self.steps)):
            rows = np.flatnonzero(steps == j)
            if j == 0:
                entries = rows
            else:
                entries = carried[rows]
                fits = (entries >= 0) & (users[entries] == users[rows]) & (times[rows] - times[entries] <= WINDOW_US)
                rows, entries = rows[fits], entries[fits]
            carried = np.full(len(steps), -1)
            carried[rows] = entries
            np.maximum.accumulate(carried, out=carried)
            seen = users[rows]
            reached.append(np.count_nonzero(seen[1:] != seen[:-1]) + (len(seen) > 0))
        return columns.funnel_answer(reached)

    def funnel_lexsort(self) -> dict:
        """NumPy: lexsort by user, time and step; maximum.accumulate carries entries on"""
        keys, times, steps = self._relevant()
        users = keys.to_numpy() if self.integer else pd.factorize(keys)[0]
        order = np.lexsort((steps, times, users))
        return self._chain(users[order], times[order], steps[order])

    def funnel_packed(self) -> dict:
        """factorize; user, time and step in one word of 64 bits, sorted as such; then as lexsort"""
        keys, times, steps = self._relevant()
        users, found = pd.factorize(keys)
        k, first = len(self.steps), int(times.min())
        span = int(times.max()) - first + 1
        if len(found) * span * k >= 2**64:
            return self.funnel_lexsort()
        words = (users.astype(np.uint64) * np.uint64(span) + (times - first).astype(np.uint64)) * np.uint64(k)
        words += steps.astype(np.uint64)
        words.sort()
        rest, steps = np.divmod(words, np.uint64(k))
        users, times = np.divmod(rest, np.uint64(span))
        return self._chain(users, times.astype(np.int64), steps.astype(np.int8))

    def funnel_ffill(self) -> dict:
        """the textbook code: sort_values, groupby().ffill() per step"""
        keys, times, steps = self._relevant()
        frame = pd.DataFrame({"key": keys.to_numpy(), "time": times, "step": steps})
        frame = frame.sort_values(["key", "time", "step"])
        entry = frame["time"].where(frame["step"] == 0).astype("Int64")
        reached = [frame["key"][frame["step"] == 0].nunique()]
        for j in range(1, len(self.steps)):
            entry = entry.groupby(frame["key"], sort=False).ffill()
            fits = ((frame["step"] == j) & (frame["time"] - entry <= WINDOW_US)).fillna(False)
            reached.append(frame["key"][fits].nunique())
            entry = entry.where(fits)
        return columns.funnel_answer(reached)

    def _day(self) -> np.ndarray:
        return self.data["time"].to_numpy() // DAY_US - self.first_day

    def retention_bitmaps(self) -> dict:
        """factorize; a table of users × 64 days is marked, packed to words, equal words counted"""
        users, found = pd.factorize(self.data["key"])
        there = np.zeros((len(found), 64), dtype=bool)
        there[users, self._day()] = True
        words = np.packbits(there, axis=1, bitorder="little").view("<u8").ravel()
        return columns.retention_of_bitmaps(*np.unique(words, return_counts=True))

    def retention_pairs(self) -> dict:
        """factorize; user and day in one word, np.unique; the first of each user is its cohort"""
        users, found = pd.factorize(self.data["key"])
        pairs = np.unique(users * 64 + self._day())
        user, day = pairs >> 6, pairs & 63
        first = day[np.concatenate(([0], np.flatnonzero(np.diff(user)) + 1))]
        cells = np.bincount(first[user] * 64 + day - first[user], minlength=64 * 64)
        return columns.retention_answer(len(found), (((i >> 6, i & 63), n) for i, n in enumerate(cells)))

    def retention_groupby(self) -> dict:
        """the textbook code: drop_duplicates, groupby().transform("min"), groupby().size()"""
        frame = pd.DataFrame({"key": self.data["key"], "day": self._day()}).drop_duplicates()
        first = frame.groupby("key", sort=False)["day"].transform("min")
        cells = frame.groupby([first.rename("c"), (frame["day"] - first).rename("k")]).size()
        users = int(cells.xs(0, level="k").sum())
        return columns.retention_answer(users, cells.items())

    rfm = {"groupby": rfm_groupby, "factorize": rfm_factorize, "sort": rfm_sort, "rank": rfm_rank}
    group = {"groupby": group_groupby, "sort": group_sort}
    funnel = {"packed": funnel_packed, "lexsort": funnel_lexsort, "ffill": funnel_ffill}
    retention = {"bitmaps": retention_bitmaps, "pairs": retention_pairs, "groupby": retention_groupby}
