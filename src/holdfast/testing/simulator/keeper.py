"""What a client does around its outbox: looks after what waits, and decides about refusals (contract 8)."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from holdfast.codec import V311
from holdfast.messages import Outgoing
from holdfast.outbox.keys import key_of
from holdfast.protocol import Deferred, Failed, Parked, Record, Settled, Terms
from holdfast.protocol.records import Ending
from holdfast.protocol.refusals import of_row
from holdfast.testing.simulator.poison import is_poison
from holdfast.testing.simulator.promises import Promise, PromiseBroken

if TYPE_CHECKING:
    from holdfast.testing.simulator.driver import Driver

QUOTA_EXCEEDED = 0x97
LATE_S = 0.02
DEFERRED_S = 2.0


class Keeper:
    """Of one process. ``deferred``: rows out of the line, by key, and until when."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._world = driver.world
        self._sweep_at = inf
        self.deferred: dict[int, float] = {}
        self.terms: Terms | None = None
        driver.outbox.on_ended = self._ended

    # -- sweeping ------------------------------------------------------------------------------

    def sweep_by(self, moment: float) -> None:
        """Look after what waits at this moment of the steady clock, if not before."""
        if moment < self._sweep_at:
            self._sweep_at = moment
            late_s = self._world.rng.random() * LATE_S
            at = self._world.machine.moment(moment) + late_s
            self._world.schedule.at(at, self._driver, self._sweep, moment)

    def _sweep(self, moment: float) -> None:
        if moment != self._sweep_at:
            return
        self._sweep_at = inf
        again = self._driver.outbox.sweep(self._driver.now)
        if again is not None and again < inf:
            self.sweep_by(again)
        self._driver.pump()

    def _ended(self, rows: list[Outgoing], ending: Ending, why: str) -> None:
        """The outbox ended these by itself: they must have been there, and for a reason."""
        world, driver = self._world, self._driver
        world.paths[f"{ending} in the outbox: {why}"] += len(rows)
        world.note("the outbox ended %s: %s, %s", rows, ending, why)
        for row in rows:
            self.deferred.pop(key_of(row), None)
            if row.seq in driver.mine:
                raise PromiseBroken(Promise.UNSENT_ONLY, f"{row} {ending} ({why}), and the session has it")
        if ending == "expired":
            world.ages.nothing([row for row in rows if not world.volatile(row)])
            world.ages.ended(rows, world.storage.max_age_s if why == "max_age_s" else None)

    # -- refusals ------------------------------------------------------------------------------

    def decide(self, records: list[Record]) -> list[Record]:
        """What becomes of refused rows: they are dead letters, or wait for a better time or other terms."""
        decided = [self._decided(record) for record in records]
        for record in decided:
            if isinstance(record, Settled):
                self._driver.mine.difference_update([row.seq for row in record.rows])
            elif isinstance(record, Failed | Deferred | Parked):
                self._driver.mine.discard(record.row.seq)
        return decided

    def _decided(self, record: Record) -> Record:
        world = self._world
        if isinstance(record, Failed) and record.kills:
            self._killed(record)
            return record
        if not isinstance(record, Failed) or record.withheld or not record.reason:
            return record
        if world.rng.random() > world.storage.patient:
            return record
        row = record.row
        world.out_of_line.add(row.seq)
        if record.reason == QUOTA_EXCEEDED:
            until = self._driver.now + world.rng.random() * DEFERRED_S
            row.tries += 1
            if not world.volatile(row):
                self.deferred[key_of(row)] = until
                self.sweep_by(until)
            world.paths["deferred"] += 1
            return Deferred(row, record.reason, record.detail, until)
        world.paths["parked"] += 1
        return Parked(row, record.reason, record.detail)

    def _killed(self, record: Failed) -> None:
        """The only refusal that 3.1.1 knows is the end of the link."""
        world = self._world
        world.paths[f"given up for ending the link, withheld: {record.withheld > 0}"] += 1
        refusing = world.broker.witness.refusing and world.scenario.version == V311
        if not is_poison(record.row) and not refusing:
            raise PromiseBroken(Promise.INNOCENT, f"{record.row} ended the link {record.kills} times")

    def opened(self, terms: Terms) -> None:
        """The broker has said what it takes."""
        self.terms = terms
        self._driver.outbox.unpark(self.fits)

    def fits(self, row: Outgoing) -> bool:
        """Whether this row can go to this broker."""
        return self.terms is not None and of_row(row, self.terms) is None

    # -- what comes out of the outbox ----------------------------------------------------------

    def taken(self, rows: list[Outgoing]) -> None:
        """The outbox gave these to the session."""
        world = self._world
        for row in rows:
            until = self.deferred.pop(key_of(row), 0.0)
            if until > self._driver.now and not world.requested:
                raise PromiseBroken(Promise.NOT_YET, f"{row} was to wait {until - self._driver.now:.3f} s")
            if world.storage.hold_class and not (row.seq in world.out_of_line or world.volatile(row)):
                self._held(row)

    def _held(self, row: Outgoing) -> None:
        before = [key for key in self.deferred if abs(key - key_of(row)) < 1 << 60 and key < key_of(row)]
        if before:
            raise PromiseBroken(Promise.ORDER, f"{row} overtakes rows that were refused, by key {before}")
