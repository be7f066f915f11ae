"""The writer thread of the outbox: group commit, finished some time after it began (contract 11)."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from holdfast.protocol import Record
from holdfast.testing.simulator.disk import Disk
from holdfast.testing.simulator.schedule import Owner, Schedule


class Writer:
    """Takes drained records; one commit at a time covers everything handed over before it began."""

    def __init__(
        self,
        schedule: Schedule,
        rng: Random,
        disk: Disk,
        owner: Owner,
        commit_s: float,
        told: Callable[[int], None],
    ) -> None:
        """``told`` hears the serial number up to which records are durable."""
        self._schedule = schedule
        self._rng = rng
        self._disk = disk
        self._owner = owner
        self._told = told
        self._waiting: list[Record] = []
        self._writing: list[Record] = []
        self._busy = False
        self._serial = 0
        self.commit_s = commit_s

    def idle(self) -> bool:
        """Whether everything handed over is durable, and said to be."""
        return not self._busy

    def hand(self, records: list[Record], serial: int) -> None:
        """Write these down, behind all before them."""
        self._waiting += records
        self._serial = serial
        if not self._busy:
            self._begin()

    def inline(self, records: list[Record], serial: int) -> None:
        """The same without a thread: durable when this returns."""
        self._disk.commit(records)
        self._told(serial)

    def die(self) -> bool:
        """The process is killed; what the disk was just writing may have got there, or not."""
        arrived = bool(self._writing) and self._rng.random() < 0.5
        if arrived:
            self._disk.commit(self._writing)
        self._writing = []
        return arrived

    def _begin(self) -> None:
        self._busy = True
        self._writing, self._waiting = self._waiting, []
        delay_s = self._rng.random() * self.commit_s
        self._schedule.after(delay_s, self._owner, self._finish, self._serial)

    def _finish(self, serial: int) -> None:
        written, self._writing = self._writing, []
        self._disk.commit(written)
        self._busy = False
        if self._waiting:
            self._begin()
        self._told(serial)
