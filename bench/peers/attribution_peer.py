"""Attribution beside DuckDB, Polars, ClickHouse, NumPy, pandas and ChannelAttribution; equal answers are checked.

    cd bench && python -m peers.attribution_peer --program ../build/bench/bench/bench_attribution

Rows are touches (five million by default, a fifth as many users, 12 channels) and 7 % as many conversions, in the
order they arrive. A conversion's touches are those after the conversion before, however old; touches after a user's
last conversion are a journey that did not convert; a conversion without touches counts nowhere; rows of one time go by
channel, conversions last. Questions:

``transitions``  how often a journey goes from (start) to a channel, from channel to channel, and on to (conversion) or
                 (null). The library makes the removal effects and all its other tables as well.
``rules``        credits of first touch, last touch, linear and position-based (.4/.2/.4), conversions and value. The
                 same.
``all``          thirteen rules and the Markov chain: the library alone.
``order-k``      Markov chains with all removal effects from paths with counts: PathData of the package
                 ChannelAttribution (from ``data/attribution`` of PDM_SHARED; left out where it is not there), and a
                 million journeys of the rows above, a path a row. The package simulates: that is timed, as it comes,
                 beside the exact solution, and its largest deviation printed. It is under the GPL and compiled where it
                 is installed, so nothing installs it on its own: ``pip install ChannelAttribution matplotlib``.

The library takes channels as texts in a dictionary. Peers get a small integer in the order of the names instead, which
spares them the texts. Transitions must be equal, credits within 1e-9. Ratios are medians over rounds in which library
and peers take turns, each engine in a process of its own; what took twice as long as its engine's best way while
warming up is not kept.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import turns
from .attribution_engines import ENGINES, ONE_THREAD, SIMULATION, ChannelAttribution, Credits, Transitions
from .attribution_rows import journeys_of, make_rows, path_data, read_rows, write_paths, write_rows

TOLERANCE = 1e-9


def work(engine: str, directory: Path, threads: int) -> None:
    """A process of one engine."""
    if engine == SIMULATION:
        turns.serve(lambda: ChannelAttribution(directory, threads))
        return
    columns = read_rows(directory)
    turns.serve(lambda: ENGINES[engine](columns, threads))


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
    held = told[0]["state_bytes"] / rows
    way = f"rows {update:.1f} ms, all tables {result:.1f} ms; cold {cold:.1f} ms; {held:.0f} bytes a row held"
    print(f"| {told[0]['formulation']} | pdmetrics | {way} | {ms:.1f} | {ms * 1e6 / rows:.1f} | 1 |")


_HEAD = "| question | engine | way | median ms | ns/row | peer / library |\n|---|---|---|---:|---:|---:|"


def compare_events(program: Path, directory: Path, threads: int, rounds: int, peers: list[str]) -> None:
    table = Table()
    told: list[dict[str, dict[str, Any]]] = []
    chosen = [engine for engine in peers if threads == 1 or engine not in ONE_THREAD]
    workers = turns.start("attribution_peer", chosen, directory, threads)
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
    workers = turns.start("attribution_peer", [SIMULATION], directory, threads)
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
    chosen = turns.asked(__doc__, "--touches", 5_000_000, ENGINES)
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
            compare_events(chosen.program, directory, threads, chosen.rounds, chosen.peers)
            if known is not None:
                orders = [f"order-{order}" for order in range(1, 5)]
                compare_paths(chosen.program, directory / "PathData", threads, chosen.rounds, orders)
            compare_paths(chosen.program, directory / "journeys", threads, chosen.rounds, ["order-1"])


if __name__ == "__main__":
    main()
