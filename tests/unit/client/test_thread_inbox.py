"""An inbox that is filled on a loop and emptied on a thread."""

from __future__ import annotations

import threading
from time import monotonic

from holdfast.client.inbox import Item
from holdfast.client.thread_inbox import ThreadInbox
from holdfast.messages import QoS
from tests.unit.client.consuming import delivery

MANY = 5000


def item(number: int, qos: QoS = 1) -> Item:
    """One message."""
    one = delivery("t", str(number), qos)
    return one, one, 0, None


def numbers(items: list[Item]) -> list[int]:
    """What is in them."""
    return [int(one[0].payload) for one in items]


def test_everything_is_taken_in_order() -> None:
    """Put in by one thread, taken by another, which sleeps in between; closed, it ends."""
    inbox, taken = ThreadInbox(10), list[Item]()

    def read() -> None:
        while (one := inbox.take()) is not None:
            taken.append(one)

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(MANY):
        assert inbox.put(item(number))
    while len(taken) < MANY:
        thread.join(0.001)
    inbox.close()
    thread.join(5)
    assert not thread.is_alive()
    assert numbers(taken) == list(range(MANY))


def test_qos_0_has_a_limit() -> None:
    """As in any inbox: beyond it QoS 0 is refused, the others are not."""
    inbox = ThreadInbox(2)
    assert [inbox.put(item(number, 0)) for number in range(3)] == [True, True, False]
    assert inbox.put(item(3))


def test_drained() -> None:
    """Closed, and what waits is given; nothing is taken any more."""
    inbox = ThreadInbox(10)
    for number in range(3):
        inbox.put(item(number))
    inbox.put_back([item(9)])
    assert numbers(inbox.drain()) == [9, 0, 1, 2]
    assert inbox.closed
    assert inbox.pop_now() is None
    assert inbox.take() is None


def test_taken_through_a_change() -> None:
    """What the thread takes is changed, what is drained is not."""
    inbox = ThreadInbox(10)
    inbox.through(lambda given: item(int(given[0].payload) + 100))
    for number in range(3):
        inbox.put(item(number))
    taken = [inbox.take(), inbox.pop_now()]
    assert numbers([one for one in taken if one]) == [100, 101]
    assert numbers(inbox.drain()) == [2]
    assert inbox.pop_now() is None


def test_rest_ends_by_time_and_close() -> None:
    """What comes meanwhile does not end it; the end does, and says so."""
    inbox, ends = ThreadInbox(10), list[bool]()
    assert not inbox.rest(monotonic() + 0.01)
    thread = threading.Thread(target=lambda: ends.append(inbox.rest(monotonic() + 60)))
    thread.start()
    inbox.put(item(1))
    thread.join(0.01)
    assert thread.is_alive()
    inbox.close()
    thread.join(5)
    assert ends == [True]
    assert numbers(inbox.drain()) == [1]


def test_a_nudge_lets_the_reader_look_around() -> None:
    """It sleeps while it is idle; news from elsewhere end that without a message."""
    inbox, idle, looks = ThreadInbox(10), [True], list[bool]()

    def look() -> bool:
        looks.append(idle[0])
        return idle[0]

    thread = threading.Thread(target=inbox.sleep, args=(look,))
    thread.start()
    while not looks:
        thread.join(0.001)
    idle[0] = False
    while thread.is_alive():  # it may have looked, and not be asleep yet
        inbox.nudge()
        thread.join(0.001)
    inbox.sleep(look)
    inbox.sleep(lambda: True, 0.01)
    assert looks == [True, False]
