"""Subscriptions on one connection: asked for, granted, refused (contract 16)."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.codec import (
    V5,
    V311,
    Packet,
    Suback,
    Subscribe,
    SubscribeOption,
    Unsuback,
    Version,
)
from holdfast.protocol import Closed, Granted, Intent, NotGranted, Unsubscribed
from holdfast.protocol.subscriptions import Retained
from tests.support.driven import Driven, filters, ready

BOTH = pytest.mark.parametrize("version", [V311, V5])


# -- asking ---------------------------------------------------------------------------------------


@BOTH
def test_asked_and_granted(version: Version) -> None:
    """SUBACK makes a subscription live, at the QoS the broker grants."""
    driven = ready(version)
    assert filters(driven.subscribe(Intent("a/+", 2))) == ["+a/+"]
    driven.feed(Suback(1, [1]))
    assert driven.told(Granted) == [Granted("a/+", 1)]


@BOTH
def test_refused(version: Version) -> None:
    """A refusal is told with its reason code, and asked for again on the next connection."""
    driven = ready(version)
    driven.subscribe(Intent("a"))
    driven.feed(Suback(1, [0x80]))
    assert driven.told(NotGranted) == [NotGranted("a", 0x80)]
    assert driven.told(Granted) == []
    assert filters(driven.again()) == ["+a"]


@pytest.mark.parametrize(
    ("retained", "present", "handling"),
    [
        ("always", False, 0),
        ("always", True, 1),
        ("new", False, 1),
        ("new", True, 1),
        ("never", False, 2),
        ("never", True, 2),
    ],
)
def test_subscription_options(retained: Retained, present: bool, handling: int) -> None:
    """MQTT 5: retained messages as wanted, once per session and not per connection (contract 16)."""
    driven = Driven(V5)
    driven.up(present)
    (packet,) = driven.subscribe(Intent("a", 2, retained, no_local=True, identifier=9))
    assert isinstance(packet, Subscribe)
    assert packet.properties == {"subscription_identifier": 9}
    (option,) = packet.options
    assert (option.qos, option.no_local, option.retain_as_published) == (2, True, True)
    assert option.retain_handling == handling


def test_311_has_qos_only() -> None:
    """The options of MQTT 5 are bits that 3.1.1 reserves [MQTT-3.8.3-4 of 3.1.1]."""
    (packet,) = ready(V311).subscribe(Intent("a", 2, "never", no_local=True, identifier=9))
    assert packet == Subscribe(1, [SubscribeOption("a", 2)])


@pytest.mark.parametrize("said", [{}, {"subscription_identifier_available": 0}])
def test_an_identifier_only_where_it_is_wanted_and_available(said: dict[str, Any]) -> None:
    """Sending one to a broker without them is a protocol error (MQTT 5 §3.2.2.3.12)."""
    (packet,) = ready(V5, **said).subscribe(Intent("a", identifier=9 if said else 0))
    assert isinstance(packet, Subscribe)
    assert packet.properties == {}


# -- what the terms forbid ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filter", "said", "reason"),
    [
        ("$share/g/a", {"shared_subscription_available": 0}, 0x9E),
        ("a/+", {"wildcard_subscription_available": 0}, 0xA2),
        ("a/#", {"wildcard_subscription_available": 0}, 0xA2),
        ("$share/g/+", {"wildcard_subscription_available": 0}, 0xA2),
        ("a" * 50, {"maximum_packet_size": 50}, 0x95),
    ],
)
def test_forbidden_by_the_terms(filter: str, said: dict[str, Any], reason: int) -> None:
    """It is refused here, as the broker would, instead of costing the connection [MQTT-3.2.2-15]."""
    driven = ready(V5, **said)
    assert driven.subscribe(Intent(filter)) == []
    assert driven.told(NotGranted) == [NotGranted(filter, reason)]
    assert filters(driven.again()) == [f"+{filter}"]


def test_what_is_forbidden_keeps_no_identifier() -> None:
    """However often it is asked for, 65,535 identifiers are enough [MQTT-2.2.1-3]."""
    driven = ready(V5, maximum_packet_size=12)
    driven.subscribe(*(Intent(f"too/long/{number}") for number in range(65_536)))
    assert len(driven.told(NotGranted)) == 65_536
    assert filters(driven.subscribe(Intent("a"))) == ["+a"]


def test_the_terms_forbid_no_more_than_they_say() -> None:
    """A plain filter goes to a broker without shares and wildcards, a share to one without wildcards."""
    driven = ready(V5, shared_subscription_available=0, wildcard_subscription_available=0)
    assert filters(driven.subscribe(Intent("a"))) == ["+a"]
    driven = ready(V5, wildcard_subscription_available=0, maximum_packet_size=50)
    assert filters(driven.subscribe(Intent("$share/g/a"))) == ["+$share/g/a"]


def test_an_oversize_unsubscribe_is_told() -> None:
    """A limit that shrank does not leave the caller without an answer [MQTT-3.2.2-15]."""
    driven = ready(V5, maximum_packet_size=50)
    assert driven.unsubscribe("a" * 50) == []
    assert driven.told(Unsubscribed) == [Unsubscribed("a" * 50, 0x95)]


# -- asked once more ------------------------------------------------------------------------------


def test_asked_again_and_granted_as_before_is_no_news() -> None:
    """It was granted all the while; another QoS is told (contract 16)."""
    driven = ready()
    driven.subscribe(Intent("a", 2))
    driven.feed(Suback(1, [2]))
    driven.again()
    driven.feed(Suback(2, [2]))
    assert driven.told(Granted) == [Granted("a", 2)]
    driven.again()
    driven.feed(Suback(3, [1]))
    assert driven.told(Granted) == [Granted("a", 2), Granted("a", 1)]


def test_asked_again_and_refused() -> None:
    """Rights that were taken away meanwhile are told, and so is the grant that comes after."""
    driven = ready()
    driven.subscribe(Intent("a"))
    driven.feed(Suback(1, [1]))
    driven.again()
    driven.feed(Suback(2, [0x87]))
    assert driven.told(NotGranted) == [NotGranted("a", 0x87)]
    driven.again()
    driven.feed(Suback(3, [1]))
    assert driven.told(Granted) == [Granted("a", 1), Granted("a", 1)]


# -- answers to nothing -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [Suback(9, [1]), Suback(1, [1, 1]), Suback(2, [1]), Unsuback(9, [0]), Unsuback(1, [0])],
    ids=[
        "unknown suback",
        "two codes",
        "suback for unsubscribe",
        "unknown unsuback",
        "unsuback for subscribe",
    ],
)
def test_an_answer_to_nothing_we_asked(answer: Packet) -> None:
    """It breaks the protocol, and nothing counts as granted."""
    driven = ready()
    driven.subscribe(Intent("a"))
    driven.unsubscribe("b")
    driven.feed(answer)
    assert [one.reason for one in driven.told(Closed)] == [0x82]
    assert driven.told(Granted) == []
    assert driven.told(Unsubscribed) == []
