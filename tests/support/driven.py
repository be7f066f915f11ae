"""A Session with its driver, and the broker's end of the wire: packets in, packets out.

The driver keeps the rule of ``holdfast.protocol.session``: take, write down, commit, send. What
leaves goes through a decoder of its own, so a test reads packets and never the session's books.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from holdfast.codec import V5, Connack, Decoder, Packet, Publish, Subscribe, Unsubscribe, Version, encode
from holdfast.messages import NO_PROPERTIES, Outgoing, QoS
from holdfast.protocol import (
    ConnectRequest,
    Delivery,
    Intent,
    Record,
    ReleaseAsked,
    Restored,
    Session,
    SessionEvent,
    Settled,
)

Found = TypeVar("Found")

LIFE_S = 20.0


def row(seq: int, qos: QoS = 1, **fields: Any) -> Outgoing:
    """A row of the outbox; its payload is its sequence number."""
    return Outgoing(seq, fields.pop("topic", "t"), str(seq).encode(), qos, **fields)


def incoming(packet_id: int, qos: QoS = 1, payload: bytes = b"m", **fields: Any) -> Publish:
    """A PUBLISH of the broker."""
    return Publish(fields.pop("topic", "t"), payload, qos, packet_id=packet_id, **fields)


class Driven:
    """One session over any number of connections; ``durable`` False lets commits lag."""

    def __init__(
        self,
        version: Version = V5,
        *,
        inflight: int = 1000,
        restored: Restored | None = None,
        resends: bool = True,
        holds_release: bool = False,
        **request: Any,
    ) -> None:
        self.session = Session(inflight, restored, resends=resends, holds_release=holds_release)
        self.version = version
        self.request = {"client_id": "c", "session_expiry_s": 3600, "keepalive_s": 60, **request}
        self.now = 0.0
        self.durable = True
        self.records: list[Record] = []
        self.deliveries: list[Delivery] = []
        self.events: list[SessionEvent] = []
        self._serial = 0
        self._decoder = Decoder(version)

    # -- the connection ------------------------------------------------------------------------

    def connect(self, **request: Any) -> list[Packet]:
        """Open a transport; gives what leaves at once."""
        self.request.update(request)
        self._decoder = Decoder(self.version)
        self.session.connect(ConnectRequest(version=self.version, **self.request), self.now)
        return self.pump()

    def up(
        self, present: bool = False, properties: Mapping[str, Any] = NO_PROPERTIES, **request: Any
    ) -> list[Packet]:
        """Open a transport, have CONNECT accepted; gives what leaves then."""
        self.connect(**request)
        return self.feed(Connack(present, 0, properties))

    def lost(self) -> None:
        """The transport is gone."""
        self.session.lost(self.now)
        self.pump()

    def again(self, present: bool = True, properties: Mapping[str, Any] = NO_PROPERTIES) -> list[Packet]:
        """Lose the connection, which has lived too long for a message to be suspected, and come back."""
        self.now += LIFE_S
        self.lost()
        return self.up(present, properties)

    # -- what happens --------------------------------------------------------------------------

    def feed(self, *packets: Packet) -> list[Packet]:
        """The broker sends these in one piece."""
        return self.raw(b"".join(encode(packet, self.version) for packet in packets))

    def raw(self, data: bytes) -> list[Packet]:
        """The broker sends these bytes."""
        self.session.receive(data, self.now)
        return self.pump()

    def publish(self, *rows: Outgoing) -> list[Packet]:
        """The outbox hands rows over."""
        self.session.publish(rows, self.now)
        return self.pump()

    def ack(self, *deliveries: Delivery) -> list[Packet]:
        """Handlers have finished."""
        self.session.ack(deliveries, self.now)
        return self.pump()

    def complete(self, asked: ReleaseAsked) -> list[Packet]:
        """Whoever was asked has forgotten these identifiers."""
        self.session.complete(asked, self.now)
        return self.pump()

    def subscribe(self, *intents: Intent) -> list[Packet]:
        """The application wants these."""
        self.session.subscribe(intents, self.now)
        return self.pump()

    def unsubscribe(self, *filters: str) -> list[Packet]:
        """The application wants these no more."""
        self.session.unsubscribe(filters, self.now)
        return self.pump()

    def later(self, seconds: float) -> list[Packet]:
        """Time passes at once, then the timer fires."""
        self.now += seconds
        self.session.tick(self.now)
        return self.pump()

    def commit(self) -> list[Packet]:
        """What was written down is durable now; gives what leaves on that."""
        self.session.committed(self._serial)
        return self.pump()

    # -- the driver ----------------------------------------------------------------------------

    def pump(self) -> list[Packet]:
        """Until nothing comes out."""
        left: list[Packet] = []
        while True:
            output = self.session.take()
            self.records += output.records
            self.deliveries += output.deliveries
            self.events += output.events
            self._serial = output.serial
            if self.durable:
                self.session.committed(output.serial)
            data = self.session.send(self.now)
            self._decoder.feed(data, left)
            if not (output or data):
                return left

    # -- what came of it -----------------------------------------------------------------------

    def told(self, kind: type[Found]) -> list[Found]:
        """The events and records of one class, oldest first."""
        return [one for one in (*self.events, *self.records) if isinstance(one, kind)]

    def endings(self) -> list[tuple[list[int], str]]:
        """How rows ended, by sequence number, one entry per record."""
        return [([row.seq for row in record.rows], record.ending) for record in self.told(Settled)]

    def payloads(self) -> list[bytes]:
        """What was delivered, in order."""
        return [delivery.payload for delivery in self.deliveries]


def ready(version: Version = V5, **said: Any) -> Driven:
    """A new session that is up, under what CONNACK ``said``."""
    driven = Driven(version)
    driven.up(False, said)
    return driven


def names(packets: Sequence[Packet]) -> list[str]:
    """The packets by type and identifier, as in ``PUBREL 1``."""
    return [_name(packet) for packet in packets]


def _name(packet: Packet) -> str:
    name = type(packet).__name__.upper()
    packet_id = getattr(packet, "packet_id", 0)
    return f"{name} {packet_id}" if packet_id else name


def sent(packets: Sequence[Packet]) -> list[Publish]:
    """The PUBLISH packets among these."""
    return [packet for packet in packets if isinstance(packet, Publish)]


def filters(packets: Sequence[Packet]) -> list[str]:
    """What is asked for (+) and given up (-), in order."""
    asked: list[str] = []
    for packet in packets:
        if isinstance(packet, Subscribe):
            asked += [f"+{option.filter}" for option in packet.options]
        elif isinstance(packet, Unsubscribe):
            asked += [f"-{filter}" for filter in packet.filters]
    return asked
