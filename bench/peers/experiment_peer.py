"""Sums of an experiment's arms from unit rows beside DuckDB, Polars and NumPy; equal answers are checked.

    cd bench && python -m peers.experiment_peer --program ../build/bench/bench/bench_experiment

A row a unit, ten million of them by default, two arms, four metrics: a conversion, a count, money with a covariate from before (CUPED)
and money per order. The library makes its state and all result tables, the peers only the sums that these rest on: units, Σx, Σx² and
Σxy of every arm. Two questions: ``sums`` trusts that each unit has one row (the library: ``moments_only``); ``units`` does not: identical
rows count once, and who was in both arms is left out (0.1 % are repeated, 0.02 % were in both). All sums are integers and must be equal.
Ratios are medians over rounds in which library and peers take turns, each engine in a process of its own.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from . import turns

COLUMNS = ("unit", "variant", "bought", "orders", "spend", "before")
# what is summed: of each metric its columns, and their products
VALUES = ("bought", "orders", "spend", "before")
PRODUCTS = (
    ("bought", "bought"),
    ("orders", "orders"),
    ("spend", "spend"),
    ("spend", "before"),
    ("before", "before"),
    ("spend", "orders"),
)
Sums = dict[str, list[int]]  # arm → units, Σ of VALUES, Σ of PRODUCTS


def make_rows(rows: int, directory: Path) -> None:
    """Keys scattered over 64 bits; 12 and 12.4 % buy, some several times; what was spent before tells what is spent."""
    chance = np.random.default_rng(20260101)
    unit = np.arange(rows, dtype="<i8") * np.int64(-7046029254386353131) + np.int64(1234567)
    variant = chance.integers(0, 2, rows)
    bought = (chance.random(rows) < 0.12 + 0.004 * variant).astype("<i8")
    orders = bought * (1 + chance.poisson(0.25, rows))
    before = chance.integers(0, 3, rows) * chance.integers(0, 30_000, rows)
    spend = orders * (3_000 + before // 3 + chance.integers(0, 12_000, rows))
    columns = [each.astype("<i8") for each in (unit, variant, bought, orders, spend, before)]
    repeated = chance.integers(0, rows, rows // 1000)
    switched = chance.integers(0, rows, rows // 5000)
    for column in columns:
        column[(repeated + 1) % rows] = column[repeated]
    columns[0][(switched + 1) % rows] = columns[0][switched]
    columns[1][(switched + 1) % rows] = 1 - columns[1][switched]
    for name, column in zip(COLUMNS, columns, strict=True):
        column.tofile(directory / f"{name}.i64")


# ---------------------------------------------------------------------------------------------------------------- peers

_MEASURES = [*VALUES, *(f"{a} * {b}" for a, b in PRODUCTS)]
_SAME = [name for name in COLUMNS if name != "unit"]


class DuckDB:
    """SQL over a table in memory."""

    def __init__(self, columns: dict[str, np.ndarray], threads: int) -> None:
        import duckdb

        self.db = duckdb.connect()
        self.db.execute(f"SET threads = {threads}")
        self.version = duckdb.__version__
        frame = columns  # noqa: F841  DuckDB finds it by its name
        self.db.execute("CREATE TABLE rows AS SELECT * FROM frame")

    def _ask(self, source: str) -> Sums:
        sums = ", ".join(f"sum({each})" for each in _MEASURES)
        found = self.db.execute(f"SELECT variant, count(*), {sums} FROM {source} GROUP BY variant").fetchall()
        return {str(row[0]): [int(value) for value in row[1:]] for row in found}

    def sums(self) -> Sums:
        """one scan, grouped by arm"""
        return self._ask("rows")

    def units_extremes(self) -> Sums:
        """a group per unit; least and greatest of every column must agree"""
        least = ", ".join(f"min({name}) AS {name}" for name in _SAME)
        agree = " AND ".join(f"min({name}) = max({name})" for name in _SAME)
        return self._ask(f"(SELECT {least} FROM rows GROUP BY unit HAVING {agree})")

    def units_distinct(self) -> Sums:
        """distinct rows; units of which one is left"""
        any_value = ", ".join(f"any_value({name}) AS {name}" for name in _SAME)
        return self._ask(f"(SELECT {any_value} FROM (SELECT DISTINCT * FROM rows) GROUP BY unit HAVING count(*) = 1)")

    ways = {"sums": {"scan": sums}, "units": {"extremes": units_extremes, "distinct": units_distinct}}


class Polars:
    """Lazy expressions over a frame in memory."""

    def __init__(self, columns: dict[str, np.ndarray], threads: int) -> None:
        import polars as pl

        if pl.thread_pool_size() != threads:
            raise RuntimeError(f"{pl.thread_pool_size()} threads, {threads} wanted")
        self.pl = pl
        self.version = pl.__version__
        self.frame = pl.DataFrame(columns).lazy()

    def _ask(self, source: Any) -> Sums:
        pl = self.pl
        measures = [pl.col(name).sum().alias(name) for name in VALUES]
        measures += [(pl.col(a) * pl.col(b)).sum().alias(f"{a}*{b}") for a, b in PRODUCTS]
        found = source.group_by("variant").agg(pl.len().alias("n"), *measures).collect()
        return {str(row[0]): list(row[1:]) for row in found.rows()}

    def sums(self) -> Sums:
        """grouped by arm"""
        return self._ask(self.frame)

    def sums_filters(self) -> Sums:
        """a filter an arm, no groups"""
        pl = self.pl
        found = {}
        for arm in (0, 1):
            mine = self.frame.filter(pl.col("variant") == arm)
            measures = [pl.col(name).sum().alias(name) for name in VALUES]
            measures += [(pl.col(a) * pl.col(b)).sum().alias(f"{a}*{b}") for a, b in PRODUCTS]
            found[str(arm)] = list(mine.select(pl.len().alias("n"), *measures).collect().row(0))
        return found

    def units_extremes(self) -> Sums:
        """a group per unit; least and greatest of every column must agree"""
        pl = self.pl
        each = self.frame.group_by("unit").agg(
            *(pl.col(name).min() for name in _SAME), *(pl.col(name).max().alias(f"{name}_max") for name in _SAME)
        )
        return self._ask(each.filter(pl.all_horizontal(pl.col(name) == pl.col(f"{name}_max") for name in _SAME)))

    def units_unique(self) -> Sums:
        """unique rows, then unique units"""
        return self._ask(self.frame.unique().unique(subset="unit", keep="none"))

    ways = {
        "sums": {"groups": sums, "filters": sums_filters},
        "units": {"extremes": units_extremes, "unique": units_unique},
    }


class NumPy:
    """Arrays, one thread."""

    def __init__(self, columns: dict[str, np.ndarray], threads: int) -> None:
        self.columns = columns
        self.version = np.__version__

    def sums(self) -> Sums:
        """a mask an arm, dot products"""
        return self._sums(self.columns)

    def _sums(self, columns: dict[str, np.ndarray]) -> Sums:
        found = {}
        for arm in (0, 1):
            mask = columns["variant"] == arm
            mine = {name: columns[name][mask] for name in VALUES}
            found[str(arm)] = [
                int(mask.sum()),
                *(int(mine[name].sum()) for name in VALUES),
                *(int(np.dot(mine[a], mine[b])) for a, b in PRODUCTS),
            ]
        return found

    def units_sorted(self) -> Sums:
        """rows sorted by unit, runs compared"""
        order = np.argsort(self.columns["unit"], kind="stable")
        columns = {name: self.columns[name][order] for name in COLUMNS}
        first = np.flatnonzero(np.diff(columns["unit"], prepend=columns["unit"][0] - 1))
        agree = np.ones(len(first), dtype=bool)
        for name in _SAME:
            agree &= np.minimum.reduceat(columns[name], first) == np.maximum.reduceat(columns[name], first)
        return self._sums({name: columns[name][first[agree]] for name in _SAME})

    ways = {"sums": {"masks": sums}, "units": {"sorted": units_sorted}}


ENGINES = {"duckdb": DuckDB, "polars": Polars, "numpy": NumPy}


def work(engine: str, directory: Path, threads: int) -> None:
    """A process of one engine."""
    columns = {name: np.fromfile(directory / f"{name}.i64", dtype="<i8") for name in COLUMNS}
    turns.serve(lambda: ENGINES[engine](columns, threads))


# ------------------------------------------------------------------------------------------------------------ comparing


def library_sums(path: Path) -> Sums:
    """Table moments; a sum that several metrics share must be the same in all of them."""
    found: dict[str, dict[Any, int]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        n, metric, arm, i, j, sum_i, sum_ij = line.split("\t")
        for key, value in (("n", n), (i, sum_i), ((i, j), sum_ij)):
            known = found.setdefault(arm, {}).setdefault(key, int(value))
            if known != int(value):
                sys.exit(f"the library contradicts itself: arm {arm}, {metric}, {key}: {known} and {value}")
    return {
        arm: [sums["n"], *(sums[name] for name in VALUES), *(sums[pair] for pair in PRODUCTS)]
        for arm, sums in found.items()
    }


def check(question: str, who: str, expected: Sums, got: Sums) -> None:
    if expected != got:
        names = ["n", *VALUES, *("*".join(pair) for pair in PRODUCTS)]
        for arm in sorted({*expected, *got}):
            for name, left, right in zip(names, expected.get(arm, []), got.get(arm, []), strict=False):
                if left != right:
                    sys.exit(f"{question}, arm {arm}: {name} is {left} in the library, {right} in {who}")
        sys.exit(f"{question}: the library has the arms {sorted(expected)}, {who} has {sorted(got)}")


FORMULATIONS = {"sums": "moments-only", "units": "units"}


def compare(program: Path, directory: Path, rows: int, threads: int, rounds: int, peers: list[str]) -> None:
    times: dict[tuple[str, str, str], list[float]] = {}
    ratios: dict[tuple[str, str, str], list[float]] = {}
    chosen = [engine for engine in peers if engine != "numpy" or threads == 1]
    workers = turns.start("experiment_peer", chosen, directory, threads)
    library: dict[str, list[dict[str, Any]]] = {question: [] for question in FORMULATIONS}
    try:
        for number in range(rounds + 1):  # the first one warms the peers up
            told = turns.run_library(program, directory, threads, 2)
            for question, formulation in FORMULATIONS.items():
                expected = library_sums(directory / f"sums-{formulation}.tsv")
                library[question].append(told[formulation])
                for worker in workers:
                    for way in ENGINES[worker.engine].ways[question]:
                        ms, sums = worker.ask(question, way)
                        check(question, f"{worker.engine} ({way})", expected, sums)
                        if number > 0:
                            times.setdefault((question, worker.engine, way), []).append(ms)
                            ratio = ms / told[formulation]["ms_min"]
                            ratios.setdefault((question, worker.engine, way), []).append(ratio)
    finally:
        for worker in workers:
            worker.close()
    print(f"\n### experiment, {rows:,} rows, {threads} thread{'s' if threads > 1 else ''}\n")
    print("| question | engine | way | median ms | ns/row | peer / library |\n|---|---|---|---:|---:|---:|")
    for question, formulation in FORMULATIONS.items():
        ms = statistics.median(line["ms_min"] for line in library[question][1:])
        result = statistics.median(line["result_ms"] for line in library[question][1:])
        way = f"{formulation}, {result:.1f} ms of it all tables"
        print(f"| {question} | pdmetrics | {way} | {ms:.1f} | {ms * 1e6 / rows:.1f} | 1 |")
        for (asked, engine, name), values in times.items():
            if asked == question:
                ms = statistics.median(values)
                ratio = statistics.median(ratios[asked, engine, name])
                print(f"| {question} | {engine} | {name} | {ms:.1f} | {ms * 1e6 / rows:.1f} | {ratio:.2f} |")
    versions = ", ".join(f"{worker.engine} {worker.version}" for worker in workers)
    print(f"\nAll sums are equal. {versions}.", flush=True)


def main() -> None:
    if len(sys.argv) == 5 and sys.argv[1] == "--work":
        work(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
        return
    chosen = turns.asked(__doc__, "--rows", 10_000_000, ENGINES)
    with tempfile.TemporaryDirectory() as directory:
        make_rows(chosen.rows, Path(directory))
        for threads in chosen.threads:
            compare(chosen.program, Path(directory), chosen.rows, threads, chosen.rounds, chosen.peers)


if __name__ == "__main__":
    main()
