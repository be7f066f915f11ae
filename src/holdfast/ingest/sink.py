"""The port of every database: batches in, each as one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from holdfast.ingest.row import Row


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that makes no row: as it came (the columns of ``table.AS_IT_CAME``), and why."""

    message: Row
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What is written together.

    ``number`` rises by one from batch to batch of a session, so that a batch written again, because
    nobody knows how its commit ended, is recognised. ``rows``: values in the order of the table's
    columns. ``as_it_came`` gives the message of a row, by its place in ``rows``: for the quarantine,
    where the table refuses the row. ``refused`` goes there at once. ``state`` is remembered with the
    rows, in the same transaction, in place of the one before; a batch may have nothing else.
    """

    number: int
    rows: Sequence[Row]
    as_it_came: Callable[[int], Row]
    refused: Sequence[Refused] = ()
    state: str = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a database remembers of a session: the last batch that was committed, and its state."""

    number: int = 0
    state: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """Where all of one batch is: ``len(rows) + len(refused) == stored + repeated + quarantined``.

    ``repeated``: the table holds a row with this key already (with ``keep="last"`` it was replaced).
    ``quarantined``: refused, or a constraint of the table refused the row: beside the table, with the reason.
    """

    stored: int
    repeated: int
    quarantined: int

    @property
    def count(self) -> int:
        """How many messages that are."""
        return self.stored + self.repeated + self.quarantined


class Sink(Protocol):
    """Where rows are kept. ``target`` names it in sentences, never with a password."""

    target: str

    async def open(self, session: str) -> Memory:
        """Create or check the schema; what is remembered of this session. Raises SinkError."""

    async def write(self, batch: Batch) -> Written:
        """One transaction; returned = committed. Raises SinkError: the same batch may come again."""

    async def close(self) -> None:
        """Let go of the database; nothing more will come."""
