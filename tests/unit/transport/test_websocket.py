"""MQTT in WebSocket frames: the handshake, the frames both ways, pings, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.frames import Frame, Opcode

from holdfast.transport import open_link, parse_url
from holdfast.transport.failures import WebSocketFailed
from holdfast.transport.websocket import WebSocketLink
from tests.support.leaks import SECRET
from tests.support.sockets import Ear, Peer, listening_with, until
from tests.support.websockets import WebSocketPeer, answering, choosing


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


async def refusal(make: Callable[[list[Any]], Peer]) -> WebSocketFailed:
    """How the handshake with this server fails; its user hears of nothing."""
    ear = Ear()
    async with listening_with(make) as peers:
        with pytest.raises(WebSocketFailed) as caught:
            await open_link(parse_url(f"ws://127.0.0.1:{peers.port}"), None, ear)
        await until(lambda: peers.came[0].gone or peers.came[0].ended)
    assert [bytes(ear.data), ear.losses, ear.writables] == [b"", [], []]
    return caught.value


def frame(opcode: Opcode, data: bytes, fin: bool = True) -> bytes:
    """As a server sends it."""
    return Frame(opcode, data, fin).serialize(mask=False)


# -- the handshake ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "asked"), [("", "/mqtt"), ("/", "/"), ("/a/b", "/a/b"), ("/mqtt/ü", "/mqtt/%C3%BC")]
)
async def test_what_the_handshake_asks_for(path: str, asked: str) -> None:
    """The path of the URL, the subprotocol mqtt [MQTT-6.0.0-3], no extension and no login."""
    async with linked(path) as (_, _, peer):
        assert peer.request is not None
        assert peer.request.path == asked
        headers = peer.request.headers
        assert headers["Sec-WebSocket-Protocol"] == "mqtt"
        assert headers["Host"].startswith("localhost:")
        assert "Sec-WebSocket-Extensions" not in headers
        assert "Authorization" not in headers


async def test_an_answer_in_pieces_with_a_packet_behind_it() -> None:
    """The answer may come byte by byte, and what stands behind it is the broker's first packet."""

    class Piecewise(WebSocketPeer):
        def flush(self) -> None:
            answer = b"".join(self.protocol.data_to_send()) + frame(Opcode.BINARY, b"first")
            for at in range(len(answer)):
                self.transport.write(answer[at : at + 1])

        def data_received(self, data: bytes) -> None:
            if not self.data:
                super().data_received(data)

    ear = Ear()
    async with listening_with(Piecewise) as peers:
        link = await open_link(parse_url(f"ws://127.0.0.1:{peers.port}"), None, ear)
        await until(lambda: ear.data == b"first")
        link.abort()
        await until(lambda: ear.losses == [None])


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno!", 404, "HTTP 404 Not Found"),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", 503, "HTTP 503 Busy"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "HTTP 200 OK"),
        (
            f"HTTP/1.1 301 Moved\r\nLocation: https://me:{SECRET}@other.test/x?token={SECRET}\r\n"
            "Content-Length: 0\r\n\r\n".encode(),
            301,
            "https://***@other.test/x?***",
        ),
        (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", 302, "HTTP 302 Found"),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\n", "unspoken", "other"),
        (b"HTTP/1.1 101 Switching\r\n\r\n", "unspoken", "Connection"),
        (b"220 mail.test ESMTP\r\n\r\n", "unspoken", "no HTTP"),
        (b"\x20\x02\x00\x01" * 5 + b"\n", "unspoken", "no HTTP"),
        (b"HTTP/1.1 200 " + b"y" * 500 + b"\r\nContent-Length: 0\r\n\r\n", 200, "yyy..."),
    ],
)
async def test_an_answer_that_opens_nothing(answer: bytes, status: int | str, words: str) -> None:
    """Each carries its HTTP status or a word of ours, and says what came, cut and without secrets."""
    error = await refusal(answering(answer))
    assert error.status == status
    assert words in str(error)
    assert SECRET not in str(error)
    assert len(str(error)) < 200


