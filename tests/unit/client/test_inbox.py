"""The queue of one consumer."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.client.inbox import Inbox, Item
from holdfast.messages import QoS
from holdfast.protocol import Delivery
from tests.unit.client.consuming import delivery


def item(payload: str, qos: QoS = 1) -> Item:
    """One message."""
    message = Delivery("t", payload.encode(), qos, packet_id=1 if qos else 0)
    return message, message, 0, None


def texts(items: list[Item]) -> list[str]:
    """Their payloads."""
    return [one[0].text() for one in items]


def test_first_in_first_out_and_put_back_in_front() -> None:
    """What is put back is next, in its old order."""
    inbox = Inbox(10)
    for text in "abc":
        assert inbox.put(item(text))
    taken = [inbox.pop(), inbox.pop()]
    inbox.put_back(taken)
    assert texts(inbox.drain()) == ["a", "b", "c"]
    assert inbox.closed


def test_qos_0_is_bounded_and_the_others_are_not() -> None:
    """A full queue refuses QoS 0 until one is taken, and takes what is QoS 1; put_back counts too."""
    inbox = Inbox(2)
    assert [inbox.put(item(text, 0)) for text in "abc"] == [True, True, False]
    assert all(inbox.put(item(text)) for text in "de")
    taken = [inbox.pop() for _ in range(3)]
    assert inbox.put(item("f", 0))
    inbox.put_back(taken)
    assert not inbox.put(item("g", 0))


def changed(given: Item) -> Item:
    """With another payload."""
    return item(given[0].text().upper())


def test_the_reader_gets_what_it_was_changed_to() -> None:
    """Who is no reader gets it as it came."""
    inbox = Inbox(10)
    inbox.through(changed)
    for text in "abcd":
        inbox.put(item(text))
    assert inbox.pop()[0].text() == "A"
    assert texts(inbox.withdraw(2)) == ["b", "c"]
    assert texts(inbox.drain()) == ["d"]


def test_an_interrupted_change_loses_nothing() -> None:
    """Ctrl-C in the middle of it: the message is the next again."""
    inbox = Inbox(10)

    def interrupt(_given: Item) -> Item:
        raise KeyboardInterrupt

    inbox.through(interrupt)
    inbox.put(item("a"))
    inbox.put(item("b"))
    with pytest.raises(KeyboardInterrupt):
        inbox.pop()
    assert texts(inbox.drain()) == ["a", "b"]


def test_withdraw_takes_what_there_is() -> None:
    """Up to so many, the oldest first, of fewer all."""
    inbox = Inbox(10)
    for text in "abc":
        inbox.put(item(text))
    assert texts(inbox.withdraw(0)) == []
    assert texts(inbox.withdraw(2)) == ["a", "b"]
    assert texts(inbox.withdraw(2)) == ["c"]
    assert not inbox.closed


async def test_pause_ends_by_time_and_close() -> None:
    """What comes meanwhile does not end it; the end does, and says so; closed, nobody waits."""
    inbox, loop = Inbox(10), asyncio.get_running_loop()
    pausing = asyncio.create_task(inbox.pause(loop.time() + 0.01))
    await asyncio.sleep(0)
    inbox.put(item("a"))
    inbox.nudge()
    assert not await pausing
    pausing = asyncio.create_task(inbox.pause(loop.time() + 60))
    await asyncio.sleep(0)
    inbox.close()
    inbox.close()
    assert await asyncio.wait_for(pausing, 1)
    assert await inbox.pause(loop.time() + 60)


async def test_wait_ends_by_message_nudge_and_close() -> None:
    """Each of the three wakes the reader; with something there nobody waits."""
    inbox = Inbox(10)
    for wake in (lambda: inbox.put(item("a")), inbox.nudge, inbox.close):
        inbox.items.clear()
        waiting = asyncio.create_task(inbox.wait())
        await asyncio.sleep(0)
        assert not waiting.done()
        wake()
        await asyncio.wait_for(waiting, 1)
    await inbox.wait()


async def test_all_are_in_one_lane() -> None:
    """In order, the one in hand first, until its reader has to wait for more."""
    inbox, one, other = Inbox(10), delivery("t", "1"), delivery("t", "2")
    items: list[Item] = [(one, one, 0, None), (other, other, 0, None)]
    for item in items:
        inbox.put(item)
    assert inbox.key_of(items[0]) == inbox.key_of(items[1])
    assert inbox.lane(inbox.key_of(items[0])) == items
    inbox.in_hand = inbox.pop()
    assert inbox.lane("") == items
    inbox.in_hand = inbox.pop()
    assert inbox.lane("") == items[1:]
    waiting = asyncio.ensure_future(inbox.wait())
    await asyncio.sleep(0)
    assert inbox.lane("") == []
    inbox.nudge()
    await waiting
