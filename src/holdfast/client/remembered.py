"""What a handler has handled (``on(dedupe=)``): in the outbox file before it is acknowledged, else in memory.

A handler may end and begin again in one run (``client.lend``), so its memory is of the run.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from threading import Thread
from typing import Protocol
from weakref import finalize

from holdfast.client.commits import Commits
from holdfast.client.mailbox import Mailbox
from holdfast.errors import OutboxError
from holdfast.handling import Handler
from holdfast.handling.repeats import MOST
from holdfast.outbox.intake import REMEMBERED, Intake

log = logging.getLogger("holdfast")


def owner_of(handler: Handler) -> str:
    """Whose memory it is, in this process and the next: the function's name, and its filters."""
    return " ".join((handler.name, *handler.filters))


class Memory(Protocol):
    """Of one handler, on the client's loop; ``most``: so many keys are known."""

    most: int

    def load(self, then: Callable[[dict[bytes, None]], None]) -> None:
        """Tell what was handled before, oldest first."""

    def saw(self, digest: bytes, then: Callable[[], None]) -> None:
        """Remember this, and call ``then`` when it is as safe as it gets."""


def memory_of(
    handler: Handler, run: dict[str | int, Memory], intake: Intake | None, commits: Commits, here: Mailbox
) -> Memory:
    """The one that this ``run`` has, from now on: in the file for all of a name, else for this handler."""
    if intake is None:
        return _known_to(handler, run)
    owner = owner_of(handler)
    if owner not in run:
        run[owner] = Remembered(intake, owner, commits, here)
    return run[owner]


def _known_to(handler: Handler, run: dict[str | int, Memory]) -> Memory:
    """Two of one name that run side by side each get all, so it is told by what it is; gone when that is."""
    if id(handler) not in run:
        run[id(handler)] = Known()
        finalize(handler, run.pop, id(handler), None).atexit = False
    return run[id(handler)]


class Known:
    """In memory alone: who handles for the same handler, one after the other, looks into the same keys."""

    most = MOST

    def __init__(self) -> None:
        self._handled: dict[bytes, None] = {}

    def load(self, then: Callable[[dict[bytes, None]], None]) -> None:
        """Give the keys themselves: what is handled is added there."""
        then(self._handled)

    def saw(self, digest: bytes, then: Callable[[], None]) -> None:
        """There is nothing to wait for."""
        then()


class Remembered:
    """The memory of one handler, and of the next of its name and filters, in one run.

    All but the reading happens on the client's loop.
    """

    most = REMEMBERED

    def __init__(self, intake: Intake, owner: str, commits: Commits, here: Mailbox) -> None:
        self._loop = asyncio.get_running_loop()
        self._intake = intake
        self._owner = owner
        self._commits = commits
        self._here = here
        self._news: list[tuple[bytes, Callable[[], None]]] = []
        self._newest = 0  # the commit of what was seen last

    def load(self, then: Callable[[dict[bytes, None]], None]) -> None:
        """Read what was handled in earlier processes, and in this one before, on a thread, and tell it."""
        self._write()
        self._when(self._newest, lambda: self._start(then))

    def _start(self, then: Callable[[dict[bytes, None]], None]) -> None:
        Thread(target=self._read, args=(then,), name=f"holdfast {self._owner}", daemon=True).start()

    def _read(self, then: Callable[[dict[bytes, None]], None]) -> None:
        seen: dict[bytes, None] = {}
        try:
            seen = dict.fromkeys(self._intake.seen(self._owner))
        except OutboxError as error:
            log.error(
                "%s: what it has handled is not known, so repeats may be handled: %s", self._owner, error
            )
        self._here.post(then, seen)

    def saw(self, digest: bytes, then: Callable[[], None]) -> None:
        """Remember this, and call ``then`` when it is durable; with the others of this turn."""
        self._news.append((digest, then))
        if len(self._news) == 1:
            self._loop.call_soon(self._write)

    def _write(self) -> None:
        news, self._news = self._news, []
        if news:
            self._newest = self._intake.saw(self._owner, [digest for digest, _ in news])
            self._when(self._newest, *[then for _, then in news])

    def _when(self, commit: int, *thens: Callable[[], None]) -> None:
        kept: asyncio.Future[bool] = self._loop.create_future()
        kept.add_done_callback(lambda done: _tell(done, thens))
        self._commits.wake_at(commit, [kept])


def _tell(done: asyncio.Future[bool], thens: Iterable[Callable[[], None]]) -> None:
    """Where the commit has failed for good nothing is acknowledged: the session keeps it."""
    if not done.cancelled() and done.exception() is None:
        for then in thens:
            then()
