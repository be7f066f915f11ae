"""Gather, write, commit, acknowledge: step by step, with a sink that moves when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from holdfast.client.releases import Releases
from holdfast.errors import Stopped
from holdfast.ingest import IngestLedger, desk
from holdfast.protocol import Delivery, ReleaseAsked
from tests.support.durable import Database
from tests.support.piping import Worker
from tests.support.turns import turns


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that failed is tried again at once."""
    monkeypatch.setattr(desk, "FIRST_DELAY_S", 0.0)


@pytest.fixture
def releases() -> Releases:
    return Releases()


@pytest.fixture
async def worker(releases: Releases) -> AsyncIterator[Worker]:
    """At most two messages in a batch."""
    made = Worker(Database(), releases, 2)
    yield made
    made.task.cancel()
    await asyncio.gather(made.task, return_exceptions=True)


async def send(worker: Worker, *serials: int, again: bool = False) -> None:
    """Messages come in; the serial number is the packet identifier too."""
    for serial in serials:
        properties = {"user_property": (("serial", str(serial)),)}
        delivery = Delivery("t", b"x", 2, False, again, serial, properties)
        delivery.epoch = 1
        worker.line.inbox.put((delivery, delivery, 0, None))
    await turns()


async def stored(worker: Worker) -> None:
    """The batch in the sink is committed, and the pipeline hears of it."""
    worker.sink.commit()
    worker.sink.answer()
    await turns()


def ended(worker: Worker) -> list[int]:
    return [delivery.packet_id for _, delivery, _, _ in worker.line.ended]


def troubled(worker: Worker) -> bool:
    return worker.pipeline.trouble is not None


async def test_the_acknowledgement_follows_the_commit(worker: Worker) -> None:
    """Not the transaction alone: the answer of the sink."""
    await send(worker, 1)
    assert worker.pipeline.ledger == IngestLedger(received=1, waiting=1)
    worker.sink.commit()
    await turns()
    assert ended(worker) == []
    worker.sink.answer()
    await turns()
    assert ended(worker) == [1]
    assert worker.pipeline.ledger == IngestLedger(received=1, stored=1)


async def test_the_next_batch_gathers_while_one_is_written(worker: Worker) -> None:
    """Two batches are in hand, no more: the rest waits with the broker."""
    await send(worker, 1)
    await send(worker, 2, 3, 4)
    assert worker.pipeline.ledger.received == 3
    await stored(worker)
    assert ended(worker) == [1]
    await stored(worker)
    assert ended(worker) == [1, 2, 3]
    await stored(worker)
    assert ended(worker) == [1, 2, 3, 4]


async def test_a_batch_that_failed_is_written_again(worker: Worker) -> None:
    """Under the same number, so that one that was committed all the same is not committed twice."""
    await send(worker, 1)
    worker.sink.commit()
    worker.sink.fail()
    await turns()
    assert troubled(worker)
    assert ended(worker) == []
    await stored(worker)
    assert not troubled(worker)
    assert ended(worker) == [1]
    assert worker.database.rows == {1: 1}


async def test_an_identifier_is_forgotten_before_it_is_free(worker: Worker, releases: Releases) -> None:
    """By itself where no message comes: the broker's window may be full of them (contract 5)."""
    answered: list[ReleaseAsked] = []
    releases.answer = answered.append
    await send(worker, 1)
    await stored(worker)
    assert '"1"' in worker.database.memory.state
    releases.asked(ReleaseAsked(1, [1]))
    await turns()
    worker.sink.commit()
    assert '"1"' not in worker.database.memory.state
    assert answered == []
    worker.sink.answer()
    await turns()
    assert answered == [ReleaseAsked(1, [1])]
    assert worker.pipeline.ledger == IngestLedger(received=1, stored=1)


async def test_it_goes_with_the_next_batch_where_there_is_one(worker: Worker, releases: Releases) -> None:
    """One transaction for both."""
    await send(worker, 1)
    await stored(worker)
    await send(worker, 2)
    releases.asked(ReleaseAsked(1, [1]))
    await send(worker, 3)
    await stored(worker)
    worker.sink.commit()
    assert worker.database.memory.number == 3
    assert worker.database.rows == {1: 1, 2: 1, 3: 1}
    assert '"1"' not in worker.database.memory.state


async def test_what_is_asked_before_it_knows_the_sink_waits(releases: Releases) -> None:
    """The broker asks as soon as there is a link; a database may take its time to open."""
    database = Database()
    first = Worker(database, releases, 2)
    await send(first, 1)
    await stored(first)
    first.task.cancel()
    releases.leave(first.pipeline)
    second = Worker(database, releases, 2, asked=ReleaseAsked(1, [1]))
    await turns()
    await stored(second)
    assert '"1"' not in database.memory.state
    second.task.cancel()


async def test_at_the_end_what_was_taken_is_stored(worker: Worker) -> None:
    """What waits behind it is not taken any more."""
    await send(worker, 1)
    await send(worker, 2, 3, 4)
    worker.line.close()
    await stored(worker)
    await stored(worker)
    await worker.task
    assert ended(worker) == [1, 2, 3]


async def test_a_sink_that_cannot_be_written_is_not_waited_for_at_the_end(worker: Worker) -> None:
    """Nothing of it is acknowledged: the broker keeps it."""
    await send(worker, 1)
    worker.line.close()
    await turns()
    worker.sink.fail()
    with pytest.raises(Stopped, match="the broker keeps"):
        await worker.task
    assert ended(worker) == []


async def test_a_defect_of_a_sink_ends_it(worker: Worker) -> None:
    """It is raised, not tried for ever."""
    await send(worker, 1)
    worker.sink.break_down(RuntimeError("a defect"))
    with pytest.raises(RuntimeError, match="a defect"):
        await worker.task
    assert ended(worker) == []


@pytest.mark.parametrize("committed", [False, True])
async def test_a_sink_that_never_answers_is_not_waited_for_at_the_end(
    worker: Worker, releases: Releases, committed: bool
) -> None:
    """Nothing of it is acknowledged. Whether it was committed or not, the next run stores it once."""
    await send(worker, 1)
    await send(worker, 2)
    if committed:
        worker.sink.commit()
    worker.left_s = 0.01
    worker.line.close()
    with pytest.raises(Stopped, match="the broker keeps"):
        await worker.task
    assert troubled(worker)
    assert ended(worker) == []
    releases.leave(worker.pipeline)
    following = Worker(worker.database, releases, 2)
    await send(following, 1, 2, again=True)
    await stored(following)
    following.line.close()
    await following.task
    assert ended(following) == [1, 2]
    assert worker.database.rows == {1: 1, 2: 1}
