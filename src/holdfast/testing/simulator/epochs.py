"""Which session of the broker is which: what it really is, and what the client believes."""

from __future__ import annotations

from holdfast.codec import Packet
from holdfast.testing.simulator.disk import Disk
from holdfast.testing.simulator.promises import Promise, PromiseBroken


class Epochs:
    """The client's epochs against the broker's generations."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._due = 0

    def begun(self) -> None:
        """The client has heard that its session is new."""
        self._due += 1

    def restarted(self) -> None:
        """A new process knows what is on the disk."""
        self._due = self._disk.epoch

    def depended_on(self, packet: Packet) -> None:
        """A packet leaves that belongs to the session."""
        if self._disk.epoch < self._due:
            raise PromiseBroken(
                Promise.EPOCH_FIRST, f"{packet} in epoch {self._due}, the disk is in {self._disk.epoch}"
            )
