"""The faults: what each does to the link, and how it heals."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic

from holdfast.testing import Broker
from tests.recovery import namespace
from tests.recovery.fault import SILENT_S, Behind, Direct, Fault


class Refused(Behind):
    """Cut, and the port refuses."""

    words = "port refused"

    async def begin(self) -> None:
        self._proxy.refuse()
        self._proxy.reset()

    async def heal(self) -> float:
        healed = monotonic()
        self._proxy.heal()
        return healed


class Reset(Behind):
    """A reset, over and over; a new dial could succeed at once."""

    words = "RST every 3 s"
    lasts_s = short_s = 0.0
    again_s = 3.0

    async def begin(self) -> None:
        self._proxy.reset()

    async def heal(self) -> float:
        return monotonic()


class Swallowed(Behind):
    """TCP is accepted and nothing comes: no byte on the old link, no CONNACK on new ones."""

    words = "accepted, but no CONNACK"
    limit_s = SILENT_S
    lasts_s = 5.0
    short_s = 3.6
    silent = True

    async def begin(self) -> None:
        self._proxy.hole()

    async def heal(self) -> float:
        healed = monotonic()
        self._proxy.heal()
        return healed


class Killed(Direct):
    """kill -9, away for a while, and started again without its sessions."""

    words = "broker killed with -9"
    saves = False
    _how = signal.SIGKILL

    async def begin(self) -> None:
        await asyncio.to_thread(self._broker.stop, self._how)

    async def heal(self) -> float:
        await asyncio.to_thread(self._broker.start)
        return monotonic()


class Ended(Killed):
    """SIGTERM, and started again with its sessions."""

    words = "broker ended with SIGTERM"
    saves = True
    _how = signal.SIGTERM


class Frozen(Direct):
    """SIGSTOP: the kernel goes on accepting for it."""

    words = "broker stopped (SIGSTOP)"
    limit_s = SILENT_S
    lasts_s = 5.0
    short_s = 3.6
    silent = True

    async def begin(self) -> None:
        self._broker.signal(signal.SIGSTOP)

    async def heal(self) -> float:
        healed = monotonic()
        self._broker.signal(signal.SIGCONT)
        return healed


class Dropped(Direct):
    """Every packet is dropped, both ways, and nobody is told."""

    words = "packets dropped"
    limit_s = SILENT_S
    lasts_s = 5.0
    short_s = 3.6
    isolated = True
    silent = True

    async def begin(self) -> None:
        namespace.drop_packets()

    async def heal(self) -> float:
        healed = monotonic()
        namespace.pass_packets()
        return healed


class Busy(Fault):
    """The broker cuts us off, and has no room for us (CONNACK 0x88)."""

    words = "broker busy (CONNACK 0x88)"
    lasts_s = 8.0

    @contextmanager
    def open(self) -> Iterator[None]:
        with Broker(strict=True) as self._broker:
            self.url = self._broker.url
            yield
            self.violations = self._broker.violations

    async def begin(self) -> None:
        self._broker.refuse("CONNECT", 0x88)
        self._broker.cut()

    async def heal(self) -> float:
        healed = monotonic()
        self._broker.release()
        return healed


class Nameless(Behind):
    """Cut, and the name server has gone: the system's resolver is told so at once."""

    words = "DNS gone"
    lasts_s = 10.0
    isolated = True

    @contextmanager
    def open(self) -> Iterator[None]:
        with ExitStack() as stack:
            self._names = stack.enter_context(namespace.Names())
            stack.enter_context(super().open())
            self.url = f"mqtt://{namespace.NAME}:{self._proxy.port}"
            yield

    async def begin(self) -> None:
        self._names.go()
        self._proxy.reset()

    async def heal(self) -> float:
        healed = monotonic()
        self._names.come()
        return healed


class Unanswered(Nameless):
    """Cut, and queries to the name server are swallowed: a lookup takes longer than an attempt may."""

    words = "DNS silent"
    limit_s = SILENT_S
    short_s = 3.6

    async def begin(self) -> None:
        self._names.fall_silent()
        self._proxy.reset()


PROMPT: tuple[type[Fault], ...] = (Refused, Reset, Killed, Ended, Busy)
"""Attempts fail at once."""

SILENT: tuple[type[Fault], ...] = (Frozen, Swallowed)
"""Attempts end by their own limit."""

ISOLATED: tuple[type[Fault], ...] = (Nameless, Unanswered, Dropped)
"""What needs a network of its own."""
