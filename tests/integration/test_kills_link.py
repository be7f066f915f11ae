"""A message at which the broker hangs up is given up and named; on a bad link none is (contract 10)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from holdfast import Client, QoS, Receipt, Reconnect
from holdfast.client.events import MessageFailed
from holdfast.errors import KillsLink, TooLarge
from holdfast.protocol import suspicion
from holdfast.testing import Broker, Proxy, eventually
from holdfast.testing.model import BrokerLimits
from tests.integration.conftest import Version
from tests.support.mosquitto import Mosquitto

WITHIN_S = 30


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorter controls: the way to the broker is short, too."""
    monkeypatch.setattr(suspicion, "FIRST_S", 0.25)


def client(url: str, version: Version, **options: Any) -> Client:
    """One that is quick to come back."""
    return Client(url, **{"client_id": "c", "version": version, "reconnect": "lan", "drain_s": 2, **options})


async def publish(client: Client, *payloads: str) -> list[Receipt]:
    """Each by itself, at QoS 1 and 2 in turns."""
    qos: tuple[QoS, QoS] = (1, 2)
    return [
        await client.publish("plant/1", payload, qos=qos[number % 2])
        for number, payload in enumerate(payloads)
    ]


async def killed(receipt: Receipt) -> KillsLink:
    """The error of a message that is given up."""
    with pytest.raises(KillsLink) as raised:
        await receipt.acknowledged(WITHIN_S)
    return raised.value


@pytest.mark.parametrize("isolated", [False, True])
async def test_it_is_withheld_and_named(
    version: Version, isolated: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The receipt says topic, size and how often; event, log and ledger say the same; the others arrive."""
    with Broker(limits=BrokerLimits(poison=b"poison"), strict=True) as broker:
        async with client(broker.url, version, isolated=isolated) as publisher:
            await publisher.ready(5)
            events = publisher.events()
            receipts = await publish(publisher, "1", "2", "a poison", "4", "5")
            error = await killed(receipts.pop(2))
            assert (error.topic, error.size, error.times) == ("plant/1", 8, 5)
            assert "plant/1, 8 bytes" in str(error)
            for receipt in receipts:
                await receipt.acknowledged(5)
            arrived = list(dict.fromkeys(one.text() for one in broker.messages("plant/1")))
            assert arrived == ["1", "2", "4", "5"]
            event = await anext(one async for one in events if isinstance(one, MessageFailed))
            assert str(event.error) == str(error)
            ledger = publisher.snapshot().ledger
            assert (ledger.accepted, ledger.acknowledged, ledger.failed) == (5, 4, 1)
        assert broker.violations == []
    warnings = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert str(error) in warnings


async def test_the_brokers_word_is_the_cause() -> None:
    """DISCONNECT 0x95 for a limit that CONNACK did not name."""
    with Broker(limits=BrokerLimits(poison=b"poison", poison_reason=0x95)) as broker:
        async with client(broker.url, "5") as publisher:
            error = await killed(await publisher.publish("plant/1", "poison"))
            assert isinstance(error.__cause__, TooLarge)
            assert publisher.snapshot().disconnections["packet_too_large"] == error.times


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[Mosquitto]:
    """A mosquitto that in 3.1.1 has no word for a packet that is too large for it."""
    if shutil.which("mosquitto") is None:
        pytest.skip("not installed here: mosquitto")
    with Mosquitto(tmp_path / "mosquitto", "max_packet_size 2000", "max_queued_messages 0") as broker:
        yield broker


def found(path: Path) -> tuple[list[tuple[str, int, str]], int]:
    """The dead letters in an outbox file, and how many identifiers are withheld."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        dead = db.execute("SELECT topic, length(payload), reason FROM dead").fetchall()
        return dead, db.execute("SELECT count(*) FROM ids WHERE kind = 2").fetchone()[0]


@pytest.mark.parametrize("session_expiry_s", [3600, 0])
async def test_a_real_broker_that_hangs_up(silent: Mosquitto, tmp_path: Path, session_expiry_s: int) -> None:
    """It is a dead letter in the file, and not sent again by the next process: all others go."""
    path = tmp_path / "outbox.db"
    options = {"outbox": path, "session_expiry_s": session_expiry_s}
    async with client(silent.url, "3.1.1", **options) as publisher:
        receipts = await publish(publisher, "1", "x" * 3000, "3")
        error = await killed(receipts[1])
        assert (error.size, receipts[1].state) == (3000, "failed")
        await receipts[2].acknowledged(5)
    dead, withheld = found(path)
    assert dead == [("plant/1", 3000, f"Unspecified error: {str(error).partition('given up: ')[2]}")]
    assert withheld == (1 if session_expiry_s else 0)
    async with client(silent.url, "3.1.1", **options) as publisher:
        await (await publisher.publish("plant/1", "4")).acknowledged(5)
        snapshot = publisher.snapshot()
        assert snapshot.disconnections == {}
        assert (snapshot.ledger.acknowledged, snapshot.ledger.failed, snapshot.ledger.pending) == (3, 1, 0)


def _has_connected(client: Client, times: int) -> bool:
    return client.snapshot().connections >= times


async def test_a_bad_link_costs_no_message(version: Version) -> None:
    """Resets at any time, mostly before the broker's answer is back: late it is, and nothing is given up."""
    rng = Random(1)
    soon = Reconnect(max_delay_s=0.05, attempt_timeout_s=2)
    with Broker(strict=True) as broker, Proxy(broker.url) as proxy:
        async with client(proxy.url, version, reconnect=soon) as publisher:
            await publisher.ready(5)
            proxy.delay(0.1)
            receipts = await publish(publisher, *map(str, range(50)))
            for times in range(1, 11):
                await eventually(partial(_has_connected, publisher, times), 10)
                await asyncio.sleep(rng.uniform(0, 0.6))  # the weather: nothing to wait for
                proxy.reset()
            proxy.heal()
            for receipt in receipts:
                await receipt.acknowledged(WITHIN_S)
            assert publisher.snapshot().ledger.failed == 0
        assert {one.text() for one in broker.messages()} == set(map(str, range(50)))
