"""Rows of Unix sockets, proxies, WebSockets: the real answer gets the verdict of the table (contract 29)."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast.resilience import of_error
from holdfast.resilience.rows import Row
from holdfast.resilience.troubles import row_of
from tests.support.leaks import SECRET
from tests.support.provoking import Provoke, as_nobody, failure, the_row
from tests.support.proxies import SOCKS_FORBIDDEN, small_proxy
from tests.support.sockets import Peer, closed_port, listening_with
from tests.support.websockets import WebSocketPeer, answering, choosing

# -- Unix sockets -----------------------------------------------------------------------------------


async def socket_missing() -> BaseException | None:
    return await failure("unix:///nonexistent/mqtt.sock")


async def socket_left() -> BaseException | None:
    """From a broker that has ended."""
    with tempfile.TemporaryDirectory(prefix="hf") as folder:
        path = Path(folder, "left")
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(path))
        return await failure(f"unix://{path}")


async def socket_denied() -> BaseException | None:
    """Of another user, who lets nobody write to it."""
    with tempfile.TemporaryDirectory(prefix="hf") as folder:
        path = Path(folder, "theirs")
        async with listening_with(Peer, path=path):
            os.chmod(path, 0)
            with as_nobody():
                return await failure(f"unix://{path}")


# -- proxies ----------------------------------------------------------------------------------------

NOWHERE = f"mqtt://127.0.0.1:{closed_port()}"


async def proxy_refused() -> BaseException | None:
    return await failure(NOWHERE, proxy=f"http://127.0.0.1:{closed_port()}")


def through(kind: str, **options: object) -> Provoke:
    """A proxy of this kind that does so."""

    async def provoke() -> BaseException | None:
        async with small_proxy(kind, **options) as proxy:
            return await failure(NOWHERE, proxy=proxy.url)

    return provoke


FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
FORBIDDEN_SOCKS = bytes([5, SOCKS_FORBIDDEN, 0, 1, 0, 0, 0, 0, 0, 0])

# -- WebSockets -------------------------------------------------------------------------------------


def speaking(make: Callable[[list[Peer]], Peer]) -> Provoke:
    """A web server that does so."""

    async def provoke() -> BaseException | None:
        async with listening_with(make) as peers:
            return await failure(f"ws://127.0.0.1:{peers.port}")

    return provoke


def status(line: str, *headers: str) -> Provoke:
    """A web server that answers so."""
    lines = (f"HTTP/1.1 {line}", *headers, "Content-Length: 0", "", "")
    return speaking(answering("\r\n".join(lines).encode()))


class Closing(WebSocketPeer):
    """Says Close as soon as it is spoken to."""

    code, reason = 1013, "try later"

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self.ended:
            self.close(self.code, self.reason)


class ClosingTooBig(Closing):
    """As a server does with a message beyond its limit."""

    code, reason = 1009, "10 KiB at most"


class Babbling(WebSocketPeer):
    """A frame that is none: reserved bits, which nobody agreed on."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.raw(b"\xf2\x00")


class HangingUp(Peer):
    """As a plain MQTT port does with HTTP."""

    def data_received(self, data: bytes) -> None:
        self.transport.close()


UNIX, PROXY, WEB = "UnixFailed", "ProxyFailed", "WebSocketFailed"

PROVOKED: dict[str, tuple[Provoke, Row]] = {
    "no socket": (socket_missing, the_row(UNIX, "there is no socket")),
    "a socket left behind": (socket_left, the_row(UNIX, "nobody listens")),
    "a socket of others": (socket_denied, the_row(UNIX, "may not open")),
    "no proxy": (proxy_refused, the_row(PROXY, "refused the connection")),
    **{
        f"{what} ({kind})": (through(kind, **options), the_row(PROXY, words))
        for kind, forbidden in (("http", FORBIDDEN), ("socks5", FORBIDDEN_SOCKS))
        for what, options, words in (
            ("proxy hangs up", {"answer": b""}, "in the middle of its answer"),
            ("proxy is none", {"answer": b"SSH-2.0-OpenSSH_9.2\r\n"}, "does not speak as one"),
            ("proxy wants a login", {"login": ("me", SECRET)}, "refused our login"),
            ("proxy forbids", {"answer": forbidden}, "does not allow"),
            ("proxy does not get through", {}, "did not get through"),
        )
    },
    "moved": (status("301 Gone", "Location: https://other.example/x"), the_row(WEB, "redirects")),
    "forbidden": (status("403 Forbidden"), the_row(WEB, "refused the WebSocket")),
    "no such path": (status("404 Not Found"), the_row(WEB, "at this path")),
    "bad gateway": (status("502 Bad Gateway"), the_row(WEB, "now")),
    "no WebSocket": (status("200 OK"), the_row(WEB, "opened no WebSocket")),
    "no HTTP": (speaking(answering(b"\x20\x02\x00\x01\r\n\r\n")), the_row(WEB, "opened no WebSocket")),
    "not for MQTT": (speaking(choosing("amqp")), the_row(WEB, "not for MQTT")),
    "hangs up on HTTP": (speaking(HangingUp), the_row(WEB, "in the WebSocket handshake")),
    "no frame": (speaking(Babbling), the_row(WEB, "broke the WebSocket protocol")),
    "try later": (speaking(Closing), the_row(WEB, "closed the WebSocket", cause="closed")),
    "too big": (speaking(ClosingTooBig), the_row(WEB, "closed the WebSocket", cause="packet_too_large")),
}


@pytest.mark.parametrize("name", PROVOKED)
async def test_provoked(name: str) -> None:
    """This row and no other, and the next step is told."""
    provoke, row = PROVOKED[name]
    error = await provoke()
    assert row_of(error) is row
    assert of_error(error, "broker.example:443").hint
