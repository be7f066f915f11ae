"""Every outbox: rows of several classes, and in which order they go (contract 8)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from holdfast.messages import HIGH, LOW, NORMAL
from tests.contracts.bench import Bench

Make = Callable[..., Bench]


@pytest.mark.parametrize("room", [1, 10, 1000])
def test_a_high_row_passes_a_full_queue_of_low_ones(bench: Make, room: int) -> None:
    """It is in the very next window, whatever else waits already."""
    desk = bench()
    low = desk.put(200, priority=LOW)
    assert desk.take(10) == low[:10]
    (high,) = desk.put(priority=HIGH)
    assert high in desk.take_once(room)


def test_a_high_row_passes_low_and_normal_ones_that_have_waited_long(bench: Make) -> None:
    """What others are owed never adds up to a turn before it."""
    desk = bench()
    desk.put(50, priority=LOW)
    desk.put(50, priority=NORMAL)
    for _ in range(20):
        desk.take(1)
        (high,) = desk.put(priority=HIGH)
        assert desk.take(1) == [high]


@pytest.mark.parametrize("room", [1, 3, 16])
def test_low_rows_go_on_under_a_flood_of_high_ones(bench: Make, room: int) -> None:
    """A share, not a promise to high ones: a thirteenth for low ones, however small the window is."""
    desk = bench()
    low, high = desk.put(100, priority=LOW), desk.put(400, priority=HIGH)
    taken: list[int] = []
    while len(taken) < 130:
        taken += desk.take(room)
    assert len(set(taken) & set(low)) >= len(taken) // 13
    assert [seq for seq in taken if seq in low] == low[: len(set(taken) & set(low))]
    assert [seq for seq in taken if seq in high] == high[: len(set(taken) & set(high))]


def test_low_rows_go_on_while_each_high_one_finds_an_empty_line(bench: Make) -> None:
    """A flood that is taken as fast as it comes is a flood too."""
    desk = bench()
    low = desk.put(20, priority=LOW)
    taken: list[int] = []
    for _ in range(60):
        desk.put(priority=HIGH)
        taken += desk.take(1)
    assert len(set(taken) & set(low)) >= 4


def test_three_classes_share_by_their_weights(bench: Make) -> None:
    """12 : 3 : 1 while all of them wait."""
    desk = bench()
    by_class = {priority: desk.put(100, priority=priority) for priority in (LOW, NORMAL, HIGH)}
    taken = set(desk.take(64))
    assert {priority: len(taken & set(seqs)) for priority, seqs in by_class.items()} == {
        HIGH: 48,
        NORMAL: 12,
        LOW: 4,
    }


def test_a_share_that_nobody_uses_goes_to_the_others(bench: Make) -> None:
    """Room is never left over while anything waits; each class leaves in accept order."""
    desk = bench()
    high, low, normal = desk.put(1, priority=HIGH), desk.put(5, priority=LOW), desk.put(2)
    taken = desk.take(7)
    assert len(taken) == 7
    taken += desk.take(7)
    for seqs in (high, low, normal):
        assert [seq for seq in taken if seq in seqs] == seqs


def test_a_group_may_be_mixed(bench: Make) -> None:
    """QoS and priority are those of each row; QoS 0, which no file keeps, has no order and no class."""
    desk = bench()
    group = [
        desk.row(priority=LOW),
        desk.row(qos=0, priority=LOW),
        desk.row(priority=HIGH),
        desk.row(qos=2),
        desk.row(qos=0),
    ]
    assert desk.accept(*group) == [1, 2, 3, 4, 5]
    assert desk.take(0) == [2, 5]
    assert desk.take(1) == [3]
    assert sorted(desk.take()) == [1, 4]
    assert desk.counts() == {"accepted": 5, "pending": 5}


def test_rows_know_when_they_were_accepted(bench: Make) -> None:
    """On the clock of the session, whatever way they go."""
    desk = bench()
    desk.put()
    desk.clock.advance(10)
    desk.put(10, priority=HIGH)
    desk.take()
    ages = {seq: desk.clock.now() - row.accepted_at for seq, row in desk.taken.items()}
    assert ages == {1: pytest.approx(10), **{seq: pytest.approx(0) for seq in range(2, 12)}}
