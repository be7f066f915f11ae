"""From an address to an open link: which transport, and what it needs.

No transport is loaded with the client: each is imported by the first link that needs it.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from holdfast.errors import ConfigurationError
from holdfast.transport.address import Address
from holdfast.transport.port import Link, LinkUser
from holdfast.transport.tls import TLS

if TYPE_CHECKING:
    from holdfast.transport.proxy_address import ProxyAddress


async def open_link(
    address: Address, tls: TLS | ssl.SSLContext | None, user: LinkUser, proxy: ProxyAddress | None = None
) -> Link:
    """Resolve, connect, shake every hand there is. Raises OSError, ssl.SSLError, ConfigurationError."""
    if address.unix:
        from holdfast.transport.unix import open_unix

        return await open_unix(address.path, user)

    from holdfast.transport.tcp import open_tcp

    if not address.websocket:
        return await open_tcp(address, tls, user, proxy)

    from holdfast.transport.websocket import WebSocketLink

    link = WebSocketLink(address, user)
    await link.open(await open_tcp(address, tls, link, proxy))
    return link


def check_parts(address: Address, proxy: ProxyAddress | None) -> None:
    """Raises ConfigurationError for a part that is not here, or that does not go with the address."""
    if address.unix and proxy is not None:
        raise ConfigurationError(
            f"proxy= with {address}", hint="leave it out: a Unix socket is on this machine"
        )
    if address.unix and not _can_unix():
        raise ConfigurationError(f"{address}: Python has no Unix sockets on this system", hint="use mqtt://")
    if address.websocket:
        _check_installed("websockets", "ws", f"{address.scheme}:// URLs")
    if proxy is not None:
        _check_installed("python_socks", "proxy", "proxies")


def _can_unix() -> bool:
    import socket

    return hasattr(socket, "AF_UNIX")


def _check_installed(package: str, extra: str, what: str) -> None:
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise ConfigurationError(f"{what} need: pip install 'holdfast[{extra}]'")
