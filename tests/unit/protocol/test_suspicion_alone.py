"""A suspected message goes alone: what is held against it, what clears it, and what follows (contract 10)."""

from __future__ import annotations

import pytest

from holdfast.messages import Outgoing
from holdfast.protocol.suspicion import (
    FIRST_S,
    LIVES_S,
    LONGEST_S,
    PATIENCE,
    STRIKES,
)
from tests.support.driven import row
from tests.unit.protocol.suspected import AGREED, Link, struck, suspected

# -- alone ------------------------------------------------------------------------------------------


def test_given_up_after_three_strikes_on_a_link_that_lives() -> None:
    """Each control is twice as long as the whole connection before it; the last one is the proof."""
    link, head = suspected()
    before = FIRST_S / 2
    for _ in range(STRIKES):
        began = link.now
        assert link.strike(head) == pytest.approx(2 * before)
        before = link.now - began
        assert not link.guilty()
    assert link.open()
    assert not link.guilty()
    assert link.control() == pytest.approx(2 * before)
    assert link.guilty()
    assert (link.suspicion.suspect, link.suspicion.times) == (head, PATIENCE + STRIKES)
    link.suspicion.convicted()
    assert not link.guilty()
    assert [link.window(waits=False), link.answer(1), link.answer(2)] == [1, 2, 4]


def test_an_answer_clears() -> None:
    """However many strikes there were: then one more in flight with each answer, and free when all fits."""
    link, _ = struck()
    link.suspicion._strikes = STRIKES - 1
    link.alone()
    assert link.window(waits=True) == 1
    link.suspicion.filled(1)
    assert link.window(waits=False, in_flight=1) == 1  # QoS 2, which waits for its end
    assert not link.suspicion.holds
    assert link.window(waits=False, in_flight=0) == 2
    link.suspicion.filled(2)
    assert link.window(waits=True, in_flight=2) == 2
    assert link.is_active()
    answers = 0
    while link.is_active():
        answers += 1
        link.answer(1)
    assert answers == AGREED - 2
    assert link.window() == AGREED


def test_an_end_that_is_late_is_no_strike() -> None:
    """It takes the others with it; the next control is longer still."""
    link, head = struck(2)
    quiet_s = link.alone()
    link.ends(head, after_s=quiet_s)
    for _ in range(STRIKES):
        link.strike(head)
        assert not link.guilty()
    link.open()
    link.control()
    assert link.guilty()


def test_late_is_counted_from_the_first_byte() -> None:
    """What leaves behind it, of QoS 0 say, is no new beginning."""
    link, head = struck(2)
    quiet_s = link.alone()
    link.now += quiet_s
    link.suspicion.left(link.now)
    link.ends(head)
    link.open()
    link.control()
    assert not link.guilty()


def test_an_end_that_is_late_counts_where_the_broker_blames_a_packet() -> None:
    """Only one was there to be blamed, and the reason is told."""
    link, head = struck(2)
    assert link.suspicion.reason == 0x80
    quiet_s = link.alone()
    link.ends(head, 0x95, after_s=quiet_s)
    link.open()
    link.control()
    assert link.guilty()
    assert link.suspicion.reason == 0x95


@pytest.mark.parametrize("reason", [0x8B, 0x8E, 0x93, 0x94])
def test_an_end_for_another_reason_is_no_strike_and_no_answer(reason: int) -> None:
    """Alone and for the first time, it was neither too many nor an alias. The trial is held again."""
    link, head = struck(2)
    link.alone()
    link.ends(head, reason)
    link.strike(head)
    link.open()
    link.control()
    assert link.guilty()


def test_a_link_that_lives_on_with_it_clears() -> None:
    """The broker does not answer, but it lives: then the others may go, too."""
    link, _ = struck(2)
    link.alone()
    assert link.suspicion.deadline() == link.now + LIVES_S
    link.now += LIVES_S
    assert not link.suspicion.due(link.now)
    assert link.window() == AGREED


def test_a_link_that_ends_before_the_message_left_clears() -> None:
    """It may wait for the disk, or for older answers."""
    link, _ = struck(2)
    link.open()
    link.control()
    link.ends(None)
    assert not link.is_active()


def test_another_message_in_its_place_has_no_strikes() -> None:
    """The suspect was too old, say: whatever goes alone instead is tried from the beginning."""
    link, _ = struck(2)
    other = row(2)
    link.alone()
    link.ends(other)
    for _ in range(STRIKES):
        assert link.suspicion.suspect is other
        link.strike(other)
    link.open()
    link.control()
    assert link.guilty()


def test_the_control_does_not_grow_for_ever() -> None:
    """A minute at most: somebody waits behind it."""
    link, head = struck(2)
    link.suspicion._quiet_s = LONGEST_S
    link.strike(head)
    link.open()
    assert link.control() == pytest.approx(LONGEST_S)


# -- growing ----------------------------------------------------------------------------------------


def growing() -> tuple[Link, Outgoing]:
    """One was given up, and the next goes alone."""
    link, head = struck()
    link.open()
    link.control()
    link.suspicion.convicted()
    return link, head


def test_the_next_culprit_is_suspected_at_once() -> None:
    """Few were in flight: their oldest is tried alone, the one cleared before included."""
    link, _ = growing()
    other = row(2)
    for _ in range(2):
        link.ends(other)
        assert link.open()
        link.control()
        link.suspicion.left(link.now)
        link.answer(1)


def test_an_end_with_nothing_in_flight_changes_nothing() -> None:
    """It goes on to grow, from the beginning."""
    link, _ = growing()
    assert link.window(waits=False) == 1
    assert link.answer(1) == 2
    link.ends(None)
    assert not link.open()
    assert link.window(waits=False) == 1


def test_one_after_another_takes_longer_each_time() -> None:
    """It may be that we may not publish at all. An acknowledgement proves that we may."""
    link, _ = growing()
    firsts = []
    for seq in range(2, 8):
        other = row(seq)
        link.ends(other)
        firsts.append(link.strike(other))
        for _ in range(STRIKES - 1):
            link.strike(other)
        link.open()
        link.control()
        assert link.guilty()
        link.suspicion.convicted()
    assert firsts == [pytest.approx(FIRST_S * times) for times in (2, 4, 8, 16, 16, 16)]
    link.suspicion.left(link.now)
    link.answer(1)
    link.ends(row(9))
    link.open()
    assert link.control() == pytest.approx(FIRST_S)
