"""What is known of the nodes of an explained formula beyond what the library says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def money_nodes(rows: Sequence[Mapping[str, Any]], roles: Mapping[str, str]) -> dict[int, bool]:
    """Which nodes of table ``explain`` are money: leaves of that role, and what is made of them, ratios of it aside."""
    below: dict[int, list[int]] = {}
    for row in rows:
        if row["parent"] is not None:
            below.setdefault(row["parent"], []).append(row["node"])
    found: dict[int, bool] = {}
    for row in reversed(rows):  # parents come first
        mine = below.get(row["node"], [])
        if row["op"] == "leaf":
            found[row["node"]] = roles.get(row["text"]) == "money"
        elif row["op"] == "/" and mine:
            found[row["node"]] = found[mine[0]] and not any(found[node] for node in mine[1:])
        else:
            found[row["node"]] = any(found[node] for node in mine)
    return found
