"""What each policy gives up, in which order, and how much of it (contract 9)."""

from __future__ import annotations

import pytest

from holdfast.messages import HIGH, LOW, NORMAL, OVERHEAD, Outgoing
from holdfast.outbox.overflow import Overflow, Policy
from holdfast.outbox.tally import Tally
from tests.unit.outbox.full import Full
from tests.unit.outbox.inside import inside


def filled(policy: Policy, *priorities: int, **bounds: int) -> Full:
    """One row of each of these classes; they are all there may be."""
    full = Full(policy, **(bounds or {"max_messages": len(priorities)}))
    full.accept(*[full.made(priority=priority) for priority in priorities])
    return full


@pytest.mark.parametrize("policy", ["wait", "reject"])
def test_nothing_is_given_up_where_who_publishes_waits(policy: Policy) -> None:
    """Or is refused: there is no room."""
    full = filled(policy, NORMAL, LOW)
    assert full.give_up(full.made(priority=HIGH)) is None
    assert full.left() == [1, 2]


def test_the_newest_are_accepted_and_end() -> None:
    """``drop_newest`` takes out nothing and refuses nothing."""
    full = filled("drop_newest", NORMAL)
    assert full.overflow.sheds
    assert full.give_up(full.made()) == []
    assert full.left() == [1]


def test_the_oldest_of_all_classes_go_first() -> None:
    """``drop_oldest`` asks for no class, and takes as few as will do."""
    full = filled("drop_oldest", HIGH, LOW, NORMAL)
    assert full.give_up(full.made(priority=LOW), full.made()) == [1, 2]
    assert full.left() == [3]


def test_the_oldest_may_be_out_of_the_line() -> None:
    """Deferred and parked rows are unsent; what was taken and is with the session stays."""
    full = filled("drop_oldest", NORMAL, NORMAL, NORMAL, NORMAL)
    first, second, _third = full.take(3)
    with inside(full.waiting) as waiting:
        waiting.park(second)
        waiting.defer(first, full.clock.now() + 60)
    assert full.give_up(full.made(), full.made(), full.made()) == [1, 2, 4]
    assert full.left() == []


def test_the_lowest_class_goes_first() -> None:
    """``drop_lowest_priority``: its oldest, then those of the next class up to that of the new rows."""
    full = filled("drop_lowest_priority", HIGH, NORMAL, LOW, NORMAL, LOW)
    new = [full.made(priority=HIGH) for _ in range(3)]
    assert full.give_up(*new) == [3, 5, 2]
    assert full.left() == [1, 4]


def test_no_class_gives_way_to_one_below() -> None:
    """In a mixed group the lowest of the new rows counts; and no row is given up in vain."""
    full = filled("drop_lowest_priority", HIGH, NORMAL, LOW)
    mixed = [full.made(priority=HIGH), full.made(priority=LOW)]
    assert full.give_up(*mixed) is None
    assert full.left() == [1, 2, 3]
    assert full.give_up(full.made(priority=LOW)) == [3]


def test_bytes_are_counted_as_they_go() -> None:
    """One large row makes room for several small ones, and several small ones for a large one."""
    full = Full("drop_oldest", max_bytes=4 * (OVERHEAD + 1))
    full.accept(full.made(size=OVERHEAD + 1), full.made(), full.made())
    assert full.give_up(full.made(), full.made()) == [1]
    assert full.give_up(full.made(size=2 * (OVERHEAD + 1))) == [2]
    assert full.left() == [3]


def test_nothing_is_given_up_that_would_not_be_enough() -> None:
    """What is in flight fills the budget by itself: the unsent row would end for nothing."""
    full = filled("drop_oldest", NORMAL, NORMAL, NORMAL, max_messages=3)
    full.take(2)
    assert full.give_up(full.made(), full.made()) is None
    assert full.left() == [3]


def test_superseded_rows_and_the_newest_on_the_same_topic() -> None:
    """``latest_per_topic``: a topic that has one row only keeps it against those of other topics."""
    full = Full("latest_per_topic", max_messages=3)
    full.accept(full.made("a"), full.made("b"), full.made("a"))
    assert full.give_up(full.made("c")) == [1]
    full.accept(full.made("c"))
    assert full.give_up(full.made("d")) is None
    assert full.give_up(full.made("b")) == [2]
    assert full.left() == [3, 4]


def test_the_bound_that_is_met() -> None:
    """Bytes before messages; a group of any size fits alone; handlers have a share beside the budget."""
    overflow = Overflow("wait", max_messages=10, max_bytes=1000)
    assert overflow.met(Tally(), 50, 5000) is None
    assert overflow.met(Tally(5, 500), 5, 500) is None
    assert overflow.met(Tally(5, 500), 6, 600) == 1000
    assert overflow.met(Tally(5, 500), 6, 500) == 10
    assert overflow.met(Tally(10, 100), 1, 1, share=1.1) is None
    assert overflow.met(Tally(10, 100), 2, 1, share=1.1) == 10
    assert Overflow("wait", None, None).met(Tally(10**9, 10**12), 1, 1) is None


def test_room_that_is_there_costs_nothing() -> None:
    """Nobody is given up for rows that fit."""
    full = filled("drop_oldest", NORMAL, max_messages=2)
    assert full.give_up(Outgoing(0, "t", b"")) == []
