"""One seed, one world: its pieces, and what is true beyond what the client knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random

from holdfast.errors import OutboxError
from holdfast.messages import Outgoing
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.protocol import Delivery, Intent, NotGranted
from holdfast.testing.manual_clock import ManualClock
from holdfast.testing.simulator.ages import Ages
from holdfast.testing.simulator.broker_side import BrokerSide
from holdfast.testing.simulator.disk import Disk
from holdfast.testing.simulator.doorkeeper import authenticates
from holdfast.testing.simulator.driver import Killed
from holdfast.testing.simulator.faults import Faults
from holdfast.testing.simulator.herald import Herald
from holdfast.testing.simulator.inbox import Inbox
from holdfast.testing.simulator.machine import Machine
from holdfast.testing.simulator.medium import Medium
from holdfast.testing.simulator.network import Link
from holdfast.testing.simulator.paths import Paths
from holdfast.testing.simulator.poison import Poison
from holdfast.testing.simulator.process import Process
from holdfast.testing.simulator.promises import Promise, PromiseBroken
from holdfast.testing.simulator.publishes import seq_of
from holdfast.testing.simulator.recount import adopt
from holdfast.testing.simulator.scenario import FILTERS, Scenario
from holdfast.testing.simulator.schedule import Owner, Schedule
from holdfast.testing.simulator.sites import Sites
from holdfast.testing.simulator.sounder import Sounder
from holdfast.testing.simulator.storage import Storage
from holdfast.testing.simulator.trace import Trace
from holdfast.testing.simulator.turns import Turns


class World(Owner):
    """Everything of one seed; as an owner of events it is what lies outside the process."""

    def __init__(self, seed: int, keep: int | None = 30) -> None:
        """``keep``: how many lines of trace are kept; None keeps all."""
        super().__init__()
        self.rng = Random(seed)
        self.trace = Trace(keep)
        self.paths = Paths()
        self.scenario = Scenario.draw(self.rng)
        self.authenticates = authenticates(seed, self.scenario)
        self.storage = Storage.draw(Random(f"storage {seed}"), self.scenario.inflight)
        self.herald = Herald(self, seed)
        self.sounder = Sounder(self, seed)
        self.poison = Poison(seed)
        self.schedule = Schedule(ManualClock())
        self.machine = Machine(self.schedule, self.paths)
        self.disk = Disk()
        self.faults = Faults(self)
        self.arrivals: Counter[int] = Counter()
        self.sites = Sites(self, seed)
        self.medium = Medium(self)
        self.inbox = Inbox(self)
        self.turns = Turns(self)
        self.process: Process | None = None
        self.link: Link | None = None
        self.processes, self.off = 0, False
        self.doom: tuple[str, int] | None = None
        self.trouble, self.provoked = True, False
        self.quiet_s = 0.0
        self.redial_s = 5 * self.scenario.turn_s
        self.wanted = self.scenario.wanted
        self.unwanted: set[str] = set()
        self.abandoned: set[str] = set()
        self.refused: set[str] = set()
        self.ages = Ages(self.machine)
        self.numbered = 0
        self.priorities: dict[int, int] = {}
        self.excused: set[int] = set()
        self.out_of_line: set[int] = set()
        self.requested = False
        self.mistaken: set[int] = set()
        self._stuck: list[tuple[Process, Delivery]] = []

    @property
    def now(self) -> float:
        """Seconds on the virtual clock."""
        return self.schedule.now

    @property
    def broker(self) -> BrokerSide:
        """The one that is dialled, or was last."""
        return self.sites.here.broker

    def note(self, text: str, *arguments: object) -> None:
        """A line for the trace."""
        self.trace.note(self.schedule.now, text, *arguments)

    # -- life and death ------------------------------------------------------------------------

    def revive(self) -> None:
        """A process starts from what is on the disk, or later, where the disk does not let it."""
        if self.off:
            self.machine.start(self.rng)
            self.off = False
        self.processes += 1
        try:
            process = Process(self, self.processes)
        except OutboxError as error:
            self.note("process %d cannot start: %s", self.processes, type(error).__name__)
            self.schedule.after(self.rng.random() * self.redial_s, self, self.revive)
            return
        self.note("process %d starts: %s", self.processes, self.disk.restored())
        self.sites.restarted(process.restored.lost)
        self.process = process
        process.start()

    def border(self, name: str) -> None:
        """The process stands at a border; it may be the one it dies at."""
        if self.doom is None or self.doom[0] != name:
            return
        if self.doom[1] > 1:
            self.doom = (name, self.doom[1] - 1)
        elif self.trouble:
            self.doom = None
            raise Killed(name)

    def bury(self, death: Killed) -> None:
        """The process is dead: what was only in its memory is gone."""
        process = self.process
        assert process is not None
        self.note("process %d killed at border %s", process.serial, death)
        self.paths[f"killed at {death}"] += 1
        process.alive = False
        power = self.rng.random() < self.storage.power
        self.paths["power cut"] += power
        self.medium.die(process.writer, power)
        self.off = power
        if process.link is not None:
            process.link.cut(False, self.rng.random() < 0.8)
        self.process = None
        self.abandoned |= self.unwanted
        self.inbox.killed()
        self.schedule.after(self.rng.random() * self.redial_s, self, self.revive)

    def forgot(self) -> None:
        """The disk has lost what it had told: a power cut may do that with durability "process", and damage.

        It is then as with a broker that was rolled back: of what was before nobody can be sure.
        """
        self.numbered = max(self.numbered, self.ages.highest)
        self.machine.forgot()
        self.sites.forgot()

    def start_over(self, outbox: SqliteOutbox) -> None:
        """The file was damaged: the next process goes on with what there is, or with a new one."""
        self.paths[f"went on after damage: {'set aside' if outbox.set_aside else 'mended'}"] += 1
        adopt(self.disk, outbox)
        self.forgot()

    # -- what the process asks of the world ----------------------------------------------------

    def accepted(self, rows: list[Outgoing]) -> None:
        """The outbox has numbered these rows: they are its own once the commit has happened."""
        for row in rows:
            if row.seq != seq_of(row.payload):
                raise PromiseBroken(Promise.SANE, f"{row.payload!r} was given the number {row.seq}")
        self.ages.accepted(rows)
        self.out_of_line.difference_update([row.seq for row in rows])
        self.priorities.update({row.seq: row.priority for row in rows})

    def volatile(self, row: Outgoing) -> bool:
        """Whether no file has this row."""
        return not row.qos and not self.storage.keep_qos0

    def wanted_intents(self) -> Iterator[Intent]:
        """The subscriptions of the application, as a new process makes them."""
        for filter, (qos, retained) in self.wanted.items():
            yield Intent(filter, qos, retained, identifier=1 + FILTERS.index(filter))

    def open_link(self, process: Process) -> Link | None:
        """Dial a broker; None if nobody listens."""
        self.sites.choose()
        if self.broker.away_until > self.now:
            self.paths["nobody listens"] += 1
            return None
        return self.broker.accept(process)

    def mistook(self, generation: int, rows: Sequence[Outgoing]) -> None:
        """The client resumes a session that is not the one it knew; with these rows in flight."""
        self.paths["session lost without a word"] += 1
        self.excused.update(row.seq for row in rows)
        self.mistaken.add(generation)

    def not_granted(self, event: NotGranted) -> None:
        """A subscription was refused: until the next connection it is not missed."""
        self.refused.add(event.filter)

    def handle(self, process: Process, delivery: Delivery) -> None:
        """A handler runs for a while; a stuck one until the world is healed."""
        if self.trouble and self.rng.random() < self.scenario.stuck:
            self._stuck.append((process, delivery))
            return
        delay_s = self.rng.random() * self.scenario.handler_s
        self.schedule.after(delay_s, process, self._handled, process, delivery)

    def _handled(self, process: Process, delivery: Delivery) -> None:
        finished = [delivery]
        if len(process.running) > 1 and self.rng.random() < 0.2:
            finished += self.rng.sample(
                list(process.running.values()), self.rng.randint(1, len(process.running))
            )
        process.finish(finished)

    # -- trouble and healing -------------------------------------------------------------------

    def turn(self) -> None:
        """Something happens, and soon again, as long as there is to be trouble."""
        if self.trouble:
            self.quiet_s = 0.0
            delay_s = self.rng.expovariate(1.0) * self.scenario.turn_s
            self.schedule.after(delay_s, self, self.again)
            self.turns.take()

    def again(self) -> None:
        """The next turn, unless it is a quiet time."""
        self.schedule.after(self.quiet_s, self, self.turn)

    def heal(self) -> None:
        """No more trouble: the network works, the broker is there, handlers finish."""
        self.note("healed")
        self.trouble, self.doom, self.redial_s = False, None, 0.2
        self.faults.heal()
        self.scenario.weather.heal()
        for site in self.sites.all:
            site.broker.heal()
        if self.link is not None:
            self.link.cut(True, True)
        for process, delivery in self._stuck:
            self.schedule.after(0.0, process, self._handled, process, delivery)
