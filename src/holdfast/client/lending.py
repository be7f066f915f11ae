"""A client lent to somebody: the same verbs on the same connection, and an end of its own.

owner ── lend() ──▶ borrower: its handlers, its subscriptions
borrower.stop()     those end; the connection and whatever else is on it stay
owner.stop()        everything ends, for the borrower too
"""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from holdfast.client.client import Client
from holdfast.client.core import Core
from holdfast.client.publisher import Publisher
from holdfast.client.releases import Holder, Releases
from holdfast.client.workers import Reader
from holdfast.errors import Stopped
from holdfast.handling import Handler
from holdfast.outbox import Ledger

STOPPED = "this lent client was stopped"


class Lent(Client):
    """What a borrower has. All but its own handlers and subscriptions is the owner's.

    What it subscribed ends as with ``Client.stop``: messages in hand finish, and nobody gives up what the
    broker's session keeps; the next consumer of a filter gets what waits (contract 15).
    """

    def __init__(self, owner: Client) -> None:
        """Made by ``Client.lend``; in use at once."""
        self._owner = owner
        self._publisher = owner._publisher
        self._closed = Publisher(owner._outbox, owner._receipts, owner._clock, owner._state.changed)
        self._closed.stopped = STOPPED
        self._own: list[Handler] = []
        self._readers: WeakSet[Reader] = WeakSet()

    def __getattr__(self, name: str) -> Any:
        """Whatever a borrower has not of its own: the state is the owner's."""
        return getattr(self._owner, name)

    @property
    def _stopped(self) -> bool:
        return self._publisher is self._closed

    def lend(self) -> Client:
        """A handle for a borrower: same verbs; its ``stop`` ends only what it subscribed."""
        return self._owner.lend()

    async def start(self) -> None:
        """Take up its handlers again after ``stop``; they run while the owner does."""
        if self._stopped:
            self._publisher = self._owner._publisher
            for handler in self._own:
                self._owner._add(handler)

    async def stop(self, drain_s: float | None = None) -> Ledger:
        """End its handlers and subscriptions, those with a message in hand within ``drain_s`` seconds.

        Accepts no more through this handle. Gives the books.
        """
        self._withdraw()
        run = self._core
        if run is not None:
            drain_s = self._setup.drain_s if drain_s is None else drain_s
            await run.hop(run.consumers.end(self._own, self._readers, drain_s))
        return self._outbox.ledger()

    def _withdraw(self) -> None:
        self._publisher = self._closed
        for handler in self._own:
            self._owner._forget(handler)

    def _join_releases(self, holder: Holder) -> Releases | None:
        return self._owner._join_releases(holder)

    def _running(self) -> Core:
        if self._stopped:
            raise Stopped(f"not running: {STOPPED}")
        return self._owner._running()

    def _add(self, handler: Handler) -> None:
        if not self._stopped:
            self._owner._add(handler)
        self._own.append(handler)

    def _reads(self, reader: Reader) -> None:
        self._readers.add(reader)
