"""What is done in one run about messages that hold up the acknowledgements behind them (contract 13, 15)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from holdfast.client.abandoned import Abandoned
from holdfast.clock import Clock
from holdfast.protocol import Delivery, Session

if TYPE_CHECKING:
    from holdfast.client.core import Core
    from holdfast.client.overdue import Overdue
    from holdfast.client.parking import Parking


class LineWatch:
    """With a file they are kept there; without one the line waits, or they are dead letters."""

    def __init__(self, core: Core, session: Session, clock: Clock) -> None:
        self._core = core
        self._session = session  # asked alone, which any thread may
        self._clock = clock
        self._limits = core.setup.limits
        self._parking: Parking | None = None
        self._overdue: Overdue | None = None

    def begin(self) -> None:
        """All parts of the run are there; modules are loaded for those who want what is in them."""
        core = self._core
        if core.outbox.intake is not None:
            self._park()
        elif self._limits.overdue == "dead_letter":
            self._bury()
        abandoned = Abandoned(
            core.dispatcher, core.state.dead_letters, core.telling.unclaimed, self._parking
        )  # fmt: skip
        core.dispatcher.on_unclaimed = abandoned.give_up

    def _park(self) -> None:
        from holdfast.client.parking import Parking

        core, intake = self._core, self._core.outbox.intake
        assert intake is not None
        parking = Parking(intake, core.commits, core.dispatcher, core.loop, self._clock)
        self._parking = core.consumers.parking = core.consumers.endings.store = parking
        intake.on_returned = lambda owners, commit: core.here.post(parking.returned, owners, commit)
        self._look_for_late(parking.park)

    def _bury(self) -> None:
        from holdfast.client.late_dead import LateDead

        core = self._core
        late = LateDead(core.dispatcher, core.state.dead_letters, self._limits.hold_limit_s)
        core.consumers.endings.given_up = late.given_up
        self._look_for_late(late.late)

    def _look_for_late(self, late: Callable[[Delivery], object]) -> None:
        from holdfast.client.overdue import Overdue

        limit_s = self._limits.hold_limit_s
        self._overdue = Overdue(lambda: self._session.lines, self._clock, limit_s, late)
        self._overdue.begin()

    @property
    def age_s(self) -> float:
        """How long ago the message came that all others wait for; any thread."""
        from holdfast.client.overdue import head_of_line_s

        return head_of_line_s(self._session.lines, self._clock)

    def close(self) -> None:
        """The end of the run: what is kept stays in the file."""
        if self._overdue is not None:
            self._overdue.close()
        if self._parking is not None:
            self._parking.close()
