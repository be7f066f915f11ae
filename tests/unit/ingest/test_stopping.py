"""What waits for a sink has an end once a stop has begun (contract 24)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from holdfast.ingest import IngestLedger, pipeline, stopping
from holdfast.ingest.stopping import Late, Stopping
from holdfast.testing import eventually
from tests.support.desktop import Desktop
from tests.support.durable import Database, File
from tests.support.turns import turns

WITHIN_S = 10


async def never() -> Any:
    await asyncio.Event().wait()


async def in_time() -> str:
    await turns()
    return "the answer"


async def test_before_a_stop_a_sink_has_all_the_time() -> None:
    """Nothing is late, and what it answers is given."""
    here = Stopping(lambda: 0.0)
    assert not here.begun
    assert not here.late
    assert await here.answer(in_time()) == "the answer"


async def test_what_waits_is_cut_when_there_is_no_time_left() -> None:
    """What waits already, and what begins to wait then."""
    here = Stopping(lambda: 0.01)
    before = asyncio.create_task(here.answer(never()))
    await turns()
    here.begin()
    after = asyncio.create_task(here.answer(never()))
    for waiting in (before, after):
        with pytest.raises(Late):
            await asyncio.wait_for(waiting, WITHIN_S)
    assert here.begun
    assert here.late


async def test_who_waits_is_told_of_the_stop() -> None:
    """Once is enough, whoever it was."""
    here = Stopping()
    waiting = asyncio.create_task(here.wait())
    await turns()
    here.begin()
    await asyncio.wait_for(waiting, WITHIN_S)


async def test_the_first_stop_sets_the_end() -> None:
    """Another one gives no more time."""
    given = [0.0, 1000.0]
    here = Stopping(lambda: given.pop(0))
    here.begin()
    here.begin()
    assert here.late
    assert given == [1000.0]


async def test_without_a_limit_a_stop_waits() -> None:
    """As long as it takes."""
    here = Stopping()
    here.begin()
    assert not here.late
    assert await here.answer(in_time()) == "the answer"


@pytest.mark.parametrize("asked", ["answer", "closed"])
async def test_a_timeout_of_the_sink_is_its_own(asked: str) -> None:
    """It does not look like the end of a stop."""

    async def fails() -> None:
        raise TimeoutError("of the sink")

    here = Stopping(lambda: 1000.0)
    here.begin()
    with pytest.raises(TimeoutError, match="of the sink"):
        await getattr(here, asked)(fails())


async def test_letting_go_has_a_little_time_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """With no time left a sink that closes at once is not left open; nor is one that does not waited for."""
    monkeypatch.setattr(stopping, "CLOSED_WITHIN_S", 0.05)
    here = Stopping(lambda: 0.0)
    here.begin()
    await here.closed(turns())
    with pytest.raises(Late):
        await asyncio.wait_for(here.closed(never()), WITHIN_S)


@pytest.mark.parametrize("committed", [False, True])
async def test_what_is_in_doubt_then_stays_in_the_spool(
    monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    """Under the number of its batch, so that the next run knows whether it is stored: once, either way."""
    monkeypatch.setattr(pipeline, "PATIENCE_S", 0.01)
    here = Desktop(File(), Database())
    await here.send(1)
    await eventually(lambda: here.sink.writes, WITHIN_S)
    await here.send(2)
    if committed:
        here.sink.commit()
    here.worker.left_s = 0.2
    here.worker.line.close()
    await asyncio.wait_for(here.worker.task, WITHIN_S)
    assert "did not answer" in str(here.worker.pipeline.trouble)
    assert here.ended == here.held == [1, 2]
    assert here.ledger == IngestLedger(received=2, spooled=2)
    after = await here.die()
    await eventually(lambda: after.sink.writes or not after.file.held, WITHIN_S)
    await after.store()
    await eventually(lambda: not after.file.held, WITHIN_S)
    assert after.database.rows == {1: 1, 2: 1}
    after.worker.line.close()
    await after.worker.task
