"""Sample data to learn and to test with."""

from __future__ import annotations

from datetime import timezone

from ._native import core
from ._result import Result, Table
from ._state import Progress, _Machine

__all__ = ["PrivateDomain", "private_domain"]


class PrivateDomain(Result):
    """A simulated private domain of a beauty brand, table by table."""

    @property
    def orders(self) -> Table:
        """Order lines and refunds."""
        return self._table("orders")

    @property
    def events(self) -> Table:
        """What customers did."""
        return self._table("events")

    @property
    def touches(self) -> Table:
        """Marketing contacts before orders."""
        return self._table("touches")

    @property
    def friends(self) -> Table:
        """Contacts added by staff, and lost."""
        return self._table("friends")

    @property
    def invitations(self) -> Table:
        """Who brought whom."""
        return self._table("invitations")

    @property
    def assignments(self) -> Table:
        """Arms of an experiment."""
        return self._table("assignments")

    @property
    def targets(self) -> Table:
        """Targets."""
        return self._table("targets")

    @property
    def truths(self) -> Table:
        """What was planted, for those who want to check an analysis."""
        return self._table("truths")


def private_domain(
    customers: int = 10_000, seed: int = 1, *, threads: int | None = None, progress: Progress = None
) -> PrivateDomain:
    """Simulates a private domain. The same customers and seed give the same rows, bit for bit, on every machine."""
    machine = _Machine(threads, None, progress)
    native = core.pdm_glue_sample(machine.context, customers, seed)
    machine.done()
    return PrivateDomain(native, None, timezone.utc, 2)
