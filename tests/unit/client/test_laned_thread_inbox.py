"""An inbox in lanes, emptied by threads."""

from __future__ import annotations

import threading
from time import monotonic

from holdfast.client.inbox import Item
from holdfast.client.laned_thread_inbox import LanedThreadInbox
from holdfast.handling.keys import keys_of
from holdfast.topics import Pattern
from tests.unit.client.consuming import delivery

MANY, KEYS, THREADS = 4000, 7, 5


def item(number: int) -> Item:
    """One message."""
    one = delivery("t", str(number))
    return one, one, 0, None


BY_REMAINDER = keys_of(lambda message: int(message.payload) % KEYS, [Pattern("t")])


def test_the_order_of_each_key_holds() -> None:
    """Five threads take what one puts in, seven lanes, some twice; all come, each lane in its order."""
    inbox, taken, again = LanedThreadInbox(10, BY_REMAINDER), list[int](), set[int]()

    def read() -> None:
        while (ticket := inbox.take_next()) is not None:
            number = int(inbox.read(ticket)[0].payload)
            if number % 100 == 0 and number not in again:
                again.add(number)
                inbox.put_off(ticket, monotonic() + 0.001)
            else:
                taken.append(number)
                inbox.done(ticket)

    threads = [threading.Thread(target=read) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for number in range(MANY):
        assert inbox.put(item(number))
    deadline = monotonic() + 20
    while len(taken) < MANY and monotonic() < deadline:
        threads[0].join(0.001)
    inbox.close()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()
    assert sorted(taken) == list(range(MANY))
    for key in range(KEYS):
        lane = [number for number in taken if number % KEYS == key]
        assert lane == sorted(lane)


def test_closed() -> None:
    """Nothing is taken any more; what waits, and what goes back then, is given to who drains it."""
    inbox = LanedThreadInbox(10, ())
    for number in range(3):
        inbox.put(item(number))
    ticket = inbox.take_next()
    assert ticket is not None
    inbox.close()
    assert inbox.take_next() is None
    inbox.put_off(ticket, 0)
    assert [int(one[0].payload) for one in inbox.drain()] == [0, 1, 2]


def test_the_lane_of_a_key() -> None:
    """As on a loop; asked beside the threads that take."""
    inbox = LanedThreadInbox(10, keys_of("$.k", [Pattern("t")]))
    for number in (1, 2):
        one = delivery("t", f'{{"k": 1, "n": {number}}}')
        inbox.put((one, one, 0, None))
    assert [one[0].json()["n"] for one in inbox.lane(1)] == [1, 2]
