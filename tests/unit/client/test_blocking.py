"""What threads sleep on."""

from __future__ import annotations

import threading
from collections import deque
from math import inf

import pytest

from holdfast.client.blocking import MOST_S, Bell, Once

MANY = 20_000


def test_once() -> None:
    """It ends when it is woken, before or behind the sleep, or when time has run out."""
    woken = Once()
    threading.Timer(0.01, woken.wake).start()
    assert woken.wait(5)
    early = Once()
    early.wake()
    assert early.wait(None)
    assert not Once().wait(0.01)
    assert not Once().wait(-1)


@pytest.mark.parametrize("long", [inf, 1e20, 1e300, MOST_S])
def test_a_time_beyond_all_sense(long: float) -> None:
    """Longer than a thread can be told to sleep is a sleep until it is woken."""
    woken, bell, rung = Once(), Bell(), threading.Event()
    threading.Timer(0.01, woken.wake).start()
    assert woken.wait(long)

    def sleep() -> None:
        bell.sleep(lambda: True, long)
        rung.set()

    thread = threading.Thread(target=sleep)
    thread.start()
    while not rung.wait(0.001):
        bell.ring()
    thread.join()


def test_a_bell_loses_no_news() -> None:
    """One thread puts things down and rings, the other sleeps while there is nothing: all are found."""
    bell, things, found = Bell(), deque[int](), list[int]()

    def put() -> None:
        for number in range(MANY):
            things.append(number)
            bell.ring()

    thread = threading.Thread(target=put)
    thread.start()
    while len(found) < MANY:
        bell.sleep(lambda: not things)
        while things:
            found.append(things.popleft())
    thread.join()
    assert found == list(range(MANY))


def test_a_bell_is_not_slept_on_when_there_is_something() -> None:
    """It looks before it sleeps; and a sleep has an end."""
    bell = Bell()
    bell.sleep(lambda: False)
    bell.sleep(lambda: True, 0.01)
    bell.ring()  # nobody sleeps: nothing is kept for later
    assert bell._rings.empty()
