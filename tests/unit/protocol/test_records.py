"""Records: which of them bytes must wait for (contract 5); swapping any of these is a planted bug."""

from __future__ import annotations

import pytest

from holdfast.codec import V5, V311, Puback, Pubcomp, Pubrec, Pubrel, Version
from holdfast.messages import Outgoing
from holdfast.protocol import Assigned, EpochBegan, Failed, Forgotten, Received, Released
from holdfast.protocol.records import Deferred, Parked
from tests.support.driven import Driven, incoming, names, row

BOTH = pytest.mark.parametrize("version", [V311, V5])


def lagging(version: Version) -> Driven:
    """A session that is up, whose commits lag from now on."""
    driven = Driven(version)
    driven.up()
    driven.durable = False
    return driven


@BOTH
@pytest.mark.parametrize("qos", [1, 2])
def test_assigned_before_publish(version: Version, qos: int) -> None:
    """Identifier and row are durable before the first PUBLISH of QoS 1 and 2 leaves."""
    driven = lagging(version)
    one = row(1, 2 if qos == 2 else 1)
    assert driven.publish(one) == []
    assert driven.told(Assigned) == [Assigned([(1, one)])]
    assert names(driven.commit()) == ["PUBLISH 1"]


@BOTH
def test_released_before_pubrel(version: Version) -> None:
    """PUBREC is durable before PUBREL leaves, or the message could be published again."""
    driven = lagging(version)
    driven.publish(row(1, 2))
    driven.commit()
    assert driven.feed(Pubrec(1)) == []
    assert driven.told(Released) == [Released([1])]
    assert names(driven.commit()) == ["PUBREL 1"]


@BOTH
def test_received_before_pubrec(version: Version) -> None:
    """The inbound identifier is durable before PUBREC leaves."""
    driven = lagging(version)
    driven.feed(incoming(5, 2))
    assert driven.ack(*driven.deliveries) == []
    assert driven.told(Received) == [Received([5])]
    assert names(driven.commit()) == ["PUBREC 5"]


@BOTH
def test_forgotten_before_pubcomp(version: Version) -> None:
    """The inbound identifier is durably gone before PUBCOMP leaves."""
    driven = lagging(version)
    driven.feed(incoming(5, 2))
    driven.ack(*driven.deliveries)
    driven.commit()
    assert driven.feed(Pubrel(5)) == []
    assert driven.told(Forgotten) == [Forgotten([5])]
    assert names(driven.commit()) == ["PUBCOMP 5"]


@BOTH
def test_the_epoch_before_everything(version: Version) -> None:
    """Nothing of a new session leaves or is acknowledged before the new epoch is durable."""
    driven = Driven(version)
    driven.durable = False
    driven.up()
    assert driven.told(EpochBegan) == [EpochBegan(1)]
    assert driven.publish(row(1, 0)) == []
    driven.feed(incoming(5))
    assert driven.ack(*driven.deliveries) == []
    assert names(driven.commit()) == ["PUBLISH", "PUBACK 5"]


@BOTH
def test_endings_may_lag(version: Version) -> None:
    """An ending holds nothing up: losing it costs one resend, which the broker recognises."""
    driven = lagging(version)
    driven.publish(row(1), row(2, 2), row(3))
    driven.commit()
    driven.feed(Pubrec(2))
    driven.commit()
    driven.feed(Puback(1), Pubcomp(2))
    assert driven.endings() == [([1, 2], "acknowledged")]
    driven.feed(incoming(5))
    assert names(driven.ack(*driven.deliveries)) == ["PUBACK 5"]


def test_refusals_may_lag() -> None:
    """A refusal that is forgotten is asked for again, and the broker refuses again."""
    driven = lagging(V5)
    refused = row(1)
    driven.publish(refused)
    driven.commit()
    driven.feed(Puback(1, 0x97, {"reason_string": "full"}))
    assert driven.told(Failed) == [Failed(refused, 0x97, "full")]
    driven.feed(incoming(5))
    assert names(driven.ack(*driven.deliveries)) == ["PUBACK 5"]


def test_a_withheld_identifier_is_durable_before_what_overtakes_it() -> None:
    """The row must not come back behind those that are resent after it (contract 8, 10)."""
    driven = Driven(V5)
    driven.up()
    driven.publish(row(1, topic="t" * 20), row(2))
    driven.lost()
    driven.durable = False
    assert driven.up(True, {"maximum_packet_size": 20}) == []
    assert [one.withheld for one in driven.told(Failed)] == [1]
    assert names(driven.commit()) == ["PUBLISH 2"]


def test_what_a_refusal_is_made_into() -> None:
    """Deferred until a time, or parked without one: each with the row and the reason it was refused for."""
    one = Outgoing(7, "t", b"x")
    later, aside = Deferred(one, 0x97, "quota", 12.5), Parked(one, 0x95, "too large")
    assert (later.row, later.reason, later.detail, later.until) == (one, 0x97, "quota", 12.5)
    assert (aside.row, aside.reason, aside.detail) == (one, 0x95, "too large")
    assert later != Deferred(one, 0x97, "quota", 13.0)
