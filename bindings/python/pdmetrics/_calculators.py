"""Running calculators: what goes in, what comes out, and errors in the caller's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import timezone
from typing import Any, TypeVar

from . import _inputs, _render
from ._errors import Error, MissingColumnError
from ._native import core
from ._registry import CalculatorInfo, calculators
from ._result import Result
from ._state import option_text

R = TypeVar("R", bound=Result)

_PLACE = re.compile(r"\bbyte (\d+)\b")


def calculate(name: str, kind: type[R], arguments: Mapping[str, Any]) -> R:
    """The result of a calculator, from the arguments of its generated function."""
    info = calculators[name]
    inputs = _given(info, arguments)
    options = {key: arguments[key] for key in info.about.options if arguments.get(key) is not None}
    try:
        return _run(info, kind, inputs, options)
    except MissingColumnError as error:
        raise _with_columns(info, error, arguments) from None
    except Error as error:
        if options.get("strict") and error.column in info.about.tables:
            with suppress(Error):
                error.result = _run(info, kind, inputs, {**options, "strict": False})
        raise pointed(error, _formulas(info, inputs)) from None


def _given(info: CalculatorInfo, arguments: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Inputs that were given, as batches."""
    found = []
    scalars = info.scalars
    for name, item in info.about.lists.items():
        value = arguments.get(name)
        own = {key: arguments.get(key) for key, (owner, _) in scalars.items() if owner.name == name}
        own = {key: each for key, each in own.items() if each is not None}
        if value is not None or own:
            found.append((name, _inputs.batch(item, value, own)))
    return found


def _run(info: CalculatorInfo, kind: type[R], inputs: list[tuple[str, Any]], options: Mapping[str, Any]) -> R:
    known = info.about.options
    texts = [
        (name, option_text(known[name], value, timezone.utc))
        for name, value in options.items()
        if value != known[name].default or isinstance(value, bool) != isinstance(known[name].default, bool)
    ]
    context = core.pdm_context_create((1, 0, None))
    native = core.pdm_glue_calculate(context, info.handle, texts, inputs)
    return kind(native, info.about, timezone.utc)


# -------------------------------------------------------------------------------------------------------------- errors


def _with_columns(info: CalculatorInfo, error: MissingColumnError, arguments: Mapping[str, Any]) -> Error:
    """A missing column with what there is."""
    for name in info.about.lists:
        columns = _inputs.given(arguments.get(name))
        if columns and f'"{name}"' in error.message:
            error.message += f"; the columns are {', '.join(columns)}"
            error.args = (error.message,)
    return error


def _formulas(info: CalculatorInfo, inputs: list[tuple[str, Any]]) -> list[str]:
    """Texts in which an error may give a place."""
    found: list[str] = []
    for name, (_, columns) in inputs:
        texts = [column[2] for column in columns if column[0] == "text" and isinstance(column[2], list)]
        if name.startswith("formula"):
            found += [text for values in texts for text in values]
    return found


def pointed(error: Error, formulas: list[str]) -> Error:
    """An error that names a byte of a formula, naming the character and showing it."""
    place = _PLACE.search(error.message)
    if place is None or error.row is None or not formulas:
        return error
    row = re.search(r"\brow (\d+)\b", error.message[: place.start()])
    text = formulas[int(row[1]) if row is not None else 0]
    at = len(text.encode()[: int(place[1])].decode(errors="ignore"))
    start = text.rfind("\n", 0, at) + 1
    line = text[start:].partition("\n")[0]
    room = " " * _render.text_width(text[start:at])
    where = f"character {at}"
    error.message = f"{_PLACE.sub(where, error.message, count=1)}\n    {line}\n    {room}^"
    error.args = (error.message,)
    error.position = at
    error.row = int(row[1]) if row is not None else None
    return error
