"""The probe on the wire: beside outbox, window and application, and never in their way (contract 21)."""

from __future__ import annotations

import pytest

from holdfast.codec import V5, Disconnect, Publish, Suback, Unsuback, Version
from holdfast.protocol import Closed, Granted, Intent, Probed, Unsubscribed
from holdfast.protocol.own_filter import HANGUPS
from holdfast.protocol.prober import topic_of
from tests.support.driven import Driven, filters, names, row, sent
from tests.unit.protocol.probing import BOTH, TOPIC, P, granted, probing, states


@pytest.mark.parametrize(
    ("client_id", "topic"),
    [
        ("gateway-7", "holdfast/probe/gateway-7"),
        ("a/b+c#d%2F", "holdfast/probe/a%2Fb%2Bc%23d%252F"),
        ("x" * 65_535, "holdfast/probe/" + "x" * 1000),
    ],
)
def test_the_topic_has_the_client_id(client_id: str, topic: str) -> None:
    """What would mean something in a topic or a filter is percent-encoded, what is too long is cut."""
    assert topic_of(client_id) == topic


def test_off_there_is_nothing() -> None:
    """No packet, no deadline, no event."""
    driven = Driven(keepalive_s=0)
    assert driven.up() == []
    assert driven.session.deadline() is None
    assert driven.later(1e6) == []
    driven.lost()
    assert driven.told(Probed) == []


@BOTH
def test_a_question_follows_suback(version: Version) -> None:
    """Subscribed at QoS 0 behind the application's filters, asked at QoS 0, not retained, with an epoch."""
    driven = Driven(version, probe_s=P, probe_nonce="n")
    driven.subscribe(Intent("mine"))
    left = driven.up()
    assert filters(left) == ["+mine", f"+{TOPIC}"]
    assert names(driven.feed(Suback(1, [1]))) == []
    (question,) = driven.feed(Suback(2, [0]))
    assert question == Publish(TOPIC, b"n 1 1", 0, False)
    assert driven.told(Granted) == [Granted("mine", 1)]
    assert driven.session._sender._ids.used == set()


@BOTH
def test_the_answer_gives_the_round_trip(version: Version) -> None:
    """Told each time, and handed to nobody."""
    driven, question = granted(version)
    driven.now += 0.25
    driven.feed(question)
    (second,) = sent(driven.later(P - 0.25))
    assert second.payload == b"n 2 1"
    driven.feed(second)
    assert states(driven) == [("ok", 0.25), ("ok", 0.0)]
    assert driven.deliveries == []


def test_only_its_answer_is_the_answer() -> None:
    """Once: not what comes late or twice, nor what somebody else says there, at whatever QoS."""
    driven, question = granted()
    (second,) = sent(driven.later(P))
    assert driven.feed(question) == []
    assert names(driven.feed(Publish(TOPIC, b"foreign", 1, packet_id=9))) == ["PUBACK 9"]
    assert states(driven) == []
    driven.feed(second, second, Publish("other", b"x"))
    assert states(driven) == [("ok", 0.0)]
    assert driven.payloads() == [b"x"]


def test_it_needs_no_room_and_no_commit() -> None:
    """A full window of QoS 1, and a disk that is slow: the probe is asked and answered all the same."""
    driven, question = granted(inflight=1)
    driven.feed(question)
    driven.durable = False
    driven.publish(row(1))
    assert driven.session.room() == 0
    assert [one.payload for one in sent(driven.later(P))] == [b"n 2 1"]


@BOTH
def test_the_link_is_dead_within_two_intervals(version: Version) -> None:
    """It worked, then silence: a ping after half an interval, the end after a whole one."""
    driven, question = granted(version)
    driven.feed(question)
    assert names(driven.later(P)) == ["PUBLISH"]
    assert names(driven.later(P / 2)) == ["PINGREQ"]
    assert driven.session.deadline() == 2 * P
    driven.later(P / 2)
    (closed,) = driven.told(Closed)
    assert closed.by_us
    assert closed.reason == 0x83
    driven.lost()
    assert states(driven)[-1] == ("waiting", None)


def test_one_packet_serves_both_who_ping() -> None:
    """The keepalive is due in the same moment; it knows of the probe's ping, too."""
    driven, question = granted(keepalive_s=20)
    driven.feed(question)
    driven.later(P)
    assert names(driven.later(P / 2)) == ["PINGREQ"]
    assert names(driven.later(1)) == []


def test_what_else_comes_in_is_life() -> None:
    """The probe is missed, which is told once after two, but no socket is closed."""
    driven, question = granted()
    driven.feed(question)
    for _ in range(10):
        driven.later(P / 2)
        driven.feed(Publish("other", b"x"))
        (question,) = sent(driven.later(P / 2))
    assert states(driven) == [("ok", 0.0), ("missed", None)]
    assert driven.told(Closed) == []
    driven.feed(question)
    assert states(driven)[-1] == ("ok", 0.0)


def test_to_stop_is_no_hang_up() -> None:
    """The filter is given up before DISCONNECT; who stops and starts at once goes on probing."""
    driven, _ = probing()
    for _ in range(HANGUPS + 1):
        driven.session.disconnect(driven.now)
        left = driven.pump()
        assert filters(left) == [f"-{TOPIC}"]
        assert isinstance(left[-1], Disconnect)
        assert filters(driven.again()) == [f"+{TOPIC}"]


@BOTH
def test_the_application_may_touch_the_filter(version: Version) -> None:
    """Its own request for just this topic, and its end, are followed by ours; it still sees nothing of it."""
    driven, _question = granted(version)
    assert filters(driven.subscribe(Intent("else"), Intent(TOPIC, no_local=True))) == [
        "+else",
        f"+{TOPIC}",
        f"+{TOPIC}",
    ]
    assert filters(driven.unsubscribe(TOPIC)) == [f"-{TOPIC}", f"+{TOPIC}"]
    driven.feed(Suback(2, [1]), Suback(3, [1]))
    left = driven.feed(Suback(4, [0]), Unsuback(5, [0] if version == V5 else []), Suback(6, [0]))
    assert [one.payload for one in sent(left)] == [b"n 2 1", b"n 3 1"]
    driven.feed(*sent(left))
    assert driven.deliveries == []
    assert states(driven) == [("ok", 0.0)]
    assert driven.told(Unsubscribed) == [Unsubscribed(TOPIC, 0)]
    assert driven.told(Closed) == []


def test_while_nothing_is_read_nothing_is_judged() -> None:
    """Handlers are behind for ten intervals: asked, and neither missed nor dead."""
    driven, question = granted()
    driven.feed(question)
    driven.session.listening(False, driven.now)
    for _ in range(10):
        driven.later(P)
    assert states(driven) == [("ok", 0.0)]
    assert driven.told(Closed) == []
