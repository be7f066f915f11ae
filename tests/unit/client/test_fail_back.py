"""From a backup back to a better broker: what is looked at, and how it is left (contract 3)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from holdfast import Reconnect
from holdfast.client import fail_back
from holdfast.client.engine import Engine
from holdfast.client.fail_back import FailBack, Onlooker
from holdfast.client.targets import Targets
from holdfast.resilience import failover
from holdfast.resilience.failover import Failover
from holdfast.testing import eventually
from holdfast.testing.manual_clock import ManualClock
from tests.unit.client.wired import Wired

POLICY = Reconnect(fail_back_s=60)


def everything(room: int) -> int:
    return room


class Bench:
    """At the last of some groups: an engine with rows in flight, and brokers that answer, or do not."""

    def __init__(self, groups: Sequence[Sequence[str]], policy: Reconnect = POLICY) -> None:
        self.failover = Failover(groups, policy, len(groups) - 1)
        self.failover.accepted()
        self.clock = ManualClock()
        self.answering: set[str] = set()
        self.looks: list[str] = []
        self.links: list[Wired] = []
        self.in_flight = 0
        self.room = self.limit = everything
        self.left: list[int | None] = []
        engine, targets = cast(Engine, self), cast(Targets, self)
        self.fail_back = FailBack(engine, targets, self.clock, 0.2)

    async def open(self, address: str, user: Any) -> Wired:
        self.looks.append(address)
        if address == "hole":
            await asyncio.sleep(60)
        if address not in self.answering:
            raise ConnectionRefusedError(address)
        self.links.append(Wired(user))
        return self.links[-1]

    def disconnect(self, session_expiry_s: int | None) -> None:
        self.left.append(session_expiry_s)

    def left_later(self) -> bool:
        """Whether the connection was left; and time passes."""
        self.clock.advance(15)
        return bool(self.left)

    async def looked(self, times: int, every_s: float = 15) -> None:
        """So many looks at everything that is better, and as much time between them."""
        for _ in range(times):
            before = len(self.looks)
            await eventually(lambda before=before: len(self.looks) > before)  # type: ignore[misc]
            self.clock.advance(every_s)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look every few milliseconds of the loop; what it means is told by the clock of the test."""
    monkeypatch.setattr(failover, "LOOK_S", (0.005, 0.005))


async def test_a_look_is_a_link_that_is_closed_again() -> None:
    """Nothing is said on it: whoever answers has no session of ours to look after."""
    bench = Bench((("a1", "a2"), ("b",)))
    bench.answering = {"a2"}
    async with bench.fail_back.watching():
        await bench.looked(2)
    assert bench.looks[:4] == ["a1", "a2", "a1", "a2"]
    assert {tuple(link.calls) for link in bench.links} == {("close",)}
    assert all(link.sent() == [] for link in bench.links)


async def test_it_leaves_when_the_primary_has_answered_for_long_enough() -> None:
    """And not before; the address is the next one to be dialled then."""
    bench = Bench((("a",), ("b",)))
    bench.answering = {"a"}
    async with bench.fail_back.watching():
        await bench.looked(3)
        assert bench.left == []
        await eventually(bench.left_later)
    assert (bench.left, bench.failover.target) == ([None], "a")


async def test_a_primary_that_is_silent_is_no_answer() -> None:
    """A look takes so long at most, and the next group is looked at all the same."""
    bench = Bench((("hole",), ("b",), ("c",)))
    bench.answering = {"b"}
    async with bench.fail_back.watching():
        await eventually(lambda: "b" in bench.looks)
        await eventually(bench.left_later)
    assert bench.failover.target == "b"


async def test_nothing_new_is_sent_while_it_drains() -> None:
    """What is in flight is acknowledged first; then it leaves, and all goes on as before."""
    bench = Bench((("a",), ("b",)), Reconnect(fail_back_s=0))
    bench.answering, bench.in_flight = {"a"}, 3
    async with bench.fail_back.watching():
        await eventually(lambda: bench.limit is not bench.room)
        assert (bench.limit(1000), bench.left) == (0, [])
        bench.in_flight = 0
        await eventually(lambda: bench.left)
    assert bench.limit is bench.room


async def test_it_does_not_wait_for_ever() -> None:
    """A broker that acknowledges nothing is left all the same."""
    bench = Bench((("a",), ("b",)), Reconnect(fail_back_s=0))
    bench.answering, bench.in_flight = {"a"}, 3
    async with bench.fail_back.watching():
        await eventually(lambda: bench.left)
    assert bench.in_flight == 3


async def test_a_connection_that_ends_meanwhile_is_not_left() -> None:
    """Then the session is where it was, and so is the next attempt; nothing is held back any more."""
    bench = Bench((("a",), ("b",)), Reconnect(fail_back_s=0))
    bench.answering, bench.in_flight = {"a"}, 3
    async with bench.fail_back.watching():
        await eventually(lambda: bench.limit is not bench.room)
    assert (bench.left, bench.failover.target, bench.limit is bench.room) == ([], "b", True)
    assert [task for task in asyncio.all_tasks() if "fail-back" in task.get_name()] == []


async def test_never_is_never() -> None:
    """``fail_back_s=None``: nothing is looked at."""
    bench = Bench((("a",), ("b",)), Reconnect(fail_back_s=None))
    async with bench.fail_back.watching():
        await asyncio.sleep(0)
    assert bench.looks == []


def test_an_onlooker_takes_whatever_comes() -> None:
    """A broker that speaks first, or hangs up, is as good as another."""
    user = Onlooker()
    user.received(b"")
    user.writable(False)
    user.lost(None)
    assert fail_back.ASK_S < 0.1
