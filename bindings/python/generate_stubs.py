"""Writes the Python that is made from the registry of the library just built.

- ``_metrics.py``: one function and one class per metric;
- ``_plan.py`` and so on, one module per family of calculators: one function and one class of results per calculator;
- ``_codes.py``: the exceptions that no one wrote by hand.

Nothing in them is written by hand, so a new metric, calculator or error appears in Python by being in the library. Run
by the build; the test suite runs it again and compares.
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
import textwrap
import types
from pathlib import Path

HEADER = '''"""The metrics. Made from the library's registry by generate_stubs.py; do not edit."""

# ruff: noqa
from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from ._conditions import ConditionLike
from ._frames import FrameLike
from ._lists import ListLike
from ._result import Result, Table, register_result
from ._state import Progress, State, compute, register_state
from ._time import Duration, Instant, TimeZone, Weekday

'''

FAMILY_HEADER = '''"""Calculators. Made from the library's registry by generate_stubs.py; do not edit."""

# ruff: noqa
from __future__ import annotations

from typing import Literal

from ._calculators import calculate
from ._inputs import InputLike, Number
from ._result import Result, Table
from ._time import Instant

'''

CODES_HEADER = '''"""Errors by their codes. Made from the library's header by generate_stubs.py; do not edit."""

# ruff: noqa
from __future__ import annotations

from ._errors import Error, StatusError

