"""One engine, one source of rows, one number of threads. Reads requests, answers in JSON lines; started by compare.py.

A request is "TASK FORMULATION"; the answer holds the time of the computation alone and the result to compare.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import resource
import sys
import time


def resident(field: str) -> int:
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    return 0


def reset_peak() -> bool:
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
        return True
    except OSError:
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=("duckdb", "polars", "pandas", "clickhouse"))
    parser.add_argument("directory")
    parser.add_argument("source")
    parser.add_argument("threads", type=int)
    args = parser.parse_args()
    os.environ["POLARS_MAX_THREADS"] = str(args.threads)  # read when the engine is imported
    # results leave on the real standard output; whatever an engine prints must not mix with them
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    from . import columns

    module = importlib.import_module(f".{args.engine}_peer", __package__)
    steps = columns.steps(args.directory, args.source)
    peer = module.Peer(columns.load(args.directory, args.source), args.source, args.threads, steps)
    peer.first_day = columns.first_day(args.directory, args.source)
    gc.collect()
    tasks = {name: list(getattr(peer, name)) for name in ("rfm", "group", "funnel", "retention")}
    print(
        json.dumps({"ready": True, "engine": peer.name, "version": str(peer.version), "tasks": tasks}),
        file=out,
        flush=True,
    )
    for line in sys.stdin:
        task, formulation = line.split()
        run = getattr(peer, task)[formulation]
        measured = reset_peak()
        before = resident("VmRSS")
        user = resource.getrusage(resource.RUSAGE_SELF)
        start = time.perf_counter()
        answer = run(peer)
        ms = (time.perf_counter() - start) * 1e3
        used = resource.getrusage(resource.RUSAGE_SELF)
        cpu = (used.ru_utime + used.ru_stime - user.ru_utime - user.ru_stime) * 1e3
        peak = resident("VmHWM") - before if measured else None
        print(json.dumps({"ms": ms, "cpu_ms": cpu, "peak_bytes": peak, "answer": answer}), file=out, flush=True)


if __name__ == "__main__":
    main()
