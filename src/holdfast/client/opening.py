"""Opening and closing an outbox without stopping the loop: both may wait for the disk."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from holdfast.outbox import Outbox

if TYPE_CHECKING:
    from holdfast.outbox.brokers import Groups


async def open_outbox(outbox: Outbox, client_id: str | None, groups: Groups) -> str | None:
    """Open it for these brokers, on a thread; gives the client id it is bound to. Raises OutboxError.

    Cancelled: it is closed again before this returns.
    """
    work = asyncio.ensure_future(asyncio.to_thread(_open, outbox, client_id, groups))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        if work.exception() is None:
            await close_outbox(outbox, None)
        raise


def _open(outbox: Outbox, client_id: str | None, groups: Groups) -> str | None:
    outbox.close(0)  # a stop() that the disk did not let finish: it may have been let go of since
    return outbox.open(client_id, groups)


async def close_outbox(outbox: Outbox, timeout_s: float | None) -> bool:
    """Commit what was handed over and let go; False: not all of it was. Cancelled, it goes on by itself."""
    return await asyncio.shield(asyncio.ensure_future(asyncio.to_thread(outbox.close, timeout_s)))
