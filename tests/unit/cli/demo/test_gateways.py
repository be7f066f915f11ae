"""The simulated gateways keep their rate and their books."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from holdfast.cli.demo.gateways import Gateway, together
from holdfast.outbox import Ledger
from holdfast.testing import Broker, eventually

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def ledger(accepted: int, pending: int, since: datetime = NOW) -> Ledger:
    return Ledger(
        accepted=accepted, acknowledged=accepted - pending, sent=0, failed=0, expired=0, dropped=0,
        pending=pending, since=since,
    )  # fmt: skip


def test_the_books_of_all_are_the_sum() -> None:
    """Every column, since the earliest of them."""
    earlier = NOW - timedelta(hours=1)
    assert together([ledger(5, 1), ledger(7, 0, earlier)]) == ledger(12, 1, earlier)


async def test_it_publishes_with_and_without_a_broker() -> None:
    """What is accepted while nobody listens is acknowledged later; every serial has its end."""
    with Broker() as broker:
        gateway = Gateway(3, broker.url, 7, 0)
        await gateway.client.start()
        await gateway.client.ready(5)
        broker.freeze()
        until = asyncio.Event()
        publishing = asyncio.create_task(gateway.publish(500, until))
        await eventually(lambda: gateway.pending >= 20)
        assert gateway.acknowledged == set()
        broker.thaw()
        await eventually(lambda: len(gateway.acknowledged) >= 20)
        until.set()
        await publishing
        await gateway.client.flush(5)
        books = await gateway.stop()
        assert books.accepted == books.acknowledged == len(gateway.acknowledged)
        assert await gateway.failure() is None
        topics = {message.topic for message in broker.messages()}
    assert topics == {"CM4_BLE_GW_TX/gateway-3"}


async def test_what_a_broker_refuses_is_told_with_its_reason() -> None:
    """The first failure in words, for the books."""
    with Broker() as broker:
        broker.refuse("PUBLISH", 0x97, times=1)
        gateway = Gateway(1, broker.url, 7, 0)
        await gateway.client.start()
        until = asyncio.Event()
        publishing = asyncio.create_task(gateway.publish(500, until))
        await eventually(lambda: gateway.client.snapshot().ledger.failed == 1)
        until.set()
        await publishing
        assert "Quota exceeded" in str(await gateway.failure())
        await gateway.stop()


async def test_stopped_without_a_broker_it_keeps_its_books() -> None:
    """What is pending is in them, not in an exception."""
    gateway = Gateway(1, "mqtt://127.0.0.1:1", 7, 0)
    await gateway.client.start()
    until = asyncio.Event()
    publishing = asyncio.create_task(gateway.publish(500, until))
    await eventually(lambda: gateway.pending >= 3)
    until.set()
    await publishing
    books = await gateway.stop()
    assert books.pending == books.accepted >= 3
