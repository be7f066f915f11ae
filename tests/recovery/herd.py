"""Many clients of one broker that dies: when each of them dials, and how many dial at once (A02)."""

from __future__ import annotations

import asyncio
import signal
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path
from time import monotonic

from holdfast import Client
from holdfast.testing import eventually
from tests.recovery.wiretap import TAP, Attempt, Wiretap
from tests.support.mosquitto import Mosquitto

CLIENTS = 200
BIN_S = 0.1
STEP_S = 0.005
"""Dials so close to each other are at the same time."""

BACK_WITHIN_S = 20.0


@dataclass(frozen=True)
class Herd:
    """Seconds since the broker died. ``dials``: of each client, from the one that was cut to the one that
    brought it back; ``lag_s``: how late this machine was."""

    away_s: float
    dials: list[list[Attempt]]
    lag_s: float

    def histogram(self) -> list[int]:
        """Dials in each tenth of a second while the broker was away."""
        counts = Counter(int(one.began / BIN_S) for one in self._all() if 0 < one.began < self.away_s)
        return [counts[number] for number in range(round(self.away_s / BIN_S))]

    def waits(self) -> list[float]:
        """From the end of an attempt that failed to the beginning of the next."""
        return [
            after.began - (before.ended or after.began)
            for dials in self.dials
            for before, after in pairwise(dials)
        ]

    def back_s(self) -> list[float]:
        """When each client was accepted, since the broker was there again."""
        return [one.answered - self.away_s for one in self._all() if one.answered is not None]

    def in_step(self, since_s: float) -> int:
        """The most successive dials of one client that another made at the same times."""
        lines = [[one.began for one in dials if since_s <= one.began < self.away_s] for dials in self.dials]
        return max(_together(one, other) for one, other in combinations(lines, 2))

    def _all(self) -> Iterable[Attempt]:
        return (one for dials in self.dials for one in dials)


def _together(one: Sequence[float], other: Sequence[float]) -> int:
    longest = run = 0
    for moment in one:
        place = bisect_left(other, moment - STEP_S)
        is_met = place < len(other) and other[place] <= moment + STEP_S
        run = run + 1 if is_met else 0
        longest = max(longest, run)
    return longest


class Lag:
    """How late this machine is: the most that a timer was, while inside."""

    def __init__(self) -> None:
        self.worst_s = 0.0

    async def __aenter__(self) -> Lag:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    async def _watch(self) -> None:
        while True:
            due = monotonic() + STEP_S
            await asyncio.sleep(STEP_S)
            self.worst_s = max(self.worst_s, monotonic() - due)


async def stampede(folder: Path, away_s: float, clients: int = CLIENTS) -> Herd:
    """kill -9 beneath all of them, and the broker again after a while."""
    taps = [Wiretap() for _ in range(clients)]
    with Mosquitto(folder / "mosquitto", "max_connections -1") as broker:
        async with AsyncExitStack() as stack:
            for number, tap in enumerate(taps):
                TAP.set(tap)
                client = Client(broker.url, client_id=f"herd-{number}", reconnect="lan", drain_s=0)
                await stack.enter_async_context(client)
            await eventually(lambda: _are_up(taps), BACK_WITHIN_S)
            async with Lag() as lag:
                died = monotonic()
                await asyncio.to_thread(broker.stop, signal.SIGKILL)
                await asyncio.sleep(away_s)
                await asyncio.to_thread(broker.start)
                back = monotonic()
                await eventually(lambda: _are_up(taps), BACK_WITHIN_S)
        dials = [[_since(died, one) for one in tap.attempts] for tap in taps]
    return Herd(back - died, dials, lag.worst_s)


def _are_up(taps: Sequence[Wiretap]) -> bool:
    return all(tap.attempts[-1].answered and not tap.attempts[-1].ended for tap in taps)


def _since(start: float, attempt: Attempt) -> Attempt:
    moments = (attempt.began, attempt.answered, attempt.live, attempt.ended)
    began, *others = (None if moment is None else moment - start for moment in moments)
    assert began is not None
    return Attempt(began, *others)
