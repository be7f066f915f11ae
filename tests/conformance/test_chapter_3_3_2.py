"""Chapter 3.3.2: topic aliases, ours and theirs; that they end with the connection is in chapter 3."""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.codec import Disconnect, Packet, Publish, Version
from holdfast.codec.packets import QOS
from holdfast.protocol import LinkState
from tests.conformance.versions import MQTT_5
from tests.support.driven import Driven, row, sent


def _aliases(packets: Sequence[Packet]) -> list[int]:
    return [one.properties.get("topic_alias", 0) for one in sent(packets)]


def _published(version: Version, maximum: int, topics: int) -> list[Packet]:
    """Every topic four times, to a broker that takes so many aliases."""
    driven = Driven(version, topic_aliases=100)
    driven.up(False, {"topic_alias_maximum": maximum} if maximum else {})
    rows = [row(seq, QOS[seq % 3], topic=f"a/long/topic/{seq % topics}") for seq in range(1, 4 * topics + 1)]
    return driven.publish(*rows)


@MQTT_5
def test_3_3_2_8(version: Version) -> None:
    """No PUBLISH with the topic alias 0: the first is 1, and it is set with its topic before it is used."""
    known: dict[int, str] = {}
    left = sent(_published(version, 3, 5))
    for packet in left:
        if "topic_alias" in packet.properties:
            alias = packet.properties["topic_alias"]
            assert alias > 0
            assert packet.topic or alias in known
            known[alias] = packet.topic or known[alias]
    topics = [one.topic or known[one.properties["topic_alias"]] for one in left]
    assert topics == [f"a/long/topic/{seq % 5}" for seq in range(1, 21)]
    assert sorted(known) == [1, 2, 3]


@MQTT_5
def test_3_3_2_9(version: Version) -> None:
    """No topic alias above the broker's maximum, and none where it names no maximum."""
    for maximum in (0, 1, 3):
        assert max(_aliases(_published(version, maximum, 5))) == maximum
    driven = Driven(version, topic_aliases=100)
    driven.up(False, {"topic_alias_maximum": 5})
    driven.publish(*(row(seq, topic=f"a/long/topic/{seq % 3}") for seq in range(1, 10)))
    assert max(_aliases(driven.again(True, {"topic_alias_maximum": 1}))) == 1
    assert max(_aliases(driven.again(True))) == 0


@MQTT_5
def test_3_3_2_10(version: Version) -> None:
    """Every topic alias from 1 to the maximum of our CONNECT is taken, set anew as often as one likes."""
    driven = Driven(version, topic_alias_maximum=3)
    driven.up()
    for alias in (1, 3, 2, 3):
        topic = f"t/{alias}/{len(driven.deliveries)}"
        driven.feed(*(Publish(name, b"m", properties={"topic_alias": alias}) for name in (topic, "")))
        assert [one.topic for one in driven.deliveries[-2:]] == [topic, topic]
    assert driven.session.link is LinkState.UP


@MQTT_5
def test_3_3_2_11(version: Version) -> None:
    """A topic alias above the maximum of our CONNECT ends the connection; so does 0."""
    for alias in (0, 4):
        driven = Driven(version, topic_alias_maximum=3)
        driven.up()
        body = b"\0\1t\x03\x23\0" + bytes((alias,))
        assert driven.raw(bytes((0x30, len(body))) + body) == [Disconnect(0x94)]
        assert driven.deliveries == []
