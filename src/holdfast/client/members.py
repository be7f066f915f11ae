"""The clients of a pool, from start to stop: whose turn it is, and when (contract 25).

With another number of connections than before, keys move; so the files of older generations go first, each
generation when those before it have nothing left to send:

    older files ──their own clients──▶ broker      what is accepted now waits in the newest files
    nothing left: these clients stop               the next generation is let go
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import groupby

from holdfast.client.client import Client
from holdfast.client.event_bus import EventBus
from holdfast.client.layout import Folder, Slot, generation, slots
from holdfast.client.member import Member, let_go, member_of
from holdfast.client.together import Relay, to_the_end, together
from holdfast.client.waiting import check_time
from holdfast.errors import HoldfastError, Stopped, Undelivered

log = logging.getLogger("holdfast")


class Members:
    """``clients`` publish, each its share of the keys; ``older`` send what older files keep, oldest first."""

    def __init__(self, make: Callable[[Slot], Client], folder: Folder | None, connections: int) -> None:
        """``make`` a client; without a folder they are in memory, and there is nothing older."""
        self._make = make
        self._folder = folder
        self._connections = connections
        self._generation = 1
        self.older: list[list[Client]] = []
        self.clients = self._made(slots(1, connections))
        self.bus = EventBus()
        self._relay = Relay(self.bus)
        self._started = False
        self._turn = asyncio.Lock()  # of a start or a stop that is under way
        self.succession: asyncio.Task[None] | None = None
        """Sends what is older; its end is that of all that was, or its error why it cannot be sent."""

    def _made(self, slots: list[Slot]) -> list[Client]:
        clients = [self._make(slot) for slot in slots]
        for client in clients:
            client._setup.member = Member(partial(self._ranks, client))
        return clients

    def _ranks(self, client: Client) -> set[int]:
        """The groups of brokers that the others are connected to; any thread."""
        states = [one._state for one in self.all if one is not client]
        return {state.target.rank for state in states if state.terms is not None}

    @property
    def all(self) -> list[Client]:
        """Those that publish first."""
        return [*self.clients, *(client for clients in self.older for client in clients)]

    @property
    def running(self) -> list[Client]:
        """Those that have not stopped."""
        return [client for client in self.all if client._core is not None]

    async def start(self) -> None:
        """Own the folder, open the files, dial. Raises as ``Pool.start``."""
        if self._started:
            return
        if not self._turn.locked():
            self._turn = asyncio.Lock()  # it may be another loop than the last time
        async with self._turn:
            if not self._started:
                await self._begin()

    async def _begin(self) -> None:
        self._started = True
        try:
            if self._folder is not None:
                self._lay_out(await to_the_end(self._folder.open))
            await self._open()
        except BaseException:
            self._started = False
            with suppress(HoldfastError):
                await self._end(0)
            raise

    def _lay_out(self, there: list[Slot]) -> None:
        now = generation(there, self._connections)
        if now != self._generation:
            self._generation = now
            self.clients = self._made(slots(now, self._connections))
        older = groupby((slot for slot in there if slot.generation != now), lambda slot: slot.generation)
        self.older = [self._made(list(group)) for _, group in older]

    async def _open(self) -> None:
        """All are held where there are older files; such a file with nothing to send is closed again."""
        for client in self.all:
            self._go_on()
            member_of(client).held = bool(self.older)
            client._state.bus.add(self._relay)
            await client.start()
            if client not in self.clients and not client._outbox.pending:
                await client.stop(0)
        self._go_on()
        if self.older:
            self.succession = asyncio.create_task(self._succeed(), name="holdfast pool")
            self.succession.add_done_callback(_say)

    def _go_on(self) -> None:
        """Whoever starts next would run beside the stop, and without the folder."""
        if not self._started:
            raise Stopped("not started: the pool was stopped meanwhile")

    async def _succeed(self) -> None:
        for clients in self.older:
            waiting = [client for client in clients if client._core is not None]
            let_go(waiting)
            await together(client.flush() for client in waiting)
            for client in waiting:
                if not client._outbox.pending:  # what is parked may yet be sent, and holds up nobody
                    await _retire(client)
        let_go(self.clients)

    async def stop(self, drain_s: float | None) -> None:
        """End them all. Raises as ``Pool.stop``. A start that is under way goes no further."""
        check_time(drain_s)
        self._started = False
        try:
            async with asyncio.timeout(self.clients[0]._setup.drain_s if drain_s is None else drain_s):
                await self._turn.acquire()
        except TimeoutError:
            return await self._end(drain_s)
        except asyncio.CancelledError:
            await self._end(0)
            raise
        try:
            return await self._end(drain_s)
        finally:
            self._turn.release()

    async def _end(self, drain_s: float | None) -> None:
        """Who is held has nothing to wait for."""
        succession, self.succession = self.succession, None
        if succession is not None:
            succession.cancel()
        stops = [client.stop(0 if member_of(client).held else drain_s) for client in self.all]
        try:
            errors = await asyncio.gather(*stops, return_exceptions=True)
        finally:
            self.bus.close()
            if self._folder is not None:
                self._folder.close()
        _complain([error for error in errors if isinstance(error, BaseException)])


async def _retire(client: Client) -> None:
    """Cancelled, it goes on: who stops the pool meanwhile waits for it, as for every stop under way."""
    try:
        await asyncio.shield(client.stop())
    except HoldfastError as error:  # it was acknowledged, so it may come twice after the next start
        log.error("an older file of a pool was not closed as it should be: %s", error)


def _say(succession: asyncio.Task[None]) -> None:
    if not succession.cancelled() and succession.exception() is not None:
        log.error("nothing new is sent: what older files keep cannot be: %s", succession.exception())


def _complain(errors: list[BaseException]) -> None:
    kept = [error for error in errors if isinstance(error, Undelivered)]
    for error in errors:
        if error not in kept:
            raise error
    if kept:
        pending = sum(error.pending for error in kept)
        words = f"stopped with {pending} messages that only memory held"
        raise Undelivered(words, pending=pending, hint=kept[0].hint)
