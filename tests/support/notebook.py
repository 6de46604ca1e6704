"""Runs notebooks in Jupyter's kernel, each in an empty folder: for the tests, and to commit them with what they show.

    python tests/support/notebook.py examples/notebooks/*.ipynb

runs them and writes them back with their outputs. Figures become drawings (SVG), so that a reader sees them where no
JavaScript runs; that needs kaleido and a Chrome or Chromium. Whoever opens a notebook and runs it gets interactive ones.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

FIGURE = "application/vnd.plotly.v1+json"
DRAWING = "image/svg+xml"


def run(path: Path) -> Any:
    """The notebook with the outputs of a run from nothing. A cell that fails raises, and says which."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        settings = {"PLOTLY_RENDERER": "plotly_mimetype", "PYTHONUTF8": "1", "IPYTHONDIR": f"{folder}/.ipython"}
        client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": folder}})
        client.execute(env=os.environ | settings)
    return notebook


def figures(notebook: Any) -> list[Any]:
    """The figures that it shows."""
    return [output["data"][FIGURE] for output in _outputs(notebook) if FIGURE in output.get("data", {})]


def printed(cell: Any) -> str:
    """What a cell prints."""
    return "".join("".join(output["text"]) for output in cell["outputs"] if output["output_type"] == "stream")


def _outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook["cells"] if cell["cell_type"] == "code" for output in cell["outputs"]]


def _draw(notebook: Any) -> None:
    import plotly.io

    for output in _outputs(notebook):
        told = output.get("data", {}).pop(FIGURE, None)
        if told is None:
            continue
        figure = plotly.io.from_json(json.dumps(told), skip_invalid=True)
        drawing = figure.to_image(format="svg", width=860).decode()
        # Hundredths of a pixel are enough.
        output["data"][DRAWING] = re.sub(r"(\d\.\d\d)\d+", r"\1", drawing)


def _tidy(notebook: Any) -> None:
    notebook["metadata"] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook["cells"]:
        cell["metadata"] = {key: value for key, value in cell["metadata"].items() if key == "tags"}
    for output in _outputs(notebook):
        if "metadata" in output:
            output["metadata"] = {}


def main(paths: list[str]) -> None:
    """Runs notebooks and writes them back."""
    import kaleido
    import nbformat

    kaleido.start_sync_server(silence_warnings=True)
    for path in map(Path, paths):
        notebook = run(path)
        _draw(notebook)
        _tidy(notebook)
        nbformat.validate(notebook)
        text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        path.write_text(text, encoding="utf-8")
        print(f"{path.name}: {len(figures(notebook))} figures left, {len(text.encode()) // 1000} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
