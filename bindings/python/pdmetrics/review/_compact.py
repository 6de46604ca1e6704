"""What a page holds for its script, in little room: figures without what they repeat, tables by columns."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

# What is said twice is worth a place of its own from this many characters on.
_WORTH = 160
# JavaScript's numbers are exact up to here; larger integers travel as text.
_EXACT = 2**53


def to_json(value: object) -> str:
    """JSON that cannot end the script it stands in."""
    made = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return made.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


# -------------------------------------------------------------------------------------------------------------- figures


def difference(base: Any, other: Any) -> Any:
    """How to make ``other`` of ``base``: a tree of changes, where ``[x]`` is a new value and ``[]`` takes one away."""
    if isinstance(base, dict) and isinstance(other, dict):
        changed = {key: difference(base[key], other[key]) for key in base if key in other and base[key] != other[key]}
        changed |= {key: [other[key]] for key in other if key not in base}
        return changed | {key: [] for key in base if key not in other}
    if isinstance(base, list) and isinstance(other, list) and len(base) == len(other):
        differing = [i for i, (a, b) in enumerate(zip(base, other, strict=True)) if a != b]
        nested = bool(base) and all(isinstance(each, (dict, list)) for each in (*base, *other))
        if nested or 2 * len(differing) < len(base):
            return {str(i): difference(base[i], other[i]) for i in differing}
    return [other]


def patched(base: Any, change: Any) -> Any:
    """What :func:`difference` described; the page's script does the same."""
    if isinstance(change, list):
        return change[0]
    if isinstance(base, list):
        return [patched(each, change[str(i)]) if str(i) in change else each for i, each in enumerate(base)]
    made = {key: each for key, each in base.items() if change.get(key) != []}
    for key, each in change.items():
        if each:
            made[key] = patched(base.get(key), each)
    return made


def share(value: Any) -> tuple[Any, list[Any]]:
    """The value with ``{"$": i}`` for whatever it says more than once, and what these stand for."""
    seen: Counter[str] = Counter()
    _count(value, seen)
    places: dict[str, int] = {}
    store: list[Any] = []
    return _replace(value, seen, places, store), store


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _count(value: Any, seen: Counter[str]) -> None:
    if isinstance(value, (dict, list)):
        text = _text(value)
        if len(text) < _WORTH:
            return
        seen[text] += 1
        if seen[text] == 1:  # what is in it is said once more only if it is elsewhere, too
            for each in value.values() if isinstance(value, dict) else value:
                _count(each, seen)


def _replace(value: Any, seen: Counter[str], places: dict[str, int], store: list[Any]) -> Any:
    if not isinstance(value, (dict, list)):
        return value
    text = _text(value)
    if len(text) < _WORTH:
        return value
    if text in places:
        return {"$": places[text]}
    if isinstance(value, dict):
        made: Any = {key: _replace(each, seen, places, store) for key, each in value.items()}
    else:
        made = [_replace(each, seen, places, store) for each in value]
    if seen[text] < 2:
        return made
    places[text] = len(store)
    store.append(made)
    return {"$": places[text]}


def unshared(value: Any, store: list[Any]) -> Any:
    """What :func:`share` was given."""
    if isinstance(value, dict):
        if set(value) == {"$"}:
            return unshared(store[value["$"]], store)
        return {key: unshared(each, store) for key, each in value.items()}
    return [unshared(each, store) for each in value] if isinstance(value, list) else value


# --------------------------------------------------------------------------------------------------------------- tables


def column(values: Sequence[Any]) -> dict[str, Any]:
    """A column for the script: ``v`` its values, or ``d`` the different ones and ``c`` which of them."""
    plain = [_plain(value) for value in values]
    texts = [_text(value) for value in plain]
    different = list(dict.fromkeys(texts))
    whole = sum(map(len, texts)) + len(texts)
    if len(different) == 1 and len(plain) > 1:
        return {"d": [plain[0]], "n": len(plain)}
    if sum(map(len, different)) + (1 + len(str(len(different)))) * len(plain) < whole:
        codes = {key: i for i, key in enumerate(different)}
        return {"d": [json.loads(key) for key in different], "c": [codes[text] for text in texts]}
    return {"v": plain}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _EXACT:
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def values(made: dict[str, Any]) -> list[Any]:
    """The values of a column that :func:`column` made."""
    if "v" in made:
        return list(made["v"])
    codes = made["c"] if "c" in made else [0] * made["n"]
    return [made["d"][code] for code in codes]
