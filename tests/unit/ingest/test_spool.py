"""What a sink cannot take is kept, acknowledged, and stored in its order when it is back (contract 17)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from holdfast.errors import OutboxError
from holdfast.ingest import IngestLedger
from holdfast.protocol import ReleaseAsked
from tests.support.desktop import Desktop
from tests.support.turns import turns

pytestmark = pytest.mark.usefixtures("at_once")


async def test_what_the_sink_cannot_take_is_acknowledged_from_the_file(here: Desktop) -> None:
    """Behind the commit there, not before; and stored when the sink is back, once."""
    here.lags = True
    await here.send(1)
    here.sink.fail()
    await turns()
    assert here.ended == []
    here.commit()
    await turns()
    assert here.ended == [1]
    assert here.ledger == IngestLedger(received=1, spooled=1)
    here.lags = False
    await here.store()
    assert here.database.rows == {1: 1}
    assert here.file.held == {}
    assert here.ledger == IngestLedger(received=1, stored=1)


async def test_whatever_comes_goes_behind_what_is_spooled(here: Desktop) -> None:
    """So rows are in the order in which messages came; when all are stored the way is direct again."""
    await here.send(1)
    here.sink.fail()
    await turns()
    await here.send(2, 3, 4, 5)
    assert here.ended == [1, 2, 3, 4, 5]
    assert here.held == [1, 2, 3, 4, 5]
    await here.store()
    assert list(here.database.rows) == [1, 2, 3, 4, 5]
    await here.send(6)
    assert here.held == []
    await here.store()
    assert here.database.rows == dict.fromkeys(range(1, 7), 1)


@pytest.mark.parametrize("committed", [False, True])
async def test_killed_behind_a_commit_that_failed(here: Desktop, committed: bool) -> None:
    """The sink says what it committed last: so the batch is stored by the next process, or was already."""
    await here.send(1)
    if committed:
        here.sink.commit()
    here.sink.fail()
    await turns()
    after = await here.die()
    await after.store()
    assert after.database.rows == {1: 1}
    assert after.file.held == {}


async def test_killed_in_the_middle_of_a_batch_that_failed(here: Desktop) -> None:
    """A later batch proves nothing: it may have been a part of it, where batches are smaller than before."""
    await here.send(0)  # so that the next two make one batch
    await here.send(1, 2)
    await here.store_one()
    here.sink.fail()
    await turns()
    assert here.held == [1, 2]
    second = await here.die(most=1)
    await second.store_one()
    assert sorted(second.database.rows) == [0, 1]
    third = await second.die()
    await third.store()
    assert third.database.rows == {0: 1, 1: 1, 2: 1}


async def test_killed_between_the_commit_and_letting_go(here: Desktop) -> None:
    """The state of the sink names the highest number that it has."""
    await here.send(1)
    here.sink.fail()
    await turns()
    await here.send(2)
    here.lags = True
    await here.store()
    assert sorted(here.database.rows) == [1, 2]
    assert here.held == [1, 2]
    after = await here.die()
    await after.store()
    assert after.database.rows == {1: 1, 2: 1}
    assert after.ledger == IngestLedger()


async def test_a_message_in_the_spool_is_known_when_it_comes_again(here: Desktop) -> None:
    """Killed before PUBREC was durable: the broker sends it once more."""
    await here.send(1)
    here.sink.fail()
    await turns()
    after = await here.die()
    after.sink.fail()
    await turns()
    await after.send(1, again=True)
    assert after.ledger == IngestLedger(received=2, repeated=1, spooled=1)
    await after.store()
    assert after.database.rows == {1: 1}


async def test_identifiers_are_released_while_the_sink_is_away(here: Desktop) -> None:
    """Or the broker's window would be full of them; the next process knows what the sink could not forget."""
    await here.send(1)
    await here.store()
    await here.send(2)
    here.sink.fail()
    await turns()
    here.lags = True
    here.releases.asked(ReleaseAsked(1, [1, 2]))
    await turns()
    assert here.answered == []
    here.commit()
    await turns()
    assert here.answered == [ReleaseAsked(1, [1, 2])]
    after = await here.die()
    after.sink.fail()
    await turns()
    await after.send(1, 2, again=True)
    assert after.ledger.repeated == 0


async def test_stopped_while_it_is_gone_through(here: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found stored already is not in the books of the spool any more."""
    await here.send(1)
    here.sink.fail()
    await turns()
    await here.send(2)
    await here.store_one()
    here.sink.commit()
    here.worker.task.cancel()
    await asyncio.gather(here.worker.task, return_exceptions=True)
    after = Desktop(here.file, here.database, most=1)
    read, refused = after.intake.read, OutboxError("it is not open", path="x")

    def reads(owner: str, number: int, most: int) -> Any:
        if number:
            raise refused
        return read(owner, number, most)

    monkeypatch.setattr(after.intake, "read", reads)
    with pytest.raises(OutboxError, match="not open"):
        await after.worker.task
    assert (after.held, after.ledger.spooled) == ([], 0)


async def test_at_the_end_it_is_left_for_the_next_run(here: Desktop) -> None:
    """What was taken is in the file; the end does not wait for the sink."""
    await here.send(1)
    here.sink.fail()
    await turns()
    await here.send(2)
    here.worker.line.close()
    here.sink.fail()
    await here.worker.task
    assert here.ended == [1, 2]
    assert here.held == [1, 2]


async def test_a_defect_of_the_sink_ends_it(here: Desktop) -> None:
    """While it drains as at any other time."""
    await here.send(1)
    here.sink.fail()
    await turns()
    here.sink.break_down(RuntimeError("a defect"))
    await here.send(2)
    with pytest.raises(RuntimeError, match="a defect"):
        await here.worker.task


async def test_nothing_goes_past_it_at_the_end(here: Desktop) -> None:
    """Draining has ended, as it is told to, and not all is stored: what was taken last goes behind it."""
    await here.send(1)
    here.sink.fail()
    await turns()
    await here.send(2, 3, 4, 5)
    here.lags = True
    await here.send(6)  # is being kept
    await here.send(7)  # is in the next batch
    here.worker.line.close()
    await here.store_one()
    here.lags = False
    here.commit()
    await here.worker.task
    assert list(here.database.rows) == [1]
    assert here.held == [2, 3, 4, 5, 6, 7]
    after = await here.die(most=20)
    await after.store()
    assert list(after.database.rows.items()) == [(serial, 1) for serial in range(1, 8)]


async def test_nothing_goes_past_what_cannot_be_read(
    here: Desktop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The file refuses for a moment: it is read again, and what comes meanwhile goes behind it."""
    refused, read = [OutboxError("it is locked", path="x")], here.intake.read

    def reads(*asked: Any) -> Any:
        if refused:
            raise refused.pop()
        return read(*asked)

    await here.send(1)
    here.sink.fail()
    await turns()
    await here.send(2)
    monkeypatch.setattr(here.intake, "read", reads)
    await here.store_one()
    await here.send(3)
    await here.store()
    assert "what is spooled cannot be read: it is locked" in caplog.text
    assert (here.database.rows, here.held) == ({1: 1, 2: 1, 3: 1}, [])
