"""The rows of one batch into their table, in a transaction that is open.

They go in together. Where a row is refused the batch is halved until that row stands alone: it
goes to the quarantine, and the others go in. Halves keep the order of ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from holdfast.ingest.postgres import sql
from holdfast.ingest.postgres.errors import DatabaseSaid
from holdfast.ingest.row import Row, Value
from holdfast.ingest.sink import Batch, Refused, Written
from holdfast.ingest.table import Table

if TYPE_CHECKING:
    from holdfast.ingest.postgres.link import Link


BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED; SET CONSTRAINTS ALL IMMEDIATE; SAVEPOINT whole"
"""A constraint that is put off until COMMIT would refuse all rows there, for ever: it is asked at once."""


class Rows:
    """How rows get into one table."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._copy = sql.copy(table.name, table.columns)
        self._stage = sql.copy(sql.STAGE, table.columns)
        self._move = sql.move(table)
        self._set_aside = sql.copy(table.quarantine, sql.QUARANTINE)

    async def write(self, link: Link, batch: Batch) -> Written:
        """After ``BEGIN``. Raises DatabaseSaid."""
        refused = list(batch.refused)
        stored = await self._store(link, batch, refused) if batch.rows else 0
        if refused:
            rows = sql.as_sent(sql.QUARANTINE, [(*one.message, one.reason) for one in refused])
            await link.copy(self._set_aside, ([*map(_harmless, row)] for row in rows))
        return Written(stored, len(batch.rows) + len(batch.refused) - stored - len(refused), len(refused))

    async def _store(self, link: Link, batch: Batch, refused: list[Refused]) -> int:
        """How many of these rows the table did not have."""
        try:
            if self._table.key:
                return await self._by_stage(link, batch.rows)
            # Half the work. A unique index of the user's may refuse it, and then the stage is the way.
            return await link.copy(self._copy, sql.as_sent(self._table.columns, batch.rows))
        except DatabaseSaid as said:
            if not said.of_the_row:
                raise
        await link.execute("ROLLBACK TO whole")
        return await self._halved(link, batch, 0, len(batch.rows), refused)

    async def _halved(self, link: Link, batch: Batch, first: int, end: int, refused: list[Refused]) -> int:
        await link.execute("SAVEPOINT part")
        try:
            stored = await self._by_stage(link, batch.rows[first:end])
        except DatabaseSaid as said:
            if not said.of_the_row:
                raise
            await link.execute("ROLLBACK TO part; RELEASE part")
            if end - first == 1:
                refused.append(Refused(batch.as_it_came(first), said.words))
                return 0
        else:
            await link.execute(f"RELEASE part; DELETE FROM {sql.STAGE}")
            return stored
        middle = (first + end) // 2
        stored = await self._halved(link, batch, first, middle, refused)
        return stored + await self._halved(link, batch, middle, end, refused)

    async def _by_stage(self, link: Link, rows: Sequence[Row]) -> int:
        await link.copy(self._stage, sql.as_sent(self._table.columns, rows))
        ((stored,),) = await link.execute(self._move)
        return int(stored)


def _harmless(value: Value) -> Value:
    """Text that PostgreSQL takes in any case: the quarantine refuses nothing."""
    if not isinstance(value, str):
        return value
    return value.replace("\0", "\ufffd").encode(errors="replace").decode()
