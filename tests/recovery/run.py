"""A fault befalls clients that publish and listen: measured from its beginning until all has arrived."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Literal, NamedTuple

from holdfast import Client
from holdfast.testing import eventually
from tests.recovery.fault import Fault
from tests.recovery.publishing import Disk, Publisher
from tests.recovery.wiretap import TAP, Attempt, Wiretap

KEEPALIVE_S = 1
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


class Plan(NamedTuple):
    """``versions``: of the client that publishes, ``rate`` messages a second, and of others that listen.

    The fault comes ``times``, each time for ``lasts_s`` and ``every_s`` after the last.
    """

    versions: Sequence[Version]
    lasts_s: float
    rate: int
    times: int = 1
    every_s: float = 0


async def run(fault: Fault, folder: Path, plan: Plan) -> Run:
    """One broker and its clients, from their start until all has arrived."""
    taps = [Wiretap() for _ in plan.versions]
    disk, found = Disk(folder / "disk"), Run()
    async with AsyncExitStack() as stack:
        stack.enter_context(fault.open())
        outboxes = [folder / "outbox.db", *[None] * (len(taps) - 1)]
        clients = [
            await stack.enter_async_context(_client(tap, fault.url, version, outbox))
            for tap, version, outbox in zip(taps, plan.versions, outboxes, strict=True)
        ]
        async with _publishing(clients[0], plan.rate) as publisher:
            for number in range(plan.times):
                await asyncio.sleep(plan.every_s if number else 0)
                found += await _befallen(fault, plan.lasts_s, taps, publisher, disk)
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
async def _publishing(client: Client, rate: int) -> AsyncIterator[Publisher]:
    publisher = Publisher(client, rate)
    task = asyncio.create_task(publisher.run())
    try:
        await eventually(lambda: publisher.numbers > rate // 4 or task.done())
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
        found.attempts_s += _unanswered(tap.attempts, began, healed)
    return found


def _unanswered(attempts: Sequence[Attempt], began: float, healed: float) -> list[float]:
    """How long those took that began and ended while the fault was on."""
    return [
        one.ended - one.began
        for one in attempts
        if one.answered is None and began < one.began and one.ended is not None and one.ended < healed
    ]


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
