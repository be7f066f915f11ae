"""A broker that is away for long: the client is back without a restart, and so is every message (A01, A03).

A minute of real time is marked ``chaos``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from math import inf
from pathlib import Path
from typing import Literal

import pytest

from holdfast import Client
from holdfast.client.clock import SystemClock
from holdfast.client.events import ConnectFailed, Event
from holdfast.resilience import PRESETS
from holdfast.testing import Proxy
from tests.recovery import kept
from tests.recovery.faults import Ended
from tests.recovery.hasty import HastyLoop
from tests.recovery.measure import SHORT, VERSIONS
from tests.recovery.outage import RATE, Scene
from tests.recovery.run import Plan, run
from tests.recovery.verdict import row
from tests.recovery.wiretap import TAP, Wiretap, tapping
from tests.support.mosquitto import Mosquitto

AWAY_S = 1800

ANSWERING_S = 0.01
"""Of a hasty clock, while a broker has to answer: ten times as fast as a real one."""


async def waits(events: AsyncIterator[Event], found: list[float]) -> None:
    """What is told of each attempt that failed."""
    async for event in events:
        if isinstance(event, ConnectFailed):
            assert event.retry_in_s is not None
            found.append(event.retry_in_s)


async def outage(loop: HastyLoop, proxy: Proxy, reconnect: Literal["lan", "wan"]) -> list[float]:
    """Half an hour, with a message each second; gives the waits between attempts."""
    found: list[float] = []
    loop.stride_s = ANSWERING_S
    async with Client(proxy.url, client_id="patient", reconnect=reconnect, drain_s=1) as client:
        watching = asyncio.create_task(waits(client.events(), found))
        await client.ready(10)
        proxy.refuse()
        proxy.reset()
        loop.stride_s = inf
        for number in range(AWAY_S):
            await client.publish("n/1", f"1-{number:06}")
            await asyncio.sleep(1)
        assert client.snapshot().attempts == len(found) > AWAY_S / PRESETS[reconnect].max_delay_s
        loop.stride_s = ANSWERING_S
        proxy.heal()
        healed = loop.time()
        await client.flush(60)
        assert loop.time() - healed < PRESETS[reconnect].max_delay_s + 5
        assert client.snapshot().ledger.acknowledged == AWAY_S
        watching.cancel()
    return found


@pytest.mark.needs("mosquitto")
@pytest.mark.parametrize("reconnect", [pytest.param("lan", marks=pytest.mark.chaos), "wan"])
def test_half_an_hour(
    tmp_path: Path, reconnect: Literal["lan", "wan"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """30 minutes by a hasty clock: it never gives up or waits beyond the cap, and all arrives in order."""
    tap = Wiretap()
    TAP.set(tap)
    with (
        Mosquitto(tmp_path / "mosquitto", "max_queued_messages 0") as broker,
        Proxy(broker.url) as proxy,
        tapping(),
        asyncio.Runner(loop_factory=HastyLoop) as runner,
    ):
        loop = runner.get_loop()
        assert isinstance(loop, HastyLoop)
        monkeypatch.setattr(SystemClock, "now", lambda _: loop.time())
        found = runner.run(outage(loop, proxy, reconnect))
    assert max(found) <= PRESETS[reconnect].max_delay_s
    assert (len(tap.to_broker.taken), tap.reordered, len(tap.afresh), tap.early) == (AWAY_S, 0, 0, 0)


@pytest.mark.chaos
@pytest.mark.needs("mosquitto")
@pytest.mark.parametrize("away_s", [1, 10, 60])
async def test_real_time(tmp_path: Path, away_s: float) -> None:
    """A03: mosquitto is away for 1, 10 and 60 s: live in time, and nothing lost or out of order."""
    with tapping():
        measured = await run(Ended(tmp_path), tmp_path, Plan(VERSIONS * 10, away_s, 100))
    assert row(Ended, measured).broken(SHORT.late_s) == []


@pytest.mark.chaos
@pytest.mark.needs("mosquitto")
async def test_one_outage_to_look_at(tmp_path: Path) -> None:
    """The picture: accepted goes on steadily, the outbox rises and falls, and all of it arrives."""
    seen = await Scene(tmp_path).play()
    kept.keep("outage", vars(seen))
    assert seen.accepted[-1] == seen.arrived[-1]
    assert seen.waiting[-1] == 0
    assert max(seen.waiting) >= RATE
