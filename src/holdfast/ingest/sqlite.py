"""Rows into a SQLite file: one transaction per batch, on a thread of its own.

What is done there is in ``sqlite_opened``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from holdfast.ingest.sink import Batch, Memory, Written
from holdfast.ingest.sqlite_opened import Opened
from holdfast.ingest.table import Table

T = TypeVar("T")


class SqliteSink:
    """A ``Sink`` on one table of one file."""

    def __init__(self, path: str, table: Table | None = None) -> None:
        """``table``: without one messages are stored as they came. Opens nothing yet."""
        self.target = path
        self._table = table or Table()
        self._opened: Opened | None = None

    async def client_id(self) -> str:
        """The client id of this file: made once, kept in it (contract 2). Raises SinkError."""
        return await self._run(Opened.client_id)

    async def open(self, session: str) -> Memory:
        """See ``Sink``."""
        return await self._run(lambda opened: opened.remember(session))

    async def write(self, batch: Batch) -> Written:
        """See ``Sink``."""
        return await self._run(lambda opened: opened.write(batch))

    async def close(self) -> None:
        """See ``Sink``. What waits for a lock then writes nothing any more."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.over = True
            closing = asyncio.get_running_loop().run_in_executor(opened.thread, opened.guarded, Opened.let_go)
            opened.thread.shutdown(wait=False)
            await asyncio.shield(closing)  # behind a write that waits for a lock, whoever waits for that

    async def _run(self, call: Callable[[Opened], T]) -> T:
        if self._opened is None:  # the first call, or the first after close
            self._opened = Opened(self.target, self._table)
        opened = self._opened
        return await asyncio.get_running_loop().run_in_executor(opened.thread, opened.guarded, call)
