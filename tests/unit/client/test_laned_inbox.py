"""An inbox whose messages wait in lanes."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.client.inbox import Item
from holdfast.client.laned_inbox import LanedInbox
from holdfast.errors import PayloadError
from holdfast.handling import Again
from holdfast.handling.keys import keys_of
from holdfast.handling.lanes import Ticket
from holdfast.messages import QoS
from holdfast.testing import eventually
from holdfast.topics import Pattern
from tests.unit.client.consuming import delivery

BY_PAYLOAD = keys_of("$.k", [Pattern("t")])


def item(payload: str, qos: QoS = 1) -> Item:
    """One message."""
    one = delivery("t", payload, qos)
    return one, one, 0, None


def text(of: Ticket[Item] | None) -> str | None:
    """Its payload."""
    return None if of is None else of.item[0].text()


def keyed(key: str, number: int) -> str:
    """A payload."""
    return f'{{"k": "{key}", "n": {number}}}'


def test_one_of_each_key_at_a_time() -> None:
    """What is behind in its lane comes when the one before is done; without keys everything comes."""
    inbox = LanedInbox(10, BY_PAYLOAD)
    for payload in (keyed("a", 1), keyed("a", 2), keyed("b", 3)):
        inbox.put(item(payload))
    first, second = inbox.take(), inbox.take()
    assert [text(first), text(second), inbox.take()] == [keyed("a", 1), keyed("b", 3), None]
    assert first is not None
    inbox.done(first)
    assert text(inbox.take()) == keyed("a", 2)
    free = LanedInbox(10, ())
    for payload in "abc":
        free.put(item(payload))
    assert [text(free.take()) for _ in range(4)] == ["a", "b", "c", None]


def test_qos_0_is_bounded() -> None:
    """By what waits in all lanes."""
    inbox = LanedInbox(2, ())
    assert [inbox.put(item(text, 0)) for text in "abc"] == [True, True, False]
    assert inbox.put(item("d"))
    inbox.take()
    inbox.take()
    assert inbox.put(item("e", 0))


def test_a_message_without_a_key_fails_alone() -> None:
    """Where its key cannot be read it holds up nobody, and who reads it is told why."""
    inbox = LanedInbox(10, BY_PAYLOAD)
    for payload in ("no json", "nor this", keyed("a", 1)):
        inbox.put(item(payload))
    for _ in range(2):
        ticket = inbox.take()
        assert ticket is not None
        with pytest.raises(PayloadError, match=r"no key by \$\.k"):
            inbox.read(ticket)
    assert text(inbox.take()) == keyed("a", 1)


def test_read_through_a_change() -> None:
    """Keys are those of what the reader gets; while it waits it stays as it came."""
    inbox = LanedInbox(10, BY_PAYLOAD)
    inbox.through(lambda given: item(keyed("opened", int(given[0].payload))))
    inbox.put(item("1"))
    inbox.put(item("2"))
    ticket = inbox.take()
    assert ticket is not None
    assert text(ticket) == "1"
    assert inbox.read(ticket)[0].text() == keyed("opened", 1)
    assert inbox.take() is None
    assert [one[0].text() for one in inbox.drain()] == ["2"]


async def test_as_many_readers_wake_as_there_is_work() -> None:
    """Each by a message, all by the end; one that gave up waiting takes no other's turn."""
    inbox, awake = LanedInbox(10, ()), list[int]()

    async def read(number: int) -> None:
        await inbox.wait()
        awake.append(number)

    readers = [asyncio.create_task(read(number)) for number in range(4)]
    await asyncio.sleep(0)
    readers[3].cancel()
    inbox.put(item("a"))
    inbox.put(item("b"))
    await eventually(lambda: len(awake) == 2)
    assert inbox.take() is not None  # and sees that there is more
    await eventually(lambda: len(awake) == 3)
    assert inbox.take() is not None
    waiting = asyncio.create_task(read(4))
    await asyncio.sleep(0)
    inbox.close()
    await waiting
    await inbox.wait()
    assert inbox.take() is None


async def test_what_is_delayed_comes_back_by_itself() -> None:
    """At its time, before the others of its lane; the next to come is not the last to be delayed."""
    inbox, loop = LanedInbox(10, BY_PAYLOAD), asyncio.get_running_loop()
    for payload in (keyed("a", 1), keyed("b", 2), keyed("a", 3)):
        inbox.put(item(payload))
    first, second = inbox.take(), inbox.take()
    assert first is not None
    assert second is not None
    inbox.put_off(first, loop.time() + 0.001)
    inbox.put_off(second, loop.time() + 60)
    await asyncio.wait_for(inbox.wait(), 5)
    assert inbox.take() is first
    assert inbox.take() is None
    assert [one[0].text() for one in inbox.drain()] == [keyed("b", 2), keyed("a", 3)]


async def test_an_attempt_that_failed_is_settled() -> None:
    """Again: the same message, with the next attempt and what has counted; or its lane goes on without it."""
    inbox = LanedInbox(10, BY_PAYLOAD)
    inbox.put(item(keyed("a", 1)))
    inbox.put(item(keyed("a", 2)))
    first = inbox.take()
    assert first is not None
    inbox.settle(first, Again(0, 3))
    await asyncio.wait_for(inbox.wait(), 5)
    assert inbox.take() is first
    assert (first.item[0].attempt, first.tries) == (2, 3)
    inbox.settle(first, None)
    assert text(inbox.take()) == keyed("a", 2)
    inbox.close()


async def test_no_clock_is_left() -> None:
    """What goes back when the end has come waits there for who drains it."""
    inbox = LanedInbox(10, ())
    inbox.put(item("a"))
    ticket = inbox.take()
    assert ticket is not None
    inbox.put_off(ticket, 0)
    inbox.close()
    assert inbox._timer is None
    inbox.put_off(ticket, 0)
    assert inbox._timer is None


async def test_the_lane_of_a_key() -> None:
    """In order, from the one that was taken to the last, until it is done; without a key there is none."""
    inbox = LanedInbox(10, BY_PAYLOAD)
    for payload in (keyed("a", 1), keyed("b", 1), keyed("a", 2), keyed("a", 3)):
        inbox.put(item(payload))
    taken = inbox.take()
    assert taken is not None
    assert inbox.key_of(taken.item) == "a"
    assert [one[0].text() for one in inbox.lane("a")] == [keyed("a", 1), keyed("a", 2), keyed("a", 3)]
    inbox.put_off(taken, 0)
    assert [one[0].text() for one in inbox.lane("a")] == [keyed("a", 1), keyed("a", 2), keyed("a", 3)]
    inbox.done(taken)
    assert [one[0].text() for one in inbox.lane("a")] == [keyed("a", 2), keyed("a", 3)]
    assert inbox.lane("c") == []
    anywhere = LanedInbox(10, ())
    anywhere.put(item("x"))
    assert anywhere.lane(anywhere.key_of(item("x"))) == []
