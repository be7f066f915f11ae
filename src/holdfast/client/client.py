"""The client: one MQTT connection, kept."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from holdfast.client.authenticator import Authenticator
from holdfast.client.clock import SystemClock
from holdfast.client.core import Core
from holdfast.client.events import Event
from holdfast.client.intents import Intents, check_agreement
from holdfast.client.options import Limits, Will
from holdfast.client.publisher import ABSENT, Absent, Publisher
from holdfast.client.receipts import Receipt, Receipts
from holdfast.client.setup import Setup, StrPath, check
from holdfast.client.shutdown import shut_down
from holdfast.client.state import VERSIONS, State
from holdfast.client.status import Snapshot, Status
from holdfast.client.subscription import Subscription
from holdfast.errors import ConfigurationError, Stopped, Timeout, Undelivered
from holdfast.handling import Handler, HandlerOptions, Router, patterns_of
from holdfast.messages import Outgoing, Payload, QoS, UserProperties
from holdfast.outbox import Ledger, MemoryOutbox
from holdfast.protocol import Session
from holdfast.resilience import Reconnect, VersionChoice
from holdfast.topics import Pattern
from holdfast.transport import TLS

F = TypeVar("F", bound=Callable[..., Awaitable[Any]])
Retained = Literal["always", "new", "never"]

log = logging.getLogger("holdfast")

DEFAULT_LIMITS = Limits()


class Client:
    """One MQTT connection, kept.

    The constructor does no I/O and needs no event loop; it raises ConfigurationError.
    Nothing that begins waits for the broker (``async with``, ``start``, ``subscribe``,
    ``publish``); what waits says so (``ready``, ``flush``, ``acknowledged``).
    """

    def __init__(
        self,
        url: str = "mqtt://localhost",
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
        keepalive_s: float = 60,
        reconnect: Reconnect | Literal["lan", "wan"] = "wan",
        limits: Limits = DEFAULT_LIMITS,
        drain_s: float = 5,
    ) -> None:
        """Describe the connection.

        ``url``: ``mqtt://host[:1883]``, ``mqtts://host[:8883]``, ``ws://host[:80][/mqtt]``,
        ``wss://host[:443][/mqtt]`` (both need ``holdfast[ws]``) or ``unix:///path``;
        ``user:password@`` allowed.
        ``client_id``: stable for a kept session; None: a random one, with a clean session.
        ``password`` (or a function) and ``password_file`` are read at every attempt.
        ``authentication`` makes a fresh ``Authenticator`` for every attempt (MQTT 5 §4.12); with
        it ``version`` None is 5 alone, because 3.1.1 would connect without it.
        ``tls``: None takes the system's CAs for ``mqtts`` and ``wss``.
        ``proxy``: ``http://[user:password@]host:port`` or ``socks5://...`` (``holdfast[proxy]``);
        it resolves the broker's name. None: no proxy, whatever the environment says.
        ``version``: None tries MQTT 5 first, then 3.1.1.
        ``session_expiry_s``: how long the broker keeps our session without us; None: 86,400
        with a stable client id (3,600 when it only publishes), 0 with a random one; 0 is a
        clean session. ``keepalive_s``: 0 to 65,535; a dead link is noticed within 1.5 times
        that; 0 switches it off. ``drain_s``: the longest a ``stop`` may take.
        """
        self._setup: Setup = check(
            url, client_id, username, password, password_file, tls, proxy, version, session_expiry_s,
            will, keepalive_s, reconnect, limits, drain_s, authentication,
        )  # fmt: skip
        self._clock = SystemClock()
        self._router = Router()
        self._registered: dict[str, HandlerOptions] = {}
        self._outbox = MemoryOutbox(self._clock, qos0_messages=limits.qos0_outbox)
        self._session = Session(limits.inflight, self._outbox.restore())
        self._receipts = Receipts()
        self._intents = Intents()
        self._versions = VersionChoice(self._setup.version)
        self._state = State(self._setup.place)
        self._publisher = Publisher(self._outbox, self._receipts, self._clock, self._state.changed)
        self._core: Core | None = None
        self._ending: Core | None = None
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
        """Begin to dial. Startable again after ``stop``; started twice, it does nothing."""
        if self._ending is not None:
            await self._ending.closed.wait()
        if self._core is not None:
            return
        self._state.draining = False
        self._core = core = Core(
            self._setup, self._session, self._outbox, self._publisher, self._receipts,
            self._intents, self._state, self._clock, self._versions,
        )  # fmt: skip
        self._outbox.on_ended = core.telling.given_up.ended
        self._receipts.start()
        self._publisher.wake = self._wake
        self._publisher.stopped = None
        for handler in self._router.handlers:
            core.consumers.add_handler(handler)

    async def stop(self, drain_s: float | None = None) -> Ledger:
        """Finish handlers, flush, say DISCONNECT; takes ``drain_s`` seconds at most.

        Accepts no more from here on. Gives the books. Raises Undelivered if messages are left
        that only memory held. A second cancellation skips the drain. While another ``stop`` is
        under way this one waits for its end, except in a handler, which that one waits for.
        """
        run = self._core or self._ending
        return await (run.hop(self._stop(drain_s)) if run else self._stop(drain_s))

    async def _stop(self, drain_s: float | None) -> Ledger:
        core, self._core = self._core, None
        if core is not None:
            self._ending = core
            try:
                await shut_down(core, self._setup.drain_s if drain_s is None else drain_s)
            finally:
                await self._end(core)
        elif self._ending is not None and not self._ending.consumers.works_in(asyncio.current_task()):
            await self._ending.closed.wait()
        ledger = self._outbox.ledger()
        if core is not None and ledger.pending:
            raise Undelivered(
                f"stopped with {ledger.pending} messages that only memory held",
                pending=ledger.pending,
                hint=f"the link: {self._state.reason}"
                if self._state.verdict
                else "give stop() a longer drain_s",
            )
        return ledger

    async def _end(self, core: Core) -> None:
        try:
            await core.close()
        finally:
            self._publisher.close("the client was stopped")
            self._book(core)
            self._receipts.stop()
            self._state.set(Status.DISCONNECTED)
            self._state.bus.close()
            self._ending = None

    def _book(self, core: Core) -> None:
        self._received += core.dispatcher.received
        self._handled += core.engine.handled
        self._dropped += core.dropped_inbound

    async def ready(self, timeout_s: float | None = None) -> None:
        """Wait until connected and every subscription is granted.

        Raises NotReady (with the cause) when time ran out, SubscribeRefused, Stopped.
        """
        core = self._running()
        await core.hop(core.granted(None, timeout_s))

    async def flush(self, timeout_s: float | None = None) -> None:
        """Wait until nothing is pending any more. Raises Timeout, Stopped."""
        core = self._running()
        await core.hop(self._flush(core, timeout_s))

    async def _flush(self, core: Core, timeout_s: float | None) -> None:
        outbox, state = self._outbox, self._state
        done = await state.changed.wait_until(lambda: not outbox.pending or core.ended is not None, timeout_s)
        if outbox.pending and core.ended is not None:
            raise Stopped(f"{outbox.pending} messages are pending: {core.ended}")
        if not done:
            raise Timeout(f"{outbox.pending} messages are still pending after {timeout_s} s")

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
        core.loop.call_soon_threadsafe(core.supervisor.redial)

    def _running(self) -> Core:
        if self._core is None:
            raise Stopped(f"not running: {self._publisher.stopped}")
        return self._core

    def _wake(self) -> None:
        core = self._core
        if core is None or core.engine.woken:  # it will look once more: what was accepted just now is seen
            return
        if asyncio._get_running_loop() is core.loop:
            core.engine.accepted()
        else:
            with suppress(RuntimeError):  # its loop was closed under it: accepted all the same
                core.loop.call_soon_threadsafe(core.engine.wake)

    # -- publishing --------------------------------------------------------------------------

    async def publish(
        self,
        topic: str,
        payload: Payload | Absent = ABSENT,
        *,
        json: Any = ABSENT,
        qos: QoS = 1,
        retain: bool = False,
        expiry_s: float | None = None,
        content_type: str | None = None,
        user_properties: UserProperties = (),
        timeout_s: float = 30,
    ) -> Receipt:
        """Accept one message: it is in the outbox when this returns.

        ``payload``: bytes, or str as UTF-8; ``json`` instead: any value JSON can hold.
        ``expiry_s``: not sent any more, and not delivered by an MQTT 5 broker, after so long.
        ``timeout_s``: the longest wait for room in the outbox. Raises ConfigurationError,
        PayloadError, TooLarge, OutboxFull, Stopped.
        """
        row = self._publisher.row(topic, payload, json, qos, retain, expiry_s, content_type, user_properties)
        return self._publisher.take([row]) or await self._take_later([row], timeout_s)

    async def _take_later(self, rows: list[Outgoing], timeout_s: float) -> Receipt:
        return await self._running().hop(self._publisher.wait_and_take(rows, timeout_s))

    def publish_nowait(
        self,
        topic: str,
        payload: Payload | Absent = ABSENT,
        *,
        json: Any = ABSENT,
        qos: QoS = 1,
        retain: bool = False,
        expiry_s: float | None = None,
        content_type: str | None = None,
        user_properties: UserProperties = (),
    ) -> Receipt:
        """As ``publish``, without waiting, from any thread or callback. Raises OutboxFull at once.

        Not from a handler of ``signal.signal`` or from ``__del__``: either may interrupt another
        publish of its own thread, and would wait for it for ever. ``loop.add_signal_handler`` is safe.
        """
        row = self._publisher.row(topic, payload, json, qos, retain, expiry_s, content_type, user_properties)
        return self._publisher.take_now([row])

    async def publish_many(
        self,
        messages: Iterable[tuple[str, Payload]],
        *,
        qos: QoS = 1,
        retain: bool = False,
        expiry_s: float | None = None,
        timeout_s: float = 30,
    ) -> Receipt:
        """Accept all of these ``(topic, payload)`` or none; one receipt for the group.

        Its PublishFailed lists every ``(index, error)``. Raises as ``publish``.
        """
        rows = self._publisher.rows(messages, qos, retain, expiry_s)
        return self._publisher.take(rows) or await self._take_later(rows, timeout_s)

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
        return Subscription(self._running, patterns_of(filters), options, self._setup.limits.qos0_inbox)

    def on(
        self, *filters: str, qos: QoS = 1, share: str | None = None, retained: Retained = "always"
    ) -> Callable[[F], F]:
        """Decorator: handle messages of these filters, before or after ``start``.

        A message is acknowledged when its handler has returned. A handler that raises is
        logged, counted and told as an event, and the message is acknowledged all the same.
        Checked when registered: ConfigurationError.
        """
        router = Router()
        add = router.on(*filters, qos=qos, share=share, retained=retained)

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
        for filter in handler.filters:
            if filter in self._registered:
                check_agreement(filter, [self._registered[filter]], handler.options)
        if self._core is not None:
            self._core.consumers.add_handler(handler)
        self._router.handlers.append(handler)
        self._registered.update(dict.fromkeys(handler.filters, handler.options))

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
        """The name the broker knows this client by; a made-up one where none was given."""
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
            broker=str(self._setup.address),
            version=VERSIONS[terms.version] if terms else None,
            connected_since=state.connected_since,
            attempts=state.attempts,
            last_attempt_at=state.last_attempt_at,
            ledger=self._outbox.ledger(),
            connections=state.connections,
            disconnections=dict(state.disconnections),
            reconnections=max(0, state.connections - 1),
            received=self._received + (dispatcher.received if dispatcher else 0),
            handled=self._handled + (core.engine.handled if core else 0),
            errors=state.errors,
            given_up=dict(state.given_up),
            dropped_inbound=self._dropped + (core.dropped_inbound if core else 0),
            last_in_s=None if last_in is None else now - last_in,
            last_out_s=None if last_out is None else now - last_out,
        )

    def events(self) -> AsyncIterator[Event]:
        """Typed events from this call on; bounded, an overrun is itself an event."""
        return self._state.bus.read()
