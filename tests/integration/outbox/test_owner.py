"""Whose an outbox file is: one process, one client id, one broker (contract 2, 26)."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from holdfast import Client
from holdfast.errors import ConfigurationError, OutboxError, OutboxLocked
from holdfast.testing import Broker
from tests.support import publishing

NOBODY = "mqtt://127.0.0.1:1"


async def test_another_process_has_it(broker: Broker, path: Path) -> None:
    """Its pid is told; killed, it is in nobody's way, and what it had accepted is ours to send."""
    broker.freeze()
    options = {"url": broker.url, "outbox": str(path)}
    wishes = {"qos": 1, "group": 1, "more": 20, "stay": True, "options": options}
    command = [sys.executable, "-m", publishing.__name__, json.dumps(wishes)]
    owner = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert owner.stdout is not None
    try:
        await owner.stdout.readuntil(b"\n19\n")
        client = Client(broker.url, outbox=path)
        with pytest.raises(OutboxLocked, match=f"process {owner.pid}") as refused:
            await client.start()
        assert refused.value.pid == owner.pid
    finally:
        owner.kill()
        await owner.wait()
    broker.thaw()
    async with client:
        await client.flush(5)
        assert client.snapshot().ledger.acknowledged == 20


async def test_it_belongs_to_another_broker(broker: Broker, path: Path) -> None:
    """Contract 2: refused with both names and the command that rebinds it; it stays as it is."""
    async with Client(NOBODY, outbox=path) as client:
        await client.publish("a", "b")
    with pytest.raises(OutboxError, match=r"belongs to the brokers '127\.0\.0\.1:1'") as refused:
        await Client(broker.url, outbox=path).start()
    assert f"holdfast outbox rebind {path}" in str(refused.value.hint)
    async with Client(NOBODY, outbox=path) as client:
        assert client.snapshot().ledger.pending == 1


async def test_slots_serve_many_processes(broker: Broker, tmp_path: Path) -> None:
    """Contract 26: each client takes the first free file and has its own id; an orphan's is adopted."""
    pattern = tmp_path / "{slot}.db"
    options: dict[str, Any] = {"outbox": pattern, "client_id": "gateway-{slot}", "drain_s": 0}
    broker.freeze()
    first, second = (Client(broker.url, **options) for _ in range(2))
    async with first:
        async with second:
            assert [first.client_id, second.client_id] == ["gateway-0", "gateway-1"]
            await second.publish("a", "left behind")
        third = Client(broker.url, **options)
        broker.thaw()
        async with third:
            assert third.client_id == "gateway-1"
            await third.flush(5)
    assert [one.text() for one in broker.messages("a")] == ["left behind"]
    with pytest.raises(ConfigurationError, match="would be the client 'one'"):
        Client(broker.url, outbox=pattern, client_id="one")
