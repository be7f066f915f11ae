"""Every outbox: unsent messages that are too old end (contract 9)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from holdfast.messages import HIGH, LOW, NORMAL
from tests.contracts.bench import Bench

Make = Callable[..., Bench]


def test_what_has_expired_ends(bench: Make) -> None:
    """Wherever it stands in the line; whoever waits for it is told, and the books count it."""
    desk = bench()
    desk.accept(desk.row(), desk.row(expiry_s=10), desk.row(expiry_s=60), desk.row(expiry_s=10, priority=LOW))
    assert desk.later(9.5) is not None
    assert desk.told == []
    desk.later(0.5)
    assert sorted(desk.told) == [(2, "expired", "expiry_s"), (4, "expired", "expiry_s")]
    assert desk.counts() == {"accepted": 4, "expired": 2, "pending": 2}
    assert desk.take() == [1, 3]


def test_a_sweep_says_when_the_next_one_is_due(bench: Make) -> None:
    """At the moment at which something expires, or before; when all is gone there may be none."""
    desk = bench()
    desk.put(1, expiry_s=0.3)
    wait_s = desk.sweep()
    assert wait_s is not None
    assert 0 < wait_s <= 0.3
    desk.later(0.3)
    assert desk.told == [(1, "expired", "expiry_s")]


def test_what_is_in_flight_does_not_expire(bench: Make) -> None:
    """The broker may know it already: its exchange is completed."""
    desk = bench(max_age_s=5)
    desk.put(2, expiry_s=10)
    (one, two) = desk.take()
    desk.send(one)
    desk.later(1000)
    assert desk.told == []
    desk.acknowledge(one, two)
    assert desk.counts() == {"accepted": 2, "acknowledged": 2}


def test_what_has_waited_too_long_ends(bench: Make) -> None:
    """max_age_s counts from accepting, in every class, and for those out of the line."""
    desk = bench(max_age_s=100)
    desk.put(2)
    desk.put(1, priority=HIGH)
    desk.take(3)
    desk.defer(1, 1000)
    desk.park(2)
    desk.defer(3, 10)
    desk.clock.advance(60)
    desk.put(1)
    desk.later(39)
    assert desk.told == []
    wait_s = desk.sweep()
    assert wait_s is not None
    assert wait_s <= 1
    desk.later(1)
    assert sorted(desk.told) == [(seq, "expired", "max_age_s") for seq in (1, 2, 3)]
    assert desk.take() == [4]
    assert (desk.outbox.parked, desk.counts()) == (0, {"accepted": 4, "expired": 3, "pending": 1})


def test_deferred_and_parked_messages_expire(bench: Make) -> None:
    """They are unsent; also one that is due, and still waits."""
    desk = bench()
    desk.put(3, expiry_s=50)
    desk.take(3)
    desk.defer(1, 1000)
    desk.park(2)
    desk.defer(3, 10)
    desk.later(20)
    assert desk.told == []
    desk.later(30)
    assert sorted(seq for seq, *_ in desk.told) == [1, 2, 3]
    assert desk.take() == []
    assert desk.counts() == {"accepted": 3, "expired": 3}


def test_volatile_messages_are_too_old_as_well(bench: Make) -> None:
    """By their expiry, or by their age."""
    desk = bench(max_age_s=30)
    desk.accept(desk.row(qos=0, expiry_s=10), desk.row(qos=0))
    desk.later(10)
    assert desk.told == [(1, "expired", "expiry_s")]
    desk.later(20)
    assert desk.told[1:] == [(2, "expired", "max_age_s")]
    assert desk.counts() == {"accepted": 2, "expired": 2}


@pytest.mark.parametrize("options", [{"expiry_s": 10}, {}])
def test_many_at_once_end_some_at_a_time(bench: Make, options: dict[str, float]) -> None:
    """A sweep is a few milliseconds; it says that it comes again soon."""
    desk = bench(max_age_s=20)
    desk.put(1200, **options)
    desk.settle()
    desk.clock.advance(30)
    sweeps = 0
    while desk.counts().get("pending"):
        before = len(desk.told)
        at = desk.outbox.sweep(desk.clock.now())
        sweeps += 1
        assert 0 < len(desk.told) - before <= 500
        if desk.counts().get("pending"):
            assert at is not None
            assert at - desk.clock.now() < 0.1
    assert sweeps >= 3
    assert sorted(seq for seq, *_ in desk.told) == list(range(1, 1201))


def test_room_that_expired_messages_leave_can_be_used(bench: Make) -> None:
    """They count no more; memory and numbers are clean however often it happens."""
    desk = bench(max_messages=30)
    for _ in range(40):
        desk.accept(*desk.rows(20, expiry_s=5), *desk.rows(10, expiry_s=5, priority=NORMAL))
        assert desk.outbox.lacks(desk.rows(1)) == 30
        desk.later(5)
        assert desk.outbox.lacks(desk.rows(30)) is None
    assert desk.counts() == {"accepted": 1200, "expired": 1200}
    desk.put(1)
    assert desk.take() == [1201]


def test_some_expire_in_the_middle_of_a_long_line(bench: Make) -> None:
    """The others leave in order, all of them."""
    desk = bench()
    rows = [desk.row(expiry_s=10 if n % 3 else None) for n in range(1500)]
    desk.accept(*rows)
    first = desk.take(10)
    desk.later(10)
    left = [row.seq for n, row in enumerate(rows) if n % 3 == 0 or row.seq in first]
    assert first + desk.take() == left
