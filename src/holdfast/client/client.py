"""The client: one MQTT connection, kept."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from functools import partial
from os import urandom
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from holdfast.client import forking, outbox_option
from holdfast.client.authenticator import Authenticator
from holdfast.client.brokers import Target
from holdfast.client.clock import SystemClock
from holdfast.client.content import ABSENT, Absent
from holdfast.client.events import Event, MessageDead
from holdfast.client.failures import foreign, unfinished
from holdfast.client.intents import Intents, check_agreement
from holdfast.client.lifecycle import Step
from holdfast.client.opening import close_outbox, open_outbox
from holdfast.client.options import Compression, Limits, Will
from holdfast.client.outbox_option import Outbox
from holdfast.client.page import Pages
from holdfast.client.publisher import Publisher
from holdfast.client.receipt import Receipt
from holdfast.client.receipts import Receipts
from holdfast.client.rules import Rule
from holdfast.client.setup import Setup, StrPath, check
from holdfast.client.state import VERSIONS, State
from holdfast.client.status import Snapshot, Status
from holdfast.client.subscription import Subscription
from holdfast.errors import ConfigurationError, HoldfastError, OutboxError, Stopped, Timeout, Undelivered
from holdfast.handling import DEFAULT_RETRIES, Handler, HandlerOptions, Key, Retries, Router, patterns_of
from holdfast.messages import Outgoing, Payload, Priority, QoS, UserProperties
from holdfast.outbox import Ledger
from holdfast.resilience import Reconnect, VersionChoice
from holdfast.topics import Pattern
from holdfast.transport import TLS

if TYPE_CHECKING:
    from holdfast.client.core import Core
    from holdfast.client.gathering import Gathering
    from holdfast.client.port import Keeper
    from holdfast.client.releases import Holder, Releases
    from holdfast.client.workers import Reader
    from holdfast.protocol import Session

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
Retained = Literal["always", "new", "never"]

log = logging.getLogger("holdfast")

DEFAULT_LIMITS = Limits()

SERVICE_PROBE_S = 30.0
"""How often a service sends a message to itself, where nobody said otherwise (contract 21)."""

CLOSED_WITHIN_S = 0.5
"""How long the outbox file may take to close where the time to stop is over (contract 24)."""


class Client:
    """One MQTT connection, kept.

    The constructor does no I/O and needs no event loop; it raises ConfigurationError.
    Nothing that begins waits for the broker (``async with``, ``start``, ``subscribe``,
    ``publish``); what waits says so (``ready``, ``flush``, ``acknowledged``).
    """

    def __init__(
        self,
        url: str | Sequence[str | Sequence[str]] = "mqtt://localhost",
        *,
        client_id: str | None = None,
        username: str | None = None,
        password: str | Callable[[], str] | None = None,
        password_file: StrPath | None = None,
        authentication: Callable[[], Authenticator] | None = None,
        tls: TLS | ssl.SSLContext | None = None,
        proxy: str | None = None,
        version: Literal["5", "3.1.1"] | None = None,
        session_expiry_s: float | None = None,
        will: Will | None = None,
        outbox: StrPath | Outbox | None = None,
        rules: Sequence[Rule] = (),
        keepalive_s: float = 60,
        probe_s: float | Absent | None = ABSENT,
        reconnect: Reconnect | Literal["lan", "wan"] = "wan",
        limits: Limits = DEFAULT_LIMITS,
        drain_s: float = 5,
        isolated: bool | None = None,
        compression: Compression | None = None,
    ) -> None:
        """Describe the connection.

        ``url``: ``mqtt://host[:1883]``, ``mqtts://host[:8883]``, ``ws://host[:80][/mqtt]``,
        ``wss://host[:443][/mqtt]`` (both need ``holdfast[ws]``) or ``unix:///path``;
        ``user:password@`` allowed. Several: the first that can be had, and back to it when it has
        answered for ``Reconnect.fail_back_s``; a list in the list is one group whose brokers share
        sessions.
        ``client_id``: stable for a kept session; None: a random one, with a clean session, but with
        an outbox file one that is made once and kept in the file.
        ``password`` (or a function) and ``password_file`` are read at every attempt.
        ``authentication`` makes a fresh ``Authenticator`` for every attempt (MQTT 5 §4.12); with
        it ``version`` None is 5 alone, because 3.1.1 would connect without it.
        ``tls``: None takes the system's CAs for ``mqtts`` and ``wss``.
        ``proxy``: ``http://[user:password@]host:port`` or ``socks5://...`` (``holdfast[proxy]``);
        it resolves the broker's name. None: no proxy, whatever the environment says.
        ``version``: None tries MQTT 5 first, then 3.1.1.
        ``session_expiry_s``: how long the broker keeps our session without us; None: 86,400
        with a stable client id (3,600 when it only publishes), 0 with a random one; 0 is a
        clean session.
        ``outbox``: where accepted messages are kept; a path is a file that outlives the process
        (``Outbox(path)``), None is memory. ``rules``: what topics get where ``publish`` is not told,
        and which are denied; the first that matches counts. ``keepalive_s``: 0 to 65,535; a dead link
        is noticed within 1.5 times that; 0 switches it off. ``probe_s``: so often, in seconds, a message goes
        to ourselves (on ``holdfast/probe/CLIENT_ID``, QoS 0): its round trip is in ``snapshot()``, and a dead
        link is noticed within twice that; None: never; left out: never, but every 30 s in an ``Ingest``.
        ``drain_s``: the longest a ``stop`` may take.
        ``isolated``: the link has a thread of its own, so that it stands while the event loop is blocked;
        functions for password, will and authentication are called on that thread. None: no, but in an
        ``Ingest``.
        ``compression``: large payloads leave as gzip, marked by their content type, and messages so marked
        are opened before handlers and readers get them; needs ``version="5"``. None: neither.
        """
        self._setup: Setup = check(
            url, client_id, username, password, password_file, tls, proxy, version, session_expiry_s,
            will, keepalive_s, reconnect, limits, drain_s, outbox, authentication, isolated, compression,
            None if isinstance(probe_s, Absent) else probe_s,
        )  # fmt: skip
        self._probe_left_out = isinstance(probe_s, Absent)
        self._clock = SystemClock()
        self._router = Router()
        self._registered: dict[str, HandlerOptions] = {}
        option = self._setup.outbox
        self._outbox = outbox_option.make(option, limits.qos0_outbox, self._clock)
        self._session: Session | None = None
        self._receipts = self._new_receipts(Pages())
        self._intents = Intents()
        self._releases: Releases | None = None
        self._versions: dict[str, VersionChoice] = {}
        first = self._setup.first
        self._state = State(Target(self._setup.place_of(first), str(first)))
        if self._setup.probe_s is not None:
            self._state.probe.status = "waiting"
        self._publisher = self._new_publisher()(
            self._outbox, self._receipts, self._clock, self._state.changed, rules, option.overflow == "wait"
        )
        self._filed = option.is_file
        self._opening: asyncio.AbstractEventLoop | None = None  # on which a start is under way
        self._foreign: HoldfastError | None = None
        self._core: Core | None = None
        self._ending: Core | None = None
        self._last: Keeper | None = None
        self._received = self._handled = self._dropped = 0

    # -- from start to stop ------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """``start``; never waits for the broker."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """``stop``; an error on its way out is not replaced by Undelivered."""
        try:
            await self.stop()
        except Undelivered as undelivered:
            if error is None:
                raise
            log.error("%s", undelivered)

    async def start(self) -> None:
        """Open the outbox, begin to dial. Startable again after ``stop``; started twice, it does nothing.

        Raises OutboxError, where the file cannot be used: OutboxLocked, while another process has it;
        Stopped, while a function of yours still blocks the thread of an isolated run before.
        """
        while (busy := self._busy()) is not None:
            await self._on(busy, self._settled())
        if self._foreign is not None:
            raise self._foreign
        if self._core is not None and self._core.loop.is_closed():
            await self._core.hop(self._stop(0))  # which raises, as nobody can stop it any more
        if self._core is None and self._last is not None and self._last.lingers:
            raise Stopped(
                "not started: the run before has not ended",
                hint="a function for password, will or authentication blocks its thread",
            )
        if self._core is None:
            self._opening = asyncio.get_running_loop()
            try:
                await self._open()
                self._begin()
            finally:
                self._opening = None
                self._state.changed.notify()

    def _busy(self) -> asyncio.AbstractEventLoop | None:
        """Where a start or a stop is under way."""
        ending = self._ending
        return self._opening or (None if ending is None else ending.loop)

    async def _settled(self) -> None:
        await self._state.changed.wait_until(lambda: self._busy() is None, None)

    async def _on(self, loop: asyncio.AbstractEventLoop | None, work: Coroutine[Any, Any, T]) -> T:
        """Do this on that loop, whichever we are on; None: on ours."""
        if loop is None or loop is asyncio.get_running_loop():
            return await work
        from holdfast.client.forsaken import hop  # for those who come from elsewhere

        return await hop(work, loop)

    def _serve(self) -> None:
        """It is a service: what was left out is as one needs it, if it has not started (contract 23)."""
        if self._core is not None:
            return
        if self._setup.isolated is None:
            self._setup.isolated = True
        if self._probe_left_out:
            self._setup.probe_s, self._state.probe.status = SERVICE_PROBE_S, "waiting"

    async def _open(self) -> None:
        """A file says at every start what was in flight; in memory only the first time is a new one."""
        option = self._setup.outbox
        places = self._setup.places
        if option.is_file:
            client_id = await open_outbox(self._outbox, self._setup.client_id or None, places)
            self._setup.client_id = client_id or self._setup.client_id
        else:
            self._outbox.open(None, places)
        before = self._session
        if option.is_file or before is None:
            from holdfast.protocol import Session  # with the first start, as much as can be

            restored, will = self._outbox.restore(), self._setup.will
            if will is not None and will.birth is not None:
                # A birth that went unanswered is in no file: its identifier may not be free for certain.
                restored.last_packet_id = int.from_bytes(urandom(2), "big") % 65_535
            resends = option.on_session_lost == "resend"
            self._session = Session(
                self._setup.limits.inflight,
                restored,
                resends=resends,
                holds_release=self._releases is not None,
            )
            if before is not None:
                self._outbox.adopt(before.unended())

    def _begin(self) -> None:
        assert self._session is not None
        self._state.draining = False
        from holdfast.client.core import Core  # with the first start, as much as can be

        self._core = core = Core(
            self._setup, self._session, self._outbox, self._publisher, self._receipts,
            self._intents, self._state, self._clock, self._versions,
        )  # fmt: skip
        forking.watch(self)
        core.watched.on_gone = partial(_gone, core, core.watched.on_gone)
        core.telling.outbox_opened(self._outbox)
        if self._releases is not None:
            core.telling.on_release = self._releases.asked
            self._releases.answer = core.engine.complete
        self._receipts.start(core.here)
        self._receipts.kept = lambda commit: core.hop(core.commits.reached(commit))
        self._receipts.block_kept = core.commits.block
        self._publisher.wake = self._wake
        self._publisher.stopped = None
        for handler in self._router.handlers:
            core.consumers.add_handler(handler)

    async def stop(self, drain_s: float | None = None) -> Ledger:
        """Finish handlers, flush, say DISCONNECT; takes ``drain_s`` seconds at most.

        Accepts no more from here on. Gives the books. Raises Undelivered if messages are left
        that only memory held, OutboxError if the file did not take what was handed over. A second
        cancellation skips the drain. While another ``stop`` is under way this one waits for its end,
        except in a handler, which that one waits for; and while a ``start`` is, for its end, ``drain_s``
        seconds at most.
        """
        run = self._core or self._ending
        return await self._on(run.loop if run else self._opening, self._stop(drain_s))

    async def _stop(self, drain_s: float | None) -> Ledger:
        drain_s = self._setup.drain_s if drain_s is None else drain_s
        await self._state.changed.wait_until(lambda: self._opening is None, drain_s)
        core, self._core = self._core, None
        if core is not None:
            from holdfast.client.shutdown import shut_down

            self._ending = core
            deadline = core.loop.time() + drain_s
            try:
                await shut_down(core, drain_s)
            finally:
                kept = await self._end(core, deadline)
            self._complain(kept)
        elif self._ending is not None and not self._ending.consumers.works_in(asyncio.current_task()):
            await self._ending.closed.wait()
        return self._outbox.ledger()

    def _complain(self, kept: OutboxError | None) -> None:
        if kept is not None:
            raise kept
        pending = self._outbox.at_risk
        if pending:
            reason = (
                f"the link: {self._state.reason}" if self._state.verdict else "give stop() a longer drain_s"
            )
            raise Undelivered(
                f"stopped with {pending} messages that only memory held", pending=pending, hint=reason
            )

    async def _end(self, core: Core, deadline: float) -> OutboxError | None:
        """Everything of this run ends; gives what kept the outbox file from being whole."""
        error = None
        try:
            try:
                await core.close()
            finally:  # cancelled, too: nobody else would ever let go of the file
                self._publisher.close("the client was stopped")
                if self._setup.outbox.is_file:
                    error = await self._close_outbox(core, max(CLOSED_WITHIN_S, deadline - core.loop.time()))
        finally:
            self._book(core)
            self._receipts.stop()
            if error is not None:  # their commits have no numbers any more: the next run gives these again
                self._receipts.give_up(error)
                self._receipts = self._publisher.receipts = self._new_receipts(self._receipts.pages)
            forking.unwatch(self)
            if self._releases is not None:
                self._releases.end()
            self._state.move(Step.END)
            self._state.bus.close()
            self._ending = None
            self._last = core.keeper
            self._state.changed.notify()
            core.closed.set()
        return error

    async def _close_outbox(self, core: Core, timeout_s: float) -> OutboxError | None:
        error = None
        try:
            done = await close_outbox(self._outbox, timeout_s)
            core.commits.happened()
            error = None if done else unfinished(self._setup.outbox, timeout_s)
        finally:
            core.commits.fail(error or Stopped("the client was stopped"))  # whoever asks from now on
        return error

    def _book(self, core: Core) -> None:
        self._received += core.dispatcher.received
        self._handled += core.engine.handled
        self._dropped += core.dropped_inbound

    def _new_publisher(self) -> Callable[..., Publisher]:
        option = self._setup.compression
        if option is None:
            return Publisher
        from holdfast.client.compressing import CompressingPublisher  # with zlib, for those who want it

        return partial(CompressingPublisher, option)

    def _new_receipts(self, pages: Pages) -> Receipts:
        return Receipts(lambda: self._outbox.durable, pages)

    def _forked(self, parent: int) -> None:
        """This is a copy in a child of the process that runs the client: it has nothing to stop or to use."""
        self._foreign = foreign(self._setup.outbox, parent)
        self._publisher.forked(self._foreign)
        self._receipts.give_up(self._foreign)
        self._receipts.stopped = True
        self._state.bus.forked()
        run, self._core, self._ending = self._core or self._ending, None, None
        if run is not None:
            forking.abandon(run, self._foreign)

    async def ready(self, timeout_s: float | None = None) -> None:
        """Wait until connected and every subscription is granted.

        Raises NotReady (with the cause) when time ran out, SubscribeRefused, Stopped.
        """
        core = self._running()
        await core.hop(core.granted(None, timeout_s))

    async def flush(self, timeout_s: float | None = None) -> None:
        """Wait until nothing is pending any more, but what is parked for other terms.

        Raises Timeout, Stopped.
        """
        core = self._running()
        await core.hop(self._flush(core, timeout_s))

    async def _flush(self, core: Core, timeout_s: float | None) -> None:
        done = await self._state.changed.wait_until(
            lambda: not self._movable or core.ended is not None, timeout_s
        )
        if self._movable and core.ended is not None:
            raise Stopped(f"{self._movable} messages are pending: {core.ended}")
        if not done:
            raise Timeout(f"{self._movable} messages are still pending after {timeout_s} s")
        await core.keeper.settled()

    @property
    def _movable(self) -> int:
        return self._outbox.pending - self._outbox.parked

    async def reauthenticate(self, timeout_s: float | None = None) -> None:
        """Authenticate again on the live connection, as before a token expires; messages flow on.

        Returns when the broker has accepted us and we the broker; several calls share one exchange.
        It takes ``Reconnect.attempt_timeout_s`` at most: what fails ends the connection, as the
        standard demands [MQTT-4.12.1-2], and the next one authenticates anew by itself. Raises
        AuthenticationFailed (also without a connection), Timeout, Stopped, TooLarge, and
        ConfigurationError without ``authentication=``. mosquitto ends a busy link between challenge
        and answer (contract X12); nothing is lost by that.
        """
        if self._setup.authentication is None:
            raise ConfigurationError("reauthenticate() needs Client(authentication=...)")
        core = self._running()
        await core.hop(core.reauthenticate(timeout_s))

    def redial(self) -> None:
        """Try to connect now, and begin the backoff anew; any thread. Connected: nothing happens."""
        core = self._running()
        core.keeper.redial()

    def require_link(self) -> None:
        """Return at once while the broker can be asked, else raise LinkDown at once; any thread.

        A circuit breaker, for what must not wait out an outage: a web request, say, that needs an answer
        from MQTT. It is open from the third failed attempt in a row, from the first that only a person can
        mend, and while two probes in a row went unanswered; CONNACK closes it, or one answer to a probe.
        ``publish`` asks nobody. Raises LinkDown, Stopped.
        """
        core = self._running()
        if core.ended is not None:
            raise Stopped(core.ended)
        down = self._state.down
        if down is not None:
            raise down

    def _running(self) -> Core:
        if self._core is None:
            raise self._foreign or Stopped(f"not running: {self._publisher.stopped}")
        return self._core

    def lend(self) -> Client:
        """A handle for a borrower: same verbs; its ``stop`` ends only what it subscribed.

        What it has in hand then finishes; what waits is for the next consumer of the filter, and no
        filter is given up (contract 15).
        """
        from holdfast.client.lending import Lent

        return Lent(self)

    def _withdraw(self) -> None:
        """Nothing was lent."""

    def _join_releases(self, holder: Holder) -> Releases | None:
        """PUBCOMP waits for this one, too (contract 5); None: without a file it would be of no use.

        Raises ConfigurationError for a client that runs, and whose session asks nobody.
        """
        if not self._filed:
            return None
        if self._releases is None:
            from holdfast.client.releases import Releases  # for those who want it

            if self._core is not None:
                raise ConfigurationError(
                    "this client runs already, and answers the broker for QoS 2 messages by itself",
                    hint="let the ingest start it",
                )
            self._releases = Releases()
        self._releases.join(holder)
        return self._releases

    def _wake(self) -> None:
        core = self._core
        if core is None or core.engine.woken:  # it will look once more: what was accepted just now is seen
            return
        try:
            core.engine.accepted()
        except RuntimeError:  # its loop was closed under it: accepted all the same
            self._outbox.begin()

    # -- publishing --------------------------------------------------------------------------

    async def publish(
        self,
        topic: str,
        payload: Payload | Absent = ABSENT,
        *,
        json: Any = ABSENT,
        qos: QoS | None = None,
        retain: bool | None = None,
        expiry_s: float | None = None,
        priority: Priority | None = None,
        content_type: str | None = None,
        user_properties: UserProperties = (),
        timeout_s: float = 30,
    ) -> Receipt:
        """Accept one message: it is in the outbox when this returns, committed if that is a file.

        ``payload``: bytes, or str as UTF-8; ``json`` instead: any value JSON can hold.
        ``qos``, ``retain``, ``expiry_s``, ``priority`` None: what the first matching rule says, else
        1, not retained, no expiry, "normal". ``expiry_s``: not sent any more, and not delivered by an
        MQTT 5 broker, after so long. ``priority``: messages of a higher class go first, and each class
        in the order of acceptance. ``timeout_s``: the longest wait for room in the outbox.
        Cancelled while it waits for room: not accepted; after that: accepted, and the CancelledError
        carries ``.receipt``. Raises ConfigurationError, PayloadError, Denied, TooLarge, OutboxFull,
        OutboxError, Stopped.
        """
        row = self._publisher.row(
            topic, payload, json, qos, retain, expiry_s, priority, content_type, user_properties
        )
        gathering = self._gathering() if row.qos else None
        if gathering is not None and (receipt := await gathering.publish([row])):
            return receipt
        receipt = self._publisher.take([row]) or await self._take_later([row], timeout_s)
        return receipt if receipt.commit <= self._outbox.durable else await self._kept(receipt)

    def _gathering(self) -> Gathering | None:
        """Where calls on the client's loop are gathered; None: each is taken by itself, or refused."""
        core = self._core
        if core is None or not self._filed or self._publisher.stopped is not None:
            return None
        return core.gathering if asyncio._get_running_loop() is core.loop else None

    async def _kept(self, receipt: Receipt) -> Receipt:
        try:
            await self._receipts.kept(receipt.commit)
        except asyncio.CancelledError as cancelled:
            cancelled.receipt = receipt  # type: ignore[attr-defined]  # contract 11: it was handed over
            raise
        return receipt

    async def _take_later(self, rows: list[Outgoing], timeout_s: float) -> Receipt:
        return await self._running().hop(self._publisher.wait_and_take(rows, timeout_s))

    def publish_nowait(
        self,
        topic: str,
        payload: Payload | Absent = ABSENT,
        *,
        json: Any = ABSENT,
        qos: QoS | None = None,
        retain: bool | None = None,
        expiry_s: float | None = None,
        priority: Priority | None = None,
        content_type: str | None = None,
        user_properties: UserProperties = (),
    ) -> Receipt:
        """As ``publish``, without waiting, from any thread or callback; ``accepted()`` tells the rest.

        Raises OutboxFull at once.
        Not from a handler of ``signal.signal`` or from ``__del__``: either may interrupt another
        publish of its own thread, and would wait for it for ever. ``loop.add_signal_handler`` is safe.
        """
        row = self._publisher.row(
            topic, payload, json, qos, retain, expiry_s, priority, content_type, user_properties
        )
        gathering = self._gathering()
        if gathering is not None:
            gathering.hand_over()  # what was published before goes before
        return self._publisher.take_now([row])

    async def publish_many(
        self,
        messages: Iterable[tuple[str, Payload]],
        *,
        qos: QoS | None = None,
        retain: bool | None = None,
        expiry_s: float | None = None,
        priority: Priority | None = None,
        timeout_s: float = 30,
    ) -> Receipt:
        """Accept all of these ``(topic, payload)`` or none, in one commit; one receipt for the group.

        Its PublishFailed lists every ``(index, error)``. Raises as ``publish``.
        """
        rows = self._publisher.rows(messages, qos, retain, expiry_s, priority)
        gathering = self._gathering() if rows and rows[0].qos else None
        if gathering is not None and (taken := await gathering.publish(rows)):
            return taken
        receipt = self._publisher.take(rows) or await self._take_later(rows, timeout_s)
        return receipt if receipt.commit <= self._outbox.durable else await self._kept(receipt)

    # -- receiving ---------------------------------------------------------------------------

    def subscribe(
        self,
        *filters: str,
        qos: QoS = 1,
        share: str | None = None,
        retained: Retained = "always",
        no_local: bool = False,
    ) -> Subscription:
        """Declare an intent; begins at ``async with``, never waits for the broker.

        ``{name}`` is a named ``+``, ``{name:#}`` a named ``#``. ``share``: the group of a shared
        subscription. ``retained``: whether stored messages are wanted: always, only when the
        subscription is new to the broker, or never. ``no_local`` (MQTT 5): not our own messages.
        """
        options = HandlerOptions(qos, share, retained, no_local)
        limit = self._setup.limits.qos0_inbox
        reader = Subscription(self._running, patterns_of(filters), options, limit)
        self._reads(reader)
        return reader

    def _reads(self, reader: Reader) -> None:
        """A reader was made; only who borrows remembers."""

    def on(
        self,
        *filters: str,
        qos: QoS = 1,
        share: str | None = None,
        retained: Retained = "always",
        concurrency: int = 1,
        key: Key | None = None,
        dedupe: Key | None = None,
        retries: Retries = DEFAULT_RETRIES,
        timeout_s: float | None = None,
        expect_every_s: float | None = None,
    ) -> Callable[[F], F]:
        """Decorator: handle messages of these filters, before or after ``start``.

        A coroutine function is called on the loop of the client, any other on threads of its own, which
        ``holdfast.sync.over(client)`` gives a way back. Checked when registered: ConfigurationError.
        Any thread may register while the client runs, and waits until it has begun on the client's loop;
        another loop is refused with a coroutine function, which would not run there.

        A message is acknowledged when its handler has returned. ``raise Reject("why")`` makes it a dead
        letter, which is acknowledged then; ``raise Retry(delay_s=...)``, or any other error, has it handled
        again as ``retries`` says, and made a dead letter in the end. Whatever raises is told as an event.

        ``concurrency``: so many messages at once. Without a ``key``, 1 keeps them all in order, and one that
        is handled again keeps its place; more keep none. ``key``: ``"{capture}"``, ``"$.json.path"``,
        ``"@property.name"`` or a function of the message; those of one key keep their order, and one that is
        handled again holds up no others. ``timeout_s`` (coroutine functions only): the longest one attempt
        may take.

        ``dedupe``: a key likewise; a message with the key of one that this handler has handled is
        acknowledged, and not handled again (the newest 10,000 keys are known). ``expect_every_s``: where
        nothing comes on a topic for so long, while the link is up, the event ``SourceSilent`` says so.
        """
        router = Router()
        add = router.on(
            *filters,
            qos=qos,
            share=share,
            retained=retained,
            concurrency=concurrency,
            key=key,
            dedupe=dedupe,
            retries=retries,
            timeout_s=timeout_s,
            expect_every_s=expect_every_s,
        )

        def register(function: F) -> F:
            add(function)
            self._add(router.handlers.pop())
            return function

        return register

    def include(self, router: Router) -> None:
        """Add the handlers of a router."""
        for handler in router.handlers:
            self._add(handler)

    def _add(self, handler: Handler) -> None:
        core = self._core
        if core is None:
            return self._take_on(handler)
        from holdfast.client.registering import on_loop  # for those who come while it runs

        return on_loop(core.loop, handler, partial(self._take_on, handler))

    def _take_on(self, handler: Handler) -> None:
        for filter in handler.filters:
            if filter in self._registered:
                check_agreement(filter, [self._registered[filter]], handler.options)
        if self._core is not None:
            self._core.consumers.add_handler(handler)
        self._router.handlers.append(handler)
        self._registered.update(dict.fromkeys(handler.filters, handler.options))

    def _forget(self, handler: Handler) -> None:
        """Begin it no more."""
        self._router.handlers = [one for one in self._router.handlers if one is not handler]

    async def unsubscribe(self, *filters: str) -> None:
        """Forget filters that an older version left in the broker's session; waits for the answer.

        Raises Stopped.
        """
        names = [pattern.filter for pattern in map(Pattern, filters)]
        core = self._running()
        await core.hop(self._unsubscribe(core, names))

    async def _unsubscribe(self, core: Core, names: list[str]) -> None:
        for name in names:
            self._intents.forget(name)
        core.consumers.unsubscribe(names)
        await self._state.changed.wait_until(
            lambda: core.ended is not None or core.consumers.unsubscribing.keys().isdisjoint(names), None
        )
        if core.ended is not None:
            raise Stopped(core.ended)

    # -- looking -----------------------------------------------------------------------------

    @property
    def client_id(self) -> str:
        """The name the broker knows this client by; a made-up one where none was given.

        Empty before the first ``start`` where the outbox file makes one.
        """
        return self._setup.client_id

    @property
    def status(self) -> Status:
        """The state of the link."""
        return self._state.status

    def snapshot(self) -> Snapshot:
        """Everything health, metrics and dashboards know, as one value. Any thread."""
        state, core, now = self._state, self._core, self._clock.now()
        verdict, terms = state.verdict, state.terms  # read once: the client's thread goes on meanwhile
        dispatcher = core.dispatcher if core else None
        last_in = core.engine.last_in if core else None
        last_out = core.engine.last_out if core else None
        return Snapshot(
            status=state.status,
            cause=verdict.cause if verdict else None,
            hint=str(verdict) if verdict else None,
            broker=state.target.broker,
            version=VERSIONS[terms.version] if terms else None,
            connected_since=state.connected_since,
            attempts=state.attempts,
            last_attempt_at=state.last_attempt_at,
            breaker=state.breaker,
            ledger=self._outbox.ledger(),
            connections=state.connections,
            disconnections=dict(state.disconnections),
            reconnections=max(0, state.connections - 1),
            session_losses=state.sessions_lost,
            outbox_error=None if state.outbox_error is None else str(state.outbox_error),
            received=self._received + (dispatcher.received if dispatcher else 0),
            handled=self._handled + (core.engine.handled if core else 0),
            errors=state.errors,
            dead=state.dead_letters.count,
            held=0 if self._outbox.intake is None else self._outbox.intake.count(),
            head_of_line_s=0.0 if core is None else core.line.age_s,
            given_up=dict(state.given_up),
            parked=self._outbox.parked,
            dropped_inbound=self._dropped + (core.dropped_inbound if core else 0),
            refused=self._intents.refused_filters,
            silent=core.sources.silent if core else 0,
            silent_topics=core.sources.named if core else (),
            repeats=state.repeats,
            last_in_s=None if last_in is None else now - last_in,
            last_out_s=None if last_out is None else now - last_out,
            probe=state.probe.status,
            round_trip_s=state.probe.round_trip_s,
            round_trips=dict(state.probe.round_trips),
        )

    @property
    def dead_letters(self) -> tuple[MessageDead, ...]:
        """The newest messages that their handlers gave up, up to a hundred, oldest first. Any thread."""
        return self._state.dead_letters.newest

    def events(self) -> AsyncIterator[Event]:
        """Typed events from this call on; bounded, an overrun is itself an event."""
        return self._state.bus.read()


def _gone(core: Core, also: Callable[[], None]) -> None:
    from holdfast.client.forsaken import forsake  # for those who need it

    forsake(core, also)
