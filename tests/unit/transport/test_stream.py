"""The link on any stream of asyncio; tests/contracts/test_link.py has what it shares with the others."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.transport import TLS, Address, open_link
from holdfast.transport.stream import StreamLink
from tests.support.certificates import Certificates
from tests.support.sockets import Ear, Peer, listening, until


async def pour(peer: Peer) -> None:
    """Something comes all the time, until the other side is done."""
    while not peer.gone and not peer.transport.is_closing():
        peer.transport.write(bytes(1000))
        await asyncio.sleep(0)


async def test_closing_tls_while_messages_pour_in(made: Certificates) -> None:
    """The peer reads our last words, though it was writing all the time: no reset takes them from it."""
    ear = Ear()
    async with listening(made.server.context()) as peers:
        link = await open_link(Address("mqtts", "localhost", peers.port), TLS(ca_file=made.ca.file), ear)
        peer = await peers.one()
        pouring = asyncio.create_task(pour(peer))
        await until(lambda: len(ear.data) > 10_000)
        link.write(b"bye")
        link.close()
        await until(lambda: peer.data == b"bye")
        peer.transport.close()
        await pouring
        await until(lambda: ear.losses == [None])
        assert peer.error is None


async def test_tls_ends_by_itself_in_the_end(made: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that does not end what we closed gets our close_notify."""
    monkeypatch.setattr("holdfast.transport.stream.PEER_GOES_FIRST_S", 0.02)
    ear = Ear()
    async with listening(made.server.context()) as peers:
        link = await open_link(Address("mqtts", "localhost", peers.port), TLS(ca_file=made.ca.file), ear)
        peer = await peers.one()
        link.close()
        link.write(b"late")
        await until(lambda: peer.ended and ear.losses == [None])
        assert peer.data == b""


def test_nothing_raises_before_the_beginning() -> None:
    """A link that is not connected yet takes every call and does nothing."""
    link = StreamLink(Ear())
    link.write(b"early")
    link.read(False)
    link.close()
    link.abort()
