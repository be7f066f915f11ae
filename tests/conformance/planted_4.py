"""Mistakes against chapter 4, one function each."""

from __future__ import annotations

from typing import Any

from holdfast.codec import (
    Packet,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    encode_ack,
    encode_acks,
)
from holdfast.protocol import Terms
from holdfast.protocol.receiver import Delivery, Receiver
from holdfast.protocol.sender import Sender
from holdfast.protocol.session import Session
from holdfast.values import replace
from tests.conformance.planting import Patch, Removal, after


def with_dup(packet: Packet) -> list[Packet]:
    return [replace(packet, dup=True) if isinstance(packet, Publish) else packet]


def another_identifier(packet: Packet) -> list[Packet]:
    if isinstance(packet, Puback | Pubrec | Pubcomp):
        return [replace(packet, packet_id=packet.packet_id + 1)]
    return [packet]


def refusing(packet: Packet) -> list[Packet]:
    return [replace(packet, reason=0x80) if isinstance(packet, Pubrec) else packet]


def forget_sent(sender: Sender, *_: object) -> None:
    sender.sent.clear()


def publish_released_again(sender: Sender, *_: object) -> None:
    sender.sent.update({packet_id: row for packet_id, row in sender.released.items() if row is not None})
    sender._left.update(sender.released)
    sender.released.clear()


def drop_expired(sender: Sender) -> None:
    now = sender.now
    for entry in [one for one in sender.unproven if (one[1].expires_at or now + 1) <= now]:
        sender.unproven.remove(entry)


def refused_is_unacknowledged(sender: Sender, packet: Any, row: Any) -> None:
    sender.sent[packet.packet_id] = row


def expired(_: Receiver, packet: Any) -> bool:
    return "message_expiry_interval" in packet.properties


def acknowledged_on_arrival(patch: Patch) -> None:
    def at_once(self: Receiver, packet: Delivery) -> None:
        self.ack([delivery for delivery in self.deliveries if delivery is packet])

    after(Receiver, "publish", at_once)(patch)


def qos_1_is_remembered(patch: Patch) -> None:
    seen: set[int] = set()
    original = Receiver.publish

    def publish(self: Receiver, packet: Delivery) -> None:
        if packet.duplicate and packet.packet_id in seen:
            self._put(encode_ack(4, packet.packet_id, 0, self._request.version))
            return
        seen.add(packet.packet_id)
        original(self, packet)

    patch.setattr(Receiver, "publish", publish)


def qos_2_is_not_remembered(patch: Patch) -> None:
    def again(self: Receiver, packet: Delivery, known: Any) -> None:
        self._begin(packet)

    patch.setattr(Receiver, "_again", again)


def pubrel_forgets_nothing(patch: Patch) -> None:
    def pubrels(self: Receiver, packets: Any) -> None:
        self._put(encode_acks(7, packets.packet_ids))

    patch.setattr(Receiver, "pubrels", pubrels)


def receiver_holds_expired(patch: Patch) -> None:
    original = Receiver.ack

    def ack(self: Receiver, deliveries: Any) -> None:
        original(self, [one for one in deliveries if not expired(self, one)])

    patch.setattr(Receiver, "ack", ack)


def resend_on_a_timer(session: Session, now: float) -> None:
    sender = session._sender
    sender.unproven.extend(sender.sent.items())
    sender.sent = {}
    sender.pump()


def new_identifiers(patch: Patch) -> None:
    patch.setattr(Sender, "resume", lambda sender: sender.restart())


def backwards(sender: Sender, *_: object) -> None:
    sender.unproven.reverse()


def released_backwards(patch: Patch) -> None:
    def resume(sender: Sender) -> None:
        for packet_id in reversed(sender.released):
            sender._pubrel(packet_id, 0)

    patch.setattr(Sender, "resume", resume)


def pubrels_overtake(patch: Patch) -> None:
    def pubrel(sender: Sender, packet_id: int, reason: int) -> None:
        data = encode_ack(6, packet_id, reason, sender._terms.version)
        sender._wire._queue.appendleft((0, data))

    patch.setattr(Sender, "_pubrel", pubrel)


def first_done_first_answered(qos: int) -> Removal:
    """The line is left by whoever is done, not by its head."""
    original = Receiver._release

    def release(self: Receiver, line_of: int) -> None:
        if line_of == qos:
            line = self._lines[qos - 1]
            ordered = sorted(line, key=lambda delivery: not delivery.done)
            line.clear()
            line.extend(ordered)
        original(self, line_of)

    return lambda patch: patch.setattr(Receiver, "_release", release)


def wide_open(sender: Sender, terms: Terms) -> None:
    sender._window = 10_000


def shut(sender: Sender, terms: Terms) -> None:
    sender._window = 0


def pubrec_refills(patch: Patch) -> None:
    patch.setattr(Sender, "_free", lambda sender: sender._window - len(sender.sent))


def never_refilled(patch: Patch) -> None:
    original = Sender.open

    def open_once(sender: Sender, terms: Terms) -> None:
        original(sender, terms)
        limit = sender._window

        def free() -> int:
            return limit - sender._ids._last

        sender._free = free  # type: ignore[method-assign]

    patch.setattr(Sender, "open", open_once)


def no_quota(sender: Sender, *_: object) -> bool:
    return sender._free() <= 0


def session_without_quota(session: Session, *_: object) -> bool:
    return session.room() == 0


def always_0x80(patch: Patch) -> None:
    original = Session._fail
    patch.setattr(Session, "_fail", lambda session, reason, *rest: original(session, 0x80, *rest))
