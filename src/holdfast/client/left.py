"""Filters without a consumer: which somebody had enough of, and which wait for the next (contract 15).

Both may match one topic. What may have come by a filter that is kept is kept for its next consumer: where
the broker names identifiers these tell, else the topic does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from holdfast.clock import Clock
from holdfast.protocol import Delivery
from holdfast.topics import matches, split_share


class Left:
    """Of one run; ``kept`` is told by who knows what the session keeps."""

    def __init__(self, clock: Clock, for_s: float) -> None:
        """``for_s``: how long late messages may follow each other after UNSUBSCRIBE."""
        self._clock = clock
        self._for_s = for_s
        self._enough: dict[str, float] = {}
        self.kept: Mapping[str, int] = {}
        """Those that wait for their next consumer, with their identifiers."""

    def enough(self, filters: Iterable[str]) -> None:
        """Nobody wants these any more.

        A broker goes on sending what it had queued before UNSUBSCRIBE, so they are remembered for a while.
        """
        now = self._clock.now()
        self._enough = {filter: at for filter, at in self._enough.items() if now - at < self._for_s}
        self._enough.update((split_share(filter)[1], now) for filter in filters)

    def wanted(self, filters: Iterable[str]) -> None:
        """Somebody wants these after all: they are not remembered any more."""
        for filter in filters:
            self._enough.pop(split_share(filter)[1], None)

    def is_enough(self, delivery: Delivery) -> bool:
        """Whether this came by a filter that nobody wants, and by none that is kept."""
        now, topic = self._clock.now(), delivery.topic
        for filter, at in self._enough.items():
            if now - at < self._for_s and matches(filter, topic):
                if self.keeps(delivery):
                    return False
                self._enough[filter] = now
                return True
        return False

    def keeps(self, delivery: Delivery) -> bool:
        """Whether it may have come by a filter that waits for its next consumer."""
        named = delivery.properties.get("subscription_identifier")
        if named:
            return any(identifier in named for identifier in self.kept.values())
        return any(matches(split_share(filter)[1], delivery.topic) for filter in self.kept)
