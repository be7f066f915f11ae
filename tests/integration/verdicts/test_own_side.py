"""What the application's own functions do wrong is no fault of the network (contract 29)."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from holdfast import Authenticator, Client, Will
from holdfast.client.events import ConnectFailed
from holdfast.resilience import Verdict
from holdfast.resilience.rows import Row
from holdfast.testing import Broker
from tests.integration.authenticated import authenticating, client_of
from tests.support.provoking import first, the_row


async def an_authenticator_that_fails() -> Verdict:
    class Failing(Authenticator):
        method = "X"

        def start(self) -> bytes:
            raise KeyError("token")

    with authenticating() as broker:
        async with client_of(broker, Failing) as client:
            return await first(client, ConnectFailed)


async def a_function_that_fails() -> Verdict:
    def fail() -> bytes:
        raise LookupError("no sensor")

    with Broker() as broker:
        async with Client(broker.url, will=Will("t", fail)) as client:
            return await first(client, ConnectFailed)


class Broken(ssl.SSLContext):
    """A context of the application's own that does not work."""

    def wrap_bio(self, *_: Any, **__: Any) -> ssl.SSLObject:
        raise LookupError("no engine")


async def a_context_that_fails() -> Verdict:
    with Broker() as broker:
        url = broker.url.replace("mqtt:", "mqtts:")
        async with Client(url, tls=Broken(ssl.PROTOCOL_TLS_CLIENT)) as client:
            return await first(client, ConnectFailed)


PROVOKED: dict[str, tuple[Callable[[], Awaitable[Verdict]], Row]] = {
    "authenticator": (an_authenticator_that_fails, the_row("AuthenticationFailed", "")),
    "function": (a_function_that_fails, the_row("FunctionFailed", "")),
    "context": (a_context_that_fails, the_row("object", "")),
}


@pytest.mark.parametrize("name", PROVOKED)
async def test_provoked(name: str) -> None:
    """What the application's own functions do wrong is no fault of the network."""
    provoke, row = PROVOKED[name]
    verdict = await provoke()
    assert (verdict.cause, verdict.hint) == (row.cause, row.hint)
