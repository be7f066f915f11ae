"""Birth and offline notice: of the connection, before the backlog, in no outbox (contract 22)."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.codec import (
    V5,
    V311,
    Connack,
    Connect,
    Packet,
    Pingresp,
    Puback,
    Publish,
    Pubrec,
    Version,
    Will,
)
from holdfast.messages import QoS
from holdfast.protocol import Announced, Assigned, Settled
from holdfast.protocol.suspicion import FIRST_S, PATIENCE
from tests.support.driven import Driven, names, row, sent

BOTH = pytest.mark.parametrize("version", [V311, V5])

WILL = Will("status", b"offline", 1, True)


def born(version: Version = V5, will: Will = WILL, **said: Any) -> tuple[Driven, list[Packet]]:
    """A session with two rows that wait, connected with a birth; and what left then."""
    driven = Driven(version, will=will, birth=b"online")
    driven.publish(row(1), row(2))
    return driven, driven.up(False, said)


def payloads(packets: list[Packet]) -> list[bytes]:
    """What was published, in order."""
    return [one.payload for one in sent(packets)]


@BOTH
def test_birth_is_said_before_the_backlog(version: Version) -> None:
    """It goes first, retained as the will is, under an identifier of its own; no record speaks of it."""
    driven, left = born(version)
    assert payloads(left) == [b"online", b"1", b"2"]
    assert (sent(left)[0].topic, sent(left)[0].qos, sent(left)[0].retain) == ("status", 1, True)
    assert [one.seq for record in driven.told(Assigned) for _, one in record.rows] == [1, 2]
    driven.feed(Puback(1), Puback(3), Puback(4))
    assert driven.told(Announced) == [Announced("status", 0, False)]
    assert [one.seq for record in driven.told(Settled) for one in record.rows] == [1, 2]
    assert driven.session.room() == 1000


@BOTH
def test_without_a_birth_nothing_is_said(version: Version) -> None:
    """A plain will is the broker's business: no packet more, and no property in it."""
    driven = Driven(version, will=WILL)
    (connect,) = driven.connect()
    assert isinstance(connect, Connect)
    assert connect.will == WILL
    assert driven.feed(Connack(False, 0, {})) == []
    driven.session.farewell(b"offline", 0.0)
    assert driven.pump() == []


@pytest.mark.parametrize(("qos", "said"), [(0, 0), (1, 1), (2, 1)])
def test_the_will_says_how(qos: QoS, said: int) -> None:
    """Topic and retain are the will's, and the QoS up to 1: no identifier may outlive the process."""
    driven, left = born(will=Will("status", b"offline", qos, False))
    assert [(one.topic, one.qos, one.retain) for one in sent(left)[:1]] == [("status", said, False)]
    assert (Announced("status", 0, False) in driven.events) is (said == 0)


def test_a_connection_ends_what_was_said_on_it() -> None:
    """What was not acknowledged is not said again: in its old place it would follow the new birth."""
    driven, _ = born()
    left = driven.again(True)
    assert payloads(left) == [b"online", b"1", b"2"]
    assert [one.dup for one in sent(left)] == [False, True, True]
    assert payloads(driven.again(False)) == [b"online", b"1", b"2"]
    driven.lost()
    assert len(driven.session._sender._ids.used) == 2  # of the rows alone


def test_birth_goes_before_what_was_released() -> None:
    """A broker may hand on a QoS 2 message only at PUBREL: the birth is first all the same."""
    driven = Driven()
    driven.up()
    driven.publish(row(1, 2))
    driven.feed(Pubrec(1))
    driven.lost()
    left = driven.up(True, {"receive_maximum": 1}, will=WILL, birth=b"online")
    assert names(left)[:2] == ["PUBLISH 2", "PUBREL 1"]


# -- the window --------------------------------------------------------------------------------


@pytest.mark.parametrize("window", [1, 2, 3])
def test_it_takes_a_place_in_the_window(window: int) -> None:
    """The broker's Receive Maximum counts it, too (§4.9), until it is answered or refused."""
    driven, left = born(receive_maximum=window)
    assert payloads(left) == [b"online", b"1", b"2"][:window]
    assert driven.session.room() == 0
    assert payloads(driven.feed(Puback(1, 0x87))) == [b"1", b"2"][window - 1 : window]


def test_the_notice_waits_for_room() -> None:
    """A full window has no place for it until one is answered."""
    driven, _ = born(receive_maximum=1)
    driven.feed(Puback(1))
    driven.session.farewell(b"gone", 0.0)
    assert payloads(driven.pump()) == []
    assert payloads(driven.feed(Puback(3))) == [b"gone"]


# -- the end -----------------------------------------------------------------------------------


@BOTH
def test_offline_is_the_last_word(version: Version) -> None:
    """Behind what is queued; its answer, or its refusal with the reason, is told as the last."""
    driven, _ = born(version)
    driven.session.farewell(b"gone", 0.0)
    (left,) = sent(driven.pump())
    assert (left.topic, left.payload, left.retain) == ("status", b"gone", True)
    driven.feed(Puback(left.packet_id, 0x87 if version == V5 else 0))
    assert driven.told(Announced)[-1] == Announced("status", 0x87 if version == V5 else 0, True)


