"""The TCP and TLS link on real sockets: bytes both ways, back pressure, every way to end."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from holdfast.transport import TLS, Address, open_link
from holdfast.transport.tcp import TcpLink
from tests.support.certificates import Certificates
from tests.support.sockets import FLOOD, Ear, Peer, flood, keep_small, listening, until


def plain(port: int) -> Address:
    return Address("mqtt", "127.0.0.1", port)


def secure(port: int) -> Address:
    return Address("mqtts", "localhost", port)


def socket_of(link: TcpLink) -> socket.socket:
    transport = link._transport
    assert transport is not None
    return cast(socket.socket, transport.get_extra_info("socket"))


@asynccontextmanager
async def linked(
    tls: TLS | ssl.SSLContext | None = None, server: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[TcpLink, Ear, Peer]]:
    """A link to a peer, TLS on top or not; cut at the end of the block."""
    ear = Ear()
    async with listening(server) as peers:
        address = secure(peers.port) if server else plain(peers.port)
        link = await open_link(address, tls, ear)
        assert isinstance(link, TcpLink)
        keep_small(socket_of(link))
        try:
            yield link, ear, await peers.one()
        finally:
            link.abort()
            await until(lambda: bool(ear.losses))


@pytest.fixture(params=["tcp", "tls"])
def both(request: pytest.FixtureRequest, made: Certificates) -> Callable[[], Any]:
    """``linked`` for a claim that holds for TCP and for TLS."""
    if request.param == "tcp":
        return linked
    return lambda: linked(TLS(ca_file=made.ca.file), made.server.context())


# -- bytes -----------------------------------------------------------------------------------


async def test_nodelay_is_set(both: Callable[[], Any]) -> None:
    """TCP_NODELAY is on: a small packet does not wait for the peer's delayed ACK."""
    async with both() as (link, _, _):
        assert socket_of(link).getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_nodelay_is_our_own_doing() -> None:
    """It does not depend on what the event loop sets: a socket without it has it afterwards."""

    class Bare(asyncio.Transport):
        def get_extra_info(self, name: str, default: Any = None) -> Any:
            return sock if name == "socket" else default

    with socket.socket() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
        TcpLink(Ear()).connection_made(Bare())
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_bytes_go_both_ways(both: Callable[[], Any]) -> None:
    """What is written arrives; what arrives is told."""
    async with both() as (link, ear, peer):
        link.write(b"ping")
        await until(lambda: peer.data == b"ping")
        peer.transport.write(b"pong")
        await until(lambda: ear.data == b"pong")


async def test_reading_can_be_paused(both: Callable[[], Any]) -> None:
    """With reading off nothing is told and the peer is slowed down; nothing is lost when it is on again."""
    async with both() as (link, ear, peer):
        link.read(False)
        link.read(False)
        flood(peer.transport)
        await until(lambda: peer.transport.get_write_buffer_size() > 0)
        held = len(ear.data)
        for _ in range(20):
            await asyncio.sleep(0.002)
        assert len(ear.data) == held == 0
        assert peer.transport.get_write_buffer_size() > 0
        link.read(True)
        link.read(True)
        await until(lambda: len(ear.data) == FLOOD)


async def test_a_slow_peer_is_told(both: Callable[[], Any]) -> None:
    """More bytes than the peer takes: writable(False); when it has caught up: writable(True)."""
    async with both() as (link, ear, peer):
        peer.transport.pause_reading()
        flood(link)
        await until(lambda: ear.writables == [False])
        peer.transport.resume_reading()
        await until(lambda: ear.writables == [False, True])
        await until(lambda: len(peer.data) == FLOOD)


# -- ends ------------------------------------------------------------------------------------


async def test_close_writes_what_was_handed_over(both: Callable[[], Any]) -> None:
    """close(): everything first, then the end; told once, without an error."""
    async with both() as (link, ear, peer):
        flood(link)
        link.close()
        await until(lambda: len(peer.data) == FLOOD and peer.ended)
        peer.transport.close()
        await until(lambda: ear.losses == [None])


async def test_close_takes_nothing_from_the_peer() -> None:
    """A close with bytes unread would be a reset, which swallows our last words: the peer gets them."""
    async with linked() as (link, ear, peer):
        link.read(False)
        flood(peer.transport)
        link.write(b"bye")
        link.close()
        link.read(False)
        await until(lambda: peer.data == b"bye" and peer.ended)
        peer.transport.close()
        await until(lambda: ear.losses == [None])
        assert peer.error is None


async def test_close_on_a_link_that_is_dead() -> None:
    """The peer's RST is there but not read yet: close() ends the link, and raises nothing."""
    async with linked() as (link, ear, peer):
        link.read(False)
        peer.reset()
        await until(lambda: peer.ended)
        link.close()
        await until(lambda: len(ear.losses) == 1)


async def test_abort_does_not_wait_for_a_peer_that_is_gone(both: Callable[[], Any]) -> None:
    """Half-open: close() would wait for a peer that reads nothing, abort() ends at once."""
    async with both() as (link, ear, peer):
        peer.transport.pause_reading()
        flood(link)
        link.close()
        for _ in range(20):
            await asyncio.sleep(0.002)
        assert ear.losses == []
        link.abort()
        await until(lambda: ear.losses == [None], 1)


async def test_a_half_close_is_the_end(both: Callable[[], Any]) -> None:
    """The peer says FIN and still reads: the link ends, told once and without an error."""
    async with both() as (_, ear, peer):
        peer.transport.write(b"last")
        if peer.transport.can_write_eof():
            peer.half_close()
        else:
            peer.transport.close()
        await until(lambda: ear.losses == [None])
        assert ear.data == b"last"


async def test_a_half_close_ends_also_with_bytes_stuck() -> None:
    """FIN from a peer that takes nothing any more: what we hold for it keeps nobody waiting."""
    async with linked() as (link, ear, peer):
        peer.transport.pause_reading()
        flood(link)
        await until(lambda: ear.writables == [False])
        peer.half_close()
        await until(lambda: ear.losses == [None], 1)


async def test_a_reset_is_told_with_its_error() -> None:
    """RST from the peer: lost() gets the error, once."""
    async with linked() as (_, ear, peer):
        peer.reset()
        await until(lambda: bool(ear.losses))
        assert [type(error) for error in ear.losses] == [ConnectionResetError]


@pytest.mark.parametrize("end", ["close", "abort"])
async def test_nothing_raises_after_the_end(end: str, both: Callable[[], Any]) -> None:
    """Writing, reading and ending a link that has ended does nothing, whoever ended it."""
    async with both() as (link, ear, peer):
        getattr(link, end)()
        for _ in range(2):
            link.write(b"late")
            link.read(False)
            link.read(True)
            link.close()
            link.abort()
            await until(lambda: bool(ear.losses))
        assert len(ear.losses) == 1
        assert b"late" not in peer.data


def test_nothing_raises_before_the_beginning() -> None:
    """A link that is not connected yet takes every call and does nothing."""
    link = TcpLink(Ear())
    link.write(b"early")
    link.read(False)
    link.close()
    link.abort()
