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
