"""The clients of a pool, from start to stop (contract 25)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast import Reconnect
from holdfast.client.member import member_of
from holdfast.errors import OutboxError, OutboxLocked, Stopped, Undelivered
from holdfast.testing import Broker, eventually
from tests.unit.client.pooled import members


@pytest.fixture
def away() -> Iterator[Broker]:
    """Strict, not there yet, and with nothing to complain of in the end."""
    broker = Broker(strict=True).start()
    broker.stop()
    yield broker
    if broker._server is not None:
        assert broker.violations == []
        broker.stop()


async def left_behind(broker: Broker, folder: Path, connections: int, key: str) -> None:
    """A run without the broker, in which each connection accepted two messages."""
    run = members(folder, connections, broker.url)
    await run.start()
    for index, client in enumerate(run.clients):
        for number in range(2):
            await client.publish(f"{key}/{index}", str(number))
    await run.stop(None)


async def test_without_older_files_nobody_is_held(away: Broker, tmp_path: Path) -> None:
    """The same number as before finds its own files."""
    await left_behind(away, tmp_path, 2, "a")
    run = members(tmp_path, 2, away.url)
    await run.start()
    assert (run.older, run.succession) == ([], None)
    assert [client._outbox.pending for client in run.clients] == [2, 2]
    assert not any(member_of(client).held for client in run.clients)
    await run.stop(0)


async def test_each_generation_waits_for_those_before_it(away: Broker, tmp_path: Path) -> None:
    """Nothing of a newer one leaves while the broker has yet to answer for a message of an older one."""
    await left_behind(away, tmp_path, 3, "first")
    await left_behind(away, tmp_path, 2, "second")
    away.start()
    away.hold("PUBACK")
    run = members(tmp_path, 1, away.url)
    await run.start()
    await run.clients[0].publish("third", "0")
    assert [len(clients) for clients in run.older] == [3, 2]
    for client in run.running:
        await client.ready(5)
    await eventually(lambda: len(away.messages("first/#")) == 6)
    assert len(away.messages()) == 6
    away.release()
    await run.clients[0].flush(5)
    topics = [message.topic.split("/")[0] for message in away.messages()]
    assert topics == [*["first"] * 6, *["second"] * 4, "third"]
    await eventually(lambda: run.running == run.clients)
    await run.stop(1)


async def test_what_was_sent_once_is_not_waited_for_again(away: Broker, tmp_path: Path) -> None:
    """Older files stay, with their books and dead letters; without anything to send they are closed."""
    await left_behind(away, tmp_path, 2, "a")
    away.start()
    run = members(tmp_path, 3, away.url)
    await run.start()
    await eventually(lambda: run.running == run.clients)
    await run.stop(1)
    run = members(tmp_path, 3, away.url)
    await run.start()
    assert run.running == run.clients
    assert sum(client._outbox.ledger().acknowledged for client in run.all) == 4
    receipt = await run.clients[0].publish("b", "c")
    await receipt.acknowledged(5)
    await run.stop(1)


async def test_stopped_while_an_older_one_is_closed(away: Broker, tmp_path: Path) -> None:
    """It is waited for: behind the stop the same files can be opened at once."""
    await left_behind(away, tmp_path, 1, "a")
    away.start()
    run = members(tmp_path, 2, away.url)
    await run.start()
    outbox = run.older[0][0]._outbox
    close, begun, go_on = outbox.close, threading.Event(), threading.Event()

    def slowly(timeout_s: float | None) -> bool:
        begun.set()
        go_on.wait(5)
        return close(timeout_s)

    outbox.close = slowly  # type: ignore[assignment]
    await eventually(begun.is_set)
    stop = asyncio.create_task(run.stop(1))
    await eventually(lambda: run.running == [])
    assert not stop.done()
    go_on.set()
    await stop
    await run.start()
    await run.stop(0)


async def test_who_is_held_has_nothing_to_wait_for(away: Broker, tmp_path: Path) -> None:
    """A stop meanwhile does not take the time that sending would: it cannot."""
    await left_behind(away, tmp_path, 2, "a")
    away.start()
    away.hold("PUBACK")
    run = members(tmp_path, 1, away.url)
    await run.start()
    for client in run.running:
        await client.ready(5)
    await run.clients[0].publish("b", "c")
    for clients in run.older:
        for client in clients:
            await client.stop(0)
    async with asyncio.timeout(5):
        await run.stop(60)
    assert run.clients[0]._outbox.ledger().pending == 1


async def test_what_cannot_be_sent_is_overtaken_by_nothing(
    away: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An older connection gives up on the broker: what is newer stays where it is, and that is said."""
    await left_behind(away, tmp_path, 2, "a")
    run = members(tmp_path, 1, away.url, Reconnect(first_delay_s=0.001, max_delay_s=0.01, max_attempts=3))
    await run.start()
    await eventually(lambda: "nothing new is sent: what older files keep cannot be" in caplog.text)
    assert run.succession is not None
    with pytest.raises(Stopped, match="gave up on the broker"):
        run.succession.result()
    assert member_of(run.clients[0]).held
    await run.stop(0)


async def test_a_start_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """One file cannot be used: the others are closed, and the folder is free."""
    (tmp_path / "1-of-2.db").mkdir(parents=True)
    run = members(tmp_path, 2)
    with pytest.raises(OutboxError):
        await run.start()
    assert run.running == []
    (tmp_path / "1-of-2.db").rmdir()
    await run.start()
    assert run.running == run.clients
    await run.stop(0)


async def test_two_processes_do_not_share_a_folder(tmp_path: Path) -> None:
    """Not with another number of connections either; stopped, it is free, and starts again."""
    one, two = members(tmp_path, 2), members(tmp_path, 3)
    await one.start()
    await one.start()
    with pytest.raises(OutboxLocked):
        await two.start()
    await one.stop(0)
    await two.start()
    assert [client._outbox.path.split("/")[-1] for client in two.clients][:1] == ["0-of-3.2.db"]  # type: ignore[attr-defined]
    await two.stop(0)


async def test_what_only_memory_held_is_counted_over_all() -> None:
    """One error for the pool, with the number of all messages."""
    run = members(None, 3)
    await run.start()
    for client in run.clients[:2]:
        await client.publish("a", "b")
    with pytest.raises(Undelivered, match="with 2 messages") as raised:
        await run.stop(0)
    assert raised.value.pending == 2
    await run.start()
    assert run.running == run.clients
    with pytest.raises(Undelivered):
        await run.stop(0)


async def test_a_member_knows_where_the_others_are(tmp_path: Path) -> None:
    """Only where they are connected to, and not itself."""
    with Broker() as broker:
        run = members(None, 2, broker.url)
        one, two = run.clients
        assert member_of(one).others() == set()
        await run.start()
        await one.ready(5)
        await two.ready(5)
        assert member_of(one).others() == {0}
        await two.stop()
        assert (member_of(one).others(), member_of(two).others()) == (set(), {0})
        await run.stop(1)
