"""100 000 comparisons of two conversion rates beside NumPy with SciPy and statsmodels; equal answers are checked.

    cd bench && python -m peers.stats_peer --program ../build/bench/bench_stats

Three tasks, each by what people would use: the pooled test; the test with Newcombe's interval; the complete answer with
score intervals of difference and lift. Vectorised forms work on all rows; what must be called row by row gets
the first ``--loop`` rows, and its time is scaled up. Ratios are medians over rounds in which library and peers take turns.

statsmodels' own score interval of a difference is not compared: it counts wrong (statsmodels issue 10269). The score
intervals are checked against roots that SciPy finds of the textbook's equation.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import optimize, stats
from statsmodels.stats import proportion

Z = stats.norm.isf(0.025)
COLUMNS = ("z", "p", "newcombe_low", "newcombe_high", "mee_low", "mee_high", "koopman_low", "koopman_high")
Counts = np.ndarray  # 4 rows: x_control, n_control, x_treatment, n_treatment
Answer = dict[str, np.ndarray]


def make_counts(rows: int) -> Counts:
    """Rates of 0.5 to 40 %, 100 to 20 000 units an arm, lifts about 0; some arms without a conversion."""
    chance = np.random.default_rng(20260101)
    rate = chance.uniform(0.005, 0.4, rows)
    n = chance.integers(100, 20_000, (2, rows))
    x = chance.binomial(n, np.clip(rate * chance.normal(1, 0.05, (2, rows)), 0, 1))
    return np.array([x[0], n[0], x[1], n[1]], dtype="<i8")


# ---------------------------------------------------------------------------------------------------------------- peers


def scipy_test(counts: Counts) -> Answer:
    """The textbook's formula over arrays."""
    xc, nc, xt, nt = counts
    pooled = (xc + xt) / (nc + nt)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (xt / nt - xc / nc) / np.sqrt(pooled * (1 - pooled) * (1 / nc + 1 / nt))
    z = np.where(np.isfinite(z), z, 0.0)
    return {"z": z, "p": 2 * stats.norm.sf(np.abs(z))}


def statsmodels_loop_test(counts: Counts) -> Answer:
    found = [proportion.proportions_ztest([xt, xc], [nt, nc]) for xc, nc, xt, nt in counts.T]
    z, p = np.array(found).T
    return {"z": z, "p": p}


def scipy_newcombe(counts: Counts) -> Answer:
    xc, nc, xt, nt = counts

    def wilson(x, n):
        rate, w = x / n, Z * Z
        middle, half = rate + w / (2 * n), Z * np.sqrt(rate * (1 - rate) / n + w / (4 * n * n))
        return rate, (middle - half) / (1 + w / n), (middle + half) / (1 + w / n)

    (c, c_low, c_high), (t, t_low, t_high) = wilson(xc, nc), wilson(xt, nt)
    low = t - c - np.sqrt((t - t_low) ** 2 + (c_high - c) ** 2)
    high = t - c + np.sqrt((t_high - t) ** 2 + (c - c_low) ** 2)
    return {**scipy_test(counts), "newcombe_low": low, "newcombe_high": high}


def statsmodels_newcombe(counts: Counts) -> Answer:
    xc, nc, xt, nt = counts
    low, high = proportion.confint_proportions_2indep(xt, nt, xc, nc, method="newcomb", compare="diff")
    return {**scipy_test(counts), "newcombe_low": low, "newcombe_high": high}


def _score_difference(delta: float, xc: int, nc: int, xt: int, nt: int) -> float:
    """The score statistic at p_t − p_c = delta; the restricted rate by a root of the likelihood's derivative."""
    low, high = max(0.0, delta), min(1.0, 1 + delta)

    def slope(p: float) -> float:
        return (
            xt * (1 - p) * (p - delta) * (1 - p + delta)
            - (nt - xt) * p * (p - delta) * (1 - p + delta)
            + (xc * p * (1 - p) * (1 - p + delta) - (nc - xc) * p * (1 - p) * (p - delta))
        )

    inside = (high - low) * 1e-12
    a, b = slope(low + inside), slope(high - inside)
    if a * b < 0:
        t = optimize.brentq(slope, low + inside, high - inside, xtol=1e-15, rtol=1e-14)
    else:
        t = low if a <= 0 else high
    c = t - delta
    variance = t * (1 - t) / nt + c * (1 - c) / nc
    return (xt / nt - xc / nc - delta) / np.sqrt(max(variance, 1e-300))


