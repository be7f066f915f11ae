"""A mosquitto, whoever hears all that reaches it, and a pool that publishes into it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast import Client, Pool, Reconnect
from holdfast.client.brokers import parse_urls
from tests.integration.conftest import PERSISTENT
from tests.support.mosquitto import Mosquitto

QUICK = Reconnect(first_delay_s=0.01, max_delay_s=0.05, attempt_timeout_s=0.5)


class Heard:
    """The numbers of each key, in the order in which they came first."""

    def __init__(self) -> None:
        self.numbers: dict[str, list[int]] = {}
        self._known: set[tuple[str, int]] = set()
        self.repeats = 0

    def hear(self, key: str, number: int) -> None:
        """It came, perhaps not for the first time."""
        if (key, number) in self._known:
            self.repeats += 1
            return
        self._known.add((key, number))
        self.numbers.setdefault(key, []).append(number)

    def __len__(self) -> int:
        return len(self._known)

    @property
    def unordered(self) -> list[str]:
        """Keys of which a number was overtaken."""
        return [key for key, numbers in self.numbers.items() if numbers != sorted(numbers)]


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """It keeps its sessions over a restart."""
    lines = (*PERSISTENT, f"persistence_location {tmp_path}/")
    with Mosquitto(tmp_path / "mosquitto", *lines) as broker:
        yield broker


@pytest.fixture
async def heard(mosquitto: Mosquitto) -> AsyncIterator[Heard]:
    """A subscriber from the beginning to the end, its session kept."""
    heard = Heard()
    client = Client(mosquitto.url, client_id="hearer", reconnect=QUICK)

    @client.on("k/{number}")
    async def handle(number: int, payload: str) -> None:
        heard.hear(f"k/{number}", int(payload))

    async with client:
        await client.ready(5)
        yield heard


def through(pool: Pool, *urls: Any) -> Pool:
    """The same pool, each connection with a way to the broker of its own."""
    for client, url in zip(pool._members.clients, urls, strict=True):
        client._setup.groups = parse_urls(url)
    return pool
