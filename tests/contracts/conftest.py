"""An outbox of each kind on a clock of its own, and a sink of each kind on a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from holdfast.ingest.sink import Sink
from holdfast.ingest.table import Table
from holdfast.outbox import backlog
from tests.contracts.bench import Bench
from tests.contracts.outboxes import BUILD
from tests.contracts.sinks import Place, PostgresPlace, SqlitePlace
from tests.support.committing import CommitRelay
from tests.support.postgres import Database

KINDS = (*BUILD, "spilling")
"""``spilling``: in a file, of which memory holds hardly anything."""


@pytest.fixture(params=KINDS)
def bench(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Bench]]:
    """Makes an outbox with these options; closed behind the test."""
    kind = request.param
    if kind == "spilling":
        monkeypatch.setattr(backlog, "READY_ROWS", 2)
        monkeypatch.setattr(backlog, "BATCH_ROWS", 3)
        kind = "sqlite"
    made: list[Bench] = []

    def make(**options: object) -> Bench:
        made.append(Bench(BUILD[kind], tmp_path, options))
        return made[-1]

    yield make
    for one in made:
        one.check()
        assert one.outbox.close(10)


@pytest.fixture(params=["sqlite", "postgres"])
async def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Place]:
    """A database of each kind, for the suites about sinks."""
    if request.param == "sqlite":
        yield SqlitePlace(tmp_path / "readings.db", monkeypatch)
        return
    database: Database = request.getfixturevalue("postgres")
    async with CommitRelay(database.server.port) as relay:
        yield PostgresPlace(database, relay)


@pytest.fixture
async def opened(place: Place) -> AsyncIterator[Callable[..., Awaitable[Sink]]]:
    """Opens a sink on it, for session "me"; closed behind the test."""
    made: list[Sink] = []

    async def opened(table: Table | None = None) -> Sink:
        made.append(place.sink(table))
        await made[-1].open("me")
        return made[-1]

    yield opened
    for one in made:
        await one.close()
