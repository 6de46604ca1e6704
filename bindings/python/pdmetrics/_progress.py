"""A progress line for people who watch a terminal."""

from __future__ import annotations

import sys
import time
from typing import TextIO


class Bar:
    """Writes one line to stderr and rewrites it; says nothing about short work."""

    def __init__(self, out: TextIO | None = None, patience_s: float = 0.4) -> None:
        self._out = sys.stderr if out is None else out
        self._start = time.monotonic()
        self._patience_s = patience_s
        self._shown = False

    def __call__(self, done: int, total: int) -> None:
        """Shows where we are; ``total`` is −1 where nobody knows."""
        elapsed = time.monotonic() - self._start
        if elapsed < self._patience_s:
            return
        self._shown = True
        rate = done / elapsed / 1e6
        if total > 0:
            share = min(done / total, 1.0)
            bar = "█" * round(share * 24)
            self._out.write(f"\r{bar:<24} {share:6.1%}  {done:,} rows  {rate:.1f} M/s ")
        else:
            self._out.write(f"\r{done:,} rows  {rate:.1f} M/s ")
        self._out.flush()

    def close(self) -> None:
        """Ends the line."""
        if self._shown:
            self._out.write("\n")
            self._out.flush()
        self._shown = False
        self._start = time.monotonic()


class Steps:
    """Writes one line to stderr for work of several steps: how many are done, which is under way, and its rows."""

    def __init__(self, steps: int, out: TextIO | None = None, patience_s: float = 0.4) -> None:
        self._out = sys.stderr if out is None else out
        self._patient_until = time.monotonic() + patience_s
        self._steps = max(steps, 1)
        self._done = -1
        self._label = ""
        self._width = 0
        self._drawn = 0.0

    def begin(self, label: str) -> None:
        """The next step."""
        self._done = min(self._done + 1, self._steps - 1)
        self._label = label
        self._draw("", force=True)

    def __call__(self, done: int, total: int) -> None:
        """Rows of the step under way; ``total`` is −1 where nobody knows."""
        self._draw(f"  {done:,} rows")

    def _draw(self, more: str, *, force: bool = False) -> None:
        now = time.monotonic()
        if now < self._patient_until or (not force and now < self._drawn + 0.1):
            return
        self._drawn = now
        share = self._done / self._steps
        line = f"{'█' * round(share * 24):<24} {share:4.0%}  {self._label}{more}"
        self._out.write(f"\r{line:<{self._width}}")
        self._out.flush()
        self._width = len(line)

    def close(self) -> None:
        """Takes the line away."""
        if self._width:
            self._out.write(f"\r{'':<{self._width}}\r")
            self._out.flush()
        self._width = 0
