"""What makes a client one of a pool: it is told when to send, and where the others are (contract 25)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.client.client import Client

Limit = Callable[[int], int]


class Member:
    """A client's place in its pool. ``held``: what it accepts waits, as older messages go first."""

    def __init__(self, others: Callable[[], Collection[int]]) -> None:
        """``others``: the groups of brokers that the rest of the pool is connected to; any thread."""
        self.others = others
        self.held = False

    def gate(self, limit: Limit) -> Limit:
        """The limit of an engine: nothing new while this member is held."""
        return lambda room: 0 if self.held else limit(room)


def member_of(client: Client) -> Member:
    """Its place; it has one."""
    member = client._setup.member
    assert member is not None
    return member


def let_go(clients: Iterable[Client]) -> None:
    """These are held no longer."""
    for client in clients:
        member_of(client).held = False
        if client._core is not None:
            client._core.engine.wake()
