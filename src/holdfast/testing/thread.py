"""A selector loop on its own thread that others can hand work to: what Broker and Proxy run on."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from heapq import heappop, heappush
from itertools import count
from time import monotonic
from typing import Any, TypeVar

T = TypeVar("T")

CALL_LIMIT_S = 30
"""How long a caller waits for the loop: a turn takes milliseconds, so this is a defect, not a wait."""


class LoopThread:
    """``serve`` is called once a turn with what is ready: (the data given to ``watch``, the event mask)."""

    def __init__(self, name: str, serve: Callable[[list[tuple[Any, int]]], None]) -> None:
        self._serve = serve
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = socket.socketpair()
        for sock in (self._wake_in, self._wake_out):
            sock.setblocking(False)
        self._selector.register(self._wake_in, selectors.EVENT_READ, None)
        self._work: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = count()
        self._lock = threading.Lock()
        self._is_over = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    # ---- from any thread

    def call(self, work: Callable[[], T]) -> T:
        """Run this on the loop between two turns, and give what it gives."""
        if threading.current_thread() is self._thread:
            return work()
        future: Future[T] = Future()
        with self._lock:
            if self._is_over:
                raise RuntimeError(f"{self._thread.name} is not running") from self._error
            self._work.append((work, future))
        self._wake()
        return future.result(CALL_LIMIT_S)

    def stop(self) -> None:
        """End the loop. Raises what ended it before."""
        with self._lock:
            self._is_over = True
        self._wake()
        self._thread.join(CALL_LIMIT_S)
        if self._error is not None:
            raise RuntimeError(f"{self._thread.name} failed: {self._error}") from self._error

    def is_alive(self) -> bool:
        """Whether the loop runs."""
        return self._thread.is_alive()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # full, so it wakes up anyway; or closed, so nothing is left
            self._wake_out.send(b"\0")

    # ---- on the loop

    def watch(self, sock: socket.socket, mask: int, data: object) -> None:
        """Report these events of a socket, and no others; 0 for none."""
        known = self._selector.get_map().get(sock)
        if known is None:
            if mask:
                self._selector.register(sock, mask, data)
        elif not mask:
            self._selector.unregister(sock)
        elif (known.events, known.data) != (mask, data):
            self._selector.modify(sock, mask, data)

    def after(self, delay_s: float, work: Callable[[], None]) -> None:
        """Run this later."""
        heappush(self._timers, (monotonic() + delay_s, next(self._serial), work))

    def _run(self) -> None:
        try:
            while not self._is_over:
                self._turn()
        except BaseException as error:
            self._error = error
        finally:
            self._end()

    def _turn(self) -> None:
        ready = [(key.data, mask) for key, mask in self._selector.select(self._patience_s())]
        if any(data is None for data, _ in ready):
            self._wake_in.recv(4096)
        while self._work:
            work, future = self._work.popleft()
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)
                if not isinstance(error, Exception):
                    raise
        while self._timers and self._timers[0][0] <= monotonic():
            heappop(self._timers)[2]()
        self._serve([entry for entry in ready if entry[0] is not None])

    def _patience_s(self) -> float | None:
        if self._work:
            return 0
        return max(0.0, self._timers[0][0] - monotonic()) if self._timers else None

    def _end(self) -> None:
        with self._lock:
            self._is_over = True
        for _, future in self._work:
            future.set_exception(RuntimeError(f"{self._thread.name} has stopped"))
        self._selector.close()
        self._wake_in.close()
        self._wake_out.close()
