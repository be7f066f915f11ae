"""WebSocket as a client lives it: what a wrong port, path or server is called, and the one limit."""

from __future__ import annotations

import asyncio

import pytest

from holdfast import Client, Reconnect
from holdfast.errors import NotReady
from holdfast.testing import Broker, eventually
from tests.integration.conftest import AnyBroker, MakeClient
from tests.support.sockets import listening, listening_with
from tests.support.websockets import answering


async def test_a_port_for_plain_mqtt() -> None:
    """ws:// at a broker's TCP port: named within the first second, with the scheme that fits."""
    with Broker() as broker:
        url = broker.url.replace("mqtt:", "ws:")
        async with Client(url, reconnect="lan", drain_s=0) as client:
            with pytest.raises(NotReady) as unready:
                await client.ready(1)
        assert unready.value.cause == "websocket"
        assert "closed the connection in the WebSocket handshake" in str(unready.value)
        assert "mqtt://" in str(unready.value.hint)


async def test_a_server_without_the_path() -> None:
    """HTTP 404: said with the status, and again and again until the broker is there."""
    gone = answering(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    async with (
        listening_with(gone) as peers,
        Client(f"ws://127.0.0.1:{peers.port}/wrong", reconnect="lan", drain_s=0) as client,
    ):
        await eventually(lambda: client.snapshot().attempts >= 2)
        assert client.snapshot().cause == "websocket"
        assert "has no WebSocket at this path: HTTP 404 Not Found" in client._state.reason


async def test_the_handshake_counts_in_the_attempt() -> None:
    """A server that accepts the connection and never answers is left within attempt_timeout_s."""
    limit = Reconnect(first_delay_s=0.05, max_delay_s=0.05, attempt_timeout_s=0.1)
    async with (
        listening() as peers,
        Client(f"ws://127.0.0.1:{peers.port}", reconnect=limit, drain_s=0) as client,
    ):
        await eventually(lambda: client.snapshot().attempts >= 2)
        assert client.snapshot().cause == "timeout"


@pytest.mark.parametrize("broker", ["mosquitto-ws", "mosquitto-wss"], indirect=True)
async def test_a_large_message(make: MakeClient, broker: AnyBroker) -> None:
    """It comes back whole, however it is cut: mosquitto 2.0.11 writes 4 KiB every 100 ms."""
    payload = bytes(range(256)) * 160
    async with make() as client, client.subscribe("large") as messages:
        await messages.ready(5)
        await client.publish("large", payload, qos=2)
        async for message in messages:
            assert message.payload == payload
            break


@pytest.mark.parametrize("broker", ["mosquitto-ws"], indirect=True)
@pytest.mark.parametrize("version", ["5"])
async def test_a_frame_that_takes_its_time_is_life(make: MakeClient, broker: AnyBroker) -> None:
    """A message slower than the keep alive is no dead broker: any byte is life (contract 21)."""
    async with make() as sender, make(keepalive_s=1) as client, client.subscribe("slow") as messages:
        await messages.ready(5)
        await sender.publish("slow", bytes(130_000))  # at mosquitto's 4 KiB every 100 ms: three seconds
        async with asyncio.timeout(10):
            message = await anext(messages)
        assert len(message.payload) == 130_000
        assert client.snapshot().connections == 1
