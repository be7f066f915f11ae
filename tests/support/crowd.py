"""Threads that do the same work at once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from threading import Thread
from typing import Self


class Crowd:
    """``work(number)`` on so many threads, which change places as often as the interpreter lets them.

    They begin with the block, and have ended behind it. ``failed``: what came out of them.
    """

    def __init__(self, threads: int, work: Callable[[int], object]) -> None:
        self._work = work
        self._threads = [Thread(target=self._run, args=(number,)) for number in range(threads)]
        self.failed: list[BaseException] = []

    def _run(self, number: int) -> None:
        try:
            self._work(number)
        except BaseException as error:
            self.failed.append(error)

    def __enter__(self) -> Self:
        self._usual = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.join()
        sys.setswitchinterval(self._usual)

    @property
    def running(self) -> bool:
        """Whether one of them still works."""
        return any(thread.is_alive() for thread in self._threads)
