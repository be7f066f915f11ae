"""How long one consumer may work before the rest of the program gets a turn of the loop."""

from __future__ import annotations

import asyncio
from time import monotonic

LOOK_EVERY = 16
"""Messages between two looks at the clock: cheap, and handlers that are slow are noticed soon."""

SLICE_S = 0.004
"""A slice of work. Much shorter, and more is read in each turn than is handled, so QoS 0 overflows."""


class Fairness:
    """The slices of one consumer; whoever uses it looks every LOOK_EVERY messages."""

    __slots__ = ("_began",)

    def __init__(self) -> None:
        self._began = monotonic()

    def begin(self) -> None:
        """The consumer had to wait: its slice begins anew."""
        self._began = monotonic()

    def spent(self) -> bool:
        """Whether it is time to ``rest``."""
        return monotonic() - self._began >= SLICE_S

    async def rest(self) -> None:
        """Give others a turn."""
        await asyncio.sleep(0)
        self._began = monotonic()