def test_a_notice_that_takes_the_place_of_a_birth() -> None:
    """Online was never said: then it need not be any more."""
    driven = Driven(will=WILL, birth=b"online")
    driven.durable = False  # the birth waits for the record of the epoch
    driven.up()
    driven.session.farewell(b"gone", 0.0)
    assert payloads(driven.pump()) == []
    driven.durable = True
    assert payloads(driven.commit())[-1:] == [b"gone"]


def test_without_a_connection_nobody_hears_a_notice() -> None:
    """It is kept for nobody."""
    driven, _ = born()
    driven.lost()
    driven.session.farewell(b"gone", 0.0)
    assert payloads(driven.up(True)) == [b"online", b"1", b"2"]


def test_what_the_broker_takes_no_more_is_refused_here() -> None:
    """Larger than its packets may be: told as refused, and nothing is sent [MQTT-3.2.2-15]."""
    driven = Driven(will=WILL, birth=b"x" * 200)
    assert payloads(driven.up(False, {"maximum_packet_size": 100})) == []
    assert driven.told(Announced) == [Announced("status", 0x95, False)]
    assert driven.session.room() > 0


# -- what they carry ---------------------------------------------------------------------------


def marks(packet: Publish | Will) -> tuple[tuple[str, str], ...]:
    """Its user properties."""
    return tuple(packet.properties.get("user_property", ()))


def test_all_three_carry_presence_and_epoch() -> None:
    """As user properties of MQTT 5; the will keeps what it has."""
    will = Will("status", b"offline", 1, True, {"will_delay_interval": 5})
    driven = Driven(will=will, birth=b"online")
    (connect,) = driven.connect()
    assert isinstance(connect, Connect)
    assert connect.will is not None
    assert connect.will.properties["will_delay_interval"] == 5
    assert marks(connect.will) == (("presence", "offline"), ("epoch", "1"))
    (birth,) = sent(driven.feed(Connack(False, 0, {})))
    assert marks(birth) == (("presence", "online"), ("epoch", "1"))
    driven.session.farewell(b"gone", 0.0)
    (notice,) = sent(driven.pump())
    assert marks(notice) == (("presence", "offline"), ("epoch", "1"))


def test_the_epoch_is_that_of_the_broker_that_is_dialled() -> None:
    """Three sessions with one broker, then the first with another, and back."""
    driven = Driven(will=WILL, birth=b"online", session_expiry_s=3600)
    for _ in range(3):
        driven.again(False)
    epochs = []
    for group, present in (("other", False), ("", True), ("other", True)):
        driven.lost()
        (connect,) = driven.connect(group=group)
        birth = sent(driven.feed(Connack(present, 0, {})))[0]
        assert isinstance(connect, Connect)
        assert connect.will is not None
        epochs.append((dict(marks(connect.will))["epoch"], dict(marks(birth))["epoch"]))
    assert epochs == [("4", "4"), ("3", "3"), ("4", "4")]


def test_311_has_no_place_for_them() -> None:
    """Nothing is carried, and nothing is told as stripped."""
    driven, left = born(V311)
    assert marks(sent(left)[0]) == ()
    assert not any(type(event).__name__ == "Stripped" for event in driven.events)


@pytest.mark.parametrize(
    ("expiry_s", "present", "epochs"),
    [(3600, True, ("1", "1")), (0, False, ("2", "2")), (3600, False, ("1", "2"))],
)
def test_the_will_carries_the_epoch_that_is_expected(
    expiry_s: int, present: bool, epochs: tuple[str, str]
) -> None:
    """A kept session goes on, a clean one begins; only a lost one is known too late for the will."""
    driven = Driven(will=WILL, birth=b"online", session_expiry_s=expiry_s)
    driven.up()
    driven.lost()
    (connect,) = driven.connect()
    (birth,) = sent(driven.feed(Connack(present, 0, {})))
    assert isinstance(connect, Connect)
    assert connect.will is not None
    assert (dict(marks(connect.will))["epoch"], dict(marks(birth))["epoch"]) == epochs


# -- beside a message that may end the link ----------------------------------------------------


def test_a_trial_holds_up_no_birth() -> None:
    """Two links have ended behind one message: the control sends none, but it says that we are there."""
    driven, _ = born()
    for _ in range(PATIENCE):
        driven.lost()
        left = driven.up(True)
    assert driven.session.suspects
    assert payloads(left) == [b"online"]
    (said,) = sent(left)
    driven.feed(Puback(said.packet_id))
    driven.session.farewell(b"gone", 0.0)
    assert payloads(driven.pump()) == []
    assert names(driven.later(FIRST_S)) == ["PINGREQ"]
    assert payloads(driven.feed(Pingresp())) == [b"gone"]
