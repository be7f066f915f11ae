"""kill -9 of an ingest at QoS 2: rows = messages, whatever it was doing (contract 5, 6)."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from random import Random

import pytest

from holdfast import Client, Limits
from holdfast.testing import eventually
from tests.support import ingesting
from tests.support.mortal import Make, a_mosquitto, ours

WITHIN_S = 30

BROKERS = [
    pytest.param(a_mosquitto, id="mosquitto", marks=pytest.mark.needs("mosquitto")),
    pytest.param(ours, id="ours"),
]


class Ingesting:
    """One database, one outbox file, and the processes that own them one after the other."""

    def __init__(self, folder: Path, url: str, chance: Random) -> None:
        self.database = folder / "rows.db"
        self._chance = chance
        self._options = {
            "url": url, "client_id": "ingest", "outbox": str(folder / "ingest.outbox"), "reconnect": "lan",
        }  # fmt: skip
        self._told = folder / "ingest.out"

    @asynccontextmanager
    async def life(self) -> AsyncIterator[None]:
        """It is connected, and killed in the end."""
        lives = self._connections()
        process = self._start()
        try:
            await eventually(lambda: self._connections() > lives, WITHIN_S)
            yield
        finally:
            process.kill()
            await asyncio.to_thread(process.wait)

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """The same, and its database cannot be written from some moment on."""
        async with self.life():
            with closing(sqlite3.connect(self.database, isolation_level=None, timeout=WITHIN_S)) as other:
                other.execute("BEGIN IMMEDIATE")
                yield
                await asyncio.sleep(self._chance.uniform(0.2, 1.5))

    def _start(self) -> subprocess.Popen[bytes]:
        wishes = {
            "into": str(self.database), "isolated": self._chance.random() < 0.3,
            "batch": self._chance.choice((5, 50, 500)), "options": self._options,
        }  # fmt: skip
        with self._told.open("ab") as out:
            command = [sys.executable, "-m", ingesting.__name__, json.dumps(wishes)]
            return subprocess.Popen(command, stdout=out)

    def _connections(self) -> int:
        return self._said("connected")

    @property
    def subscribed(self) -> bool:
        """Whether the broker keeps messages for it from now on."""
        return self._said("subscribed") > 0

    def _said(self, word: str) -> int:
        return self._told.read_text().count(word) if self._told.exists() else 0

    def rows(self) -> Counter[int]:
        """How many of each message are in the table."""
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(self.database)) as db:
            texts = [json.loads(text) for (text,) in db.execute("SELECT properties FROM messages")]
            return Counter(int(properties["user_property"][0][1]) for properties in texts)
        return Counter()


async def crossed(
    make: Make, folder: Path, kills: int, seed: int, away: float = 0.0
) -> tuple[int, Counter[int]]:
    """So many lives while messages flow; how many were published, and the rows of each.

    They differ in a property alone, so that none is told from the next by its content. ``away``: the share of
    lives in which the database is locked, and the spool in use, when the process is killed.
    """
    broker, chance = make(folder), Random(seed)
    await broker.start()
    url = f"mqtt://127.0.0.1:{broker.port}"
    try:
        ingest = Ingesting(folder, url, chance)
        async with ingest.life():
            await eventually(lambda: ingest.subscribed, WITHIN_S)  # before, nobody has to keep anything
        async with Client(url, client_id="publisher", limits=Limits(inflight=100)) as publisher:
            published = 0
            for _ in range(kills):
                async with ingest.locked() if chance.random() < away else ingest.life():
                    for _ in range(chance.randint(1, 8)):
                        for _ in range(chance.randint(1, 40)):
                            serial = (("serial", str(published)),)
                            await publisher.publish("n/1", "21.5", qos=2, user_properties=serial)
                            published += 1
                        await asyncio.sleep(chance.uniform(0, 0.02))
            await publisher.flush(WITHIN_S)
            async with ingest.life():
                await eventually(lambda: len(ingest.rows()) == published, WITHIN_S)
                # What would come twice comes before what is new.
                await publisher.publish("n/1", "21.5", qos=2, user_properties=(("serial", str(published)),))
                published += 1
                await eventually(lambda: published - 1 in ingest.rows(), WITHIN_S)
        return published, ingest.rows()
    finally:
        await broker.terminate()


@pytest.mark.parametrize("make", BROKERS)
async def test_each_message_has_one_row(make: Make, tmp_path: Path) -> None:
    """Killed ten times under load, on both kinds of engine and with batches of all sizes."""
    published, rows = await crossed(make, tmp_path, 10, 6)
    assert rows == Counter(range(published))


@pytest.mark.parametrize("make", BROKERS)
async def test_each_message_has_one_row_through_the_spool(make: Make, tmp_path: Path) -> None:
    """Killed while the database is away: what is in the spool, in the sink, and in both is told apart."""
    published, rows = await crossed(make, tmp_path, 5, 7, away=0.7)
    assert rows == Counter(range(published))


@pytest.mark.chaos
@pytest.mark.parametrize("away", [0.0, 0.5])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("make", BROKERS)
async def test_each_message_has_one_row_after_many_kills(
    make: Make, tmp_path: Path, seed: int, away: float
) -> None:
    """The same, a hundred times."""
    published, rows = await crossed(make, tmp_path, 100, seed, away)
    assert rows == Counter(range(published))
