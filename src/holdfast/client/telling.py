"""What the engine tells: endings go to receipts, news to events and the log, messages to consumers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from holdfast import reasons
from holdfast.client import events as told
from holdfast.client.dispatcher import Dispatcher
from holdfast.client.given_up import GivenUp
from holdfast.client.intents import Intents
from holdfast.client.mailbox import Mailbox
from holdfast.client.options import Limits
from holdfast.client.presence import Presence
from holdfast.client.publisher import Publisher
from holdfast.client.receipts import Receipts
from holdfast.client.state import State
from holdfast.errors import OutboxError
from holdfast.outbox import Outbox
from holdfast.protocol import (
    Announced,
    Anomaly,
    BrokerChanged,
    Challenge,
    Deferred,
    Delivery,
    Failed,
    Granted,
    NotGranted,
    Opened,
    Oversize,
    Parked,
    Probed,
    Reasserted,
    Reauthenticated,
    Record,
    ReleaseAsked,
    SessionEvent,
    SessionLost,
    Settled,
    ShareSilent,
    Stripped,
    Unsubscribed,
    Unwatched,
)

if TYPE_CHECKING:
    from holdfast.resilience.stall import Stall


class Telling:
    """The outlet of the engine.

    ``on_refused`` and ``on_unsubscribed`` hear the answers about filters, ``on_challenge`` and ``on_release``
    what the broker asks, ``on_reauthenticated`` how an authentication ends.
    """

    def __init__(
        self,
        publisher: Publisher,
        receipts: Receipts,
        intents: Intents,
        dispatcher: Dispatcher,
        state: State,
        limits: Limits,
        resends: bool,
        here: Mailbox,
    ) -> None:
        """``resends``: whether QoS 2 in flight is sent again when the session is lost (contract 6)."""
        self._publisher = publisher
        self._receipts = receipts
        self._intents = intents
        self._dispatcher = dispatcher
        self._state = state
        self._limits = limits
        self._resends = resends
        self._here = here
        self.given_up = GivenUp(receipts, state, here)
        self.presence = Presence(state)
        self.on_refused: Callable[[], None] = _ignore
        self.on_unsubscribed: Callable[[str], None] = _ignore
        self.on_challenge: Callable[[Challenge], None] = _ignore
        self.on_reauthenticated: Callable[[], None] = _ignore
        self.on_release: Callable[[ReleaseAsked], None] = _ignore

    def batch(self, deliveries: list[Delivery], records: list[Record], events: list[SessionEvent]) -> None:
        """One batch of the engine: endings, events, deliveries."""
        for record in records:
            if isinstance(record, Settled):
                self._settled(record)
            elif isinstance(record, Failed):
                self._state.message_failed(record.row.seq, self._receipts.fail(record))
            elif isinstance(record, Deferred):
                self._deferred(record)
            elif isinstance(record, Parked):
                self._parked(record)
        for event in events:
            handler = _EVENTS.get(type(event))
            if handler is not None:
                handler(self, event)
        if deliveries:
            self._dispatcher.deliver(deliveries)
        if records:
            self._state.changed.notify()

    def _settled(self, record: Settled) -> None:
        if record.ending == "expired":
            self.given_up.note(record.rows, "expired", "expiry_s")
        else:
            self._receipts.settle(record.rows, record.ending)

    def _deferred(self, record: Deferred) -> None:
        row, reason = record.row, reasons.name(record.reason)
        message = f"message {row.seq} on {row.topic} was refused for now: {reason} (try {row.tries})"
        deferred = told.MessageDeferred(message=message, id=row.seq, code=record.reason)
        self._state.emit(deferred, logging.WARNING)

    def _parked(self, record: Parked) -> None:
        row = record.row
        message = f"message {row.seq} on {row.topic} is kept back: {record.detail}"
        self._state.emit(told.MessageParked(message=message, id=row.seq, code=record.reason), logging.WARNING)

    def _opened(self, event: Opened) -> None:
        self._publisher.agreed(event.terms)
        self._dispatcher.opened(event.terms.version)

    def _reauthenticated(self, event: Reauthenticated) -> None:
        self._state.emit(told.Reauthenticated(message=f"authenticated again to {self._state.place}"))
        self.on_reauthenticated()

    def _granted(self, event: Granted) -> None:
        self._intents.granted(event)
        message = f"subscribed {event.filter} at QoS {event.qos}"
        self._state.emit(told.Subscribed(message=message, filter=event.filter, qos=event.qos))

    def _not_granted(self, event: NotGranted) -> None:
        error = self._intents.refused(event)
        told_event = told.SubscriptionRefused(message=str(error), filter=event.filter, code=event.reason)
        self._state.emit(told_event, logging.ERROR)
        self.on_refused()

    def _session_lost(self, event: SessionLost) -> None:
        self._lost(event, "forgot our session", self._uncertain(event))

    def _lost(self, event: SessionLost | BrokerChanged, what: str, how: str) -> None:
        if event.kept:
            self._state.sessions_lost += 1
            message = (
                f"{self._state.place} {what}: {event.resent} messages go out again, "
                f"{len(event.uncertain)} {how}"
            )
            lost = told.SessionLost(message=message, resent=event.resent, uncertain=len(event.uncertain))
            self._state.emit(lost, logging.WARNING)

    def _broker_changed(self, event: BrokerChanged) -> None:
        how = self._uncertain(event)
        if event.apart or self._state.is_same_group:
            self._lost(event, "has another session of ours than the broker before", how)
        else:
            self._state.broker_changed(event.resent, len(event.uncertain), how)

    def _uncertain(self, event: SessionLost | BrokerChanged) -> str:
        """Nothing is granted, and QoS 2 in flight is uncertain; gives what becomes of that, in words."""
        self._intents.session_lost()
        if self._resends:
            self._receipts.uncertain(event.uncertain)
        return "of them (QoS 2) may arrive twice" if self._resends else "(QoS 2) have failed instead"

    def _oversize(self, event: Oversize) -> None:
        limit, topic = self._limits.max_packet_bytes, event.topic
        message = f"a message of {event.size} bytes on {topic} is above our limit of {limit}; skipped"
        self._state.emit(told.MessageSkipped(message=message, topic=topic, size=event.size), logging.ERROR)

    def _anomaly(self, event: Anomaly) -> None:
        self._state.emit(
            told.Odd(message=f"{self._state.place}: {event.kind}", kind=event.kind), logging.DEBUG
        )

    def _stripped(self, event: Stripped) -> None:
        message = f"{self._state.place} speaks MQTT 3.1.1: messages go out without their properties"
        self._state.emit(told.PropertiesDropped(message=message, topic=event.topic), logging.WARNING)

    def stalled(self, stall: Stall) -> None:
        """The loop, or all of the program, stood still and goes on."""
        event = told.Stalled(
            message=f"{stall.sentence}. {stall.hint}",
            blocked_s=stall.blocked_s,
            cause=stall.cause,
            where=stall.where,
            hint=stall.hint,
        )
        self._state.emit(event, logging.WARNING)

    def unclaimed(self, delivery: Delivery) -> None:
        """Nobody took this message in time."""
        topic = delivery.topic
        message = f"nobody took a message on {topic} for {self._limits.unclaimed_s:g} s; it was acknowledged"
        event = told.Unclaimed(message=message, topic=topic, payload=delivery.payload)
        self._state.emit(event, logging.WARNING)

    # -- the outbox's file -------------------------------------------------------------------

    def outbox_opened(self, outbox: Outbox) -> None:
        """What opening it found, where that is worth a word (contract 26); hear ``on_failed`` already."""
        self._state.outbox_error = outbox.failure
        sentences = [outbox.mended]
        if outbox.set_aside:
            sentences.append(f"the outbox file was damaged and is {outbox.set_aside} now: a new one is begun")
        for sentence in filter(None, sentences):  # the log has it from whoever found it
            self._state.emit(told.OutboxMended(message=sentence), logging.DEBUG)

    def outbox_failed(self, error: OutboxError | None) -> None:
        """Commits fail, or go on; told from any thread."""
        self._here.post(self._outbox_failed, error)

    def _outbox_failed(self, error: OutboxError | None) -> None:
        self._state.outbox_error = error
        if error is None:
            self._state.emit(told.OutboxWorks(message="the outbox can be written again"))
        else:
            self._state.emit(told.OutboxFailed(message=str(error), error=error), logging.DEBUG)

    def close(self) -> None:
        """The end of this run: nothing is left untold."""
        self.given_up.close()


def _ignore(*_news: object) -> None:
    """Until somebody wants to know."""


_EVENTS: dict[type, Callable[[Telling, Any], None]] = {
    **dict.fromkeys((Announced, Reasserted, Unwatched), lambda self, event: self.presence.told(event)),
    Anomaly: Telling._anomaly,
    BrokerChanged: Telling._broker_changed,
    Challenge: lambda self, event: self.on_challenge(event),
    Granted: Telling._granted,
    NotGranted: Telling._not_granted,
    Opened: Telling._opened,
    Oversize: Telling._oversize,
    Probed: lambda self, event: self._state.probe.told(event),
    Reauthenticated: Telling._reauthenticated,
    ReleaseAsked: lambda self, event: self.on_release(event),
    SessionLost: Telling._session_lost,
    ShareSilent: lambda self, event: self._state.share_silent(),
    Stripped: Telling._stripped,
    Unsubscribed: lambda self, event: self.on_unsubscribed(event.filter),
}
