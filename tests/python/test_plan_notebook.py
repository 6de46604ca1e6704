"""The notebooks, run from nothing."""

import json

import pytest
from conftest import ROOT

FOLDER = ROOT / "examples" / "notebooks"


@pytest.mark.parametrize(("name", "most"), [("planning", 14), ("retention", 14)])
def test_runs(pdm, name, most):
    pytest.importorskip("pandas")
    go = pytest.importorskip("plotly.graph_objects")
    import notebook

    shown = notebook.run(FOLDER / f"{name}.ipynb")
    figures = [item for item in shown if isinstance(item, go.Figure)]
    assert len(figures) >= most
    for figure in figures:
        json.loads(figure.to_json())
        assert figure.layout.title.text
    summaries = [item for item in shown if "shortfall" in getattr(item, "columns", [])]
    assert [item["status"].value for item in summaries] == (["infeasible"] if name == "planning" else [])


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)
def test_is_committed_without_outputs(path):
    told = json.loads(path.read_text(encoding="utf-8"))
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
