"""Chapter 3: CONNECT, CONNACK, PUBLISH and DISCONNECT."""

from __future__ import annotations

from typing import Any

from holdfast.codec import (
    V5,
    Connack,
    Disconnect,
    Pingreq,
    Pingresp,
    Puback,
    Publish,
    Pubrec,
    Suback,
    Subscribe,
    Version,
)
from holdfast.protocol import Closed, Failed, Granted, Intent, LinkState, NotGranted
from tests.conformance.versions import BOTH, MQTT_5
from tests.support.driven import Driven, incoming, names, row, sent


def _longest_silence(driven: Driven, seconds: int) -> float:
    """The longest time in which nothing left, while the broker answers every PINGREQ."""
    last, longest = driven.now, 0.0
    for _ in range(seconds * 4):
        for packet in driven.later(0.25):
            longest, last = max(longest, driven.now - last), driven.now
            if isinstance(packet, Pingreq):
                driven.feed(Pingresp())
    return max(longest, driven.now - last)


@BOTH
def test_3_1_0_1(version: Version) -> None:
    """The first packet on a connection is CONNECT, whatever waits to be sent."""
    driven = Driven(version)
    driven.session.subscribe([Intent("a")], driven.now)
    driven.publish(row(1), row(2, 0))
    for _ in range(2):
        assert names(driven.connect()) == ["CONNECT"]
        assert driven.later(1000.0) == []
        assert names(driven.feed(Connack()))[0].startswith("SUBSCRIBE")
        driven.publish(row(3, 0))
        driven.feed(incoming(1))
        driven.session.ack(driven.deliveries, driven.now)
        driven.session.disconnect(driven.now)
        driven.session.lost(driven.now)


@BOTH
def test_3_1_2_20(version: Version) -> None:
    """In the absence of other packets PINGREQ leaves within the keep alive."""
    driven = Driven(version, keepalive_s=10)
    driven.up()
    assert 0 < _longest_silence(driven, 60) <= 10
    assert driven.session.link is LinkState.UP


@MQTT_5
def test_3_1_2_21(version: Version) -> None:
    """The keep alive of CONNACK takes the place of ours: a shorter one is kept."""
    driven = Driven(version, keepalive_s=60)
    driven.up(False, {"server_keep_alive": 10})
    assert 0 < _longest_silence(driven, 60) <= 10


@MQTT_5
def test_3_2_2_21(version: Version) -> None:
    """Server Keep Alive is used, be it longer than ours or none at all."""
    driven = Driven(version, keepalive_s=10)
    driven.up(False, {"server_keep_alive": 100})
    assert 10 < _longest_silence(driven, 200) <= 100
    driven.lost()
    driven.up(False, {"server_keep_alive": 0})
    assert _longest_silence(driven, 200) == 200


@BOTH
def test_3_2_2_4(version: Version) -> None:
    """Session Present without session state closes the connection (contract 1: of a clean session)."""
    clean = Driven(version, session_expiry_s=0)
    clean.connect()
    clean.feed(Connack(True), incoming(1))
    assert clean.session.link is LinkState.CLOSING
    assert [one.by_us for one in clean.told(Closed)] == [True]
    assert clean.deliveries == []
    kept = Driven(version)
    kept.up(True)
    assert kept.session.link is LinkState.UP


@BOTH
def test_3_2_2_5(version: Version) -> None:
    """Without Session Present the session state is discarded: ids, stages and subscriptions."""
    driven = Driven(version)
    driven.session.subscribe([Intent("a")], driven.now)
    driven.up()
    driven.feed(Suback(1, [2]))
    driven.publish(row(1), row(2, 2))
    driven.feed(Pubrec(3), incoming(7, 2))
    driven.ack(*driven.deliveries)
    left = driven.again(False)
    assert names(left)[0].startswith("SUBSCRIBE")
    driven.feed(*(Suback(one.packet_id, [2]) for one in left if isinstance(one, Subscribe)))
    assert driven.told(Granted) == [Granted("a", 2)] * 2
    assert [(one.payload, one.dup) for one in sent(left)] == [(b"1", False), (b"2", False)]
    assert not any(name.startswith("PUBREL") for name in names(left))
    driven.feed(incoming(7, 2, dup=True))
    assert len(driven.deliveries) == 2


