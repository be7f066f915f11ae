"""Letting the event loop turn, for what must *not* happen meanwhile."""

from __future__ import annotations

import asyncio

ENOUGH = 50


async def turns(count: int = ENOUGH) -> None:
    """Every task that is ready to run has run so often; no time is guessed."""
    for _ in range(count):
        await asyncio.sleep(0)
