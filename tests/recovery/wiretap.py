"""Every byte between a client and its sockets: when it dialled, when it was live again, and what it said.

The tap sits where the client hands bytes to its transport, so that nothing stands between the client and the
fault. It knows its client by the context in which that one was started.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import pairwise
from time import monotonic
from typing import Any
from unittest.mock import patch

from holdfast import codec
from holdfast.cli.demo.tap import Wire
from holdfast.transport import Link, LinkUser, open_link
from tests.support.way import StrictTap

TAP: ContextVar[Wiretap] = ContextVar("tap")
"""Of the clients that are started here."""


@dataclass
class Attempt:
    """One dial; ``answered``: CONNACK accepted us, ``live``: SUBACK came (see ``Wiretap``)."""

    began: float
    answered: float | None = None
    live: float | None = None
    ended: float | None = None

    def end(self) -> None:
        """The first time counts."""
        if self.ended is None:
            self.ended = monotonic()


class Wiretap(StrictTap):
    """What one client sent and got, over all its connections.

    Subscriptions are live at SUBACK, or at the CONNACK of a session kept by 3.1.1: there nobody asks again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.attempts: list[Attempt] = []
        self.early = 0
        self._old = False

    @property
    def reordered(self) -> int:
        """Messages that were first sent behind a later one."""
        return sum(later < earlier for earlier, later in pairwise(dict.fromkeys(self.to_broker.order)))

    def from_client(self, packet: codec.Packet) -> None:
        """One packet the client sent."""
        super().from_client(packet)
        if isinstance(packet, codec.Connect):
            self._old = packet.version == codec.V311
        elif isinstance(packet, codec.Publish) and self.attempts[-1].answered is None:
            self.early += 1

    def from_broker(self, packet: codec.Packet) -> None:
        """One packet the broker sent."""
        super().from_broker(packet)
        attempt = self.attempts[-1]
        if isinstance(packet, codec.Connack) and not packet.reason:
            attempt.answered = monotonic()
            if self._old and packet.session_present:
                attempt.live = attempt.answered
        elif isinstance(packet, codec.Suback) and attempt.live is None:
            attempt.live = monotonic()

    def live_since(self, began: float) -> float | None:
        """When subscriptions were live first on a connection dialled after this moment."""
        return next((one.live for one in self.attempts if one.began >= began and one.live is not None), None)

    def noticed(self, began: float) -> float | None:
        """When the connection of that moment was given up."""
        return next(
            (one.ended for one in self.attempts if one.began < began and (one.ended or began) > began), None
        )


class Line:
    """One link, and its user: each is told what the other has to say."""

    def __init__(self, tap: Wiretap, user: LinkUser) -> None:
        self._user = user
        self._wire = Wire(lambda client_id: tap)
        self._attempt = Attempt(monotonic())
        tap.attempts.append(self._attempt)
        self._link: Link

    async def open(self, address: Any, tls: Any, *more: Any) -> Line:
        try:
            self._link = await open_link(address, tls, self, *more)
        except BaseException:
            self._attempt.end()
            raise
        return self

    def write(self, data: bytes) -> None:
        self._wire.from_client(data)
        self._link.write(data)

    def read(self, wanted: bool) -> None:
        self._link.read(wanted)

    def close(self) -> None:
        self._attempt.end()
        self._link.close()

    def abort(self) -> None:
        self._attempt.end()
        self._link.abort()

    def received(self, data: bytes) -> None:
        self._wire.from_broker(data)
        self._user.received(data)

    def writable(self, yes: bool) -> None:
        self._user.writable(yes)

    def lost(self, error: Exception | None) -> None:
        self._attempt.end()
        self._user.lost(error)


@contextmanager
def tapping() -> Iterator[None]:
    """Inside, clients dial through the tap of the context they were started in, if it has one."""
    with patch("holdfast.client.drive.open_link", _open):
        yield


async def _open(address: Any, tls: Any, user: LinkUser, *more: Any) -> Link:
    tap = TAP.get(None)
    if tap is None:
        return await open_link(address, tls, user, *more)
    return await Line(tap, user).open(address, tls, *more)
