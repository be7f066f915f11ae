"""Several ingests as one: their books are one, and no two write into one table. How they run together is in
tests/integration/test_ingest_together.py."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from holdfast import Client
from holdfast.errors import ConfigurationError, Stopped
from holdfast.ingest import Ingest, IngestLedger, Together
from holdfast.testing import Broker


def ingest(path: object, table: str = "messages") -> Ingest:
    return Ingest(Client(), topic="a", into=str(path), table=table)


def test_their_books_are_one() -> None:
    """The sum, also before anything came."""
    together = Together([ingest("x.db"), ingest("y.db")])
    assert together.ledger == IngestLedger()


@pytest.mark.parametrize("other", ["x.db", "./x.db", "sqlite:///x.db"])
def test_two_in_one_table_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str) -> None:
    """What one remembers there would be the other's; another table, or another file, is no trouble."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=r"two ingests write into table 'messages' of x\.db"):
        Together([ingest("x.db"), ingest(other, "Messages")])
    Together([ingest("x.db"), ingest(other, "more"), ingest("y.db")])


@pytest.mark.parametrize("by", ["ingest", "client"])
async def test_a_stop_while_they_begin_ends_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """The client is not started a second time: nobody would stop it then."""
    with Broker() as broker:
        client = Client(broker.url, client_id="c", outbox=tmp_path / "o.db", drain_s=1)
        begun, begin = Counter[str](), client._begin

        def counted() -> None:
            begun.update(["client"])
            begin()

        monkeypatch.setattr(client, "_begin", counted)
        tables = [Ingest(client, topic=one, into=str(tmp_path / "rows.db"), table=one) for one in "ab"]
        together = Together(tables)
        running = asyncio.create_task(together.run())
        await asyncio.sleep(0)
        await (together.stop() if by == "ingest" else client.stop())
        with suppress(Stopped):
            await asyncio.wait_for(running, 10)
        assert begun.total() == 1
        assert client.status == "disconnected"
