"""Who publishes meanwhile, and what the disk beneath takes at the same time (contract 30)."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from holdfast import Client

SYNC_EVERY_S = 0.05


class Publisher:
    """Numbered messages at a steady rate, QoS 1 and 2 in turn."""

    def __init__(self, client: Client, rate: int) -> None:
        self._client = client
        self._rate = rate
        self._over = False
        self._took: list[tuple[float, float]] = []
        self.numbers = 0

    def stop(self) -> None:
        """No more."""
        self._over = True

    def taken(self, since: float, until: float) -> list[float]:
        """What accepting took, of those that were published in this time."""
        return [took for at, took in self._took if since <= at <= until]

    async def run(self) -> None:
        """Until stopped."""
        due = monotonic()
        while not self._over:
            began, number = monotonic(), self.numbers
            self.numbers += 1
            await self._client.publish(f"n/{number % 4}", f"1-{number:06}", qos=2 if number % 2 else 1)
            self._took.append((began, monotonic() - began))
            due += 1 / self._rate
            await asyncio.sleep(max(0.0, due - monotonic()))


class Disk:
    """4 KiB appended and synchronised now and then, on a thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._over = threading.Event()
        self._took: list[float] = []

    @contextmanager
    def measured(self) -> Iterator[None]:
        """While inside."""
        self._over.clear()
        thread = threading.Thread(target=self._measure)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _measure(self) -> None:
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        while not self._over.wait(SYNC_EVERY_S):
            began = monotonic()
            os.write(file, bytes(4096))
            os.fdatasync(file)
            self._took.append(monotonic() - began)
        os.close(file)

    def take(self) -> list[float]:
        """What each cost since the last time."""
        took, self._took = self._took, []
        return took
