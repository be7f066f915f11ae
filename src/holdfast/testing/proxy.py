"""``Proxy``: a TCP link that misbehaves on demand."""

from __future__ import annotations

import socket
from collections.abc import Callable
from selectors import EVENT_READ
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import urlsplit

from holdfast.errors import ConfigurationError
from holdfast.testing.listener import Listener
from holdfast.testing.pipe import Link, Weather
from holdfast.testing.sockets import reset
from holdfast.testing.thread import LoopThread

T = TypeVar("T")

DIAL_S = 5
"""How long the target may take to accept; it stands on this machine or beside it."""

_DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}


class Proxy:
    """Stands between a client and a broker, on its own thread; callable from any thread.

    Every call is done when it returns. ``delay``, ``rate``, ``hole`` and ``refuse`` last, for links that
    exist and those to come, until ``heal()``; ``reset`` and ``half_close`` happen once, to those that exist.
    """

    def __init__(self, target: str) -> None:
        """``target``: a URL such as ``Broker.url``, or HOST:PORT. Raises ConfigurationError."""
        self._target = urlsplit(target if "://" in target else f"mqtt://{target}")
        port = self._target.port or _DEFAULT_PORTS.get(self._target.scheme)
        if not self._target.hostname or not port:
            raise ConfigurationError(f"Proxy: {target!r} names no host and port")
        self._address = (self._target.hostname, port)
        self._weather = Weather()
        self._links: dict[Link, None] = {}
        self._listener: Listener | None = None
        self._loop: LoopThread | None = None
        self._connects = 0

    def start(self) -> Proxy:
        """Listen on a free port."""
        if self._loop is None:
            self._listener = Listener()
            self._loop = LoopThread("holdfast test proxy", self._serve)
            self._call(self._up)
        return self

    def stop(self) -> None:
        """Close everything."""
        loop = self._loop
        if loop is not None:
            try:
                loop.call(self._close)
            finally:
                self._loop = self._listener = None
                loop.stop()

    def __enter__(self) -> Proxy:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # ---- what it tells

    @property
    def port(self) -> int:
        """The port it listens on, the same from ``start`` to ``stop``."""
        return self._running()[1].port

    @property
    def url(self) -> str:
        """What a client dials instead of the target."""
        host = "localhost" if self._target.hostname == "localhost" else "127.0.0.1"
        return f"{self._target.scheme}://{host}:{self.port}"

    @property
    def connects(self) -> int:
        """Connections accepted since ``start``."""
        return self._call(lambda: self._connects)

    # ---- what it does

    def delay(self, delay_s: float) -> None:
        """What comes from now on arrives this much later, in each direction."""
        self._set(delay_s=delay_s)

    def rate(self, bytes_s: float) -> None:
        """What comes from now on trickles at this many bytes a second, in each direction."""
        if bytes_s <= 0:
            raise ConfigurationError(f"Proxy: rate must be above 0, not {bytes_s}", hint="see hole()")
        self._set(rate=bytes_s)

    def hole(self) -> None:
        """Nothing passes and nobody is told; connections are accepted, and silent too.

        Nothing is lost either: as behind a dropped route, TCP delivers it all after ``heal()``.
        """
        self._set(hole=True)

    def refuse(self) -> None:
        """New connections are refused; those that exist stay."""
        self._call(self._down)

    def reset(self) -> None:
        """Reset every connection on both sides (TCP RST)."""
        self._call(lambda: self._each(Link.reset))

    def half_close(self) -> None:
        """Every client sees the end of the stream, while what it sends still arrives."""
        self._call(lambda: self._each(Link.half_close))

    def heal(self) -> None:
        """End every fault; what was waiting arrives now."""
        self._call(self._heal)

    # ---- on the loop

    def _set(self, **faults: Any) -> None:
        def work() -> None:
            for name, value in faults.items():
                setattr(self._weather, name, value)
            self._each(Link.step)

        self._call(work)

    def _each(self, work: Callable[[Link], None]) -> None:
        for link in list(self._links):
            work(link)

    def _heal(self) -> None:
        self._weather.delay_s, self._weather.rate, self._weather.hole = 0, None, False
        self._up()
        self._each(Link.hurry)

    def _up(self) -> None:
        loop, listener = self._running()
        loop.watch(listener.up(), EVENT_READ, listener)

    def _down(self) -> None:
        loop, listener = self._running()
        if listener.sock is not None:
            loop.watch(listener.sock, 0, None)
            listener.down()

    def _serve(self, ready: list[tuple[Any, int]]) -> None:
        for data, _ in ready:
            if isinstance(data, Link):
                data.step()
            else:
                for client in data.accept():
                    self._connects += 1
                    self._dial(client)

    def _dial(self, client: socket.socket) -> None:
        """A client whose target cannot be reached is reset, as if the target had done it."""
        loop, _ = self._running()
        try:
            broker = socket.create_connection(self._address, DIAL_S)
        except OSError:
            reset(client)
            return
        link = Link(client, broker, self._weather, loop, self._forget)
        self._links[link] = None
        link.step()

    def _forget(self, link: Link) -> None:
        self._links.pop(link, None)

    def _close(self) -> None:
        _, listener = self._running()
        self._down()
        self._each(Link.close)
        listener.close()

    def _call(self, work: Callable[[], T]) -> T:
        return self._running()[0].call(work)

    def _running(self) -> tuple[LoopThread, Listener]:
        if self._loop is None or self._listener is None:
            raise RuntimeError("the proxy is not running: call start(), or use it inside `with`")
        return self._loop, self._listener
