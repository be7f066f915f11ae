"""Counting what arrives, and timing what goes round: the same for all clients, beside what they cost."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable

from benchmarks.clients.common import LIMIT_S, STALL_S, Job


class Counter:
    """Every message once; `expected` of them set the event. One addition and one comparison for each."""

    def __init__(self, job: Job, event: asyncio.Event | threading.Event) -> None:
        self._job = job
        self._event = event
        self._expected = job.expected
        self.count = 0

    def took(self, _payload: bytes) -> None:
        self.count += 1
        if self.count == self._expected:
            self._event.set()

    @property
    def delivered(self) -> int:
        """Without the closing message of the ack server."""
        return self.count - (self._job.expected - self._job.messages)

    async def all(self) -> None:
        """All are there, or nothing came for a while: then the count says what is missing."""
        assert isinstance(self._event, asyncio.Event)
        while not self._event.is_set():
            before = self.count
            try:
                await asyncio.wait_for(self._event.wait(), STALL_S)
            except TimeoutError:
                if before == self.count:
                    return

    def all_blocking(self) -> None:
        """The same for a thread."""
        assert isinstance(self._event, threading.Event)
        before = -1
        while not self._event.wait(STALL_S) and before != self.count:
            before = self.count


class Trips:
    """Messages of one size at a fixed rate, each with its number, and how long each was away."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._period_s = 1 / job.case.per_s
        self._sent_at = [0.0] * job.messages
        self.took_s: list[float] = []

    def payload(self, number: int) -> bytes:
        """Stamps the time as well: the call that publishes follows."""
        self._sent_at[number] = time.perf_counter()
        return b"%08d" % number + b"x" * (self._job.case.payload_bytes - 8)

    def took(self, payload: bytes) -> None:
        self.took_s.append(time.perf_counter() - self._sent_at[int(payload[:8])])

    async def run(self, publish: Callable[[bytes], Awaitable[object]]) -> None:
        """Each at its time, whatever became of the one before."""
        began = time.perf_counter()
        for number in range(self._job.messages):
            await asyncio.sleep(began + number * self._period_s - time.perf_counter())
            await publish(self.payload(number))
        await self._settle()

    def run_blocking(self, publish: Callable[[bytes], object]) -> None:
        """The same for a thread."""
        began = time.perf_counter()
        for number in range(self._job.messages):
            time.sleep(max(0.0, began + number * self._period_s - time.perf_counter()))
            publish(self.payload(number))
        while len(self.took_s) < self._job.messages and time.perf_counter() < began + LIMIT_S:
            time.sleep(self._period_s)

    async def _settle(self) -> None:
        async with asyncio.timeout(LIMIT_S):
            while len(self.took_s) < self._job.messages:  # noqa: ASYNC110  an event would be set on the way
                await asyncio.sleep(self._period_s)
