"""When a message is suspected of ending the link, and what the control is (contract 10)."""

from __future__ import annotations

import pytest

from holdfast.protocol.suspicion import (
    FIRST_S,
    LIVES_S,
    MOST_PATIENCE,
)
from tests.support.driven import row
from tests.unit.protocol.suspected import AGREED, Link, suspected

# -- free -------------------------------------------------------------------------------------------


def test_free_means_the_whole_window() -> None:
    """Nobody is suspected of one end of a link."""
    link = Link()
    link.dies(row(1))
    assert not link.open()
    assert not link.is_active()
    assert not link.suspicion.holds
    assert link.suspicion.deadline() is None
    assert link.window() == AGREED


def test_progress_clears() -> None:
    """Another message is the oldest each time: what was is through."""
    link = Link()
    for seq in range(20):
        link.dies(row(seq))
    assert not link.open()


def test_nothing_in_flight_clears() -> None:
    """A link that ends with nothing in flight speaks for the message it ended with before."""
    link, head = Link(), row(1)
    link.dies(head)
    link.dies(None)
    link.dies(head)
    assert not link.open()


def test_a_link_that_lived_with_it_clears() -> None:
    """It was in flight all the time."""
    link, head = Link(), row(1)
    link.dies(head)
    link.dies(head, after_s=LIVES_S + 1)
    assert not link.open()
    link.ends(head)
    assert link.open()


@pytest.mark.parametrize("reason", [0x89, 0x8B, 0x8D, 0x8E, 0x96, 0x97, 0x98, 0x9D])
def test_the_brokers_own_reasons_say_nothing(reason: int) -> None:
    """It shuts down, somebody took over: neither for the message nor against it."""
    link, head = Link(), row(1)
    for _ in range(20):
        link.dies(head, reason)
    assert not link.open()
    link.ends(head)
    link.dies(head, reason)
    link.dies(head)
    assert link.open()


@pytest.mark.parametrize("reason", [None, 0x00, 0x80, 0x81, 0x82, 0x87, 0x90, 0x93, 0x94, 0x95, 0x99])
def test_suspected_after_two_ends(reason: int | None) -> None:
    """Without a reason, or with one that may be for a packet: twice behind the same message."""
    link, head = Link(), row(1)
    link.dies(head, reason)
    assert not link.open()
    link.ends(head, reason)
    assert link.open()


# -- the control ------------------------------------------------------------------------------------


def test_the_control_is_quiet_and_ends_with_a_ping() -> None:
    """Nothing may be in flight, nothing new is taken; at its end a ping, and only its answer ends it."""
    link, _ = suspected()
    assert link.open()
    assert link.suspicion.holds
    assert link.window(waits=False) == 0
    assert not link.suspicion.due(link.now)
    link.suspicion.pong(link.now)  # of an earlier ping
    assert link.suspicion.deadline() == link.now + FIRST_S
    link.now += FIRST_S
    assert link.suspicion.due(link.now)
    assert link.window(waits=False) == 0
    link.suspicion.pong(link.now)
    assert link.window(waits=False) == 1
    assert link.suspicion.holds


def test_a_link_that_ends_in_the_control_clears() -> None:
    """It ends without the message, too. The same one is suspected again, but later each time."""
    link, head = suspected()
    for patience in (4, 8, 16, 16):
        link.dies(None)
        for _ in range(patience):
            assert not link.open()
            link.ends(head)
    assert patience == MOST_PATIENCE
    assert link.open()
    link.control()
    link.ends(None)
    other = row(2)
    link.dies(other)
    link.dies(other)
    assert link.open()  # another message has nothing to do with that


def test_a_ping_that_is_not_answered_convicts_nobody() -> None:
    """The link lives on, or keepalive ends it: the trial is over."""
    link, _ = suspected()
    link.open()
    link.now += FIRST_S
    assert link.suspicion.due(link.now)
    assert link.suspicion.deadline() == link.now + LIVES_S
    link.now += LIVES_S
    assert not link.suspicion.due(link.now)
    assert not link.is_active()
