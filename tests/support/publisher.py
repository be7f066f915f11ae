"""The publisher of ``publishing`` as its parent sees it: lives that end with kill -9, and what each told."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

from holdfast.messages import QoS
from holdfast.testing import eventually
from tests.support import publishing

START_WITHIN_S = 20.0
END_WITHIN_S = 60.0

MOMENTS = (("opening", 0.03), ("opened", 0.2), ("opened", 0.3))
"""When a life may end: so many seconds, at most, after a word. Some end while the file is being opened."""


class Publisher:
    """One outbox file and all the processes that own it, one after the other.

    ``openings``: the books that each life found. ``told``: the numbers that were told accepted.
    ``kills``: lives ended.
    """

    def __init__(
        self, folder: Path, url: str, qos: QoS, chance: Random, group: int = 1, **options: Any
    ) -> None:
        """``group``: so many in one call."""
        self.path = folder / "outbox.db"
        self.openings: list[dict[str, Any]] = []
        self.told: set[int] = set()
        self.kills = 0
        self._report = folder / "publisher.out"
        self._errors = folder / "publisher.err"
        self._qos = qos
        self._group = group
        self._chance = chance
        self._options = {"url": url, "outbox": str(self.path), **options}
        self._process: subprocess.Popen[bytes] | None = None

    async def live_and_die(self, more: int, moment: tuple[str, float] | None = None) -> None:
        """Start it, and kill it at a random moment: one of ``MOMENTS``, or within this one."""
        after, longest_s = moment or self._chance.choice(MOMENTS)
        process = self._start(more, stay=True)
        try:
            await self._says(after, START_WITHIN_S)
            await asyncio.sleep(self._chance.uniform(0, longest_s))
        finally:
            process.kill()
            code = await asyncio.to_thread(process.wait)
        assert code == -signal.SIGKILL, self._errors.read_text()
        self.kills += 1
        self._read()

    async def finish(self, more: int = 0) -> dict[str, Any]:
        """One more life, to its end; gives the books when all was acknowledged."""
        process = self._start(more, stay=False)
        try:
            await self._says("flushed", END_WITHIN_S)
            assert await asyncio.to_thread(process.wait, START_WITHIN_S) == 0
        finally:
            process.kill()
            await asyncio.to_thread(process.wait)
        return self._read()

    def _start(self, more: int, stay: bool) -> subprocess.Popen[bytes]:
        wishes = {
            "qos": self._qos,
            "group": self._group,
            "more": more,
            "stay": stay,
            "options": self._options,
        }
        command = [sys.executable, "-m", publishing.__name__, json.dumps(wishes)]
        with self._report.open("wb") as out, self._errors.open("ab") as errors:
            self._process = subprocess.Popen(command, stdout=out, stderr=errors)
        return self._process

    async def _says(self, word: str, within_s: float) -> None:
        process = self._process
        assert process is not None
        await eventually(lambda: word in self._report.read_text() or process.poll() is not None, within_s)
        assert word in self._report.read_text(), self._errors.read_text()

    def _read(self) -> dict[str, Any]:
        """What this life said; gives the books it found last."""
        books: dict[str, Any] = {}
        for line in self._report.read_text().splitlines():
            word, _, rest = line.partition(" ")
            if rest:
                books = json.loads(rest)
                self._check(books)
            if word == "opened":
                self.openings.append(books)
            elif word.isdigit():
                self.told.add(int(word))
        return books

    def _check(self, books: dict[str, Any]) -> None:
        """Contract 1 and 7, whenever the books are told."""
        assert (books["mended"], books["set_aside"]) == (None, None)
        ended = sum(books[name] for name in ("acknowledged", "sent", "failed", "expired", "dropped"))
        assert books["accepted"] == ended + books["pending"]
        assert books["accepted"] > max(self.told, default=-1)
        assert books["accepted"] % self._group == 0
