"""Errors of Unix sockets, proxies and WebSockets: each row by its status, most of them on real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from holdfast.resilience import Verdict, of_error
from holdfast.resilience.transports import TRANSPORTS
from holdfast.resilience.troubles import row_of
from holdfast.transport import open_link, parse_url
from holdfast.transport.failures import ProxyFailed, UnixFailed, WebSocketFailed
from holdfast.transport.proxy_address import parse_proxy
from tests.support.proxies import small_proxy
from tests.support.sockets import Ear, Peer, closed_port, listening_with, until
from tests.support.websockets import WebSocketPeer, answering, choosing

PLACE = "broker.example:443"
PROXY = "proxy.example:3128"


def unix(status: str) -> UnixFailed:
    return UnixFailed(status, "words of the system")


def websocket(status: int | str) -> WebSocketFailed:
    return WebSocketFailed(status, f"HTTP {status}")


def proxy(status: str) -> ProxyFailed:
    return ProxyFailed(status, "its words", PROXY)


MET: list[tuple[Exception, str, str, str]] = [
    (unix("missing"), "socket_missing", f"there is no socket {PLACE}", "listen at this path"),
    (unix("denied"), "socket_denied", f"may not open the socket {PLACE}", "group"),
    (unix("refused"), "refused", f"nobody listens on the socket {PLACE}", "left from one"),
    (proxy("refused"), "proxy", f"the proxy {PROXY} refused the connection", "Is the proxy running"),
    (proxy("name"), "proxy", f"the proxy {PROXY}: its host name is not known", "proxy="),
    (proxy("unreachable"), "proxy", f"the proxy {PROXY} cannot be reached: its words", "route to the proxy"),
    (proxy("closed"), "proxy", f"the proxy {PROXY} closed the connection", "socks5://"),
    (proxy("unspoken"), "proxy", f"the proxy {PROXY} does not speak as one: its words", "socks5://"),
    (proxy("login"), "proxy_login", f"the proxy {PROXY} refused our login: its words", "password"),
    (proxy("forbidden"), "proxy_forbidden", f"the proxy {PROXY} does not allow", "443"),
    (proxy("beyond"), "proxy_beyond", f"the proxy {PROXY} did not get through", "resolves the broker's name"),
    *(
        (websocket(code), "server_moved", f"{PLACE} redirects the WebSocket to", "wss:// for https://")
        for code in (301, 302, 303, 307, 308)
    ),
    *(
        (websocket(code), "not_authorized", f"{PLACE} refused the WebSocket: HTTP {code}", "login of its own")
        for code in (401, 403)
    ),
    *((websocket(code), "websocket", f"at this path: HTTP {code}", "/mqtt") for code in (404, 405, 410)),
    *(
        (websocket(code), "server_unavailable", f"now: HTTP {code}", "up?")
        for code in (429, 500, 502, 503, 599)
    ),
    (websocket("subprotocol"), "websocket", "not for MQTT", "the broker's?"),
    (websocket("ended"), "websocket", "closed the connection in the WebSocket handshake", "mqtt://"),
    (websocket("broken"), "protocol", "broke the WebSocket protocol", "Is it an MQTT broker?"),
    (websocket(1009), "packet_too_large", "closed the WebSocket", "larger"),
    (websocket("closed"), "closed", "closed the WebSocket", "log"),
    *(
        (websocket(code), "websocket", f"opened no WebSocket: HTTP {code}", "listener")
        for code in (200, 400, 426)
    ),
    (websocket("unspoken"), "websocket", "opened no WebSocket", "listener"),
]


@pytest.mark.parametrize(("error", "cause", "fact", "hint"), MET)
def test_an_error_of_a_transport(error: Exception, cause: str, fact: str, hint: str) -> None:
    """A stable cause, one sentence that names the broker or the proxy, and the next step."""
    verdict = of_error(error, PLACE)
    assert verdict.cause == cause
    assert fact in verdict.sentence
    assert (PLACE in verdict.sentence) is not isinstance(error, ProxyFailed)
    assert hint in str(verdict.hint)


def test_every_row_is_met() -> None:
    """The list above reaches every row of the table: each says something no other row says."""
    assert {row_of(error) for error, *_ in MET} == set(TRANSPORTS)


# -- provoked (contract 29) ----------------------------------------------------------------------


async def verdict_of(url: str, through: str | None = None) -> Verdict:
    """Dial once; the verdict for how it ended."""
    address, ear = parse_url(url), Ear()
    try:
        async with asyncio.timeout(5):
            await open_link(address, None, ear, parse_proxy(through) if through else None)
    except Exception as error:
        return of_error(error, address.place)
    await until(lambda: bool(ear.losses))
    return of_error(ear.losses[0], address.place)


class Closing(WebSocketPeer):
    """Says Close as soon as it is spoken to."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self.ended:
            self.close(1013, "try later")


class HangingUp(Peer):
    """As a plain MQTT port does with HTTP."""

    def data_received(self, data: bytes) -> None:
        self.transport.close()


@pytest.mark.parametrize(
    ("make", "cause", "fact"),
    [
        (
            answering(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
            "websocket",
            "HTTP 404 Not Found",
        ),
        (
            answering(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"),
            "server_unavailable",
            "HTTP 502",
        ),
        (
            answering(b"HTTP/1.1 301 Gone\r\nLocation: https://other.example/x\r\nContent-Length: 0\r\n\r\n"),
            "server_moved",
            "to https://other.example/x",
        ),
        (answering(b"\x20\x02\x00\x01\r\n\r\n"), "websocket", "no HTTP"),
        (choosing("amqp"), "websocket", "not for MQTT"),
        (Closing, "closed", "1013 (try again later) try later"),
        (HangingUp, "websocket", "in the WebSocket handshake"),
    ],
)
async def test_provoked_websocket(make: type[Peer], cause: str, fact: str) -> None:
    """Contract 29: the real answer of a real server gets the verdict of the table."""
    async with listening_with(make) as peers:
        verdict = await verdict_of(f"ws://127.0.0.1:{peers.port}")
    assert (verdict.cause, fact in verdict.sentence, bool(verdict.hint)) == (cause, True, True)


async def test_provoked_socket() -> None:
    """Contract 29: a path where nothing is."""
    assert (await verdict_of("unix:///nonexistent/mqtt.sock")).cause == "socket_missing"


@asynccontextmanager
async def proxies(login: tuple[str, str] | None = None) -> AsyncIterator[list[str]]:
    """One of each kind."""
    async with small_proxy("http", login=login) as http, small_proxy("socks5", login=login) as socks:
        yield [http.url, socks.url]


async def test_provoked_proxy() -> None:
    """Contract 29: each kind of proxy: not there, wants a login, does not get through."""
    nowhere = f"mqtt://127.0.0.1:{closed_port()}"
    assert (await verdict_of(nowhere, f"http://127.0.0.1:{closed_port()}")).cause == "proxy"
    async with proxies() as urls:
        for url in urls:
            assert (await verdict_of(nowhere, url)).cause == "proxy_beyond"
    async with proxies(("me", "secret")) as urls:
        for url in urls:
            assert (await verdict_of(nowhere, url)).cause == "proxy_login"
