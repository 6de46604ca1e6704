"""Conformance vectors of GMV targets, all of them, through pdmetrics.plan to their stated tolerance."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import targets_vectors as targets  # noqa: E402

VECTORS = targets.vectors()
COVERED = [name for name in VECTORS if name not in targets.NOT_OF_TARGETS]


def vector_of(name):
    if name not in VECTORS:
        pytest.skip(f"shared/vectors/targets is not here (set PDM_SHARED): {name}")
    return VECTORS[name]


@pytest.fixture(scope="module")
def pdm():
    if importlib.util.find_spec("pdmetrics") is None:
        pytest.skip("pdmetrics is not installed")
    return importlib.import_module("pdmetrics")


def test_every_file_has_its_vectors():
    vector_of(next(iter(VECTORS), "no vectors"))
    assert {vector["file"] for vector in VECTORS.values()} == set(targets.FILES)
    assert {path.stem for path in targets.VECTORS.glob("*.json")} == set(targets.FILES)
    assert set(targets.NOT_OF_TARGETS) <= set(VECTORS)


@pytest.mark.parametrize("name", COVERED or ["targets"])
def test_vector(pdm, name):
    vector = vector_of(name)
    wrong = targets.differences(vector, targets.answer(pdm, vector))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", targets.NOT_OF_TARGETS)
def test_vector_of_something_else(name):
    vector_of(name)
    pytest.skip(f"{name}: {targets.NOT_OF_TARGETS[name]}")


def test_differences_are_seen():
    """The comparison itself: what must not pass does not."""
    vector = {"tol": "rel 1e-12", "expect": {"a": [1.0, 0, None], "b": {"c": "X"}, "published": 5, "d": True}}
    right = {"a": [1.0 + 2e-16, 1e-13, None], "b": {"c": "X", "more": 1}, "d": True}
    assert targets.differences(vector, right) == []
    for wrong in (
        {**right, "a": [1.0 + 1e-11, 0, None]},
        {**right, "a": [1.0, 1e-11, None]},
        {**right, "a": [1.0, 0, 0]},
        {**right, "a": [1.0, None, None]},
        {**right, "a": [1.0, 0]},
        {**right, "b": {"c": "Y"}},
        {**right, "b": {}},
        {**right, "d": False},
        {"error": "X"},
    ):
        assert targets.differences(vector, wrong), wrong
    assert targets.differences({"tol": "exact", "expect": {"a": 0.1}}, {"a": 0.1}) == []
    assert targets.differences({"tol": "exact", "expect": {"a": 1.0}}, {"a": 1.0 + 3e-16})
