"""Which sources of a handler have gone silent. Pure arithmetic; times are seconds on the client's clock.

A source is a topic that a message has come on; until the first one the handler as a whole is one, under the
name of its filters.

    what is known                                      what follows
    a message came within EVERY                        nothing
    none for EVERY, and we listened all the while      it is silent: told once
    a message comes on what was silent                 it is back: told
    nobody listened: no link, not read, not granted,   count anew from when somebody does
      or the program itself stood still
    more than MOST sources                             the longest silent is forgotten; told the first time

It is a signal of the source. Of the link it says nothing, and nothing here ends one.

A message costs a look into one dictionary and a write. When a source is due stands in a heap, and is looked
at again when that time comes: what was heard since is put back with its new time, so each source is looked at
once in EVERY. ``look`` tells some hundred at most, and is due again at once where there are more.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import islice
from typing import Literal

from holdfast.values import Value

MOST = 10_000
AT_ONCE = 100
NAMED = 100
"""So many of the silent ones are named at most."""


class Change(Value):
    """A source is "silent" since ``silent_s`` seconds, or "back" after them; "crowded": they are too many."""

    __match_args__ = ("kind", "source", "silent_s")
    __slots__ = __match_args__

    def __init__(self, kind: Literal["silent", "back", "crowded"], source: str, silent_s: float) -> None:
        self.kind: Literal["silent", "back", "crowded"] = kind
        self.source = source
        self.silent_s = silent_s


class Silence:
    """The sources of one handler; ``whole`` names it while nothing has come."""

    def __init__(self, every_s: float, whole: str, now: float) -> None:
        self._every = every_s
        self._whole: str | None = whole
        self._heard: dict[str, float] = {whole: now}
        self._due: list[tuple[float, str]] = [(now + every_s, whole)]
        self._silent: dict[str, float] = {}
        self._since = self._next = now
        self._crowded = False
        self.changes: list[Change] = []
        """What was found between two looks, for whoever tells it."""

    def __len__(self) -> int:
        """How many are silent."""
        return len(self._silent)

    @property
    def named(self) -> tuple[str, ...]:
        """The silent ones, those told first before the others, not all where they are many; any thread."""
        return tuple(islice(self._silent, NAMED))

    # -- messages ----------------------------------------------------------------------------

    def heard(self, topic: str, now: float) -> bool:
        """A message came; whether there are ``changes`` to tell."""
        known = topic in self._heard
        self._heard[topic] = now
        if not known:
            self._first(topic, now)
        elif topic in self._silent:
            self._back(topic, now)
            heappush(self._due, (now + self._every, topic))
        return bool(self.changes)

    def _first(self, topic: str, now: float) -> None:
        whole, self._whole = self._whole, None
        if whole is not None:
            del self._heard[whole]
            self._back(whole, now)
        heappush(self._due, (now + self._every, topic))
        if len(self._heard) > MOST:
            self._forget_one()

    def _back(self, source: str, now: float) -> None:
        since = self._silent.pop(source, None)
        if since is not None:
            self.changes.append(Change("back", source, now - since))

    def _forget_one(self) -> None:
        source = next(iter(self._silent), None) or self._longest()
        self._silent.pop(source, None)
        del self._heard[source]
        if not self._crowded:
            self._crowded = True
            self.changes.append(Change("crowded", source, 0.0))

    def _longest(self) -> str:
        """Whoever has been heard longest ago, taken out of the heap."""
        while True:
            due, source = heappop(self._due)
            heard = self._heard.get(source)
            if heard is not None and heard + self._every <= due:
                return source
            if heard is not None:
                heappush(self._due, (heard + self._every, source))

    # -- time --------------------------------------------------------------------------------

    def deadline(self, now: float) -> float:
        """When to look next; a look that comes much later proves nothing."""
        self._next = min(now + self._every, max(now, self._due[0][0])) if self._due else now + self._every
        return self._next

    def anew(self, since: float) -> None:
        """Whatever was silent before this moment was not the sources' doing."""
        self._since = max(self._since, since)

    def look(self, now: float, listening: bool) -> None:
        """See who is overdue; ``listening``: whether a message could come now."""
        if not listening or now - self._next > self._every / 2:
            self.anew(now)
        for _ in range(AT_ONCE):
            if not self._due or self._due[0][0] > now:
                return
            self._judge(heappop(self._due)[1], now)

    def _judge(self, source: str, now: float) -> None:
        heard = self._heard.get(source)
        if heard is None or source in self._silent:
            return  # forgotten meanwhile
        since = max(heard, self._since)
        if since + self._every > now:
            heappush(self._due, (since + self._every, source))
        else:
            self._silent[source] = since
            self.changes.append(Change("silent", source, now - since))
