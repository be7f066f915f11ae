"""Every outbox: what is given up when there is no room (contract 9), and that books and owners are told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from holdfast.messages import HIGH, LOW, NORMAL
from tests.contracts.bench import Bench

Make = Callable[..., Bench]


@pytest.mark.parametrize("policy", ["wait", "reject"])
def test_nothing_is_given_up_where_the_publisher_waits_or_is_refused(bench: Make, policy: str) -> None:
    """The bound is said; an ending makes room."""
    desk = bench(overflow=policy, max_messages=2)
    order = desk.put(2)
    assert desk.outbox.lacks(desk.rows(1)) == 2
    assert not desk.publish(desk.row())
    assert desk.told == []
    desk.take(1)
    desk.acknowledge(order[0])
    assert desk.publish(desk.row())
    assert desk.take() == [order[1], 3]


def test_the_oldest_give_way(bench: Make) -> None:
    """Of whatever class; as many as it takes, and no more."""
    desk = bench(overflow="drop_oldest", max_messages=4)
    desk.put(1, priority=HIGH)
    desk.put(3, priority=LOW)
    assert desk.publish(*desk.rows(2))
    assert desk.told == [(1, "dropped", "drop_oldest"), (2, "dropped", "drop_oldest")]
    assert sorted(desk.take()) == [3, 4, 5, 6]
    assert desk.counts() == {"accepted": 6, "dropped": 2, "pending": 4}


def test_bytes_count_too(bench: Make) -> None:
    """A large message may cost several small ones."""
    desk = bench(overflow="drop_oldest", max_bytes=1500)
    desk.put(5)
    assert desk.publish(desk.row(size=600))
    assert [seq for seq, *_ in desk.told] == [1, 2]
    assert desk.take() == [3, 4, 5, 6]


def test_a_long_flood_leaves_the_newest(bench: Make) -> None:
    """Without a connection, day after day: what is left is the end of it, in order."""
    desk = bench(overflow="drop_oldest", max_messages=10)
    for _ in range(50):
        assert desk.publish(*desk.rows(3))
    assert desk.counts() == {"accepted": 150, "dropped": 140, "pending": 10}
    assert [seq for seq, *_ in desk.told] == list(range(1, 141))
    assert desk.take() == list(range(141, 151))


def test_what_is_in_flight_is_never_given_up(bench: Make) -> None:
    """Contract 9: then the policy is reject. Nor is anything else given up, as it would not help."""
    desk = bench(overflow="drop_oldest", max_messages=4)
    desk.put(3)
    flying = desk.take()
    desk.send(*flying)
    desk.put(1)
    assert not desk.publish(*desk.rows(2))
    assert desk.told == []
    assert desk.publish(desk.row())
    assert [seq for seq, *_ in desk.told] == [4]
    desk.acknowledge(*flying)
    assert desk.take() == [5]


def test_a_group_is_all_or_none(bench: Make) -> None:
    """A group that is larger than the bound goes alone, as without a policy."""
    desk = bench(overflow="drop_oldest", max_messages=3)
    desk.put(3)
    assert desk.publish(*desk.rows(5))
    assert len(desk.told) == 3
    assert desk.take() == [4, 5, 6, 7, 8]


def test_the_new_ones_give_way(bench: Make) -> None:
    """drop_newest: accepted, numbered, and dropped at once; the books count both."""
    desk = bench(overflow="drop_newest", max_messages=2)
    order = desk.put(2)
    rows = desk.rows(2)
    assert desk.publish(*rows)
    assert desk.told == [(3, "dropped", "drop_newest"), (4, "dropped", "drop_newest")]
    assert [row.seq for row in rows] == [3, 4]
    assert desk.counts() == {"accepted": 4, "dropped": 2, "pending": 2}
    assert desk.outbox.last == 4
    assert desk.take() == order
    desk.acknowledge(*order)
    assert desk.publish(desk.row())
    assert desk.take() == [5]


def test_the_lowest_class_gives_way(bench: Make) -> None:
    """The oldest of it; when it is empty the next class, up to that of the new message."""
    desk = bench(overflow="drop_lowest_priority", max_messages=4)
    desk.put(2, priority=NORMAL)
    desk.put(2, priority=LOW)
    assert desk.publish(desk.row(priority=HIGH))
    assert desk.publish(desk.row())
    assert desk.publish(desk.row(priority=HIGH))
    assert desk.told == [(seq, "dropped", "drop_lowest_priority") for seq in (3, 4, 1)]
    assert sorted(desk.take()) == [2, 5, 6, 7]


def test_no_class_above_the_new_one_gives_way(bench: Make) -> None:
    """A low message never costs a normal one: it is refused, as is a group with one in it."""
    desk = bench(overflow="drop_lowest_priority", max_messages=2)
    desk.put(2)
    assert not desk.publish(desk.row(priority=LOW))
    assert not desk.publish(desk.row(priority=LOW), desk.row(priority=HIGH))
    assert desk.told == []
    assert desk.publish(desk.row())
    assert [seq for seq, *_ in desk.told] == [1]


def test_what_is_superseded_gives_way(bench: Make) -> None:
    """latest_per_topic: an unsent message with a newer one on its topic, the new ones included."""
    desk = bench(overflow="latest_per_topic", max_messages=4)
    desk.accept(*[desk.row(topic) for topic in ("a", "b", "a", "c")])
    assert desk.publish(desk.row("d"))
    assert desk.told == [(1, "dropped", "latest_per_topic")]
    assert desk.publish(desk.row("b"))
    assert [seq for seq, *_ in desk.told] == [1, 2]
    assert not desk.publish(desk.row("e"))
    assert not desk.publish(desk.row("a"), desk.row("e"))
    assert len(desk.told) == 2
    assert desk.take() == [3, 4, 5, 6]


def test_what_was_taken_supersedes_nothing_and_is_not_superseded(bench: Make) -> None:
    """Only unsent messages count; one that comes back counts again."""
    desk = bench(overflow="latest_per_topic", max_messages=3)
    desk.accept(*[desk.row(topic) for topic in "aba"])
    assert desk.take(1) == [1]
    assert not desk.publish(desk.row("c"))
    desk.defer(1, 60)
    assert desk.publish(desk.row("c"))
    assert [seq for seq, *_ in desk.told] == [1]


def test_the_latest_of_each_topic_is_left(bench: Make) -> None:
    """However long it goes on."""
    desk = bench(overflow="latest_per_topic", max_messages=8)
    for turn in range(40):
        for topic in range(5):
            assert desk.publish(desk.row(f"t/{topic}"))
            if not turn % 7:
                desk.take(1)
                desk.acknowledge(*desk.taken)
    left = [desk.taken[seq].topic for seq in desk.take()]
    assert left[-5:] == [f"t/{topic}" for topic in range(5)]
    assert desk.counts()["pending"] == len(left) <= 8


def test_deferred_and_parked_messages_give_way_too(bench: Make) -> None:
    """They are unsent, and older than all others of their class."""
    desk = bench(overflow="drop_oldest", max_messages=4)
    desk.put(4)
    desk.take(3)
    desk.defer(2, 60)
    desk.park(1, 3)
    assert desk.outbox.parked == 2
    assert desk.publish(*desk.rows(3))
    assert [seq for seq, *_ in desk.told] == [1, 2, 3]
    assert (desk.outbox.parked, desk.take()) == (0, [4, 5, 6, 7])
    assert desk.later(100) is None or desk.take() == []


def test_volatile_messages_wait_for_their_ring_whatever_the_policy(bench: Make) -> None:
    """While there is a connection that empties it; nothing is given up for them."""
    desk = bench(overflow="drop_oldest", max_messages=4, qos0_messages=2)
    desk.put(1)
    desk.outbox.draining = True
    desk.put(2, qos=0)
    assert not desk.publish(desk.row(qos=0))
    assert desk.told == []
    desk.take(0)
    assert desk.publish(desk.row(qos=0))
