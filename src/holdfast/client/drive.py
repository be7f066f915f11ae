"""What keeps the link: the engine, who dials for it, and who authenticates; all on one loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from holdfast.client.asked import FunctionFailed, ends_us, seen
from holdfast.client.authenticating import Authenticating
from holdfast.client.engine import Engine, Outlet
from holdfast.client.setup import Setup
from holdfast.client.supervisor import Reporter, Supervisor
from holdfast.clock import Clock
from holdfast.outbox import Outbox
from holdfast.protocol import Session
from holdfast.resilience import VersionChoice

if TYPE_CHECKING:
    from holdfast.resilience.stall import Stall

log = logging.getLogger("holdfast")


class Drive:
    """A ``Keeper`` on the loop it is made on, and the parts behind it."""

    def __init__(
        self,
        setup: Setup,
        session: Session,
        outbox: Outbox,
        clock: Clock,
        versions: dict[str, VersionChoice],
        subscribes: Callable[[], bool],
        outlet: Outlet,
        reporter: Reporter,
        ended: Callable[[BaseException | None], None],
        stalled: Callable[[], Stall | None],
    ) -> None:
        """``subscribes``: whether anything is subscribed to, any thread.

        ``stalled``: what stood still just now.
        ``ended`` is told that nobody dials any more, and the defect of ours that was the reason, if one was.
        """
        self._loop = asyncio.get_running_loop()
        self._will = setup.will
        self._ended = ended
        limit_s = setup.reconnect.attempt_timeout_s
        self.engine = Engine(session, outbox, clock, outlet, setup.limits)
        self.authenticating = Authenticating(self.engine, setup.authentication, limit_s)
        from holdfast.client.targets import Targets  # with the first start, as much as can be

        names = outbox.names
        begin = names.index(session.group) if session.group in names and session.unended() else 0
        targets = Targets(setup, names, versions, subscribes, begin)
        self.supervisor = Supervisor(
            self.engine, targets, self.authenticating, setup.reconnect, clock, reporter, stalled
        )
        self.supervising = self._loop.create_task(self._supervise(), name="holdfast supervisor")
        self.supervising.add_done_callback(seen)

    async def _supervise(self) -> None:
        from holdfast.transport.network import NetworkWatch  # with the first start, as much as can be

        error: BaseException | None = None
        network = NetworkWatch(self.supervisor.network_changed)
        try:
            await self.supervisor.run()
        except (KeyboardInterrupt, SystemExit):
            raise  # out of the loop, as out of any task
        except BaseException as defect:
            if asyncio._get_running_loop() is None or ends_us(defect):  # the loop was closed under us
                raise
            error = defect
        finally:
            network.close()
        self._ended(error)

    @property
    def over(self) -> bool:
        """Whether nobody dials any more."""
        return self.supervising.done()

    @property
    def lingers(self) -> bool:
        """Never: what blocks it blocks the application's loop as well."""
        return False

    def redial(self) -> None:
        """Try to connect now; any thread."""
        self._loop.call_soon_threadsafe(self.supervisor.redial)

    async def reauthenticate(self, timeout_s: float | None) -> None:
        """Authenticate on the live connection again. Raises AuthenticationFailed, TooLarge, Timeout."""
        await self.authenticating.again(timeout_s)

    async def settled(self) -> None:
        """Here everything arrives when it is told."""

    async def farewell(self, timeout_s: float) -> None:
        """Say that we go offline, and wait so long at most for the answer."""
        connection, will = self.supervisor.connection, self._will
        if connection is None or self.engine.terms is None or will is None or will.birth is None:
            return
        try:
            self.engine.farewell(will.gone())
        except FunctionFailed as error:
            log.error("no offline notice: %s; the broker says the will instead", error)
            return
        ends: list[asyncio.Future[Any]] = [connection.said, connection.ended]
        await asyncio.wait(ends, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)

    async def disconnect(self, session_expiry_s: int | None, timeout_s: float) -> None:
        """Say DISCONNECT, and wait so long at most until the link is closed; nobody dials behind it."""
        connection = self.supervisor.connection
        if connection is not None:
            self.engine.disconnect(session_expiry_s)
            await asyncio.wait([connection.ended], timeout=timeout_s)
            self.supervising.cancel()

    async def end(self, others: Sequence[asyncio.Task[Any]], timeout_s: float) -> None:
        """Dial no more; waits for that and for these cancelled tasks, so long at most."""
        self.supervising.cancel()
        await asyncio.wait([self.supervising, *others], timeout=timeout_s)

    def close(self, gone: Sequence[str]) -> None:
        """Drive the session no more; the next run does not want these subscriptions."""
        self.engine.close(gone)
