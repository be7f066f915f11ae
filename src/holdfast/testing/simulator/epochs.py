"""Which session of the broker is which: what it really is, and what the client believes.

A broker says once that it has forgotten a session: in the CONNACK that begins a new one. If that
CONNACK is lost, or the process dies before the new epoch is durable, no client can ever know; what
was in flight is excused then, and the simulator counts how often it happened.
"""

from __future__ import annotations

from collections.abc import Callable

from holdfast.codec import Packet
from holdfast.testing.simulator.disk import Disk
from holdfast.testing.simulator.promises import Promise, PromiseBroken


class Epochs:
    """The client's epochs against the broker's generations (serial numbers of its sessions)."""

    def __init__(self, disk: Disk, group: str, highest: Callable[[], int]) -> None:
        """``highest``: of all epochs, with whatever brokers: a number is given to one session only."""
        self._disk = disk
        self._highest = highest
        self._group = group
        self.due = 0
        self.lost = False
        self._generations: dict[int, int] = {}

    def restarted(self, lost: bool) -> None:
        """A new process knows what is on the disk; ``lost``: that this is not all there once was."""
        self.due, self.lost = self._disk.epoch_of(self._group), lost

    @property
    def known(self) -> bool:
        """Whether the client, by its disk, has ever had a session there."""
        return self._disk.epoch_of(self._group) > 0

    def connack(self, present: bool, generation: int) -> bool:
        """CONNACK reaches the client. Whether it resumes a session that is not the one it knew.

        A client in epoch 0 knows none: whatever it resumes is new to it. One that has lost what it knew
        begins anew whatever the broker says (contract 1).
        """
        lost, self.lost = self.lost, False
        if present and self.due and not lost:
            return self._generations[self.due] != generation
        self.due = 1 + self._highest()
        self._generations[self.due] = generation
        return False

    def mistaken(self, generation: int) -> None:
        """From here on the client takes this session for its own."""
        self._generations[self.due] = generation

    def depended_on(self, packet: Packet) -> None:
        """A packet leaves that belongs to the session."""
        disk, due = self._disk, f"epoch {self.due} at {self._group!r}"
        if disk.group != self._group or disk.epoch < self.due:
            raise PromiseBroken(
                Promise.EPOCH_FIRST, f"{packet} in {due}, the disk is in {disk.epoch} at {disk.group!r}"
            )
