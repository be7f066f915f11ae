"""Chapter 4.3: the delivery of QoS 1 and QoS 2, both roles."""

from __future__ import annotations

from holdfast.codec import (
    V5,
    Puback,
    Pubcomp,
    Pubrec,
    Pubrel,
    Version,
)
from holdfast.messages import QoS
from tests.conformance.versions import BOTH, MQTT_5
from tests.support.driven import Driven, incoming, names, row, sent


def _up(version: Version, **said: int) -> Driven:
    driven = Driven(version)
    driven.up(False, said)
    return driven


def _unused(version: Version, qos: QoS) -> None:
    driven = _up(version)
    left = sent(driven.publish(row(1, qos), row(2, qos)))
    left += sent(driven.publish(row(3, qos)))
    assert len({one.packet_id for one in left}) == 3


def _first_send(version: Version, qos: QoS) -> None:
    (left,) = sent(_up(version).publish(row(1, qos)))
    assert (left.qos, left.dup) == (qos, False)
    assert left.packet_id > 0


def _answered_when_owned(version: Version, qos: QoS, answer: str) -> None:
    driven = _up(version)
    assert driven.feed(incoming(300, qos)) == []
    assert names(driven.ack(*driven.deliveries)) == [f"{answer} 300"]


# -- 4.3.2: QoS 1 -------------------------------------------------------------------------------


@BOTH
def test_4_3_2_1(version: Version) -> None:
    """QoS 1 sender: each new message has an unused identifier."""
    _unused(version, 1)


@BOTH
def test_4_3_2_2(version: Version) -> None:
    """QoS 1 sender: the first PUBLISH has that identifier, QoS 1 and DUP 0."""
    _first_send(version, 1)


@BOTH
def test_4_3_2_3(version: Version) -> None:
    """QoS 1 sender: unacknowledged until PUBACK, so sent again before it and not after it."""
    driven = _up(version)
    driven.publish(row(1))
    assert names(driven.again()) == ["PUBLISH 1"]
    driven.feed(Puback(1))
    assert driven.again() == []


@BOTH
def test_4_3_2_4(version: Version) -> None:
    """QoS 1 receiver: PUBACK with the same identifier once the message is owned (promise 5)."""
    _answered_when_owned(version, 1, "PUBACK")


@BOTH
def test_4_3_2_5(version: Version) -> None:
    """QoS 1 receiver: after PUBACK the identifier means a new message, whatever DUP says."""
    driven = _up(version)
    for dup in (False, True):
        driven.feed(incoming(7, dup=dup))
        assert names(driven.ack(driven.deliveries[-1])) == ["PUBACK 7"]
    assert len(driven.deliveries) == 2


# -- 4.3.3: QoS 2 -------------------------------------------------------------------------------


@BOTH
def test_4_3_3_1(version: Version) -> None:
    """QoS 2 sender: each new message has an unused identifier."""
    _unused(version, 2)


@BOTH
def test_4_3_3_2(version: Version) -> None:
    """QoS 2 sender: the first PUBLISH has that identifier, QoS 2 and DUP 0."""
    _first_send(version, 2)


@BOTH
def test_4_3_3_3(version: Version) -> None:
    """QoS 2 sender: PUBLISH is unacknowledged until PUBREC."""
    driven = _up(version)
    driven.publish(row(1, 2))
    assert names(driven.again()) == ["PUBLISH 1"]
    driven.feed(Pubrec(1))
    assert sent(driven.again()) == []


@BOTH
def test_4_3_3_4(version: Version) -> None:
    """QoS 2 sender: PUBREC below 0x80 is answered by PUBREL with the same identifier."""
    driven = _up(version)
    driven.publish(row(1, 2), row(2, 2))
    assert names(driven.feed(Pubrec(2))) == ["PUBREL 2"]
    if version == V5:
        assert names(driven.feed(Pubrec(1, 0x10))) == ["PUBREL 1"]


