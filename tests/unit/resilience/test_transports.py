"""Errors of Unix sockets, proxies, WebSockets: each row by its status (real: tests/integration/verdicts)."""

from __future__ import annotations

import pytest

from holdfast.resilience import of_error
from holdfast.resilience.transports import TRANSPORTS
from holdfast.resilience.troubles import row_of
from holdfast.transport.failures import ProxyFailed, UnixFailed, WebSocketFailed

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
    (proxy("name"), "proxy", f"the proxy {PROXY}: its host name leads to no address", "proxy="),
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
