"""A database in the time of the simulation: slow, silent, away; what was asked for may be done later."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from holdfast.ingest import Batch, Memory, SinkError, Written

AGAIN_S, LOOKS = 0.05, 160
"""After so many a driver takes a silent database for dead."""


@dataclass
class Server:
    """What stands between a sink and its table. ``slowest_s``: of an answer."""

    slowest_s: float = 0.01
    away: bool = False
    silent: bool = False


@dataclass
class Table:
    """``rows``: how often each message is there, fitting or not. ``under_way``: asked for, not committed.

    ``keyed``: a message is a row once, however often it is written.
    """

    name: str
    server: Server
    keyed: bool
    rows: Counter[int] = field(default_factory=Counter)
    misfits: Counter[int] = field(default_factory=Counter)
    memories: dict[str, Memory] = field(default_factory=dict)
    under_way: tuple[str, Batch] | None = None
    written: Written | None = None

    def settle(self, chance: Random) -> None:
        """Whose asker is gone is committed, or it is not."""
        if self.under_way is not None and chance.random() < 0.5:
            self.commit()
        self.under_way = None

    def commit(self) -> Written:
        """What is under way is there."""
        assert self.under_way is not None
        (session, batch), self.under_way = self.under_way, None
        numbers = [int(str(row[0])) for row in batch.rows]
        fresh = [one for one in dict.fromkeys(numbers) if not self.rows[one]] if self.keyed else numbers
        self.rows.update(fresh)
        self.misfits.update(number_of(str(one.message[4])) for one in batch.refused)
        self.memories[session] = Memory(batch.number, batch.state)
        written = self.written = Written(len(fresh), len(numbers) - len(fresh), len(batch.refused))
        return written


class Store:
    """A ``Sink``: one process's way to a table. ``told``: what it has answered."""

    def __init__(self, table: Table, chance: Random, wrong: list[str]) -> None:
        self.target = f"database of {table.name}"
        self._table, self._server = table, table.server
        self._chance = chance
        self._wrong = wrong
        self.dead = False
        self.begin()

    def begin(self) -> None:
        """Another run of the process."""
        self._session = ""
        self._tried: Batch | None = None
        self._asked = 0
        self.told = Written(0, 0, 0)

    async def open(self, session: str) -> Memory:
        """As the port has it."""
        await self._pause()
        self._session = session
        self._table.settle(self._chance)
        memory = self._memory
        await self._pause()
        return memory

    @property
    def _memory(self) -> Memory:
        return self._table.memories.get(self._session, Memory())

    async def write(self, batch: Batch) -> Written:
        """As the port has it."""
        if self._asked:
            self._wrong.append(f"{self.target}: two batches at a time")
        self._asked += 1
        try:
            written = await self._write(batch)
        finally:
            self._asked -= 1
        mine, ours = self.told, written
        self.told = Written(
            mine.stored + ours.stored, mine.repeated + ours.repeated, mine.quarantined + ours.quarantined
        )
        return written

    async def _write(self, batch: Batch) -> Written:
        await self._pause()
        table = self._table
        table.settle(self._chance)
        written = self._written_before(batch)
        if written is None:
            table.under_way, self._tried = (self._session, batch), batch
            await self._pause()
            written = table.commit()
        await self._pause()
        self._tried = None  # the answer is there: it may not come again
        return written

    def _written_before(self, batch: Batch) -> Written | None:
        known = self._memory.number
        if batch.number < known:
            self._wrong.append(f"{self.target}: batch {batch.number} behind {known}")
        if batch.number != known:
            return None
        if batch is not self._tried:
            self._wrong.append(f"{self.target}: another batch {known}")
        assert self._table.written is not None, "it is this batch"
        return self._table.written

    async def close(self) -> None:
        """As the port has it."""
        with suppress(SinkError):
            await self._pause()

    async def _pause(self) -> None:
        """A way of the question, or of the answer. Raises SinkError."""
        server = self._server
        await asyncio.sleep(self._chance.random() * server.slowest_s)
        for _ in range(LOOKS):
            if server.silent and not self.dead:
                await asyncio.sleep(AGAIN_S)
        if self.dead:
            raise asyncio.CancelledError
        if server.away or server.silent:
            raise SinkError(f"{self.target} is away", target=self.target)


def number_of(payload: str | bytes) -> int:
    """Of the message that has it."""
    (number,) = [value for value in json.loads(payload).values() if isinstance(value, int)]
    return number
