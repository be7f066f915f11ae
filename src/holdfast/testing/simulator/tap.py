"""The client's end of one connection, read packet by packet: what may leave, and when.

Whatever the core gives to the transport passes ``leaves`` first, whatever reaches the core passes
``arrives``; both are decoded here a second time, so nothing is taken from the core's own books.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from holdfast import codec
from holdfast.codec import V5, Connack, Decoder, MalformedPacket, Packet, Publish
from holdfast.protocol import ConnectRequest, LinkState
from holdfast.testing.simulator.lines import Lines
from holdfast.testing.simulator.promises import Promise, PromiseBroken
from holdfast.testing.simulator.publishes import Publishes
from holdfast.testing.simulator.sounder import PROBE

if TYPE_CHECKING:
    from holdfast.testing.simulator.driver import Driver
    from holdfast.testing.simulator.world import World

UNKNOWN = 0x92
REFUSED = 0x80


class Tap:
    """One connection as the wire shows it."""

    def __init__(self, world: World, process: Driver, request: ConnectRequest) -> None:
        self._world = world
        self._truth, self._epochs = world.sites.here.truth, world.sites.here.epochs
        self._disk = world.disk
        self._process = process
        self._request = request
        self._out = Decoder(request.version)
        self._in = Decoder(request.version, request.max_packet_bytes)
        self._lines = Lines(world, process, request)
        self._connected = self._ended = False
        self._publishes = Publishes(world, process, request.version)
        self._repeated: set[int] = set()
        self._last_pubrec = 0
        self._behind: set[int] = set()  # released on this connection, of what was left behind
        self.connack: Connack | None = None
        self.keepalive_s = 0
        self.generation = 0
        self.heard = self.sent = world.now

    def _fail(self, promise: Promise, text: str, *arguments: object) -> None:
        raise PromiseBroken(promise, text % arguments)

    # -- out -----------------------------------------------------------------------------------

    def leaves(self, data: bytes) -> None:
        """These bytes are written to the transport now."""
        packets: list[Packet] = []
        self._out.feed(data, packets)
        for packet in packets:
            self._world.note("  -> %s", packet)
            self._in_turn(packet)
            check = _OUT.get(type(packet))
            if check is not None:
                check(self, packet)
        self.sent = self._world.now

    def _in_turn(self, packet: Packet) -> None:
        if self._ended:
            self._fail(Promise.DISCONNECT_LAST, "%s after DISCONNECT", packet)
        if isinstance(packet, codec.Connect) is self._connected:
            self._fail(Promise.CONNECT_FIRST, "%s, and CONNECT sent: %s", packet, self._connected)
        authenticates = self._request.authentication_method and isinstance(packet, codec.Auth)
        if self._connected and not authenticates and (self.connack is None or self.connack.reason):
            self._fail(Promise.CONNECT_FIRST, "%s, and CONNACK is %s", packet, self.connack)
        self._connected = True
        free = isinstance(packet, codec.Auth | codec.Connect | codec.Pingreq | codec.Disconnect)
        if not free and getattr(packet, "topic", None) != PROBE:
            self._epochs.depended_on(packet)

    def _publish_out(self, packet: Publish) -> None:
        if self._world.sounder.leaves(packet) or self._world.herald.leaves(packet):
            self._publishes.said(packet)
        else:
            self._publishes.leaves(packet)

    def _request_out(self, packet: codec.Subscribe | codec.Unsubscribe) -> None:
        packet_id, requests = packet.packet_id, self._publishes.requests
        if packet_id in requests or packet_id in self._truth.in_use:
            self._fail(Promise.IDENTIFIER, "%s under an identifier in use", packet)
        requests.add(packet_id)

    def _pubrel(self, packet: codec.Pubrel) -> None:
        packet_id = packet.packet_id
        row = self._disk.released.get(packet_id)
        if row is None and packet_id in self._disk.unreleased:
            self._completes(packet_id)
            return
        if row is None:
            answered = packet.reason == UNKNOWN or packet_id in self._repeated
            if not answered and (self._request.version == V5 or packet_id in self._disk.sent):
                self._fail(Promise.RELEASED_FIRST, "%s, the disk does not know the PUBREC", packet)
            return
        order = self._truth.pubrecs.get((packet_id, row.seq), self._last_pubrec)
        if order < self._last_pubrec and packet_id not in self._repeated:
            self._fail(Promise.PUBREL_ORDER, "%s for PUBREC %d behind %d", packet, order, self._last_pubrec)
        self._last_pubrec = max(order, self._last_pubrec)

    def _completes(self, packet_id: int) -> None:
        """What was begun before we went to other brokers, in the order in which it was left (contract 3)."""
        self._world.paths["an exchange is completed that was left behind"] += 1
        if packet_id not in self._behind:
            first = next(one for one in self._disk.unreleased if one not in self._behind)
            if packet_id != first:
                self._fail(Promise.PUBREL_ORDER, "PUBREL %d before PUBREL %d", packet_id, first)
            self._behind.add(packet_id)

    def _puback(self, packet: codec.Puback) -> None:
        self._lines.acknowledge(1, packet.packet_id)

    def _pubrec_out(self, packet: codec.Pubrec) -> None:
        if packet.packet_id not in self._disk.received:
            self._fail(Promise.RECEIVED_FIRST, "%s before its identifier was durable", packet)
        self._lines.acknowledge(2, packet.packet_id)

    def _pubcomp(self, packet: codec.Pubcomp) -> None:
        if packet.packet_id in self._disk.received:
            self._fail(Promise.FORGOTTEN_FIRST, "%s while its identifier is on the disk", packet)

    def _disconnect_out(self, packet: codec.Disconnect) -> None:
        self._ended = True

    # -- in ------------------------------------------------------------------------------------

    def arrives(self, data: bytes) -> None:
        """These bytes are about to be given to the session."""
        self.heard = self._world.now
        packets: list[Packet] = []
        with suppress(MalformedPacket):
            self._in.feed(data, packets)
        if self._world.provoked or self._process.session.link is LinkState.CLOSING:
            return  # a lie means nothing; and a session that has said its last word hears none
        for packet in packets:
            self._world.note("  <- %s", packet)
            note = _IN.get(type(packet))
            if note is not None:
                note(self, packet)

    def _connack(self, packet: Connack) -> None:
        if self.connack is not None:
            return  # the broker lies
        self.connack = packet
        if packet.reason:
            return
        said = packet.properties.get
        self._world.paths.connack(
            self._process.session, packet.session_present, said("receive_maximum", 65_535)
        )
        self._publishes.agree(packet)
        self.keepalive_s = said("server_keep_alive", self._request.keepalive_s)
        self._world.refused.clear()
        self.generation = self._world.sites.connected(packet.session_present)

    def _publish_in(self, packet: Publish) -> None:
        self._world.sounder.arrives(packet)
        self._world.paths["topic alias in place of a topic"] += not packet.topic
        self._world.paths["retained message"] += packet.retain
        if packet.qos:
            attaches = self._world.inbox.handles(packet.packet_id, packet.payload)
            self._world.paths["redelivery of what is being handled"] += attaches
            self._lines.join(packet.qos, packet.packet_id, packet.payload)

    def _oversize_in(self, packet: codec.OversizePublish) -> None:
        if packet.qos:
            self._lines.join(packet.qos, packet.packet_id, None)

    def _puback_in(self, packet: codec.Puback | codec.Pubcomp) -> None:
        self._publishes.inflight.discard(packet.packet_id)
        self._publishes.requests.discard(packet.packet_id)
        self._truth.completed(packet.packet_id, packet.reason >= REFUSED)

    def _pubrec_in(self, packet: codec.Pubrec) -> None:
        if packet.reason >= REFUSED:
            self._publishes.inflight.discard(packet.packet_id)
            self._truth.completed(packet.packet_id, True)
        elif not self._truth.pubrec(packet.packet_id):
            self._repeated.add(packet.packet_id)

    def _answer_in(self, packet: codec.Suback | codec.Unsuback) -> None:
        self._publishes.requests.discard(packet.packet_id)


_OUT: dict[type, Callable[[Tap, Any], None]] = {
    Publish: Tap._publish_out,
    codec.Subscribe: Tap._request_out,
    codec.Unsubscribe: Tap._request_out,
    codec.Puback: Tap._puback,
    codec.Pubrec: Tap._pubrec_out,
    codec.Pubrel: Tap._pubrel,
    codec.Pubcomp: Tap._pubcomp,
    codec.Disconnect: Tap._disconnect_out,
}
_IN: dict[type, Callable[[Tap, Any], None]] = {
    Connack: Tap._connack,
    Publish: Tap._publish_in,
    codec.OversizePublish: Tap._oversize_in,
    codec.Puback: Tap._puback_in,
    codec.Pubrec: Tap._pubrec_in,
    codec.Pubcomp: Tap._puback_in,
    codec.Suback: Tap._answer_in,
    codec.Unsuback: Tap._answer_in,
}
