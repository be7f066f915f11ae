"""The silence watches of one run: whose sources are overdue, told as events (``on(expect_every_s=...)``)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from holdfast.client import events as told
from holdfast.client.dispatcher import Consumer, Dispatcher
from holdfast.client.inbox import Item
from holdfast.client.intents import Intents
from holdfast.client.port import Inwards
from holdfast.client.state import State
from holdfast.clock import Clock
from holdfast.handling.silence import MOST, NAMED, Change, Silence


class Watched:
    """The watch of one handler: one timer, whatever the number of its sources."""

    def __init__(
        self,
        consumer: Consumer,
        every_s: float,
        clock: Clock,
        dispatcher: Dispatcher,
        state: State,
        listening: Callable[[Consumer], bool],
    ) -> None:
        """From now on; ``listening``: whether a message could come to this consumer now."""
        self.consumer = consumer
        self._clock = clock
        self._dispatcher = dispatcher
        self._state = state
        self._listening = listening
        self._every_s = every_s
        self._name = ", ".join(pattern.filter for pattern in consumer.patterns)
        self.silence = Silence(every_s, self._name, clock.now())
        self._put = consumer.put
        consumer.put = self._take
        self._set()

    def _take(self, item: Item) -> bool:
        """A message for the handler."""
        if self.silence.heard(item[0].topic, self._clock.now()):
            self._tell()
        return self._put(item)

    def _set(self) -> None:
        now = self._clock.now()
        delay = self.silence.deadline(now) - now
        self._timer = asyncio.get_running_loop().call_later(delay, self._look)

    def _look(self) -> None:
        self.silence.anew(self._dispatcher.opened_at)
        self.silence.look(self._clock.now(), self._listening(self.consumer))
        self._tell()
        self._set()

    def _tell(self) -> None:
        changes, self.silence.changes = self.silence.changes, []
        for change in changes:
            self._say(change)

    def _say(self, change: Change) -> None:
        source, silent_s = change.source, change.silent_s
        if change.kind == "silent":
            message = f"nothing came on {source} for {silent_s:.1f} s, expected every {self._every_s:g} s"
            silent = told.SourceSilent(message=message, topic=source, silent_s=silent_s)
            self._state.emit(silent, logging.WARNING)
        elif change.kind == "back":
            message = f"{source} is back, after {silent_s:.1f} s"
            self._state.emit(told.SourceBack(message=message, topic=source, silent_s=silent_s))
        else:
            message = f"{self._name}: more than {MOST} topics are watched; the longest silent are forgotten"
            self._state.emit(told.SourcesForgotten(message=message, filter=self._name), logging.WARNING)

    def close(self) -> None:
        """Watch no more."""
        self._timer.cancel()
        self.consumer.put = self._put


class Sources:
    """Of all handlers that want it."""

    def __init__(
        self, clock: Clock, engine: Inwards, dispatcher: Dispatcher, intents: Intents, state: State
    ) -> None:
        self._engine = engine
        self._intents = intents
        self._state = state
        self._parts = (clock, dispatcher, state, self._listening)
        self._watched: list[Watched] = []

    def _listening(self, consumer: Consumer) -> bool:
        connected = self._state.terms is not None and self._engine.reading
        return connected and not self._intents.missing(consumer.filters)

    def watch(self, consumer: Consumer, every_s: float | None) -> None:
        """Expect a message on each of its topics so often; None: do not."""
        if every_s is not None:
            self._watched.append(Watched(consumer, every_s, *self._parts))

    def leave(self, consumer: Consumer) -> None:
        """It takes no more."""
        for one in [one for one in self._watched if one.consumer is consumer]:
            self._watched.remove(one)
            one.close()

    @property
    def silent(self) -> int:
        """How many are silent; any thread."""
        return sum(len(one.silence) for one in list(self._watched))

    @property
    def named(self) -> tuple[str, ...]:
        """Some of them by name; any thread."""
        named = [source for one in list(self._watched) for source in one.silence.named]
        return tuple(named[:NAMED])

    def close(self) -> None:
        """The end of this run."""
        for one in self._watched:
            one.close()
        self._watched = []
