"""Library and peers take turns: each engine in a process of its own that answers requests "question way" with JSON lines."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any


def serve(load: Callable[[], Any]) -> None:
    """The process of one engine. ``load`` makes it: with ``version``, and ``ways``: question → way → method."""
    # answers leave on the real standard output; whatever an engine prints must not mix with them
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        peer = load()
    except ImportError as missing:
        print(json.dumps({"missing": str(missing)}), file=out, flush=True)
        return
    print(json.dumps({"version": str(peer.version)}), file=out, flush=True)
    for line in sys.stdin:
        question, way = line.split()
        start = time.perf_counter()
        answer = peer.ways[question][way](peer)
        ms = (time.perf_counter() - start) * 1e3
        print(json.dumps({"ms": ms, "answer": answer}), file=out, flush=True)


class Worker:
    """The other end of serve(). ``missing``: why the engine is not here, else None."""

    def __init__(self, module: str, engine: str, directory: Path, threads: int) -> None:
        self.engine = engine
        command = [sys.executable, "-m", f"{__package__}.{module}", "--work", engine, str(directory), str(threads)]
        environment = {**os.environ, "POLARS_MAX_THREADS": str(threads)}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        told = json.loads(self._line())
        self.missing: str | None = told.get("missing")
        self.version: str | None = told.get("version")

    def _line(self) -> str:
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            sys.exit(f"{self.engine} died, status {self.process.wait()}")
        return line

    def ask(self, question: str, way: str) -> tuple[float, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{question} {way}\n")
        self.process.stdin.flush()
        got = json.loads(self._line())
        return got["ms"], got["answer"]

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)


def asked(doc: str | None, size: str, default: int, engines: Iterable[str]) -> argparse.Namespace:
    """The command line of a comparison; ``size`` is the flag that says how much there is to do."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument(size, type=int, default=default)
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", nargs="*", choices=tuple(engines), default=list(engines))
    chosen = parser.parse_args()
    chosen.program = chosen.program.resolve()
    return chosen


def start(module: str, engines: Iterable[str], directory: Path, threads: int) -> list[Worker]:
    """Processes of the engines that are here; says which are not."""
    found = []
    for engine in engines:
        worker = Worker(module, engine, directory, threads)
        if worker.missing is None:
            found.append(worker)
        else:
            print(f"\n{engine} is left out: {worker.missing}", flush=True)
            worker.close()
    return found


def run_library(program: Path, *arguments: object) -> dict[str, dict[str, Any]]:
    """The JSON lines of a program, by formulation."""
    command = [str(program), *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    return {line["formulation"]: line for line in map(json.loads, done.stdout.splitlines())}
