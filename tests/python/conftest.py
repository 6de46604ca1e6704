"""Fixtures of the Python tests: where the shared data lies, and the package under test."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))


def shared_root():
    """The folder of shared data and vectors: PDM_SHARED, or `shared` beside the repository."""
    return Path(os.environ.get("PDM_SHARED") or ROOT.parent / "shared")


@pytest.fixture(scope="session")
def shared():
    """shared("data", "cdnow", "cdnow_sample.csv.gz") → its path; skips the test if it is not there."""

    def find(*parts):
        path = shared_root().joinpath(*parts)
        if not path.exists():
            pytest.skip(f"shared/{'/'.join(parts)} is not here (set PDM_SHARED)")
        return path

    return find


@pytest.fixture(scope="session")
def pdm():
    """The package. Tests of it are skipped only where it is not installed at all; a broken one fails."""
    if importlib.util.find_spec("pdmetrics") is None:
        pytest.skip("pdmetrics is not installed")
    return importlib.import_module("pdmetrics")


@pytest.fixture
def folder(tmp_path):
    """Where commands run; modules with files of their own have their own."""
    return tmp_path


@pytest.fixture
def run(pdm, folder, monkeypatch, capsys):
    """The command line in `folder`: exit code, what was printed, what was said on stderr."""
    from pdmetrics import cli

    monkeypatch.chdir(folder)

    def call(*arguments):
        try:
            code = cli.main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = end.code
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call
