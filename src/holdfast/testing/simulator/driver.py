"""The driver of ``holdfast.protocol.session``, as its page describes one, with a border at every turn.

Around every persist, every send and every callback stands a border, where the process may be
killed; what it knew is gone then, and the next process starts from the disk.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING

from holdfast.messages import Outgoing
from holdfast.protocol import (
    Closed,
    Delivery,
    LinkState,
    NotGranted,
    Output,
    Session,
    SessionEvent,
)
from holdfast.testing.simulator import doorkeeper
from holdfast.testing.simulator.network import Link as NetworkLink
from holdfast.testing.simulator.promises import Promise, PromiseBroken
from holdfast.testing.simulator.schedule import Owner
from holdfast.testing.simulator.tap import Tap
from holdfast.testing.simulator.writer import Writer

if TYPE_CHECKING:
    from holdfast.testing.simulator.world import World

PUMPS = 1_000
"""After so many rounds a driver is taken to go round for ever."""

LATE_S = 0.02
"""How late a timer of the process is at most."""


class Killed(Exception):
    """The process dies here."""


class Driver(Owner, ABC):
    """A session, its backlog, its writer, its handlers, and the link it has at present."""

    def __init__(self, world: World, serial: int) -> None:
        super().__init__()
        self.world = world
        self.serial = serial
        self.session = Session(world.scenario.inflight, world.disk.restored())
        self.backlog: deque[Outgoing] = deque(world.disk.backlog())
        self.inherited = world.disk.accepted
        self.writer = Writer(
            world.schedule, world.rng, world.disk, self, world.scenario.commit_s, self._committed
        )
        self.running: dict[int, Delivery] = {}  # by identity: deliveries are equal by content
        self.link: NetworkLink | None = None
        self.tap: Tap | None = None
        self.leaving = False
        self._pumping = False
        self._tick_at: float | None = None

    @abstractmethod
    def hang_up(self) -> None:
        """The link has ended."""

    @abstractmethod
    def handle(self, delivery: Delivery) -> None:
        """A handler is given a message."""

    def _tick(self) -> None:
        self._tick_at = None
        self.session.tick(self.world.now)
        self.pump()

    def _committed(self, serial: int) -> None:
        self.border("committed")
        self.session.committed(serial)
        self.border("allowed")
        self.pump()

    def pump(self) -> None:
        """Until nothing comes out: take, write down, hand on, send."""
        if self._pumping:
            return
        self._pumping = True
        for _ in range(PUMPS):
            self._feed()
            output = self.session.take()
            if output:
                self._hand_on(output)
            if not self._send() and not output:
                break
        else:
            raise PromiseBroken(Promise.LIVE, f"something comes out of the session {PUMPS} times in a row")
        self._pumping = False
        if self.link is not None and self._ended():
            self.hang_up()
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
        self.border("drained")
        if output.records:
            self.world.note("records %s", output.records)
            write = self.writer.inline if self.world.scenario.inline_commit else self.writer.hand
            write(output.records, output.serial)
            self.border("handed")
        for event in output.events:
            self._hear(event)
        for delivery in output.deliveries:
            self.running[id(delivery)] = delivery
            self.world.inbox.started(delivery, self)
            self.border("delivered")
            self.handle(delivery)

    def _hear(self, event: SessionEvent) -> None:
        self.world.note("event %s", event)
        self.world.paths.heard(event)
        doorkeeper.heard(self, event)
        if isinstance(event, Closed) and event.by_us:
            self.world.alarm(event)
        elif isinstance(event, NotGranted):
            self.world.not_granted(event)

    def _send(self) -> bool:
        data = self.session.send(self.world.now)
        if not data or self.link is None or self.tap is None:
            return False
        self.border("encoded")
        self.tap.leaves(data)
        self.link.up.write(data)
        self.border("written")
        return True

    def _ended(self) -> bool:
        """The session wants no more of this link; a farewell waits for the disk like all else."""
        return self.session.link is LinkState.CLOSING and (not self.leaving or self.writer.idle())

    def _wind(self) -> None:
        deadline = self.session.deadline()
        if deadline is not None and (self._tick_at is None or deadline < self._tick_at):
            self._tick_at = deadline
            late_s = self.world.rng.random() * LATE_S
            self.world.schedule.at(deadline + late_s, self, self._tick)

    def border(self, name: str) -> None:
        """The process may die here."""
        self.world.border(name)
