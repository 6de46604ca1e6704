"""Conformance vectors of cohorts, asked of the naive reference that other tests compare the library with, and of the library where
it has the metric."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import cohort_library as library  # noqa: E402
import cohort_reference as reference  # noqa: E402
import cohort_reference_activity as activity  # noqa: E402
import cohort_reference_repurchase as repurchase  # noqa: E402
import cohort_vectors as vectors  # noqa: E402

CASES = vectors.cohort_cases()
REFERENCE = {
    "retention": reference.retention,
    "retention_array": reference.retention_array,
    "lifecycle": activity.lifecycle,
    "activity": activity.activity,
    "repurchase": repurchase.repurchase,
}


def ask_reference(metric, rows, options):
    return REFERENCE[metric](list(rows), options)


def ask_library(metric, rows, options):
    if not library.has(metric):
        pytest.skip(f"the installed pdmetrics has no metric {metric}")
    return library.engine(metric, rows, options)


ENGINES = {"reference": ask_reference, "library": ask_library}


@pytest.fixture(params=ENGINES)
def engine(request):
    return ENGINES[request.param]


def case_of(name):
    if name not in CASES:
        pytest.skip(f"shared/vectors/product-analytics is not here (set PDM_SHARED): {name}")
    return CASES[name]


def test_every_file_has_its_cases():
    case_of(next(iter(CASES), "no vectors"))
    for name in vectors.FILES:
        assert any(case["kind"] in vectors.METRICS for case in vectors.load(name)), name
    assert {case["kind"] for case in CASES.values()} == set(vectors.METRICS)


@pytest.mark.parametrize("name", list(CASES) or ["cohorts"])
def test_vector(engine, name):
    question = vectors.question_of(case_of(name))
    vectors.check(question, engine(question.metric, question.rows, question.options))


@pytest.mark.parametrize("name", list(CASES) or ["cohorts"])
def test_vector_in_any_row_order(engine, name):
    question = vectors.question_of(case_of(name))
    vectors.check(question, engine(question.metric, question.rows[::-1], question.options))


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case["kind"] == "retention_modes"] or ["modes"])
def test_modes(engine, name):
    question = vectors.question_of(case_of(name))
    asked = vectors.variants(question)
    assert len(asked) == 2
    for options, expected in asked:
        tables = engine(question.metric, question.rows, options)
        got = vectors.triangle(tables["cells"], "retained")[0][0]
        assert got[-len(expected) :] == expected
