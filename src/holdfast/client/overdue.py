"""Who holds up the acknowledgements behind it for too long (contract 13).

Acknowledgements leave in wire order, so it is the head of a line that all others wait for. It is overdue
when it has been the head for the limit; and at once when it is tried again and came so long ago, as are
those behind it: fifty keys that fail together hold the line up once, not fifty times. What was handled, and
waits only for those before it, is never late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from holdfast.clock import Clock
from holdfast.protocol import Delivery

Lines = tuple[list[Delivery], list[Delivery]]

SHORTEST_S, LONGEST_S = 0.02, 1.0
"""Between two looks; a tenth of the limit is between these."""


class Overdue:
    """Looks at the lines of one run, on its loop, and hands over what is overdue."""

    def __init__(
        self, lines: Callable[[], Lines], clock: Clock, limit_s: float, late: Callable[[Delivery], object]
    ) -> None:
        self._lines = lines
        self._clock = clock
        self._limit_s = limit_s
        self._late = late
        self._heads: list[Delivery | None] = [None, None]
        self._since = [0.0, 0.0]
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Look from now on."""
        self.look()
        delay = max(SHORTEST_S, min(LONGEST_S, self._limit_s / 10))
        self._timer = asyncio.get_running_loop().call_later(delay, self.begin)

    def look(self) -> None:
        """At both lines, once."""
        for place, line in enumerate(self._lines()):
            head = line[0] if line else None
            if head is not self._heads[place]:
                self._heads[place], self._since[place] = head, self._clock.now()
            if head is None or head.done or not head.arrived:
                continue
            if self._is_late(head, self._since[place]):
                self._late(head)
                for delivery in filter(self._fails, line):
                    self._late(delivery)

    def _is_late(self, head: Delivery, since: float) -> bool:
        return self._clock.now() - since >= self._limit_s or self._fails(head)

    def _fails(self, delivery: Delivery) -> bool:
        """Whether it is tried again, and came long ago; what was handled is not."""
        return not delivery.done and delivery.attempt > 1 and age_s(delivery, self._clock) >= self._limit_s

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()


def age_s(delivery: Delivery, clock: Clock) -> float:
    """How long ago it came here; 0: it is not here yet."""
    return max(0.0, clock.wall() - delivery.arrived) if delivery.arrived else 0.0


def head_of_line_s(lines: Lines, clock: Clock) -> float:
    """How long ago the message came that all others wait for; 0: none waits."""
    return max([age_s(line[0], clock) for line in lines if line], default=0.0)
