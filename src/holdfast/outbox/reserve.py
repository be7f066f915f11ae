"""Room kept for the day the disk is full (contract 12).

On a full file system SQLite can neither delete, nor update, nor empty its log (contract X8): a full
outbox could never drain. So a file of this size stands beside it, and is given up when a
commit finds no room: endings and stages then go on committing, while nothing more is accepted.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress

MOST = 1 << 20
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class Reserve:
    """The reserve of one outbox file: a quarter of its byte budget, 1 MiB at most."""

    def __init__(self, path: str, max_bytes: int | None) -> None:
        self._path = f"{path}.reserve"
        self.size = MOST if max_bytes is None else max(1, min(MOST, max_bytes // 4))

    def take(self) -> bool:
        """Make it, or find it there; False: there is no room.

        True too where the file system knows no such thing: then nothing is reserved.
        """
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(fd, 0, self.size)
            finally:
                os.close(fd)
        except OSError as error:
            self.release()
            return error.errno not in FULL
        return True

    def release(self) -> None:
        """Give the room back; harmless where there is none."""
        with suppress(OSError):
            os.unlink(self._path)
