"""What a broker says, and what we end ourselves, on real sockets: each code, each end (contract 29)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from holdfast import Client, reasons
from holdfast.client.events import ConnectFailed, Disconnected
from holdfast.codec import V5, V311, Connack, Disconnect, Packet, Suback, Version, encode
from holdfast.resilience import Verdict, of_close, of_connack
from holdfast.testing import Broker
from holdfast.testing.model import BrokerLimits
from tests.integration.conftest import Version as Name
from tests.support.certificates import Certificates
from tests.support.mosquitto import Mosquitto
from tests.support.provoking import first
from tests.support.sockets import Peer, listening_with

Listen = Callable[[Certificates | None], AbstractContextManager[int]]

VERSIONS: dict[Name, Version] = {"5": V5, "3.1.1": V311}


def saying(*parts: bytes) -> type[Peer]:
    """Says this to whoever has said anything, then nothing more."""

    class Saying(Peer):
        def data_received(self, data: bytes) -> None:
            first = not self.data
            super().data_received(data)
            if first:
                for part in parts:
                    self.write(part)

    return Saying


def packets(version: Version, *said: Packet) -> type[Peer]:
    return saying(*(encode(packet, version) for packet in said))


@asynccontextmanager
async def meeting(make: type[Peer], version: Name = "5", **options: Any) -> AsyncIterator[tuple[Client, str]]:
    """A client that has begun to dial such a peer, and where that is."""
    async with listening_with(make) as peers:
        place = f"127.0.0.1:{peers.port}"
        given = {"client_id": "c", "version": version, "drain_s": 0, **options}
        async with Client(f"mqtt://{place}", **given) as client:
            yield client, place


def told(verdict: Verdict) -> Verdict:
    """As an event has it."""
    return Verdict(verdict.cause, str(verdict), verdict.hint)


CONNACKS: list[tuple[Name, int]] = [
    *(("5", code) for code in sorted(reasons.IN_PACKET["CONNACK"] - {0})),
    *(("3.1.1", code) for code in sorted(reasons.RETURN_CODES)),
]


@pytest.mark.parametrize(("version", "code"), CONNACKS)
async def test_every_refusal(version: Name, code: int) -> None:
    """CONNACK with this code: cause, sentence and hint are those of the standard's table."""
    async with meeting(packets(VERSIONS[version], Connack(False, code)), version) as (client, place):
        verdict = await first(client, ConnectFailed)
    assert verdict == told(of_connack(code, "", place, VERSIONS[version]))
    assert verdict.hint


@pytest.mark.parametrize("code", sorted(reasons.IN_PACKET["DISCONNECT"] - {0x04}))
async def test_every_end_by_the_broker(code: int) -> None:
    """DISCONNECT with this code, and the broker's words (0x04 is for clients alone)."""
    said = Disconnect(code, {"reason_string": "for some reason"})
    async with meeting(packets(V5, Connack(), said)) as (client, place):
        verdict = await first(client, Disconnected)
    assert verdict == told(of_close(False, code, "for some reason", place))
    assert "for some reason" in verdict.sentence


# -- what is no MQTT --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "greeting",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", bytes.fromhex("15030300020250")],
    ids=["HTTP", "SSH", "TLS"],
)
async def test_a_port_for_something_else(greeting: bytes) -> None:
    """HTTP, SSH, the alert of a TLS server: no MQTT, and the hint names the schemes that may be meant."""
    async with meeting(saying(greeting)) as (client, place):
        verdict = await first(client, ConnectFailed)
    assert verdict.cause == "protocol"
    assert verdict.sentence.startswith(f"{place} broke the protocol: ")
    assert "mqtts://" in str(verdict.hint)


async def test_a_port_that_hangs_up() -> None:
    """Closed without an answer: the same hint."""

    class HangingUp(Peer):
        def data_received(self, data: bytes) -> None:
            self.transport.close()

    async with meeting(HangingUp) as (client, place):
        verdict = await first(client, ConnectFailed)
    assert verdict.cause == "closed"
    assert verdict.sentence.startswith(f"{place} closed the connection without an answer")
    assert "mqtts://" in str(verdict.hint)


# -- the wrong scheme -------------------------------------------------------------------------------


@pytest.fixture(params=["ours", "mosquitto"])
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Listen:
    """The port of a broker with TLS or without."""

    @contextmanager
    def listen(made: Certificates | None) -> Iterator[int]:
        if request.param == "ours":
            with Broker(ssl_context=made.server.context() if made else None) as broker:
                yield broker.port
        else:
            with Mosquitto(
                tmp_path / "mosquitto", transport="tls" if made else "tcp", certificates=made
            ) as other:
                yield other.port

    return listen


@pytest.mark.needs("mosquitto")
async def test_a_tls_port_spoken_to_in_plain(
    port: Callable[[Certificates | None], Any], made: Certificates
) -> None:
    """It hangs up, each broker in its way; the hint says which scheme it may be."""
    with port(made) as number:
        async with Client(f"mqtt://127.0.0.1:{number}") as client:
            verdict = await first(client, ConnectFailed)
    assert verdict.cause in ("closed", "protocol", "reset")
    assert "mqtts://" in str(verdict.hint)


@pytest.mark.needs("mosquitto")
async def test_a_plain_port_spoken_to_in_tls(port: Listen) -> None:
    """The other way round: no TLS there."""
    with port(None) as number:
        async with Client(f"mqtts://127.0.0.1:{number}") as client:
            verdict = await first(client, ConnectFailed)
    assert verdict.cause == "tls"
    assert verdict.sentence.startswith(f"no TLS with 127.0.0.1:{number}: the connection ended during the TLS")


# -- what we end ------------------------------------------------------------------------------------


async def test_a_broken_rule(version: Name) -> None:
    """SUBACK for nothing, on a link that was up."""
    peer = packets(VERSIONS[version], Connack(), Suback(9, [0]))
    async with meeting(peer, version) as (client, place):
        verdict = await first(client, Disconnected)
    assert verdict.cause == "protocol"
    assert verdict.sentence.startswith(f"{place} broke the protocol: ")


async def test_silence(version: Name) -> None:
    """No answer to a ping."""
    async with meeting(packets(VERSIONS[version], Connack()), version, keepalive_s=1) as (client, place):
        verdict = await first(client, Disconnected)
    assert verdict.cause == "keepalive"
    assert verdict.sentence.startswith(f"{place} fell silent")


async def test_a_session_that_holds_too_much(tmp_path: Path) -> None:
    """A hundred and one messages in flight that the broker does not take any more (contract 10)."""
    options: dict[str, Any] = {"persist": "fsync", "path": tmp_path / "state"}
    with Broker(**options) as broker:
        async with Client(broker.url, client_id="c", version="5", reconnect="lan", drain_s=0) as client:
            await client.ready(5)
            broker.hold("PUBACK")
            receipts = [await client.publish("t", bytes(300)) for _ in range(101)]
            await _arrived(broker, len(receipts))
            port = broker.port
            broker.stop()
            with Broker(port=port, limits=BrokerLimits(max_packet_bytes=100), **options):
                async with asyncio.timeout(10):
                    ends = (event async for event in client.events() if isinstance(event, Disconnected))
                    ended = await anext(event async for event in ends if event.cause == "session_ended")
    assert "we ended the session with" in ended.message


async def _arrived(broker: Broker, count: int) -> None:
    async with asyncio.timeout(5):
        while len(broker.messages()) < count:  # noqa: ASYNC110  # a broker knows no event
            await asyncio.sleep(0.005)
