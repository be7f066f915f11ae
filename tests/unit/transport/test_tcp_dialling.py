"""Dialling: several addresses, refusals under their own name, attempts that are given up."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from holdfast.transport import TLS, Address, open_link
from tests.support.sockets import Ear, black_hole, closed_port, listening, until


def plain(port: int) -> Address:
    return Address("mqtt", "127.0.0.1", port)


def secure(port: int) -> Address:
    return Address("mqtts", "localhost", port)


def several(monkeypatch: pytest.MonkeyPatch, *places: tuple[str, int]) -> None:
    """The name resolves to these."""

    async def resolve(*_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place) for place in places]

    monkeypatch.setattr("holdfast.transport.tcp.resolve", resolve)


async def test_a_refusal_keeps_its_class() -> None:
    """Nobody listens: ConnectionRefusedError."""
    with pytest.raises(ConnectionRefusedError):
        await open_link(plain(closed_port()), None, Ear())


async def test_a_refusal_keeps_its_class_with_several_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """localhost with ::1 and 127.0.0.1, both refusing: still ConnectionRefusedError, not a joined text."""
    port = closed_port()
    several(monkeypatch, ("127.0.0.1", port), ("127.0.0.2", port))
    with pytest.raises(ConnectionRefusedError) as caught:
        await open_link(Address("mqtt", "broker.example", port), None, Ear())
    assert "Multiple" not in str(caught.value)


async def test_a_dead_address_does_not_hide_a_living_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first address answers nothing: the second is tried beside it, well within an attempt (RFC 8305)."""
    ear = Ear()
    async with listening() as peers:
        with black_hole() as dead:
            several(monkeypatch, ("127.0.0.1", dead), ("127.0.0.1", peers.port))
            async with asyncio.timeout(2):
                link = await open_link(Address("mqtt", "broker.example", 1), None, ear)
        link.abort()
        await until(lambda: bool(ear.losses))


async def test_an_attempt_can_be_cancelled_in_the_handshake() -> None:
    """The port accepts and says nothing: cancelling ends the attempt and closes the socket."""
    ear = Ear()
    async with listening() as peers:
        dial = asyncio.create_task(open_link(secure(peers.port), TLS(), ear))
        peer = await peers.one()
        await until(lambda: bool(peer.data))
        dial.cancel()
        await until(lambda: peer.ended and dial.cancelled())
        assert ear.losses == []
