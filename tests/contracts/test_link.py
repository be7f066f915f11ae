"""The port Link: what every transport promises, whatever is between us and the peer."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest

from holdfast.transport import Link, LinkUser
from tests.contracts.links import WAYS, Linked, MakeLinked, Way, linked
from tests.support import certificates
from tests.support.certificates import Certificates
from tests.support.sockets import FLOOD, flood, until


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates for those with TLS: made once, as it takes a while."""
    return certificates.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(params=list(WAYS))
def way(request: pytest.FixtureRequest) -> Way:
    """Every transport, and some of them through proxies."""
    return WAYS[request.param]


@pytest.fixture
def connect(way: Way, made: Certificates) -> MakeLinked:
    """Opens a link of this way for the length of a block."""

    def opened() -> AbstractAsyncContextManager[Linked]:
        return linked(way, made)

    return opened


async def pieces(count: int = 20) -> None:
    """Time for what must not happen."""
    for _ in range(count):
        await asyncio.sleep(0.002)


# -- bytes -----------------------------------------------------------------------------------


async def test_it_has_the_verbs_of_the_port(connect: MakeLinked) -> None:
    """Each adapter is a Link, and what it talks to is a LinkUser."""
    async with connect() as made:
        link: Link = made.link
        user: LinkUser = made.ear
        verbs = {name for name in vars(Link) if not name.startswith("_")}
        assert verbs == {"abort", "close", "read", "write"}
        assert all(callable(getattr(link, verb)) for verb in verbs)
        assert user is made.ear


async def test_bytes_go_both_ways_in_order(connect: MakeLinked) -> None:
    """What is written arrives whole and in order, in pieces of any size; what arrives is told."""
    async with connect() as made:
        sizes = [1, 125, 126, 127, 65_535, 65_536, 200_000, 1]
        sent = b"".join(bytes([index]) * size for index, size in enumerate(sizes))
        at = 0
        for size in sizes:
            made.link.write(sent[at : at + size])
            at += size
        await until(lambda: bytes(made.peer.data) == sent)
        at = 0
        for size in sizes:
            made.peer.write(sent[at : at + size])
            at += size
        await until(lambda: bytes(made.ear.data) == sent)


async def test_a_small_packet_does_not_wait(connect: MakeLinked) -> None:
    """Twenty small packets there and back, one by one: no delayed ACK of 40 ms is in any of them."""
    async with connect() as made:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for count in range(1, 21):
            made.link.write(b"?")
            made.link.write(b"?")
            await until(lambda count=count: len(made.peer.data) == 2 * count)  # type: ignore[misc]
            made.peer.write(b"!")
            await until(lambda count=count: len(made.ear.data) == count)  # type: ignore[misc]
        assert loop.time() - began < 0.6


# -- back-pressure ---------------------------------------------------------------------------


async def test_reading_can_be_paused(connect: MakeLinked) -> None:
    """With reading off nothing is told and the peer is slowed down; nothing is lost when it is on again."""
    async with connect() as made:
        made.link.read(False)
        made.link.read(False)
        flood(made.peer)
        await until(lambda: made.peer.held)
        await pieces()
        assert len(made.ear.data) == 0
        made.link.read(True)
        made.link.read(True)
        await until(lambda: len(made.ear.data) == FLOOD)


async def test_a_slow_peer_is_told(connect: MakeLinked) -> None:
    """More bytes than the peer takes: writable(False); when it has caught up: writable(True)."""
    async with connect() as made:
        made.peer.transport.pause_reading()
        flood(made.link)
        await until(lambda: made.ear.writables == [False])
        made.peer.transport.resume_reading()
        await until(lambda: made.ear.writables == [False, True])
        await until(lambda: len(made.peer.data) == FLOOD)


# -- ends ------------------------------------------------------------------------------------


async def test_close_writes_what_was_handed_over(connect: MakeLinked) -> None:
    """close(): everything first, then the end; told once, without an error."""
    async with connect() as made:
        flood(made.link)
        made.link.close()
        await until(lambda: len(made.peer.data) == FLOOD and made.peer.ended)
        if not made.peer.gone and not made.peer.transport.is_closing():
            made.peer.transport.close()
        await until(lambda: made.ear.losses == [None])


async def test_close_takes_nothing_from_the_peer(connect: MakeLinked) -> None:
    """A close with bytes unread would be a reset, which swallows our last words: the peer gets them."""
    async with connect() as made:
        made.link.read(False)
        flood(made.peer)
        made.link.write(b"bye")
        made.link.close()
        made.link.read(False)
        await until(lambda: made.peer.data == b"bye")
        made.peer.transport.close()
        await until(lambda: made.ear.losses == [None])
        assert made.peer.error is None


async def test_abort_does_not_wait_for_a_peer_that_is_gone(connect: MakeLinked) -> None:
    """Half-open: close() would wait for a peer that reads nothing, abort() ends at once."""
    async with connect() as made:
        made.peer.transport.pause_reading()
        flood(made.link)
        made.link.close()
        await pieces()
        assert made.ear.losses == []
        made.link.abort()
        await until(lambda: made.ear.losses == [None], 1)


async def test_the_end_of_the_peer_is_the_end(connect: MakeLinked) -> None:
    """The peer says that it is done: what came before is told, then the loss, once and without an error."""
    async with connect() as made:
        made.peer.write(b"last")
        made.peer.end()
        await until(lambda: made.ear.losses == [None])
        assert made.ear.data == b"last"


async def test_a_connection_that_just_ends_is_told_once(connect: MakeLinked) -> None:
    """The stream ends without a word of the transport above it: lost, once."""
    async with connect() as made:
        made.peer.write(b"last")
        made.peer.transport.close()
        await until(lambda: bool(made.ear.losses))
        await pieces(5)
        assert made.ear.losses == [None]
        assert made.ear.data == b"last"


async def test_a_reset_is_told_once(connect: MakeLinked, way: Way) -> None:
    """RST from the peer: lost, once; with its error where nobody is in between."""
    async with connect() as made:
        made.peer.reset()
        await until(lambda: bool(made.ear.losses))
        await pieces(5)
        assert len(made.ear.losses) == 1
        if way.proxy is None and way.scheme != "unix":
            assert isinstance(made.ear.losses[0], ConnectionResetError)


@pytest.mark.parametrize("end", ["close", "abort"])
async def test_nothing_raises_after_the_end(connect: MakeLinked, end: str) -> None:
    """Writing, reading and ending a link that has ended does nothing, whoever ended it."""
    async with connect() as made:
        getattr(made.link, end)()
        for _ in range(2):
            made.link.write(b"late")
            made.link.read(False)
            made.link.read(True)
            made.link.close()
            made.link.abort()
            await until(lambda: bool(made.ear.losses))
        assert len(made.ear.losses) == 1
        assert b"late" not in made.peer.data
