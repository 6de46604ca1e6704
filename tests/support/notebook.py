"""Runs a notebook's code cells one after the other, as Jupyter would, without Jupyter: the last expression is what a cell shows."""

import ast
import json
from pathlib import Path
from typing import Any


def run(path: Path) -> list[Any]:
    """What the code cells show, in order. An error names the cell it came from."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    names: dict[str, Any] = {"__name__": "__main__"}
    shown = []
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            shown.append(_cell("".join(cell["source"]), f"{path.name}[{number}]", names))
    return shown


def _cell(source: str, name: str, names: dict[str, Any]) -> Any:
    tree = ast.parse(source, name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), names)
    if last is None:
        return None
    value = eval(compile(ast.Expression(last.value), name, "eval"), names)
    if hasattr(value, "_repr_html_"):
        value._repr_html_()
    return value
