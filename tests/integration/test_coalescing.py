"""Adaptive read coalescing on a real broker: load is read in batches, and light traffic as it comes."""

from __future__ import annotations

import asyncio
import time

import pytest

from holdfast.testing import eventually
from holdfast.transport.stream import StreamLink
from tests.integration.conftest import AnyBroker, MakeClient

MESSAGES, LONGEST_S = 20_000, 60.0

on_mosquitto = pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
"""The trickle of a real broker is what this is about."""


class Pauses:
    """Counts how often a link stopped reading."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.count = 0
        read = StreamLink.read

        def counted(link: StreamLink, wanted: bool) -> None:
            self.count += not wanted
            read(link, wanted)

        patch.setattr(StreamLink, "read", counted)


async def flood(port: int) -> None:
    """Numbered messages of QoS 1, as fast as another program can publish them."""
    process = await asyncio.create_subprocess_exec(
        *("mosquitto_pub", "-p", str(port), "-t", "flood", "-q", "1", "-l"),
        stdin=asyncio.subprocess.PIPE,
    )
    await process.communicate(b"".join(b"%d\n" % number for number in range(MESSAGES)))
    assert process.returncode == 0


@on_mosquitto
@pytest.mark.needs("mosquitto", "mosquitto_pub")
async def test_load_is_read_in_batches(
    broker: AnyBroker, make: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood makes reading pause, again and again; every message comes once, in its order.

    Where the machine is busy reads come late, and are batches as they are: so there are more floods then.
    """
    pauses = Pauses(monkeypatch)
    got: list[int] = []

    async def handle(payload: bytes) -> None:
        got.append(int(payload))

    async with make() as client:
        client.on("flood")(handle)
        await client.ready(5)
        until = time.monotonic() + LONGEST_S
        while pauses.count <= 10 and time.monotonic() < until:
            got.clear()
            await flood(int(broker.url.rsplit(":", 1)[1]))
            await eventually(lambda: len(got) >= MESSAGES, 30)
            assert got == list(range(MESSAGES))
        assert client.snapshot().dropped_inbound == 0
    assert pauses.count > 10


@on_mosquitto
@pytest.mark.needs("mosquitto")
async def test_light_traffic_never_pauses(
    broker: AnyBroker, make: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 messages a second: each is read when it comes."""
    pauses = Pauses(monkeypatch)
    got: list[bytes] = []

    async def handle(payload: bytes) -> None:
        got.append(payload)

    async with make() as client:
        client.on("light")(handle)
        await client.ready(5)
        for _ in range(300):
            await client.publish("light", b"x" * 64)
            await asyncio.sleep(0.002)
        await eventually(lambda: len(got) == 300)
    assert pauses.count == 0
