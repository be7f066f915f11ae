"""The queue of one consumer."""

from __future__ import annotations

import asyncio

from holdfast.client.inbox import Inbox, Item
from holdfast.messages import QoS
from holdfast.protocol import Delivery


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
