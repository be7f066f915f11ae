"""Birth and offline notice: of the connection, before the backlog, in no outbox (contract 22)."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.codec import V5, V311, Connack, Puback, Version
from holdfast.messages import Outgoing
from holdfast.protocol import Announced, Assigned, Settled
from holdfast.protocol.announcer import MOST
from tests.support.driven import Driven, row, sent

BOTH = pytest.mark.parametrize("version", [V311, V5])

BIRTH = Outgoing(0, "status", b"online", 1, True)
OFFLINE = Outgoing(0, "status", b"offline", 1, True)


def born(version: Version = V5, present: bool = False, **options: Any) -> tuple[Driven, list[bytes]]:
    """A session whose requests carry a birth, connected; and what it published then."""
    driven = Driven(version)
    driven.publish(row(1), row(2))
    left = driven.up(present, birth=BIRTH, **options)
    return driven, [one.payload for one in sent(left)]


@BOTH
def test_birth_is_said_before_the_backlog(version: Version) -> None:
    """It goes first, retained as it is, under an identifier of its own; no record speaks of it."""
    driven, payloads = born(version)
    assert payloads == [b"online", b"1", b"2"]
    assert [seq for record in driven.told(Assigned) for _, one in record.rows if (seq := one.seq) == 0] == []
    driven.feed(Puback(1), Puback(2))
    assert driven.told(Announced) == [Announced(BIRTH, 0)]
    assert [one.seq for record in driven.told(Settled) for one in record.rows] == [1]


@BOTH
def test_what_was_not_acknowledged_goes_again_before_the_next(version: Version) -> None:
    """Under its identifier and with DUP, as the standard demands [MQTT-4.4.0-1]; then the new birth."""
    driven, _ = born(version)
    left = sent(driven.again(True))
    assert [(one.payload, one.packet_id, one.dup) for one in left[:2]] == [
        (b"online", 1, True),
        (b"online", 4, False),
    ]
    assert [one.dup for one in left[2:]] == [True, True]
    assert driven.session.announcing == 2


def test_a_new_session_knows_nothing_of_the_old_announcements() -> None:
    """They are forgotten, and their identifiers are free."""
    driven, _ = born()
    assert [one.payload for one in sent(driven.again(False))] == [b"online", b"1", b"2"]
    assert driven.session.announcing == 1


def test_links_that_break_before_every_answer() -> None:
    """What is carried along is bounded."""
    driven, _ = born()
    for _ in range(3 * MOST):
        driven.again(True)
    assert driven.session.announcing <= MOST + 1


def test_offline_goes_behind_what_is_queued() -> None:
    """The last word of a connection; its refusal is told with the reason."""
    driven, _ = born()
    driven.session.announce(OFFLINE, 0.0)
    (left,) = sent(driven.pump())
    assert (left.payload, left.retain) == (b"offline", True)
    driven.feed(Puback(left.packet_id, 0x87))
    assert driven.told(Announced)[-1] == Announced(OFFLINE, 0x87)


@pytest.mark.parametrize("qos", [0, 1])
def test_at_qos_0_nobody_answers(qos: int) -> None:
    """It counts as said when it is on its way."""
    driven, _ = born()
    driven.session.announce(Outgoing(0, "status", b"x", 0 if qos == 0 else 1), 0.0)
    driven.pump()
    assert (Announced in {type(one) for one in driven.events}) is (qos == 0)


def test_without_a_connection_nothing_is_said() -> None:
    """There is nobody to say it to, and it is kept for nobody."""
    driven, _ = born()
    driven.lost()
    driven.session.announce(OFFLINE, 0.0)
    assert driven.session.announcing == 1


def test_announcements_are_part_of_the_window() -> None:
    """The broker's Receive Maximum counts them too (§4.9)."""
    driven = Driven()
    driven.publish(row(1), row(2))
    driven.connect(birth=BIRTH)
    left = sent(driven.feed(Connack(False, 0, {"receive_maximum": 2})))
    assert [one.payload for one in left] == [b"online", b"1"]
    assert [one.payload for one in sent(driven.feed(Puback(1)))] == [b"2"]
