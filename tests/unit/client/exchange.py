"""An engine on a wired link, an authenticator, and what runs its steps."""

from __future__ import annotations

from typing import Any

from holdfast import Authenticator
from holdfast.client.authenticating import Authenticating
from holdfast.client.clock import SystemClock
from holdfast.client.connection import Connection
from holdfast.client.engine import Engine
from holdfast.client.options import Limits
from holdfast.codec import Auth, Packet
from holdfast.outbox.memory import MemoryOutbox
from holdfast.protocol import Challenge, ConnectRequest, Reauthenticated, Session, SessionEvent
from holdfast.testing import eventually
from holdfast.testing.manual_clock import ManualClock
from tests.support.leaks import SECRET
from tests.unit.client.wired import Wired


class Plain(Authenticator):
    """Answers with what it is asked, reversed."""

    method = "M"

    def start(self) -> bytes | None:
        return b"first"

    def challenge(self, data: bytes) -> bytes | None:
        return data[::-1]

    def finish(self, data: bytes) -> None:
        if data == b"lie":
            raise ValueError(SECRET)


def auth(reason: int, data: bytes | None = None) -> Auth:
    properties: dict[str, Any] = {"authentication_method": "M"}
    return Auth(reason, properties if data is None else {**properties, "authentication_data": data})


class Bench:
    """An engine on a wired link, and what runs the authenticator's steps on it."""

    def __init__(self, make: Any = Plain, limit_s: float = 5) -> None:
        outbox = MemoryOutbox(ManualClock())
        self.events: list[SessionEvent] = []
        self.engine = Engine(Session(10, outbox.restore()), outbox, SystemClock(), self, Limits())
        self.authenticating = Authenticating(self.engine, make, limit_s)

    def batch(self, deliveries: Any, records: Any, events: list[SessionEvent]) -> None:
        self.events += events
        for event in events:
            if isinstance(event, Challenge):
                self.authenticating.challenged(event)
            elif isinstance(event, Reauthenticated):
                self.authenticating.reauthenticated()

    async def dial(self) -> Wired:
        """CONNECT is out."""
        self.connection = Connection(self.engine)
        self.link = Wired(self.connection)
        request = await self.authenticating.begin(ConnectRequest("c", keepalive_s=0))
        self.engine.connect(self.connection, self.link, request)
        return self.link

    async def up(self, **said: Any) -> Wired:
        """Authenticated."""
        link = await self.dial()
        link.accept(authentication_method="M", **said)
        await eventually(self.connection.opened.done)
        assert link.names() == ["Connect"]
        return link

    async def sent(self) -> list[Packet]:
        """What leaves next."""
        packets: list[Packet] = []

        def some() -> bool:
            packets.extend(self.link.sent())
            return bool(packets)

        await eventually(some)
        return packets

    def end(self) -> None:
        """The connection is over."""
        self.authenticating.end(self.connection)
        self.engine.close()
