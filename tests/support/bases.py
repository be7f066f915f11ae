"""Databases that die and come back, and the numbered messages in them."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Protocol

from tests.support.postgres import Database

WITHIN_S = 60.0
SQL = "SELECT payload FROM messages ORDER BY id"


class Base(Protocol):
    """Where the rows are."""

    url: str

    async def strike(self, away_s: float) -> None:
        """It dies, and is back after so long."""

    def rows(self) -> list[str]:
        """The payloads, in the order in which they were stored."""


class SqliteBase:
    """A file; somebody else holds its lock, which is all that can happen to it while we live."""

    def __init__(self, folder: Path) -> None:
        self.url = str(folder / "rows.db")

    async def strike(self, away_s: float) -> None:
        """Nobody can write to it."""
        with closing(
            sqlite3.connect(self.url, WITHIN_S, isolation_level=None, check_same_thread=False)
        ) as other:
            await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
            await asyncio.sleep(away_s)

    def rows(self) -> list[str]:
        """Of ``messages``."""
        with closing(sqlite3.connect(self.url)) as db:
            return [payload for (payload,) in db.execute(SQL)]


class PostgresBase:
    """A server of the test's own."""

    def __init__(self, database: Database) -> None:
        self.url = database.url
        self._database = database

    async def strike(self, away_s: float) -> None:
        """kill -9 of all its processes."""
        await asyncio.to_thread(self._database.server.stop, signal.SIGKILL)
        await asyncio.sleep(away_s)
        await asyncio.to_thread(self._database.server.start)

    def rows(self) -> list[str]:
        """Of ``messages``."""
        return [payload.decode() for (payload,) in self._database.execute(SQL)]
