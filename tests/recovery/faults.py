"""What befalls a link: each fault is a place with a broker of its own, and can begin and heal."""

from __future__ import annotations

import asyncio
import signal
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic
from typing import ClassVar

from holdfast.testing import Broker, Proxy
from tests.recovery import namespace
from tests.support.mosquitto import Mosquitto

ATTEMPT_S = 2.0
"""How long one attempt may take with ``reconnect="lan"`` (contract 19)."""

PROMPT_S = 1.5
SILENT_S = 2 * ATTEMPT_S
"""From the first moment a new dial could succeed until subscriptions are live, where attempts fail at once, and
where nobody answers them."""


class Fault(ABC):
    """Open while in ``with``; ``heal`` gives the first moment at which a new dial could succeed."""

    words: ClassVar[str]
    limit_s: ClassVar[float] = PROMPT_S
    lasts_s: ClassVar[float] = 4.0
    short_s: ClassVar[float] = 2.5
    isolated: ClassVar[bool] = False
    """Whether it needs a network of its own (see ``namespace``)."""
    silent: ClassVar[bool] = False
    """Whether the client is told nothing when it begins."""
    url: str

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.violations: list[str] = []
        """What a strict broker found, in the end."""

    @contextmanager
    @abstractmethod
    def open(self) -> Iterator[None]:
        """The broker runs."""

    @abstractmethod
    async def begin(self) -> None:
        """Break the link."""

    async def heal(self) -> float:
        """Let it work again."""
        healed = monotonic()
        self.end()
        return healed

    def end(self) -> None:
        """The same, where it is done at once."""


class _Direct(Fault):
    """Nothing stands between the client and mosquitto."""

    saves: ClassVar[bool] = True

    @contextmanager
    def open(self) -> Iterator[None]:
        lines = ["max_queued_messages 0", "max_inflight_messages 100"]
        if self.saves:
            lines += ["persistence true", f"persistence_location {self._folder}/"]
        with Mosquitto(self._folder / "mosquitto", *lines) as self._broker:
            self.url = self._broker.url
            yield


class _Behind(_Direct):
    """mosquitto behind a proxy."""

    @contextmanager
    def open(self) -> Iterator[None]:
        with super().open(), Proxy(self._broker.url) as self._proxy:
            self.url = self._proxy.url
            yield


class Refused(_Behind):
    """Cut, and the port refuses."""

    words = "port refused"

    async def begin(self) -> None:
        self._proxy.refuse()
        self._proxy.reset()

    def end(self) -> None:
        self._proxy.heal()


class Reset(_Behind):
    """A reset, over and over; a new dial could succeed at once."""

    words = "RST every 3 s"
    lasts_s = 0.0
    short_s = 0.0

    async def begin(self) -> None:
        self._proxy.reset()


class Swallowed(_Behind):
    """TCP is accepted and nothing comes: no byte on the old link, no CONNACK on new ones."""

    words = "accepted, but no CONNACK"
    limit_s = SILENT_S
    lasts_s = 5.0
    short_s = 3.6
    silent = True

    async def begin(self) -> None:
        self._proxy.hole()

    def end(self) -> None:
        self._proxy.heal()


class Killed(_Direct):
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


class Frozen(_Direct):
    """SIGSTOP: the kernel goes on accepting for it."""

    words = "broker stopped (SIGSTOP)"
    limit_s = SILENT_S
    lasts_s = 5.0
    short_s = 3.6
    silent = True

    async def begin(self) -> None:
        self._broker.signal(signal.SIGSTOP)

    def end(self) -> None:
        self._broker.signal(signal.SIGCONT)


class Dropped(_Direct):
    """Every packet is dropped, both ways, and nobody is told."""

    words = "packets dropped"
    limit_s = SILENT_S
    lasts_s = 5.0
    short_s = 3.6
    isolated = True
    silent = True

    async def begin(self) -> None:
        namespace.drop_packets()

    def end(self) -> None:
        namespace.pass_packets()


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

    def end(self) -> None:
        self._broker.release()


class Nameless(_Behind):
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

    def end(self) -> None:
        self._names.come()


class Unanswered(Nameless):
    """Cut, and queries to the name server are swallowed: a lookup takes longer than an attempt may."""

    words = "DNS silent"
    limit_s = SILENT_S
    short_s = 3.6

    async def begin(self) -> None:
        self._names.fall_silent()
        self._proxy.reset()


FAULTS: tuple[type[Fault], ...] = (
    Refused, Reset, Killed, Ended, Busy, Nameless, Unanswered, Dropped, Frozen, Swallowed,
)  # fmt: skip
