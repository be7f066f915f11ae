"""How an ingest goes, in a line that moves, and its books."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from holdfast.cli.failures import spoken
from holdfast.cli.render import Screen
from holdfast.cli.words import clock, count
from holdfast.client import Client, Status
from holdfast.errors import HoldfastError
from holdfast.ingest import IngestLedger, SinkError, Together

TTY_EVERY_S, PLAIN_EVERY_S = 0.25, 10.0


def books(ledger: IngestLedger) -> str:
    """The ledger as its equation."""
    names = ("stored", "repeated", "quarantined", "waiting", "spooled")
    places = " + ".join(f"{name} {count(getattr(ledger, name))}" for name in names)
    return f"received {count(ledger.received)} = {places}"


@asynccontextmanager
async def shown(service: Together, client: Client, screen: Screen, every_s: float) -> AsyncIterator[None]:
    """While this is entered it is said how it goes."""
    task = asyncio.create_task(_watch(service, client, screen, every_s), name="progress")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _watch(service: Together, client: Client, screen: Screen, every_s: float) -> None:
    loop = asyncio.get_running_loop()
    meter = Meter(loop.time())
    before: list[HoldfastError | None] = [None for _ in service.ingests]
    while True:
        await asyncio.sleep(min(every_s, 1.0))
        now = [one.trouble for one in service.ingests]
        spools = all(one.spools for one in service.ingests)
        for trouble, last in zip(now, before, strict=True):
            if trouble is not None and type(trouble) is not type(last):
                kept = spools and isinstance(trouble, SinkError)
                meanwhile = f"{_KEPT if kept else _NOT_KEPT} meanwhile; trying again."
                screen.talk(f"{spoken(trouble)} {meanwhile}", "bold red")
        before = now
        if meter.due(loop.time(), every_s):
            rate = meter.rate(loop.time(), service.ledger.stored)
            record = progress(rate, service.ledger, client)
            screen.goes(record, line(record))


_KEPT, _NOT_KEPT = "What comes is kept in the outbox file", "Nothing is acknowledged"


def every_s(screen: Screen) -> float:
    """How often it is shown how it goes."""
    return TTY_EVERY_S if screen.moves and not screen.as_json else PLAIN_EVERY_S


class Meter:
    """Messages a second, smoothed over a few looks."""

    def __init__(self, now: float) -> None:
        self._shown_at = self._at = now
        self._total = 0
        self._rate = 0.0

    def due(self, now: float, every_s: float) -> bool:
        """Whether it is time to show something."""
        return now - self._shown_at >= every_s

    def rate(self, now: float, total: int) -> float:
        """The rate at this moment, the total being so high now."""
        fresh = (total - self._total) / max(now - self._at, 1e-6)
        weight = min(1.0, (now - self._at) / 1.0)
        self._rate += weight * (fresh - self._rate)
        self._shown_at = self._at = now
        self._total = total
        return self._rate


def progress(rate: float, ledger: IngestLedger, client: Client) -> dict[str, Any]:
    """How it goes, as one object."""
    snapshot = client.snapshot()
    up = snapshot.connected_since if snapshot.status is Status.CONNECTED else None
    return {
        "event": "progress",
        "rate": round(rate),
        **asdict(ledger),
        "link": snapshot.status.value,
        "link_up_s": None if up is None else round((datetime.now(UTC) - up).total_seconds(), 1),
        "cause": snapshot.hint,
    }


def line(record: dict[str, Any]) -> str:
    """The same for a person."""
    up = record["link_up_s"]
    link = f"link up {clock(up)}" if up is not None else f"link {record['link']}"
    return f" {count(record['rate'])} msg/s · {sums(record)} · {link}"


def sums(record: Mapping[str, Any]) -> str:
    """What became of the messages; a spool, and what fits no row, have a word where there is something."""
    seldom = [name for name in ("spooled", "quarantined") if record.get(name)]
    names = ("stored", "waiting", "repeated", *seldom)
    return " · ".join(f"{name} {count(record[name])}" for name in names)
