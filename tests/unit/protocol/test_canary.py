"""The canary of shared subscriptions: it names who grants and does not deliver (contract 18)."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.codec import V5, V311, Packet, Publish, Suback, Subscribe, Unsuback, Version
from holdfast.protocol import Closed, Granted, Intent, ShareSilent
from holdfast.protocol.canary import TRIES, WAIT_S
from holdfast.protocol.own_filter import HANGUPS
from tests.support.driven import Driven, filters, names, sent

BOTH = pytest.mark.parametrize("version", [V311, V5])

TOPIC = "holdfast/shared/c"
SHARED = f"$share/holdfast/{TOPIC}"
MINE = "$share/workers/plant/+"


def watching(version: Version = V5, *wanted: str, **request: Any) -> tuple[Driven, list[Packet]]:
    """A session with these filters, before SUBACK; and what left."""
    driven = Driven(version, **{"keepalive_s": 0, "canary_nonce": "n", **request})
    driven.subscribe(*map(Intent, wanted or (MINE,)))
    return driven, driven.up()


def granted(driven: Driven, left: list[Packet]) -> list[Packet]:
    """SUBACK for all that was asked for; gives what leaves then."""
    asked = [packet.packet_id for packet in left if isinstance(packet, Subscribe)]
    return driven.feed(*(Suback(packet_id, [0]) for packet_id in asked))


def unanswered(driven: Driven) -> list[Packet]:
    """Every try of this stage passes; gives what leaves behind the last one."""
    for number in range(1, TRIES):
        assert names(driven.later(WAIT_S)) == ["PUBLISH"], number
    return driven.later(WAIT_S)


@BOTH
def test_a_broker_that_delivers_is_asked_once(version: Version) -> None:
    """Subscribed and asked at QoS 0; the answer ends it, and the filter is given up. Nobody sees it."""
    driven, left = watching(version)
    assert filters(left) == [f"+{MINE}", f"+{SHARED}"]
    (question,) = sent(granted(driven, left))
    assert question == Publish(TOPIC, b"n 0 1", 0, False)
    assert driven.told(Granted) == [Granted(MINE, 0)]
    assert filters(driven.feed(question)) == [f"-{SHARED}"]
    assert driven.later(100 * WAIT_S) == []
    assert driven.session.deadline() is None
    assert driven.deliveries == []
    assert driven.told(ShareSilent) == []
    driven.feed(Unsuback(3, [0] if version == V5 else []))
    assert driven.session._subscriptions._ids.used == set()


@BOTH
def test_a_broker_that_grants_and_does_not_deliver_is_named(version: Version) -> None:
    """The same question comes back by a plain filter: so it is not us, nor the topic."""
    driven, left = watching(version)
    granted(driven, left)
    left = unanswered(driven)
    assert filters(left) == [f"-{SHARED}", f"+{TOPIC}"]
    (question,) = sent(granted(driven, left))
    assert filters(driven.feed(question)) == [f"-{TOPIC}"]
    assert driven.told(ShareSilent) == [ShareSilent(TOPIC)]
    assert driven.deliveries == []


def test_who_may_not_publish_there_proves_nothing() -> None:
    """Neither way brings it back: nobody is named, and nothing is asked any more."""
    driven, left = watching()
    granted(driven, left)
    granted(driven, unanswered(driven))
    assert filters(unanswered(driven)) == [f"-{TOPIC}"]
    assert driven.later(100 * WAIT_S) == []
    assert driven.told(ShareSilent) == []


@pytest.mark.parametrize("stage", ["shared", "plain"])
def test_a_refusal_ends_it(stage: str) -> None:
    """SUBACK says no: that is an answer, and no silence."""
    driven, left = watching()
    driven.feed(Suback(1, [0]))
    if stage == "plain":
        driven.feed(Suback(2, [0]))
        left = unanswered(driven)
    (asked,) = [one for one in left if isinstance(one, Subscribe) and TOPIC in one.options[0].filter]
    assert driven.feed(Suback(asked.packet_id, [0x87])) == []
    assert driven.later(100 * WAIT_S) == []
    assert driven.told(ShareSilent) == []


def test_a_late_answer_by_the_shared_filter_counts() -> None:
    """It comes while the plain one is being asked: this broker delivers."""
    driven, left = watching()
    (question,) = sent(granted(driven, left))
    (control,) = sent(granted(driven, unanswered(driven)))
    driven.feed(question, control)
    assert driven.told(ShareSilent) == []


def test_what_others_say_there_is_no_answer() -> None:
    """It is acknowledged, kept from the application, and proves nothing; nor does a second answer."""
    driven, left = watching()
    (question,) = sent(granted(driven, left))
    assert names(driven.feed(Publish(TOPIC, b"foreign", 1, packet_id=9))) == ["PUBACK 9"]
    assert filters(driven.feed(question)) == [f"-{SHARED}"]
    assert driven.feed(question, Publish("other", b"x")) == []
    assert driven.feed(Publish("other", b"y")) == []
    assert driven.payloads() == [b"x", b"y"]
    driven.session.disconnect(driven.now)
    assert filters(driven.pump()) == []


def test_without_a_shared_subscription_there_is_none() -> None:
    """Nothing is sent; the first shared one begins it, and no second one begins it again."""
    driven, left = watching(V5, "plant/+")
    assert filters(left) == ["+plant/+"]
    assert filters(driven.subscribe(Intent("more"))) == ["+more"]
    assert filters(driven.subscribe(Intent(MINE))) == [f"+{MINE}", f"+{SHARED}"]
    assert driven.session.deadline() == driven.now + WAIT_S
    assert filters(driven.subscribe(Intent("$share/workers/b"))) == ["+$share/workers/b"]


@pytest.mark.parametrize(
    ("wanted", "said", "request_"),
    [
        ((MINE, "#"), {}, {}),
        ((MINE,), {"shared_subscription_available": 0}, {}),
        ((MINE,), {}, {"canary_nonce": ""}),
        ((MINE,), {"maximum_packet_size": 40}, {}),
    ],
    ids=["a filter covers the topic", "none are available", "not asked for", "its packet is too large"],
)
def test_where_it_could_not_tell_it_does_not_ask(
    wanted: tuple[str, ...], said: dict[str, Any], request_: dict[str, Any]
) -> None:
    """A filter of the application would bring the question back by itself, for one."""
    driven = Driven(V5, **{"keepalive_s": 0, "canary_nonce": "n", **request_})
    driven.subscribe(*map(Intent, wanted))
    assert [one for one in filters(driven.up(False, said)) if TOPIC in one] == []
    assert driven.session.deadline() is None


def test_a_question_that_is_too_large_is_not_asked() -> None:
    """The filter fits into a packet and the question does not: it is given up."""
    driven = Driven(V5, keepalive_s=0, canary_nonce="n" * 80)
    driven.subscribe(Intent(MINE))
    left = driven.up(False, {"maximum_packet_size": 60})
    assert filters(granted(driven, left)) == [f"-{SHARED}"]


def test_while_nothing_is_read_no_try_counts() -> None:
    """Handlers are behind, or SUBACK is slow: it waits, and then has all its tries."""
    driven, left = watching()
    for _ in range(2 * TRIES):
        assert driven.later(WAIT_S) == []
    granted(driven, left)
    driven.session.listening(False, driven.now)
    for _ in range(2 * TRIES):
        assert driven.later(WAIT_S) == []
    driven.session.listening(True, driven.now)
    assert filters(unanswered(driven)) == [f"-{SHARED}", f"+{TOPIC}"]


def test_once_per_connection() -> None:
    """The next one asks again: it may be another broker."""
    driven, left = watching()
    driven.feed(*sent(granted(driven, left)))
    assert filters(driven.again())[-1] == f"+{SHARED}"


def test_brokers_that_hang_up_are_not_asked_for_ever() -> None:
    """Three connections in a row ended before a verdict: the next does without, then it tries again."""
    driven, _ = watching()
    for _ in range(HANGUPS - 1):
        assert f"+{SHARED}" in filters(driven.again())
    assert f"+{SHARED}" not in filters(driven.again())
    assert f"+{SHARED}" in filters(driven.again())


def test_to_stop_is_no_hang_up() -> None:
    """The filter is given up before DISCONNECT; a stopped client asks at its next start."""
    driven, _ = watching()
    for _ in range(HANGUPS + 1):
        driven.session.disconnect(driven.now)
        assert filters(driven.pump()) == [f"-{SHARED}"]
        assert f"+{SHARED}" in filters(driven.again())
    assert driven.told(Closed) == []
