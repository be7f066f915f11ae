"""How far the log is on the disk itself where commits are not synced (durability "process").

A kill takes nothing that was written; a power cut may take whatever was not synced, and SQLite syncs the
log only before it writes it into the file, and its new beginning after that.
"""

from __future__ import annotations

import os
from pathlib import Path

from holdfast.testing.simulator.disk import Disk
from holdfast.testing.simulator.images import HEADER, written
from holdfast.testing.simulator.places import State


class Synced:
    """``offset``: so much of the log is safe, and what the model was like then, and at each commit since."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self.offset = 0
        self._states: dict[int, State] = {0: disk.state()}
        self._header = b""

    def everything(self, log: bytes) -> None:
        """What is there has outlived a power cut, or was just written into the file."""
        self.offset, self._header = written(log), log[:HEADER]
        self._states = {self._disk.number: self._disk.state()}

    def committed(self, path: Path, before: State) -> None:
        """A commit has happened; ``before`` it the model was like that."""
        with path.with_name(f"{path.name}-wal").open("rb") as file:
            header = file.read(HEADER)
            if header != self._header:
                self._header, self.offset, self._states = header, HEADER, {before["number"]: before}
            elif touched(path):
                self.everything(header + file.read())
                return
        self._states[self._disk.number] = self._disk.state()
        touched(path)

    def lost(self, number: int) -> bool:
        """The disk is at this commit again; False where that much cannot have been lost."""
        if number in self._states:
            self._disk.become(self._states[number])
        return number in self._states


def touched(path: Path) -> bool:
    """Whether somebody wrote to this file since it was last asked."""
    written_to = os.stat(path).st_mtime_ns != 0
    if written_to:
        os.utime(path, ns=(0, 0))
    return written_to
