"""Who is told how a row ends, while the row itself is only in the file.

A ticket is a weak reference, and one that leads nowhere any more is swept out with the next few thousand: so
a receipt that somebody kept is told, and one that was dropped costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from holdfast.messages import Outgoing

SWEEP = 4096
"""Tickets that lead nowhere, at the most, beside as many as lead somewhere."""


class Tickets:
    """The tickets of rows, by sequence number."""

    def __init__(self) -> None:
        self._tickets: dict[int, Callable[[], Any]] = {}
        self._most = SWEEP

    def __len__(self) -> int:
        return len(self._tickets)

    def keep(self, rows: Iterable[Outgoing]) -> None:
        """These rows are let go."""
        tickets = self._tickets
        for row in rows:
            if row.ticket is not None:
                tickets[row.seq] = row.ticket
        if len(tickets) > self._most:
            self._sweep()

    def _sweep(self) -> None:
        self._tickets = {seq: ticket for seq, ticket in self._tickets.items() if ticket() is not None}
        self._most = 2 * len(self._tickets) + SWEEP

    def give(self, row: Outgoing) -> None:
        """This row was read again, and has its ticket back."""
        row.ticket = self._tickets.get(row.seq)

    def forget(self, row: Outgoing) -> None:
        """This row is in memory from now on."""
        self._tickets.pop(row.seq, None)
