"""From bytes to whoever handles the packet in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from holdfast import reasons
from holdfast.codec import (
    V311,
    Auth,
    Connack,
    Connect,
    Disconnect,
    MalformedPacket,
    OversizePublish,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Subscribe,
    Unsubscribe,
    encode,
)
from holdfast.codec.packet_types import CONNACK, PINGRESP
from holdfast.testing.model.books import Books
from holdfast.testing.model.connecting import Connecting
from holdfast.testing.model.delivering import Delivering
from holdfast.testing.model.link import Link
from holdfast.testing.model.receiving import Receiving
from holdfast.testing.model.subscribing import Subscribing

_UNACCEPTABLE_VERSION_311 = 1
_PONG = encode(Pingresp(), V311)


class Dispatch:
    """The parts of a broker, and which packet is whose."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self.delivering = delivering = Delivering(books)
        self.connecting = connecting = Connecting(books, delivering)
        receiving = Receiving(books, delivering)
        subscribing = Subscribing(books, delivering)
        self._handlers: Mapping[type[Packet], Callable[[Link, Any], None]] = {
            Connect: connecting.connect,
            Auth: connecting.examining.auth,
            Disconnect: connecting.disconnect,
            Publish: receiving.publish,
            OversizePublish: receiving.oversize,
            Pubrel: receiving.pubrel,
            Puback: delivering.puback,
            Pubrec: delivering.pubrec,
            Pubcomp: delivering.pubcomp,
            Subscribe: subscribing.subscribe,
            Unsubscribe: subscribing.unsubscribe,
            Pingreq: self._pingreq,
        }

    def take_in(self, link: Link, data: bytes) -> None:
        """Handle what these bytes complete; what came before malformed ones counts."""
        packets: list[Packet] = []
        error: MalformedPacket | None = None
        try:
            link.decoder.feed(data, packets)
        except MalformedPacket as malformed:
            error = malformed
        if packets:
            link.heard_at = self._books.now
        for packet in packets:
            self._judge(link, packet)
            if not link.alive:
                return
        if error is not None:
            self._malformed(link, error)

    def _judge(self, link: Link, packet: Packet) -> None:
        """The judge sees what the client sent, the scripts decide what of it the broker sees."""
        objection = None if link.judge is None else link.judge.objection(packet)
        if objection is not None:
            self._books.wire.fail(link, objection)
            return
        faults = self._books.faults
        if not faults.active or faults.lets_pass(type(packet).__name__.upper(), "client", (link, packet)):
            self.handle(link, packet)

    def handle(self, link: Link, packet: Packet) -> None:
        """Give it to its handler [MQTT-3.1.0-1]."""
        if link.session is None and not isinstance(packet, Connect):
            examined = link.exchange is not None
            if not (examined and isinstance(packet, Auth | Disconnect)):
                rule = "CONNACK [MQTT-3.1.2-30]" if examined else "CONNECT [MQTT-3.1.0-1]"
                self._books.wire.fail(link, f"{type(packet).__name__.upper()} before {rule}")
                return
        self._handlers.get(type(packet), self._unexpected)(link, packet)

    def _pingreq(self, link: Link, packet: Pingreq) -> None:
        self._books.wire.send(link, PINGRESP, _PONG)

    def _unexpected(self, link: Link, packet: Packet) -> None:
        self._books.wire.fail(link, f"{type(packet).__name__.upper()}, which no client may send now")

    def _malformed(self, link: Link, error: MalformedPacket) -> None:
        """A client of another protocol gets the answer that all of them understand [MQTT-3.1.2-2]."""
        if link.session is None and error.reason == reasons.UNSUPPORTED_PROTOCOL_VERSION:
            code = _UNACCEPTABLE_VERSION_311
            self._books.wire.send(link, CONNACK, encode(Connack(False, code), V311), detail=code)
        self._books.wire.fail(link, str(error), error.reason)
