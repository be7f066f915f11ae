"""Outbound topic aliases: which topics get one, when, and what leaves then."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.codec import V5, V311, Decoder, Packet, Publish, encode
from holdfast.messages import Outgoing, QoS
from holdfast.protocol import Failed, Restored, Terms
from holdfast.protocol.aliases import HEADS, SEEN, SHORTEST, Aliases
from tests.support.driven import Driven, row, sent

TOPIC = "plant/1/temp"


def aliases(maximum: int = 2, **terms: Any) -> Aliases:
    """Of a new connection."""
    made = Aliases()
    made.open(Terms(V5, "c", False, 0, 0, topic_aliases=maximum, **terms))
    return made


def named(of: Aliases, *topics: str) -> list[tuple[str, int]]:
    """What PUBLISH packets of these topics carry, one after the other."""
    return [of.name(row(seq, topic=topic)) for seq, topic in enumerate(topics, 1)]


def up(maximum: int = 2, ours: int = 16, **said: Any) -> Driven:
    """A session whose broker takes so many."""
    driven = Driven(V5, topic_aliases=ours)
    driven.up(False, {"topic_alias_maximum": maximum, **said})
    return driven


def carried(packets: list[Any]) -> list[tuple[str, int | None]]:
    """Topic and alias of the PUBLISH packets among these."""
    return [(one.topic, one.properties.get("topic_alias")) for one in sent(packets)]


def test_the_second_time_and_from_then_on() -> None:
    """Once: as it is. Twice: with its alias. Then the alias alone."""
    assert named(aliases(), TOPIC, TOPIC, TOPIC, TOPIC) == [(TOPIC, 0), (TOPIC, 1), ("", 1), ("", 1)]


def test_first_come_first_served_and_nothing_is_given_away_again() -> None:
    """The first topics that come twice have them; a third one, however often it comes, stays as it is."""
    a, b, c = (f"a/long/topic/{name}" for name in "abc")
    of = aliases()
    assert named(of, a, b, c, b, a, c, c) == [(a, 0), (b, 0), (c, 0), (b, 1), (a, 2), (c, 0), (c, 0)]
    assert named(of, a, b, c) == [("", 2), ("", 1), (c, 0)]


def test_short_topics_stay() -> None:
    """Below 8 characters an alias has not paid for itself with its first use."""
    short, long = "x" * (SHORTEST - 1), "x" * SHORTEST
    assert named(aliases(), short, short, short) == [(short, 0)] * 3
    assert named(aliases(), long, long, long) == [(long, 0), (long, 1), ("", 1)]


def test_what_is_remembered_is_bounded() -> None:
    """Beyond so many topics seen once no other is considered; those remembered still are."""
    of = aliases()
    many = [f"a/long/topic/{number}" for number in range(SEEN + 1)]
    named(of, *many)
    assert named(of, many[SEEN], many[SEEN], many[0]) == [(many[SEEN], 0), (many[SEEN], 0), (many[0], 1)]


def test_a_new_connection_knows_none() -> None:
    """Neither aliases nor what was seen; and the broker may take none now."""
    of = aliases()
    named(of, TOPIC, TOPIC)
    of.open(Terms(V5, "c", True, 0, 0, topic_aliases=1))
    assert named(of, TOPIC, TOPIC) == [(TOPIC, 0), (TOPIC, 1)]
    of.open(Terms(V5, "c", True, 0, 0))
    assert not of.active
    assert not Aliases().active


def test_no_alias_makes_a_packet_too_large() -> None:
    """One that fits only without is sent without; a smaller one sets the alias, and then it fits."""
    size = len(encode(Publish(TOPIC, b"123", 1, packet_id=1), V5))
    of = aliases(max_packet_bytes=size + 4)
    assert named(of, TOPIC, *[TOPIC] * 2) == [(TOPIC, 0), (TOPIC, 1), ("", 1)]
    of = aliases(max_packet_bytes=size + 3)
    rows = [row(100, topic=TOPIC), row(101, topic=TOPIC), row(1, topic=TOPIC), row(102, topic=TOPIC)]
    assert [of.name(one) for one in rows] == [(TOPIC, 0), (TOPIC, 0), (TOPIC, 1), ("", 1)]


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_in_the_session(qos: QoS) -> None:
    """All three levels, in one group or in many, beside other properties and an expiry."""
    driven = up()
    left = driven.publish(*(row(seq, qos, topic=TOPIC) for seq in range(1, 4)))
    left += driven.publish(row(4, qos, topic=TOPIC, properties={"content_type": "x"}, expires_at=9.5))
    assert carried(left) == [(TOPIC, None), (TOPIC, 1), ("", 1), ("", 1)]
    assert sent(left)[3].properties == {
        "content_type": "x",
        "message_expiry_interval": 10,
        "topic_alias": 1,
    }
    assert [one.payload for one in sent(left)] == [b"1", b"2", b"3", b"4"]


def test_sizes_qos_and_retain_change_in_one_group() -> None:
    """Each packet is what it would have been, but for its topic."""
    driven = up()
    rows = [
        row(1, topic=TOPIC),
        row(2, 2, topic=TOPIC, retain=True),
        row(33, 2, topic=TOPIC, retain=True),
        row(44, topic="other"),
        row(55, topic=TOPIC),
    ]
    left = sent(driven.publish(*rows))
    assert [(one.payload, one.qos, one.retain) for one in left] == [
        (b"1", 1, False),
        (b"2", 2, True),
        (b"33", 2, True),
        (b"44", 1, False),
        (b"55", 1, False),
    ]
    assert carried(list(left)) == [(TOPIC, None), (TOPIC, 1), ("", 1), ("other", None), ("", 1)]


def test_what_is_kept_of_packets_is_bounded() -> None:
    """Sizes and topics without end: the same packets, and no more memory."""
    of = aliases()
    rows = [Outgoing(seq, TOPIC, bytes(seq)) for seq in range(1, HEADS + 50)]
    rows += [Outgoing(1, "t" * 129, b"x")] * 3
    parts: list[bytes] = []
    of.encode([(7, one) for one in rows], parts)
    packets: list[Packet] = []
    Decoder(V5).feed(b"".join(parts), packets)
    assert [one.payload for one in sent(packets)] == [one.payload for one in rows]
    assert len(of._heads) == HEADS
    assert all(len(shape[0]) <= 128 for shape in of._heads)


@pytest.mark.parametrize(("theirs", "ours"), [(0, 16), (16, 0)])
def test_switched_off(theirs: int, ours: int) -> None:
    """By the broker, which names no maximum, or by us."""
    driven = up(theirs, ours)
    left = driven.publish(*(row(seq, topic=TOPIC) for seq in range(1, 5)))
    assert carried(left) == [(TOPIC, None)] * 4


def test_never_in_3_1_1() -> None:
    """It has no properties."""
    driven = Driven(V311, topic_aliases=16)
    driven.up()
    left = driven.publish(*(row(seq, topic=TOPIC) for seq in range(1, 5)))
    assert carried(left) == [(TOPIC, None)] * 4


def test_a_resend_has_the_aliases_of_its_own_connection() -> None:
    """The old ones are gone: the first again with its topic, as if nothing had been there."""
    driven = up()
    driven.publish(*(row(seq, topic=TOPIC) for seq in range(1, 4)))
    left = driven.again(True, {"topic_alias_maximum": 1})
    assert carried(left) == [(TOPIC, None), (TOPIC, 1), ("", 1)]
    assert all(one.dup for one in sent(left))
    assert carried(driven.again(True)) == [(TOPIC, None)] * 3


def test_an_alias_is_set_by_what_leaves() -> None:
    """What waits for the disk sets none; what leaves before it does (§3.3.2.3.4)."""
    driven = up()
    driven.durable = False
    assert driven.publish(row(1, topic=TOPIC), row(2, topic=TOPIC)) == []
    left = driven.commit()
    assert carried(left) == [(TOPIC, None), (TOPIC, 1)]
    driven.publish(row(3, topic=TOPIC))
    driven.lost()
    driven.durable = True
    assert carried(driven.up(False, {"topic_alias_maximum": 2})) == [(TOPIC, None), (TOPIC, 1), ("", 1)]


def test_the_brokers_limit_is_judged_by_the_whole_topic() -> None:
    """A message too large with its topic is refused, although it might fit with the alias (contract 10)."""
    driven = up(maximum_packet_size=30)
    left = driven.publish(*(row(seq, topic=TOPIC) for seq in (1, 2, 3, 10**20)))
    assert carried(left) == [(TOPIC, None), (TOPIC, 1), ("", 1)]
    assert [one.row.seq for one in driven.told(Failed)] == [10**20]


def test_restored_rows_get_them_too() -> None:
    """What an earlier process sent is one of the first on its new connection."""
    driven = Driven(V5, restored=Restored(epoch=1, sent=[(1, row(1, topic=TOPIC))]), topic_aliases=4)
    left = driven.up(True, {"topic_alias_maximum": 9})
    left += driven.publish(row(2, topic=TOPIC))
    assert carried(left) == [(TOPIC, None), (TOPIC, 1)]
