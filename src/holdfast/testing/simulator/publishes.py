"""The PUBLISH packets that leave on one connection: when, under which identifier, in which order."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from holdfast.codec import V5, Connack, Publish, Version, encode
from holdfast.testing.simulator.promises import Promise, PromiseBroken
from holdfast.testing.simulator.scenario import OUR_TOPICS

if TYPE_CHECKING:
    from holdfast.testing.simulator.driver import Driver
    from holdfast.testing.simulator.world import World


def seq_of(payload: bytes) -> int:
    """The sequence number that every payload of ours begins with."""
    return int(payload.partition(b"|")[0])


class Publishes:
    """``inflight``: identifiers of QoS 1 and 2 that count against the window; ``requests``: of others."""

    def __init__(self, world: World, process: Driver, version: Version) -> None:
        self._world = world
        self._truth = world.truth
        self._disk = world.disk
        self._process = process
        self._version = version
        self._connack = Connack()
        self._window = 65_535
        self._last_seq = [0, 0, 0]
        self._last_resent = 0
        self._aliases: dict[int, str] = {}
        self.inflight: set[int] = set()
        self.requests: set[int] = set()

    def agree(self, connack: Connack) -> None:
        """What the broker allows on this connection."""
        self._connack = connack
        self._window = connack.properties.get("receive_maximum", 65_535)

    def _fail(self, promise: Promise, text: str, *arguments: object) -> None:
        raise PromiseBroken(promise, text % arguments)

    def leaves(self, packet: Publish) -> None:
        """One PUBLISH is written to the transport."""
        seq = seq_of(packet.payload)
        self._limits(packet)
        self._alias(packet, seq)
        self._expiry(packet, seq)
        self._world.numbered = max(self._world.numbered, seq)
        if packet.qos:
            self._durable(packet, seq)
            self._dup(packet, seq)
            self._identifier(packet, seq)
            self._in_window(packet)
        if packet.qos or (self._world.storage.keep_qos0 and seq > self._process.inherited):
            self._order(packet, seq)

    def _in_window(self, packet: Publish) -> None:
        self.inflight.add(packet.packet_id)
        if len(self.inflight) > self._window:
            self._fail(Promise.WINDOW, "%d in flight, Receive Maximum %d", len(self.inflight), self._window)

    def said(self, packet: Publish) -> None:
        """What the client says of itself: no row of the outbox, and held to the same limits."""
        self._limits(packet)
        if packet.qos:
            if packet.packet_id in self._truth.in_use or packet.packet_id in self.requests:
                self._fail(Promise.IDENTIFIER, "%s under an identifier in use", packet)
            self.requests.add(packet.packet_id)
            self._in_window(packet)

    def _alias(self, packet: Publish, seq: int) -> None:
        """The broker reads the topic that was meant, by what it was told on this connection."""
        alias = packet.properties.get("topic_alias", 0)
        if alias > self._connack.properties.get("topic_alias_maximum", 0):
            self._fail(Promise.ALIAS, "%s above the maximum of %s", packet, self._connack)
        if packet.topic:
            self._aliases[alias] = packet.topic
        meant = OUR_TOPICS[seq % len(OUR_TOPICS)]
        if self._aliases.get(alias) != meant:
            self._fail(Promise.ALIAS, "%s for a message on %s, told: %s", packet, meant, self._aliases)
        self._world.paths["topic alias of ours"] += not packet.topic

    def _order(self, packet: Publish, seq: int) -> None:
        """Each class in accept order, but for rows that were refused, and came back (contract 8).

        A QoS 0 row of a process that died has lost its place: whether it left is not on the disk. One
        that no file keeps has no order against the others.
        """
        if seq in self._world.out_of_line:
            return
        priority = self._world.priorities[seq]
        if seq <= self._last_seq[priority]:
            self._fail(Promise.ORDER, "message %d behind %d on one connection", seq, self._last_seq[priority])
        self._last_seq[priority] = seq

    def _durable(self, packet: Publish, seq: int) -> None:
        packet_id = packet.packet_id
        row = self._disk.sent.get(packet_id)
        released = self._disk.released.get(packet_id)
        answered = packet.qos == 2 and (packet_id, seq) in self._truth.pubrecs
        if answered or (released is not None and released.seq == seq):
            self._fail(Promise.RELEASED_STAYS, "PUBLISH %d (message %d) after its PUBREC", packet_id, seq)
        if row is None or row.seq != seq:
            self._fail(
                Promise.ASSIGNED_FIRST, "PUBLISH %d (message %d), the disk says %s", packet_id, seq, row
            )

    def _dup(self, packet: Publish, seq: int) -> None:
        if not packet.dup:
            self._truth.begins_anew(packet.packet_id, seq)
        resend = (packet.packet_id, seq) in self._truth.left
        if resend:
            self._resent(seq, self._truth.left[packet.packet_id, seq])
        if packet.dup is not resend and not (packet.dup and packet.packet_id in self._truth.restored):
            self._fail(Promise.DUP, "%s is DUP %d; sent before: %s", packet, packet.dup, resend)
        if packet.dup:
            self._world.paths["PUBLISH again with DUP"] += 1
        self._truth.leaves(packet.packet_id, seq)

    def _resent(self, seq: int, order: int) -> None:
        """In the order in which they left first, whatever their classes."""
        if order < self._last_resent:
            self._fail(Promise.RESEND_ORDER, "message %d is resent behind one that left later", seq)
        self._last_resent = order

    def _identifier(self, packet: Publish, seq: int) -> None:
        before = self._truth.in_use.setdefault(packet.packet_id, seq)
        if before != seq or packet.packet_id in self.requests:
            self._fail(Promise.IDENTIFIER, "message %d under %d, in use by %d", seq, packet.packet_id, before)

    def _limits(self, packet: Publish) -> None:
        said = self._connack.properties.get
        size = len(encode(packet, self._version))
        if (
            packet.qos > said("maximum_qos", 2)
            or size > said("maximum_packet_size", size)
            or packet.retain > said("retain_available", 1)
        ):
            self._fail(Promise.LIMITS, "%s of %d bytes under %s", packet, size, self._connack)

    def _expiry(self, packet: Publish, seq: int) -> None:
        left_s = self._world.ages.left_s(seq)
        if left_s is None or self._version != V5:
            return
        least_s, most_s = left_s
        said_s = packet.properties.get("message_expiry_interval", 0)
        if said_s < max(1, ceil(least_s)) or said_s >= max(2, most_s + 1):
            self._fail(Promise.EXPIRY, "%s with %f to %f s left", packet, least_s, most_s)
