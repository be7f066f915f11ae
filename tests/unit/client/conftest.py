"""A client without a broker, and its present run."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from holdfast import Client, Limits
from holdfast.client.core import Core
from holdfast.client.engine import Engine
from holdfast.client.isolation import Isolated
from holdfast.errors import Undelivered
from holdfast.outbox.store import Group, Store
from holdfast.testing import Broker
from tests.unit.client.parked import Kept

NOBODY = "mqtt://127.0.0.1:1"


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """Started, without a broker."""
    client = Client(NOBODY, client_id="core", drain_s=0, limits=Limits(qos0_outbox=1, unclaimed_s=0.02))
    await client.start()
    yield client
    with contextlib.suppress(Undelivered):
        await client.stop()


@pytest.fixture
async def run(client: Client) -> Core:
    """Its present run."""
    assert client._core is not None
    return client._core


def engine_of(client: Client) -> Engine:
    """That of its present run, which is not isolated."""
    assert client._core is not None
    assert isinstance(client._core.engine, Engine)
    return client._core.engine


def engine_threads() -> list[str]:
    """Those of engines that there are."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("holdfast engine")]


def inside(client: Client) -> tuple[Core, Isolated]:
    """The present run of an isolated client."""
    core = client._core
    assert core is not None
    assert isinstance(core.keeper, Isolated)
    return core, core.keeper


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Kept]:
    """A parking over a file."""
    kept = Kept(tmp_path / "kept.db")
    yield kept
    kept.close()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Commits of all files wait while it is cleared."""
    goes, commit = threading.Event(), Store.commit
    goes.set()

    def wait(store: Store, group: Group) -> None:
        assert goes.wait(10)
        commit(store, group)

    monkeypatch.setattr(Store, "commit", wait)
    yield goes
    goes.set()


@pytest.fixture
async def isolated() -> AsyncIterator[Client]:
    """Connected."""
    with Broker(strict=True) as broker:
        client = Client(broker.url, client_id="isolated", reconnect="lan", isolated=True)
        async with client:
            await client.ready(5)
            yield client
        assert broker.violations == []
    assert engine_threads() == []
