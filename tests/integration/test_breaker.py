"""The circuit breaker (A13, contract 24): calls are refused at once while nobody could answer, publish never.

That two unanswered probes open it, and one answer closes it, is shown with the probe.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from holdfast import Client, sync
from holdfast.errors import LinkDown, Stopped
from holdfast.testing import Broker, Proxy, eventually
from tests.integration.conftest import AnyBroker, MakeClient, Version, over_ip
from tests.integration.status import isolated_or_not

AT_ONCE_S = 0.01
"""What A13 allows a refusal."""


def refusal(require: Callable[[], None]) -> LinkDown:
    """The same at each of 100 calls, the slowest within the limit (one of them may meet a busy machine)."""
    refused, took = [], []
    for _ in range(100):
        began = time.perf_counter()
        with pytest.raises(LinkDown) as caught:
            require()
        took.append(time.perf_counter() - began)
        refused.append(caught.value)
    assert sorted(took)[-2] <= AT_ONCE_S
    assert len({error.cause for error in refused}) == 1
    return refused[0]


@over_ip
@isolated_or_not
async def test_it_opens_with_the_third_failure_and_closes_with_connack(
    broker: AnyBroker, make: MakeClient, isolated: bool
) -> None:
    """Refused at once meanwhile, with the cause, from any thread; publish is accepted, and arrives."""
    with Proxy(broker.url) as proxy:
        client = make(url=proxy.url, isolated=isolated)
        async with client, make() as reader, reader.subscribe("a") as messages:
            await messages.ready(5)
            await client.ready(5)
            client.require_link()
            proxy.refuse()
            proxy.reset()
            await eventually(lambda: client.snapshot().breaker != "closed")
            assert client.snapshot().attempts >= 3
            assert refusal(client.require_link).cause == "refused"
            assert (await asyncio.to_thread(refusal, sync.over(client).require_link)).hint
            await client.publish("a", "accepted")
            proxy.heal()
            await eventually(lambda: client.snapshot().breaker == "closed")
            client.require_link()
            assert client.snapshot().connections == 2
            assert (await asyncio.wait_for(anext(messages), 5)).text() == "accepted"
        with pytest.raises(Stopped):
            client.require_link()


@over_ip
async def test_a_moment_is_no_outage(broker: AnyBroker, make: MakeClient) -> None:
    """A link that is cut and comes back at once refuses nothing: a call can wait for it."""
    with Proxy(broker.url) as proxy:
        async with make(url=proxy.url) as client:
            await client.ready(5)
            proxy.reset()
            while client.snapshot().connections < 2:
                client.require_link()
                await asyncio.sleep(0)


async def test_a_refused_login_opens_it_at_once(version: Version) -> None:
    """Waiting does not mend it: one attempt is enough."""
    with Broker() as broker:
        broker.refuse("CONNECT", 0x86)
        async with Client(broker.url, version=version) as client:
            await eventually(lambda: client.snapshot().attempts)
            assert client.snapshot().breaker == "open"
            assert refusal(client.require_link).cause == "credentials"
