"""The port of every database: batches in, each as one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from holdfast.ingest.row import Row


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that are written together.

    ``number`` rises by one from batch to batch of a session, so that a batch written again,
    because nobody knows how its commit ended, is recognised.
    """

    number: int
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Written:
    """Where the rows of one batch are: ``len(batch.rows) == stored + repeated + quarantined``.

    ``repeated``: a UNIQUE index of the table says it held this row already.
    ``quarantined``: a constraint of the table refused the row; it stands beside it, with the reason.
    """

    stored: int
    repeated: int
    quarantined: int


class Sink(Protocol):
    """Where rows are kept. ``target`` names it in sentences, never with a password."""

    target: str

    async def open(self, session: str) -> int:
        """Create or check the schema; the number of this session's last batch. Raises SinkError."""

    async def write(self, batch: Batch) -> Written:
        """One transaction; returned = committed. Raises SinkError: the same batch may come again."""

    async def close(self) -> None:
        """Let go of the database; nothing more will come."""
