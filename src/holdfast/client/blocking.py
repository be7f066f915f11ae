"""Waiting on threads: what a thread sleeps on, and who wakes it. Ctrl-C ends each of these waits."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from queue import Empty, SimpleQueue
from threading import TIMEOUT_MAX, Lock

CALLER: ContextVar[int] = ContextVar("holdfast_caller", default=0)
"""The identifier of the thread that asks the loop for what is done in this context; 0: nobody's."""


MOST_S = TIMEOUT_MAX / 2
"""Three hundred years or so: the system adds it to its clock."""


def within(timeout_s: float) -> float:
    """As long as a thread can be told to sleep, at most; infinity is a time, too."""
    return min(MOST_S, max(0.0, timeout_s))


class Once:
    """One wait of one thread, which is woken once."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = Lock()
        self._lock.acquire()

    def wake(self) -> None:
        """End the wait; called once, on any thread."""
        self._lock.release()

    def wait(self, timeout_s: float | None) -> bool:
        """Sleep until it is woken; False when time ran out."""
        return self._lock.acquire(timeout=-1 if timeout_s is None else within(timeout_s))


class Bell:
    """Wakes the one thread that sleeps on it, as often as it does; next to free while it is awake."""

    __slots__ = ("_asleep", "_rings")

    def __init__(self) -> None:
        self._rings: SimpleQueue[None] = SimpleQueue()
        self._asleep = False

    def ring(self) -> None:
        """There is news; any thread."""
        if self._asleep:
            self._asleep = False
            self._rings.put(None)

    def sleep(self, idle: Callable[[], bool], timeout_s: float | None = None) -> None:
        """Sleep until it rings or time has run out, unless there is something to do: not ``idle``.

        It may end early without a reason, so its caller looks again.
        """
        self._asleep = True  # before the look: what comes behind it rings
        try:
            if idle():
                self._rings.get(timeout=None if timeout_s is None else within(timeout_s))
        except Empty:
            return
        finally:
            self._asleep = False
