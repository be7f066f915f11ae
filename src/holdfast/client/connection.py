"""One link and what becomes of it, for its owner to await."""

from __future__ import annotations

import asyncio
from typing import Protocol

from holdfast.protocol import Closed, Opened, Refused
from holdfast.transport import Link

CLOSE_WITHIN_S = 1.0


class Driver(Protocol):
    """Who drives a session over the connection: the engine."""

    def received(self, connection: Connection, data: bytes) -> None:
        """Bytes came in."""

    def lost(self, connection: Connection) -> None:
        """The link is gone."""

    def wake(self) -> None:
        """The transport takes bytes again."""


class Ended(Exception):
    """The connection ended: by a packet (``closed``), an error of the link, or plainly."""

    def __init__(self, closed: Closed | None, error: Exception | None) -> None:
        super().__init__(closed, error)
        self.closed = closed
        self.error = error


class Connection:
    """One link and what becomes of it; ``opened`` and ``ended`` are for its owner to await.

    ``said``: the reason code that our offline notice was answered with, if there was one.
    ``worked``: a message came in on it, or one of ours was acknowledged (contract 19).
    """

    def __init__(self, engine: Driver) -> None:
        loop = asyncio.get_running_loop()
        self._engine = engine
        self.link: Link | None = None
        self.opened: asyncio.Future[Opened | Refused] = loop.create_future()
        self.ended: asyncio.Future[Ended] = loop.create_future()
        self.said: asyncio.Future[int] = loop.create_future()
        self.closed: Closed | None = None
        self.can_write = True
        self.worked = False
        self._cut: asyncio.TimerHandle | None = None

    # LinkUser

    def received(self, data: bytes) -> None:
        """Bytes came in."""
        if not self.ended.done():
            self._engine.received(self, data)

    def writable(self, yes: bool) -> None:
        """The transport's buffer is full, or has drained."""
        self.can_write = yes
        if yes:
            self._engine.wake()

    def answered(self, answer: Opened | Refused) -> None:
        """CONNACK came; its owner may have given up waiting in this very turn."""
        if not self.opened.done():
            self.opened.set_result(answer)

    def lost(self, error: Exception | None) -> None:
        """The link is gone."""
        self._end(Ended(self.closed, error))

    def close(self, closed: Closed | None = None) -> None:
        """Write what was handed over, then close; a link that cannot is cut."""
        self.closed = self.closed or closed
        if self.link is None or self.ended.done():
            return
        self.link.close()
        if self._cut is None:
            self._cut = asyncio.get_running_loop().call_later(CLOSE_WITHIN_S, self.link.abort)

    def abort(self, closed: Closed | None = None) -> None:
        """Close now, without waiting for a peer that may be gone."""
        self.closed = self.closed or closed
        if self.link is not None:
            self.link.abort()
        self._end(Ended(self.closed, None))

    def _end(self, ended: Ended) -> None:
        if self.ended.done():
            return
        self.ended.set_result(ended)
        if not self.opened.done():
            self.opened.set_exception(ended)
            self.opened.exception()  # seen: its owner may be gone already
        if self._cut is not None:
            self._cut.cancel()
        self._engine.lost(self)
