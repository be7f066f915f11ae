"""What the fault proxy does to the bytes between two sockets."""

from __future__ import annotations

import contextlib
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from selectors import EVENT_READ, EVENT_WRITE
from time import monotonic

from holdfast.testing.sockets import reset
from holdfast.testing.thread import LoopThread

_READ_BYTES = 1 << 16
_BACKLOG_BYTES = 1 << 20
_SLICES_PER_S = 50


@dataclass
class Weather:
    """The faults in force. ``delay_s`` and ``rate`` (bytes a second, None: unlimited) are per direction."""

    delay_s: float = 0
    rate: float | None = None
    hole: bool = False


class Pipe:
    """One direction: reads from a socket, waits as the weather wants, and writes to the other."""

    def __init__(self, source: socket.socket, target: socket.socket, weather: Weather) -> None:
        self._source = source
        self._target = target
        self._weather = weather
        self._chunks: deque[tuple[float, bytes]] = deque()
        self._backlog = 0
        self._free_at = 0.0
        self._is_read = True  # until the source says that it is done
        self._is_muted = False
        self.is_done = False
        self.is_full = False

    def wants(self) -> bool:
        """Whether the source is to be read."""
        return self._is_read and not self._weather.hole and self._backlog < _BACKLOG_BYTES

    def due_in_s(self) -> float | None:
        """When something has waited long enough; None: nothing waits, or not for the time."""
        if not self._chunks or self.is_full or self._weather.hole:
            return None
        return max(0.0, self._chunks[0][0] - monotonic())

    def hurry(self) -> None:
        """The weather is fine again: let what waits go now, in its order."""
        self._free_at = 0.0
        self._chunks = deque((0.0, data) for _, data in self._chunks)

    def mute(self) -> None:
        """Tell the target that nothing more will come, and drop what does."""
        self._is_muted = True
        self._chunks.clear()
        self._backlog = 0
        with contextlib.suppress(OSError):
            self._target.shutdown(socket.SHUT_WR)

    def read(self) -> None:
        """Take what is there. Raises OSError."""
        while self.wants():
            try:
                data = self._source.recv(_READ_BYTES)
            except BlockingIOError:
                return
            if not data:
                self._is_read = False
            elif not self._is_muted:
                self._backlog += len(data)
                self._chunks.extend(self._timed(data))

    def _timed(self, data: bytes) -> list[tuple[float, bytes]]:
        now, rate = monotonic(), self._weather.rate
        if rate is None:
            return [(now + self._weather.delay_s, data)]
        size = max(1, int(rate / _SLICES_PER_S))
        slices = []
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            self._free_at = max(self._free_at, now) + len(piece) / rate
            slices.append((self._free_at + self._weather.delay_s, piece))
        return slices

    def write(self) -> None:
        """Pass on what is due. Raises OSError."""
        self.is_full = False
        while self._chunks and not self._weather.hole and self._chunks[0][0] <= monotonic():
            due, data = self._chunks[0]
            try:
                sent = self._target.send(data)
            except BlockingIOError:
                self.is_full = True
                return
            self._backlog -= sent
            if sent == len(data):
                self._chunks.popleft()
            else:
                self._chunks[0] = (due, data[sent:])
        self._finish()

    def _finish(self) -> None:
        """Pass on the end, behind everything."""
        if not self._is_read and not self._chunks and not self.is_done and not self._weather.hole:
            self.is_done = True
            if not self._is_muted:
                self._target.shutdown(socket.SHUT_WR)


class Link:
    """A client, the broker, and a pipe in each direction."""

    def __init__(
        self,
        client: socket.socket,
        broker: socket.socket,
        weather: Weather,
        loop: LoopThread,
        ended: Callable[[Link], None],
    ) -> None:
        for sock in (client, broker):
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = client
        self._broker = broker
        self._up = Pipe(client, broker, weather)
        self._down = Pipe(broker, client, weather)
        self._loop = loop
        self._ended = ended
        self._is_over = False
        self._is_set = False

    def step(self) -> None:
        """Do what can be done now, and say what to wait for."""
        if self._is_over:
            return
        try:
            for pipe in (self._up, self._down):
                pipe.read()
                pipe.write()
        except OSError:
            self.reset()
            return
        if self._up.is_done and self._down.is_done:
            self.close()
            return
        self._watch(self._client, self._up, self._down)
        self._watch(self._broker, self._down, self._up)
        self._set_alarm()

    def _set_alarm(self) -> None:
        """One timer at most: every step sets the next."""
        due = [pipe.due_in_s() for pipe in (self._up, self._down)]
        due_in_s = min((s for s in due if s is not None), default=None)
        if due_in_s is not None and not self._is_set:
            self._is_set = True
            self._loop.after(due_in_s, self._alarm)

    def _alarm(self) -> None:
        self._is_set = False
        self.step()

    def _watch(self, sock: socket.socket, out_of: Pipe, into: Pipe) -> None:
        mask = (EVENT_READ if out_of.wants() else 0) | (EVENT_WRITE if into.is_full else 0)
        self._loop.watch(sock, mask, self)

    def half_close(self) -> None:
        """The client is told that the broker will say no more; it may go on talking."""
        self._down.mute()

    def hurry(self) -> None:
        """See Pipe."""
        self._up.hurry()
        self._down.hurry()
        self.step()

    def reset(self) -> None:
        """RST on both sides."""
        self.close(reset)

    def close(self, how: Callable[[socket.socket], None] = socket.socket.close) -> None:
        """Let go of both sockets."""
        if not self._is_over:
            self._is_over = True
            for sock in (self._client, self._broker):
                self._loop.watch(sock, 0, None)
                how(sock)
            self._ended(self)
