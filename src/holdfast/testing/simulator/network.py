"""A network of one link at a time that splits, delays, cuts and swallows; never reorders (TCP)."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from holdfast.testing.simulator.schedule import Owner, Schedule


class Weather:
    """How bytes travel; one seed draws it once and heals it at the end."""

    def __init__(self, latency_s: float, jitter_s: float, pieces: int, drip: float) -> None:
        """``pieces``: into how many chunks a write is cut at most; ``drip``: chance of single bytes."""
        self.latency_s = latency_s
        self.jitter_s = jitter_s
        self.pieces = pieces
        self.drip = drip

    def heal(self) -> None:
        """No more pieces; distance stays."""
        self.pieces, self.drip = 1, 0.0


class Pipe:
    """One direction of a link."""

    def __init__(
        self, schedule: Schedule, rng: Random, weather: Weather, to: Owner, arrive: Callable[[bytes], None]
    ) -> None:
        self._schedule = schedule
        self._rng = rng
        self._weather = weather
        self._to = to
        self._arrive = arrive
        self._last = 0.0
        self._travelling = 0
        self.swallows = False

    def idle(self) -> bool:
        """Whether nothing is on its way."""
        return not self._travelling

    def write(self, data: bytes) -> None:
        """Send bytes; they come in order, in any portions."""
        if not self.swallows:
            for piece in self._cut(data):
                self._travel(self._deliver, piece)

    def then(self, call: Callable[[], None]) -> None:
        """Tell the other end something behind the bytes that are on their way."""
        if not self.swallows:
            self._travel(self._call, call)

    def tell(self, call: Callable[[], None]) -> None:
        """Tell the other end something, whatever became of the bytes."""
        self._schedule.after(self._rng.random() * self._weather.jitter_s, self._to, call)

    def _travel(self, call: Callable[..., None], what: object) -> None:
        delay_s = self._weather.latency_s + self._rng.random() * self._weather.jitter_s
        self._last = max(self._last, self._schedule.now + delay_s)
        self._travelling += 1
        self._schedule.at(self._last, self._to, call, what)

    def _deliver(self, piece: bytes) -> None:
        self._travelling -= 1
        if not self.swallows:
            self._arrive(piece)

    def _call(self, call: Callable[[], None]) -> None:
        self._travelling -= 1
        if not self.swallows:
            call()

    def _cut(self, data: bytes) -> list[bytes]:
        rng, size = self._rng, len(data)
        if self._weather.drip and size <= 60 and rng.random() < self._weather.drip:
            return [data[at : at + 1] for at in range(size)]
        count = min(rng.randint(1, self._weather.pieces), size)
        ends = [*sorted(rng.sample(range(1, size), count - 1)), size] if count > 1 else [size]
        return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


class Link:
    """One connection: two pipes, and how it ends."""

    def __init__(
        self, up: Pipe, down: Pipe, gone_up: Callable[[], None], gone_down: Callable[[], None]
    ) -> None:
        """``gone_up`` tells the broker that the link is gone, ``gone_down`` the client."""
        self.up = up
        self.down = down
        self._gone_up = gone_up
        self._gone_down = gone_down

    def idle(self) -> bool:
        """Whether the link works, and nothing is on its way."""
        return self.up.idle() and self.down.idle() and not (self.up.swallows or self.down.swallows)

    def hole(self) -> None:
        """Both directions fall silent, and nobody is told."""
        self.up.swallows = self.down.swallows = True

    def cut(self, client_hears: bool, broker_hears: bool) -> None:
        """What is on its way is lost; each end hears of it or finds out by itself."""
        self.hole()
        if client_hears:
            self.down.tell(self._gone_down)
        if broker_hears:
            self.up.tell(self._gone_up)

    def closed_by_client(self) -> None:
        """The client closed its socket: the broker hears of it behind the last bytes."""
        self.down.swallows = True
        self.up.then(self._gone_up)

    def closed_by_broker(self) -> None:
        """The same from the other end."""
        self.up.swallows = True
        self.down.then(self._gone_down)
