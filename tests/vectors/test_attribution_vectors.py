"""Conformance vectors of attribution, and Markov chains of higher order on real paths against sparse linear algebra."""

import importlib.util
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import attribution_vectors as vectors  # noqa: E402

EXPECTATIONS = {name: (case, expectation) for name, case, expectation in vectors.expectations()}
NOW = [name for name, (_, expectation) in EXPECTATIONS.items() if not vectors.is_later(expectation)]


@pytest.fixture(scope="module")
def pdm():
    if importlib.util.find_spec("pdmetrics") is None:
        pytest.skip("pdmetrics is not installed")
    return importlib.import_module("pdmetrics")


def test_most_of_the_vectors_are_asked():
    if not EXPECTATIONS:
        pytest.skip("shared/vectors/attribution is not here (set PDM_SHARED)")
    later = Counter(e["model"] for _, e in EXPECTATIONS.values() if vectors.is_later(e))
    assert len(NOW) >= 340, later


@pytest.mark.parametrize("name", NOW or ["no vectors"])
def test_vector(pdm, name):
    if name not in EXPECTATIONS:
        pytest.skip("shared/vectors/attribution is not here (set PDM_SHARED)")
    case, expectation = EXPECTATIONS[name]
    answer = vectors.answer(pdm, case, expectation)
    if answer is None:
        pytest.skip(f"{case['input']['file']} is not here (set PDM_SHARED)")
    vectors.check(expectation, answer)


# ---- a chain by another road --------------------------------------------------------------------------------------------------


def path_data():
    return vectors.read_file(
        {
            "file": "shared/data/attribution/PathData.csv",
            "columns": ["path", "total_conversions", "total_conversion_value", "total_null"],
        }
    )


def solved(rows, order):
    """Removal effects by definition: 1 − P without the channel / P, by a sparse LU of I − Q for each channel."""
    np = pytest.importorskip("numpy")
    sparse = pytest.importorskip("scipy.sparse")
    linalg = pytest.importorskip("scipy.sparse.linalg")
    states = {(): 0}
    moves, visits, ends, worth = Counter(), Counter(), Counter(), Counter()
    for path, conversions, value, nulls in rows:
        touches = [token.strip() for token in path.split(">")]
        grams = [tuple(touches[i : i + order]) for i in range(max(1, len(touches) - order + 1))]
        steps = [gram for i, gram in enumerate(grams) if i == 0 or gram != grams[i - 1]]
        ids = [0, *(states.setdefault(gram, len(states)) for gram in steps)]
        for a, b in zip(ids, ids[1:], strict=False):
            moves[a, b] += conversions + nulls
        for a in ids:
            visits[a] += conversions + nulls
        ends[ids[-1]] += conversions
        worth[ids[-1]] += value if conversions else 0.0
    n = len(states)
    start = np.zeros(n)
    start[0] = 1.0
    gain = np.array([[ends[s] / visits[s], worth[s] / visits[s]] if visits[s] else [0.0, 0.0] for s in range(n)])

    def expected(without):
        dead = {i for gram, i in states.items() if without in gram}
        kept = [(a, b, count / visits[a]) for (a, b), count in moves.items() if a not in dead and b not in dead]
        a, b, q = zip(*kept, strict=True)
        matrix = sparse.identity(n, format="csc") - sparse.csc_matrix((q, (a, b)), shape=(n, n))
        return linalg.splu(matrix.tocsc()).solve(gain)[0]

    whole = expected(None)
    channels = sorted({channel for gram in states for channel in gram})
    return {channel: 1.0 - expected(channel) / whole for channel in channels}, whole, n


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_markov_chains_on_real_paths(pdm, order):
    rows = path_data()
    if rows is None:
        pytest.skip("shared/data/attribution/PathData.csv is not here (set PDM_SHARED)")
    effects, whole, states = solved(rows, order)
    result = vectors.from_paths(pdm, rows, {"model": "markov", "params": {"order": order}})
    summary = result["markov_summary"].to_rows()[0]
    assert summary["states"] == states
    assert summary["p_conversion"] == pytest.approx(whole[0], rel=1e-12)
    assert summary["value_per_journey"] == pytest.approx(whole[1], rel=1e-12)
    assert summary["residual"] <= 1e-12
    got = {row["channel"]: row for row in result["removal_effects"].to_rows()}
    assert set(got) == set(effects)
    for channel, effect in effects.items():
        assert got[channel]["removal_effect"] == pytest.approx(effect[0], rel=1e-9)
        assert got[channel]["removal_effect_value"] == pytest.approx(effect[1], rel=1e-9)
    credited = sum(row["conversions"] for row in got.values())
    assert credited == pytest.approx(sum(row[1] for row in rows), rel=1e-12)
