"""thread.py: a loop on its own thread."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from selectors import EVENT_READ
from typing import Any

import pytest

from holdfast.testing.thread import LoopThread

LIMIT_S = 5


class Loop:
    """A loop that notes what it is told."""

    def __init__(self) -> None:
        self.told = threading.Event()
        self.data: list[Any] = []
        self.thread = LoopThread("loop under test", self._serve)

    def _serve(self, ready: list[tuple[Any, int]]) -> None:
        for data, _ in ready:
            if data == "fail":
                raise ValueError("as asked")
            self.data.append(data)
            self.told.set()


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    if made.thread.is_alive():
        made.thread.stop()


def test_work_runs_on_the_loop_and_gives_its_result(loop: Loop) -> None:
    """Also work that asks for more work."""
    name = loop.thread.call(lambda: threading.current_thread().name)
    assert name == "loop under test"
    assert loop.thread.call(lambda: loop.thread.call(lambda: 7)) == 7


def test_what_work_raises_reaches_the_caller(loop: Loop) -> None:
    """And the loop goes on."""
    with pytest.raises(ZeroDivisionError):
        loop.thread.call(lambda: 1 // 0)
    assert loop.thread.call(lambda: 1) == 1


def test_many_threads_may_call(loop: Loop) -> None:
    """One piece of work at a time."""
    seen: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n: loop.thread.call(lambda: seen.append(n))) for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    assert sorted(seen) == list(range(20))


def test_what_is_ready_is_told_with_its_data(loop: Loop) -> None:
    """Until it is watched no more."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        loop.thread.call(lambda: loop.thread.watch(ours, 0, "never watched"))
        loop.thread.call(lambda: loop.thread.watch(ours, EVENT_READ, "first"))
        loop.thread.call(lambda: loop.thread.watch(ours, EVENT_READ, "second"))
        theirs.send(b"x")
        assert loop.told.wait(LIMIT_S)
        loop.thread.call(lambda: loop.thread.watch(ours, 0, None))
    assert set(loop.data) == {"second"}


def test_timers_run_in_the_order_of_their_times(loop: Loop) -> None:
    """Not before it."""
    done = threading.Event()
    ran: list[str] = []
    started = time.monotonic()

    def late() -> None:
        ran.append("late")
        done.set()

    def schedule() -> None:
        loop.thread.after(0.03, late)
        loop.thread.after(0.01, lambda: ran.append("early"))

    loop.thread.call(schedule)
    assert done.wait(LIMIT_S)
    assert ran == ["early", "late"]
    assert time.monotonic() - started >= 0.03


def test_a_loop_that_failed_says_why() -> None:
    """To whoever calls it, and to whoever stops it."""
    loop = Loop()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.send(b"x")
        loop.thread.call(lambda: loop.thread.watch(ours, EVENT_READ, "fail"))
        loop.thread._thread.join(LIMIT_S)
    with pytest.raises(RuntimeError, match="is not running"):
        loop.thread.call(lambda: None)
    with pytest.raises(RuntimeError, match="as asked"):
        loop.thread.stop()


def test_work_that_waits_when_the_loop_dies_fails(loop: Loop) -> None:
    """Nobody waits for a loop that is gone; who made it die hears of it too."""
    inside, go_on = threading.Event(), threading.Event()
    errors: list[str] = []

    def die() -> None:
        inside.set()
        assert go_on.wait(LIMIT_S)
        raise SystemExit("enough")

    def call(work: Callable[[], None]) -> None:
        try:
            loop.thread.call(work)
        except BaseException as error:
            errors.append(str(error))

    first = threading.Thread(target=call, args=(die,))
    first.start()
    assert inside.wait(LIMIT_S)
    second = threading.Thread(target=call, args=(lambda: None,))
    second.start()
    while not loop.thread._work:
        time.sleep(0.001)
    go_on.set()
    for thread in (first, second):
        thread.join(LIMIT_S)
    assert sorted(errors) == ["enough", "loop under test has stopped"]
    with pytest.raises(RuntimeError, match="enough"):
        loop.thread.stop()
