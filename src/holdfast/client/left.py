"""Filters without a consumer: which somebody had enough of, and which wait for the next (contract 15).

Both may match one topic. What may have come by a filter that is kept is kept for its next consumer: where
the broker names identifiers these tell, else the topic does. An identifier that is not known here may be of a
filter that a process before this one left in the session, so what it brings is never given up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from holdfast.protocol import Delivery
from holdfast.topics import matches, split_share

if TYPE_CHECKING:
    from holdfast.clock import Clock


class Left:
    """Of one run; ``kept`` is told by who knows what the session keeps."""

    def __init__(self, clock: Clock, for_s: float) -> None:
        """``for_s``: how long late messages may follow each other after UNSUBSCRIBE."""
        self._clock = clock
        self._for_s = for_s
        self._enough: dict[str, tuple[int, float]] = {}  # the identifier, and when something came last
        self.kept: Mapping[str, int] = {}
        """Those that wait for their next consumer, with their identifiers."""

    def enough(self, filters: Mapping[str, int]) -> None:
        """Nobody wants these any more; as they went on the wire, with their identifiers.

        A broker goes on sending what it had queued before UNSUBSCRIBE, so they are remembered for a while.
        """
        now = self._clock.now()
        self._enough = {filter: one for filter, one in self._enough.items() if now - one[1] < self._for_s}
        self._enough.update((filter, (identifier, now)) for filter, identifier in filters.items())

    def wanted(self, filters: Iterable[str]) -> None:
        """Somebody wants these after all, in whichever group: they are not remembered any more."""
        wanted = {split_share(filter)[1] for filter in filters}
        for filter in [filter for filter in self._enough if split_share(filter)[1] in wanted]:
            del self._enough[filter]

    def is_enough(self, delivery: Delivery) -> bool:
        """Whether this came by filters that nobody wants, and by none that is kept or not known here."""
        now, named = self._clock.now(), delivery.properties.get("subscription_identifier")
        came_by = self._matching(delivery.topic, now)
        if not came_by or self.keeps(delivery) or not came_by.keys() >= set(named or ()):
            return False
        for identifier in named or came_by:
            self._enough[came_by[identifier]] = identifier, now
        return True

    def _matching(self, topic: str, now: float) -> dict[int, str]:
        """Those of what nobody wants that match, by their identifiers."""
        return {
            identifier: filter
            for filter, (identifier, at) in self._enough.items()
            if now - at < self._for_s and matches(split_share(filter)[1], topic)
        }

    def keeps(self, delivery: Delivery) -> bool:
        """Whether it may have come by a filter that waits for its next consumer."""
        named = delivery.properties.get("subscription_identifier")
        if named:
            return any(identifier in named for identifier in self.kept.values())
        return any(matches(split_share(filter)[1], delivery.topic) for filter in self.kept)
