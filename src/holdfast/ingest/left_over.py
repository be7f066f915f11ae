"""What the outbox file has from before, besides what an ingest spooled: of nobody, or of ingests not here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection

from holdfast.client.events import Event, LeftOver
from holdfast.ingest.notes import Notes
from holdfast.outbox.intake import UNCLAIMED, Held, Intake

PAGE = 200
"""Rows that are read at once."""

OWNER = "ingest "
"""How the owners of spooled messages begin."""

CLAIMED = " (claimed)"
"""How those end whose messages are about to be spooled."""


async def claim(intake: Intake, notes: Notes, reached: Callable[[int], Awaitable[None]]) -> None:
    """What came when nobody wanted it, and this ingest does, goes behind what is spooled (contract 15).

    Under numbers of its own: the sink names the highest number that it has. So it is claimed first, as a
    handler may want it, too, and under an owner of its own until it is renumbered. Raises OutboxError.
    """
    claimed = notes.owner + CLAIMED
    async for page in _pages(intake, UNCLAIMED):
        wanted = [one.number for one in page if notes.wants(one.topic)]
        if wanted:
            await reached(intake.hand_over(wanted, claimed))
    async for page in _pages(intake, claimed):
        await reached(intake.renew([notes.claimed(one) for one in page]))


async def _pages(intake: Intake, owner: str) -> AsyncIterator[list[Held]]:
    after = 0
    while page := await asyncio.to_thread(intake.read, owner, after, PAGE):
        after = page[-1].number
        yield page


def warn(intake: Intake, ours: Collection[str], path: str, emit: Callable[[Event, int], None]) -> None:
    """Say what is kept for ingests that this run has not: a table was renamed, or left out."""
    for owner in intake.owners():
        if owner.startswith(OWNER) and owner.removesuffix(CLAIMED) not in ours:
            count = intake.count(owner)
            message = (
                f"{count} messages are kept in {path} for {owner}, which is not among the ingests of "
                "this run: they stay there. Start it with that table and database again, or see "
                "holdfast outbox list"
            )
            emit(LeftOver(message=message, owner=owner, count=count), logging.WARNING)
