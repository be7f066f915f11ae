"""One life of the client process: the driver of ``holdfast.protocol.session``, as its page says.

Around every persist, every send and every callback stands a border, where the process may be
killed; what it knew is gone then, and the next process starts from the disk.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from holdfast.messages import Outgoing
from holdfast.protocol import (
    Closed,
    ConnectRequest,
    Delivery,
    Intent,
    LinkState,
    NotGranted,
    Opened,
    Output,
    Session,
    SessionEvent,
)
from holdfast.testing.simulator.network import Link as NetworkLink
from holdfast.testing.simulator.scenario import CLIENT_ID
from holdfast.testing.simulator.schedule import Owner
from holdfast.testing.simulator.tap import Tap
from holdfast.testing.simulator.writer import Writer

if TYPE_CHECKING:
    from holdfast.testing.simulator.world import World

CONNECT_TIMEOUT_S = 2.0


class Killed(Exception):  # noqa: N818  # a fate, not an error
    """The process dies here."""


class Process(Owner):
    """A session, its writer, its handlers and its link."""

    __slots__ = (
        "_leaving",
        "_pumping",
        "_tick_at",
        "_unread",
        "backlog",
        "inherited",
        "link",
        "running",
        "serial",
        "session",
        "tap",
        "woke",
        "world",
        "writer",
    )

    def __init__(self, world: World, serial: int) -> None:
        super().__init__()
        self.world = world
        self.serial = serial
        self.session = Session(world.scenario.inflight, world.disk.restored())
        self.backlog: deque[Outgoing] = deque(world.disk.backlog())
        self.writer = Writer(
            world.schedule, world.rng, world.disk, self, world.scenario.commit_s, self._committed
        )
        self.link: NetworkLink | None = None
        self.tap: Tap | None = None
        self.running: list[Delivery] = []
        self.woke = 0.0
        self.inherited = world.disk.accepted
        self._tick_at: float | None = None
        self._leaving = False
        self._pumping = False
        self._unread: list[bytes] | None = None

    # -- the connection ------------------------------------------------------------------------

    def start(self) -> None:
        """Want what the application wants, and dial."""
        self.session.subscribe(list(self.world.wanted_intents()), self.world.now)
        self.dial()

    def dial(self) -> None:
        """Open a link, or try again later."""
        if self.link is not None:
            return
        self.link = self.world.open_link(self)
        if self.link is None:
            self._dial_later()
            return
        request = self._request()
        self.tap = Tap(self.world, self, request)
        self.session.connect(request, self.world.now)
        self.world.schedule.after(CONNECT_TIMEOUT_S, self, self._too_slow, self.link)
        self.pump()

    def _request(self) -> ConnectRequest:
        scenario = self.world.scenario
        return ConnectRequest(
            client_id=CLIENT_ID,
            version=scenario.version,
            session_expiry_s=scenario.session_expiry_s,
            keepalive_s=scenario.keepalive_s,
            receive_maximum=scenario.receive_maximum,
            max_packet_bytes=scenario.max_packet_bytes,
            topic_alias_maximum=scenario.topic_alias_maximum,
        )

    def _dial_later(self) -> None:
        self.world.schedule.after(self.world.rng.random() * self.world.redial_s, self, self.dial)

    def _too_slow(self, link: NetworkLink) -> None:
        if self.link is link and self.session.link is LinkState.CONNECTING:
            self.world.paths["no CONNACK in time"] += 1
            self._hang_up()

    def gone(self, link: NetworkLink) -> None:
        """The other end closed, or the network says so."""
        if self.link is link:
            self._hang_up()

    def leave(self) -> None:
        """End the connection on purpose, then come back."""
        if self.session.link is LinkState.UP:
            self.session.disconnect(self.world.now)
            self.world.paths["left on purpose"] += 1
            self._leaving = True
            self.pump()

    def _hang_up(self) -> None:
        assert self.link is not None
        self.link.closed_by_client()
        self.link = self.tap = self._unread = None
        if self._leaving and self.world.rng.random() < 0.5:
            self._abandon()
        self._leaving = False
        self.session.lost(self.world.now)
        self._dial_later()
        self.pump()

    def _abandon(self) -> None:
        """The application stopped: its handlers are cancelled."""
        self.running.clear()
        self.world.inbox.abandoned()
        self.session.abandon()
        self.world.paths["handlers abandoned"] += 1

    # -- calls into the session ----------------------------------------------------------------

    def arrive(self, link: NetworkLink, data: bytes) -> None:
        """Bytes from the broker."""
        if self.link is not link or self.tap is None:
            return
        if self._unread is not None:
            self._unread.append(data)
            return
        self.tap.arrives(data)
        self.session.receive(data, self.world.now)
        self._border("received")
        self.pump()

    def pause(self, how_long_s: float) -> None:
        """Stop reading, as a process does whose handlers are behind."""
        if self._unread is None and self.session.link is LinkState.UP:
            self._unread = []
            self.session.listening(False, self.world.now)
            self.world.schedule.after(how_long_s, self, self._resume, self.link)

    def _resume(self, link: NetworkLink) -> None:
        if self.link is not link or self._unread is None or self.tap is None:
            return
        unread, self._unread = self._unread, None
        self.session.listening(True, self.world.now)
        self.tap.heard = self.world.now
        for data in unread:
            self.arrive(link, data)
        self.pump()

    def paused(self) -> bool:
        """Whether silence means nothing."""
        return self._unread is not None

    def accept(self, rows: list[Outgoing]) -> None:
        """The application published; the rows are durable already."""
        self.backlog.extend(rows)
        self._border("accepted")
        self.pump()

    def subscribe(self, intent: Intent) -> None:
        """The application wants a subscription."""
        self.session.subscribe([intent], self.world.now)
        self.pump()

    def unsubscribe(self, filter: str) -> None:
        """The application wants it no more."""
        self.session.unsubscribe([filter], self.world.now)
        self.pump()

    def finish(self, deliveries: list[Delivery]) -> None:
        """Handlers have finished."""
        for delivery in deliveries:
            if delivery in self.running:
                self.running.remove(delivery)
                self.world.inbox.finished(delivery)
        self._border("handled")
        self.session.ack(deliveries, self.world.now)
        self._border("acked")
        self.pump()

    def freeze(self, how_long_s: float) -> None:
        """Stand still; everything that happens to this process waits."""
        self.world.paths["frozen"] += 1
        self.woke = self.frozen_until = self.world.now + how_long_s

    def _tick(self) -> None:
        self._tick_at = None
        self.session.tick(self.world.now)
        self.pump()

    def _committed(self, serial: int) -> None:
        self._border("committed")
        self.session.committed(serial)
        self._border("allowed")
        self.pump()

    # -- the driver ----------------------------------------------------------------------------

    def pump(self) -> None:
        """Until nothing comes out: take, write down, hand on, send."""
        if self._pumping:
            return
        self._pumping = True
        going = True
        while going:
            self._feed()
            output = self.session.take()
            if output:
                self._hand_on(output)
            going = self._send() or bool(output)
        self._pumping = False
        if self.link is not None and self._ended():
            self._hang_up()
        self._wind()

    def _feed(self) -> None:
        """Rows in order; QoS 1 and 2 as many as there is room for."""
        if not self.backlog or self.session.link is not LinkState.UP:
            return
        room, rows = self.session.room(), []
        while self.backlog and (room > 0 or not self.backlog[0].qos):
            row = self.backlog.popleft()
            room -= row.qos > 0
            rows.append(row)
        if rows:
            self.session.publish(rows, self.world.now)

    def _hand_on(self, output: Output) -> None:
        self._border("drained")
        if output.records:
            self.world.note("records %s", output.records)
            write = self.writer.inline if self.world.scenario.inline_commit else self.writer.hand
            write(output.records, output.serial)
            self._border("handed")
        for event in output.events:
            self._hear(event)
        for delivery in output.deliveries:
            self.running.append(delivery)
            self.world.inbox.started(delivery, self)
            self._border("delivered")
            self.world.handle(self, delivery)

    def _hear(self, event: SessionEvent) -> None:
        self.world.note("event %s", event)
        self.world.paths.heard(event)
        if isinstance(event, Opened):
            self.world.opened(self, event.terms)
        elif isinstance(event, Closed) and event.by_us:
            self.world.alarm(event)
        elif isinstance(event, NotGranted):
            self.world.not_granted(event)

    def _send(self) -> bool:
        data = self.session.send(self.world.now)
        if not data or self.link is None or self.tap is None:
            return False
        self._border("encoded")
        self.tap.leaves(data)
        self.link.up.write(data)
        self._border("written")
        return True

    def _ended(self) -> bool:
        """The session wants no more of this link; a farewell waits for the disk like all else."""
        return self.session.link is LinkState.CLOSING and (not self._leaving or self.writer.idle())

    def _wind(self) -> None:
        deadline = self.session.deadline()
        if deadline is not None and (self._tick_at is None or deadline < self._tick_at):
            self._tick_at = deadline
            late_s = self.world.rng.random() * 0.02
            self.world.schedule.at(deadline + late_s, self, self._tick)

    def _border(self, name: str) -> None:
        self.world.border(name)


Handler = Callable[[Process, Delivery], None]
