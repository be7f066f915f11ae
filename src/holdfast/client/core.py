"""One run of a client, from start to stop: the parts, put together, and what passes between them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any

from holdfast.client import events as told
from holdfast.client.dispatcher import Dispatcher
from holdfast.client.engine import Engine
from holdfast.client.handlers import HandlerTask
from holdfast.client.inbox import Shared
from holdfast.client.intents import Intents
from holdfast.client.publisher import Publisher
from holdfast.client.receipts import Receipts
from holdfast.client.setup import Setup
from holdfast.client.state import State
from holdfast.client.status import Status
from holdfast.client.subscription import Subscription
from holdfast.client.supervisor import Supervisor
from holdfast.clock import Clock
from holdfast.errors import NotReady, Stopped, SubscribeRefused
from holdfast.handling import Handler, HandlerOptions
from holdfast.messages import Message, QoS
from holdfast.outbox import MemoryOutbox
from holdfast.protocol import (
    Anomaly,
    Delivery,
    Failed,
    Granted,
    NotGranted,
    Oversize,
    Record,
    Session,
    SessionEvent,
    SessionLost,
    Settled,
    Unsubscribed,
)
from holdfast.resilience import VersionChoice
from holdfast.transport import open_link

REFUSED_AGAIN_S = 60.0
"""A refused subscription is asked for again so often: rights are granted while services run."""


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
        self.unsubscribing: dict[str, int] = {}
        self._refused_timer: asyncio.TimerHandle | None = None
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
        await self.supervisor.run()
        reason = f"gave up on the broker: {self.state.reason}"
        self.publisher.stopped = reason
        self.publisher.room.notify()
        self.receipts.stop()

    # -- consumers ---------------------------------------------------------------------------

    def add_handler(self, handler: Handler) -> None:
        """Run this handler from now on."""
        task = HandlerTask(handler, self.setup.limits.qos0_inbox, self.dispatcher.finish, self._handler_failed)
        asked = self.intents.want(task.consumer.filters, handler.options)
        self.tasks.append(task)
        self.dispatcher.add(task.consumer, handler.options.retained != "never")
        task.start()
        self.engine.subscribe(asked)

    def enter(self, subscription: Subscription) -> None:
        """Begin to deliver to this subscription."""
        asked = self.intents.want(subscription.consumer.filters, subscription.options)
        self.subscriptions.add(subscription)
        self.dispatcher.add(subscription.consumer, subscription.options.retained != "never")
        self.engine.subscribe(asked)

    def leave(self, subscription: Subscription, done: bool) -> None:
        """Deliver no more to it; a subscription that is not done stays in the session."""
        self.subscriptions.discard(subscription)
        self.dispatcher.remove(subscription.consumer)
        if done:
            gone = self.intents.unwant(subscription.consumer.filters, subscription.options)
            self.unsubscribe(gone)

    def unsubscribe(self, filters: Iterable[str]) -> None:
        """Ask the broker to send no more of these."""
        for filter in filters:
            self.unsubscribing[filter] = self.unsubscribing.get(filter, 0) + 1
        self.engine.unsubscribe(filters)

    def finish(self, delivery: Delivery, shared: Shared | None) -> None:
        """A subscription's message was handled."""
        self.dispatcher.finish(delivery, shared)
        if self.state.draining:
            self.state.changed.notify()

    def _handler_failed(self, message: Message, error: Exception) -> None:
        self.state.handler_failed(message.topic, message.payload, error)

    def _unclaimed(self, delivery: Delivery) -> None:
        topic = delivery.publish.topic
        message = f"nobody took a message on {topic} for {self.setup.limits.unclaimed_s:g} s; it was acknowledged"
        event = told.Unclaimed(message=message, topic=topic, payload=delivery.publish.payload)
        self.state.emit(event, logging.WARNING)

    # -- waiting -----------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Whether MQTT is spoken right now."""
        return self.state.terms is not None

    async def granted(self, filters: tuple[str, ...] | None, timeout_s: float | None) -> QoS:
        """Wait until these (None: all) are granted. Raises SubscribeRefused, NotReady, Stopped."""

        def settled() -> bool:
            ready = self.connected and not self.intents.missing(filters)
            return ready or self.intents.refusal(filters) is not None or self.ended is not None

        in_time = await self.state.changed.wait_until(settled, timeout_s)
        if self.ended is not None:
            raise Stopped(self.ended)
        refusal = self.intents.refusal(filters)
        if refusal is not None:
            raise refusal
        if not in_time:
            raise self._not_ready(filters, timeout_s)
        return self.intents.lowest(filters or ())

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
        return NotReady(
            f"not ready in {timeout_s} s: {verdict.sentence if verdict else self.state.reason}",
            cause=verdict.cause if verdict else None,
            hint=verdict.hint if verdict else None,
        )

    def refusal(self, filters: tuple[str, ...]) -> SubscribeRefused | None:
        """Whether the broker refused one of these."""
        return self.intents.refusal(filters)

    # -- what the engine tells ---------------------------------------------------------------

    def batch(
        self, deliveries: list[Delivery], records: list[Record], events: list[SessionEvent]
    ) -> None:
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
            self.publisher.room.notify()
            self.state.changed.notify()

    def _settled(self, record: Settled) -> None:
        self.receipts.settle(record.seqs, record.ending)
        if record.ending == "expired":
            count = len(record.seqs)
            message = f"{count} messages were older than their expiry_s before they could be sent"
            self.state.emit(told.Dropped(message=message, count=count), logging.WARNING)

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
        left = self.unsubscribing.get(event.filter, 0) - 1
        if left > 0:
            self.unsubscribing[event.filter] = left
        else:
            self.unsubscribing.pop(event.filter, None)
        self.state.changed.notify()

    def _session_lost(self, event: SessionLost) -> None:
        self.receipts.uncertain(event.uncertain)
        self.intents.disconnected(kept=False)
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
        self.state.emit(told.MessageSkipped(message=message, topic=event.topic, size=event.size), logging.ERROR)

    def _anomaly(self, event: Anomaly) -> None:
        self.state.emit(told.Odd(message=f"{self.state.place}: {event.kind}", kind=event.kind), logging.DEBUG)

    def dropped(self, seqs: list[int]) -> None:
        """QoS 0 messages fell out of their ring; told from any thread."""
        self.loop.call_soon_threadsafe(self._dropped, seqs)

    def _dropped(self, seqs: list[int]) -> None:
        self.receipts.settle(seqs, "dropped")
        message = f"{len(seqs)} QoS 0 messages were given up: too many waited for a connection"
        self.state.emit(told.Dropped(message=message, count=len(seqs)), logging.WARNING)

    def close(self) -> None:
        """The end of this run."""
        self.supervising.cancel()
        if self._refused_timer is not None:
            self._refused_timer.cancel()
        self.dispatcher.close()
        self.engine.close()


_EVENTS: dict[type, Callable[[Core, Any], None]] = {
    Anomaly: Core._anomaly,
    Granted: Core._granted,
    NotGranted: Core._not_granted,
    Oversize: Core._oversize,
    SessionLost: Core._session_lost,
    Unsubscribed: Core._unsubscribed,
}
