"""A client that is lent: same verbs, and an end that is its own (contract 15)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from holdfast import Client, Message
from holdfast.errors import Stopped
from holdfast.sync import over
from holdfast.testing import Broker, eventually
from tests.support.turns import turns


@pytest.fixture
async def owner() -> AsyncIterator[Client]:
    """Connected to a strict broker."""
    with Broker(strict=True) as broker:
        async with Client(broker.url, client_id="owner", reconnect="lan", drain_s=1) as client:
            await client.ready(5)
            yield client
        assert broker.violations == []


async def test_the_same_verbs(owner: Client) -> None:
    """It publishes, subscribes, handles, waits and looks as its owner does."""
    lent, got = owner.lend(), list[str]()
    assert isinstance(lent, Client)

    @lent.on("t")
    async def handle(payload: str) -> None:
        got.append(payload)

    async with lent.subscribe("t") as messages:
        await lent.ready(5)
        await (await lent.publish("t", "x")).acknowledged(5)
        await (await lent.publish_many([("t", "y")])).acknowledged(5)
        lent.publish_nowait("t", "z")
        assert [(await anext(messages)).text() for _ in range(3)] == ["x", "y", "z"]
    await lent.flush(5)
    await eventually(lambda: got == ["x", "y", "z"])
    assert (lent.client_id, lent.status) == (owner.client_id, owner.status)
    assert lent.snapshot().ledger == owner.snapshot().ledger
    await lent.lend().publish("t", "from the second")
    await eventually(lambda: len(got) == 4)


async def test_its_stop_ends_only_what_it_subscribed(owner: Client) -> None:
    """Handlers and readers of its own end; the link, and the owner's, stay. What it had publishes no more."""
    lent, mine, theirs = owner.lend(), list[str](), list[str]()

    @owner.on("t")
    async def keep(payload: str) -> None:
        mine.append(payload)

    @lent.on("t")
    async def handle(payload: str) -> None:
        theirs.append(payload)

    await owner.ready(5)
    read = asyncio.create_task(drain(lent))
    await turns()
    await owner.publish("t", "1")
    await eventually(lambda: (mine, theirs) == (["1"], ["1"]))
    ledger = await lent.stop()
    assert ledger.accepted == 1
    assert [message.text() for message in await asyncio.wait_for(read, 5)] == []
    await (await owner.publish("t", "2")).acknowledged(5)
    await eventually(lambda: mine == ["1", "2"])
    assert theirs == ["1"]
    assert owner.status == "connected"
    for refused in (lent.publish("t", "3"), lent.ready(0), lent.flush(0)):
        with pytest.raises(Stopped, match="this lent client was stopped"):
            await refused
    with pytest.raises(Stopped):
        async with lent.subscribe("t"):
            pass


async def drain(client: Client) -> list[Message]:
    """All that comes on ``other``."""
    async with client.subscribe("other") as messages:
        return [message async for message in messages]


async def test_startable_again(owner: Client) -> None:
    """Its handlers begin again; those registered in between, too; started twice, it does nothing."""
    lent, got = owner.lend(), list[str]()

    @lent.on("a")
    async def one(payload: str) -> None:
        got.append(payload)

    async with lent:
        await lent.stop()

        @lent.on("b")
        async def two(payload: str) -> None:
            got.append(payload)

        await lent.start()
        await lent.start()
        await lent.ready(5)
        await lent.publish_many([("a", "1"), ("b", "2")])
        await eventually(lambda: sorted(got) == ["1", "2"])
    await owner.publish("a", "3")
    await owner.flush(5)
    assert len(got) == 2


async def test_what_waits_is_for_the_next(owner: Client) -> None:
    """A message in hand finishes, those behind it are not acknowledged: the next consumer gets them."""
    lent, entered, go_on, got = owner.lend(), asyncio.Event(), asyncio.Event(), list[str]()

    @lent.on("t")
    async def handle(payload: str) -> None:
        entered.set()
        await go_on.wait()
        got.append(payload)

    await lent.ready(5)
    await owner.publish_many([("t", str(number)) for number in range(3)])
    await asyncio.wait_for(entered.wait(), 5)
    stopping = asyncio.create_task(lent.stop(5))
    await turns()
    assert not stopping.done()
    go_on.set()
    await stopping
    assert got == ["0"]
    async with owner.subscribe("t") as messages:
        assert [(await anext(messages)).text() for _ in range(2)] == ["1", "2"]


async def test_after_its_stop_nothing_is_accepted(tmp_path: Path) -> None:
    """With an outbox file, too, where calls of a turn are gathered."""
    with Broker() as broker:
        async with Client(broker.url, outbox=tmp_path / "outbox.db") as owner:
            lent = owner.lend()
            await lent.stop()
            for refused in (lent.publish("t", "x"), lent.publish_many([("t", "x")])):
                with pytest.raises(Stopped):
                    await refused
            assert owner.snapshot().ledger.accepted == 0


async def test_stopped_twice_at_once(owner: Client) -> None:
    """Both wait for the message in hand, and end well."""
    lent, entered, go_on = owner.lend(), asyncio.Event(), asyncio.Event()

    @lent.on("t")
    async def handle(payload: str) -> None:
        entered.set()
        await go_on.wait()

    await lent.ready(5)
    await owner.publish("t", "x")
    await asyncio.wait_for(entered.wait(), 5)
    stops = [asyncio.create_task(lent.stop(5)) for _ in range(2)]
    await turns()
    go_on.set()
    one, other = await asyncio.gather(*stops)
    assert one == other


async def test_no_time(owner: Client) -> None:
    """A handler that does not end is cancelled; its message is the next one's."""
    lent, entered = owner.lend(), asyncio.Event()

    @lent.on("t")
    async def handle(payload: str) -> None:
        entered.set()
        await asyncio.Event().wait()

    await lent.ready(5)
    await owner.publish("t", "x")
    await asyncio.wait_for(entered.wait(), 5)
    await lent.stop(0)
    async with owner.subscribe("t") as messages:
        assert (await anext(messages)).text() == "x"


async def test_a_thread_that_does_not_end(owner: Client, caplog: pytest.LogCaptureFixture) -> None:
    """It is left behind, said aloud; and one that stops its own client does not wait for itself."""
    lent, entered, go_on, stopped = owner.lend(), threading.Event(), threading.Event(), threading.Event()

    @lent.on("stuck")
    def stick(payload: str) -> None:
        entered.set()
        go_on.wait(5)

    @lent.on("stop")
    def stop(payload: str) -> None:
        over(lent).stop(5)
        stopped.set()

    await lent.ready(5)
    await owner.publish("stuck", "x")
    await eventually(entered.is_set)
    await lent.stop(0)
    assert "does not end" in caplog.text
    go_on.set()
    await lent.start()
    await lent.ready(5)
    await owner.publish("stop", "x")
    await eventually(stopped.is_set, 3)


async def test_lent_before_the_owner_runs() -> None:
    """Its handlers begin with the owner, and end with it; stopped before, they never do."""
    got: list[str] = []
    with Broker() as broker:
        owner = Client(broker.url, client_id="owner")
        lent, gone = owner.lend(), owner.lend()

        @lent.on("t")
        async def handle(payload: str) -> None:
            got.append(payload)

        @gone.on("t")
        async def never(payload: str) -> None:
            got.append("never")

        assert (await gone.stop()).accepted == 0
        async with owner:
            await lent.ready(5)
            await lent.publish("t", "x")
            await eventually(lambda: got == ["x"])
        with pytest.raises(Stopped):
            await lent.publish("t", "y")
