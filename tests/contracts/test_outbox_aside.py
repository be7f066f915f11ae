"""Every outbox: messages that were refused for now, or cannot go to this broker."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from holdfast.messages import HIGH, LOW
from holdfast.outbox import deferred
from tests.contracts.bench import Bench

Make = Callable[..., Bench]


# -- deferred ----------------------------------------------------------------------------------


def test_a_deferred_message_waits_its_time(bench: Make) -> None:
    """Out of the line until then; then it is the first of its class. It is pending all the while."""
    desk = bench()
    desk.put(4)
    desk.take(2)
    desk.defer(1, 5)
    assert desk.take(1) == [3]
    wait_s = desk.sweep()
    assert wait_s is not None
    assert wait_s <= 5
    desk.clock.advance(5)
    assert desk.take() == [1, 4]
    assert desk.taken[1].tries == 1
    desk.acknowledge(1, 2, 3, 4)
    assert desk.counts() == {"accepted": 4, "acknowledged": 4}


def test_others_go_on_meanwhile(bench: Make) -> None:
    """By default a message that is refused holds nobody up; several come back in accept order."""
    desk = bench()
    desk.put(6)
    desk.take(3)
    for seq in (2, 1, 3):
        desk.defer(seq, 10)
    assert desk.take(2) == [4, 5]
    desk.later(10)
    assert desk.take() == [1, 2, 3, 6]


def test_each_time_it_is_refused_it_waits_again(bench: Make) -> None:
    """Tries are kept with it."""
    desk = bench()
    desk.put(1)
    for tries in range(1, 5):
        desk.take()
        desk.send(1)
        desk.defer(1, 10)
        assert desk.take() == []
        desk.later(10)
        assert desk.take(0) == []
        assert desk.take(1) == [1]
        assert desk.taken[1].tries == tries
        desk.take()
        desk.taken.setdefault(1, desk.taken[1])
    desk.fail(1)
    assert desk.counts() == {"accepted": 1, "failed": 1}


def test_a_class_may_be_held(bench: Make) -> None:
    """retry="hold_class": while one is deferred its class gives nothing else; other classes go on."""
    desk = bench(hold_class=True)
    desk.put(4, priority=LOW)
    high = desk.put(2, priority=HIGH)
    low = sorted(set(desk.take(6)) & {1, 2})
    assert low == [1, 2]
    desk.defer(2, 5)
    desk.defer(1, 50)
    desk.put(1, priority=LOW)
    desk.put(1, priority=HIGH)
    assert set(desk.taken) >= set(high)
    assert desk.take() == [8]
    desk.later(5)
    assert desk.take() == [], "2 stands behind 1"
    desk.later(45)
    assert desk.take() == [1, 2, 7]


def test_a_class_is_held_once_too_many_are_deferred(bench: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Back-pressure: memory holds so many at most, and a broker that refuses all gets no more of them."""
    monkeypatch.setattr(deferred, "MOST", 3)
    desk = bench()
    desk.put(6)
    (high,) = desk.put(1, priority=HIGH)
    desk.take(4)
    taken = [seq for seq in desk.taken if seq != high]
    for seq in taken:
        desk.defer(seq, 10 + seq)
    assert desk.take() == []
    desk.put(1, priority=HIGH)
    assert desk.take() == [8]
    desk.later(10 + taken[0])
    assert desk.take() == [taken[0], *range(taken[-1] + 1, 7)]


# -- parked ------------------------------------------------------------------------------------


def test_a_parked_message_waits_for_other_terms(bench: Make) -> None:
    """It is counted, pending, and in nobody's way; with terms that it fits it goes first."""
    desk = bench()
    desk.put(4)
    desk.take(2)
    desk.park(1, 2)
    assert (desk.outbox.parked, desk.outbox.pending) == (2, 4)
    assert desk.take(1) == [3]
    desk.later(1000)
    assert desk.outbox.parked == 2
    desk.settle()
    desk.outbox.unpark(lambda row: row.seq == 2)
    assert desk.outbox.parked == 1
    assert desk.take() == [2, 4]
    desk.acknowledge(2, 3, 4)
    assert desk.counts() == {"accepted": 4, "acknowledged": 3, "pending": 1}


def test_many_come_back_some_at_a_time(bench: Make) -> None:
    """All of those that fit, each once, while sweeps go on; in accept order."""
    desk = bench()
    order = desk.put(1300)
    assert desk.take(2000) == order
    desk.park(*order)
    assert desk.take() == []
    desk.settle()
    desk.outbox.unpark(lambda row: row.seq % 2 == 0)
    came: list[int] = []
    for _ in range(10):
        came += desk.take()
        wait_s = desk.sweep()
        assert wait_s is not None
    assert came == [seq for seq in order if seq % 2 == 0]
    assert desk.outbox.parked == 650


def test_one_that_is_parked_again_waits_again(bench: Make) -> None:
    """Whoever decides may be wrong."""
    desk = bench()
    desk.put(1)
    for _ in range(3):
        assert desk.take() == [1]
        desk.park(1)
        assert desk.take() == []
        desk.settle()
        desk.outbox.unpark(lambda row: True)
        assert desk.outbox.parked == 0
    assert desk.take() == [1]


def test_a_volatile_message_does_not_wait_for_other_terms(bench: Make) -> None:
    """QoS 0 that no file keeps is given up instead, and told."""
    desk = bench()
    desk.put(1, qos=0)
    assert desk.take(0) == [1]
    desk.park(1)
    assert desk.told == [(1, "dropped", "qos0_outbox")]
    assert (desk.outbox.parked, desk.counts()) == (0, {"accepted": 1, "dropped": 1})
