"""Handlers' inboxes over a real outbox file, by hand: what the tests of parking share."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from holdfast.client.commits import Commits
from holdfast.client.dispatcher import Consumer
from holdfast.client.inbox import Inbox, Item
from holdfast.client.laned_inbox import LanedInbox
from holdfast.client.parking import Parking
from holdfast.client.shelf import Shelf
from holdfast.client.suspects import Bury
from holdfast.handling import Handler, HandlerOptions
from holdfast.handling.keys import keys_of
from holdfast.outbox.intake import Held
from holdfast.testing.waiting import eventually
from holdfast.topics import Pattern
from tests.unit.client.consuming import Dispatch
from tests.unit.outbox.files import open_outbox, query


class Kept(Dispatch):
    """A dispatcher with a file behind it, and what it acknowledged; on a running loop."""

    def __init__(self, path: Path, **options: Any) -> None:
        super().__init__()
        self.path = path
        self.outbox = open_outbox(path, clock=self.clock, **options)
        loop = asyncio.get_running_loop()
        commits = Commits(lambda: self.outbox.durable)
        self.outbox.on_durable = lambda: (loop.call_soon_threadsafe(commits.happened), None)[1]
        self.intake = self.outbox.intake
        self.parking = Parking(self.intake, commits, self.dispatcher, loop, self.clock)

    def handler(self, text: str = "t/#", key: str | None = None, bury: Bury | None = None) -> Consumer:
        """The inbox of a handler of this filter, which begins."""
        pattern = Pattern(text)
        keys = () if key is None else keys_of(key, [pattern])
        inbox = Inbox(10) if key is None else LanedInbox(10, keys)
        consumer = Consumer((pattern,), (pattern.filter,), inbox)
        self.made = Handler(print, (pattern,), (), HandlerOptions())
        self.parking.shelve(self.made, consumer, bury)
        self.dispatcher.add(consumer)
        return consumer

    def shelf(self, consumer: Consumer) -> Shelf:
        found = self.parking.shelves.of(consumer)
        assert found is not None
        return found

    def rows(self) -> list[tuple[str, str]]:
        """Whose, and what, in the order of keeping."""
        return [
            (owner, data.decode()) for owner, data in query(self.path, "SELECT owner, payload FROM inbound")
        ]

    async def committed(self) -> None:
        """Everything handed over is durable, and told."""
        commit = self.intake.hold([Held(0, "marker", "m", b"")])
        await self.parking.reached(commit)
        await self.parking.reached(self.intake.let_go([self.intake._last]))
        await asyncio.sleep(0)

    async def turns(self) -> None:
        """What needs no commit has happened."""
        for _ in range(5):
            await asyncio.sleep(0)

    async def acknowledged(self, *payloads: str) -> None:
        await eventually(lambda: self.payloads() == list(payloads))

    def finish_item(self, item: Item) -> None:
        """Its handler has returned."""
        self.dispatcher.finish(item[1], item[3])

    def end(self, consumer: Consumer) -> None:
        """This handler takes no more: what it left unfinished and unkept waits for the next."""
        self.dispatcher.remove(consumer)
        self.dispatcher.give_back(self.parking.leave(consumer, consumer.drain()))
        self.parking.shelves.remove(self.made, consumer)

    def close(self) -> None:
        self.parking.close()
        self.outbox.close(10)
