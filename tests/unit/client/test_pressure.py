"""Back-pressure: when the link is read, and what happens beyond the limit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from holdfast.client import pressure
from holdfast.client.pressure import OVERHEAD, Pressure
from holdfast.messages import QoS
from holdfast.protocol import Delivery
from holdfast.testing import eventually


def delivery(size: int, qos: QoS = 1) -> Delivery:
    """A message that weighs this much."""
    return Delivery("t", b"x" * (size - OVERHEAD), qos, packet_id=1 if qos else 0)


class Valve:
    """Writes down how reading was switched."""

    def __init__(self) -> None:
        self.switched: list[bool] = []
        self.pressure = Pressure(10_000, 1000, self.switched.append)


@pytest.fixture
def valve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Valve]:
    """A limit of 10,000 bytes, and of 1,000 messages."""
    monkeypatch.setattr(pressure, "BREATH_S", 0.001)
    valve = Valve()
    yield valve
    valve.pressure.end()


async def test_stops_at_the_limit_and_goes_on_at_half(valve: Valve) -> None:
    """At the limit reading stops; below half of it, it goes on."""
    batch = [delivery(2500) for _ in range(4)]
    assert valve.pressure.more(batch[:3]) == batch[:3]
    assert valve.switched == []
    valve.pressure.more(batch[3:])
    assert valve.switched == [False]
    valve.pressure.less(batch[:2])
    assert valve.switched == [False]
    valve.pressure.less(batch[2:3])
    assert valve.switched == [False, True]


async def test_breathes_meanwhile(valve: Valve) -> None:
    """One chunk now and then: else an acknowledgement that a handler awaits would never be read."""
    valve.pressure.more([delivery(20_000)])
    await eventually(lambda: valve.switched == [False, True])
    valve.pressure.received()
    assert valve.switched == [False, True, False]
    valve.pressure.received()
    assert valve.switched == [False, True, False]
    await eventually(lambda: valve.switched == [False, True, False, True])


async def test_qos_0_beyond_twice_the_limit_is_dropped(valve: Valve) -> None:
    """What the breaths let in stays bounded: QoS 0 is given up, counted; QoS 1 is the window's business."""
    valve.pressure.more([delivery(20_001)])
    kept = valve.pressure.more([delivery(300, 0), delivery(300, 1)])
    assert [one.qos for one in kept] == [1]
    assert valve.pressure.dropped == 1


async def test_a_new_link_is_read(valve: Valve) -> None:
    """A new connection begins with reading, whatever waits; the next message stops it."""
    valve.pressure.more([delivery(20_000)])
    valve.pressure.end()
    valve.pressure.begin()
    valve.pressure.more([delivery(300)])
    assert valve.switched == [False, False]


async def test_empty_payloads_count(valve: Valve) -> None:
    """A flood of empty messages stops reading as well."""
    valve.pressure.more([delivery(OVERHEAD) for _ in range(10_000 // OVERHEAD)])
    assert valve.switched == [False]


async def test_a_handler_that_changes_its_payload(valve: Valve) -> None:
    """When nothing waits any more all that was counted is given back: the limit is the same as before."""
    for size in (0, 100_000):
        there = delivery(10_000)
        valve.pressure.more([there])
        assert valve.switched == [False]
        there.payload = bytes(size)
        valve.pressure.less([there])
        assert valve.switched == [False, True]
        valve.switched.clear()


async def test_a_burst_of_many_messages_waits_for_the_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the limit of messages reading stops until half of them are handled: nothing overflows."""
    switched: list[bool] = []
    held = Pressure(1 << 20, 10, switched.append)
    burst = [delivery(OVERHEAD, 0) for _ in range(10)]
    held.more(burst)
    assert switched == [False]
    held.less(burst[:5])
    assert switched == [False]
    held.less(burst[5:6])
    assert switched == [False, True]


async def test_handlers_that_do_not_catch_up_hold_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while reading goes on whatever waits, and holds again only when they have caught up."""
    monkeypatch.setattr(pressure, "BREATH_S", 0.001)
    switched: list[bool] = []
    held = Pressure(1 << 20, 10, switched.append)
    burst = [delivery(OVERHEAD, 0) for _ in range(10)]
    held.more(burst)
    await eventually(lambda: switched == [False, True])
    held.more(burst)
    assert switched == [False, True]
    held.less(burst + burst[:6])
    held.more(burst)
    assert switched == [False, True, False]
    held.end()
