"""One run of a client, from start to stop: its parts, put together, and waiting for what they do."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from threading import get_ident
from typing import TYPE_CHECKING, Any, TypeVar

from holdfast.client.authenticating import RENEWED
from holdfast.client.commits import Commits
from holdfast.client.consumers import CANCEL_WITHIN_S, Consumers
from holdfast.client.dispatcher import Dispatcher
from holdfast.client.failures import connect_refused
from holdfast.client.forsaken import hop
from holdfast.client.gathering import Gathering
from holdfast.client.inbox import Item
from holdfast.client.intents import Intents
from holdfast.client.keeping import make_keeper
from holdfast.client.line_watch import LineWatch
from holdfast.client.mailbox import Mailbox
from holdfast.client.precedence import Precedence
from holdfast.client.publisher import Publisher
from holdfast.client.receipts import Receipts
from holdfast.client.registering import check_here
from holdfast.client.setup import Setup
from holdfast.client.sources import Sources
from holdfast.client.state import State
from holdfast.client.status import Status
from holdfast.client.telling import Telling
from holdfast.clock import Clock
from holdfast.errors import AuthenticationFailed, HoldfastError, NotReady, Stopped
from holdfast.handling import Handler
from holdfast.messages import QoS
from holdfast.outbox import Outbox
from holdfast.protocol import Session
from holdfast.resilience import Verdict, VersionChoice

if TYPE_CHECKING:
    from holdfast.client.decompressing import Decompressing
    from holdfast.client.remembered import Memory
    from holdfast.client.workers import Reader

log = logging.getLogger("holdfast")

T = TypeVar("T")


class Core:
    """Everything that lives between ``start`` and ``stop``."""

    def __init__(
        self,
        setup: Setup,
        session: Session,
        outbox: Outbox,
        publisher: Publisher,
        receipts: Receipts,
        intents: Intents,
        state: State,
        clock: Clock,
        versions: dict[str, VersionChoice],
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.setup = setup
        self.outbox = outbox
        self.publisher = publisher
        self.receipts = receipts
        self.intents = intents
        self.state = state
        self.closed = asyncio.Event()  # set by who owns this run, when nothing of it is left
        self.here = Mailbox(self.loop)
        self.foreign: HoldfastError | None = None  # in a forked child, where nothing of it goes on
        self._memories: dict[str | int, Memory] = {}
        self.commits = Commits(lambda: outbox.durable)
        self.dispatcher = Dispatcher(clock, setup.limits.unclaimed_s)
        resends = setup.outbox.on_session_lost == "resend"
        self.telling = Telling(
            publisher, receipts, intents, self.dispatcher, state, setup.limits, resends, self.here
        )
        from holdfast.client.watch import Watched  # with the first start, as much as can be

        self.watched = Watched(self.telling.stalled)
        self.precedence = Precedence(outbox, self.commits)
        self.keeper, self.engine = make_keeper(self, session, clock, versions)
        self.gathering = Gathering(publisher, self.commits, self.engine.gathered)
        self.engine.gather = self.gathering.hand_over
        self.decompressing = self._decompressing()
        self.sources = Sources(clock, self.engine, self.dispatcher, intents, state)
        self.consumers = Consumers(
            self.engine, self.dispatcher, intents, state, setup.limits, self.here, self.sources,
            self._memory_of, self.decompressing,
        )  # fmt: skip
        self.line = LineWatch(self, session, clock)
        self.finish = self.consumers.finish  # as it is: there is one for every message
        self._connect_parts()

    def _memory_of(self, handler: Handler) -> Memory:
        """Where a handler's keys are kept."""
        from holdfast.client.remembered import memory_of  # for those who want it

        return memory_of(handler, self._memories, self.outbox.intake, self.commits, self.here)

    def _decompressing(self) -> Decompressing | None:
        option = self.setup.compression
        if option is None:
            return None
        from holdfast.client.decompressing import Decompressing  # with zlib, for those who want it

        return Decompressing(option.max_bytes, self.state, self.here)

    def _connect_parts(self) -> None:
        """What parts made earlier tell those made later."""
        self.dispatcher.ack = self.engine.ack
        self.publisher.inside = self._is_inside
        self.outbox.on_ended = self.telling.given_up.ended
        self.outbox.on_failed = self.telling.outbox_failed
        self.telling.on_refused = self.consumers.refused
        self.telling.on_unsubscribed = self.consumers.unsubscribed
        self.line.begin()

    def nobody_dials(self, error: BaseException | None, what: str = "the supervisor") -> None:
        """All attempts are used up, or ``what`` failed: said aloud, and nobody waits for a dead link."""
        if error is not None:
            log.critical("%s failed", what, exc_info=error)
            verdict = Verdict("internal", f"{what} failed: {error!r}")
            if self.connected:
                self.state.disconnected(verdict)
            self.state.attempt_failed(verdict, None)
        self.publisher.close(f"gave up on the broker: {self.state.reason}")
        self.receipts.stop()
        self.consumers.nudge()

    def _is_inside(self) -> bool:
        """Whether a handler is calling, which must not wait for what only its end may bring (contract 11)."""
        if asyncio._get_running_loop() is self.loop:
            return self.consumers.handles_in(asyncio.current_task())
        return self.consumers.handles_on(get_ident())

    def committed(self) -> None:
        """A commit has happened."""
        self.commits.happened()
        self.state.changed.notify()  # there may be room again

    @property
    def dropped_inbound(self) -> int:
        """QoS 0 messages that came and for which there was no room."""
        return self.dispatcher.dropped + self.engine.dropped

    # -- the owner of subscriptions ----------------------------------------------------------

    def enter(self, subscription: Reader) -> None:
        """Begin to deliver to this subscription. Raises ConfigurationError."""
        check_here(self.loop)
        self.consumers.enter(subscription)

    def leave(self, subscription: Reader, done: bool, unfinished: Sequence[Item]) -> None:
        """Deliver no more to it; what it did not finish waits for the next (contract 15)."""
        self.consumers.leave(subscription, done, unfinished)

    # -- waiting -----------------------------------------------------------------------------

    async def hop(self, work: Coroutine[Any, Any, T]) -> T:
        """Do this on the loop of this run, and wait for it on whichever loop we are."""
        return await (work if asyncio.get_running_loop() is self.loop else hop(work, self.loop))

    @property
    def connected(self) -> bool:
        """Whether MQTT is spoken right now."""
        return self.state.terms is not None

    async def granted(self, filters: tuple[str, ...] | None, timeout_s: float | None) -> QoS:
        """Wait until these (None: all) are granted. Raises SubscribeRefused, NotReady, Stopped."""

        def settled() -> bool:
            ready = self.connected and not self.intents.missing(filters)
            return ready or self.failure(filters) is not None or self._given_up_on(filters)

        in_time = await self.state.changed.wait_until(settled, timeout_s)
        if (failure := self.failure(filters)) is not None:
            raise failure
        if self._given_up_on(filters):
            raise NotReady("not ready: this subscription was left", cause="unsubscribed")
        if not in_time:
            raise self._not_ready(filters, timeout_s)
        return self.intents.lowest(filters or ())

    async def reauthenticate(self, timeout_s: float | None) -> None:
        """Authenticate on the live connection again. Raises as ``Client.reauthenticate``."""
        if not self.connected and self.ended is None:
            raise AuthenticationFailed(f"not connected: {self.state.reason}", hint=RENEWED)
        if self.ended is None:
            try:
                return await self.keeper.reauthenticate(timeout_s)
            except AuthenticationFailed:
                if self.ended is None:
                    raise
        raise Stopped(self.ended or "")

    def _given_up_on(self, filters: tuple[str, ...] | None) -> bool:
        return any(filter not in self.intents for filter in filters or ())

    @property
    def ended(self) -> str | None:
        """Why this run is over, if it is."""
        if self.state.status is Status.FAILED:
            return f"gave up on the broker: {self.state.reason}"
        return "the client was stopped" if self.state.draining else None

    def _not_ready(self, filters: tuple[str, ...] | None, timeout_s: float | None) -> NotReady:
        verdict = self.state.verdict
        if self.connected:
            missing = ", ".join(self.intents.missing(filters))
            return NotReady(f"not ready in {timeout_s} s: no answer yet for {missing}", cause="subscribing")
        error = NotReady(
            f"not ready in {timeout_s} s: {verdict.sentence if verdict else self.state.reason}",
            cause=verdict.cause if verdict else None,
            hint=verdict.hint if verdict else None,
        )
        error.__cause__ = connect_refused(verdict)
        return error

    def failure(self, filters: tuple[str, ...] | None) -> HoldfastError | None:
        """Why waiting for these (None: all) is of no use: the run is over or not ours, or one was refused."""
        ended = None if self.ended is None else Stopped(self.ended)
        return self.foreign or ended or self.intents.refusal(filters)

    # -- the end -----------------------------------------------------------------------------

    async def close(self) -> None:
        """The end of this run: nothing of it is left when this returns, cancelled or not."""
        workers = self.consumers.cancel(asyncio.current_task())
        try:
            await self.keeper.end(workers, CANCEL_WITHIN_S)
        finally:
            self._close()

    def _close(self) -> None:
        self.watched.close()
        self.keeper.close(self.intents.release(self.setup.session_expiry_s != 0))
        self.telling.close()
        self.sources.close()
        if self.decompressing is not None:
            self.decompressing.close()
        self.line.close()
        self.consumers.close()
        self.dispatcher.close()
        self.here.close()
