"""Back-pressure: a slow handler slows the broker down and never fills memory (promise 5).

    unhandled < both limits    read
    limit of bytes reached     stop reading, until half of it is handled;
                               meanwhile read one chunk every BREATH_S
    limit of messages reached  stop reading, until half of them are handled, or for BREATH_S at most

Without those breaths a handler that awaits an acknowledgement of its own publish would wait for
bytes that nobody reads, for ever, and a dead link would not be found dead. What they let in is
bounded: by what a broker sends unacknowledged, and QoS 0 beyond twice the limit is dropped, counted.

The limit of messages is for QoS 0 in a burst: handlers that are busy catch up while the broker's side
waits, and nothing overflows. Handlers that do not catch up must not hold up the others, so reading goes
on then, and the bounded inbox of each drops what is too much for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from holdfast.protocol import Delivery

BREATH_S = 0.5
OVERHEAD = 200
"""What a message that waits for its handler costs beside its payload, in bytes, roughly."""


class Pressure:
    """What was delivered and not handled, in bytes, and whether the link is read."""

    def __init__(self, limit_bytes: int, limit_messages: int, read: Callable[[bool], None]) -> None:
        """``read`` switches reading off and on; ``reading``: handlers keep up, so that it is on."""
        self._limit = limit_bytes
        self._most = limit_messages
        self._read = read
        self._bytes = 0
        self._count = 0
        self._stuck = False
        self.reading = True
        self._breathing = False
        self._timer: asyncio.TimerHandle | None = None
        self.dropped = 0

    def begin(self) -> None:
        """A new link, which is read."""
        self.end()
        self.reading = True
        self._breathing = False

    def end(self) -> None:
        """The link is gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def more(self, deliveries: list[Delivery]) -> list[Delivery]:
        """These came in; gives those that there is room for."""
        if self._bytes > 2 * self._limit:
            kept = [one for one in deliveries if one.qos]
            self.dropped += len(deliveries) - len(kept)
            deliveries = kept
        self._bytes += _weight(deliveries)
        self._count += len(deliveries)
        many = self._count >= self._most and not self._stuck
        if self.reading and (many or self._bytes >= self._limit):
            self.reading = False
            self._hold()
        return deliveries

    def less(self, deliveries: list[Delivery]) -> None:
        """These were handled."""
        self._bytes -= _weight(deliveries)
        self._count -= len(deliveries)
        few = self._count < self._most // 2
        self._stuck = self._stuck and not few
        if not self.reading and self._bytes < self._limit // 2 and (few or self._stuck):
            self._go_on()

    def received(self) -> None:
        """A chunk was read: if it was a breath, it is over."""
        if self._breathing and not self.reading:
            self._hold()

    def _hold(self) -> None:
        self._breathing = False
        self._read(False)
        self._timer = asyncio.get_running_loop().call_later(BREATH_S, self._breathe)

    def _breathe(self) -> None:
        if self._bytes < self._limit // 2:
            self._stuck = True
            self._go_on()
        else:
            self._breathing = True
            self._read(True)

    def _go_on(self) -> None:
        self.begin()
        self._read(True)


def _weight(deliveries: list[Delivery]) -> int:
    """Empty payloads must not go uncounted."""
    return sum([len(one.raw) for one in deliveries]) + OVERHEAD * len(deliveries)
