"""Through a proxy: HTTP CONNECT and SOCKS5, spoken by python-socks.

The broker's name is resolved at the proxy, never here: behind many proxies it means nothing on
this machine. Of the proxy's own name one address is tried, IPv4 first. No proxy is taken from
the environment, which this library never reads.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Any, cast

import python_socks
from python_socks.async_.asyncio import Proxy

from holdfast.transport.failures import ProxyFailed
from holdfast.transport.proxy_address import ProxyAddress
from holdfast.transport.resolving import Info, resolve

_TYPES = {"http": python_socks.ProxyType.HTTP, "socks5": python_socks.ProxyType.SOCKS5}

LONGEST_ANSWER = 1 << 16
"""Bytes of a proxy's answer, whatever it puts into its headers."""

NEVER_S = 86_400.0
"""The attempt as a whole has its limit; python-socks would add one of 60 s."""

# RFC 9110 §15 and RFC 1928 §6: what an answer says about the way to the broker.
_HTTP = {401: "login", 407: "login", 403: "forbidden", 405: "forbidden", 501: "forbidden"}
_SOCKS = {2: "forbidden", 7: "unspoken", 8: "forbidden"}


async def connect(proxy: ProxyAddress, host: str, port: int) -> socket.socket:
    """A socket whose other end the proxy has connected to the broker. Raises ProxyFailed."""
    name = host if ":" in host else host.encode("idna").decode()
    loop = _WholeAnswers(proxy) if proxy.scheme == "http" else _Loop()
    dialler = Proxy(
        _TYPES[proxy.scheme],
        proxy.host,
        proxy.port,
        proxy.username,
        proxy.password,
        rdns=True,
        loop=cast(asyncio.AbstractEventLoop, loop),
    )
    try:
        return await dialler.connect(name, port, timeout=NEVER_S)
    except ProxyFailed:
        raise
    except (python_socks.ProxyError, OSError, AssertionError) as error:
        raise _failure(proxy, error) from error


class _Loop:
    """The event loop, but the proxy's name is looked up as a broker's is."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    async def getaddrinfo(self, host: str, port: int, **_: Any) -> Sequence[Info]:
        return await resolve(host, port)


class _WholeAnswers(_Loop):
    """And what it receives is a whole HTTP answer.

    python-socks takes the first piece that comes for all of it, and the rest would be read as the
    broker's bytes. Brokers never speak first, so nothing of theirs can be behind the empty line.
    """

    def __init__(self, proxy: ProxyAddress) -> None:
        super().__init__()
        self._proxy = proxy

    async def sock_recv(self, sock: socket.socket, most: int) -> bytes:
        answer = b""
        while b"\r\n\r\n" not in answer:
            piece = await self._loop.sock_recv(sock, most)
            answer += piece
            if not piece:
                raise ProxyFailed("closed", "", self._proxy.place)
            if len(answer) > LONGEST_ANSWER or not b"HTTP/".startswith(answer[:5]):
                raise ProxyFailed("unspoken", "no HTTP answer", self._proxy.place)
        return answer


def _failure(proxy: ProxyAddress, error: Exception) -> ProxyFailed:
    if isinstance(error, python_socks.ProxyError):
        return ProxyFailed(_status(proxy, error), str(error), proxy.place)
    cause = error.__cause__
    if not isinstance(error, python_socks.ProxyConnectionError) or not isinstance(cause, OSError):
        return ProxyFailed("closed", str(error), proxy.place)  # in the middle of its answer
    status = {ConnectionRefusedError: "refused", socket.gaierror: "name"}.get(type(cause), "unreachable")
    return ProxyFailed(status, cause.strerror or str(cause), proxy.place)


def _status(proxy: ProxyAddress, error: python_socks.ProxyError) -> str:
    """What kind of failure this answer is; of the failed SOCKS login there are only words."""
    code = error.error_code
    if code is not None:
        return (_HTTP if proxy.scheme == "http" else _SOCKS).get(code, "beyond")
    words = str(error).lower()
    if "closed" in words:
        return "closed"
    return "login" if "authentication" in words and "malformed" not in words else "unspoken"
