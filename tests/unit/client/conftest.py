"""A client without a broker, and its present run."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest

from holdfast import Client, Limits
from holdfast.client.core import Core
from holdfast.client.engine import Engine
from holdfast.errors import Undelivered

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
