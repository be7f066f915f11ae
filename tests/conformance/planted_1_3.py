"""Mistakes against chapters 1 to 3, one function each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from holdfast import topics
from holdfast.codec import (
    Connect,
    Packet,
    Pingreq,
    connect,
    decode,
    wire,
)
from holdfast.protocol import Terms, keepalive, refusals
from holdfast.protocol.ids import PacketIds
from holdfast.protocol.receiver import Receiver
from holdfast.protocol.sender import Sender
from holdfast.protocol.session import Session
from holdfast.protocol.subscriptions import Subscriptions
from holdfast.protocol.wire import Wire
from holdfast.values import replace
from tests.conformance.planting import Patch, Removal, after


def ill_formed_is_read(patch: Patch) -> None:
    def text_of(raw: bytes) -> str:
        return raw.decode(errors="replace")

    patch.setattr(wire, "text_of", text_of)


def null_is_read(patch: Patch) -> None:
    patch.setattr(wire, "text_of", lambda raw: raw.decode())


def any_topic_is_taken(patch: Patch) -> None:
    patch.setattr(topics, "_check_text", lambda text, what: None)


def any_text_is_written(patch: Patch) -> None:
    def write_text(value: str, what: str) -> bytes:
        raw = value.encode(errors="surrogatepass")
        return len(raw).to_bytes(2, "big") + raw

    patch.setattr(connect, "write_text", write_text)


def always_one(patch: Patch) -> None:
    patch.setattr(PacketIds, "take", lambda ids: 1)
    patch.setattr(PacketIds, "take_many", lambda ids, count: [1] * count)


def used_is_not_looked_at(patch: Patch) -> None:
    def take(ids: PacketIds) -> int:
        ids._last += 1
        return ids._last

    patch.setattr(PacketIds, "take", take)
    patch.setattr(PacketIds, "take_many", lambda ids, count: [ids.take() for _ in range(count)])


def own_identifiers(subscriptions: Subscriptions, *parts: object) -> None:
    subscriptions._ids = PacketIds()


def no_connect(patch: Patch) -> None:
    original = Wire.open
    patch.setattr(Wire, "open", lambda queue, data: original(queue, b""))


def ping_first(packet: Packet) -> list[Packet]:
    return [Pingreq(), packet] if isinstance(packet, Connect) else [packet]


def the_backlog_before_connack(patch: Patch) -> None:
    def open_early(session: Session, *arguments: object) -> None:
        session._sender._window = session._sender._agreed = 10
        session._sender.pump()

    after(Session, "connect", open_early)(patch)


def late_pings(patch: Patch) -> None:
    patch.setattr(keepalive, "PING_AFTER", 1.3)


def agreed_except(**ours: Callable[[Any], Any]) -> Removal:
    """These terms are what we asked for, whatever CONNACK says."""
    original = Terms.agreed

    def agreed(request: Any, connack: Any) -> Terms:
        return replace(original(request, connack), **{name: of(request) for name, of in ours.items()})

    return lambda patch: patch.setattr(Terms, "agreed", agreed)


def any_session_is_ours(patch: Patch) -> None:
    def accept(session: Session, packet: Any) -> None:
        session._open(Terms.agreed(session._request, packet))

    patch.setattr(Session, "_connack", accept)


def a_lost_session_is_resumed(patch: Patch) -> None:
    patch.setattr(Session, "_begin_epoch", lambda session: session._sender.resume())


def subscriptions_are_believed(patch: Patch) -> None:
    original = Subscriptions.open
    patch.setattr(
        Subscriptions, "open", lambda self, terms: original(self, replace(terms, session_present=True))
    )


def nothing_is_refused(patch: Patch) -> None:
    patch.setattr(refusals, "of_row", lambda row, terms: None)


def resends_are_not_looked_at(patch: Patch) -> None:
    original = Sender._resend

    def resend(sender: Sender) -> None:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(refusals, "of_row", lambda row, terms: None)
            original(sender)

    patch.setattr(Sender, "_resend", resend)


def subscribe_of_any_size(patch: Patch) -> None:
    original = Subscriptions.open
    patch.setattr(
        Subscriptions, "open", lambda self, terms: original(self, replace(terms, max_packet_bytes=None))
    )


def qos_3_is_2(patch: Patch) -> None:
    patch.setitem(decode._PUBLISH, 0x36, (2, False, False))


def aliases_are_kept(patch: Patch) -> None:
    original = Receiver.open

    def keep(self: Receiver, request: Any) -> None:
        aliases = self._aliases
        original(self, request)
        self._aliases = aliases

    patch.setattr(Receiver, "open", keep)


def resends_without_window(patch: Patch) -> None:
    original = Sender._resend

    def resend(sender: Sender) -> None:
        window, sender._window = sender._window, 10_000
        original(sender)
        sender._window = window

    patch.setattr(Sender, "_resend", resend)
