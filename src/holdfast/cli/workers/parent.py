"""The parent of the workers: starts them, starts them again, retires slots, and speaks for all.

Each slot has a task here, which keeps a process in it: until its slot is retired, until it cannot be helped,
or until the command is to end.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from holdfast.cli.failures import Code
from holdfast.cli.progress import books, every_s, sums
from holdfast.cli.render import Screen
from holdfast.cli.running import stop_wish
from holdfast.cli.words import count, short
from holdfast.cli.workers.books import Books
from holdfast.cli.workers.child import Child, command
from holdfast.cli.workers.life import Life, hopeless, how, killed, worst
from holdfast.cli.workers.slots import Slots

END_WITHIN_S = 10.0
"""A worker drains for five seconds at most (contract 24); who takes twice as long is killed."""


class Parent:
    """Of all workers, and of those that give up a slot which is not wanted any more."""

    def __init__(
        self, slots: Slots, workers: int, arguments: Sequence[str], into: str, screen: Screen
    ) -> None:
        """``arguments``: the words of the command line; ``into`` names the database in sentences."""
        self._slots = slots
        self._arguments = arguments
        self._into = into
        self._screen = screen
        self._say = screen.talk
        self._workers = workers
        numbers = sorted({*range(workers), *slots.there()})
        self._lives = [Life(number, number >= workers, random.uniform) for number in numbers]
        self._children: dict[int, Child] = {}
        self._books = Books()
        self._ending = asyncio.Event()

    async def run(self) -> int:
        """See ``scale_out``."""
        async with stop_wish(self._at_once) as wish, self._progress():
            wishing = asyncio.create_task(self._end(wish))
            try:
                await asyncio.gather(*map(self._keep, self._lives))
            finally:
                wishing.cancel()
                self._kill()
        return self._finish()

    # -- one slot ----------------------------------------------------------------------------

    async def _keep(self, life: Life) -> None:
        """A process in this slot, and the next."""
        loop = asyncio.get_running_loop()
        while not self._ending.is_set():
            life.begun(loop.time())
            returned = await self._live(life)
            wait_s = life.ended(returned, loop.time())
            self._tell(life, returned, wait_s)
            if life.retired:
                self._slots.remove(life.number)
            if life.final or hopeless(self._lives, loop.time()):
                self._ending.set()
            if wait_s is None:
                return
            await _in_time(self._ending, wait_s)

    async def _live(self, life: Life) -> int:
        number = life.number
        name, slot = self._slots.client_id(number), self._slots.path(number)
        words = command(self._arguments, name, slot, life.retiring)
        self._books.begun(number)
        try:
            child = await Child.start(
                words, lambda record: self._told(number, record), lambda line: self._say(f"{name}: {line}")
            )
        except OSError as error:
            self._say(f"{name} cannot be started: {error.strerror or error}", "bold red")
            return Code.FAILED
        self._children[number] = child
        self._say(f"{name} runs as process {child.pid}")
        if self._ending.is_set():
            child.ask_to_end()
        try:
            returned = await child.ended()
        finally:
            del self._children[number]
        self._books.ended(number, killed(returned))
        return returned

    def _told(self, number: int, record: Mapping[str, Any]) -> None:
        if record.get("event") in ("progress", "ledger"):
            self._books.told(number, record)

    def _tell(self, life: Life, returned: int, wait_s: float | None) -> None:
        name = self._slots.client_id(life.number)
        if life.retired:
            self._say(f"{name} is retired: the broker keeps nothing for it any more")
        elif wait_s is None or not self._ending.is_set():
            then = "all end with it" if wait_s is None else f"comes again in {short(wait_s)}"
            self._say(f"{name} {how(returned)}{life.row}; {then}", "bold red")

    # -- all of them -------------------------------------------------------------------------

    async def _end(self, wish: asyncio.Event) -> None:
        """Ask all to end, where we are asked or there is no use in going on; kill who does not."""
        ends = [asyncio.create_task(event.wait()) for event in (wish, self._ending)]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        self._ending.set()
        self._say("draining …")
        for child in self._children.values():
            child.ask_to_end()
        await asyncio.sleep(END_WITHIN_S)
        self._say("killing who has not ended", "bold red")
        self._kill()

    def _kill(self) -> None:
        for child in self._children.values():
            child.kill()

    def _at_once(self, number: int) -> None:
        """The second signal (contract 24)."""
        self._kill()
        os._exit(128 + number)

    def _finish(self) -> int:
        ledger, restarts = self._books.ledger, sum(max(0, life.starts - 1) for life in self._lives)
        record = {"event": "ledger", **asdict(ledger), "into": self._into}
        record |= {"workers": self._workers, "restarts": restarts, "torn": self._books.torn}
        self._screen.result(record, f"{books(ledger)}      {self._into}")
        if self._books.torn:
            self._say(
                f"what {self._books.torn} killed did in their last second is stored, but not in this sum"
            )
        return worst(self._lives)

    # -- the line that moves -----------------------------------------------------------------

    @asynccontextmanager
    async def _progress(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._show(), name="progress")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self._screen.settle()

    async def _show(self) -> None:
        while True:
            await asyncio.sleep(every_s(self._screen))
            record = self._books.progress(self._workers)
            self._screen.goes(record, line(record))


def line(record: Mapping[str, Any]) -> str:
    """The progress for a person."""
    up = f"{record['up']} of {record['workers']} workers up"
    return f" {count(record['rate'])} msg/s · {sums(record)} · {up}"


async def _in_time(event: asyncio.Event, wait_s: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), wait_s)
    except TimeoutError:
        return
