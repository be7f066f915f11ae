"""Messages from a process that is killed again and again, while other things break."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from holdfast.outbox import Ledger
from tests.support.publisher import Publisher
from tests.support.publishing import serial
from tests.support.way import KEEPALIVE_S, Crossed, Fault, Way

MORE = 500
"""A process that lives long enough for these has them in every stage when it is killed."""

BETWEEN_S = 1.0
"""At most, between the end of one fault and the next."""


@dataclass(frozen=True)
class Killed:
    """What came of it, and what the lives of the publisher told."""

    crossed: Crossed
    publisher: Publisher

    def __str__(self) -> str:
        crossed, lives = self.crossed, self.publisher
        return (
            f"{lives.kills} kills, {len(lives.openings)} openings told, "
            f"{sum(bool(books['pending']) for books in lives.openings)} with messages pending; "
            f"{crossed.published.accepted} accepted, {len(lives.told)} told so, {crossed.repeats} repeats, "
            f"{crossed.verdict.broker_lost} broker lost"
        )


class Killing(Way):
    """The publisher is a process with an outbox file."""

    async def run(self, kills: int, faults: Sequence[Fault] = (), more: int = MORE, **options: Any) -> Killed:
        """So many lives that end with kill -9, and one that ends well; the faults happen meanwhile.

        ``more``: messages in one life, at most.
        """
        async with self.open():
            options = {"client_id": "publisher", "keepalive_s": KEEPALIVE_S, "reconnect": "lan", **options}
            publisher = Publisher(self.folder, self.proxy.url, self.qos, self.chance, **options)
            breaking = asyncio.create_task(self._break(faults))
            while publisher.kills < kills or not breaking.done():
                await publisher.live_and_die(more)
            await breaking
            books = await publisher.finish()
            await self.quiet()
        for name in ("mended", "set_aside"):
            books.pop(name)
        ledger = Ledger(since=datetime.now(UTC), **books)
        acknowledged = [serial(number) for number in range(ledger.accepted)] if not ledger.failed else []
        return Killed(self.crossed(ledger, acknowledged), publisher)

    async def _break(self, faults: Sequence[Fault]) -> None:
        for fault in faults:
            await asyncio.sleep(self.chance.uniform(0, BETWEEN_S))
            await fault(self)
