"""Another number of connections over a backlog, and a process that is killed: order per key (contract 25)."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from holdfast import Pool
from holdfast.testing import eventually
from tests.integration.pool.conftest import QUICK, Heard
from tests.support import pool_publishing
from tests.support.mosquitto import Mosquitto
from tests.support.pool_publishing import KEYS

pytestmark = pytest.mark.needs("mosquitto")

KILLS = 6


@pytest.mark.parametrize("isolated", [False, True])
async def test_four_then_two_then_three(
    mosquitto: Mosquitto, heard: Heard, tmp_path: Path, isolated: bool
) -> None:
    """A backlog in each: the older files go first, and no message overtakes an older one of its key."""
    options: dict[str, Any] = {"client_id": "gw", "outbox": tmp_path / "pool", "isolated": isolated}
    mosquitto.stop()
    first = 0
    for connections in (4, 2, 3):
        if connections == 3:
            mosquitto.start()
        async with Pool(
            mosquitto.url, connections=connections, reconnect=QUICK, drain_s=0.1, **options
        ) as pool:
            for number in range(first, first + 100):
                await asyncio.gather(*(pool.publish(key, str(number)) for key in KEYS))
            first += 100
            if connections == 3:
                await pool.flush(20)
    ledger = pool.ledger()
    assert ledger.acknowledged == ledger.accepted == 300 * len(KEYS)
    await eventually(lambda: len(heard) == ledger.accepted, 10)
    assert heard.numbers == {key: list(range(300)) for key in KEYS}


class Killing:
    """Lives of a pool in a process of its own, with these options."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self._folder = folder
        self._options = {"outbox": str(folder / "pool"), "client_id": "gw", "reconnect": "lan", **options}
        self.told: dict[str, list[int]] = {key: [] for key in KEYS}
        self._lives = 0

    async def live(self, connections: int, more: int, killed_after_s: float | None) -> dict[str, int]:
        """One life: killed with -9 so long after its files are open, or to its end. Gives the books then."""
        self._lives += 1
        options = {**self._options, "connections": connections}
        wishes = json.dumps({"life": self._lives, "more": more, "options": options})
        out = self._folder / "out"
        process = self._begin(wishes, out)
        try:
            if killed_after_s is None:
                assert await asyncio.to_thread(process.wait, 60) == 0
            else:
                await eventually(lambda: "opened" in out.read_text() or process.poll() is not None, 20)
                await asyncio.sleep(killed_after_s)
        finally:
            process.kill()
            code = await asyncio.to_thread(process.wait)
        assert code == (0 if killed_after_s is None else -signal.SIGKILL)
        return self._read(out)

    def _begin(self, wishes: str, out: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", pool_publishing.__name__, wishes]
        with out.open("wb") as stdout:
            return subprocess.Popen(command, stdout=stdout)

    def _read(self, out: Path) -> dict[str, int]:
        books: dict[str, int] = {}
        for line in out.read_text().splitlines():
            word, _, rest = line.partition(" ")
            if word == "flushed":
                books = json.loads(rest)
            elif rest:
                self.told[word].append(int(rest))
        return books


async def test_killed_with_another_number_each_time(
    mosquitto: Mosquitto, heard: Heard, tmp_path: Path
) -> None:
    """kill -9, again and again: what was told accepted arrives, in order per key; the books hold over all."""
    chance = Random(1)
    killing = Killing(tmp_path, url=mosquitto.url)
    for _ in range(KILLS):
        await killing.live(chance.choice([2, 3, 4]), 100_000, chance.uniform(0, 0.5))
    books = await killing.live(3, 10, None)
    assert books["acknowledged"] == books["accepted"] >= sum(map(len, killing.told.values()))
    await eventually(lambda: len(heard) == books["accepted"], 20)
    assert heard.unordered == []
    for key, numbers in killing.told.items():
        assert set(numbers) <= set(heard.numbers[key])
