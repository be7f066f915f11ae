"""Mistakes against chapters 3.15 and 4.12, one function each."""

from __future__ import annotations

from typing import Any

from holdfast.codec import Auth, Packet, fields, parse
from holdfast.protocol.authentication import Authentication
from holdfast.protocol.session import Session
from holdfast.values import replace
from tests.conformance.planting import Patch, after


def opened_by_a_challenge(patch: Patch) -> None:
    """The backlog leaves as soon as the broker has said anything at all."""

    def early(session: Session, *_: object) -> None:
        session._sender._window = session._sender._agreed = 10
        session._sender.pump()

    after(Session, "answer", early)(patch)


def pings_in_the_exchange(patch: Patch) -> None:
    after(Session, "tick", lambda session, *_: session._wire.pass_by(b"\xc0\0"))(patch)


def flags_are_not_looked_at(patch: Patch) -> None:
    for flag in (1, 2, 4, 8):
        patch.setitem(parse._PARSERS, 0xF0 | flag, parse._PARSERS[0xF0])


def any_reason_is_taken(patch: Patch) -> None:
    original = fields.read_ending

    def ending(data: bytes, pos: int, end: int, packet_type: int) -> Any:
        if packet_type == 15 and data[pos : pos + 1] == b"\x87":
            data = data[:pos] + b"\x18" + data[pos + 1 :]
        return original(data, pos, end, packet_type)

    patch.setattr(parse, "read_ending", ending)


def any_turn_will_do(patch: Patch) -> None:
    def auth(self: Authentication, packet: Auth) -> None:
        self._check(packet.properties, "AUTH")
        self._ask(packet.properties, False)

    patch.setattr(Authentication, "auth", auth)


def answers_begin_anew(packet: Packet) -> list[Packet]:
    return [replace(packet, reason=0x19) if isinstance(packet, Auth) else packet]


def goes_on(packet: Packet) -> list[Packet]:
    return [replace(packet, reason=0x18) if isinstance(packet, Auth) else packet]


def another_method(packet: Packet) -> list[Packet]:
    if isinstance(packet, Auth):
        return [replace(packet, properties={**packet.properties, "authentication_method": "other"})]
    return [packet]


def unasked_is_answered(patch: Patch) -> None:
    """An AUTH nobody asked for is taken for a challenge, a method in CONNACK for a kindness."""

    def auth(self: Authentication, packet: Auth) -> None:
        self._ask(packet.properties, False)

    patch.setattr(Authentication, "auth", auth)
    patch.setattr(Authentication, "accepted", lambda self, packet: False)


def always_our_turn(patch: Patch) -> None:
    """A re-authentication at any time, with or without a method."""

    def again(self: Session, data: bytes | None, now: float) -> bool:
        self._authentication._method = self._authentication._method or "M"
        self._authentication.turn = "done"
        return self._authentication.again(data)

    patch.setattr(Session, "reauthenticate", again)


def failures_are_forgiven(patch: Patch) -> None:
    patch.setattr(Session, "reject", lambda *_: None)


def farewells_are_not_heard(patch: Patch) -> None:
    patch.setattr(Session, "_disconnected", lambda *_: None)