@pytest.mark.parametrize(
    ("answer", "status"),
    [(b"", "ended"), (b"HTTP/1.1 500 Oh\r\n\r\nno length", 500), (b"HTTP/1.1 5", "ended")],
)
async def test_an_answer_that_is_cut_short(answer: bytes, status: int | str) -> None:
    """The server hangs up: the status if it came, else that it ended."""
    assert (await refusal(answering(answer, ends=True))).status == status


@pytest.mark.parametrize(("chosen", "words"), [((), "no subprotocol"), (("amqp",), "another subprotocol")])
async def test_another_subprotocol(chosen: tuple[str, ...], words: str) -> None:
    """[MQTT-6.0.0-4]: a server that does not choose mqtt is not spoken to."""
    error = await refusal(choosing(*chosen))
    assert (error.status, words in str(error)) == ("subprotocol", True)


async def test_the_handshake_can_be_cancelled() -> None:
    """A server that accepts and says nothing: cancelling ends the attempt and closes the socket."""
    ear = Ear()
    async with listening_with(Peer) as peers:
        dial = asyncio.create_task(open_link(parse_url(f"ws://127.0.0.1:{peers.port}"), None, ear))
        peer = await peers.one()
        await until(lambda: b"\r\n\r\n" in peer.data)
        dial.cancel()
        await until(lambda: peer.ended and dial.cancelled())
    assert ear.losses == []


async def test_a_reset_in_the_handshake_keeps_its_class() -> None:
    """RST instead of an answer: ConnectionResetError, as from any other link."""

    class Resetting(Peer):
        def data_received(self, data: bytes) -> None:
            self.reset()

    async with listening_with(Resetting) as peers:
        with pytest.raises(ConnectionResetError):
            await open_link(parse_url(f"ws://127.0.0.1:{peers.port}"), None, Ear())


# -- ends ------------------------------------------------------------------------------------


async def test_close_says_close() -> None:
    """close(): a Close frame with 1000 behind what was handed over; the server ends the connection."""
    async with linked() as (link, ear, peer):
        link.write(b"bye")
        link.close()
        link.close()
        link.write(b"late")
        await until(lambda: ear.losses == [None])
        assert peer.data == b"bye"
        assert [one.data for one in peer.frames if one.opcode is Opcode.CLOSE] == [b"\x03\xe8"]


@pytest.mark.parametrize(
    ("code", "status"),
    [(1000, None), (1001, None), (1008, "closed"), (1009, 1009), (1011, "closed"), (4000, "closed")],
)
async def test_a_close_of_the_server(code: int, status: int | str | None) -> None:
    """Answered with Close; told as an error with code and reason, unless it means only the end (§7.4.1)."""
    async with linked() as (_, ear, peer):
        peer.close(code, "because")
        await until(lambda: bool(ear.losses))
        assert peer.ended
        (error,) = ear.losses
        assert getattr(error, "status", None) == status
        assert error is None or (str(code) in str(error) and "because" in str(error))


async def test_a_server_that_only_says_close_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """It should end the TCP connection (RFC 6455 §7.1.1); one that does not is not waited for."""
    monkeypatch.setattr("holdfast.transport.websocket.PEER_CLOSES_WITHIN_S", 0.02)
    async with linked() as (_, ear, peer):
        peer.raw(frame(Opcode.CLOSE, b"") + b"more that nobody reads")
        peer.raw(b"and more")
        await until(lambda: ear.losses == [None])
        assert ear.data == b""


async def test_nothing_raises_before_the_beginning() -> None:
    """A WebSocket without a link below takes every call and does nothing."""
    link = WebSocketLink(parse_url("ws://localhost"), Ear())
    link.write(b"early")
    link.read(False)
    link.writable(True)
    link.close()
    link.abort()