@MQTT_5
def test_3_2_2_11(version: Version) -> None:
    """No PUBLISH leaves above the Maximum QoS, neither as a first send nor as a resend."""
    driven = Driven(version)
    driven.up()
    driven.publish(row(1, 2))
    assert [one.qos for one in sent(driven.again(True, {"maximum_qos": 1}))] == []
    left = sent(driven.publish(row(2, 0), row(3, 1), row(4, 2)))
    assert [one.qos for one in left] == [0, 1]
    assert [(one.row.seq, one.reason) for one in driven.told(Failed)] == [(1, 0x9B), (4, 0x9B)]


@MQTT_5
def test_3_2_2_15(version: Version) -> None:
    """No packet leaves above the Maximum Packet Size: PUBLISH, resent or not, or SUBSCRIBE."""
    limit: dict[str, Any] = {"maximum_packet_size": 30}
    driven = Driven(version)
    driven.up()
    driven.publish(row(1, topic="t" * 40))
    assert names(driven.again(True, limit)) == []
    driven.session.subscribe([Intent("f" * 40), Intent("f")], driven.now)
    assert [name.split()[0] for name in names(driven.pump())] == ["SUBSCRIBE"]
    assert names(driven.publish(row(2, 0, topic="t" * 40), row(3, 0))) == ["PUBLISH"]
    assert [(one.row.seq, one.reason) for one in driven.told(Failed)] == [(1, 0x95), (2, 0x95)]
    assert driven.told(NotGranted) == [NotGranted("f" * 40, 0x95)]


@BOTH
def test_3_3_1_4(version: Version) -> None:
    """A PUBLISH with both QoS bits set is malformed and ends the connection."""
    driven = Driven(version)
    driven.up()
    body = b"\0\1t\0\1" + (b"\0" if version == V5 else b"") + b"m"
    left = driven.raw(bytes((0x36, len(body))) + body)
    assert left == ([Disconnect(0x81)] if version == V5 else [])
    assert driven.session.link is LinkState.CLOSING
    assert driven.deliveries == []


@MQTT_5
def test_3_3_2_7(version: Version) -> None:
    """A topic alias means nothing on the next connection, until it is set there."""
    alias = {"topic_alias": 1}
    driven = Driven(version)
    driven.up()
    driven.feed(Publish("a", b"m", properties=alias), Publish("", b"m", properties=alias))
    assert [one.topic for one in driven.deliveries] == ["a", "a"]
    driven.again()
    driven.feed(Publish("", b"m", properties=alias))
    assert len(driven.deliveries) == 2
    assert driven.session.link is LinkState.CLOSING
    ours = Driven(version, topic_aliases=10)
    for present in (False, True):
        ours.lost()
        ours.up(present, {"topic_alias_maximum": 10})
        left = sent(ours.publish(*(row(seq, 0, topic="a/long/topic") for seq in range(1, 4))))
        assert [one.topic for one in left] == ["a/long/topic", "a/long/topic", ""]


@MQTT_5
def test_3_3_4_7(version: Version) -> None:
    """Never more unacknowledged PUBLISH packets than the Receive Maximum, resends included."""
    driven = Driven(version)
    driven.up()
    driven.publish(*(row(seq, 2 if seq % 2 else 1) for seq in range(1, 7)))
    left = driven.again(True, {"receive_maximum": 2})
    unacknowledged: dict[int, int] = {}
    seen = 0
    while left:
        unacknowledged.update({one.packet_id: one.qos for one in sent(left)})
        assert len(unacknowledged) <= 2
        seen += len(sent(left))
        packet_id, qos = next(iter(unacknowledged.items()))
        left = driven.publish(row(10 + packet_id))
        left += driven.feed(Puback(packet_id) if qos == 1 else Pubrec(packet_id, 0x80))
        del unacknowledged[packet_id]
        if seen > 20:
            break
    assert seen > 6


@BOTH
def test_3_14_4_1(version: Version) -> None:
    """Behind DISCONNECT nothing leaves, whatever the application and the broker still do."""
    driven = Driven(version)
    driven.up()
    driven.publish(row(1, 2))
    driven.feed(incoming(7), incoming(8, 2))
    driven.session.disconnect(driven.now)
    assert names(driven.pump()) == ["DISCONNECT"]
    driven.session.subscribe([Intent("a")], driven.now)
    driven.session.unsubscribe(["b"], driven.now)
    driven.session.disconnect(driven.now)
    assert driven.publish(row(2), row(3, 0)) == []
    assert driven.ack(*driven.deliveries) == []
    assert driven.feed(Pubrec(1), Pubrec(99), incoming(9)) == []
    assert driven.raw(b"\x36\0") == []
    assert driven.later(1000.0) == []
