"""Chapter 4: retry, order, flow control and errors."""

from __future__ import annotations

from holdfast.codec import (
    V5,
    Connack,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Pubrec,
    Pubrel,
    Version,
    encode,
)
from holdfast.messages import QoS
from holdfast.protocol import Closed, Intent, LinkState
from tests.conformance.versions import BOTH, MQTT_5
from tests.support.driven import Driven, incoming, names, row, sent


def _up(version: Version, **said: int) -> Driven:
    driven = Driven(version)
    driven.up(False, said)
    return driven


# -- 4.4: retry ---------------------------------------------------------------------------------


@BOTH
def test_4_4_0_1(version: Version) -> None:
    """A resumed session sends PUBLISH and PUBREL again, under the old identifiers; nothing else does."""
    driven = _up(version)
    driven.publish(row(1), row(2, 2), row(3, 2))
    driven.feed(Pubrec(3))
    left = driven.again()
    assert sorted(names(left)) == ["PUBLISH 1", "PUBLISH 2", "PUBREL 3"]
    assert [one.payload for one in sent(left)] == [b"1", b"2"]
    for _ in range(10):
        for packet in driven.later(20.0):
            assert isinstance(packet, Pingreq)
            driven.feed(Pingresp())


@MQTT_5
def test_4_4_0_2(version: Version) -> None:
    """A PUBLISH answered with 0x80 or above is acknowledged and never sent again."""
    driven = _up(version)
    driven.publish(row(1), row(2, 2))
    assert driven.feed(Puback(1, 0x97), Pubrec(2, 0x80)) == []
    assert driven.again() == []


# -- 4.6: order ---------------------------------------------------------------------------------


@BOTH
def test_4_6_0_1(version: Version) -> None:
    """PUBLISH packets are sent again in their original order, of both QoS, as often as need be."""
    driven = _up(version)
    driven.publish(row(1), row(2, 2), row(3), row(4, 2))
    driven.feed(Puback(3))
    for _ in range(3):
        assert [one.packet_id for one in sent(driven.again())] == [1, 2, 4]


@BOTH
def test_4_6_0_2(version: Version) -> None:
    """PUBACK packets leave in the order of the PUBLISH packets, whichever handler is first."""
    _ordered(version, 1, "PUBACK")


@BOTH
def test_4_6_0_3(version: Version) -> None:
    """PUBREC packets leave in the order of the PUBLISH packets, whichever handler is first."""
    _ordered(version, 2, "PUBREC")


def _ordered(version: Version, qos: QoS, answer: str) -> None:
    driven = _up(version)
    driven.feed(*(incoming(packet_id, qos) for packet_id in (9, 4, 7)))
    left: list[Packet] = []
    for index in (2, 0, 1):
        left += driven.ack(driven.deliveries[index])
    assert names(left) == [f"{answer} {packet_id}" for packet_id in (9, 4, 7)]


@BOTH
def test_4_6_0_4(version: Version) -> None:
    """PUBREL packets leave in the order of the PUBREC packets, also when they are sent again."""
    driven = _up(version)
    driven.publish(row(1, 2), row(2, 2), row(3, 2))
    assert names(driven.feed(Pubrec(3), Pubrec(1), Pubrec(2))) == ["PUBREL 3", "PUBREL 1", "PUBREL 2"]
    assert names(driven.again()) == ["PUBREL 3", "PUBREL 1", "PUBREL 2"]


# -- 4.9: flow control --------------------------------------------------------------------------


@MQTT_5
def test_4_9_0_1(version: Version) -> None:
    """The send quota of a connection begins above zero and at most at the Receive Maximum."""
    for maximum in (1, 3):
        driven = _up(version, receive_maximum=maximum)
        left = sent(driven.publish(*(row(seq) for seq in range(1, 6))))
        assert 0 < len(left) <= maximum


@MQTT_5
def test_4_9_0_2(version: Version) -> None:
    """At quota zero no PUBLISH of QoS 1 or 2 leaves; PUBACK and PUBCOMP refill it, PUBREC does not."""
    driven = _up(version, receive_maximum=2)
    assert len(driven.publish(row(1), row(2, 2), row(3), row(4, 2), row(5))) == 2
    assert sent(driven.feed(Pubrec(2))) == []
    assert names(driven.feed(Puback(1))) == ["PUBLISH 3"]
    assert names(driven.feed(Pubcomp(2))) == ["PUBLISH 4"]
    assert names(driven.feed(Pubrec(4, 0x80))) == ["PUBLISH 5"]


@MQTT_5
def test_4_9_0_3(version: Version) -> None:
    """At quota zero all other packets are handled and answered as ever."""
    driven = _up(version, receive_maximum=1)
    driven.publish(row(1, 2), row(2))
    driven.session.subscribe([Intent("a")], driven.now)
    assert [name.split()[0] for name in names(driven.pump())] == ["SUBSCRIBE"]
    driven.feed(incoming(7), incoming(8, 2))
    assert names(driven.ack(*driven.deliveries)) == ["PUBACK 7", "PUBREC 8"]
    assert names(driven.feed(Pubrel(8))) == ["PUBCOMP 8"]
    assert names(driven.feed(Pubrec(1))) == ["PUBREL 1"]
    assert driven.later(50.0) == [Pingreq()]


# -- 4.13: errors -------------------------------------------------------------------------------


@BOTH
def test_4_13_1_1(version: Version) -> None:
    """Malformed packets and broken rules end the connection; MQTT 5 says why."""
    for data, reason in (
        (b"\x36\0", 0x81),
        (b"\x30\x80\x80\x80\x80\1", 0x81),
        (encode(Connack(), version), 0x82),
        (encode(Pingreq(), version), 0x82),
    ):
        driven = _up(version)
        assert driven.raw(data) == ([Disconnect(reason)] if version == V5 else [])
        assert [one.reason for one in driven.told(Closed)] == [reason]
        assert driven.session.link is LinkState.CLOSING
