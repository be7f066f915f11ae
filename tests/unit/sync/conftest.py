"""A blocking client, connected to a strict broker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from holdfast.sync import Client
from holdfast.testing import Broker


@pytest.fixture
def broker() -> Iterator[Broker]:
    """Strict, and with nothing to complain of behind the test."""
    with Broker(strict=True) as broker:
        yield broker
        assert broker.violations == []


@pytest.fixture
def client(broker: Broker) -> Iterator[Client]:
    """Connected; no thread of it is left behind the test."""
    with Client(broker.url, client_id="blocking", reconnect="lan", drain_s=1) as client:
        client.ready(5)
        yield client
    assert client_threads() == []


def client_threads() -> list[str]:
    """Those of clients that there are."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("holdfast client")]


def wait_for(check: Callable[[], object], timeout_s: float = 5) -> None:
    """As ``eventually``, on a thread."""
    deadline = time.monotonic() + timeout_s
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.001)
