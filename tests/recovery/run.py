"""A fault befalls clients that publish and listen: measured from its beginning until all of it has arrived."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Literal

from holdfast import Client
from holdfast.testing import eventually
from tests.recovery.faults import Fault
from tests.recovery.publishing import Disk, Publisher
from tests.recovery.wiretap import TAP, Attempt, Wiretap

KEEPALIVE_S = 1
RATE = 200
GIVE_UP_S = 20.0
"""Far beyond every promise: what takes so long has not come back."""

Version = Literal["5", "3.1.1"]


@dataclass
class Run:
    """Seconds that were measured, and counts of what must not be."""

    recovered_s: list[float] = field(default_factory=list)
    noticed_s: list[float] = field(default_factory=list)
    attempts_s: list[float] = field(default_factory=list)
    """Of the attempts that ended unanswered while the fault was on."""
    accepted_s: list[float] = field(default_factory=list)
    synced_s: list[float] = field(default_factory=list)
    messages: int = 0
    lost: int = 0
    reordered: int = 0
    unmarked: int = 0
    early: int = 0
    violations: int = 0

    def __add__(self, other: Run) -> Run:
        return Run(**{name: value + getattr(other, name) for name, value in vars(self).items()})


async def run(
    fault: Fault, folder: Path, lasts_s: float, versions: Sequence[Version], times: int = 1, every_s: float = 0
) -> Run:
    """``versions``: of the client that publishes, and of others that only listen."""
    taps = [Wiretap() for _ in versions]
    disk, found = Disk(folder / "disk"), Run()
    async with AsyncExitStack() as stack:
        stack.enter_context(fault.open())
        outboxes = [folder / "outbox.db", *[None] * (len(versions) - 1)]
        clients = [
            await stack.enter_async_context(_client(tap, fault.url, version, outbox))
            for tap, version, outbox in zip(taps, versions, outboxes, strict=True)
        ]
        async with _publishing(clients[0]) as publisher:
            for _ in range(times):
                found += await _befallen(fault, lasts_s, taps, publisher, disk)
                await asyncio.sleep(every_s)
        await clients[0].flush(GIVE_UP_S)
    return found + _judged(fault, taps, publisher.numbers)


@asynccontextmanager
async def _client(tap: Wiretap, url: str, version: Version, outbox: Path | None) -> AsyncIterator[Client]:
    options: dict[str, Any] = {"reconnect": "lan", "keepalive_s": KEEPALIVE_S, "drain_s": 1}
    client = Client(url, client_id=f"client-{id(tap)}", version=version, outbox=outbox, **options)

    @client.on("orders/#", qos=1)
    async def order(payload: bytes) -> None:
        """Nobody gives any: what counts is the subscription."""

    TAP.set(tap)
    async with client:
        await client.ready(GIVE_UP_S)
        yield client


@asynccontextmanager
async def _publishing(client: Client) -> AsyncIterator[Publisher]:
    publisher = Publisher(client, RATE)
    task = asyncio.create_task(publisher.run())
    try:
        await eventually(lambda: publisher.numbers > RATE // 4 or task.done())
        yield publisher
    finally:
        publisher.stop()
        await task


async def _befallen(
    fault: Fault, lasts_s: float, taps: Sequence[Wiretap], publisher: Publisher, disk: Disk
) -> Run:
    began = monotonic()
    with disk.measured():
        await fault.begin()
        await asyncio.sleep(lasts_s)
        healed = await fault.heal()
        await eventually(lambda: all(tap.live_since(began) for tap in taps), GIVE_UP_S)
    found = Run(synced_s=disk.take(), accepted_s=publisher.taken(began, max(healed, monotonic())))
    for tap in taps:
        live, noticed = tap.live_since(began), tap.noticed(began)
        assert live is not None
        found.recovered_s.append(max(0.0, live - healed))
        found.noticed_s.append((noticed or live) - began)
        found.attempts_s += [_length(one) for one in tap.attempts if _unanswered(one, began, healed)]
    return found


def _unanswered(attempt: Attempt, began: float, healed: float) -> bool:
    return attempt.answered is None and began < attempt.began and attempt.ended is not None and attempt.ended < healed


def _length(attempt: Attempt) -> float:
    return (attempt.ended or attempt.began) - attempt.began


def _judged(fault: Fault, taps: Sequence[Wiretap], messages: int) -> Run:
    """What the taps saw of it all."""
    sender = taps[0].to_broker
    return Run(
        messages=messages,
        lost=messages - len(sender.taken),
        reordered=taps[0].reordered,
        unmarked=len(taps[0].afresh),
        early=sum(tap.early for tap in taps),
        violations=len(fault.violations),
    )
