"""Runs the same work in the library and in its peers, side by side; checks that the answers agree; prints ratios.

For every task, source and number of threads each engine runs in a process of its own, with its rows loaded before
anything is timed. First every formulation of every engine runs twice; those of a peer that are near its fastest are
kept. Then come the rounds: in each, the engines run one after the other, so that whatever slows the machine down meets
all of them. Ratios are medians over the rounds of (peer's time / library's time in the same round).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

from . import check, columns

ENGINES = ("clickhouse", "duckdb", "polars", "pandas")
# task, source, program of the library
WORK = {
    "rfm-int": ("rfm", "int", "bench_rfm"),
    "rfm-text": ("rfm", "text", "bench_rfm"),
    "group-orders": ("group", "orders", "bench_group"),
    "group-events": ("group", "events", "bench_group"),
    **{source: ("funnel", source, "bench_funnel") for source in columns.FUNNELS},
    **{source: ("retention", source, "bench_retention") for source in columns.RETENTIONS},
}
STATE_SOURCES = {
    "state-int": "int",
    "state-text": "text",
    "state-funnel": "funnel-int",
    "state-funnel-text": "funnel-text",
}
# questions whose answer is that of another: the same rows with other keys or in another sequence
SAME_ANSWER = {
    **dict.fromkeys(("rfm-int", "rfm-text", "state-int", "state-text"), "rfm"),
    **dict.fromkeys(
        ("funnel-int", "funnel-text", "funnel-shuffled", "funnel-sorted", "state-funnel", "state-funnel-text"), "funnel"
    ),
    **dict.fromkeys(columns.RETENTIONS, "retention"),
}
# key, time and, of a funnel, code
ROW_BYTES = {"funnel": 8 + 8 + 4, "retention": 8 + 8}
OURS = "pdmetrics"
WARM_UP = 2
NEAR = 1.3  # a peer's formulation this near to its fastest one stays: the warm-up alone must not choose a slow one
# what rows sorted in a table of its own are to be compared with
ALWAYS = ("mergetree", "mergetree-in-order")


class Failed(Exception):
    """A process died or an answer differs."""


@dataclass
class Timed:
    engine: str
    formulation: str
    times: list[float] = field(default_factory=list)
    runs: list[dict] = field(default_factory=list)
    memory: float | None = None  # beyond the input, in a process of its own
    kept: bool = True

    @property
    def first(self) -> float:
        return self.times[0]

    @property
    def rounds(self) -> list[float]:
        return self.times[WARM_UP:]

    def best(self, what) -> float:
        return what(self.rounds or self.times[1:])

    @property
    def peak(self) -> float:
        return max(run.get("peak_bytes") or 0 for run in self.runs)

    def read_share(self, size: int) -> tuple[float, float] | None:
        """GB/s at which an input of that size was read, and the part that is of what a loop that adds it up reaches."""
        runs = [r for r in self.runs[WARM_UP:] if "read_gb_per_s" in r]
        rates = [size / 1e6 / r["ms"] for r in runs]
        if not rates:
            return None
        bare = (r["read_gb_per_s"] for r in runs)
        return statistics.median(rates), statistics.median(a / b for a, b in zip(rates, bare, strict=True))


class Worker:
    """A process that runs one engine."""

    def __init__(self, engine: str, command: list[str], cwd: str | None = None) -> None:
        self.engine = engine
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=cwd)
        self.ready = self._read()

    def _read(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"{self.engine} died, status {self.process.wait()}")
        return json.loads(line)

    def run(self, task: str, formulation: str) -> dict:
        self.process.stdin.write(f"{task} {formulation}\n")
        self.process.stdin.flush()
        return self._read()

    def close(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def difference(left: dict, right: dict) -> str:
    found = [f"{k}: {left[k]} and {right.get(k)}" for k in left if k != "cells" and left[k] != right.get(k)]
    cells = [i for i, (a, b) in enumerate(zip(left.get("cells", []), right.get("cells", []), strict=True)) if a != b]
    if cells:
        i = cells[0]
        code = f"step {i + 1}"
        if len(left["cells"]) == columns.CLASSES**3:
            code = f"{i // 25 + 1}{i // 5 % 5 + 1}{i % 5 + 1}"
        elif len(left["cells"]) == columns.RETENTION_DAYS**2:
            code = f"cohort {i // columns.RETENTION_DAYS}, day {i % columns.RETENTION_DAYS}"
        found.append(f"{len(cells)} cells, the first {code}: {left['cells'][i]} and {right['cells'][i]}")
    return "; ".join(found)


class Comparison:
    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.sizes = columns.sizes(args.data)
        self.versions: dict[str, str] = {}
        self.answers: dict[str, tuple[str, dict]] = {}
        self.out = open(args.out, "w", encoding="utf-8")
        self.tables: list[str] = []

    def check(self, subject: str, who: str, answer: dict) -> None:
        """All answers to one question must be equal, across engines, formulations, rounds and threads."""
        first_who, first = self.answers.setdefault(subject, (who, answer))
        if first != answer:
            raise Failed(f"{subject}: {first_who} and {who} disagree: {difference(first, answer)}")

    def emit(self, line: dict) -> None:
        self.out.write(json.dumps(line) + "\n")
        self.out.flush()

    def commands(self, data: str, source: str, program: str, threads: int) -> list[tuple[str, list[str], str | None]]:
        """engine, command line, working directory"""
        commands: list[tuple[str, list[str], str | None]] = []
        path = os.path.join(self.args.build, program) if self.args.build else ""
        if os.access(path, os.X_OK):
            commands.append((OURS, [path, data, source, str(threads)], None))
        elif self.args.build:
            print(f"no program {program}: peers alone", file=sys.stderr)
        here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        for engine in self.args.peers:
            if engine == "pandas" and threads > 1:
                continue  # knows one thread only
            commands.append(
                (
                    engine,
                    [sys.executable, "-m", f"{__package__}.worker", engine, data, source, str(threads)],
                    here,
                )
            )
        return commands

    def workers(self, data: str, source: str, program: str, threads: int) -> list[Worker]:
        started: list[Worker] = []
        try:
            for engine, command, cwd in self.commands(data, source, program, threads):
                started.append(Worker(engine, command, cwd))
                self.versions[engine] = started[-1].ready.get("version", "")
        except BaseException:
            for worker in started:
                worker.close()
            raise
        return started

    def run_one(self, worker: Worker, task: str, timed: Timed, subject: str) -> None:
        got = worker.run(task, timed.formulation)
        timed.times.append(got["ms"])
        timed.runs.append({k: v for k, v in got.items() if k != "answer"})
        self.check(subject, f"{timed.engine} ({timed.formulation})", got["answer"])

    def compare(self, name: str, threads: int) -> None:
        task, source, program = WORK[name]
        subject = SAME_ANSWER.get(name, name)
        workers = self.workers(self.args.data, source, program, threads)
        try:
            entries = [(w, Timed(w.engine, f)) for w in workers for f in w.ready["tasks"][task]]
            for worker, timed in entries:
                for _ in range(WARM_UP):
                    self.run_one(worker, task, timed, subject)
            for worker in workers:
                mine = [t for w, t in entries if w is worker]
                fastest = min(min(t.times) for t in mine)
                for t in mine:
                    t.kept = worker.engine == OURS or min(t.times) <= NEAR * fastest or t.formulation in ALWAYS
            for _ in range(self.args.runs):
                for worker, timed in entries:
                    if timed.kept:
                        self.run_one(worker, task, timed, subject)
        finally:
            for worker in workers:
                worker.close()
        if self.args.memory:
            for _, timed in entries:
                if timed.kept:
                    timed.memory = self.memory_of(name, threads, timed)
        self.report(name, threads, [t for _, t in entries])

    def memory_of(self, name: str, threads: int, timed: Timed) -> float:
        """Growth of resident memory in the first run of a process that has done nothing else."""
        task, source, program = WORK[name]
        command, cwd = next(
            (c, d) for e, c, d in self.commands(self.args.data, source, program, threads) if e == timed.engine
        )
        worker = Worker(timed.engine, command, cwd)
        try:
            return worker.run(task, timed.formulation).get("peak_bytes") or 0
        finally:
            worker.close()

    def check_small(self, threads: int) -> None:
        """Every formulation of every engine against the definition, on rows that are all ties and ends of windows and days."""
        with tempfile.TemporaryDirectory() as data:
            rows = check.write(data, self.sizes)
            for source in check.SOURCES:
                task, _, program = WORK[source]
                subject = f"check of {source}"
                wanted = check.answer(rows, columns.steps(data, source)) if task == "funnel" else check.triangle(rows)
                self.check(subject, "the definition", wanted)
                workers = self.workers(data, source, program, threads)
                try:
                    for worker in workers:
                        for formulation in worker.ready["tasks"][task]:
                            got = worker.run(task, formulation)
                            self.check(subject, f"{worker.engine} ({formulation})", got["answer"])
                finally:
                    for worker in workers:
                        worker.close()
        print(f"small data, {threads} thread{'s' if threads > 1 else ''}: all agree with the definition", flush=True)

    def report(self, name: str, threads: int, timed: list[Timed]) -> None:
        rows = self.sizes["rows"]
        base = {t.formulation: t for t in timed if t.engine == OURS}
        against = [f for f in ("warm", "cold") if f in base]
        title = f"{name}, {rows:,} rows, {threads} thread{'s' if threads > 1 else ''}"
        header = ["engine", "formulation", "first ms", "min ms", "median ms", "ns/row"] + [
            f"× {OURS} {f}" for f in against
        ]
        if self.args.memory:
            header.append("B/row beyond the input")
        body, notes = [], []
        for t in timed:
            ratios = {
                f: statistics.median(a / b for a, b in zip(t.rounds, base[f].rounds, strict=True))
                for f in against
                if t.rounds
            }
            lowest, median = t.best(min), t.best(statistics.median)
            label = t.formulation if t.kept else f"{t.formulation} (not kept)"
            body.append(
                [t.engine, label, f"{t.first:.0f}", f"{lowest:.1f}", f"{median:.1f}", f"{median * 1e6 / rows:.1f}"]
                + [f"{ratios[f]:.2f}" if f in ratios else "" for f in against]
            )
            if self.args.memory:
                body[-1].append(f"{t.memory / rows:.1f}" if t.memory is not None else "")
            read = t.read_share(rows * ROW_BYTES.get(WORK[name][0], 0))
            if read:
                notes.append(
                    f"{t.engine} ({t.formulation}) goes through {read[0]:.1f} GB/s of input; that is {read[1]:.0%} "
                    "of what a loop reaches that only adds the columns up, on one thread."
                )
            self.emit(
                {
                    "task": name,
                    "threads": threads,
                    "rows": rows,
                    "customers": self.sizes["customers"],
                    "engine": t.engine,
                    "version": self.versions.get(t.engine, ""),
                    "formulation": t.formulation,
                    "kept": t.kept,
                    "first_ms": t.first,
                    "min_ms": lowest,
                    "median_ms": median,
                    "rows_per_s": rows / median * 1e3,
                    "times_ms": t.rounds,
                    "peak_bytes_per_row": t.peak / rows,
                    "memory_bytes_per_row": t.memory / rows if t.memory is not None else None,
                    "read_gb_per_s": read[0] if read else None,
                    "read_share": read[1] if read else None,
                    "ratios": ratios,
                    "figures": t.runs[-1],
                }
            )
        self.show(title, header, body, notes)

    def show(self, title: str, header: list[str], body: list[list[str]], notes: list[str] | None = None) -> None:
        widths = [max(len(r[i]) for r in [header, *body]) for i in range(len(header))]
        lines = [f"\n### {title}\n"]
        for i, row in enumerate([header, *body]):
            cells = [c.ljust(w) if k < 2 else c.rjust(w) for k, (c, w) in enumerate(zip(row, widths, strict=True))]
            lines.append("| " + " | ".join(cells) + " |")
            if i == 0:
                lines.append(
                    "|" + "|".join("-" * (w + 2) if k < 2 else "-" * (w + 1) + ":" for k, w in enumerate(widths)) + "|"
                )
        text = "\n".join(lines + ([""] + notes if notes else []))
        self.tables.append(text)
        print(text, flush=True)

    def states(self, name: str, threads: int) -> None:
        """What only the library does: states as bytes, merged, memory."""
        path = os.path.join(self.args.build or "", "bench_state")
        if not os.access(path, os.X_OK):
            print("no program bench_state: states are not measured", file=sys.stderr)
            return
        command = [path, self.args.data, STATE_SOURCES[name], str(threads), str(self.args.runs)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"bench_state failed, status {done.returncode}")
        body: list[list[str]] = []
        unit = "an event that is a step" if STATE_SOURCES[name] in columns.FUNNELS else "a customer"
        for line in map(json.loads, done.stdout.splitlines()):
            answer = line.pop("answer")
            self.check(SAME_ANSWER[name], f"{OURS} ({line['formulation']})", answer)
            self.emit(line)
            per = line["rows"]
            extra = [
                f"{line['mib_per_s']:.0f} MiB/s" if "mib_per_s" in line else "",
                f"{line['bytes'] / per:.1f} B serialised {unit}" if "bytes" in line else "",
                f"{line['state_bytes'] / per:.1f} B held {unit}" if "state_bytes" in line else "",
                f"building from rows takes {line['build_ms']:.1f} ms" if "build_ms" in line else "",
            ]
            body.append(
                [
                    OURS,
                    line["formulation"],
                    f"{line['first_ms']:.1f}",
                    f"{line['min_ms']:.1f}",
                    f"{line['median_ms']:.1f}",
                    ", ".join(e for e in extra if e),
                ]
            )
        self.show(
            f"{name}, {self.sizes['rows']:,} rows, {threads} thread{'s' if threads > 1 else ''}",
            ["engine", "call", "first ms", "min ms", "median ms", "figures"],
            body,
        )

    def finish(self) -> None:
        names = ", ".join(f"{e} {v}" for e, v in self.versions.items() if v)
        print(f"\nAll answers agree. Peers: {names}.")
        self.out.close()
        with open(os.path.splitext(self.args.out)[0] + ".md", "w", encoding="utf-8") as file:
            file.write("\n".join(self.tables).lstrip() + f"\n\nAll answers agree. Peers: {names}.\n")


def main() -> int:
    every = [*WORK, *STATE_SOURCES]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="directory that make_data filled")
    parser.add_argument(
        "--build", help="directory with the library's benchmark programs; without it the peers run alone"
    )
    parser.add_argument("--out", help="JSON lines; the tables go beside it as .md")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--runs", type=int, default=5, help="rounds after the warm-up")
    parser.add_argument("--tasks", nargs="+", choices=every, default=every)
    parser.add_argument("--peers", nargs="*", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--memory", action="store_true", help="also measure memory, every formulation in a new process")
    parser.add_argument("--check", action="store_true", help="first compare funnels and retention of small data with the definition")
    parser.add_argument("--sets", action="store_true", help="only print what make_data must write for these tasks")
    args = parser.parse_args()
    if args.sets:
        print(*sorted({columns.data_set(WORK[t][1] if t in WORK else STATE_SOURCES[t]) for t in args.tasks}))
        return 0
    if not args.data or not args.out:
        parser.error("--data and --out are required")
    args.data = os.path.abspath(args.data)
    args.build = os.path.abspath(args.build) if args.build else None
    comparison = Comparison(args)
    try:
        for threads in args.threads if args.check else ():
            comparison.check_small(threads)
        for name in args.tasks:
            for threads in args.threads:
                comparison.states(name, threads) if name in STATE_SOURCES else comparison.compare(name, threads)
    except Failed as error:
        print(f"\nFAILED: {error}", file=sys.stderr)
        return 1
    comparison.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
