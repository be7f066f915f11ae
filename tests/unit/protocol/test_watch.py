"""Our status topic is watched: an older offline is answered, and nobody else hears of it (contract 22)."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.codec import (
    V5,
    V311,
    Packet,
    Puback,
    Publish,
    Suback,
    Subscribe,
    SubscribeOption,
    Unsuback,
    Version,
    Will,
)
from holdfast.messages import QoS
from holdfast.protocol import Intent, NotGranted, Reasserted, Unsubscribed
from tests.support.driven import Driven, filters, names, row, sent

BOTH = pytest.mark.parametrize("version", [V311, V5])

WILL = Will("status", b"offline", 1, True)


def watching(version: Version = V5, *wanted: str, **options: Any) -> tuple[Driven, list[Packet]]:
    """A session with a birth that is acknowledged, its application wanting these; and what left."""
    driven = Driven(version, will=WILL, birth=b"online", **options)
    driven.subscribe(*map(Intent, wanted))
    left = driven.up()
    driven.feed(Puback(1), *(Suback(one.packet_id, [0]) for one in left if isinstance(one, Subscribe)))
    return driven, left


def says(payload: bytes, qos: QoS = 0, *marks: tuple[str, str], retain: bool = False) -> Publish:
    """Somebody says this on our topic."""
    properties = {"user_property": marks} if marks else {}
    return Publish("status", payload, qos, retain, packet_id=7 if qos else 0, properties=properties)


def births(packets: list[Packet]) -> list[bytes]:
    """What is published."""
    return [one.payload for one in sent(packets)]


@BOTH
def test_the_topic_is_subscribed_to_behind_the_birth(version: Version) -> None:
    """At QoS 0, with what is retained there, on every connection; nobody is told, granted or given back."""
    driven, left = watching(version)
    assert names(left) == ["PUBLISH 1", "SUBSCRIBE 2"]
    (subscribe,) = [one for one in left if isinstance(one, Subscribe)]
    assert subscribe.options == [SubscribeOption("status", 0)]
    assert filters(driven.again(True)) == ["+status"]
    assert filters(driven.again(False)) == ["+status"]
    assert not any(isinstance(event, NotGranted | Unsubscribed) for event in driven.events)
    driven.lost()
    assert driven.session._sender._ids.used == set()


@BOTH
def test_an_older_offline_is_answered_with_the_birth(version: Version) -> None:
    """Heard as it happens, or as what is retained when we come; the application sees nothing of it."""
    driven, _ = watching(version)
    assert births(driven.feed(says(b"offline"))) == [b"online"]
    assert driven.told(Reasserted) == [Reasserted("status")]
    driven.feed(Puback(3))
    assert births(driven.feed(says(b"offline", retain=True))) == [b"online"]
    assert driven.deliveries == []


@BOTH
def test_all_else_that_is_said_there_is_left_alone(version: Version) -> None:
    """Our own birth, and what the application says of itself."""
    driven, _ = watching(version)
    assert driven.feed(says(b"online"), says(b"busy"), says(b"")) == []
    assert driven.told(Reasserted) == []
    assert driven.deliveries == []


def test_a_mark_counts_more_than_the_words() -> None:
    """MQTT 5 knows the offline of an earlier process by its mark, and a birth that reads like our will."""
    driven, _ = watching()
    assert births(driven.feed(says(b"offline since 12:00", 0, ("presence", "offline")))) == [b"online"]
    driven.feed(Puback(3))
    assert driven.feed(says(b"offline", 0, ("presence", "online"))) == []


def test_the_words_of_all_our_connections_are_known() -> None:
    """3.1.1 has no mark: what a function gave for an earlier connection says offline, too."""
    driven, _ = watching(V311)
    driven.lost()
    driven.up(True, will=Will("status", b"offline 2", 1, True))
    for words in (b"offline", b"offline 2"):
        driven.feed(*(Puback(packet_id) for packet_id in list(driven.session._announcer._waiting)))
        assert births(driven.feed(says(words))) == [b"online"]


def test_a_will_that_reads_like_the_birth_says_nothing() -> None:
    """Answered, the answer would be answered again, for ever."""
    driven = Driven(V311, will=Will("status", b"x"), birth=b"x")
    driven.up()
    assert births(driven.feed(says(b"x"))) == []


def test_one_birth_is_on_its_way_at_a_time() -> None:
    """A hundred offlines while one is unanswered are answered together, behind it."""
    driven, _ = watching()
    assert births(driven.feed(*[says(b"offline")] * 50)) == [b"online"]
    assert births(driven.feed(*[says(b"offline")] * 50)) == []
    assert births(driven.feed(Puback(3))) == [b"online"]
    assert births(driven.feed(Puback(4))) == []


def test_a_birth_that_waits_for_room_is_said_once() -> None:
    """The window is full: one waits, and it answers all of them."""
    driven = Driven(will=WILL, birth=b"online")
    driven.up(False, {"receive_maximum": 1})
    driven.feed(Puback(1))
    driven.publish(row(1))
    assert [births(driven.feed(says(b"offline"))) for _ in range(3)] == [[]] * 3
    assert births(driven.feed(Puback(3))) == [b"online"]
    assert births(driven.feed(Puback(4))) == []


@BOTH
def test_behind_the_farewell_nothing_is_asserted(version: Version) -> None:
    """What is heard then is ourselves."""
    driven, _ = watching(version)
    driven.session.farewell(b"offline", 0.0)
    driven.pump()
    assert births(driven.feed(says(b"offline", 0, ("presence", "offline")))) == []
    assert driven.told(Reasserted) == []


# -- beside the application --------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("filter", ["status", "+", "#", "$share/g/status"])
def test_a_filter_of_the_application_covers_it(version: Version, filter: str) -> None:
    """No second subscription, which might take from the first one, or double what it brings."""
    driven, left = watching(version, filter)
    assert filters(left) == [f"+{filter}"]
    assert births(driven.feed(says(b"offline", 1))) == [b"online"]
    assert [delivery.payload for delivery in driven.deliveries] == [b"offline"]
    assert filters(driven.unsubscribe(filter)) == [f"-{filter}", "+status"]
    driven.feed(says(b"offline"))
    assert len(driven.deliveries) == 1


@BOTH
def test_it_makes_way_for_the_application(version: Version) -> None:
    """One that covers it: ours goes first. The very same: it takes the place of ours."""
    driven, _ = watching(version)
    assert filters(driven.subscribe(Intent("other"))) == ["+other"]
    assert filters(driven.unsubscribe("other")) == ["-other"]
    assert filters(driven.subscribe(Intent("sta/#"), Intent("+"))) == ["-status", "+sta/#", "++"]
    assert filters(driven.unsubscribe("sta/#")) == ["-sta/#"]
    driven, _ = watching(version)
    assert filters(driven.subscribe(Intent("status"))) == ["+status"]
    assert filters(driven.subscribe(Intent("#"))) == ["+#"]
    driven.feed(says(b"hello"))
    assert [delivery.payload for delivery in driven.deliveries] == [b"hello"]


def test_a_filter_that_is_forgotten_by_hand_is_ours_all_the_same() -> None:
    """unsubscribe("status") clears what an older version left, and the watch begins anew."""
    driven, _ = watching()
    assert filters(driven.unsubscribe("status")) == ["-status", "+status"]


def test_what_an_earlier_process_left_is_given_up() -> None:
    """It watched in this session, and this one need not: a copy for each filter would come."""
    driven = Driven(will=WILL, birth=b"online")
    driven.subscribe(Intent("#"))
    assert filters(driven.up(True)) == ["-status", "+#"]
    (packet_id,) = driven.session._watch._filter._asked
    driven.feed(Unsuback(packet_id, [0x11]))
    assert driven.told(Unsubscribed) == []
    driven = Driven(will=WILL, birth=b"online")
    driven.subscribe(Intent("status"))
    assert filters(driven.up(True)) == ["+status"]


def test_what_comes_by_a_filter_that_was_left_is_acknowledged() -> None:
    """By one of another version, at QoS 1: nobody would read it."""
    driven, _ = watching()
    assert names(driven.feed(says(b"hello", 1))) == ["PUBACK 7"]
    assert driven.deliveries == []


@BOTH
def test_it_is_given_up_before_disconnect(version: Version) -> None:
    """No kept session is left with a filter that nobody asked for."""
    driven, _ = watching(version)
    driven.session.farewell(b"gone", 0.0)
    driven.session.disconnect(0.0)
    assert names(driven.pump()) == ["PUBLISH 3", "UNSUBSCRIBE 4", "DISCONNECT"]
