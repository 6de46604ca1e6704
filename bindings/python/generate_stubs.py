"""Writes pdmetrics/_metrics.py: one function and one class per metric, from the registry of the library just built.

Nothing in it is written by hand, so a new metric appears in Python by being in the registry. Run by the build; the test
suite runs it again and compares.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import textwrap
import types
from pathlib import Path

HEADER = '''"""The metrics. Made from the library's registry by generate_stubs.py; do not edit."""

# ruff: noqa
from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from ._frames import FrameLike
from ._lists import ListLike
from ._result import Result, Table, register_result
from ._state import Progress, State, compute, register_state
from ._time import Duration, Instant, TimeZone, Weekday

'''

COMMON = [
    (
        "tz",
        "TimeZone",
        "None",
        'Time zone in which days and dates are meant: a name, an offset such as "+08:00", or a tzinfo. UTC by default.',
    ),
    ("week_start", "Weekday", '"monday"', "First day of the week."),
]
MACHINE = [
    ("threads", "int | None", "None", "Threads to use; all by default. Results do not depend on it."),
    ("memory_limit", "int | None", "None", "Bytes the work may hold; LimitError beyond."),
    (
        "progress",
        "Progress",
        "None",
        "Called as progress(done, total) now and then; True shows a line on stderr. Returning False stops.",
    ),
]


def load(package: Path, name: str) -> types.ModuleType:
    """A module of pdmetrics without pdmetrics/__init__.py, which needs the file that is being made."""
    shell = types.ModuleType("pdmetrics")
    shell.__path__ = [str(package)]
    sys.modules.setdefault("pdmetrics", shell)
    return importlib.import_module(f"pdmetrics.{name}")


def option_type(core, option) -> str:
    if option.kind == core.PDM_OPTION_ENUM:
        return "Literal[" + ", ".join(f'"{value}"' for value in option.values) + "]"
    plain = {core.PDM_OPTION_BOOL: "bool", core.PDM_OPTION_FLOAT: "float", core.PDM_OPTION_TEXT: "str"}
    if option.kind == core.PDM_OPTION_TIME:
        return "Instant | None"
    if option.kind == core.PDM_OPTION_DURATION:
        return "Duration" if option.default is not None else "Duration | None"
    return plain.get(option.kind, "int" if option.default is not None else "int | None")


def literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def described(name: str, text: str, indent: str) -> list[str]:
    safe = " ".join(text.split()).replace("\\", "\\\\").replace('"' * 3, "'" * 3)
    lines = textwrap.wrap(safe, 116 - len(indent)) or [""]
    return [f"{indent}{name}:", *(f"{indent}    {line}" for line in lines)]


def parameters(core, shorthand, metric) -> list[tuple[str, str, str, str]]:
    """Name, type, default and meaning of every argument but the frame."""
    found = []
    short = shorthand.of(metric.name)
    for column in metric.columns:
        need = "" if column.required else " Optional."
        unit = f" ({column.unit})" if column.unit else ""
        default = "None" if column.keyword in short.on_request else f'"{column.name}"'
        found.append((column.keyword, "str | None", default, f"Column: {column.doc}{unit}{need}"))
    for name, kind, default, doc in COMMON:
        asked = name in short.on_request
        found.append((name, f"{kind} | None" if asked else kind, "None" if asked else default, doc))
    for name, info in metric.lists.items():
        if name in metric.options:
            continue
        columns = ", ".join(column.name for column in info.columns)
        found.append((name, "ListLike", "None", f"List of ({columns}). {info.doc}"))
    for name, info in metric.lists.items():
        if name in metric.options:
            columns = ", ".join(column.name for column in info.columns)
            found.append((metric.list_keyword(name), "ListLike", "None", f"List of ({columns}). {info.doc}"))
    found += [(extra.name, extra.type, "None", extra.doc) for extra in short.parameters]
    for option in metric.options.values():
        unit = f" Unit: {option.unit}." if option.unit else ""
        kind = option_type(core, option)
        if option.name in metric.lists:
            kind += " | ListLike"
        if option.name in short.several:
            kind += " | Sequence[str]"
        found.append((option.name, kind, literal(option.default), f"{option.doc}{unit}"))
    found += MACHINE
    names = [name for name, *_ in found]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise SystemExit(f"{metric.name}: arguments called alike: {', '.join(sorted(repeated))}")
    return found


def signature(found: list[tuple[str, str, str, str]], first: str, indent: str) -> list[str]:
    lines = [f"{indent}{first},", f"{indent}*,"]
    return lines + [f"{indent}{name}: {kind} = {default}," for name, kind, default, _ in found]


def result_class(metric) -> list[str]:
    name = f"{metric.class_name}Result"
    lines = ["", "", f'@register_result("{metric.name}")', f"class {name}(Result):"]
    lines += [f'    """Tables of {metric.name}."""']
    for table in metric.tables.values():
        doc = " ".join(table.doc.split()).rstrip(".") or table.name
        given = " Present only if asked for." if table.optional else ""
        lines += ["", "    @property", f"    def {table.name}(self) -> Table:"]
        lines += ['        """' + "\n        ".join(textwrap.wrap(f"{doc}.{given}", 108)) + "\n"]
        for column in table.columns:
            unit = f" ({column.unit})" if column.unit else ""
            lines += described(column.name, column.doc + unit, "        ")
        lines += ['        """', f'        return self._table("{table.name}")']
    return lines


def documented(metric, found: list[tuple[str, str, str, str]], opening: str, indent: str, frame: bool) -> list[str]:
    lines = [
        f'{indent}"""' + ("\n" + indent).join(textwrap.wrap(opening, 112)),
        "",
        f"{indent}Parameters",
        f"{indent}----------",
    ]
    if frame:
        lines += described(
            "frame", "Rows: a data frame of any kind, a dict of columns, an iterable of frames, a path, or SQL.", indent
        )
    for name, _, _, meaning in found:
        lines += described(name, meaning, indent)
    return [*lines, f'{indent}"""']


def metric_source(core, shorthand, metric) -> list[str]:
    found = parameters(core, shorthand, metric)
    name = metric.class_name
    lines = result_class(metric)
    lines += ["", "", f"def {metric.name}("]
    lines += signature(found, "frame: FrameLike", "    ")
    lines += [f") -> {name}Result:"]
    lines += documented(metric, found, metric.summary, "    ", True)
    lines += [f'    return cast({name}Result, compute("{metric.name}", frame, locals()))']
    lines += ["", "", "@register_state", f"class {name}(State):"]
    lines += documented(
        metric, found, f"State of {metric.name}: feed it, merge it, store it. {metric.summary}", "    ", False
    )
    lines += ["", f'    _metric_name = "{metric.name}"', "", "    def __init__("]
    lines += signature(found, "self", "        ")
    lines += ["    ) -> None:", "        self._create(locals())", ""]
    lines += [f"    def result(self) -> {name}Result:", '        """The tables of what the state has seen so far."""']
    lines += [f"        return cast({name}Result, super().result())"]
    return lines


def source(package: Path) -> str:
    """The text of _metrics.py."""
    registry = load(package, "_registry")
    shorthand = load(package, "_shorthand")
    core = importlib.import_module("pdmetrics._native.core")
    lines: list[str] = []
    names: list[str] = []
    for metric in registry.metrics.values():
        names += [metric.class_name, f"{metric.class_name}Result", metric.name]
        lines += metric_source(core, shorthand, metric)
    listed = "".join(f'    "{name}",\n' for name in sorted(names))
    return HEADER + f"__all__ = [\n{listed}]\n" + "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--package", type=Path, required=True, help="directory pdmetrics with the built module in _native/"
    )
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    arguments = parser.parse_args()
    arguments.out.write_text(source(arguments.package.resolve()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
