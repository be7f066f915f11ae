"""Errors that only Unix sockets, proxies and WebSockets know, by their ``status``.

As in ``troubles``; of a proxy ``{place}`` is the proxy's.
"""

from __future__ import annotations

from holdfast.resilience.rows import row

TRANSPORTS = (
    row(
        "UnixFailed",
        {"missing"},
        "socket_missing",
        "there is no socket {place}",
        "Is the broker running, and does it listen at this path?",
    ),
    row(
        "UnixFailed",
        {"denied"},
        "socket_denied",
        "this user may not open the socket {place}",
        "May it write to the socket, and enter its folders? Often a group of the broker's may.",
    ),
    row(
        "UnixFailed",
        {"refused"},
        "refused",
        "nobody listens on the socket {place}",
        "Is the broker running? The file may be left from one that has ended.",
    ),
    row(
        "ProxyFailed",
        {"refused"},
        "proxy",
        "the proxy {place} refused the connection",
        "Is the proxy running there, on this port?",
    ),
    row(
        "ProxyFailed",
        {"name"},
        "proxy",
        "the proxy {place}: its host name leads to no address ({words})",
        "Is it spelt right in proxy=, and the name server reachable?",
    ),
    row(
        "ProxyFailed",
        {"unreachable"},
        "proxy",
        "the proxy {place} cannot be reached: {words}",
        "Is the network up, and is there a route to the proxy?",
    ),
    row(
        "ProxyFailed",
        {"closed"},
        "proxy",
        "the proxy {place} closed the connection in the middle of its answer",
        "Is it a proxy of this kind? http:// and socks5:// are different ones. Its log may say why.",
    ),
    row(
        "ProxyFailed",
        {"unspoken"},
        "proxy",
        "the proxy {place} does not speak as one: {words}",
        "Is it a proxy of this kind? http:// and socks5:// are different ones.",
    ),
    row(
        "ProxyFailed",
        {"login"},
        "proxy_login",
        "the proxy {place} refused our login: {words}",
        "Are user and password in proxy= right, and are they given?",
    ),
    row(
        "ProxyFailed",
        {"forbidden"},
        "proxy_forbidden",
        "the proxy {place} does not allow this connection: {words}",
        "Its rules decide which hosts and ports may be reached; many HTTP proxies allow 443 only.",
    ),
    row(
        "ProxyFailed",
        {"beyond"},
        "proxy_beyond",
        "the proxy {place} did not get through to the broker: {words}",
        "The proxy resolves the broker's name and dials it: does it know this name, and a way there?",
    ),
    row(
        "WebSocketFailed",
        {301, 302, 303, 307, 308},
        "server_moved",
        "{place} redirects the WebSocket to {words}",
        "Write that address into the URL: ws:// for http://, wss:// for https://.",
    ),
    row(
        "WebSocketFailed",
        {401, 403, 407},
        "not_authorized",
        "{place} refused the WebSocket: {words}",
        "What stands in front of the broker wants a login of its own, or does not let this client in.",
    ),
    row(
        "WebSocketFailed",
        {404, 405, 410},
        "websocket",
        "{place} has no WebSocket at this path: {words}",
        "Is the path of the URL right? Most brokers use /mqtt, some / or /ws.",
    ),
    row(
        "WebSocketFailed",
        {429, *range(500, 600)},
        "server_unavailable",
        "{place} cannot open a WebSocket now: {words}",
        "Is the broker behind this web server up?",
    ),
    row(
        "WebSocketFailed",
        {"subprotocol"},
        "websocket",
        "{place} opened a WebSocket that is not for MQTT: {words}",
        "Is the path of the URL the broker's?",
    ),
    row(
        "WebSocketFailed",
        {"ended"},
        "websocket",
        "{place} closed the connection in the WebSocket handshake",
        "Is there a WebSocket listener on this port? A port for plain MQTT is mqtt:// or mqtts://.",
    ),
    row(
        "WebSocketFailed",
        {"broken"},
        "protocol",
        "{place} broke the WebSocket protocol: {words}",
        "Is it an MQTT broker?",
    ),
    row(
        "WebSocketFailed",
        {1009},
        "packet_too_large",
        "{place} closed the WebSocket: {words}",
        "A message of ours is larger than it takes.",
    ),
    row(
        "WebSocketFailed",
        {"closed"},
        "closed",
        "{place} closed the WebSocket: {words}",
        "The broker's log says why, or that of a web server in front of it.",
    ),
    row(
        "WebSocketFailed",
        set(),
        "websocket",
        "{place} opened no WebSocket: {words}",
        "Is there a WebSocket listener on this port, and is the path of the URL right?",
    ),
)
