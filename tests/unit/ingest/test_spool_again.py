"""More of a spool: what the file itself gives up."""

from __future__ import annotations

from holdfast.ingest import IngestLedger
from tests.support.desktop import Desktop
from tests.support.turns import turns


async def test_what_the_file_gave_up_is_not_waited_for(here: Desktop) -> None:
    """A row that nobody can read any more: the way is direct again, and the books hold without it."""
    await here.send(1)
    here.sink.fail()
    await turns()
    await here.send(2, 3)
    here.intake.let_go([next(number for number, one in here.file.held.items() if one.packet_id == 3)])
    await here.store()
    await turns()
    assert here.database.rows == {1: 1, 2: 1}
    assert here.ledger == IngestLedger(received=2, stored=2)
    await here.send(4)
    assert here.held == []
    await here.store()
    assert here.database.rows == {1: 1, 2: 1, 4: 1}
