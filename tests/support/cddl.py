"""Just enough of CBOR (RFC 8949) and CDDL (RFC 8610) to hold bytes against docs/format.cddl. Written for reading, not for speed."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field

# ------------------------------------------------------------------------------------------------------------------- CBOR


@dataclass(frozen=True)
class Tag:
    """A tagged item."""

    number: int
    content: object


def decode(data: bytes) -> object:
    """The one item that the bytes are. Refuses what is not deterministic: long forms, indefinite lengths, bytes left over."""
    item, end = _decode(data, 0)
    assert end == len(data), f"{len(data) - end} bytes after the end"
    return item


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    major, info = data[at] >> 5, data[at] & 31
    if info < 24:
        return major, info, at + 1
    assert info < 28, f"reserved or indefinite length at {at}"
    size = 1 << (info - 24)
    value = int.from_bytes(data[at + 1 : at + 1 + size], "big")
    assert major == 7 or value >= (24, 1 << 8, 1 << 16, 1 << 32)[info - 24], f"long form at {at}"
    return major, value, at + 1 + size


def _decode(data: bytes, at: int) -> tuple[object, int]:
    start = data[at]
    major, value, at = _head(data, at)
    if major == 0:
        return value, at
    if major == 1:
        return -1 - value, at
    if major in (2, 3):
        content = data[at : at + value]
        assert len(content) == value, "cut off"
        return (content if major == 2 else content.decode("utf-8")), at + value
    if major == 4:
        items = []
        for _ in range(value):
            item, at = _decode(data, at)
            items.append(item)
        return items, at
    if major == 6:
        item, at = _decode(data, at)
        return Tag(value, item), at
    if start == 0xFB:
        return struct.unpack(">d", data[at - 8 : at])[0], at
    assert start == 0xF6, f"unexpected item {start:#x}"
    return None, at


# ------------------------------------------------------------------------------------------------------------------- CDDL

_TOKEN = re.compile(r';[^\n]*|\s+|(#6\.\d+|"[^"]*"|-?\d+\.\.-?\d+|-?\d+|\.size|[A-Za-z][\w-]*|[\[\]()=/*+?:,])')
_PRELUDE = {
    "int": lambda v: isinstance(v, int),
    "uint": lambda v: isinstance(v, int) and v >= 0,
    "tstr": lambda v: isinstance(v, str),
    "bstr": lambda v: isinstance(v, bytes),
    "float64": lambda v: isinstance(v, float),
    "null": lambda v: v is None,
}


@dataclass
class _Entry:
    """Part of an array: a type, or a group of entries, so many times."""

    least: int = 1
    most: int | None = 1
    type: list | None = None
    group: list = field(default_factory=list)


class Grammar:
    """Rules by name. A type is a list of choices; a choice is a tuple that begins with its kind."""

    def __init__(self, text: str) -> None:
        self._tokens = self._split(text)
        self._at = 0
        self.rules: dict[str, list] = {}
        while self._at < len(self._tokens):
            name = self._next()
            self._expect("=")
            assert name not in self.rules, f"{name} is defined twice"
            self.rules[name] = self._type()
        self._used: set[str] = set()

    @staticmethod
    def _split(text: str) -> list[str]:
        tokens, at = [], 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            assert found, f"cannot read {text[at : at + 30]!r}"
            at = found.end()
            if found.group(1):
                tokens.append(found.group(1))
        return tokens

    def _peek(self, ahead: int = 0) -> str:
        return self._tokens[self._at + ahead] if self._at + ahead < len(self._tokens) else ""

    def _next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, token: str) -> None:
        found = self._next()
        assert found == token, f"expected {token}, got {found} near {self._tokens[self._at - 6 : self._at + 3]}"

    def _type(self) -> list:
        choices = [self._choice()]
        while self._peek() == "/":
            self._next()
            choices.append(self._choice())
        return choices

    def _choice(self) -> tuple:
        token = self._next()
        if token == "[":
            return "array", self._group("]")
        if token == "(":
            inner = self._type()
            self._expect(")")
            return "type", inner
        if token.startswith("#6."):
            self._expect("(")
            inner = self._type()
            self._expect(")")
            return "tag", int(token[3:]), inner
        if token.startswith('"'):
            return "value", token[1:-1]
        if ".." in token:
            low, high = token.split("..")
            return "range", int(low), int(high)
        if re.fullmatch(r"-?\d+", token):
            return "value", int(token)
        if self._peek() == ".size":
            self._next()
            return "sized", token, int(self._next())
        return "name", token

    def _group(self, end: str) -> list[_Entry]:
        entries = []
        while self._peek() != end:
            entries.append(self._entry())
            if self._peek() == ",":
                self._next()
        self._next()
        return entries

    def _entry(self) -> _Entry:
        entry = _Entry()
        if self._peek() in ("*", "+", "?"):
            entry.least, entry.most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[self._next()]
        if self._peek() == "(" and self._peek(2) == ":":
            self._next()
            entry.group = self._group(")")
            return entry
        if self._peek(1) == ":":
            self._at += 2
        entry.type = self._type()
        return entry

    # ------------------------------------------------------------------------------------------------------- matching

    def matches(self, value: object, rule: str) -> bool:
        """Whether the decoded item is what the rule describes."""
        self._used.add(rule)
        return self._is(value, self.rules[rule])

    def unused(self) -> set[str]:
        """Rules that nothing has been held against."""
        return set(self.rules) - self._used

    def _is(self, value: object, choices: list) -> bool:
        return any(self._is_one(value, choice) for choice in choices)

    def _is_one(self, value: object, choice: tuple) -> bool:
        kind = choice[0]
        if kind == "array":
            return isinstance(value, list) and len(value) in self._ends(value, [0], choice[1])
        if kind == "type":
            return self._is(value, choice[1])
        if kind == "tag":
            return isinstance(value, Tag) and value.number == choice[1] and self._is(value.content, choice[2])
        if kind == "value":
            return type(value) is type(choice[1]) and value == choice[1]
        if kind == "range":
            return isinstance(value, int) and choice[1] <= value <= choice[2]
        if kind == "sized":
            return self._named(value, choice[1]) and len(value) == choice[2]
        return self._named(value, choice[1])

    def _named(self, value: object, name: str) -> bool:
        return _PRELUDE[name](value) if name in _PRELUDE else self.matches(value, name)

    def _ends(self, values: list, starts: list[int], entries: list[_Entry]) -> list[int]:
        """Positions at which the entries can be over, if they can begin at the given ones."""
        for entry in entries:
            starts = self._repeat(values, starts, entry)
        return starts

    def _repeat(self, values: list, starts: list[int], entry: _Entry) -> list[int]:
        found = set(starts) if entry.least == 0 else set()
        now, times = list(starts), 0
        while now and (entry.most is None or times < entry.most):
            if entry.type is None:
                now = self._ends(values, now, entry.group)
            else:
                now = [at + 1 for at in now if at < len(values) and self._is(values[at], entry.type)]
            times += 1
            if times >= entry.least:
                found.update(now)
        return sorted(found)
