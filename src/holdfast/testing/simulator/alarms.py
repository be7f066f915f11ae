"""Whether the session may end a link by itself: for silence, a lie, or (0) too much that it cannot resend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.protocol import Closed
from holdfast.testing.simulator.promises import Promise, PromiseBroken
from holdfast.testing.simulator.sounder import HALF_OPEN

if TYPE_CHECKING:
    from holdfast.testing.simulator.driver import Driver

KEEP_ALIVE_TIMEOUT = 0x8D


def judge(driver: Driver, closed: Closed) -> None:
    """It has ended one."""
    if closed.reason == HALF_OPEN:
        driver.world.sounder.alarm(driver.tap)
        return
    crowded = not closed.reason and driver.session._sender.crowded()
    if closed.reason != KEEP_ALIVE_TIMEOUT and not (driver.world.provoked or crowded):
        raise PromiseBroken(Promise.NO_FALSE_ALARM, f"{closed}")
