"""Messages that nobody takes: in their order, and each for so long at most."""

from __future__ import annotations

import asyncio

from holdfast import Client
from holdfast.client.core import Core
from holdfast.client.inbox import Shared
from holdfast.client.unclaimed import Unclaimed, offer_stale
from holdfast.protocol import Delivery
from holdfast.testing import eventually
from holdfast.testing.manual_clock import ManualClock
from tests.unit.client.consuming import delivery


class Waiting:
    """Some that wait, and those that were late."""

    def __init__(self, room: int = 10, for_s: float = 0.01) -> None:
        self.clock = ManualClock()
        self.room = room
        self.late: list[str] = []
        self.unclaimed = Unclaimed(self.clock, for_s, self._late)

    def _late(self, one: Delivery, shared: Shared | None) -> bool:
        self.late.append(one.raw.decode())
        self.room -= 1
        return self.room >= 0

    def add(self, *payloads: str) -> None:
        """These wait."""
        for payload in payloads:
            self.unclaimed.add(delivery("t", payload), None)

    def texts(self) -> list[str]:
        """All that wait."""
        found: list[str] = []

        def takes(one: Delivery, shared: Shared | None) -> bool:
            found.append(one.raw.decode())
            return False

        self.unclaimed.offer(takes)
        return found


async def test_each_waits_its_time() -> None:
    """What came later waits on."""
    here = Waiting()
    here.add("old")
    here.clock.advance(0.02)
    here.add("young")
    await eventually(lambda: here.late == ["old"])
    assert here.texts() == ["young"]
    here.unclaimed.close()
    assert len(here.unclaimed) == 0


async def test_where_one_is_not_taken_none_behind_it_is_offered() -> None:
    """It would overtake it: both wait once more."""
    here = Waiting(room=1)
    here.add("1", "2", "3")
    here.clock.advance(0.02)
    await eventually(lambda: here.late == ["1", "2"])
    await asyncio.sleep(0)
    assert here.texts() == ["2", "3"]
    here.room = 10
    here.clock.advance(0.02)
    await eventually(lambda: here.late == ["1", "2", "2", "3"])


async def test_who_comes_takes_what_is_his() -> None:
    """The others keep their order."""
    here = Waiting(for_s=60)
    here.add("1", "2", "3")
    here.unclaimed.offer(lambda one, shared: one.raw == b"2")
    assert here.texts() == ["1", "3"]
    here.unclaimed.close()


async def test_what_comes_back_late_stands_before_what_came_since() -> None:
    """It is older."""
    here = Waiting(for_s=60)
    here.add("2", "3")
    here.unclaimed.add_before(lambda: here.add("1"))
    assert here.texts() == ["1", "2", "3"]
    here.unclaimed.close()


async def test_what_lies_with_a_reader_is_offered_in_its_order(client: Client, run: Core) -> None:
    """What is not taken stays with the reader, and all behind it."""
    async with client.subscribe("a") as messages:
        run.telling.batch([delivery("a", str(number)) for number in range(3)], [], [])
        assert messages.stale() == []
        taken: list[str] = []

        def takes(one: Delivery, shared: Shared | None) -> bool:
            taken.append(one.raw.decode())
            return len(taken) < 2

        offer_stale(messages, takes)
        assert taken == ["0", "1"]
        assert [item[0].text() for item in messages.consumer.inbox.items] == ["1", "2"]
