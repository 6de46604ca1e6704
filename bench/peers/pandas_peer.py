"""pandas and NumPy: a data frame in memory, one thread."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from . import columns
from .columns import DAY_US


class Peer:
    name = "pandas"
    version = f"{pd.__version__}/{np.__version__}"

    def __init__(self, table, source: str, threads: int) -> None:
        pa.set_cpu_count(1)
        self.data = table.to_pandas()
        self.integer = source != "text"

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

    rfm = {"groupby": rfm_groupby, "factorize": rfm_factorize, "sort": rfm_sort, "rank": rfm_rank}
    group = {"groupby": group_groupby, "sort": group_sort}
