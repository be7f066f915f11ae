"""Which address of a host gets the connection, and that the others leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
import os
import socket

import pytest

from holdfast.testing import eventually
from holdfast.transport.racing import PAUSE_S, connect
from holdfast.transport.resolving import Info
from tests.support.sockets import black_hole, closed_port, listening


def info(port: int, host: str = "127.0.0.1", family: int = socket.AF_INET) -> Info:
    return (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


async def test_the_first_that_answers_gets_it() -> None:
    """One address, one socket, connected."""
    async with listening() as peers:
        with await connect([info(peers.port)]) as sock:
            assert sock.getpeername() == ("127.0.0.1", peers.port)
            await peers.one()


async def test_a_refusal_is_followed_by_the_next_at_once() -> None:
    """The pause is for those that say nothing."""
    loop = asyncio.get_running_loop()
    async with listening() as peers:
        began = loop.time()
        with await connect([info(closed_port()), info(closed_port()), info(peers.port)]) as sock:
            assert loop.time() - began < PAUSE_S
            assert sock.getpeername()[1] == peers.port


async def test_silence_is_followed_by_the_next_after_a_pause() -> None:
    """And the silent one is closed when the other has answered."""
    loop = asyncio.get_running_loop()
    async with listening() as peers:
        with black_hole() as dead:
            before, began = open_files(), loop.time()
            with await connect([info(dead), info(peers.port)]) as sock:
                assert sock.getpeername()[1] == peers.port
                assert loop.time() - began >= PAUSE_S * 0.9
            await peers.one()
            gc.collect()
            await eventually(lambda: open_files() == before + 1)  # the peer's end


async def test_all_of_them_fail() -> None:
    """What the last one said, by its own class."""
    with pytest.raises(ConnectionRefusedError):
        await connect([info(closed_port()), info(closed_port())])


async def test_a_host_without_an_address() -> None:
    """A sentence instead of a connection."""
    with pytest.raises(OSError, match="no address"):
        await connect([])


async def test_families_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where IPv6 is broken, IPv4 is tried second, however many addresses of IPv6 there are."""
    tried: list[int] = []

    async def dial(one: Info) -> socket.socket:
        tried.append(one[0])
        raise ConnectionRefusedError

    monkeypatch.setattr("holdfast.transport.racing._dial", dial)
    six, four = info(1, "::1", socket.AF_INET6), info(1)
    with pytest.raises(ConnectionRefusedError):
        await connect([six, six, six, four])
    assert tried == [socket.AF_INET6, socket.AF_INET, socket.AF_INET6, socket.AF_INET6]


async def test_given_up_it_leaves_no_socket() -> None:
    """Cancelled in the middle of two dials, or in the very turn in which one has succeeded."""
    async with listening() as peers:
        with black_hole() as dead:
            before = open_files()
            for addresses in ([info(dead), info(dead)], [info(peers.port)]):
                for turns in range(8):
                    dial = asyncio.create_task(connect(addresses))
                    for _ in range(turns):
                        await asyncio.sleep(0)
                    dial.cancel()
                    await asyncio.wait([dial])
                    if not dial.cancelled():
                        dial.result().close()
            await eventually(lambda: all(peer.gone or peer.ended for peer in peers.came))
            for peer in peers.came:
                peer.end()
            await eventually(lambda: open_files() == before)