@BOTH
def test_4_3_3_5(version: Version) -> None:
    """QoS 2 sender: PUBREL is unacknowledged until PUBCOMP, so sent again before it and not after it."""
    driven = _up(version)
    driven.publish(row(1, 2))
    driven.feed(Pubrec(1))
    assert names(driven.again()) == ["PUBREL 1"]
    driven.feed(Pubcomp(1))
    assert driven.again() == []


@BOTH
def test_4_3_3_6(version: Version) -> None:
    """QoS 2 sender: PUBLISH is never sent again once PUBREL was."""
    driven = _up(version)
    driven.publish(row(1, 2))
    left = driven.feed(Pubrec(1)) + driven.feed(Pubrec(1)) + driven.again() + driven.again()
    assert names(left) == ["PUBREL 1"] * 4


@BOTH
def test_4_3_3_7(version: Version) -> None:
    """QoS 2 sender: expiry does not act on what was sent; the exchange is completed (contract 9)."""
    driven = _up(version)
    driven.publish(row(1, 2, expires_at=5.0))
    driven.now = 60.0
    assert names(driven.again()) == ["PUBLISH 1"]
    driven.now = 120.0
    assert names(driven.feed(Pubrec(1))) == ["PUBREL 1"]


@BOTH
def test_4_3_3_8(version: Version) -> None:
    """QoS 2 receiver: PUBREC with the same identifier once the message is owned (promise 5)."""
    _answered_when_owned(version, 2, "PUBREC")


@MQTT_5
def test_4_3_3_9(version: Version) -> None:
    """QoS 2 receiver: we never refuse by PUBREC, so each identifier stays taken until PUBREL."""
    driven = _up(version)
    for dup in (False, True):
        driven.feed(incoming(7, 2, dup=dup))
        driven.ack(driven.deliveries[-1])
    driven.again()
    (answer,) = driven.feed(incoming(7, 2, dup=True))
    assert answer == Pubrec(7, 0)


@BOTH
def test_4_3_3_10(version: Version) -> None:
    """QoS 2 receiver: until PUBREL the message gets PUBREC again and is not delivered again."""
    driven = _up(version)
    driven.feed(incoming(7, 2))
    driven.ack(*driven.deliveries)
    assert names(driven.feed(incoming(7, 2, dup=True))) == ["PUBREC 7"]
    driven.again()
    assert names(driven.feed(incoming(7, 2, dup=True))) == ["PUBREC 7"]
    assert len(driven.deliveries) == 1


@BOTH
def test_4_3_3_11(version: Version) -> None:
    """QoS 2 receiver: PUBREL is answered by PUBCOMP with the same identifier, each time."""
    driven = _up(version)
    driven.feed(incoming(7, 2))
    driven.ack(*driven.deliveries)
    assert names(driven.feed(Pubrel(7))) == ["PUBCOMP 7"]
    driven.again()
    assert names(driven.feed(Pubrel(7))) == ["PUBCOMP 7"]


@BOTH
def test_4_3_3_12(version: Version) -> None:
    """QoS 2 receiver: after PUBCOMP the identifier means a new message, whatever DUP says."""
    driven = _up(version)
    for dup in (False, True):
        driven.feed(incoming(7, 2, dup=dup))
        driven.ack(driven.deliveries[-1])
        driven.feed(Pubrel(7))
    assert len(driven.deliveries) == 2


@MQTT_5
def test_4_3_3_13(version: Version) -> None:
    """QoS 2 receiver: the exchange is completed also when the message has expired meanwhile."""
    driven = _up(version)
    driven.feed(incoming(7, 2, properties={"message_expiry_interval": 1}))
    driven.now = 30.0
    assert names(driven.ack(*driven.deliveries)) == ["PUBREC 7"]
    assert names(driven.feed(Pubrel(7))) == ["PUBCOMP 7"]
