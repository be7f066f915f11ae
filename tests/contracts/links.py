"""Every way to a broker: a link of ours, who listens to it, and the peer at the other end."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holdfast.transport import TLS, Link, open_link, parse_url
from holdfast.transport.proxy_address import parse_proxy
from tests.support.certificates import Certificates
from tests.support.proxies import small_proxy
from tests.support.sockets import Ear, Peer, keep_small, listening_with, until
from tests.support.websockets import WebSocketPeer


@dataclass
class Linked:
    """A link, its user, and the other end."""

    link: Link
    ear: Ear
    peer: Peer


@dataclass(frozen=True)
class Way:
    """``scheme`` of the URL; ``proxy``: the kind in between."""

    scheme: str
    proxy: str | None = None

    @property
    def encrypted(self) -> bool:
        """TLS is in it."""
        return self.scheme in ("mqtts", "wss")

    @property
    def framed(self) -> bool:
        """WebSocket is in it."""
        return self.scheme in ("ws", "wss")


WAYS = {
    "tcp": Way("mqtt"),
    "tls": Way("mqtts"),
    "unix": Way("unix"),
    "ws": Way("ws"),
    "wss": Way("wss"),
    "tcp-http": Way("mqtt", "http"),
    "tcp-socks5": Way("mqtt", "socks5"),
    "tls-http": Way("mqtts", "http"),
    "ws-socks5": Way("ws", "socks5"),
    "wss-http": Way("wss", "http"),
}

MakeLinked = Callable[[], AbstractAsyncContextManager[Linked]]


@asynccontextmanager
async def linked(way: Way, made: Certificates) -> AsyncIterator[Linked]:
    """An open link of this way to a peer; cut at the end of the block."""
    async with AsyncExitStack() as stack:
        ear = Ear()
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hf"))
        path = Path(folder, "sock") if way.scheme == "unix" else None
        kind: Callable[[list[Any]], Peer] = WebSocketPeer if way.framed else Peer
        server = made.server.context() if way.encrypted else None
        peers = await stack.enter_async_context(listening_with(kind, server, path))
        url = f"unix://{path}" if path else f"{way.scheme}://127.0.0.1:{peers.port}"
        proxy = None
        if way.proxy is not None:
            proxy = parse_proxy((await stack.enter_async_context(small_proxy(way.proxy))).url)
        tls = TLS(ca_file=made.ca.file) if way.encrypted else None
        link = await open_link(parse_url(url), tls, ear, proxy)
        keep_small(_socket_of(link))
        try:
            yield Linked(link, ear, await peers.one())
        finally:
            link.abort()
            await until(lambda: bool(ear.losses))


def _socket_of(link: Any) -> Any:
    """The socket under it, through the private parts of ours."""
    inner = getattr(link, "_inner", link)
    return inner._transport.get_extra_info("socket")
