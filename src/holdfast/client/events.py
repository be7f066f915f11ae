"""Typed events: what happened, for whoever wants to know."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, dataclass_transform

from holdfast.errors import HoldfastError, OutboxError
from holdfast.values import Value


@dataclass_transform(kw_only_default=True, frozen_default=True, eq_default=False)
class _Facts(Value):
    """Keyword arguments as attributes.

    No dataclasses: to generate sixteen of them would cost every program 5 ms at its start.
    """

    def __init_subclass__(cls) -> None:
        type.__setattr__(cls, "__match_args__", (*cls.__match_args__, *cls.__annotations__))

    def __init__(self, **facts: Any) -> None:
        self.__dict__.update(facts, at=datetime.now(UTC))


class Event(_Facts):
    """Something that happened; ``at`` is when. ``name`` is the class name in snake_case."""

    message: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r})"  # no payload: it may be a patient's

    @property
    def at(self) -> datetime:
        """When it happened, UTC."""
        at: datetime = self.__dict__["at"]
        return at

    @property
    def name(self) -> str:
        """The event's name, as in ``session_lost``."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()


class Connected(Event):
    """CONNACK accepted us."""

    version: str
    session_present: bool


class Disconnected(Event):
    """An accepted connection ended."""

    cause: str
    hint: str | None


class ConnectFailed(Event):
    """One attempt failed; the next follows in ``retry_in_s`` seconds (None: it was the last)."""

    cause: str
    hint: str | None
    retry_in_s: float | None


class Reauthenticated(Event):
    """The broker has accepted us anew on the live connection (``Client.reauthenticate``)."""


class SessionLost(Event):
    """The broker forgot our session: ``resent`` messages go out again.

    ``uncertain`` of QoS 2 may have arrived: they are among these, or failed where that was asked for.
    """

    resent: int
    uncertain: int


class FailedOver(Event):
    """The better brokers cannot be had (``cause``): the client is with a backup, ``broker``.

    ``resent`` messages were in flight and go out there; ``uncertain`` of QoS 2 may have arrived before.
    """

    broker: str
    cause: str | None
    resent: int
    uncertain: int


class FailedBack(Event):
    """The client is back with a better broker than before; ``resent`` and ``uncertain`` as in FailedOver."""

    broker: str
    resent: int
    uncertain: int


class Redirected(Event):
    """The broker refers us to ``broker``: ``for_good``, or for now (MQTT 5 §4.11)."""

    broker: str
    for_good: bool


class Subscribed(Event):
    """A subscription is live."""

    filter: str
    qos: int


class SubscriptionRefused(Event):
    """The broker refused a subscription; it is asked for again at the next connection."""

    filter: str
    code: int


class ShareSilent(Event):
    """``broker`` grants shared subscriptions (``share=``) and delivers nothing by them."""

    broker: str


class SourceSilent(Event):
    """Nothing came on ``topic`` for ``silent_s`` seconds, above what ``on(expect_every_s=...)`` allows.

    The link was up all the while. Where nothing has come at all, ``topic`` has the handler's filters.
    """

    topic: str
    silent_s: float


class SourceBack(Event):
    """A message came on ``topic``, after ``silent_s`` seconds."""

    topic: str
    silent_s: float


class SourcesForgotten(Event):
    """The handler of ``filter`` hears more topics than are watched: the longest silent are forgotten."""

    filter: str


class MessageFailed(Event):
    """A message of ours ended without an acknowledgement."""

    id: int
    error: HoldfastError


class MessageDeferred(Event):
    """The broker refused a message of ours for now (reason ``code``); it is sent again."""

    id: int
    code: int


class MessageParked(Event):
    """A message of ours cannot go to this broker (reason ``code``) and waits for other terms."""

    id: int
    code: int


class OutboxMended(Event):
    """The outbox file was damaged, or its books did not balance; the message says what was done."""


class OutboxFailed(Event):
    """The outbox file cannot be written at present: nothing is accepted, and nothing accepted is lost."""

    error: OutboxError


class OutboxWorks(Event):
    """The outbox file can be written again."""


class AnnouncementRefused(Event):
    """The broker refused our birth or offline notice on ``topic``."""

    topic: str
    code: int


class Reasserted(Event):
    """Our status topic said offline while we are connected, and we said our birth on it again."""

    topic: str


class Unwatched(Event):
    """We may not subscribe to our status topic: an old connection's will may stand there. Told once a run."""

    topic: str
    code: int


class ProbeMissed(Event):
    """What we send to ourselves does not come back, while other bytes do: is the broker overloaded?"""

    topic: str


class ProbeRecovered(Event):
    """The probe is answered again; it took ``round_trip_s`` seconds."""

    topic: str
    round_trip_s: float


class ProbeDisabled(Event):
    """The probe never came back on this connection: we may not publish or subscribe there, it seems.

    ``code``: the broker's reason for refusing the subscription; 0: it gave none. Told once, not at each
    connection.
    """

    topic: str
    code: int


class HandlerFailed(Event):
    """A handler raised; ``retry_in_s``: when it is given the message again. None: it was the last time."""

    topic: str
    payload: bytes
    error: BaseException
    attempt: int
    retry_in_s: float | None


class MessageDead(Event):
    """A message is a dead letter: ``handler`` gave it up after so many attempts, for ``reason``."""

    topic: str
    payload: bytes
    reason: str
    handler: str
    attempts: int


class RepeatSkipped(Event):
    """A message on ``topic`` repeats one that was handled (``on(dedupe=...)``), and was acknowledged."""

    topic: str


class Unclaimed(Event):
    """A message on this topic found no handler or reader in time; the sentence says what became of it."""

    topic: str
    payload: bytes


class LeftOver(Event):
    """So many messages in the outbox file are of an ingest that this run has not; they stay there."""

    owner: str
    count: int


class MessageSkipped(Event):
    """A 3.1.1 broker sent a message above our limit; it was read past and acknowledged."""

    topic: str
    size: int


class NotDecompressed(Event):
    """So many marked messages could not be opened (``reason``) and were handed over as they came.

    ``topic`` and ``size`` are those of the last.
    """

    topic: str
    size: int
    reason: str
    count: int


class PropertiesDropped(Event):
    """Messages go out without content type and user properties, which MQTT 3.1.1 cannot carry."""

    topic: str


class Dropped(Event):
    """Unsent messages were given up, because of their age or for want of room: ``reason`` says which."""

    count: int
    reason: str


class Stalled(Event):
    """The client's event loop, or the whole program, stood still for ``blocked_s`` seconds at least.

    ``cause``: "loop", "gil" (code that kept every thread from running) or "process" (no CPU was used).
    ``where``: the code that blocked the loop, where it was seen.
    """

    blocked_s: float
    cause: str
    where: str | None
    hint: str


class Odd(Event):
    """The broker did something unusual that was put right here; ``kind`` says what."""

    kind: str


class Overrun(Event):
    """This reader was too slow: so many older events are missing before this one."""

    missed: int
