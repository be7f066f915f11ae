"""MQTT in WebSocket frames: what is written and read, pings, and what is no frame of MQTT."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.frames import Frame, Opcode

from holdfast.transport import open_link, parse_url
from holdfast.transport.failures import WebSocketFailed
from holdfast.transport.websocket import LARGEST_FRAME, WebSocketLink
from tests.support.sockets import Ear, listening_with, until
from tests.support.websockets import WebSocketPeer


@asynccontextmanager
async def linked(path: str = "") -> AsyncIterator[tuple[WebSocketLink, Ear, WebSocketPeer]]:
    """An open WebSocket to a server that does as it is told."""
    ear = Ear()
    async with listening_with(WebSocketPeer) as peers:
        link = await open_link(parse_url(f"ws://localhost:{peers.port}{path}"), None, ear)
        assert isinstance(link, WebSocketLink)
        try:
            yield link, ear, await peers.one()
        finally:
            link.abort()
            await until(lambda: bool(ear.losses))


def frame(opcode: Opcode, data: bytes, fin: bool = True) -> bytes:
    """As a server sends it."""
    return Frame(opcode, data, fin).serialize(mask=False)


async def test_one_write_is_one_binary_frame() -> None:
    """[MQTT-6.0.0-1]; however large it is."""
    async with linked() as (link, _, peer):
        for size in (1, 126, 70_000):
            link.write(bytes(size))
        await until(lambda: len(peer.frames) == 3)
        assert [(one.opcode, one.fin, len(one.data)) for one in peer.frames] == [
            (Opcode.BINARY, True, 1),
            (Opcode.BINARY, True, 126),
            (Opcode.BINARY, True, 70_000),
        ]


class Counting(Ear):
    """How often it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []

    def received(self, data: bytes) -> None:
        super().received(data)
        self.pieces.append(data)


def opened(ear: Ear) -> WebSocketLink:
    """A WebSocket after its handshake, fed by hand."""
    link = WebSocketLink(parse_url("ws://localhost"), ear)
    link._protocol.state = type(link._protocol.state).OPEN
    link._protocol.parser = super(type(link._protocol), link._protocol).parse()
    next(link._protocol.parser)
    link._is_open = True
    return link


async def test_the_frames_of_one_chunk_are_told_at_once() -> None:
    """Packets need not begin or end with frames [MQTT-6.0.0-2]: a chunk is joined, fragments too."""
    ear = Counting()
    link = opened(ear)
    chunk = (
        frame(Opcode.BINARY, b"one")
        + frame(Opcode.BINARY, b"two", fin=False)
        + frame(Opcode.PONG, b"")
        + frame(Opcode.CONT, b"three", fin=False)
        + frame(Opcode.CONT, b"", fin=True)
        + frame(Opcode.BINARY, b"four")
    )
    link.received(chunk)
    assert ear.pieces == [b"onetwothreefour"]
    ear.pieces.clear()
    for at in range(len(chunk)):
        link.received(chunk[at : at + 1])
    assert [piece for piece in ear.pieces if piece] == [b"one", b"two", b"three", b"four"]
    assert len(ear.pieces) == len(chunk)  # the others say that the peer lives


async def test_a_ping_is_answered() -> None:
    """RFC 6455 §5.5.2, in the middle of a fragmented message too; and nobody above hears of it."""
    async with linked() as (_, ear, peer):
        peer.raw(frame(Opcode.BINARY, b"a", fin=False) + frame(Opcode.PING, b"alive?"))
        peer.raw(frame(Opcode.CONT, b"b"))
        await until(lambda: [one.data for one in peer.frames if one.opcode is Opcode.PONG] == [b"alive?"])
        await until(lambda: ear.data == b"ab")


class Pipe:
    """The link below, which remembers."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.aborted = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def read(self, wanted: bool) -> None:
        """Not of interest."""

    def close(self) -> None:
        """Never called: the server ends the connection."""
        raise AssertionError

    def abort(self) -> None:
        self.aborted = True


async def test_pings_do_not_fill_memory() -> None:
    """While the server takes nothing, only its latest ping is owed an answer (RFC 6455 §5.5.3)."""
    link, pipe = opened(Ear()), Pipe()
    link._inner = pipe
    link.writable(False)
    for number in range(1000):
        link.received(frame(Opcode.PING, str(number).encode()))
    assert pipe.written == []
    link.writable(True)
    assert len(pipe.written) == 1
    assert len(pipe.written[0]) == 6 + len("999")
    link.writable(True)
    assert len(pipe.written) == 1


@pytest.mark.parametrize(
    ("bad", "code", "words"),
    [
        (frame(Opcode.TEXT, b"hello"), 1003, "text frame"),
        (frame(Opcode.CONT, b"x"), 1002, "continuation"),
        (b"\x83\x00", 1002, "opcode"),
        (b"\x82\x81\x00\x00\x00\x00x", 1002, "masking"),
        (b"\xc2\x01x", 1002, "reserved"),
        (b"\x82\x7f" + (LARGEST_FRAME + 1).to_bytes(8, "big"), 1009, "exceeds"),
    ],
)
async def test_what_is_no_frame_of_mqtt_ends_it(bad: bytes, code: int, words: str) -> None:
    """A text frame [MQTT-6.0.0-1] or a broken one: what came before is told, then why, to both sides."""
    async with linked() as (_, ear, peer):
        peer.raw(frame(Opcode.BINARY, b"good") + bad)
        await until(lambda: bool(ear.losses))
        assert ear.data == b"good"
        (error,) = ear.losses
        assert isinstance(error, WebSocketFailed)
        assert (error.status, words in str(error)) == ("broken", True)
        await until(lambda: peer.ended)
        closes = [one for one in peer.frames if one.opcode is Opcode.CLOSE]
        assert [int.from_bytes(one.data[:2], "big") for one in closes] == [code]


async def test_no_frame_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """websockets would log each frame at DEBUG, as the peer here does, and CONNECT holds the password."""
    caplog.set_level(logging.DEBUG)
    async with linked() as (link, _, peer):
        link.write(b"a password")
        await until(lambda: peer.data == b"a password")
    client = [one.getMessage() for one in caplog.records if one.name == "websockets.client"]
    assert "a password" not in str(client)
