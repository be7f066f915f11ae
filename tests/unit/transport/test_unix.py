"""Unix domain sockets: dialled by path, and the file's troubles under names of their own."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.transport import open_link, parse_url
from holdfast.transport.failures import UnixFailed
from holdfast.transport.unix import open_unix
from tests.support.sockets import Ear, Peer, listening_with, until


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="hf") as name:
        yield Path(name)


async def test_it_is_dialled_by_its_path(folder: Path) -> None:
    """The URL's path, with its percent-encoding undone, is the socket's."""
    ear, path = Ear(), folder / "a b%"
    async with listening_with(Peer, path=path) as peers:
        link = await open_link(parse_url(f"unix://{folder}/a%20b%25"), None, ear)
        link.write(b"?")
        peer = await peers.one()
        await until(lambda: peer.data == b"?")
        link.close()
        await until(lambda: peer.ended)
        peer.transport.close()
        await until(lambda: ear.losses == [None])


async def test_no_such_file(folder: Path) -> None:
    """Nothing there: missing."""
    with pytest.raises(UnixFailed) as caught:
        await open_unix(str(folder / "none"), Ear())
    assert caught.value.status == "missing"


async def test_a_file_that_nobody_listens_on(folder: Path) -> None:
    """Left from a broker that has ended: refused."""
    path = str(folder / "left")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(path)
    with pytest.raises(UnixFailed) as caught:
        await open_unix(path, Ear())
    assert caught.value.status == "refused"


async def test_a_file_that_may_not_be_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """EACCES, which root never meets: denied."""

    async def denied(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(asyncio.get_running_loop(), "create_unix_connection", denied)
    with pytest.raises(UnixFailed) as caught:
        await open_unix(str(folder / "closed"), Ear())
    assert caught.value.status == "denied"


async def test_another_error_keeps_its_class(folder: Path) -> None:
    """A datagram socket: what the system says, unchanged."""
    path = str(folder / "datagrams")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(path)
        with pytest.raises(OSError, match="rotocol") as caught:
            await open_unix(path, Ear())
    assert not isinstance(caught.value, UnixFailed)
