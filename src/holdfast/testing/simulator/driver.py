"""The driver of ``holdfast.protocol.session``, as its page describes one, with a border at every turn.

Around every persist, every send and every callback stands a border, where the process may be
killed; what it knew is gone then, and the next process starts from the disk.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from holdfast.messages import Outgoing
from holdfast.protocol import (
    Closed,
    Delivery,
    LinkState,
    NotGranted,
    Opened,
    Output,
    Record,
    Session,
    SessionEvent,
    Settled,
)
from holdfast.testing.simulator import alarms, doorkeeper
from holdfast.testing.simulator.keeper import Keeper
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

TOLD_S = 0.001
"""So much later, at most, the process hears of a commit."""


class Killed(Exception):
    """The process dies here."""


class Driver(Owner, ABC):
    """A session, its outbox, its handlers, and the link it has at present.

    ``mine`` are the rows that the outbox has given to the session and that have not ended.
    """

    def __init__(self, world: World, serial: int) -> None:
        super().__init__()
        self.world = world
        self.serial = serial
        self.outbox = world.medium.open(self)
        self.outbox.on_durable = self._grown
        self.restored = restored = world.herald.restored(self.outbox.restore())
        self.session = Session(world.scenario.inflight, restored, resends=world.storage.resends)
        self.inherited = self.outbox.last
        self.keeper = Keeper(self)
        self.mine = {row.seq for _, row in (*restored.sent, *restored.released)}
        self._commits: list[tuple[int, int]] = []
        self._told = False
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

    @property
    def now(self) -> float:
        """What the steady clock of the machine shows."""
        return self.world.machine.now()

    def _tick(self) -> None:
        self._tick_at = None
        self.session.tick(self.now)
        self.pump()

    @property
    def writer(self) -> Writer:
        """What commits."""
        writer = self.outbox._writer
        assert isinstance(writer, Writer)
        return writer

    def _grown(self) -> None:
        """Called on the writer's thread; what it means is looked at on ours, soon."""
        if not self._told:
            self._told = True
            self.world.schedule.after(self.world.rng.random() * TOLD_S, self, self._durable)

    def _durable(self) -> None:
        self._told = False
        self.border("committed")
        while self._commits and self._commits[0][0] <= self.outbox.durable:
            self.session.committed(self._commits.pop(0)[1])
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
        self.outbox.begin()
        if self.link is not None and self._ended():
            self.hang_up()
        self._wind()

    def _feed(self) -> None:
        """Rows in order; QoS 1 and 2 as many as there is room for."""
        if not self.session.ready:
            return
        spilled = any(one.commit for one in self.outbox._backlog._spilled)
        rows = self.outbox.take(self.session.room())
        self.world.paths["rows read back from the file"] += spilled and bool(rows)
        if rows:
            self._take(rows)
            self.session.publish(rows, self.now)

    def _take(self, rows: list[Outgoing]) -> None:
        for row in rows:
            if row.seq in self.mine or row.seq in self.world.disk.endings:
                raise PromiseBroken(Promise.TAKEN_ONCE, f"{row} came out of the outbox again")
            self.mine.add(row.seq)
        self.keeper.taken(rows)

    def _hand_on(self, output: Output) -> None:
        self.border("drained")
        if output.records:
            self.world.note("records %s", output.records)
            self._write_down(output.records, output.serial)
            self.border("handed")
        for event in output.events:
            self._hear(event)
        for delivery in output.deliveries:
            self.running[id(delivery)] = delivery
            self.world.inbox.started(delivery, self)
            self.border("delivered")
            self.handle(delivery)

    def _write_down(self, records: list[Record], serial: int) -> None:
        for record in records:
            if isinstance(record, Settled) and record.ending == "expired":
                self.world.ages.too_old(record.rows)
        commit = self.outbox.write(self.keeper.decide(records))
        if self.world.scenario.inline_commit:
            self.outbox.begin()
        if commit <= self.outbox.durable and not self._commits:
            self.session.committed(serial)
        else:
            self._commits.append((commit, serial))

    def _hear(self, event: SessionEvent) -> None:
        self.world.note("event %s", event)
        self.world.paths.heard(event)
        doorkeeper.heard(self, event)
        self.world.herald.heard(self, event)
        self.world.sounder.heard(event)
        if isinstance(event, Closed) and event.by_us:
            alarms.judge(self, event)
        elif isinstance(event, NotGranted):
            self.world.not_granted(event)
        elif isinstance(event, Opened):
            self.outbox.draining = True
            self.keeper.opened(event.terms)

    def _send(self) -> bool:
        data = self.session.send(self.now)
        if not data or self.link is None or self.tap is None:
            return False
        self.border("encoded")
        self.tap.leaves(data)
        self.link.up.write(data)
        self.border("written")
        return True

    def _ended(self) -> bool:
        """The session wants no more of this link; a farewell waits for the disk like all else."""
        return self.session.link is LinkState.CLOSING and not (self.leaving and self._commits)

    def _wind(self) -> None:
        deadline = self.session.deadline()
        if deadline is None:
            return
        deadline = self.world.machine.moment(deadline)
        if self._tick_at is None or deadline < self._tick_at:
            self._tick_at = deadline
            late_s = self.world.rng.random() * LATE_S
            self.world.schedule.at(deadline + late_s, self, self._tick)

    def border(self, name: str) -> None:
        """The process may die here."""
        self.world.border(name)
