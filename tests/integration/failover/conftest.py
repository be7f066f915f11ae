"""Two brokers, each with sessions of its own, and a client that prefers the first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast import Client, Reconnect
from holdfast.client.events import Event
from holdfast.testing import Broker
from tests.integration.conftest import PERSISTENT
from tests.support.mosquitto import Mosquitto

QUICK = Reconnect(first_delay_s=0.01, max_delay_s=0.05, attempt_timeout_s=0.3, fail_back_s=1)
"""A backup after a third of a second, and back after one to two seconds."""

Make = Callable[..., Client]


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Mosquitto, Mosquitto]]:
    """Real ones, which keep their sessions over a restart."""
    made = []
    for name in ("primary", "backup"):
        lines = (*PERSISTENT, f"persistence_location {tmp_path / name}/")
        made.append(Mosquitto(tmp_path / name, *lines))
    with made[0] as primary, made[1] as backup:
        yield primary, backup


@pytest.fixture
def ours() -> Iterator[tuple[Broker, Broker]]:
    """Ours, strict: they hang up on what no ordinary broker notices."""
    with Broker(strict=True) as primary, Broker(strict=True) as backup:
        yield primary, backup
        assert primary.violations == []
        assert backup.violations == []


def client_of(*urls: Any, **options: Any) -> Client:
    """A client with a stable id and a kept session."""
    return Client(list(urls), **{"client_id": "mover", "reconnect": QUICK, "drain_s": 1, **options})


async def heard(events: Any, name: str) -> Event:
    """The next event of this name."""
    async for event in events:
        if event.name == name:
            return event  # type: ignore[no-any-return]
    raise AssertionError(f"no {name}, and the client has stopped")
