"""Several ingests as one: their books are one, and no two write into one table. How they run together is in
tests/integration/test_ingest_together.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast import Client
from holdfast.errors import ConfigurationError
from holdfast.ingest import Ingest, IngestLedger, Together


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
