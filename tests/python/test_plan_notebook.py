"""The planning notebook, run from nothing."""

import json

import pytest
from conftest import ROOT

PATH = ROOT / "examples" / "notebooks" / "planning.ipynb"


def test_runs(pdm):
    pytest.importorskip("pandas")
    go = pytest.importorskip("plotly.graph_objects")
    import notebook

    shown = notebook.run(PATH)
    figures = [item for item in shown if isinstance(item, go.Figure)]
    assert len(figures) >= 14
    for figure in figures:
        json.loads(figure.to_json())
        assert figure.layout.title.text
    summaries = [item for item in shown if "shortfall" in getattr(item, "columns", [])]
    assert [item["status"].value for item in summaries] == ["infeasible"]


def test_is_committed_without_outputs():
    told = json.loads(PATH.read_text(encoding="utf-8"))
    assert told["nbformat"] == 4
    for cell in told["cells"]:
        assert cell["cell_type"] in ("code", "markdown") and cell["id"]
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None
    heads = [
        line
        for cell in told["cells"]
        if cell["cell_type"] == "markdown"
        for line in cell["source"]
        if line.startswith("#")
    ]
    assert len(heads) > 8 and all(any("\u4e00" <= letter <= "\u9fff" for letter in head) for head in heads)
