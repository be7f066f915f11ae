"""A network that comes back is used at once: nobody waits for what is left of a backoff."""

from __future__ import annotations

import time

import pytest

from holdfast import Client, Reconnect
from holdfast.testing import Broker, eventually
from holdfast.transport.network import NetworkWatch
from tests.support.namespace import alone, ip

LONG = Reconnect(first_delay_s=3600, max_delay_s=3600)
SOON_S = 3.0
"""Far below any wait that is left; a dial itself takes some milliseconds."""


async def wait_long(client: Client, cause: str) -> None:
    """Until an attempt has failed for this cause and the next one is far away."""
    while True:
        events = client.events()
        client.redial()
        async for event in events:
            if event.name == "connect_failed":
                assert event.cause == cause  # type: ignore[attr-defined]
                if event.retry_in_s > 60:  # type: ignore[attr-defined]
                    return
                break


@pytest.mark.needs("ip")
@pytest.mark.parametrize("isolated", [False, True])
def test_a_link_that_comes_up_is_dialled_over(isolated: bool) -> None:
    """The loopback device is down, the next attempt an hour away; it comes up, and so does the connection."""

    async def main() -> None:
        with Broker() as broker:
            async with Client(broker.url, reconnect=LONG, isolated=isolated) as client:
                await wait_long(client, "unreachable")
                began = time.monotonic()
                ip("link", "set", "lo", "up")
                await client.ready(SOON_S)
                assert time.monotonic() - began < SOON_S

    alone(main)


@pytest.mark.needs("ip")
def test_who_was_refused_is_not_hurried() -> None:
    """Links come and go all day where there are containers: a login that is refused must not follow them."""

    async def main() -> None:
        ip("link", "set", "lo", "up")
        with Broker() as broker:
            broker.refuse("CONNECT", 0x86)
            async with Client(broker.url, reconnect="lan") as client:
                await eventually(lambda: client.snapshot().cause == "credentials")
                told: list[int] = []
                watch = NetworkWatch(lambda: told.append(1))  # hears what the client's own hears
                ip("addr", "add", "192.0.2.1/32", "dev", "lo")
                await eventually(lambda: told)
                ip("addr", "add", "192.0.2.2/32", "dev", "lo")
                await eventually(lambda: len(told) == 2)
                watch.close()
                assert broker.connects == 1

    alone(main)
