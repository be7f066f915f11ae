"""Who takes messages in one run: handlers and subscriptions, and what is asked of the broker for them."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from holdfast.client.dispatcher import Consumer, Dispatcher
from holdfast.client.handlers import HandlerTask
from holdfast.client.inbox import Item, Shared
from holdfast.client.intents import Intents
from holdfast.client.options import Limits
from holdfast.client.state import State
from holdfast.client.subscription import Subscription
from holdfast.handling import Handler, HandlerOptions
from holdfast.messages import Message
from holdfast.protocol import Delivery

if TYPE_CHECKING:
    from holdfast.client.port import Inwards

log = logging.getLogger("holdfast")

REFUSED_AGAIN_S = 60.0
"""A refused subscription is asked for again so often: rights are granted while services run."""

IDLE_LOOK_S = 0.05


class Worker(Protocol):
    """Who takes messages: the task of a handler, or a subscription."""

    consumer: Consumer

    @property
    def in_hand(self) -> bool:
        """Whether there is a message it has not finished."""

    def runs_in(self, task: asyncio.Task[Any] | None) -> bool:
        """Whether it works in this task."""


class Consumers:
    """The handlers and subscriptions of one run; ``unsubscribing`` counts what is not answered yet."""

    def __init__(
        self, engine: Inwards, dispatcher: Dispatcher, intents: Intents, state: State, limits: Limits
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._engine = engine
        self._dispatcher = dispatcher
        self._intents = intents
        self._state = state
        self._limits = limits
        self._tasks: list[HandlerTask] = []
        self._subscriptions: set[Subscription] = set()
        self._refused_timer: asyncio.TimerHandle | None = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self.unsubscribing: Counter[str] = Counter()

    # -- coming ------------------------------------------------------------------------------

    def add_handler(self, handler: Handler) -> None:
        """Run this handler from now on."""
        limit, finish = self._limits.qos0_inbox, self._dispatcher.finish
        task = HandlerTask(handler, limit, finish, self._handler_failed, self._handler_ended)
        self._want(task.consumer, handler.options)
        self._tasks.append(task)
        task.start()

    def enter(self, subscription: Subscription) -> None:
        """Begin to deliver to this subscription."""
        self._want(subscription.consumer, subscription.options)
        self._subscriptions.add(subscription)
        if self._idle_timer is None:
            self._look_for_idle()

    def _look_for_idle(self) -> None:
        """One subscription that nobody reads must not freeze the others (contract 15)."""
        self._idle_timer = None
        for subscription in self._subscriptions:
            for _, delivery, _, shared in subscription.stale():
                self._dispatcher.on_unclaimed(delivery)
                self._dispatcher.finish(delivery, shared)
        if self._subscriptions:
            delay = max(IDLE_LOOK_S, self._limits.unclaimed_s)
            self._idle_timer = self._loop.call_later(delay, self._look_for_idle)

    def _want(self, consumer: Consumer, options: HandlerOptions) -> None:
        asked = self._intents.want(consumer.filters, options)
        self._dispatcher.add(consumer, options.retained != "never")
        self._engine.subscribe(asked)
        self._state.changed.notify()

    # -- at work -----------------------------------------------------------------------------

    def finish(self, delivery: Delivery, shared: Shared | None) -> None:
        """A subscription's message was handled."""
        self._dispatcher.finish(delivery, shared)
        if self._state.draining:
            self._state.changed.notify()

    def workers(self) -> list[Worker]:
        """Everyone who takes messages."""
        return [*self._tasks, *self._subscriptions]

    def works_in(self, task: asyncio.Task[Any] | None) -> bool:
        """Whether this task is one of a handler or reader, so that waiting for them would be for itself."""
        return any(one.runs_in(task) for one in self.workers())

    def nudge(self) -> None:
        """Let readers that wait see whether waiting is still of use."""
        for subscription in self._subscriptions:
            subscription.consumer.inbox.nudge()

    def _handler_failed(self, message: Message, error: Exception) -> None:
        self._state.handler_failed(message.topic, message.payload, error)

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
        if self.unsubscribing[filter] > 1:
            self.unsubscribing[filter] -= 1
        else:
            del self.unsubscribing[filter]
        self._state.changed.notify()

    # -- going -------------------------------------------------------------------------------

    def leave(self, subscription: Subscription, done: bool, unfinished: Sequence[Item]) -> None:
        """Deliver no more to it; what it did not finish waits for the next (contract 15)."""
        if subscription not in self._subscriptions:
            return  # of a run that is over
        self._subscriptions.discard(subscription)
        self._dispatcher.remove(subscription.consumer)
        self._dispatcher.give_back(unfinished)
        gone = self._intents.unwant(subscription.consumer.filters, subscription.options, done)
        if gone:
            self.unsubscribe(gone)
        self._state.changed.notify()

    def _handler_ended(self, task: HandlerTask) -> None:
        """With its inbox open, somebody cancelled it: what it had waits unclaimed, not lost in silence."""
        if task.consumer.inbox.closed:
            self._state.changed.notify()
            return
        self._tasks.remove(task)
        self._dispatcher.remove(task.consumer)
        self._dispatcher.give_back(task.consumer.inbox.drain())
        log.error("%s was cancelled from outside: it takes no more messages", task.name)

    def cancel(self, spared: asyncio.Task[Any] | None) -> list[asyncio.Task[None]]:
        """End the handlers now, but for the one that runs in this task; gives the tasks to wait for."""
        tasks = [one.cancel() for one in self._tasks if not one.runs_in(spared)]
        return [task for task in tasks if task is not None]

    def close(self) -> None:
        """The end of this run: no subscription is of it any more, and no timer is left."""
        for timer in (self._refused_timer, self._idle_timer):
            if timer is not None:
                timer.cancel()
        self._subscriptions.clear()
