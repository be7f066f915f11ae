"""A spool without room: nothing is acknowledged that is nowhere, and whoever can take it first has it."""

from __future__ import annotations

import pytest

from holdfast.ingest import IngestLedger
from holdfast.ingest.errors import SpoolFull
from tests.support.desktop import Desktop
from tests.support.turns import turns

pytestmark = pytest.mark.usefixtures("at_once")


async def test_a_spool_that_is_full_acknowledges_nothing(here: Desktop) -> None:
    """And says so, with the broker's limit; whichever is back first takes the batch."""
    here.intake.full = True
    await here.send(1)
    here.sink.fail()
    await turns()
    trouble = here.worker.pipeline.trouble
    assert isinstance(trouble, SpoolFull)
    assert "max_queued_messages" in (trouble.hint or "")
    assert here.ended == []
    await here.store()
    assert here.ended == [1]
    assert here.ledger == IngestLedger(received=1, stored=1)
    assert here.worker.pipeline.trouble is None


async def test_an_empty_spool_without_room_is_passed_by(here: Desktop) -> None:
    """The database works again, and only the disk is full: what waited for room is stored there."""
    await here.send(1)
    here.sink.fail()
    await turns()
    here.intake.full = True
    await here.send(2)
    assert (here.ended, here.held) == ([1], [1])
    await here.store_one()
    assert here.held == []
    await here.store()
    assert here.ended == [1, 2]
    assert here.ledger == IngestLedger(received=2, stored=2)
    assert here.worker.pipeline.trouble is None


async def test_what_passed_by_and_failed_is_known_again(here: Desktop) -> None:
    """There is room after all: it is kept with the number under which the sink may have it."""
    await here.send(1)
    here.sink.fail()
    await turns()
    here.intake.full = True
    await here.send(2)
    await here.store_one()
    here.sink.commit()
    here.intake.full = False
    here.sink.fail()
    await turns()
    assert here.held == [2]
    after = await here.die()
    await after.store()
    assert after.database.rows == {1: 1, 2: 1}


async def test_at_the_end_what_is_under_way_is_waited_for(here: Desktop) -> None:
    """There is no room, and the sink is slow: it has all the same what it has."""
    here.intake.full = True
    await here.send(1)
    here.sink.fail()
    await turns()
    here.sink.commit()
    here.worker.line.close()
    here.worker.pipeline.stop()
    await turns()
    here.sink.answer()
    await here.worker.task
    assert here.ended == [1]
    assert here.ledger == IngestLedger(received=1, stored=1)


async def test_room_again(here: Desktop) -> None:
    """What waited for it is kept."""
    here.intake.full = True
    await here.send(1)
    here.sink.fail()
    await turns()
    here.intake.full = False
    here.sink.fail()
    await turns()
    assert here.ended == [1]
    assert not isinstance(here.worker.pipeline.trouble, SpoolFull)
