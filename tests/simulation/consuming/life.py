"""One process: a client with its handlers, on a loop, a network and a disk of the simulation's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from random import Random
from typing import Any

from holdfast import Client, Message, Reject, Retries, Retry
from holdfast.client.events import Event, MessageDead
from holdfast.outbox.sqlite import SqliteOutbox
from tests.simulation.consuming.books import Book, Sent
from tests.simulation.consuming.disk import Disk

DRAIN_S = 5.0


class Life:
    """``calm``: handlers return at once."""

    def __init__(self, books: Sequence[Book], disk: Disk, chance: Random, calm: bool, **options: Any) -> None:
        self._books = books
        self._disk = disk
        self._chance = chance
        self._calm = calm
        self._options = options
        self.alive = True

    async def begin(self) -> None:
        """Start the client with all its handlers."""
        self.client = client = Client(
            "mqtt://broker", client_id="c", reconnect="lan", drain_s=DRAIN_S, **self._options
        )
        if isinstance(client._outbox, SqliteOutbox):
            client._outbox._make_writer = self._disk.writer
        client._state.bus.emit = self._hears  # type: ignore[method-assign]
        for book in self._books:
            if self._calm or not (book.spec.comes or book.spec.reads):
                self._register(client, book)
        await client.start()
        self._guests = [
            asyncio.create_task(self._comes_and_goes(book) if book.spec.comes else self._reads(book))
            for book in self._books
            if (book.spec.comes or book.spec.reads) and not self._calm
        ]

    async def again(self) -> None:
        """Start the client once more, after a stop."""
        self.alive = True
        await self.client.start()

    def _hears(self, event: Event) -> None:
        if isinstance(event, MessageDead):
            for book in self._books:
                book.died(Sent.of(event.topic, event.payload))

    async def _comes_and_goes(self, book: Book) -> None:
        while True:
            await asyncio.sleep(self._chance.random() * 4)
            guest = self.client.lend()
            self._register(guest, book)
            await asyncio.sleep(self._chance.random() * 6)
            try:
                await guest.stop(self._chance.random() * 3)
            finally:
                book.left_behind()
            if self._options["outbox"] is None:
                book.forgot()

    async def _reads(self, book: Book) -> None:
        while True:
            with suppress(RuntimeError):
                async with self.client.subscribe(book.spec.filter, qos=2) as messages:
                    async for message in messages:
                        await self._read(book, message)
            await asyncio.sleep(self._chance.random() * 3)

    async def _read(self, book: Book, message: Message) -> None:
        sent = Sent.of(message.topic, message.payload, message.qos)
        book.began(sent)
        how = "cancelled"
        try:
            await self._work()
            if self._chance.random() < 0.1:
                raise RuntimeError("enough")
            how = "well"
        finally:
            if self.alive:
                book.ended(sent, how)

    def _register(self, client: Client, book: Book) -> None:
        spec = book.spec
        retries = Retries(spec.attempts, first_delay_s=0.1, max_delay_s=4)
        on = client.on(
            spec.filter,
            qos=2,
            concurrency=spec.concurrency,
            key=spec.key,
            retries=retries,
            dedupe=name_of if spec.dedupe else None,
        )

        async def handle(message: Message) -> None:
            await self._handle(client, book, message)

        on(handle)

    async def _handle(self, client: Client, book: Book, message: Message) -> None:
        if not self.alive:
            return
        sent = Sent.of(message.topic, message.payload, message.qos)
        book.began(sent)
        how = "cancelled"
        try:
            await self._work()
            if client is not self.client and self._chance.random() < 0.02:
                await client.stop(self._chance.random())
                book.left_behind()
            how = "well"
            if not self._calm:
                how = self._chance.choice(("well",) * 8 + ("error", "retry", "reject"))
            self._end(how)
        finally:
            if how == "reject" or (how in ("error", "retry") and message.attempt >= book.spec.attempts):
                how = "dead"
            if self.alive:
                book.ended(sent, how if how in ("well", "dead", "cancelled") else "again")

    async def _work(self) -> None:
        dice = 0.0 if self._calm else self._chance.random()
        if dice > 0.85:
            await asyncio.sleep(self._chance.random() * 5)
        elif dice > 0.5:
            await asyncio.sleep(self._chance.random() * 0.2)
        elif 0 < dice < 0.02:
            await self._does_not_hear(self._chance.random() * 3)

    async def _does_not_hear(self, for_s: float) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(for_s)
            return
        await asyncio.sleep(for_s)
        raise asyncio.CancelledError

    def _end(self, how: str) -> None:
        if how == "error":
            raise RuntimeError(how)
        if how == "retry":
            raise Retry(how, delay_s=self._chance.random() * 3)
        if how == "reject":
            raise Reject(how)

    def in_line(self) -> set[int]:
        """The packet identifiers that wait for their acknowledgement on this connection."""
        session = self.client._session
        assert session is not None
        return {delivery.packet_id for line in session.lines for delivery in line}

    async def stop(self) -> float:
        """End in order; gives how much longer than allowed it took."""
        loop = asyncio.get_running_loop()
        for guest in self._guests:
            guest.cancel()
        began = loop.time()
        await self.client.stop()
        self.alive = False
        return loop.time() - began - DRAIN_S

    def kill(self) -> None:
        """End at once."""
        self.alive = False
        if isinstance(self.client._outbox, SqliteOutbox):
            self._disk.kill(self.client._outbox)


def name_of(message: Message) -> str:
    """What repeats have in common."""
    return message.payload.decode().split(":")[1]
