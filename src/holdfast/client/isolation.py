"""The link on a thread of its own: it is kept while the application's loop is blocked.

    application's loop                                             engine's thread
    acks, wishes of one turn ──────────────── one call ──────────▶ engine
    State, dispatcher, intents, waits ◀────── one call ─────────── deliveries, records, events of its turns
    publish, from any thread ─▶ outbox, and one nudge ───────────▶ engine

Calls arrive in the order in which they were made, on each side. What ended in the usual way is told to its
receipt there and then, and only who waits is woken here: a loop that is blocked must not gather all that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from holdfast.client.asking import Asking
from holdfast.client.drive import Drive
from holdfast.client.engine import Inlet, Outlet
from holdfast.client.loop_thread import LoopThread
from holdfast.client.mailbox import Mailbox
from holdfast.client.outwards import Outwards, Reporting
from holdfast.client.port import Run
from holdfast.client.supervisor import Reporter
from holdfast.client.watch import Watched
from holdfast.errors import Stopped
from holdfast.protocol import Delivery, Intent, ReleaseAsked

if TYPE_CHECKING:
    from holdfast.resilience.stall import Stall

    Ended = Callable[[BaseException | None], None]
    Build = Callable[[Outlet, Reporter, Ended, Callable[[], Stall | None]], Drive]

log = logging.getLogger("holdfast")

ENDED = "the engine's thread has ended"

CLOSED_WITHIN_S = 0.5
"""How long the thread may take for its last turn; where a function of yours blocks it, it is left behind."""


class Isolated:
    """A ``Keeper`` and its ``Inwards``, in front of a drive on a thread of its own."""

    def __init__(self, build: Build, run: Run) -> None:
        """``build`` makes the drive, on the thread; ``run`` is told over here."""
        self._loop = run.loop
        self._here = run.here
        self._run = run
        self._build = build
        self._outwards = Outwards(run.here, run.telling, run.state.changed, run.receipts)
        self._inlet = Inlet()
        self._gone: Sequence[str] = ()
        self._drive: Drive | None = None
        self.gather: Callable[[], int] = lambda: 0
        self._gathers = False
        self.woken = False
        self.over = False
        self._thread = LoopThread("holdfast engine", self._last_turn, self._died)
        self._there = Mailbox(self._thread.loop)
        self._asking = Asking(self._here, self._there, ENDED)
        self._there.post(self._begin)
        self._thread.start()
        run.watched.on_gone = self._orphaned

    def _begin(self) -> None:
        reporting = Reporting(self._here, self._run.state)
        self._watched = Watched(lambda stall: None)  # the application's loop tells of it
        gave_up = partial(self._here.post, self._is_over)
        drive = self._build(self._outwards, reporting, gave_up, self._watched.recent)
        drive.engine.on_commit = partial(self._here.post, self._run.committed)
        self._outwards.on_challenge = drive.authenticating.challenged
        self._outwards.on_reauthenticated = drive.authenticating.reauthenticated
        self._drive = drive

    @property
    def _inside(self) -> Drive:
        assert self._drive is not None, "made by the first call of the thread"
        return self._drive

    # -- inwards -----------------------------------------------------------------------------

    def accepted(self) -> None:
        """A row was accepted, on any thread; the border is crossed once until the engine looks."""
        if self._there.closed:
            raise RuntimeError("the engine's loop is closed")
        self.woken = True
        try:
            self._there.post(self._look)
        except BaseException:  # Ctrl-C in between: the next one wakes it
            self.woken = False
            raise

    def gathered(self) -> None:
        """A call to publish waits to be handed over, with the others of this turn."""
        if not self._gathers:
            self._gathers = True
            self._loop.call_soon(self._gather)

    def _gather(self) -> None:
        self._gathers = False
        if self.gather():
            self.wake()

    def wake(self) -> None:
        """There may be something to send."""
        self._there.post(self._look)

    def _look(self) -> None:
        self.woken = False
        self._inside.engine.given(Inlet())

    def ack(self, delivery: Delivery) -> None:
        """This message was handled; told with the others of this turn."""
        inlet = self._inlet
        if not inlet.acks:
            self._loop.call_soon(self._hand_over)
        inlet.acks.append(delivery)

    def complete(self, asked: ReleaseAsked) -> None:
        """Whoever remembered these identifiers has forgotten them; told with the others of this turn."""
        self._inlet.completed.append(asked)
        self._loop.call_soon(self._hand_over)

    def subscribe(self, intents: Iterable[Intent]) -> None:
        """Want these subscriptions."""
        self._inlet.wishes.extend(intents)
        self._loop.call_soon(self._hand_over)

    def unsubscribe(self, filters: Iterable[str]) -> None:
        """Want these subscriptions no more."""
        self._inlet.wishes.extend(filters)
        self._loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        inlet = self._inlet
        if inlet.acks or inlet.wishes or inlet.completed:
            self._inlet = Inlet()
            self._there.post(lambda: self._inside.engine.given(inlet))

    # -- the numbers, from any thread --------------------------------------------------------

    @property
    def handled(self) -> int:
        """Messages acknowledged by their consumers."""
        return len(self._inlet.acks) + (self._drive.engine.handled if self._drive else 0)

    @property
    def dropped(self) -> int:
        """QoS 0 messages for which there was no room."""
        return self._drive.engine.dropped if self._drive else 0

    @property
    def reading(self) -> bool:
        """Whether the link is read."""
        return self._drive is None or self._drive.engine.reading

    @property
    def last_in(self) -> float | None:
        """When bytes came in."""
        return self._drive.engine.last_in if self._drive else None

    @property
    def last_out(self) -> float | None:
        """When bytes left."""
        return self._drive.engine.last_out if self._drive else None

    # -- the keeper --------------------------------------------------------------------------

    @property
    def lingers(self) -> bool:
        """Whether the thread still has the session, behind ``close``."""
        return not self._thread.over

    def redial(self) -> None:
        """Try to connect now; any thread."""
        self._there.post(lambda: self._inside.supervisor.redial())

    async def reauthenticate(self, timeout_s: float | None) -> None:
        """Authenticate on the live connection again. Raises as the drive's, and Stopped."""
        await self._ask(lambda: self._inside.reauthenticate(timeout_s))

    async def settled(self) -> None:
        """What the engine has told until now has arrived when this returns."""
        await self._ask(lambda: self._inside.settled())

    async def farewell(self, timeout_s: float) -> None:
        """Say that we go offline, behind what was handled here."""
        with suppress(Stopped, TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._ask(lambda: self._inside.farewell(timeout_s))

    async def disconnect(self, session_expiry_s: int | None, timeout_s: float) -> None:
        """Say DISCONNECT behind what was handled here, and wait until the link is closed."""
        with suppress(Stopped, TimeoutError):  # a function of the application may block the thread
            async with asyncio.timeout(timeout_s):
                await self._ask(lambda: self._inside.disconnect(session_expiry_s, timeout_s))

    async def end(self, others: Sequence[asyncio.Task[Any]], timeout_s: float) -> None:
        """Dial no more; waits for that and for these cancelled tasks, so long at most."""
        with suppress(Stopped, TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._ask(lambda: self._inside.end((), timeout_s))
        if others:
            await asyncio.wait(others, timeout=timeout_s)

    async def _ask(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do this over there, behind what was handled here. Raises Stopped."""
        if self._thread.over:
            raise Stopped(ENDED)
        self._hand_over()
        await self._asking.ask(work)

    def close(self, gone: Sequence[str]) -> None:
        """The last turn, and the end of the thread; what was told has arrived when this returns."""
        self._hand_over()
        self._gone = gone
        if not self._thread.stop(CLOSED_WITHIN_S):
            log.critical("the engine's thread does not end: a function given to the client blocks it")
        self._here.take()
        self._asking.fail()

    async def _last_turn(self) -> None:
        if self._drive is not None:
            self._watched.close()
            self._drive.close(self._gone)

    # -- its ends ----------------------------------------------------------------------------

    def _orphaned(self) -> None:
        """Nobody would ever handle a message, or stop it."""
        log.error("the event loop was closed under an isolated client that was not stopped: its link ends")
        self._thread.end()

    def _died(self, error: BaseException | None) -> None:
        """The thread has ended under us."""
        self._here.post(self._is_over, error or RuntimeError("its loop was stopped"), "the engine's thread")

    def _is_over(self, error: BaseException | None, what: str = "the supervisor") -> None:
        self.over = True
        self._run.nobody_dials(error, what)
        if self._thread.over:
            if self._drive is not None:
                self._drive.engine.orphaned(self._run.committed)
            self._asking.fail()
