"""Who keeps the link of one run: on the application's loop, or on a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from holdfast.client.drive import Drive
from holdfast.client.engine import Outlet
from holdfast.client.supervisor import Reporter
from holdfast.clock import Clock
from holdfast.protocol import Session
from holdfast.resilience import VersionChoice

if TYPE_CHECKING:
    from holdfast.client.core import Core
    from holdfast.client.port import Inwards, Keeper
    from holdfast.resilience.stall import Stall


def make_keeper(
    core: Core, session: Session, clock: Clock, versions: dict[str, VersionChoice]
) -> tuple[Keeper, Inwards]:
    """It begins to dial; what it does is told to the parts of this run."""

    def build(
        outlet: Outlet,
        reporter: Reporter,
        ended: Callable[[BaseException | None], None],
        stalled: Callable[[], Stall | None],
    ) -> Drive:
        drive = Drive(
            core.setup,
            session,
            core.outbox,
            clock,
            versions,
            lambda: bool(core.intents),
            outlet,
            reporter,
            ended,
            stalled,
        )
        drive.engine.on_durable = core.commits.wake_threads
        room, member = core.precedence.room, core.setup.member
        drive.engine.limit = room if member is None else member.gate(room)
        core.precedence.wake = drive.engine.wake
        return drive

    if core.setup.isolated:
        from holdfast.client.isolation import Isolated

        isolated = Isolated(build, core)
        return isolated, isolated
    drive = build(core.telling, core.state, core.nobody_dials, core.watched.recent)
    drive.engine.on_commit = core.committed
    core.telling.on_challenge = drive.authenticating.challenged
    core.telling.on_reauthenticated = drive.authenticating.reauthenticated
    return drive, drive.engine
