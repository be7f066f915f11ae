"""The link on a thread of its own: what crosses the border, in which order, and what is left at the end."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar

import pytest

from holdfast import Client, Message
from holdfast.client.core import Core
from holdfast.client.isolation import Isolated
from holdfast.errors import Stopped, Undelivered
from holdfast.testing import Broker, eventually
from tests.support.scram import Scram, ScramServer

CYCLES = 50


def engine_threads() -> list[str]:
    """Those of engines that there are."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("holdfast engine")]


def inside(client: Client) -> tuple[Core, Isolated]:
    """The present run of an isolated client."""
    core = client._core
    assert core is not None
    assert isinstance(core.keeper, Isolated)
    return core, core.keeper


@pytest.fixture
async def isolated() -> AsyncIterator[Client]:
    """Connected."""
    with Broker(strict=True) as broker:
        client = Client(broker.url, client_id="isolated", reconnect="lan", isolated=True)
        async with client:
            await client.ready(5)
            yield client
        assert broker.violations == []
    assert engine_threads() == []


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


async def test_no_thread_is_left(caplog: pytest.LogCaptureFixture) -> None:
    """Started and stopped again and again, with work in between: no thread, no loop, no log line."""
    with Broker() as broker:
        client = Client(broker.url, client_id="again", isolated=True)
        for _ in range(CYCLES):
            async with client:
                await (await client.publish("t", "x")).acknowledged(5)
            assert engine_threads() == []
        assert broker.connects == CYCLES
        assert client.snapshot().ledger.acknowledged == CYCLES
    gc.collect()  # what was left open would warn
    assert [one for one in caplog.records if one.levelname in ("ERROR", "CRITICAL")] == []


async def test_stopped_in_the_middle_of_a_dial() -> None:
    """A host that never answers, and no time: the thread ends at once all the same."""
    client = Client("mqtt://127.0.0.1:1", isolated=True, reconnect="lan")
    for _ in range(CYCLES):
        await client.start()
        began = time.monotonic()
        await client.stop(0)
        assert time.monotonic() - began < 0.5
        assert engine_threads() == []


async def test_a_cancelled_stop_leaves_nothing(isolated: Client) -> None:
    """The drain is skipped, the thread ends."""
    await isolated.publish("t", "x")
    stopping = asyncio.create_task(isolated.stop(5))
    await asyncio.sleep(0)
    stopping.cancel()
    with pytest.raises((asyncio.CancelledError, Undelivered)):
        await stopping
    assert engine_threads() == []


async def test_the_thread_dies(isolated: Client, caplog: pytest.LogCaptureFixture) -> None:
    """Said aloud, FAILED, nobody waits for a dead link; and the client can be started again."""
    core, keeper = inside(isolated)
    waiting = asyncio.create_task(core.granted(("never",), None))
    asking = asyncio.create_task(keeper._ask(asyncio.Event().wait))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    keeper._there.post(lambda: keeper._thread.loop.call_soon(sys.exit, 3))
    for one in (waiting, asking):
        with pytest.raises(Exception, match=r"SystemExit\(3\)|thread has ended|unsubscribed|left"):
            await asyncio.wait_for(one, 5)
    await eventually(lambda: isolated.status == "failed")
    assert "the engine's thread failed" in caplog.text
    with pytest.raises(Stopped):
        await isolated.publish("t", "x")
    with pytest.raises(Stopped):
        await keeper.settled()
    keeper.redial()
    await isolated.stop()
    await isolated.start()
    await isolated.ready(5)
    await (await isolated.publish("t", "x")).acknowledged(5)


async def test_a_function_that_blocks_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    """stop() ends in its time and says why a thread is left; it cannot be started before that has ended."""
    blocked, asked = threading.Event(), threading.Event()

    def password() -> str:
        asked.set()
        blocked.wait(30)
        return "secret"

    with Broker() as broker:
        client = Client(broker.url, username="me", password=password, isolated=True)
        await client.start()
        await eventually(asked.is_set)
        began = time.monotonic()
        await client.stop(0.2)
        assert time.monotonic() - began < 2
        assert "blocks it" in caplog.text
        with pytest.raises(Stopped, match="has not ended"):
            await client.start()
        blocked.set()
        await eventually(lambda: not engine_threads())
        await client.start()
        await client.ready(5)
        await client.stop()


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


async def test_publishing_when_its_loop_is_gone(isolated: Client) -> None:
    """Accepted all the same: what a file keeps is committed."""
    begun: list[bool] = []
    _, keeper = inside(isolated)
    keeper._there.close()
    isolated._outbox.begin = lambda: begun.append(True)  # type: ignore[method-assign]
    isolated.publish_nowait("t", "x")
    assert begun
    keeper._there.closed = False


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
