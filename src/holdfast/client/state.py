"""What is known about the link and the messages, told as events, log lines and numbers."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from holdfast.client import events as told
from holdfast.client.brokers import Target
from holdfast.client.event_bus import EventBus
from holdfast.client.events import Event
from holdfast.client.lifecycle import TRANSITIONS, Step
from holdfast.client.probing import Probing
from holdfast.client.status import Status
from holdfast.client.waiting import Signal
from holdfast.errors import HoldfastError, LinkDown, OutboxError, PayloadError
from holdfast.handling import Reject, Retry
from holdfast.messages import Message
from holdfast.protocol import Terms
from holdfast.resilience import Verdict

if TYPE_CHECKING:
    from holdfast.resilience.breaker import Breaker

log = logging.getLogger("holdfast")

PLAIN = (Reject, Retry, PayloadError)
"""Errors that say all themselves: where they were raised tells nobody more."""

VERSIONS: dict[int, Literal["5", "3.1.1"]] = {5: "5", 4: "3.1.1"}


class State:
    """The reporter of the supervisor; ``changed`` is notified whenever something did."""

    def __init__(self, target: Target) -> None:
        """``target``: the broker that is dialled first."""
        self.target = target
        self._rank: int | None = None  # of the last connection
        self.bus = EventBus()
        self.changed = Signal()
        self.status = Status.DISCONNECTED
        self.verdict: Verdict | None = None
        self.terms: Terms | None = None
        self.connected_since: datetime | None = None
        self.last_attempt_at: datetime | None = None
        self.attempts = 0
        self._dialling = False
        self.connections = 0
        self.disconnections: Counter[str] = Counter()
        self.errors = 0
        self.repeats = 0
        self.sessions_lost = 0
        self._share_silent: set[str] = set()  # brokers that are known for it
        self.outbox_error: OutboxError | None = None
        self.given_up: Counter[str] = Counter()  # unsent messages that ended, by reason
        self.draining = False
        self.ends_at = 0.0  # on the clock of the loop; where it is draining
        self.probe = Probing(self.emit)
        from holdfast.client.dead_letters import DeadLetters  # with the first client, not with its module

        self.dead_letters = DeadLetters(self.emit)

    @property
    def place(self) -> str:
        """Where the broker is that is dialled, or was last, for sentences."""
        return self.target.place

    @property
    def is_same_group(self) -> bool:
        """Whether it is of the group that the last connection was to."""
        return self._rank == self.target.rank

    @property
    def reason(self) -> str:
        """Why there is no connection, for the end of a sentence."""
        return str(self.verdict) if self.verdict else f"{self.place} has not answered yet"

    @property
    def breaker(self) -> Breaker:
        """Whether the broker can be asked; any thread."""
        from holdfast.resilience.breaker import breaker  # for those who want to know

        misses = self.probe.status == "missed"
        return breaker(self.terms is not None, misses, self.attempts, self.verdict, self._dialling)

    @property
    def down(self) -> LinkDown | None:
        """Why it cannot, if so; any thread."""
        if self.breaker == "closed":
            return None
        verdict = self.verdict
        if verdict is None:
            hint = "The link is up, but what we send to ourselves does not come back."
            return LinkDown(f"{self.place} does not answer the probe", cause="probe", hint=hint)
        return LinkDown(verdict.sentence, cause=verdict.cause, hint=verdict.hint)

    def move(self, step: Step) -> None:
        """This happened to the link."""
        status = TRANSITIONS[self.status].get(step)
        if status is None:  # a defect of ours, which must not end the dialling
            log.error("%s: %s cannot be while the client is %s", self.place, step, self.status)
        elif status is not self.status:
            log.debug("%s: %s -> %s", self.place, self.status, status)
            self.status = status
        self.changed.notify()

    def emit(self, event: Event, level: int = logging.INFO) -> None:
        """Tell an event to its readers and to the log."""
        log.log(level, "%s", event.message)
        self.bus.emit(event)
        self.changed.notify()

    # -- the supervisor's news ---------------------------------------------------------------

    def dialling(self, target: Target) -> None:
        """An attempt begins."""
        self._dialling = True
        self.target = target
        self.last_attempt_at = datetime.now(UTC)
        self.move(Step.DIAL)

    def connected(self, terms: Terms) -> None:
        """CONNACK accepted us."""
        self.terms = terms
        self.verdict = None
        self.attempts = 0
        self._dialling = False
        self.connections += 1
        self._rank = self.target.rank
        self.connected_since = datetime.now(UTC)
        self.move(Step.ACCEPT)
        version = VERSIONS[terms.version]
        kept = "session kept" if terms.session_present else "new session"
        message = f"connected to {self.place} (MQTT {version}, {kept})"
        self.emit(told.Connected(message=message, version=version, session_present=terms.session_present))

    def attempt_failed(self, verdict: Verdict, retry_in_s: float | None) -> None:
        """An attempt failed; said loudly once, then quietly until the cause changes."""
        level = logging.WARNING if self._is_news(verdict) else logging.DEBUG
        self.attempts += 1
        self._dialling = False
        self.verdict = verdict
        self.move(Step.FAIL if retry_in_s is not None else Step.GIVE_UP)
        if retry_in_s is None:
            level = logging.ERROR
        message = (
            str(verdict) if retry_in_s is not None else f"{verdict} Given up after {self.attempts} attempts."
        )
        self.emit(
            told.ConnectFailed(
                message=message, cause=verdict.cause, hint=verdict.hint, retry_in_s=retry_in_s
            ),
            level,
        )

    def disconnected(self, verdict: Verdict) -> None:
        """An accepted connection ended."""
        self.terms = None
        self.connected_since = None
        self.move(Step.LOSE)
        if self.draining:
            return
        self.verdict = verdict
        self.disconnections[verdict.cause] += 1
        self.emit(
            told.Disconnected(message=str(verdict), cause=verdict.cause, hint=verdict.hint), logging.WARNING
        )

    def redirected(self, place: str, target: Target, for_good: bool) -> None:
        """The broker at ``place`` has sent us to this one (MQTT 5 §4.11)."""
        how = "has moved" if for_good else "sends us elsewhere for now"
        message = f"{place} {how}: going to {target.place}"
        self.emit(told.Redirected(message=message, broker=target.broker, for_good=for_good), logging.WARNING)

    def broker_changed(self, resent: int, uncertain: int, how: str) -> None:
        """We are in a session with other brokers; ``connected`` follows. ``how``: what becomes of QoS 2."""
        target, before, verdict = self.target, self._rank, self.verdict
        facts: dict[str, Any] = {"broker": target.broker, "resent": resent, "uncertain": uncertain}
        moved = f"{resent} messages in flight go out there, {uncertain} {how}"
        if not target.rank or (before is not None and target.rank < before):
            self.emit(told.FailedBack(message=f"back with {target.place}: {moved}", **facts))
            return
        why = f" ({verdict.sentence})" if verdict else ""
        message = f"failed over to {target.place}{why}: {moved}"
        cause = verdict.cause if verdict else None
        self.emit(told.FailedOver(message=message, cause=cause, **facts), logging.WARNING)

    def share_silent(self) -> None:
        """The broker grants shared subscriptions and delivers nothing by them; said once of each."""
        broker, place = self.target.broker, self.place
        if broker in self._share_silent:
            return
        self._share_silent.add(broker)
        message = (
            f"{place} grants shared subscriptions and does not deliver: nothing will come by share=. "
            "Leave share= out, or use a broker that has it"
        )
        self.emit(told.ShareSilent(message=message, broker=broker), logging.WARNING)

    def _is_news(self, verdict: Verdict) -> bool:
        return self.verdict is None or self.verdict.cause != verdict.cause

    # -- messages ----------------------------------------------------------------------------

    def repeated(self, handler: str, topic: str) -> None:
        """A handler was spared a message, by the key of one that it has handled."""
        self.repeats += 1
        message = f"{handler}: a message on {topic} repeats one that was handled"
        self.emit(told.RepeatSkipped(message=message, topic=topic), logging.DEBUG)

    def message_failed(self, seq: int, error: HoldfastError) -> None:
        """A message of ours failed; nobody can miss it, receipt or not."""
        self.emit(told.MessageFailed(message=str(error), id=seq, error=error), logging.WARNING)

    def handler_failed(
        self, name: str, message: Message, attempt: int, error: BaseException, retry_in_s: float | None
    ) -> None:
        """A handler raised; where it did is told the first time only."""
        self.errors += 1
        topic = message.topic
        then = "" if retry_in_s is None else f"; again in {retry_in_s:g} s"
        sentence = f"{name}: attempt {attempt} for a message on {topic} failed: {error!r}{then}"
        shown = attempt == 1 and not isinstance(error, PLAIN)
        log.warning("%s", sentence, exc_info=error if shown else None)
        self.bus.emit(
            told.HandlerFailed(
                message=sentence,
                topic=topic,
                payload=message.payload,
                error=error,
                attempt=attempt,
                retry_in_s=retry_in_s,
            )
        )
