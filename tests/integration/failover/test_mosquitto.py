"""Failover between two real brokers, and back after the hold-down (A11; contract 3)."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import pytest

from holdfast import Client, QoS
from holdfast.client.events import FailedBack, FailedOver
from holdfast.testing import eventually
from tests.integration.failover.conftest import QUICK, client_of, heard
from tests.support.mosquitto import Mosquitto

pytestmark = pytest.mark.needs("mosquitto")

Two = tuple[Mosquitto, Mosquitto]

COUNT = 500


class Reader:
    """Somebody at one broker who gets what is published there."""

    def __init__(self, broker: Mosquitto, name: str) -> None:
        self.client = Client(broker.url, client_id=name, reconnect=QUICK, drain_s=1)
        self.got: list[int] = []

        @self.client.on("n/#", qos=2)
        async def count(payload: str) -> None:
            self.got.append(int(payload))


async def publish(client: Client, numbers: range, qos: QoS = 1) -> None:
    for number in numbers:
        await client.publish(f"n/{number % 7}", str(number), qos=qos)


@pytest.mark.parametrize("isolated", [False, True])
@pytest.mark.parametrize("kept", ["memory", "file"])
async def test_a_killed_primary_costs_nothing(two: Two, tmp_path: Path, kept: str, isolated: bool) -> None:
    """A11: what was pending, in flight or not, all arrives at the backup, each topic in its order."""
    primary, backup = two
    outbox = tmp_path / "outbox.db" if kept == "file" else None
    reader = Reader(backup, "reader")
    client = client_of(primary.url, backup.url, outbox=outbox, isolated=isolated)
    async with reader.client, client:
        await reader.client.ready(5)
        await client.ready(5)
        assert client.snapshot().broker == primary.url
        events = client.events()
        primary.signal(signal.SIGSTOP)
        await publish(client, range(COUNT))
        assert client.snapshot().ledger.pending == COUNT
        primary.signal(signal.SIGKILL)
        event = await heard(events, "failed_over")
        assert isinstance(event, FailedOver)
        assert (event.broker, event.cause, event.uncertain) == (backup.url, "refused", 0)
        assert event.resent > 0
        await client.flush(10)
        await eventually(lambda: len(reader.got) >= COUNT)
        assert client.snapshot().broker == backup.url
        assert client.snapshot().ledger.acknowledged == COUNT
    for topic in range(7):
        mine = [number for number in reader.got if number % 7 == topic]
        assert mine == sorted(set(mine))
    assert sorted(reader.got) == list(range(COUNT))


async def test_it_goes_back_after_the_hold_down_and_not_before(two: Two) -> None:
    """The primary has to answer for ``fail_back_s``; until then the connection to the backup stands."""
    primary, backup = two
    client = client_of(primary.url, backup.url)
    primary.stop()
    async with client:
        await client.ready(5)
        assert client.snapshot().broker == backup.url
        events = client.events()
        primary.start()
        began = time.monotonic()
        event = await heard(events, "failed_back")
        took_s = time.monotonic() - began
        assert isinstance(event, FailedBack)
        assert QUICK.fail_back_s is not None
        assert QUICK.fail_back_s <= took_s < 10
        await client.ready(5)
        snapshot = client.snapshot()
        assert (snapshot.broker, snapshot.connections) == (primary.url, 2)
        assert (event.broker, event.resent, event.uncertain) == (primary.url, 0, 0)
        assert snapshot.disconnections == {"fail_back": 1}


async def test_it_goes_back_with_nothing_in_flight(two: Two) -> None:
    """Messages flow all the time: none is doubled by the way back, as the window is drained before it."""
    primary, backup = two
    readers = Reader(primary, "first"), Reader(backup, "second")
    client = client_of(primary.url, backup.url)
    primary.stop()
    async with readers[0].client, readers[1].client, client:
        await readers[1].client.ready(5)
        await client.ready(5)
        primary.start()
        await readers[0].client.ready(5)
        sent = 0
        while client.snapshot().broker != primary.url:
            await publish(client, range(sent, sent + 5), qos=2)
            sent += 5
            await asyncio.sleep(0.002)
        await client.flush(10)
        await eventually(lambda: len(readers[0].got) + len(readers[1].got) >= sent)
    got = [*readers[1].got, *readers[0].got]
    assert sorted(got) == list(range(sent))


async def test_subscriptions_are_made_at_each_broker(two: Two) -> None:
    """Whichever the client is with, its handlers get what is published there."""
    primary, backup = two
    client = client_of(primary.url, backup.url)
    got: list[str] = []

    @client.on("news/#")
    async def handle(payload: str) -> None:
        got.append(payload)

    async def tell(broker: Mosquitto, what: str) -> None:
        async with Client(broker.url, reconnect=QUICK) as other:
            await (await other.publish("news/a", what)).acknowledged(5)
        await eventually(lambda: what in got)

    async with client:
        await client.ready(5)
        await tell(primary, "one")
        events = client.events()
        primary.stop()
        await heard(events, "failed_over")
        await client.ready(5)
        await tell(backup, "two")
        primary.start()
        await heard(events, "failed_back")
        await client.ready(5)
        await tell(primary, "three")
    assert got == ["one", "two", "three"]


async def test_there_and_back_with_qos_2_in_flight(two: Two, tmp_path: Path) -> None:
    """Held up at the primary with a window in flight: all arrives, no exchange stays open at either broker.

    A broker counts what it has not seen the PUBREL of against what it takes (contract X15); what goes
    through the primary afterwards is more than that.
    """
    primary, backup = two
    readers = Reader(primary, "first"), Reader(backup, "second")
    client = client_of(primary.url, backup.url, outbox=tmp_path / "outbox.db", keepalive_s=1)
    async with readers[0].client, readers[1].client, client:
        for one in (*(reader.client for reader in readers), client):
            await one.ready(5)
        events = client.events()
        await publish(client, range(50), qos=2)
        primary.signal(signal.SIGSTOP)
        await publish(client, range(50, 150), qos=2)
        event = await heard(events, "failed_over")
        assert isinstance(event, FailedOver)
        assert 0 < event.uncertain <= event.resent <= 100
        await client.flush(10)
        primary.signal(signal.SIGCONT)
        await heard(events, "failed_back")
        await client.ready(5)
        assert client.snapshot().session_losses == 0
        await publish(client, range(150, 650), qos=2)
        await client.flush(10)
        await eventually(lambda: {*readers[0].got, *readers[1].got} == set(range(650)))
        session = client._session
        assert session is not None
        await eventually(lambda: not session._sender.released)
    for reader in readers:
        assert len(reader.got) == len(set(reader.got))
    assert set(range(150, 650)) <= set(readers[0].got)
