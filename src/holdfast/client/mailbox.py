"""Calls from other threads, made on one loop: in the order in which they were posted, one wake for many."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

log = logging.getLogger("holdfast")


class Mailbox:
    """How a loop is told from elsewhere: a border between threads is crossed once per batch.

    ``post`` may be called on any thread; everything else happens on the loop's, or when that has ended.
    """

    __slots__ = ("_calls", "_woken", "closed", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._calls: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._woken = False
        self.closed = False

    def post(self, call: Callable[..., object], *arguments: Any) -> None:
        """Make this call on the loop; once it is closed nobody is there to make it, and nothing happens."""
        if self.closed:
            return
        self._calls.append((call, arguments))
        if not self._woken:
            self._wake()

    def _wake(self) -> None:
        # Who finds the flag set has posted before the loop takes it down, so the call is seen.
        self._woken = True
        try:
            self.loop.call_soon_threadsafe(self.take)
        except RuntimeError:  # the loop was closed under its owner
            self.close()
        except BaseException:  # Ctrl-C in between: the next call wakes it
            self._woken = False
            raise

    def take(self) -> None:
        """Make the calls posted until now; one that fails is said aloud, and takes no other with it."""
        self._woken = False
        calls = self._calls
        for _ in range(len(calls)):
            if self.closed or not calls:  # by one of them
                return
            call, arguments = calls.popleft()
            try:
                call(*arguments)
            except Exception as error:
                log.critical("a call from another thread failed", exc_info=error)

    def close(self) -> None:
        """Make no more calls."""
        self.closed = True
        self._calls.clear()
