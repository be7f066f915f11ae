"""A status topic that may not be subscribed to: told, and nothing else suffers (contract 22)."""

from __future__ import annotations

from holdfast.codec import V5, Suback, Version, Will
from holdfast.protocol import NotGranted, Unwatched
from holdfast.protocol.own_filter import HANGUPS
from tests.support.driven import Driven, filters
from tests.unit.protocol.test_watch import BOTH, WILL, says


@BOTH
def test_a_refusal_is_told(version: Version) -> None:
    """And asked for again on the next connection."""
    driven = Driven(version, will=WILL, birth=b"online")
    driven.up()
    driven.feed(Suback(2, [0x87 if version == V5 else 0x80]))
    assert [event.topic for event in driven.told(Unwatched)] == ["status"]
    assert driven.told(NotGranted) == []
    assert filters(driven.again(True)) == ["+status"]


def test_a_packet_that_is_too_large_is_not_sent() -> None:
    """[MQTT-3.2.2-15]."""
    driven = Driven(will=Will("s" * 100, b"offline", 0), birth=b"")
    assert filters(driven.up(False, {"maximum_packet_size": 80})) == []
    assert [event.reason for event in driven.told(Unwatched)] == [0x95]


def test_a_broker_that_hangs_up_is_asked_every_other_time() -> None:
    """Some do so on who may not subscribe: after a few times a connection is worth more than the watch."""
    driven = Driven(will=WILL, birth=b"online")
    assert [filters(driven.again(True)) for _ in range(HANGUPS)] == [["+status"]] * HANGUPS
    assert [filters(driven.again(True)) for _ in range(4)] == [[], ["+status"]] * 2
    assert len(driven.told(Unwatched)) == 2
    driven.again(True)
    driven.feed(says(b"offline"))  # it took the filter all the same
    assert driven.deliveries == []


def test_an_attempt_that_failed_counts_for_nothing() -> None:
    """It neither asked nor did without."""
    driven = Driven(will=WILL, birth=b"online")
    for _ in range(HANGUPS):
        driven.again(True)
    for _ in range(3):
        driven.lost()
        driven.connect()
    driven.lost()
    assert filters(driven.up(True)) == []


def test_an_answer_begins_that_count_anew() -> None:
    """A link that breaks now and then is no reason."""
    driven = Driven(will=WILL, birth=b"online")
    for _ in range(HANGUPS):
        driven.again(True)
        driven.again(True)
        (packet_id,) = driven.session._watch._filter._asked
        driven.feed(Suback(packet_id, [0]))
    assert filters(driven.again(True)) == ["+status"]
