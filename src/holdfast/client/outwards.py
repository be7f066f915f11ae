"""What the engine on its own thread tells the application's side, and how it gets there."""

from __future__ import annotations

from collections.abc import Callable

from holdfast.client.brokers import Target
from holdfast.client.engine import Outlet
from holdfast.client.mailbox import Mailbox
from holdfast.client.receipts import Receipts
from holdfast.client.supervisor import Reporter
from holdfast.client.waiting import Signal
from holdfast.protocol import (
    Challenge,
    Deferred,
    Delivery,
    Failed,
    Parked,
    Reauthenticated,
    Record,
    SessionEvent,
    Settled,
    Terms,
)
from holdfast.resilience import Verdict


class Outwards:
    """The outlet of the engine on its thread."""

    def __init__(self, there: Mailbox, outlet: Outlet, changed: Signal, receipts: Receipts) -> None:
        self._there = there
        self._outlet = outlet
        self._changed = changed
        self._receipts = receipts
        self.on_challenge: Callable[[Challenge], None] = lambda event: None
        self.on_reauthenticated: Callable[[], None] = lambda: None

    def batch(self, deliveries: list[Delivery], records: list[Record], events: list[SessionEvent]) -> None:
        """One batch of the engine."""
        told = [record for record in records if self._is_news(record)]
        for event in events:
            if isinstance(event, Challenge):  # answered here: a loop that is blocked would let it lapse
                self.on_challenge(event)
            elif isinstance(event, Reauthenticated):
                self.on_reauthenticated()
        if deliveries or told or events:
            self._there.post(self._outlet.batch, deliveries, told, events)
        if records and self._changed.watched:
            self._changed.notify_threads()
            self._there.post(self._changed.notify)

    def _is_news(self, record: Record) -> bool:
        """Whether it is told over there: what ended as it should ends here, and stages are nobody's."""
        if not isinstance(record, Settled):
            return isinstance(record, Failed | Deferred | Parked)
        if record.ending == "expired":
            return True
        self._receipts.settle(record.rows, record.ending)
        return False


class Reporting:
    """The supervisor's reporter on the engine's thread."""

    def __init__(self, there: Mailbox, reporter: Reporter) -> None:
        self._there = there
        self._reporter = reporter

    def dialling(self, target: Target) -> None:
        """An attempt begins."""
        self._there.post(self._reporter.dialling, target)

    def connected(self, terms: Terms) -> None:
        """CONNACK accepted us."""
        self._there.post(self._reporter.connected, terms)

    def attempt_failed(self, verdict: Verdict, retry_in_s: float | None) -> None:
        """An attempt failed."""
        self._there.post(self._reporter.attempt_failed, verdict, retry_in_s)

    def disconnected(self, verdict: Verdict) -> None:
        """An accepted connection ended."""
        self._there.post(self._reporter.disconnected, verdict)

    def redirected(self, place: str, target: Target, for_good: bool) -> None:
        """The broker has sent us to another one."""
        self._there.post(self._reporter.redirected, place, target, for_good)
