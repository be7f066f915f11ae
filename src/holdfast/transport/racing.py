"""One socket to whichever address of a host answers first (RFC 8305)."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Sequence
from itertools import chain, zip_longest

from holdfast.transport.resolving import Info

PAUSE_S = 0.25
"""So long one address is tried alone, if it does not fail before; then the next is tried beside it."""


async def connect(addresses: Sequence[Info]) -> socket.socket:
    """Raises OSError: what the last one to fail said."""
    waiting, dials = deque(_alternating(addresses)), set[asyncio.Task[socket.socket]]()
    error: BaseException = OSError("the host has no address")
    try:
        while waiting or dials:
            if waiting:
                dials.add(asyncio.create_task(_dial(waiting.popleft())))
            patience = PAUSE_S if waiting else None
            done, _ = await asyncio.wait(dials, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            for dial in done:
                dials.discard(dial)
                failure = dial.exception()
                if failure is None:
                    return dial.result()
                error = failure
        raise error
    finally:
        for dial in dials:
            dial.cancel()
            dial.add_done_callback(_unwanted)
        del error  # it knows this frame, and would keep it


async def _dial(info: Info) -> socket.socket:
    family, kind, protocol, _, place = info
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, place)
    except BaseException:
        sock.close()
        raise
    return sock


def _unwanted(dial: asyncio.Task[socket.socket]) -> None:
    """It came too late, in the same turn as another or as the end of the attempt."""
    if not dial.cancelled() and dial.exception() is None:
        dial.result().close()


def _alternating(addresses: Sequence[Info]) -> list[Info]:
    """One of each family in turn, beginning with that of the first."""
    first = [one for one in addresses if one[0] == addresses[0][0]]
    others = [one for one in addresses if one[0] != addresses[0][0]]
    return [one for one in chain.from_iterable(zip_longest(first, others)) if one is not None]
