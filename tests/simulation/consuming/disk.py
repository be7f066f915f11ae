"""The outbox file's commits without their thread: each takes its time, fails, or is cut short by a kill."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from holdfast.errors import OutboxError
from holdfast.outbox.commits import Commits
from holdfast.outbox.reserve import Reserve
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.outbox.store import Group, Store
from holdfast.outbox.writer import AGAIN_S, LAG_S


class Disk:
    """What the disk of one life is like. ``slowest_s``: of a commit. ``sick``: it writes nothing."""

    def __init__(self, chance: Random, slowest_s: float) -> None:
        self.chance = chance
        self.slowest_s = slowest_s
        self.sick = self.dead = False
        self._writers: list[Writer] = []

    def writer(self, *arguments: Any) -> Writer:
        """In the place of the thread."""
        self._writers.append(Writer(self, *arguments))
        return self._writers[-1]

    async def to_thread(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """In the place of ``asyncio.to_thread``."""
        await asyncio.sleep(self.chance.random() * self.slowest_s)
        result = call(*arguments)
        await asyncio.sleep(self.chance.random() * self.slowest_s)
        return result

    def thread(self, target: Callable[..., Any], args: Sequence[Any], **_: Any) -> Reader:
        """In the place of ``threading.Thread``."""
        return Reader(lambda: target(*args), self.chance.random() * self.slowest_s)

    def kill(self, outbox: SqliteOutbox) -> None:
        """The process is gone; a commit that was under way has happened, or not."""
        self.dead = True
        for writer in self._writers:
            writer.kill()
        opened, outbox._opened = outbox._opened, None
        if opened is not None:
            opened.reader.close()
            opened.lock.release()


class Reader:
    """Something a thread does, some time after it was started."""

    def __init__(self, call: Callable[[], object], delay_s: float) -> None:
        self._call = call
        self._delay_s = delay_s

    def start(self) -> None:
        """As a thread's."""
        asyncio.get_running_loop().call_later(self._delay_s, self._call)


class Writer(Commits):
    """See ``holdfast.outbox.writer``, whose rules these are."""

    def __init__(
        self,
        disk: Disk,
        store: Store,
        path: str,
        reserve: Reserve,
        on_durable: Callable[[], None],
        on_failed: Callable[[OutboxError | None], None],
    ) -> None:
        super().__init__(store, path, reserve, on_durable, on_failed)
        self._disk = disk
        self._loop = asyncio.get_running_loop()
        self._under_way: Group | None = None
        self._lags = self._closed = False

    def begin(self) -> None:
        """As the port has it."""
        if self._under_way is None and not self._closed:
            self._next(late=False)

    def _next(self, late: bool) -> None:
        group = self._under_way = self.due(late)
        if group is not None:
            self._loop.call_later(self._disk.chance.random() * self._disk.slowest_s, self._attempt)
        elif self.lagging and not self._lags:
            self._lags = True
            self._loop.call_later(LAG_S, self._late)

    def _late(self) -> None:
        self._lags = False
        if self._under_way is None and not self._closed:
            self._next(late=True)

    def _attempt(self) -> None:
        if self._closed or self._under_way is None:
            return
        if not self.commit(self._under_way):
            self._loop.call_later(AGAIN_S, self._attempt)
            return
        self._under_way = None
        self.tell()
        self.begin()

    def _write_down(self, group: Group) -> None:
        if self._disk.sick:
            raise sqlite3.OperationalError("disk I/O error")
        super()._write_down(group)

    @property
    def ended(self) -> bool:
        """As the port has it."""
        return self._closed

    def close(self, timeout_s: float | None) -> bool:
        """As the port has it."""
        if self._disk.dead:
            return True
        self.closing = self._closed = True
        group = self._under_way or self.due(late=True)
        while group is not None and self.commit(group):
            group = self.due(late=True)
        self._store.close()
        self.tell()
        return self.settled

    def kill(self) -> None:
        """See ``Disk.kill``."""
        if not self._closed:
            self._closed = self.closing = True
            if self._under_way is not None and not self._disk.sick and self._disk.chance.random() < 0.5:
                self._store.commit(self._under_way)
            self._store.close()
