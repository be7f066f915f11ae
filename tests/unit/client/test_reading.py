"""The valve of a link: back-pressure and coalescing close it, each for its own reason."""

from __future__ import annotations

from holdfast.client.coalescing import STREAK
from holdfast.client.reading import Reading
from holdfast.testing import eventually

PAUSE_S = 0.002


class Valve:
    """Writes down how the link was switched."""

    def __init__(self, coalesce_s: float | None = PAUSE_S) -> None:
        self.switched: list[bool] = []
        self.reading = Reading(coalesce_s, self.switched.append)
        self.reading.begin()

    def trickle(self) -> None:
        """As many small reads as make a pause."""
        for read in range(STREAK + 1):
            self.reading.received(100 + read * 0.00005, 200)


async def test_a_pause_ends_by_itself() -> None:
    """Under load the link is closed for a moment and opened again."""
    valve = Valve()
    valve.trickle()
    assert valve.switched == [False]
    await eventually(lambda: valve.switched == [False, True])


async def test_switched_off_it_never_pauses() -> None:
    """coalesce_s=None: every read at once."""
    valve = Valve(None)
    valve.trickle()
    assert valve.switched == []


async def test_back_pressure_outlives_a_pause() -> None:
    """Handlers that fall behind during a pause keep the link closed when it is over."""
    valve = Valve()
    valve.trickle()
    valve.reading.want(False)
    await eventually(lambda: len(valve.switched) == 2)
    assert valve.switched == [False, False]
    valve.reading.want(True)
    assert valve.switched == [False, False, True]


async def test_a_pause_outlives_back_pressure() -> None:
    """Handlers that catch up do not cut a pause short."""
    valve = Valve()
    valve.reading.want(False)
    valve.trickle()
    valve.reading.want(True)
    assert valve.switched == [False, False]
    await eventually(lambda: valve.switched == [False, False, True])


async def test_a_lost_link_leaves_no_timer() -> None:
    """The pause of a link that is gone opens nothing."""
    valve = Valve()
    valve.trickle()
    timer = valve.reading._timer
    valve.reading.end()
    assert timer is not None
    assert timer.cancelled()
    assert valve.switched == [False]


async def test_a_new_link_is_tried_anew() -> None:
    """What was found out about the link before it says nothing about this one."""
    valve = Valve()
    valve.trickle()
    valve.reading.begin()
    valve.reading.received(200, 200)
    assert valve.switched == [False]
