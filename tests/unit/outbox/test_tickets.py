"""Receipts of rows that only the file has: kept ones are told, dropped ones cost nothing."""

from __future__ import annotations

from weakref import ref

from holdfast.messages import Outgoing
from holdfast.outbox.tickets import SWEEP, Tickets


class Held:
    """Stands for a receipt."""


def row(seq: int, held: Held | None = None) -> Outgoing:
    """A row, and its ticket."""
    made = Outgoing(seq, "t", b"", 1)
    made.ticket = None if held is None else ref(held)
    return made


def test_a_row_has_its_ticket_back() -> None:
    """Once it is read again, as often as that is, until it is forgotten; without one it has none."""
    held, tickets = Held(), Tickets()
    tickets.keep([row(1, held), row(2)])
    for _ in range(2):
        again = row(1)
        tickets.give(again)
        assert again.ticket is not None
        assert again.ticket() is held
    tickets.forget(row(1))
    for seq in (1, 2):
        again = row(seq)
        tickets.give(again)
        assert again.ticket is None


def test_dropped_receipts_are_swept_out() -> None:
    """However many there were, about as many tickets are left as lead somewhere."""
    held, tickets = [Held() for _ in range(100)], Tickets()
    tickets.keep([row(seq, one) for seq, one in enumerate(held)])
    for seq in range(1000, 1000 + 5 * SWEEP):
        tickets.keep([row(seq, Held())])
        assert len(tickets) <= 2 * len(held) + SWEEP + 1
    for seq, one in enumerate(held):
        again = row(seq)
        tickets.give(again)
        assert again.ticket is not None
        assert again.ticket() is one
