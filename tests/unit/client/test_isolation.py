"""The link on a thread of its own: what crosses the border, in which order, and what is left at the end."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import ClassVar

import pytest

from holdfast import Client, Message
from holdfast.testing import Broker, eventually
from tests.support.scram import Scram, ScramServer
from tests.unit.client.conftest import engine_threads, inside


def block_until_acknowledged(client: Client, count: int) -> None:
    """The loop stands still until the broker has acknowledged so many: no ``await`` in here."""
    deadline = time.monotonic() + 5
    while client._outbox.ledger().acknowledged < count:
        assert time.monotonic() < deadline
        time.sleep(0.001)


async def test_the_link_works_while_the_loop_is_blocked(isolated: Client) -> None:
    """Published before and while the loop stands still: acknowledged meanwhile."""
    receipts = [await isolated.publish("t", str(number)) for number in range(3)]
    block_until_acknowledged(isolated, 3)
    assert [receipt.state for receipt in receipts] == ["acknowledged"] * 3
    receipt = isolated.publish_nowait("t", "blocked")
    block_until_acknowledged(isolated, 4)
    await receipt.acknowledged(0)


async def test_handlers_stay_on_the_loop(isolated: Client) -> None:
    """A handler, a reader, and waits are where the client was started; the engine is elsewhere."""
    here, seen = threading.get_ident(), list[int]()

    @isolated.on("t")
    async def handle(payload: bytes) -> None:
        seen.append(threading.get_ident())

    async with isolated.subscribe("t") as messages:
        await messages.ready(5)
        await (await isolated.publish("t", "x")).acknowledged(5)
        assert (await anext(aiter(messages))).payload == b"x"
    await eventually(lambda: seen)
    assert seen == [here]
    assert engine_threads() == ["holdfast engine"]


async def test_messages_are_acknowledged_in_batches(isolated: Client) -> None:
    """A burst crosses the border in few calls, and every message of it is acknowledged to the broker."""
    count, got = 500, list[Message]()
    _, keeper = inside(isolated)

    @isolated.on("burst")
    async def handle(message: Message) -> None:
        got.append(message)

    await isolated.ready(5)
    handed_over = 0
    hand_over = keeper._hand_over

    def counted() -> None:
        nonlocal handed_over
        handed_over += 1
        hand_over()

    keeper._hand_over = counted  # type: ignore[method-assign]
    receipt = await isolated.publish_many([("burst", str(number)) for number in range(count)])
    await receipt.acknowledged(5)
    await eventually(lambda: isolated.snapshot().handled == count)
    assert [int(message.payload) for message in got] == list(range(count))
    assert handed_over < count / 5


async def test_flushed_means_told(isolated: Client) -> None:
    """When flush() returns, every receipt has its state, as nothing is on its way between the threads."""
    receipts = [await isolated.publish("t", "x", qos=qos) for qos in (0, 1, 2) for _ in range(100)]
    await isolated.flush(5)
    assert {receipt.state for receipt in receipts} == {"sent", "acknowledged"}


async def test_groups_end_on_both_threads() -> None:
    """Acknowledged there, refused here: a group's receipt has lost none of them."""
    with Broker() as broker:
        async with Client(broker.url, isolated=True) as client:
            await client.ready(5)
            broker.refuse("PUBLISH", 0x99, times=20)
            receipt = await client.publish_many([("t", str(number)) for number in range(300)])
            with pytest.raises(Exception, match="20 of the group failed"):
                await receipt.acknowledged(5)


class Placed(Scram):
    """Remembers where its steps run."""

    threads: ClassVar[set[str]] = set()

    def start(self) -> bytes:
        self.threads.add(threading.current_thread().name)
        return super().start()

    def finish(self, data: bytes) -> None:
        self.threads.add(threading.current_thread().name)
        super().finish(data)


async def test_authentication_is_the_engines() -> None:
    """Its steps run on the thread, so a reconnect needs no loop; authenticating again is asked for here."""
    with Broker(strict=True, authentication=ScramServer) as broker:
        client = Client(broker.url, client_id="c", authentication=Placed, isolated=True)
        async with client:
            await client.ready(5)
            await client.reauthenticate(5)
    assert Placed.threads == {"holdfast engine"}


async def test_with_a_file(tmp_path: Path) -> None:
    """Calls of a turn share a commit; single, group and without waiting go in their order, and all arrive."""
    with Broker(strict=True) as broker:
        async with Client(broker.url, outbox=tmp_path / "outbox.db", isolated=True) as client:
            await client.ready(5)
            async with asyncio.TaskGroup() as tasks:
                calls = [tasks.create_task(client.publish("t", str(number))) for number in range(50)]
            receipts = [call.result() for call in calls]
            receipts.append(await client.publish_many([("t", "50"), ("t", "51")]))
            receipts.append(client.publish_nowait("t", "52"))
            await receipts[-1].accepted(5)
            assert [receipt.id for receipt in receipts] == [*range(1, 52), 53]
            assert len({receipt.commit for receipt in receipts}) <= 5
            await client.flush(10)
        assert [int(message.payload) for message in broker.messages("t")] == list(range(53))
        assert broker.violations == []
