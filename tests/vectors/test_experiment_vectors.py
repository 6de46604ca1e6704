"""Conformance vectors of A/B significance, all of them, through pdmetrics.stats to their stated tolerance."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import experiment_vectors as experiment  # noqa: E402

VECTORS = experiment.vectors()
ASKED = [name for name, vector in VECTORS.items() if experiment.not_answered(vector) is None]
NOT_ASKED = [name for name in VECTORS if name not in ASKED]


@pytest.fixture(scope="module")
def stats():
    if importlib.util.find_spec("pdmetrics") is None:
        pytest.skip("pdmetrics is not installed")
    return importlib.import_module("pdmetrics.stats")


def vector_of(name):
    if name not in VECTORS:
        pytest.skip(f"shared/vectors/experiment is not here (set PDM_SHARED): {name}")
    return VECTORS[name]


def test_every_file_has_its_vectors():
    vector_of(next(iter(VECTORS), "no vectors"))
    assert {vector["file"] for vector in VECTORS.values()} == set(experiment.FILES)
    assert {path.stem for path in experiment.VECTORS.glob("*.json")} == set(experiment.FILES)
    known = {(vector["file"], vector["fn"]) for vector in VECTORS.values()}
    assert set(experiment.NOT_ANSWERED) <= known
    assert len(ASKED) > 800


@pytest.mark.parametrize("name", ASKED or ["experiment"])
def test_vector(stats, name):
    vector = vector_of(name)
    wrong = experiment.differences(vector, experiment.answer(stats, vector))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", NOT_ASKED or ["experiment"])
def test_vector_that_python_does_not_reach(name):
    pytest.skip(f"{name}: {experiment.not_answered(vector_of(name))}")


def test_differences_are_seen():
    """The comparison itself: what must not pass does not."""
    vector = {
        "tol": {"rel": 1e-12, "abs": 1e-300},
        "out": {
            "a": 1.0,
            "b": [0.0, 2.0],
            "c": {"ln": -800.0, "sign": 1},
            "d": "null",
            "e": "inf",
            "f": False,
        },
    }
    right = {
        "a": 1.0 + 2e-16,
        "b": [0.0, 2.0],
        "c": (0.0, -800.0),
        "d": None,
        "e": float("inf"),
        "f": False,
    }
    assert experiment.differences(vector, {**right, "more": 1}) == []
    for wrong in (
        {**right, "a": 1.0 + 1e-11},
        {**right, "a": None},
        {**right, "a": float("nan")},
        {**right, "b": [1e-299, 2.0]},
        {**right, "b": [0.0]},
        {**right, "c": (0.0, -800.1)},
        {**right, "c": 0.0},
        {**right, "d": 0.0},
        {**right, "e": 1e308},
        {**right, "f": True},
        {key: value for key, value in right.items() if key != "f"},
    ):
        assert experiment.differences(vector, wrong), wrong
