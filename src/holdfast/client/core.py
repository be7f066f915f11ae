"""One run of a client, from start to stop: the parts, put together, and what passes between them."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar

from holdfast import reasons
from holdfast.client import events as told
from holdfast.client.dispatcher import Consumer, Dispatcher
from holdfast.client.engine import Engine
from holdfast.client.handlers import HandlerTask
from holdfast.client.inbox import Item, Shared
from holdfast.client.intents import Intents
from holdfast.client.publisher import Publisher
from holdfast.client.receipts import Receipts
from holdfast.client.setup import Setup
from holdfast.client.state import State
from holdfast.client.status import Status
from holdfast.client.subscription import Subscription
from holdfast.client.supervisor import Supervisor
from holdfast.clock import Clock
from holdfast.codec import V311
from holdfast.errors import ConnectRefused, HoldfastError, NotReady, Stopped
from holdfast.handling import Handler, HandlerOptions
from holdfast.messages import Message, QoS
from holdfast.outbox import MemoryOutbox
from holdfast.protocol import (
    Anomaly,
    Delivery,
    Failed,
    Granted,
    NotGranted,
    Opened,
    Oversize,
    Record,
    Session,
    SessionEvent,
    SessionLost,
    Settled,
    Stripped,
    Unsubscribed,
)
from holdfast.resilience import Verdict, VersionChoice
from holdfast.transport import open_link

log = logging.getLogger("holdfast")

T = TypeVar("T")

REFUSED_AGAIN_S = 60.0
"""A refused subscription is asked for again so often: rights are granted while services run."""

TOLD_EVERY_S = 1.0
IDLE_LOOK_S = 0.05
CANCEL_WITHIN_S = 0.5
"""How long a cancelled handler may take to end; one that swallows cancellation is left behind."""


class Worker(Protocol):
    """Who takes messages: the task of a handler, or a subscription."""

    consumer: Consumer

    @property
    def in_hand(self) -> bool:
        """Whether there is a message it has not finished."""

    def runs_in(self, task: asyncio.Task[Any] | None) -> bool:
        """Whether it works in this task."""


class Core:
    """Everything that lives between ``start`` and ``stop``."""

    def __init__(
        self,
        setup: Setup,
        session: Session,
        outbox: MemoryOutbox,
        publisher: Publisher,
        receipts: Receipts,
        intents: Intents,
        state: State,
        clock: Clock,
        versions: VersionChoice,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.setup = setup
        self.outbox = outbox
        self.publisher = publisher
        self.receipts = receipts
        self.intents = intents
        self.state = state
        self.dispatcher = Dispatcher(clock, setup.limits.unclaimed_s)
        self.dispatcher.on_unclaimed = self._unclaimed
        self.engine = Engine(session, outbox, clock, self, setup.limits.inbox_bytes)
        self.dispatcher.engine = self.engine
        self.tasks: list[HandlerTask] = []
        self.subscriptions: set[Subscription] = set()
        self.unsubscribing: Counter[str] = Counter()
        self.closed = asyncio.Event()
        self._refused_timer: asyncio.TimerHandle | None = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self._given_up = 0
        self._given_up_timer: asyncio.TimerHandle | None = None
        self.supervisor = Supervisor(
            self.engine,
            setup.address.place,
            lambda user: open_link(setup.address, setup.tls, user),
            lambda version: setup.request(version, bool(intents)),
            setup.reconnect,
            versions,
            clock,
            state,
        )
        self.supervising = self.loop.create_task(self._supervise(), name="holdfast supervisor")

    async def _supervise(self) -> None:
        try:
            await self.supervisor.run()
        except Exception as error:  # a defect of ours: said aloud, and nobody waits for a dead link
            log.critical("the supervisor failed", exc_info=error)
            self.state.attempt_failed(Verdict("internal", f"the supervisor failed: {error!r}"), None)
        self.publisher.close(f"gave up on the broker: {self.state.reason}")
        self.receipts.stop()
        for subscription in self.subscriptions:
            subscription.consumer.inbox.nudge()

    @property
    def dropped_inbound(self) -> int:
        """QoS 0 messages that came and for which there was no room."""
        return self.dispatcher.dropped + self.engine.pressure.dropped

    # -- consumers ---------------------------------------------------------------------------

    def add_handler(self, handler: Handler) -> None:
        """Run this handler from now on."""
        limit, finish = self.setup.limits.qos0_inbox, self.dispatcher.finish
        task = HandlerTask(handler, limit, finish, self._handler_failed, self._handler_ended)
        self._want(task.consumer, handler.options)
        self.tasks.append(task)
        task.start()

    def enter(self, subscription: Subscription) -> None:
        """Begin to deliver to this subscription."""
        self._want(subscription.consumer, subscription.options)
        self.subscriptions.add(subscription)
        if self._idle_timer is None:
            self._look_for_idle()

    def _look_for_idle(self) -> None:
        """One subscription that nobody reads must not freeze the others (contract 15)."""
        self._idle_timer = None
        for subscription in self.subscriptions:
            for _, delivery, _, shared in subscription.stale():
                self._unclaimed(delivery)
                self.dispatcher.finish(delivery, shared)
        if self.subscriptions:
            delay = max(IDLE_LOOK_S, self.setup.limits.unclaimed_s)
            self._idle_timer = self.loop.call_later(delay, self._look_for_idle)

    def _want(self, consumer: Consumer, options: HandlerOptions) -> None:
        asked = self.intents.want(consumer.filters, options)
        self.dispatcher.add(consumer, options.retained != "never")
        self.engine.subscribe(asked)
        self.state.changed.notify()

    def leave(self, subscription: Subscription, done: bool, unfinished: Sequence[Item]) -> None:
        """Deliver no more to it; what it did not finish waits for the next (contract 15)."""
        if subscription not in self.subscriptions:
            return  # of a run that is over
        self.subscriptions.discard(subscription)
        self.dispatcher.remove(subscription.consumer)
        self.dispatcher.give_back(unfinished)
        gone = self.intents.unwant(subscription.consumer.filters, subscription.options, done)
        if gone:
            self.unsubscribe(gone)
        self.state.changed.notify()

    def _handler_ended(self, task: HandlerTask) -> None:
        """With its inbox open, somebody cancelled it: what it had waits unclaimed, not lost in silence."""
        if task.consumer.inbox.closed:
            self.state.changed.notify()
            return
        self.tasks.remove(task)
        self.dispatcher.remove(task.consumer)
        self.dispatcher.give_back(task.consumer.inbox.drain())
        log.error("%s was cancelled from outside: it takes no more messages", task.name)

    def unsubscribe(self, filters: Sequence[str]) -> None:
        """Ask the broker to send no more of these."""
        self.unsubscribing.update(filters)
        self.dispatcher.enough(filters)
        self.engine.unsubscribe(filters)

    def finish(self, delivery: Delivery, shared: Shared | None) -> None:
        """A subscription's message was handled."""
        self.dispatcher.finish(delivery, shared)
        if self.state.draining:
            self.state.changed.notify()

    def works_in(self, task: asyncio.Task[Any] | None) -> bool:
        """Whether this task is one of a handler or reader, so that waiting for them would be for itself."""
        return any(one.runs_in(task) for one in self.workers())

    def workers(self) -> list[Worker]:
        """Everyone who takes messages."""
        return [*self.tasks, *self.subscriptions]

    def _handler_failed(self, message: Message, error: Exception) -> None:
        self.state.handler_failed(message.topic, message.payload, error)

    def _unclaimed(self, delivery: Delivery) -> None:
        topic = delivery.publish.topic
        message = (
            f"nobody took a message on {topic} for {self.setup.limits.unclaimed_s:g} s; it was acknowledged"
        )
        event = told.Unclaimed(message=message, topic=topic, payload=delivery.publish.payload)
        self.state.emit(event, logging.WARNING)

    # -- waiting -----------------------------------------------------------------------------

    async def hop(self, work: Coroutine[Any, Any, T]) -> T:
        """Do this on the loop of this run, and wait for it on whichever loop we are."""
        if asyncio.get_running_loop() is self.loop:
            return await work
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))

    @property
    def connected(self) -> bool:
        """Whether MQTT is spoken right now."""
        return self.state.terms is not None

    async def granted(self, filters: tuple[str, ...] | None, timeout_s: float | None) -> QoS:
        """Wait until these (None: all) are granted. Raises SubscribeRefused, NotReady, Stopped."""

        def settled() -> bool:
            ready = self.connected and not self.intents.missing(filters)
            return ready or self.failure(filters) is not None or self._given_up_on(filters)

        in_time = await self.state.changed.wait_until(settled, timeout_s)
        failure = self.failure(filters)
        if failure is not None:
            raise failure
        if self._given_up_on(filters):
            raise NotReady("not ready: this subscription was left", cause="unsubscribed")
        if not in_time:
            raise self._not_ready(filters, timeout_s)
        return self.intents.lowest(filters or ())

    def _given_up_on(self, filters: tuple[str, ...] | None) -> bool:
        return any(filter not in self.intents for filter in filters or ())

    @property
    def ended(self) -> str | None:
        """Why this run is over, if it is."""
        if self.state.status is Status.FAILED:
            return f"gave up on the broker: {self.state.reason}"
        return "the client was stopped" if self.state.draining else None

    def _not_ready(self, filters: tuple[str, ...] | None, timeout_s: float | None) -> NotReady:
        verdict = self.state.verdict
        if self.connected:
            missing = ", ".join(self.intents.missing(filters))
            return NotReady(f"not ready in {timeout_s} s: no answer yet for {missing}", cause="subscribing")
        error = NotReady(
            f"not ready in {timeout_s} s: {verdict.sentence if verdict else self.state.reason}",
            cause=verdict.cause if verdict else None,
            hint=verdict.hint if verdict else None,
        )
        error.__cause__ = refusal_of(verdict)
        return error

    def failure(self, filters: tuple[str, ...] | None) -> HoldfastError | None:
        """Why waiting for these (None: all) is of no use: this run is over, or the broker refused one."""
        if self.ended is not None:
            return Stopped(self.ended)
        return self.intents.refusal(filters)

    # -- what the engine tells ---------------------------------------------------------------

    def batch(self, deliveries: list[Delivery], records: list[Record], events: list[SessionEvent]) -> None:
        """One batch of the engine: endings, events, deliveries."""
        for record in records:
            if isinstance(record, Settled):
                self._settled(record)
            elif isinstance(record, Failed):
                self.state.message_failed(record.seq, self.receipts.fail(record))
        for event in events:
            handler = _EVENTS.get(type(event))
            if handler is not None:
                handler(self, event)
        if deliveries:
            self.dispatcher.deliver(deliveries)
        if records:
            self.state.changed.notify()

    def _settled(self, record: Settled) -> None:
        self.receipts.settle(record.seqs, record.ending)
        if record.ending == "expired":
            count = len(record.seqs)
            message = f"{count} messages were older than their expiry_s before they could be sent"
            self.state.emit(told.Dropped(message=message, count=count), logging.WARNING)

    def _opened(self, event: Opened) -> None:
        self.publisher.terms = event.terms
        self.dispatcher.drop_retained = event.terms.version == V311

    def _granted(self, event: Granted) -> None:
        self.intents.granted(event)
        message = f"subscribed {event.filter} at QoS {event.qos}"
        self.state.emit(told.Subscribed(message=message, filter=event.filter, qos=event.qos))

    def _not_granted(self, event: NotGranted) -> None:
        error = self.intents.refused(event)
        told_event = told.SubscriptionRefused(message=str(error), filter=event.filter, code=event.reason)
        self.state.emit(told_event, logging.ERROR)
        for subscription in self.subscriptions:
            subscription.consumer.inbox.nudge()
        if self._refused_timer is None:
            self._refused_timer = self.loop.call_later(REFUSED_AGAIN_S, self._ask_again)

    def _ask_again(self) -> None:
        self._refused_timer = None
        self.engine.subscribe(self.intents.refused_intents())

    def _unsubscribed(self, event: Unsubscribed) -> None:
        if self.unsubscribing[event.filter] > 1:
            self.unsubscribing[event.filter] -= 1
        else:
            del self.unsubscribing[event.filter]
        self.state.changed.notify()

    def _session_lost(self, event: SessionLost) -> None:
        self.receipts.uncertain(event.uncertain)
        self.intents.session_lost()
        if event.kept:
            message = (
                f"{self.state.place} forgot our session: {event.resent} messages go out again, "
                f"{len(event.uncertain)} of them (QoS 2) may arrive twice"
            )
            lost = told.SessionLost(message=message, resent=event.resent, uncertain=len(event.uncertain))
            self.state.emit(lost, logging.WARNING)

    def _oversize(self, event: Oversize) -> None:
        limit = self.setup.limits.max_packet_bytes
        message = f"a message of {event.size} bytes on {event.topic} is above our limit of {limit}; skipped"
        self.state.emit(
            told.MessageSkipped(message=message, topic=event.topic, size=event.size), logging.ERROR
        )

    def _anomaly(self, event: Anomaly) -> None:
        self.state.emit(told.Odd(message=f"{self.state.place}: {event.kind}", kind=event.kind), logging.DEBUG)

    def _stripped(self, event: Stripped) -> None:
        message = f"{self.state.place} speaks MQTT 3.1.1: messages go out without their properties"
        self.state.emit(told.PropertiesDropped(message=message, topic=event.topic), logging.WARNING)

    def dropped(self, seqs: list[int]) -> None:
        """QoS 0 messages fell out of their ring; told from any thread."""
        self.loop.call_soon_threadsafe(self._dropped, seqs)

    def _dropped(self, seqs: list[int]) -> None:
        self.receipts.settle(seqs, "dropped")
        self._given_up += len(seqs)
        if self._given_up_timer is None:
            self._tell_given_up()

    def _tell_given_up(self) -> None:
        """At once, then once a second at most: a flood must not become a flood of log lines."""
        self._given_up_timer = None
        count, self._given_up = self._given_up, 0
        if count:
            message = f"{count} QoS 0 messages were given up: too many waited for a connection"
            self.state.emit(told.Dropped(message=message, count=count), logging.WARNING)
            self._given_up_timer = self.loop.call_later(TOLD_EVERY_S, self._tell_given_up)

    async def close(self) -> None:
        """The end of this run: nothing of it is left when this returns, cancelled or not."""
        here = asyncio.current_task()
        workers = [one.cancel() for one in self.tasks if not one.runs_in(here)]
        self.supervising.cancel()
        try:
            await asyncio.wait([self.supervising, *filter(None, workers)], timeout=CANCEL_WITHIN_S)
        finally:
            self._close()

    def _close(self) -> None:
        self._tell_given_up()
        for timer in (self._refused_timer, self._given_up_timer, self._idle_timer):
            if timer is not None:
                timer.cancel()
        self.subscriptions.clear()
        self.dispatcher.close()
        self.engine.close(self.intents.release(self.setup.session_expiry_s != 0))
        self.closed.set()


def refusal_of(verdict: Verdict | None) -> ConnectRefused | None:
    """The broker's refusal behind a verdict, if there is one."""
    if verdict is None or verdict.code is None:
        return None
    name = reasons.name(verdict.code)
    return ConnectRefused(verdict.sentence, code=verdict.code, reason=name, hint=verdict.hint)


_EVENTS: dict[type, Callable[[Core, Any], None]] = {
    Anomaly: Core._anomaly,
    Granted: Core._granted,
    NotGranted: Core._not_granted,
    Opened: Core._opened,
    Oversize: Core._oversize,
    SessionLost: Core._session_lost,
    Stripped: Core._stripped,
    Unsubscribed: Core._unsubscribed,
}
