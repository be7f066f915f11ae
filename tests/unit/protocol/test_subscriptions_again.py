"""Subscriptions given up, wanted again, and over connections and sessions (promise 6, 9)."""

from __future__ import annotations

import pytest

from holdfast.codec import (
    V5,
    V311,
    Packet,
    Suback,
    Subscribe,
    Unsuback,
    Version,
)
from holdfast.protocol import Granted, Intent, NotGranted, Unsubscribed
from holdfast.protocol.subscriptions import IN_FLIGHT
from tests.support.driven import Driven, filters, names, ready

BOTH = pytest.mark.parametrize("version", [V311, V5])


def unsuback(driven: Driven, packet_id: int, reason: int = 0) -> list[Packet]:
    return driven.feed(Unsuback(packet_id, [reason] if driven.version == V5 else []))


# -- giving up --------------------------------------------------------------------------------------


@BOTH
def test_unsubscribed(version: Version) -> None:
    """UNSUBACK is told with its reason code, 0 in 3.1.1; the filter is not asked for any more."""
    driven = ready(version)
    driven.subscribe(Intent("a"))
    driven.feed(Suback(1, [1]))
    assert filters(driven.unsubscribe("a")) == ["-a"]
    unsuback(driven, 2, 0x11)
    assert driven.told(Unsubscribed) == [Unsubscribed("a", 0x11 if version == V5 else 0)]
    assert driven.again(False) == []


@BOTH
def test_quickly_on_off_on(version: Version) -> None:
    """Requests leave in the order made; only the answer to the last subscribe counts."""
    driven = ready(version)
    left = driven.subscribe(Intent("a", 1)) + driven.unsubscribe("a") + driven.subscribe(Intent("a", 2))
    assert filters(left) == ["+a", "-a", "+a"]
    driven.feed(Suback(1, [0x80]))
    unsuback(driven, 2)
    assert driven.told(NotGranted) == []
    driven.feed(Suback(3, [2]))
    assert driven.told(Granted) == [Granted("a", 2)]
    assert filters(driven.again()) == (["+a"] if version == V5 else [])


def test_off_while_the_subscribe_is_in_flight() -> None:
    """A grant for what nobody wants any more is not told."""
    driven = ready()
    driven.subscribe(Intent("a"))
    driven.unsubscribe("a")
    driven.feed(Suback(1, [1]))
    assert driven.told(Granted) == []


def test_a_new_intent_takes_the_place_of_the_old() -> None:
    """Another QoS for the same filter is asked for at once, and told when it is granted."""
    driven = ready()
    driven.subscribe(Intent("a", 0))
    driven.feed(Suback(1, [0]))
    driven.subscribe(Intent("a", 2))
    driven.feed(Suback(2, [2]))
    assert driven.told(Granted) == [Granted("a", 0), Granted("a", 2)]


@pytest.mark.parametrize("present", [False, True])
def test_the_same_intent_again_is_asked_again(present: bool) -> None:
    """Wanting it anew means not granted yet, also when the answer is lost with the connection."""
    driven, intent = ready(), Intent("a")
    driven.subscribe(intent)
    driven.feed(Suback(1, [1]))
    assert filters(driven.subscribe(intent)) == ["+a"]
    assert filters(driven.again(present)) == ["+a"]


# -- every unsubscribe is answered once -------------------------------------------------------------


def answered(driven: Driven) -> list[str]:
    return [one.filter for one in driven.told(Unsubscribed)]


def test_off_without_a_connection() -> None:
    """A kept session is told when we are back; a lost one knows nothing of it (promise 9)."""
    for present, left in ((True, ["-a"]), (False, [])):
        driven = ready()
        driven.lost()
        driven.unsubscribe("a")
        assert answered(driven) == []
        assert filters(driven.up(present)) == left
        if present:
            unsuback(driven, 1)
        assert answered(driven) == ["a"]


def test_off_and_on_without_a_connection() -> None:
    """The later wish overtakes the earlier one, which is answered (promise 9)."""
    driven = ready()
    driven.lost()
    driven.unsubscribe("a")
    driven.subscribe(Intent("a"))
    assert answered(driven) == ["a"]
    assert filters(driven.up(True)) == ["+a"]


def test_off_twice_without_a_connection() -> None:
    """Both callers get their answer (promise 9)."""
    driven = ready()
    driven.lost()
    driven.unsubscribe("a", "a")
    assert filters(driven.up(True)) == ["-a"]
    unsuback(driven, 1)
    assert answered(driven) == ["a", "a"]


