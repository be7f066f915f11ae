"""The client for threads: every wait blocks the thread that asks, and no other."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from holdfast.client import Authenticator, Compression, Event, Limits, Outbox, Rule, Snapshot, Status, Will
from holdfast.client import Client as Awaited
from holdfast.client import Receipt as Taken
from holdfast.client.client import DEFAULT_LIMITS, Retained
from holdfast.client.content import ABSENT, Absent
from holdfast.client.events import MessageDead
from holdfast.client.interrupts import carried
from holdfast.client.setup import StrPath
from holdfast.errors import ConfigurationError, Undelivered
from holdfast.handling import DEFAULT_RETRIES, HandlerOptions, Key, Retries, Router, is_coroutine, patterns_of
from holdfast.messages import Outgoing, Payload, Priority, QoS, UserProperties
from holdfast.outbox import Ledger
from holdfast.resilience import Reconnect
from holdfast.sync.ending import end
from holdfast.sync.events import Events
from holdfast.sync.home import Home, Own, Theirs, begin, call, check
from holdfast.sync.receipt import Receipt
from holdfast.sync.subscription import Subscription
from holdfast.transport import TLS

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

log = logging.getLogger("holdfast")


class Client:
    """One MQTT connection, kept.

    The constructor does no I/O and needs no event loop; it raises ConfigurationError.
    Nothing that begins waits for the broker (``with``, ``start``, ``subscribe``,
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
        if isolated is False:
            raise ConfigurationError(
                "isolated=False: the blocking client has its loop on a thread of its own",
                hint="leave it out; holdfast.Client shares the loop it is started on",
            )
        client = Awaited(
            url,
            client_id=client_id,
            username=username,
            password=password,
            password_file=password_file,
            authentication=authentication,
            tls=tls,
            proxy=proxy,
            version=version,
            session_expiry_s=session_expiry_s,
            will=will,
            outbox=outbox,
            rules=rules,
            keepalive_s=keepalive_s,
            probe_s=probe_s,
            reconnect=reconnect,
            limits=limits,
            drain_s=drain_s,
            compression=compression,
        )
        self._attach(client, Own(client))

    def _attach(self, client: Awaited, home: Home) -> None:
        self._client = client
        self._home = home

    # -- from start to stop ------------------------------------------------------------------

    def __enter__(self) -> Self:
        """``start``; never waits for the broker."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """``stop``; an error on its way out is not replaced by Undelivered."""
        try:
            self.stop()
        except Undelivered as undelivered:
            if error is None:
                raise
            log.error("%s", undelivered)

    def start(self) -> None:
        """Open the outbox, begin to dial. Startable again after ``stop``; started twice, it does nothing.

        Raises OutboxError, where the file cannot be used: OutboxLocked, while another process has it;
        Stopped, while a function of yours still blocks the thread of an isolated run before.
        """
        begin(self._home, self._client)

    def stop(self, drain_s: float | None = None) -> Ledger:
        """Finish handlers, flush, say DISCONNECT; takes ``drain_s`` seconds at most.

        Accepts no more from here on. Gives the books. Raises Undelivered if messages are left
        that only memory held, OutboxError if the file did not take what was handed over. Ctrl-C
        skips the drain. While another ``stop`` is under way this one waits for its end,
        except in a handler, which that one waits for; and while a ``start`` is, for its end, ``drain_s``
        seconds at most. A handler of ``signal.signal`` should raise SystemExit, as leaving ``with``
        stops: where it comes in the middle of a publish, this raises ConfigurationError. A function of
        yours that blocks the client's thread for longer is left behind with it, and the log says so.
        """
        client = self._client
        limit_s = client._setup.drain_s if drain_s is None else drain_s
        return end(self._home, [client], lambda: client.stop(drain_s), self._stopped, limit_s)

    def _stopped(self) -> Ledger:
        self._client._withdraw()
        return self._client._outbox.ledger()

    def ready(self, timeout_s: float | None = None) -> None:
        """Wait until connected and every subscription is granted.

        Raises NotReady (with the cause) when time ran out, SubscribeRefused, Stopped.
        """
        self._call(lambda: self._client.ready(timeout_s))

    def flush(self, timeout_s: float | None = None) -> None:
        """Wait until nothing is pending any more, but what is parked for other terms.

        Raises Timeout, Stopped.
        """
        self._call(lambda: self._client.flush(timeout_s))

    def reauthenticate(self, timeout_s: float | None = None) -> None:
        """Authenticate again on the live connection, as before a token expires; messages flow on.

        Returns when the broker has accepted us and we the broker; several calls share one exchange.
        It takes ``Reconnect.attempt_timeout_s`` at most: what fails ends the connection, as the
        standard demands [MQTT-4.12.1-2], and the next one authenticates anew by itself. Raises
        AuthenticationFailed (also without a connection), Timeout, Stopped, TooLarge, and
        ConfigurationError without ``authentication=``. mosquitto ends a busy link between challenge
        and answer (contract X12); nothing is lost by that.
        """
        self._call(lambda: self._client.reauthenticate(timeout_s))

    def redial(self) -> None:
        """Try to connect now, and begin the backoff anew; any thread. Connected: nothing happens."""
        self._client.redial()

    def require_link(self) -> None:
        """Return at once while the broker can be asked, else raise LinkDown at once; any thread.

        A circuit breaker, for what must not wait out an outage: a web request, say, that needs an answer
        from MQTT. It is open from the third failed attempt in a row, from the first that only a person can
        mend, and while two probes in a row went unanswered; CONNACK closes it, or one answer to a probe.
        ``publish`` asks nobody. Raises LinkDown, Stopped.
        """
        self._client.require_link()

    def lend(self) -> Client:
        """A handle for a borrower: same verbs; its ``stop`` ends only what it subscribed.

        What it has in hand then finishes; what waits is for the next consumer of the filter, and no
        filter is given up (contract 15).
        """
        return over(self._client.lend())

    def _call(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        self._client._running()  # why it does not run, if it does not
        return call(self._home, work)

    # -- publishing --------------------------------------------------------------------------

    def publish(
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
        Interrupted while it waits for room: not accepted; after that: accepted, and the KeyboardInterrupt
        carries ``.receipt``. Raises ConfigurationError, PayloadError, Denied, TooLarge, OutboxFull,
        OutboxError, Stopped.
        """
        check(self._home)
        row = self._client._publisher.row(
            topic, payload, json, qos, retain, expiry_s, priority, content_type, user_properties
        )
        return self._take([row], timeout_s)

    def _take(self, rows: list[Outgoing], timeout_s: float) -> Receipt:
        client, taken = self._client, None
        try:
            taken = client._publisher.take(rows) or client._publisher.block_and_take(rows, timeout_s)
            if taken.commit > client._outbox.durable:
                taken._block_accepted(None)
            return Receipt(taken, self._home)
        except KeyboardInterrupt as interrupt:
            self._carry(interrupt, taken)
            raise

    def _carry(self, interrupt: KeyboardInterrupt, taken: Taken | None) -> None:
        """What was handed over by then is accepted, and the exception says so (contract 11)."""
        taken = taken or carried(interrupt)
        if taken is not None:
            interrupt.receipt = Receipt(taken, self._home)  # type: ignore[attr-defined]

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
        receipt = None
        try:
            receipt = self._client.publish_nowait(
                topic,
                payload,
                json=json,
                qos=qos,
                retain=retain,
                expiry_s=expiry_s,
                priority=priority,
                content_type=content_type,
                user_properties=user_properties,
            )
            return Receipt(receipt, self._home)
        except KeyboardInterrupt as interrupt:
            self._carry(interrupt, receipt)
            raise

    def publish_many(
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
        check(self._home)
        return self._take(self._client._publisher.rows(messages, qos, retain, expiry_s, priority), timeout_s)

    # -- receiving ---------------------------------------------------------------------------

    def subscribe(
        self,
        *filters: str,
        qos: QoS = 1,
        share: str | None = None,
        retained: Retained = "always",
        no_local: bool = False,
    ) -> Subscription:
        """Declare an intent; begins at ``with``, never waits for the broker.

        ``{name}`` is a named ``+``, ``{name:#}`` a named ``#``. ``share``: the group of a shared
        subscription. ``retained``: whether stored messages are wanted: always, only when the
        subscription is new to the broker, or never. ``no_local`` (MQTT 5): not our own messages.
        """
        client, options = self._client, HandlerOptions(qos, share, retained, no_local)
        limit = client._setup.limits.qos0_inbox
        reader = Subscription(self._home, client._running, patterns_of(filters), options, limit)
        client._reads(reader)
        return reader

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

        It is called on threads of its own; a coroutine function is refused. Checked when registered:
        ConfigurationError.

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
        register = self._client.on(
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

        def registered(function: F) -> F:
            _check_plain(function)
            return self._on_loop(lambda: register(function))

        return registered

    def include(self, router: Router) -> None:
        """Add the handlers of a router."""
        for handler in router.handlers:
            _check_plain(handler.function)
        self._on_loop(lambda: self._client.include(router))

    def _on_loop(self, work: Callable[[], T]) -> T:
        """On the loop while there is one: handlers begin there."""

        async def working() -> T:
            return work()

        return work() if self._home.loop is None else call(self._home, working)

    def unsubscribe(self, *filters: str) -> None:
        """Forget filters that an older version left in the broker's session; waits for the answer.

        Raises Stopped.
        """
        self._call(lambda: self._client.unsubscribe(*filters))

    # -- looking -----------------------------------------------------------------------------

    @property
    def client_id(self) -> str:
        """The name the broker knows this client by; a made-up one where none was given.

        Empty before the first ``start`` where the outbox file makes one.
        """
        return self._client.client_id

    @property
    def status(self) -> Status:
        """The state of the link."""
        return self._client.status

    def snapshot(self) -> Snapshot:
        """Everything health, metrics and dashboards know, as one value. Any thread."""
        return self._client.snapshot()

    @property
    def dead_letters(self) -> tuple[MessageDead, ...]:
        """The newest messages that their handlers gave up, up to a hundred, oldest first. Any thread."""
        return self._client.dead_letters

    def events(self) -> Iterator[Event]:
        """Typed events from this call on; bounded, an overrun is itself an event."""
        return Events(self._client._state.bus, self._home)


def over(client: Awaited) -> Client:
    """A blocking handle on a running asyncio client, for threads and for handlers that are plain functions.

    Its verbs are the client's: ``stop`` stops it. On the client's own loop they are refused
    (ConfigurationError), as they would wait for themselves.
    """
    handle = Client.__new__(Client)
    handle._attach(client, Theirs(client))
    return handle


def _check_plain(function: Callable[..., Any]) -> None:
    if is_coroutine(function):
        name = getattr(function, "__qualname__", function)
        raise ConfigurationError(f"{name} is a coroutine function", hint="write def: it runs on a thread")
