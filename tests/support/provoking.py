"""Errors of the link as real sockets give them, and the row of the tables that each is meant for."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from holdfast import Client
from holdfast.client.events import ConnectFailed, Disconnected
from holdfast.resilience import Verdict
from holdfast.resilience.rows import Row
from holdfast.resilience.transports import TRANSPORTS
from holdfast.resilience.troubles import ERRORS
from holdfast.transport import TLS, open_link, parse_url
from holdfast.transport.proxy_address import parse_proxy
from tests.support.sockets import Ear, until

ROWS = ERRORS + TRANSPORTS
NOBODY = 65534

Provoke = Callable[[], Awaitable[BaseException | None]]
"""Dials once; gives how that, or the link it brought, ended."""


def the_row(kind: str, words: str, cause: str = "") -> Row:
    """The one row for this class of errors that says so (and has this cause, where two say the same)."""
    said = [row for row in ROWS if row.kind == kind and words in row.sentence]
    (found,) = [row for row in said if cause in ("", row.cause)]
    return found


async def failure(
    url: str, tls: TLS | None = None, proxy: str | None = None, limit_s: float = 5
) -> BaseException | None:
    """Dial once; the error of the attempt, or that with which the link ended (None: without one)."""
    ear = Ear()
    try:
        async with asyncio.timeout(limit_s):
            await open_link(parse_url(url), tls, ear, parse_proxy(proxy) if proxy else None)
    except Exception as error:
        return error
    await until(lambda: bool(ear.losses))
    return ear.losses[0]


async def first(client: Client, kind: type[ConnectFailed | Disconnected]) -> Verdict:
    """The verdict in its first event of this kind."""
    async with asyncio.timeout(5):
        event = await anext(event async for event in client.events() if isinstance(event, kind))
    return Verdict(event.cause, event.message, event.hint)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may open what nobody may: within the block it is another user."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