def test_off_in_flight_when_the_connection_ends() -> None:
    """It is asked once more, unless the filter is wanted again by then (promise 9)."""
    for again, left in ((False, ["-a"]), (True, ["+a"])):
        driven = ready()
        driven.unsubscribe("a")
        if again:
            driven.subscribe(Intent("a"))
        assert filters(driven.again()) == left
        assert answered(driven) == (["a"] if again else [])


def test_off_in_flight_and_once_more_meanwhile() -> None:
    """Two requests that become one on the next connection are two answers (promise 9)."""
    driven = ready()
    driven.unsubscribe("a")
    driven.unsubscribe("a")
    assert filters(driven.again()) == ["-a"]
    unsuback(driven, 3)
    assert answered(driven) == ["a", "a"]


# -- connections and sessions -----------------------------------------------------------------------


def test_nothing_is_asked_without_a_connection() -> None:
    """Intents wait for CONNACK; a change of mind before it costs no packet."""
    driven = Driven()
    driven.subscribe(Intent("a"), Intent("b"))
    driven.unsubscribe("a")
    assert names(driven.connect()) == ["CONNECT"]
    driven.lost()
    assert filters(driven.up()) == ["+b"]


def test_a_kept_session_of_311_is_asked_for_what_is_missing_only() -> None:
    """Without Retain Handling each asking would replay what is retained: the grant is believed."""
    driven = ready(V311)
    driven.subscribe(Intent("a"), Intent("b"))
    driven.feed(Suback(1, [1]))
    assert filters(driven.again()) == ["+b"]


def test_a_kept_session_is_asked_again_for_what_was_granted() -> None:
    """MQTT 5: the broker may have come back as it once was; what is missing goes first (contract 16)."""
    driven = ready()
    driven.subscribe(Intent("a"), Intent("b"))
    driven.feed(Suback(1, [1]))
    left = driven.again()
    assert filters(left) == ["+b", "+a"]
    again = left[1]
    assert isinstance(again, Subscribe)
    assert again.options[0].retain_handling == 1


def test_asked_again_behind_what_is_new() -> None:
    """A new wish does not wait for ten thousand old ones, and a changed mind asks once."""
    driven = ready()
    driven.subscribe(*(Intent(f"a/{number}") for number in range(IN_FLIGHT + 2)))
    for number in range(IN_FLIGHT + 2):
        driven.feed(Suback(number + 1, [1]))
    left = driven.again()
    assert len(left) == IN_FLIGHT
    changed, gone = f"a/{IN_FLIGHT}", f"a/{IN_FLIGHT + 1}"
    assert driven.subscribe(Intent("new"), Intent(changed, 2)) + driven.unsubscribe(gone) == []
    asked = [packet.packet_id for packet in left if isinstance(packet, Subscribe)]
    after = [filters(driven.feed(Suback(packet_id, [1]))) for packet_id in asked[:4]]
    assert after == [[f"-{gone}"], ["+new"], [f"+{changed}"], []]


def test_a_new_session_is_asked_for_everything() -> None:
    """The broker forgot all of them (promise 6)."""
    driven = ready()
    driven.subscribe(Intent("a"), Intent("b"))
    driven.feed(Suback(1, [1]), Suback(2, [1]))
    assert filters(driven.again(False)) == ["+a", "+b"]


def test_after_a_lost_connack_nothing_counts_as_granted() -> None:
    """The CONNACK that did not arrive may have begun a new session at the broker."""
    driven = ready()
    driven.subscribe(Intent("a"))
    driven.feed(Suback(1, [1]))
    driven.lost()
    driven.connect()
    assert filters(driven.again()) == ["+a"]


def test_identifiers_are_free_again_after_a_loss() -> None:
    """A request that was never answered keeps no packet identifier [MQTT-2.2.1-3]."""
    driven = ready()
    for _ in range(170):
        driven.subscribe(*(Intent(f"a/{number}") for number in range(IN_FLIGHT)))
        driven.again(False)
        driven.unsubscribe(*(f"a/{number}" for number in range(IN_FLIGHT)))
        driven.lost()
        driven.up(False)
    assert filters(driven.subscribe(Intent("b"))) == ["+b"]


def test_requests_in_flight_are_bounded() -> None:
    """The next one leaves when one is answered, unsubscribes first."""
    driven = ready()
    left = driven.subscribe(*(Intent(f"a/{number}") for number in range(IN_FLIGHT + 1)))
    assert len(left) == IN_FLIGHT
    assert driven.unsubscribe("x") == []
    assert filters(driven.feed(Suback(1, [1]))) == ["-x"]
    assert filters(driven.feed(Suback(2, [1]))) == [f"+a/{IN_FLIGHT}"]
