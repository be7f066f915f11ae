"""The pytest plugin: ``mqtt_broker``, ``mqtt_proxy`` and ``mqtt_client``.

There is no asynchronous fixture here, so no particular asyncio plugin is needed: the client is started
and stopped around the test function, inside whatever loop runs it. Imports wait until a fixture is used,
because pytest loads this file in every run.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from holdfast.client import Client
    from holdfast.testing.broker import Broker
    from holdfast.testing.proxy import Proxy

CLIENT_ID = "holdfast-test-client"
SESSION_EXPIRY_S = 3600


@pytest.fixture
def mqtt_broker() -> Iterator[Broker]:
    """A broker of one's own on a free port."""
    from holdfast.testing.broker import Broker

    with Broker() as broker:
        yield broker


@pytest.fixture
def mqtt_proxy(mqtt_broker: Broker) -> Iterator[Proxy]:
    """A bad network in front of ``mqtt_broker``: dial ``mqtt_proxy.url``."""
    from holdfast.testing.proxy import Proxy

    with Proxy(mqtt_broker.url) as proxy:
        yield proxy


@pytest.fixture
def mqtt_client(mqtt_broker: Broker, request: pytest.FixtureRequest) -> Client:
    """A client of ``mqtt_broker`` with a kept session, running while an ``async def`` test runs.

    Other fixtures get it before it is started. What is undelivered when the test ends is dropped.
    """
    from holdfast.client import Client

    if not inspect.iscoroutinefunction(getattr(request.node, "obj", None)):
        pytest.fail(f"mqtt_client runs in an event loop, so {request.node.name} must be `async def`", False)
    return Client(mqtt_broker.url, client_id=CLIENT_ID, session_expiry_s=SESSION_EXPIRY_S, reconnect="lan")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Start and stop ``mqtt_client`` around the test, before any plugin turns it into a plain function."""
    client = getattr(item, "funcargs", {}).get("mqtt_client")
    if client is None or not isinstance(item, pytest.Function):
        return (yield)
    plain = item.obj
    item.obj = _around(plain, client)
    try:
        return (yield)
    finally:
        item.obj = plain


def _around(test: Callable[..., Awaitable[Any]], client: Client) -> Callable[..., Awaitable[Any]]:
    @wraps(test)
    async def running(*args: Any, **kwargs: Any) -> Any:
        from holdfast.errors import Undelivered

        await client.start()
        try:
            return await test(*args, **kwargs)
        finally:
            with suppress(Undelivered):  # a test may end with messages that its broker never let through
                await client.stop(drain_s=0)

    return running