def _score_ratio(rho: float, xc: int, nc: int, xt: int, nt: int) -> float:
    a, b, c = (nc + nt) * rho, nt * rho + xt + nc + xc * rho, xc + xt
    p = 2 * c / (b + np.sqrt(max(b * b - 4 * a * c, 0.0)))
    variance = rho * p * (1 - rho * p) / nt + rho * rho * p * (1 - p) / nc
    return (xt / nt - rho * xc / nc) / np.sqrt(max(variance, 1e-300))


def scipy_complete(counts: Counts) -> Answer:
    """Score intervals as one would write them with SciPy: a root for every limit."""
    found = np.empty((4, counts.shape[1]))
    for i, (xc, nc, xt, nt) in enumerate(counts.T.tolist()):
        d = xt / nt - xc / nc
        for k, (low, high, sign) in enumerate(((-1 + 1e-9, d, -1), (d, 1 - 1e-9, 1))):
            found[k, i] = optimize.brentq(
                lambda x, s=sign, g=(xc, nc, xt, nt): _score_difference(x, *g) + s * Z, low, high, xtol=1e-13
            )
        ratio = (xt / nt) / (xc / nc) if xc > 0 else np.inf
        for k, sign in ((2, -1), (3, 1)):
            if (k == 2 and xt == 0) or (k == 3 and xc == 0):
                found[k, i] = 0.0 if k == 2 else np.inf
                continue
            near = ratio if 0 < ratio < np.inf else (xt + 0.5) / nt / ((xc + 0.5) / nc)
            ends = (near * 1e-6, near) if k == 2 else (near, near * 1e6)
            found[k, i] = optimize.brentq(
                lambda x, s=sign, g=(xc, nc, xt, nt): _score_ratio(x, *g) + s * Z, *ends, xtol=1e-14, rtol=1e-13
            )
    return {
        **scipy_test(counts),
        "mee_low": found[0],
        "mee_high": found[1],
        "koopman_low": found[2] - 1,
        "koopman_high": found[3] - 1,
    }


# task, name, function, row by row?, relative tolerance
PEERS: tuple[tuple[str, str, Callable[[Counts], Answer], bool, float], ...] = (
    ("test", "NumPy + SciPy, vectorised", scipy_test, False, 1e-10),
    ("test", "statsmodels, loop", statsmodels_loop_test, True, 1e-10),
    ("newcombe", "NumPy + SciPy, vectorised", scipy_newcombe, False, 1e-9),
    ("newcombe", "statsmodels, vectorised", statsmodels_newcombe, False, 1e-9),
    ("complete", "SciPy roots, loop", scipy_complete, True, 1e-8),
)


# ------------------------------------------------------------------------------------------------------------ comparing


def run_library(program: Path, counts: Path, rows: int, runs: int) -> tuple[dict[str, float], Answer]:
    results = counts.with_suffix(".f64")
    done = subprocess.run(
        [program, counts, results, str(runs)], check=True, capture_output=True, text=True, encoding="utf-8"
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    found = np.fromfile(results, dtype="<f8").reshape(len(COLUMNS), rows)
    return {line["task"]: line["ms_min"] for line in lines}, dict(zip(COLUMNS, found, strict=True))


def check(name: str, ours: Answer, theirs: Answer, tolerance: float) -> None:
    for column, expected in theirs.items():
        got = ours[column][: len(expected)]
        same = (got == expected) | (np.abs(got - expected) <= tolerance * np.maximum(np.abs(expected), 1e-3))
        if not same.all():
            row = int(np.argmin(same))
            sys.exit(f"{name}: {column} of row {row} is {expected[row]!r}, the library says {got[row]!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--loop", type=int, default=500, help="rows of what is called row by row")
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    counts = make_counts(chosen.rows)
    ratios: dict[tuple[str, str], list[float]] = {}
    library: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "counts.i64"
        counts.tofile(path)
        for _ in range(chosen.rounds):
            times, ours = run_library(chosen.program, path, chosen.rows, 3)
            for task, ms in times.items():
                library.setdefault(task, []).append(ms)
            for task, name, ask, loops, tolerance in PEERS:
                part = counts[:, : chosen.loop] if loops else counts
                start = time.perf_counter()
                theirs = ask(part)
                ms = (time.perf_counter() - start) * 1e3 * counts.shape[1] / part.shape[1]
                check(name, ours, theirs, tolerance)
                ratios.setdefault((task, name), []).append(ms / times[task])
    print(f"| task ({chosen.rows:,} comparisons) | library ms | peer | peer / library |\n|---|---|---|---|")
    for (task, name), values in ratios.items():
        print(f"| {task} | {statistics.median(library[task]):.1f} | {name} | {statistics.median(values):.1f} |")
    print(f"| complete, as columns to a table | {statistics.median(library['calculator']):.1f} | | |")


if __name__ == "__main__":
    main()
