"""Chapters 3.15 and 4.12: AUTH and enhanced authentication."""

from __future__ import annotations

from typing import Any

from holdfast.codec import Auth, Connack, Disconnect, Packet, Version
from holdfast.protocol import Challenge, Closed, Intent, LinkState
from tests.conformance.versions import MQTT_5
from tests.support.driven import Driven, incoming, names, row

METHOD = "M"


def _auth(reason: int, method: str | None = METHOD, data: bytes = b"x") -> Auth:
    if method is None:
        return Auth(reason)
    return Auth(reason, {"authentication_method": method, "authentication_data": data})


def _accepted(method: str | None = METHOD) -> Connack:
    return Connack(False, 0, {} if method is None else {"authentication_method": method})


def _asking(version: Version, **request: Any) -> Driven:
    driven = Driven(version, authentication_method=METHOD, **request)
    driven.connect()
    return driven


def _answer(driven: Driven, data: bytes | None = None) -> list[Packet]:
    driven.session.answer(driven.told(Challenge)[-1], data, driven.now)
    return driven.pump()


def _up(version: Version) -> Driven:
    driven = _asking(version)
    driven.feed(_accepted())
    _answer(driven)
    assert driven.session.link is LinkState.UP
    return driven


def _again(driven: Driven) -> list[Packet]:
    assert driven.session.reauthenticate(b"again", driven.now)
    return driven.pump()


@MQTT_5
def test_3_1_2_30(version: Version) -> None:
    """With a method in CONNECT nothing but AUTH and DISCONNECT leaves before CONNACK."""
    driven = _asking(version, keepalive_s=10)
    driven.session.subscribe([Intent("a")], driven.now)
    assert driven.publish(row(1), row(2, 0), row(3, 2)) == []
    assert names(driven.feed(_auth(0x18)) + _answer(driven)) == ["AUTH"]
    assert driven.later(100.0) == []
    driven.session.unsubscribe(["b"], driven.now)
    driven.session.ack(driven.deliveries, driven.now)
    driven.feed(_auth(0x18))
    driven.session.reject(driven.told(Challenge)[-1], "no", driven.now)
    assert names(driven.pump()) == ["DISCONNECT"]


@MQTT_5
def test_3_15_1_1(version: Version) -> None:
    """AUTH with a reserved flag set is malformed and ends the connection; ours has none."""
    assert _first_bytes(version) == [0xF0]
    for flag in (1, 2, 4, 8):
        driven = _up(version)
        assert driven.raw(bytes((0xF0 | flag, 0))) == [Disconnect(0x81)]
        assert driven.session.link is LinkState.CLOSING


def _first_bytes(version: Version) -> list[int]:
    """The first byte of an AUTH of ours."""
    driven = _up(version)
    driven.session.reauthenticate(None, driven.now)
    return [driven.session.send(driven.now)[0]]


@MQTT_5
def test_3_15_2_1(version: Version) -> None:
    """AUTH carries one of its reason codes: ours 0x18 or 0x19, and no other is taken."""
    driven = _up(version)
    left = _again(driven) + driven.feed(_auth(0x18)) + _answer(driven)
    assert [one.reason for one in left if isinstance(one, Auth)] == [0x19, 0x18]
    body = b"\x87\x04\x15\x00\x01M"
    assert names(driven.raw(b"\xf0" + bytes((len(body),)) + body)) == ["DISCONNECT"]
    assert driven.session.link is LinkState.CLOSING


@MQTT_5
def test_4_12_0_2(version: Version) -> None:
    """Before CONNACK an AUTH of the broker has the reason code 0x18; no other is taken."""
    for reason in (0x00, 0x19):
        driven = _asking(version)
        driven.feed(_auth(reason))
        assert [one.by_us for one in driven.told(Closed)] == [True]
        assert driven.told(Challenge) == []


@MQTT_5
def test_4_12_0_3(version: Version) -> None:
    """A challenge is answered by AUTH with the reason code 0x18, in CONNECT's exchange and in later ones."""
    driven = _asking(version)
    driven.feed(_auth(0x18))
    assert _answer(driven, b"x") == [_auth(0x18)]
    driven.feed(_accepted())
    _answer(driven)
    _again(driven)
    driven.feed(_auth(0x18))
    assert _answer(driven, b"x") == [_auth(0x18)]


@MQTT_5
def test_4_12_0_5(version: Version) -> None:
    """Every AUTH, and CONNACK 0, has the method of CONNECT; without it the connection ends."""
    wrong: tuple[Packet, ...] = (_auth(0x18, "other"), Auth(), _accepted(None), _accepted("other"))
    for packet in wrong:
        driven = _asking(version)
        driven.feed(packet, incoming(7))
        assert [one.by_us for one in driven.told(Closed)] == [True]
        assert driven.deliveries == []
    driven = _up(version)
    left = _again(driven) + driven.feed(_auth(0x18)) + _answer(driven)
    assert [one.properties["authentication_method"] for one in left if isinstance(one, Auth)] == [METHOD] * 2
    driven.feed(_auth(0x00, "other"))
    assert driven.session.link is LinkState.CLOSING


@MQTT_5
def test_4_12_0_6(version: Version) -> None:
    """Without a method in CONNECT there is no AUTH, and no method in CONNACK; either ends the connection."""
    for packet in (_auth(0x18), _accepted()):
        driven = Driven(version)
        driven.connect()
        driven.feed(packet)
        assert [one.by_us for one in driven.told(Closed)] == [True]
    driven = Driven(version)
    driven.up()
    driven.feed(_auth(0x18))
    assert driven.session.link is LinkState.CLOSING


@MQTT_5
def test_4_12_0_7(version: Version) -> None:
    """Without a method in CONNECT no AUTH of ours leaves, whatever is asked for."""
    driven = Driven(version)
    left = driven.connect()
    driven.session.reauthenticate(b"x", driven.now)
    left += driven.feed(Connack())
    driven.session.reauthenticate(b"x", driven.now)
    assert names(left + driven.pump()) == ["CONNECT"]


@MQTT_5
def test_4_12_1_1(version: Version) -> None:
    """A re-authentication begins with AUTH 0x19 and CONNECT's method, and not before CONNACK."""
    driven = _asking(version)
    assert not driven.session.reauthenticate(b"again", driven.now)
    driven.feed(_accepted())
    assert not driven.session.reauthenticate(b"again", driven.now)
    _answer(driven)
    assert _again(driven) == [_auth(0x19, METHOD, b"again")]


@MQTT_5
def test_4_12_1_2(version: Version) -> None:
    """A re-authentication that fails ends the connection, with our DISCONNECT or with the broker's."""
    driven = _up(version)
    _again(driven)
    driven.feed(_auth(0x00))
    driven.session.reject(driven.told(Challenge)[-1], "no proof", driven.now)
    assert driven.pump() == [Disconnect(0x80)]
    assert driven.session.link is LinkState.CLOSING
    driven = _up(version)
    _again(driven)
    assert driven.feed(Disconnect(0x87)) == []
    assert driven.session.link is LinkState.CLOSING
