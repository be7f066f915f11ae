"""How long Holdfast takes to accept a message, and how long after the commit of its group it says so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from time import perf_counter

from holdfast import Client

Message = tuple[str, bytes]
"""Topic and payload."""


class Latency:
    """Times every `publish`; commits are stamped where the outbox tells of them, on its own thread."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._outbox = client._outbox
        self._told = self._outbox.on_durable
        self._outbox.on_durable = self._committed
        self._first = self._outbox.durable + 1
        self._commits: list[float] = []
        self._returned: list[tuple[int, float]] = []
        self.took_s: list[float] = []

    def _committed(self) -> None:
        self._commits.append(perf_counter())
        self._told()

    async def publisher(self, messages: Iterator[Message], pause_s: float | None = None) -> None:
        """Publishes them one after the other; None: in a closed loop."""
        publish, took, returned = self._client.publish, self.took_s.append, self._returned.append
        for topic, payload in messages:
            began = perf_counter()
            receipt = await publish(topic, payload)
            ended = perf_counter()
            took(ended - began)
            returned((receipt.commit, ended))
            if pause_s is not None:
                await asyncio.sleep(pause_s)

    def lag_s(self) -> list[float]:
        """From the commit of its group to the return of each `publish`."""
        return [ended - self._commits[commit - self._first] for commit, ended in self._returned]
