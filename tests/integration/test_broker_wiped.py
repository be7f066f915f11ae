"""The broker comes back with nothing while accepted messages wait in the file (contract 1, 6; B03, B05)."""

from __future__ import annotations

import logging
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from holdfast import Client, Outbox, QoS
from holdfast.client.events import SessionLost
from holdfast.testing import Proxy, eventually
from tests.support.mosquitto import Mosquitto

COUNT = 2000

pytestmark = pytest.mark.needs("mosquitto")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """It keeps nothing, and drops nothing."""
    with Mosquitto(tmp_path / "mosquitto", "max_queued_messages 0") as broker:
        yield broker


@pytest.fixture
def proxy(broker: Mosquitto) -> Iterator[Proxy]:
    """The sender's way alone, so that the reader can be there first."""
    with Proxy(broker.url) as proxy:
        yield proxy


class Wiped:
    """A sender with a file, and a reader that has subscribed before anything arrives."""

    def __init__(self, broker: Mosquitto, proxy: Proxy, outbox: Outbox) -> None:
        self._broker = broker
        self._proxy = proxy
        self.got: list[int] = []
        self.sender = Client(proxy.url, client_id="sender", outbox=outbox, reconnect="lan")
        self.reader = Client(broker.url, client_id="reader", reconnect="lan")

        @self.reader.on("wiped/#", qos=2)
        async def count(payload: str) -> None:
            self.got.append(int(payload))

    @asynccontextmanager
    async def both(self) -> AsyncIterator[None]:
        """Connected, with a session each."""
        async with self.reader, self.sender:
            await self.reader.ready(5)
            await self.sender.ready(5)
            yield

    async def wipe(self) -> None:
        """kill -9, and a start without a session; the reader is there again before the sender."""
        self._proxy.refuse()
        self._broker.restart(signal.SIGKILL)
        self._proxy.reset()
        await eventually(lambda: self.reader.snapshot().connections == 2)
        await self.reader.ready(5)
        self._proxy.heal()


async def publish(wiped: Wiped, broker: Mosquitto, qos: QoS) -> list[Any]:
    """2,000 accepted; as the broker stands still, a window of them is in flight."""
    broker.signal(signal.SIGSTOP)
    receipts = [await wiped.sender.publish("wiped/x", str(number), qos=qos) for number in range(COUNT)]
    assert wiped.sender.snapshot().ledger.pending == COUNT
    return receipts


async def lost(client: Client, events: Any) -> SessionLost:
    """What the client was told of it, and has counted."""
    async for event in events:
        if isinstance(event, SessionLost):
            assert client.snapshot().session_losses == 1
            return event
    raise AssertionError


@pytest.mark.parametrize("qos", [1, 2])
async def test_all_that_waited_arrives(
    broker: Mosquitto, proxy: Proxy, tmp_path: Path, qos: QoS, caplog: pytest.LogCaptureFixture
) -> None:
    """2,000 arrive in order; the loss is an event, a counter and a log line; uncertain QoS 2 says so."""
    wiped = Wiped(broker, proxy, Outbox(tmp_path / "sender.db"))
    async with wiped.both():
        events = wiped.sender.events()
        receipts = await publish(wiped, broker, qos)
        with caplog.at_level(logging.WARNING, "holdfast"):
            await wiped.wipe()
            event = await lost(wiped.sender, events)
        await wiped.sender.flush(20)
        await eventually(lambda: len(wiped.got) >= COUNT)
    assert wiped.got == list(range(COUNT))
    assert event.message in caplog.messages
    assert 0 < event.resent < COUNT
    uncertain = [receipt for receipt in receipts if receipt.maybe_duplicate]
    assert len(uncertain) == event.uncertain == (event.resent if qos == 2 else 0)
    assert {receipt.state for receipt in receipts} == {"acknowledged"}


async def test_what_may_not_arrive_twice_fails(broker: Mosquitto, proxy: Proxy, tmp_path: Path) -> None:
    """on_session_lost="fail": of QoS 2 what was in flight fails and is counted, and the rest arrives."""
    wiped = Wiped(broker, proxy, Outbox(tmp_path / "sender.db", on_session_lost="fail"))
    async with wiped.both():
        events = wiped.sender.events()
        receipts = await publish(wiped, broker, 2)
        await wiped.wipe()
        event = await lost(wiped.sender, events)
        await wiped.sender.flush(20)
        failed = [receipt for receipt in receipts if receipt.state == "failed"]
        await eventually(lambda: len(wiped.got) >= COUNT - len(failed))
        ledger = wiped.sender.snapshot().ledger
    assert 0 < len(failed) < COUNT
    assert (ledger.acknowledged, ledger.failed, ledger.pending) == (COUNT - len(failed), len(failed), 0)
    assert wiped.got == list(range(len(failed), COUNT))
    assert not any(receipt.maybe_duplicate for receipt in receipts)
    assert (event.resent, event.uncertain) == (0, len(failed))
    assert f"{len(failed)} (QoS 2) have failed instead" in event.message


async def test_a_process_that_was_not_there_learns_of_it(
    broker: Mosquitto, proxy: Proxy, tmp_path: Path
) -> None:
    """The publisher ends with messages in flight, and the broker forgets: the next start sends them."""
    wiped = Wiped(broker, proxy, Outbox(tmp_path / "sender.db"))
    async with wiped.both():
        await publish(wiped, broker, 2)
        await wiped.sender.stop(0)
        wiped.sender = Client(proxy.url, client_id="sender", outbox=tmp_path / "sender.db", reconnect="lan")
        await wiped.wipe()
        async with wiped.sender:
            await wiped.sender.flush(20)
            await eventually(lambda: len(wiped.got) >= COUNT)
            assert wiped.sender.snapshot().session_losses == 1
    assert wiped.got == list(range(COUNT))
