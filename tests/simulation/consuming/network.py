"""The way between a client and the model of a broker: late, in order, cut in the middle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from itertools import count
from random import Random
from typing import Any

from holdfast.testing.manual_clock import ManualClock
from holdfast.testing.model import CLOSE, BrokerCore
from holdfast.transport import LinkUser

SLOWEST_S = 0.02
STEP_S = 1e-5
"""Between two portions of one direction, so that they keep their order."""


class Network:
    """All links to one broker; ``away``: it refuses connections."""

    def __init__(self, core: BrokerCore, clock: ManualClock, chance: Random) -> None:
        self.core = core
        self.clock = clock
        self.chance = chance
        self.away = False
        self._ids = count(1)
        self._links: dict[int, Link] = {}

    async def dial(self, _address: Any, _tls: Any, user: LinkUser, _proxy: Any) -> Link:
        """In the place of ``transport.open_link``."""
        await asyncio.sleep(self.chance.random() * SLOWEST_S)
        if self.away:
            raise ConnectionRefusedError
        number = next(self._ids)
        link = self._links[number] = Link(self, number, user)
        self.core.open(number, self.clock.now())
        return link

    def settle(self) -> None:
        """What the broker has to say is on its way."""
        for number, what in self.core.take():
            link = self._links.get(number)
            if link is not None:
                link.hangs_up() if what is CLOSE else link.comes(what)

    def tick(self) -> None:
        """Time has passed for the broker."""
        self.core.tick(self.clock.now())
        self.settle()

    def cut(self) -> None:
        """Every link is reset; what was on its way is lost."""
        for link in [*self._links.values()]:
            link.cut()

    def kill(self, orderly: bool) -> None:
        """The client's process is gone: what it wrote arrives, or some of it, and it hears nothing more."""
        for link in [*self._links.values()]:
            link.kill(orderly)

    def gone(self, number: int) -> None:
        """The broker has no such link any more."""
        if self._links.pop(number, None) is not None:
            self.core.closed(number, self.clock.now())
            self.settle()


class Link:
    """``transport.Link``, from the client's end."""

    def __init__(self, network: Network, number: int, user: LinkUser) -> None:
        self._network = network
        self._number = number
        self._user = user
        self._loop = asyncio.get_running_loop()
        self._due = {"up": 0.0, "down": 0.0}
        self._up: list[bytes] = []  # on its way
        self._read = True
        self._unread: list[bytes] = []
        self._open = self._connected = True  # for the client; at all

    def _later(self, way: str, call: Callable[[], object]) -> None:
        late = self._loop.time() + self._network.chance.random() * SLOWEST_S
        self._due[way] = due = max(self._due[way] + STEP_S, late)
        self._loop.call_at(due, lambda: self._connected and call())

    # -- the client's end --------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """As the port has it."""
        if self._open:
            self._up.append(bytes(data))
            self._later("up", self._arrive)

    def read(self, wanted: bool) -> None:
        """As the port has it."""
        self._read = wanted
        if wanted and self._unread:
            self._later("down", lambda: self._deliver(b""))

    def close(self) -> None:
        """As the port has it."""
        if self._open:
            self._open = False
            self._later("up", self._part)

    def abort(self) -> None:
        """As the port has it."""
        self.close()
        self._loop.call_soon(self._lose, None)

    # -- the broker's end --------------------------------------------------------------------

    def comes(self, data: bytes) -> None:
        """The broker sends this."""
        self._later("down", partial(self._deliver, data))

    def hangs_up(self) -> None:
        """The broker ends it."""
        self._later("down", self._part)

    # -- what happens ------------------------------------------------------------------------

    def _arrive(self) -> None:
        data = self._up.pop(0)
        self._network.core.receive(self._number, data, self._network.clock.now())
        self._network.settle()

    def _deliver(self, data: bytes) -> None:
        self._unread += [data] if data else []
        if self._read and self._open:
            unread, self._unread = self._unread, []
            for one in unread:
                self._user.received(one)

    def _part(self) -> None:
        self._lose(None)
        self._end()

    def _end(self) -> None:
        self._open = self._connected = False
        self._network.gone(self._number)

    def _lose(self, error: Exception | None) -> None:
        user, self._user = self._user, _Nobody()
        user.lost(error)

    def cut(self) -> None:
        """Reset."""
        self._loop.call_soon(self._lose, ConnectionResetError())
        self._end()

    def kill(self, orderly: bool) -> None:
        """See ``Network.kill``."""
        self._user = _Nobody()
        count = len(self._up)
        for _ in range(count if orderly else self._network.chance.randint(0, count)):
            self._arrive()
        self._end()


class _Nobody:
    """Nobody listens any more."""

    def received(self, data: bytes) -> None:
        """Bytes came in."""

    def writable(self, yes: bool) -> None:
        """There is room."""

    def lost(self, error: Exception | None) -> None:
        """The link is gone."""
