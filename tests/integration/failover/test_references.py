"""A broker sends its clients to other servers (MQTT 5 §4.11; contract 3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from holdfast.client.events import Redirected
from holdfast.testing import Broker, Proxy, eventually
from tests.integration.failover.conftest import QUICK, client_of, heard

Two = tuple[Broker, Broker]


@pytest.fixture
def broker() -> Iterator[Broker]:
    """One broker, with several ways to it."""
    with Broker(strict=True) as broker:
        yield broker
        assert broker.violations == []


def place(broker: Any) -> str:
    return f"127.0.0.1:{broker.port}"


@pytest.mark.parametrize("for_good", [False, True])
async def test_a_client_goes_where_it_is_sent(ours: Two, for_good: bool) -> None:
    """Told by CONNACK, at once. When that one is gone it asks again, unless it was sent there for good."""
    one, two = ours
    one.refer(place(two), for_good=for_good)
    async with client_of(one.url, reconnect=QUICK) as client:
        await client.ready(5)
        assert client.snapshot().broker == two.url
        assert client.snapshot().attempts == 0
        assert (one.connects, two.connects) == (1, 1)
        two.stop()
        await eventually(lambda: client.snapshot().attempts >= 5)
        two.start()
        await client.ready(5)
        assert client.snapshot().broker == two.url
        assert (one.connects == 1) is for_good


async def test_what_is_in_flight_goes_along(ours: Two) -> None:
    """The other server does not know our session, so it is another one; nothing is lost, and it is told."""
    one, two = ours
    async with client_of(one.url, reconnect="lan") as client:
        await client.ready(5)
        events = client.events()
        one.hold("PUBACK")
        receipts = [await client.publish("n", str(number)) for number in range(20)]
        await eventually(lambda: len(one.messages("n")) == 20)
        one.refer(place(two))
        event = await heard(events, "redirected")
        assert isinstance(event, Redirected)
        assert (event.broker, event.for_good) == (two.url, False)
        for receipt in receipts:
            await receipt.acknowledged(5)
        assert [message.text() for message in two.messages("n")] == [str(number) for number in range(20)]
        assert client.snapshot().session_losses == 1
        # It is gone, and the first is back: its session is as we left it.
        one.release()
        two.stop()
        await heard(events, "connected")
        await client.publish("n", "last", qos=2)
        await client.flush(5)
        assert client.snapshot().broker == one.url
        assert one.messages("n")[-1].text() == "last"
        two.start()


async def test_a_server_that_shares_our_session_goes_on_with_it(broker: Broker) -> None:
    """A pool of servers: what was in flight is resent there under its identifiers, exactly once at QoS 2."""
    with Proxy(broker.url) as way, Proxy(broker.url) as other:
        async with client_of(way.url, reconnect="lan") as client:
            await client.ready(5)
            events = client.events()
            broker.hold("PUBREC")
            for number in range(10):
                await client.publish("n", str(number), qos=2)
            await eventually(lambda: len(broker.messages("n")) == 10)
            broker.refer(place(other))
            await heard(events, "redirected")
            broker.release()
            await client.flush(5)
            assert client.snapshot().broker == other.url
            assert client.snapshot().session_losses == 0
        assert [message.text() for message in broker.messages("n")] == [str(number) for number in range(10)]


async def test_a_reference_that_leads_nowhere_is_left(ours: Two) -> None:
    """What cannot be had is given up for the server that referred to it, and that for the backup."""
    one, two = ours
    one.refer("127.0.0.1:1 nonsense:port")
    async with client_of(one.url, two.url) as client:
        await client.ready(5)
        assert client.snapshot().broker == two.url
        assert one.connects >= 2


async def test_servers_that_refer_to_each_other(ours: Two) -> None:
    """A circle is met at the speed of the backoff, and left for another broker if there is one."""
    one, two = ours
    one.refer(place(two))
    two.refer(place(one))
    with Broker(strict=True) as third:
        async with client_of(one.url, third.url) as client:
            await client.ready(5)
            assert client.snapshot().broker == third.url
            assert one.connects + two.connects < 200


async def test_nobody_in_version_3_1_1_is_sent_anywhere(ours: Two) -> None:
    """It has no word for it: the broker is unavailable, and the backup's turn comes."""
    one, two = ours
    one.refer(place(two))
    async with client_of(one.url, two.url, version="3.1.1") as client:
        await client.ready(5)
        assert client.snapshot().broker == two.url
