"""Who takes messages in one run: handlers and subscriptions, and what is asked of the broker for them."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from holdfast.client.behind import Behind
from holdfast.client.dispatcher import Consumer, Dispatcher
from holdfast.client.endings import Endings
from holdfast.client.handlers import HandlerTasks
from holdfast.client.inbox import Item, Shared
from holdfast.client.intents import Intents
from holdfast.client.mailbox import Mailbox
from holdfast.client.options import Limits
from holdfast.client.runners import endings_of, make_runner
from holdfast.client.state import State
from holdfast.client.unclaimed import offer_stale
from holdfast.handling import Handler, HandlerOptions
from holdfast.protocol import Delivery

if TYPE_CHECKING:
    from holdfast.client.decompressing import Decompressing
    from holdfast.client.handler_thread import HandlerThreads
    from holdfast.client.parking import Parking
    from holdfast.client.port import Inwards
    from holdfast.client.remembered import Memory
    from holdfast.client.sources import Sources
    from holdfast.client.workers import Reader, Worker

log = logging.getLogger("holdfast")

REFUSED_AGAIN_S = 60.0
"""A refused subscription is asked for again so often: rights are granted while services run."""

IDLE_LOOK_S = 0.05

CANCEL_WITHIN_S = 0.5
"""How long a cancelled handler may take to end; one that swallows cancellation is left behind."""


class Consumers:
    """The handlers and subscriptions of one run; ``unsubscribing`` counts what is not answered yet."""

    def __init__(
        self,
        engine: Inwards,
        dispatcher: Dispatcher,
        intents: Intents,
        state: State,
        limits: Limits,
        here: Mailbox,
        sources: Sources,
        memory_of: Callable[[Handler], Memory],
        decompressing: Decompressing | None = None,
    ) -> None:
        """``here``: how threads tell what they have handled. ``decompressing``: None: nothing is opened."""
        self._loop = asyncio.get_running_loop()
        self._engine = engine
        self._dispatcher = dispatcher
        self._intents = intents
        self._state = state
        self._limits = limits
        self._here = here
        self._sources = sources
        self._memory_of = memory_of
        self._decompressing = decompressing
        self.endings = Endings(dispatcher.finish, state)
        dispatcher.left.kept = intents.kept
        self.parking: Parking | None = None
        self._handlers: list[HandlerTasks | HandlerThreads] = []
        self._subscriptions: set[Reader] = set()
        self._behind = Behind(dispatcher, self.workers)
        self._refused_timer: asyncio.TimerHandle | None = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self.unsubscribing: Counter[str] = Counter()
        self._ending = 0

    # -- coming ------------------------------------------------------------------------------

    def add_handler(self, handler: Handler) -> None:
        """Run this handler from now on. Raises ConfigurationError, and nothing has begun then."""
        self._intents.check(handler.filters, handler.options)
        endings = endings_of(handler, self.endings, self._dispatcher, self._decompressing, self._memory_of)
        running = make_runner(handler, self._limits.qos0_inbox, endings, self._handler_ended, self._here)
        endings.attach(running.consumer)
        if self.parking is not None:
            self.parking.shelve(handler, running.consumer, partial(endings.kill, handler))
        self._sources.watch(running.consumer, handler.expect_every_s)
        self._want(running.consumer, handler.options)
        self._handlers.append(running)
        running.start()

    def enter(self, subscription: Reader) -> None:
        """Begin to deliver to this subscription."""
        subscription.consumer.reads = True
        self._want(subscription.consumer, subscription.options)
        self._subscriptions.add(subscription)
        if self._idle_timer is None:
            self._look_for_idle()

    def _look_for_idle(self) -> None:
        """One subscription that nobody reads must not freeze the others (contract 15)."""
        self._idle_timer = None
        for subscription in self._subscriptions:
            offer_stale(subscription, self._dispatcher.on_unclaimed)
        if self._subscriptions:
            delay = max(IDLE_LOOK_S, self._limits.unclaimed_s)
            self._idle_timer = self._loop.call_later(delay, self._look_for_idle)

    def _want(self, consumer: Consumer, options: HandlerOptions) -> None:
        asked = self._intents.want(consumer.filters, options)
        if self._decompressing is not None:
            consumer.inbox.through(self._decompressing.open)
        self._dispatcher.add(consumer, options.retained != "never")
        self._engine.subscribe(asked)
        self._state.changed.notify()

    # -- at work -----------------------------------------------------------------------------

    def finish(self, delivery: Delivery, shared: Shared | None) -> None:
        """A subscription's message was handled."""
        self._dispatcher.finish(delivery, shared)
        if self._state.draining or self._ending:
            self._state.changed.notify()

    def workers(self) -> list[Worker]:
        """Everyone who takes messages."""
        return [*self._handlers, *self._subscriptions]

    def works_in(self, task: asyncio.Task[Any] | None) -> bool:
        """Whether this task is one of a handler or reader, so that waiting for them would be for itself."""
        return any(one.runs_in(task) for one in self.workers())

    def handles_in(self, task: asyncio.Task[Any] | None) -> bool:
        """Whether this task is one of a handler."""
        return any(one.runs_in(task) for one in self._handlers)

    def handles_on(self, thread: int) -> bool:
        """Whether this thread is one of a handler; any thread."""
        return any(thread in one.idents for one in list(self._handlers))

    def nudge(self) -> None:
        """Let readers that wait see whether waiting is still of use."""
        for subscription in self._subscriptions:
            subscription.consumer.inbox.nudge()

    # -- the broker's answers ----------------------------------------------------------------

    def refused(self) -> None:
        """The broker refused a subscription: its reader is told, and it is asked for again later."""
        self.nudge()
        if self._refused_timer is None:
            self._refused_timer = self._loop.call_later(REFUSED_AGAIN_S, self._ask_again)

    def _ask_again(self) -> None:
        self._refused_timer = None
        self._engine.subscribe(self._intents.refused_intents())

    def unsubscribe(self, filters: Sequence[str]) -> None:
        """Ask the broker to send no more of these."""
        self.unsubscribing.update(filters)
        self._dispatcher.enough(filters)
        self._engine.unsubscribe(filters)

    def unsubscribed(self, filter: str) -> None:
        """The broker answered one UNSUBSCRIBE for this filter."""
        self.unsubscribing -= Counter([filter])  # keeps none at zero
        self._state.changed.notify()

    # -- going -------------------------------------------------------------------------------

    def leave(self, subscription: Reader, done: bool, unfinished: Sequence[Item]) -> None:
        """Deliver no more to it; what it did not finish waits for the next (contract 15)."""
        if subscription not in self._subscriptions:
            return  # of a run that is over
        self._subscriptions.discard(subscription)
        self._dispatcher.remove(subscription.consumer)
        if not done:  # also of what ``unsubscribe`` gave up: what comes late is not acknowledged unread
            self._dispatcher.left.wanted(subscription.consumer.filters)
        self._dispatcher.give_back(unfinished)
        gone = self._intents.unwant(subscription.consumer.filters, subscription.options, done)
        if gone:
            self.unsubscribe(gone)
        self._state.changed.notify()

    def _handler_ended(self, handler: HandlerTasks | HandlerThreads) -> None:
        """With its inbox open, somebody cancelled it: what it had waits unclaimed, not lost in silence."""
        if not handler.consumer.inbox.closed:
            self._remove(handler)
            log.error("%s was cancelled from outside: it takes no more messages", handler.name)
        self._behind.ended(handler, self.parking)
        self._state.changed.notify()

    async def end(self, handlers: Sequence[Handler], readers: Iterable[Reader], timeout_s: float) -> None:
        """These take no more: what they have in hand finishes in time, what waits is for the next.

        Cancelled, it does the rest at once.
        """
        here = asyncio.current_task()
        running = [one for one in self._handlers if any(one.handler is handler for handler in handlers)]
        workers: list[Worker] = [*running, *self._subscriptions.intersection(readers)]
        for worker in workers:
            worker.consumer.inbox.close()
        waited_for = [worker for worker in workers if not worker.runs_in(here)]
        self._ending += 1
        try:
            await self._state.changed.wait_until(
                lambda: not any(one.in_hand for one in waited_for), timeout_s
            )
            tasks = [task for one in running if not one.runs_in(here) for task in one.cancel()]
            if tasks:
                await asyncio.wait(tasks, timeout=CANCEL_WITHIN_S)
        finally:
            self._ending -= 1
            for one in [one for one in running if one in self._handlers]:  # else another stop was quicker
                self._remove(one)

    def _remove(self, handler: HandlerTasks | HandlerThreads) -> None:
        """What it did not finish waits for the next (contract 15)."""
        consumer = handler.consumer
        self._handlers.remove(handler)
        self._intents.unwant(consumer.filters, handler.handler.options, False)
        self._dispatcher.remove(consumer)
        self._sources.leave(consumer)
        unfinished = consumer.drain()
        if self.parking is not None:
            unfinished = self.parking.leave(consumer, unfinished)
        self._dispatcher.give_back(unfinished)
        self._behind.leave(handler, self.parking)

    def cancel(self, spared: asyncio.Task[Any] | None) -> list[asyncio.Task[None]]:
        """End the handlers now, but for the one that runs in this task; gives the tasks to wait for."""
        return [task for one in self._handlers if not one.runs_in(spared) for task in one.cancel()]

    def close(self) -> None:
        """The end of this run: no subscription is of it any more, and no timer is left."""
        for timer in (self._refused_timer, self._idle_timer):
            if timer is not None:
                timer.cancel()
        self._subscriptions.clear()
        self._behind.clear()
        for handler in self._handlers:
            if handler.in_hand and not handler.runs_in(asyncio.current_task()):
                log.warning("%s does not end: it is left behind, its message unacknowledged", handler.name)
