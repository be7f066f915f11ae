"""Who may not probe: told, off for this connection, and no connection lost for it (contract 21)."""

from __future__ import annotations

import pytest

from holdfast.codec import V5, V311, Version
from holdfast.protocol import Closed, Probed
from holdfast.protocol.own_filter import HANGUPS
from tests.support.driven import Driven, filters, names, sent
from tests.unit.protocol.probing import BOTH, TOPIC, P, granted, probing, states, subscribed


@BOTH
def test_never_answered_it_is_off_and_told(version: Version) -> None:
    """ACLs that deny in silence: three intervals, no ping, no end; the next connection tries again."""
    driven, _ = granted(version)
    for _ in range(2):
        assert names(driven.later(P)) == ["PUBLISH"]
    assert driven.later(P) == []
    assert states(driven) == [("not_authorized", None)]
    assert driven.session.deadline() is None
    assert driven.later(1e6) == []
    assert driven.told(Closed) == []
    assert filters(driven.again()) == [f"+{TOPIC}"]


def test_what_comes_then_is_too_late() -> None:
    """Off is off, for this connection."""
    driven, _ = granted()
    late = [question for _ in range(3) for question in sent(driven.later(P))]
    driven.feed(*late)
    assert states(driven) == [("not_authorized", None)]
    assert driven.deliveries == []


@pytest.mark.parametrize(("version", "reason"), [(V311, 0x80), (V5, 0x87)])
def test_a_refusal_is_believed(version: Version, reason: int) -> None:
    """SUBACK says no: nothing is published."""
    driven, left = probing(version)
    assert subscribed(driven, left, reason) == []
    assert driven.told(Probed) == [Probed(TOPIC, "not_authorized", None, reason)]
    assert driven.later(1e6) == []


def test_without_suback_it_is_asked_and_given_up() -> None:
    """A broker that does not answer SUBSCRIBE; if it does later, off stays off."""
    driven, left = probing()
    for _ in range(3):
        driven.later(P)
    assert states(driven) == [("not_authorized", None)]
    assert subscribed(driven, left) == []


@pytest.mark.parametrize("limit", [20, 27])
def test_a_broker_that_takes_only_small_packets(limit: int) -> None:
    """Below the SUBSCRIBE, or between it and the question: said so, and nothing is sent [MQTT-3.2.2-15]."""
    driven = Driven(probe_s=P, probe_nonce="nonce", keepalive_s=0)
    left = driven.up(properties={"maximum_packet_size": limit})
    if left:
        assert subscribed(driven, left) == []
    assert driven.told(Probed) == [Probed(TOPIC, "not_authorized", None, 0x95)]


@pytest.mark.parametrize("answers", [False, True])
def test_with_a_broker_that_hangs_up_a_connection_does_without(answers: bool) -> None:
    """At SUBSCRIBE or at the first question, three times in a row; an answer begins that anew."""
    driven, left = probing()
    for number in range(HANGUPS):
        if answers and number == 1:
            driven.feed(*sent(subscribed(driven, left)))
        elif number:
            subscribed(driven, left)
        left = driven.again()
    assert filters(left) == ([f"+{TOPIC}"] if answers else [])
    assert bool(driven.told(Probed)) is True
    assert (driven.told(Probed)[-1].state == "not_authorized") is not answers
    assert filters(driven.again()) == [f"+{TOPIC}"]
    driven.lost()
    assert driven.session._sender._ids.used == set()
