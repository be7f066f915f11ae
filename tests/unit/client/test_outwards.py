"""What crosses from the engine's thread, and what has no need to."""

from __future__ import annotations

import asyncio
from typing import Any

from holdfast.client.brokers import Target
from holdfast.client.mailbox import Mailbox
from holdfast.client.outwards import Outwards, Reporting
from holdfast.client.receipts import Receipts
from holdfast.client.waiting import Signal
from holdfast.messages import Outgoing
from holdfast.protocol import (
    Anomaly,
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
from tests.support.turns import turns


class Heard:
    """The application's side."""

    def __init__(self) -> None:
        self.batches: list[tuple[list[Delivery], list[Record], list[SessionEvent]]] = []
        self.notified = 0
        self.receipts = Receipts()
        self.changed = Signal()
        box = Mailbox(asyncio.get_running_loop())
        self.outwards = Outwards(box, self, self.changed, self.receipts)
        self.reporting = Reporting(box, self)
        self.reports: list[Any] = []

    def batch(self, deliveries: list[Delivery], records: list[Record], events: list[SessionEvent]) -> None:
        self.batches.append((deliveries, records, events))

    def dialling(self, target: Target) -> None:
        self.reports.append(target)

    def connected(self, terms: Terms) -> None:
        self.reports.append(terms)

    def attempt_failed(self, verdict: Verdict, retry_in_s: float | None) -> None:
        self.reports.append((verdict, retry_in_s))

    def disconnected(self, verdict: Verdict) -> None:
        self.reports.append(verdict)

    def redirected(self, place: str, target: Target, for_good: bool) -> None:
        self.reports.append((place, target, for_good))


def row(seq: int = 1) -> Outgoing:
    """A row of the outbox."""
    return Outgoing(seq, "t", b"x")


async def test_what_ended_as_it_should_is_told_here() -> None:
    """Its receipt knows at once; nothing crosses, so that a loop that is blocked gathers nothing."""
    heard, one = Heard(), row()
    receipt = heard.receipts.open(1, [one])
    heard.outwards.batch([], [Settled([one], "acknowledged")], [])
    assert receipt.state == "acknowledged"
    await turns()
    assert heard.batches == []


async def test_who_waits_for_a_change_is_woken() -> None:
    """And only then is anything sent across for it."""
    heard = Heard()
    waiting = asyncio.create_task(heard.changed.wait(5))
    watching = asyncio.create_task(heard.changed.wait_until(lambda: waiting.done(), 5))
    await asyncio.sleep(0)
    heard.outwards.batch([], [Settled([row()], "sent")], [])
    assert await watching
    assert heard.batches == []


async def test_what_is_news_crosses() -> None:
    """Failures, delays and endings of another kind, with deliveries and events: one batch, as it was."""
    heard, delivery = Heard(), Delivery("t", b"x", 1)
    records: list[Record] = [
        Settled([row(1)], "expired"),
        Failed(row(2), 0x87, "acl"),
        Deferred(row(3), 0x97, "quota", 1.0),
        Parked(row(4), 0x95, "too large"),
    ]
    anomaly = Anomaly("redelivery", 1)
    heard.outwards.batch([delivery], [*records, Settled([row(5)], "sent")], [anomaly])
    assert heard.batches == []
    await turns()
    assert heard.batches == [([delivery], records, [anomaly])]


async def test_an_authentication_is_answered_here() -> None:
    """A loop that is blocked would let it lapse; its end is told over there as well."""
    heard, told = Heard(), list[object]()
    heard.outwards.batch([], [], [Challenge(b"x", False), Reauthenticated()])  # nobody is there yet
    heard.outwards.on_challenge = told.append
    heard.outwards.on_reauthenticated = lambda: told.append("done")
    asked = Challenge(b"secret", False)
    heard.outwards.batch([], [], [asked, Reauthenticated()])
    assert told == [asked, "done"]
    await turns()
    assert len(heard.batches) == 2


async def test_reports_cross_in_order() -> None:
    """What the supervisor says of the link."""
    heard, verdict, terms = Heard(), Verdict("closed", "gone"), Terms(5, "c", False, 0, 60)
    target = Target("host:1", "mqtt://host:1")
    heard.reporting.dialling(target)
    heard.reporting.attempt_failed(verdict, 1.0)
    heard.reporting.connected(terms)
    heard.reporting.disconnected(verdict)
    heard.reporting.redirected("host:1", target, True)
    assert heard.reports == []
    await turns()
    assert heard.reports == [target, (verdict, 1.0), terms, verdict, ("host:1", target, True)]
