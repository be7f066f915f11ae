"""What is on its way into the outbox file when the client ends (contract 13, 24)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from holdfast import Client, Limits, QoS
from holdfast.client.parking import Parking
from holdfast.outbox.store import Store
from holdfast.testing import eventually
from tests.integration.conftest import MakeClient, on_tcp

QUICK = Limits(hold_limit_s=0.3)


@on_tcp
@pytest.mark.parametrize("qos", [1, 2])
async def test_a_stop_waits_for_what_is_on_its_way_into_the_file(
    make: MakeClient, tmp_path: Path, qos: QoS, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is acknowledged, and so handled once: by the next process."""
    disk, commit = threading.Event(), Store.commit
    disk.set()
    monkeypatch.setattr(Store, "commit", lambda store, group: (disk.wait(10), commit(store, group)))
    got, runs = list[str](), list[str]()
    options = {"client_id": f"stopped-{qos}", "session_expiry_s": 60, "outbox": tmp_path / "stop.db"}

    def begin(handle: Callable[[str], Awaitable[None]]) -> Client:
        client = make(**options, limits=QUICK)
        client.on("stop", qos=qos)(handle)
        return client

    async def hang(payload: str) -> None:
        runs.append(payload)
        await asyncio.Event().wait()

    async def handle(payload: str) -> None:
        got.append(payload)

    client = begin(hang)
    await client.start()
    async with make() as sender:
        await client.ready(5)
        await sender.publish("stop", "1", qos=qos)
        await eventually(lambda: runs)
        disk.clear()
        await eventually(lambda: client.snapshot().held == 1)
        parking = parking_of(client)
        stopping = asyncio.create_task(client.stop(1))
        await eventually(lambda: parking._ending)
        disk.set()
        await stopping
        async with begin(handle) as client:
            await client.ready(5)
            await sender.publish("stop", "2", qos=qos)
            await eventually(lambda: "2" in got)
            assert got == ["1", "2"]


def parking_of(client: Client) -> Parking:
    assert client._core is not None
    assert client._core.consumers.parking is not None
    return client._core.consumers.parking
