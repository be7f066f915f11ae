"""The loop of the test broker: sockets on one side, the model on the other, the disk in between."""

from __future__ import annotations

import ssl
from functools import partial
from itertools import count
from selectors import EVENT_READ, EVENT_WRITE
from time import monotonic, time
from typing import Any

from holdfast.testing.broker.connection import Connection, Gone
from holdfast.testing.broker.keeper import Keeper
from holdfast.testing.listener import Listener
from holdfast.testing.model import CLOSE
from holdfast.testing.thread import LoopThread

TICK_S = 0.05
"""How late keep alive, expiry and will delay may be noticed."""

LINGER_S = 1.0
"""How long a client that was told to go may take before its socket is closed."""

_WALL_OFFSET_S = time() - monotonic()


def broker_now() -> float:
    """Wall time that never runs back: expiry goes on while the broker is away, also in a new process."""
    return monotonic() + _WALL_OFFSET_S


class Server:
    """Everything here runs on the loop's thread but the construction."""

    def __init__(self, listener: Listener, keeper: Keeper, context: ssl.SSLContext | None) -> None:
        self._listener = listener
        self.keeper = keeper
        self._context = context
        self._connections: dict[int, Connection] = {}
        self._ids = count(1)
        self._is_frozen = False
        self.loop = LoopThread("holdfast test broker", self._serve)

    # ---- what tests do to it

    def up(self) -> None:
        """Listen."""
        self.loop.watch(self._listener.up(), EVENT_READ, self._listener)

    def tick(self) -> None:
        """Let time pass, from now on; a tick without a deadline would only fill the log."""
        self.loop.after(TICK_S, self.tick)
        deadline = self.keeper.core.next_deadline()
        if not self._is_frozen and deadline is not None and deadline <= broker_now():
            self.do("tick", broker_now())

    def down(self) -> None:
        """Every connection and the listener are gone without a word, as when the process dies."""
        if self._listener.sock is not None:
            self.loop.watch(self._listener.sock, 0, None)
            self._listener.down()
        for connection in list(self._connections.values()):
            self._forget(connection)
            connection.close()

    def restart(self, down_s: float, forget: bool) -> None:
        """Die, lose what is not durable, and come back after a while."""
        self.down()
        self._is_frozen = False
        self.keeper.restart(broker_now(), forget)
        if down_s > 0:
            self.loop.after(down_s, self.up)
        else:
            self.up()

    def cut(self) -> None:
        """Reset every connection."""
        for connection in list(self._connections.values()):
            self._forget(connection)
            connection.reset()
            self.keeper.call("closed", connection.id, broker_now())
        self._flush()

    def freeze(self) -> None:
        """Sockets stay open, and nothing is read, sent or accepted."""
        self._is_frozen = True
        for connection in self._connections.values():
            self.loop.watch(connection.sock, 0, None)
        if self._listener.sock is not None:
            self.loop.watch(self._listener.sock, 0, None)

    def thaw(self) -> None:
        """Go on; what clients sent meanwhile is read before anybody is found silent."""
        if self._is_frozen:
            self._is_frozen = False
            if self._listener.sock is not None:
                self.loop.watch(self._listener.sock, EVENT_READ, self._listener)
            for connection in list(self._connections.values()):
                self._read(connection)
            self._flush()
            for connection in list(self._connections.values()):
                self._write(connection)

    def do(self, name: str, *args: Any, **kwargs: Any) -> None:
        """A call of the core, and what follows from it."""
        self.keeper.call(name, *args, **kwargs)
        self._flush()

    def close(self) -> None:
        """The end."""
        self.down()
        self._listener.close()
        self.keeper.close()

    # ---- what clients do to it

    def _serve(self, ready: list[tuple[Any, int]]) -> None:
        if self._is_frozen:
            return
        for data, mask in ready:
            if data is self._listener:
                self._accept()
            elif mask & EVENT_READ:
                self._read(data)
        self._flush()
        for data, mask in ready:
            if mask & EVENT_WRITE and data.id in self._connections:
                self._write(data)

    def _accept(self) -> None:
        for sock in self._listener.accept():
            connection = Connection(sock, next(self._ids), self._context)
            self._connections[connection.id] = connection
            self.loop.watch(connection.sock, EVENT_READ, connection)
            self.keeper.call("open", connection.id, broker_now())

    def _read(self, connection: Connection) -> None:
        if connection.id not in self._connections:
            return
        try:
            data = connection.read()
        except Gone:
            self._lose(connection)
            return
        if data:
            self.keeper.call("receive", connection.id, data, broker_now())

    def _lose(self, connection: Connection) -> None:
        self._forget(connection)
        connection.close()
        self.keeper.call("closed", connection.id, broker_now())

    def _forget(self, connection: Connection) -> None:
        self.loop.watch(connection.sock, 0, None)
        self._connections.pop(connection.id, None)

    def _flush(self) -> None:
        """The one way out: first the disk, then the sockets."""
        self.keeper.settle(bool(self._connections))
        touched: dict[int, Connection] = {}
        for id, what in self.keeper.core.take():
            connection = self._connections.get(id)
            if connection is None:
                continue
            touched[id] = connection
            if what is CLOSE:
                connection.closing = True
                self.loop.after(LINGER_S, partial(self._hang_up, connection))
            else:
                self._put(connection, what)
        if not self._is_frozen:
            for connection in touched.values():
                self._write(connection)

    def _put(self, connection: Connection, data: bytes) -> None:
        try:
            connection.send(data)
        except Gone:
            self._lose(connection)

    def _write(self, connection: Connection) -> None:
        if connection.id not in self._connections:
            return
        try:
            is_full = connection.flush()
        except Gone:
            self._lose(connection)
            return
        self.loop.watch(connection.sock, EVENT_READ | (EVENT_WRITE if is_full else 0), connection)

    def _hang_up(self, connection: Connection) -> None:
        if connection.id in self._connections:
            self._forget(connection)
            connection.close()