'''

STATUS_HEADER = Path(__file__).resolve().parents[2] / "include" / "pdmetrics" / "status.h"

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
        kind = short.wider.get(column.keyword, "str")
        found.append((column.keyword, f"{kind} | None", default, f"Column: {column.doc}{unit}{need}"))
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
        if option.name in short.wider:
            kind += f" | {short.wider[option.name]}"
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


def result_class(metric, name: str) -> list[str]:
    lines = [f"class {name}(Result):"]
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
    lines = ["", "", f'@register_result("{metric.name}")', *result_class(metric, f"{name}Result")]
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


def listing(names: list[str]) -> str:
    return "__all__ = [\n" + "".join(f'    "{name}",\n' for name in sorted(names)) + "]\n"


# --------------------------------------------------------------------------------------------------------- calculators


def input_doc(core, item) -> str:
    """What an input is, and how it may be written."""
    columns = ", ".join(column.name if column.required else f"{column.name}?" for column in item.columns)
    plain = f" A plain {'value' if item.single else 'list'} is {item.plain_column.name}." if item.plain_column else ""
    return f"{'One row' if item.single else 'Rows'} of ({columns}). {item.doc}{plain}"


def scalar_type(core, item, column) -> str:
    if not item.single:
        return "InputLike"
    kinds = {core.PDM_ROLE_KEY: "str | int", core.PDM_ROLE_TEXT: "str", core.PDM_ROLE_TIME: "Instant"}
    return f"{kinds.get(column.role, 'Number')} | None"


def rows_by_column(core, info) -> bool:
    """Whether the only input is rows, whose columns are then arguments too."""
    return len(info.about.lists) == 1 and bool(info.scalars)


def calculator_parameters(core, info) -> list[tuple[str, str, str, str]]:
    """Name, type, default ("" = required) and meaning of every argument."""
    found = []
    for name, item in info.about.lists.items():
        required = item.shape == core.PDM_INPUT_ROWS and not rows_by_column(core, info)
        found.append((name, "InputLike", "" if required else "None", input_doc(core, item)))
        for keyword, (owner, column) in info.scalars.items():
            if owner is item:
                unit = f" ({column.unit})" if column.unit else ""
                found.append((keyword, scalar_type(core, item, column), "None", f"Column {column.name} of {name}. {column.doc}{unit}"))
    for option in info.about.options.values():
        unit = f" Unit: {option.unit}." if option.unit else ""
        found.append((option.name, option_type(core, option), literal(option.default), f"{option.doc}{unit}"))
    names = [name for name, *_ in found]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise SystemExit(f"{info.about.name}: arguments called alike: {', '.join(sorted(repeated))}")
    return found


def calculator_signature(core, info, found: list[tuple[str, str, str, str]]) -> list[str]:
    """The first input may go without its name where it is the rows."""
    lines = [f"    {name}: {kind}{f' = {default}' if default else ''}," for name, kind, default, _ in found]
    first = next(iter(info.about.lists.values()))
    lines.insert(1 if not first.single else 0, "    *,")
    return lines


def calculator_source(core, info) -> list[str]:
    about = info.about
    found = calculator_parameters(core, info)
    name = info.result_name
    lines = ["", "", *result_class(about, name)]
    lines += ["", "", f"def {about.name}(", *calculator_signature(core, info, found), f") -> {name}:"]
    lines += documented(about, found, about.summary, "    ", False)
    return [*lines, f'    return calculate("{about.name}", {name}, locals())']


def family_source(package: Path, family: str) -> str:
    """The text of a family's module."""
    registry = load(package, "_registry")
    core = importlib.import_module("pdmetrics._native.core")
    names: list[str] = []
    lines: list[str] = []
    for info in registry.calculators.values():
        if info.family == family:
            names += [info.about.name, info.result_name]
            lines += calculator_source(core, info)
    return FAMILY_HEADER + listing(names) + "\n".join(lines) + "\n"


# -------------------------------------------------------------------------------------------------------------- errors


def code_docs() -> dict[str, str]:
    """What the header says of each code and row status, by enumerator."""
    text = STATUS_HEADER.read_text(encoding="utf-8")
    found = re.findall(r"\b(PDM_[A-Z_]+) = \d+,?\s*/\*\*<(.*?)\*/", text, re.S)
    return {name: " ".join(doc.split()) for name, doc in found}


def error_source(code: str, base: str, doc: str) -> list[str]:
    sentence = doc[0].upper() + doc[1:].rstrip(".") + "."
    name = "".join(part.capitalize() for part in code.split("_")) + "Error"
    return ["", "", f"class {name}({base}):", f'    """{sentence}"""', "", f'    code = "{code}"']


def codes_source(package: Path) -> str:
    """The text of _codes.py: errors that _errors.py does not have."""
    core = importlib.import_module("pdmetrics._native.core")
    written = (package / "_errors.py").read_text(encoding="utf-8")
    known = set(re.findall(r'^    code = "(\w+)"$', written, re.M))
    docs = code_docs()
    lines: list[str] = []
    code = 1
    while (name := core.pdm_status_name(code)) != "unknown":
        if name not in known:
            lines += error_source(name, "Error, ValueError", docs[f"PDM_E_{name.upper()}"])
            known.add(name)
        code += 1
    for status in range(1, core.PDM_ROW_STATUS_COUNT):
        name = core.pdm_row_status_name(status)
        if name not in known:
            lines += error_source(name, "StatusError", docs[f"PDM_STATUS_{name.upper()}"])
    names = re.findall(r"^class (\w+)", "\n".join(lines), re.M)
    return CODES_HEADER + listing(names) + "\n".join(lines) + "\n"


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
    return HEADER + listing(names) + "\n".join(lines) + "\n"


def sources(package: Path, families: list[str]) -> dict[str, str]:
    """File name → text of everything that is generated."""
    registry = load(package, "_registry")
    unlisted = {info.family for info in registry.calculators.values()} - set(families)
    if unlisted:
        raise SystemExit(f"families of calculators that have no module: {', '.join(sorted(unlisted))}")
    made = {"_metrics.py": source(package), "_codes.py": codes_source(package)}
    return made | {f"_{family}.py": family_source(package, family) for family in families}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--package", type=Path, required=True, help="directory pdmetrics with the built module in _native/"
    )
    parser.add_argument("--families", nargs="+", required=True, help="families of calculators, each a module")
    parser.add_argument("--out", type=Path, required=True, help="directory to write to")
    arguments = parser.parse_args()
    for name, text in sources(arguments.package.resolve(), arguments.families).items():
        (arguments.out / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
