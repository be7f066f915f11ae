"""Drives one session over one link after another: bytes, time and batches in, batches out.

The engine stands behind a port that takes and gives batches, so that it does not matter on
whose thread it runs. One turn of the event loop is one batch each way: rows to send and
acknowledgements in; deliveries, endings and events out; one write to the transport.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol, TypeVar

from holdfast.client.connection import Connection
from holdfast.client.options import Limits
from holdfast.client.pressure import Pressure
from holdfast.client.reading import Reading
from holdfast.client.refusals import judge
from holdfast.clock import Clock
from holdfast.messages import Outgoing
from holdfast.outbox import Outbox
from holdfast.protocol import (
    Announced,
    Challenge,
    Closed,
    ConnectRequest,
    Delivery,
    Intent,
    LinkState,
    Opened,
    Record,
    Refused,
    ReleaseAsked,
    Session,
    SessionEvent,
    Settled,
    Terms,
)
from holdfast.protocol.refusals import of_unsent
from holdfast.transport import Link

T = TypeVar("T")

FELL_SILENT = (0x8D, 0x83)

SWEEP_S = 1.0
"""How often the outbox is looked through for what is too old, or due again, at least."""


class Outlet(Protocol):
    """Who is told what came of the batches."""

    def batch(self, deliveries: list[Delivery], records: list[Record], events: list[SessionEvent]) -> None:
        """One batch; any list may be empty."""


class Inlet:
    """What waits to be given to the engine at its next turn."""

    __slots__ = ("acks", "completed", "wishes")

    def __init__(self) -> None:
        self.acks: list[Delivery] = []
        self.completed: list[ReleaseAsked] = []
        self.wishes: list[Intent | str] = []  # a filter is one to give up; their order counts


class Engine:
    """The owner of a session; everything here happens on the loop it was made on."""

    def __init__(
        self, session: Session, outbox: Outbox, clock: Clock, outlet: Outlet, limits: Limits
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._outbox = outbox
        self._clock = clock
        self._outlet = outlet
        self._session = session
        self._connection: Connection | None = None
        self._inlet = Inlet()
        self.woken = False
        self._pumping = False
        self._light = True
        self._timer: asyncio.TimerHandle | None = None
        self._commits: list[tuple[int, int]] = []
        self.on_commit: Callable[[], None] = _nothing
        self.on_durable: Callable[[], None] = _nothing
        """As ``on_commit``, at once, on the thread that committed."""
        self.gather: Callable[[], int] = _none
        self.limit: Callable[[int], int] = _all
        self._reading = Reading(limits.coalesce_s, self._switch)
        self.pressure = Pressure(limits.inbox_bytes, _most_unhandled(limits), self._read)
        self.terms: Terms | None = None
        self._handled = 0
        self.last_in: float | None = None
        self.last_out: float | None = None
        outbox.on_durable = self._commit_happened
        self._sweeper: asyncio.Handle = self._loop.call_soon(self._sweep)

    # -- the port in -------------------------------------------------------------------------

    def wake(self) -> None:
        """There is something to send; looked at once per turn of the loop."""
        if not self.woken:
            self.woken = True
            self._loop.call_soon(self._turn)

    def accepted(self) -> None:
        """A row was accepted, on any thread: in light traffic it goes at once, else with others of its turn.

        Raises RuntimeError when the loop was closed under its owner.
        """
        if self.woken:  # it will look once more: what was accepted just now is seen
            return
        if asyncio._get_running_loop() is not self._loop:
            self.nudge()
            return
        self.wake()
        if self._light:
            self.gather()
            self._pump()

    def gathered(self) -> None:
        """A call to publish waits to be handed over; as with a row."""
        self.accepted()

    def nudge(self) -> None:
        """As ``wake``, from another thread; the border is crossed once until the engine looks."""
        self.woken = True
        try:
            self._loop.call_soon_threadsafe(self._turn)
        except BaseException:  # Ctrl-C in between is one: the next one wakes it
            self.woken = False
            raise

    def ack(self, delivery: Delivery) -> None:
        """This message was handled."""
        self._inlet.acks.append(delivery)
        if not self.woken:
            self.wake()

    def complete(self, asked: ReleaseAsked) -> None:
        """Whoever remembered these identifiers has forgotten them."""
        self._inlet.completed.append(asked)
        self.wake()

    def given(self, inlet: Inlet) -> None:
        """What another thread gathered for this turn."""
        self._use(inlet)
        self._pump()

    @property
    def handled(self) -> int:
        """Messages acknowledged by their consumers, those of the next turn included."""
        return self._handled + len(self._inlet.acks)

    @property
    def reading(self) -> bool:
        """Whether the link is read: handlers keep up."""
        return self.pressure.reading

    @property
    def in_flight(self) -> int:
        """How many rows the session has, sent or about to be."""
        return len(self._session.unended())

    @property
    def dropped(self) -> int:
        """QoS 0 messages for which there was no room."""
        return self.pressure.dropped

    def subscribe(self, intents: Iterable[Intent]) -> None:
        """Want these subscriptions."""
        self._inlet.wishes.extend(intents)
        self.wake()

    def unsubscribe(self, filters: Iterable[str]) -> None:
        """Want these subscriptions no more."""
        self._inlet.wishes.extend(filters)
        self.wake()

    def authenticate(self, step: Callable[[Session, float], T]) -> T:
        """One step of our authentication, and what follows from it."""
        proving = self._session.link is LinkState.PROVING
        result = step(self._session, self._clock.now())
        if proving:
            self._read(True)  # before the pump: handlers that are behind may switch it off again
        self._pump()
        return result

    # -- the connection ----------------------------------------------------------------------

    def connect(self, connection: Connection, link: Link, request: ConnectRequest) -> None:
        """A link is open: begin MQTT on it."""
        connection.link = link
        if connection.ended.done():
            return  # the peer hung up at once
        self._connection = connection
        self.pressure.begin()
        self._reading.begin()
        self._session.connect(request, self._clock.now())
        self._pump()

    def farewell(self, payload: bytes) -> None:
        """Say that we go (contract 22); ``said`` of the connection tells of the broker's answer."""
        self._session.farewell(payload, self._clock.now())
        self._pump()

    @property
    def suspects(self) -> bool:
        """Whether a message is suspected of ending the link."""
        return self._session.suspects

    def disconnect(self, session_expiry_s: int | None) -> None:
        """Say DISCONNECT, behind what was handed over, and close."""
        self._take_in()
        self._session.disconnect(self._clock.now(), session_expiry_s=session_expiry_s)
        self._pump()
        if self._connection is not None:
            self._connection.close()

    def close(self, gone: Sequence[str] = ()) -> None:
        """Drive this session no more; the next run does not want these subscriptions."""
        if self._connection is not None:  # whoever owns it did not end in time, and must not end the next one
            self._connection.abort()
        if self._timer is not None:
            self._timer.cancel()
        self._sweeper.cancel()
        self._take_in()
        self.pressure.end()
        self._reading.end()
        self._session.unsubscribe(gone, self._clock.now())
        self._session.abandon()
        self._outbox.on_durable = _nothing

    def received(self, connection: Connection, data: bytes) -> None:
        """Bytes came in on this connection."""
        self.last_in = now = self._clock.now()
        self._session.receive(data, now)
        self._pump()
        self.pressure.received()
        self._reading.received(now, len(data))

    def lost(self, connection: Connection) -> None:
        """The link of this connection is gone."""
        if self._connection is connection:
            self._connection = None
            self.terms = None
            self._outbox.draining = False
            self.pressure.end()
            self._reading.end()
            self._session.lost(self._clock.now())
            self._pump()

    # -- turns -------------------------------------------------------------------------------

    def _turn(self) -> None:
        self.woken = False
        self._take_in()
        self._pump()

    def _take_in(self) -> None:
        gathered = self.gather()
        if gathered:
            self._light = gathered == 1
        inlet, self._inlet = self._inlet, Inlet()
        self._use(inlet)

    def _use(self, inlet: Inlet) -> None:
        now = self._clock.now()
        if inlet.acks:
            self._handled += len(inlet.acks)
            self._session.ack(inlet.acks, now)
            self.pressure.less(inlet.acks)
        for asked in inlet.completed:
            self._session.complete(asked, now)
        for wish in inlet.wishes:
            if isinstance(wish, str):
                self._session.unsubscribe([wish], now)
            else:
                self._session.subscribe([wish], now)
        if inlet.wishes and self.terms is not None:
            self._watch()  # the first shared one sets the canary its time

    def _pump(self) -> None:
        """Until nothing moves: rows in, output out, bytes away (the driver's rule of the session)."""
        if self._pumping:  # a handler of the outlet came back to us: the loop below will see it
            self.wake()
            return
        self._pumping = True
        try:
            while self._step():
                pass
        finally:
            self._pumping = False
        self._outbox.begin()

    def _step(self) -> bool:
        session, connection = self._session, self._connection
        now = self._clock.now()
        writing = connection is not None and connection.can_write
        if writing and session.ready:
            rows = self._outbox.take(self.limit(session.room()))
            if rows:
                self._light = len(rows) == 1
                session.publish(rows, now)
        output = session.take()
        if output:
            records = judge(output.records, now)
            self._write_down(records, output.serial)
            self._outbox.begin()
            self._tell(output.deliveries, records, output.events)
        if not writing or connection is None or connection.link is None:
            return bool(output)
        data = session.send(now)
        if data:
            self.last_out = now
            connection.link.write(data)
        return bool(output or data)

    def _write_down(self, records: list[Record], serial: int) -> None:
        commit = self._outbox.write(records)
        if commit <= self._outbox.durable and not self._commits:
            self._session.committed(serial)
        else:
            self._commits.append((commit, serial))

    def _commit_happened(self) -> None:
        self.on_durable()
        with suppress(RuntimeError):  # the loop was closed under the client: nobody waits any more
            self._loop.call_soon_threadsafe(self._durable)

    def orphaned(self, committed: Callable[[], None]) -> None:
        """The loop has ended under it: who waits for a commit is told here, on another one, from now on."""
        here = asyncio.get_running_loop()

        def happened() -> None:
            self.on_durable()
            with suppress(RuntimeError):
                here.call_soon_threadsafe(committed)

        self._outbox.on_durable = happened
        self._outbox.begin()
        committed()

    def _durable(self) -> None:
        while self._commits and self._commits[0][0] <= self._outbox.durable:
            self._session.committed(self._commits.pop(0)[1])
        self.on_commit()
        self.wake()  # behind those it woke: their next commit begins before the bytes of this one are made

    def _tell(self, deliveries: list[Delivery], records: list[Record], events: list[SessionEvent]) -> None:
        if deliveries:
            deliveries = self.pressure.more(deliveries)
        if events:
            self._follow(events)
        connection = self._connection
        if connection is not None and not connection.worked:
            connection.worked = bool(deliveries) or any(_is_acknowledged(one) for one in records)
        self._outlet.batch(deliveries, records, events)
        if deliveries:  # behind the handlers woken just now: what they finish leaves in the same turn
            self.wake()

    def _follow(self, events: list[SessionEvent]) -> None:
        """What the owner of the connection must know."""
        connection = self._connection
        for event in events:
            if connection is None:
                return
            if isinstance(event, Opened):
                self.terms = terms = event.terms
                self._outbox.draining = True
                self._outbox.unpark(partial(_fits, terms))
                connection.answered(event)
                self._watch()
            elif isinstance(event, Refused):
                connection.answered(event)
                connection.close()
            elif isinstance(event, Announced) and event.last:
                connection.said.set_result(None)
            elif isinstance(event, Challenge) and self._session.link is LinkState.PROVING:
                self._read(False)  # what a broker sends that has yet to prove itself stays with it
            elif isinstance(event, Closed):
                connection.closed = event
                self._loop.call_soon(self._close, connection, event)

    def _close(self, connection: Connection, closed: Closed) -> None:
        """After this turn's bytes, a DISCONNECT among them, were handed over."""
        if closed.by_us and closed.reason in FELL_SILENT:
            connection.abort(closed)  # a dead peer takes no farewell
        else:
            connection.close(closed)

    def _read(self, wanted: bool) -> None:
        self._session.listening(wanted, self._clock.now())
        self._reading.want(wanted)

    def _switch(self, on: bool) -> None:
        if self._connection is not None and self._connection.link is not None:
            self._connection.link.read(on)

    # -- time --------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Look again when the session has something to do; its deadline moves away, but for wishes."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self._session.deadline()
        if deadline is not None:
            delay = max(0.0, deadline - self._clock.now())
            self._timer = self._loop.call_later(delay, self._tick)

    def _sweep(self) -> None:
        """Look through the outbox, and see whether there is more to send then."""
        now = self._clock.now()
        again = self._outbox.sweep(now)
        delay = SWEEP_S if again is None else max(0.0, min(SWEEP_S, again - now))
        self._sweeper = self._loop.call_later(delay, self._sweep)
        self._pump()

    def _tick(self) -> None:
        self._session.tick(self._clock.now())
        self._pump()
        self._watch()


def _most_unhandled(limits: Limits) -> int:
    """Messages: what may be unacknowledged, and half of what the inbox of one handler holds of QoS 0."""
    return limits.receive_maximum + limits.qos0_inbox // 2


def _is_acknowledged(record: Record) -> bool:
    """Whether the broker acknowledged messages of ours; that they are sent, or too old, proves nothing."""
    return isinstance(record, Settled) and record.ending == "acknowledged"


def _fits(terms: Terms, row: Outgoing) -> bool:
    return of_unsent(row, terms) is None


def _nothing() -> None:
    """Nobody waits for commits."""


def _none() -> int:
    """Nothing is gathered."""
    return 0


def _all(room: int) -> int:
    """Nobody takes precedence."""
    return room
