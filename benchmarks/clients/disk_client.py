"""The disk by itself: 4 KiB appended and synchronised, again and again, in the folder of the outbox files.

What an acceptance costs at the least is one of these. Beside it stands what it takes where bytes overwrite
others, as in a log that is used again: there the file system has nothing of its own to write.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from statistics import median

from benchmarks.clients.common import read_job, tell

_PIECE = b"x" * 4096
_PIECES = 150
"""Of the file that is overwritten."""
_SYNCS, _SLOW_SYNCS = 500, 60


def times_ms(path: Path, syncs: int, *, appending: bool) -> list[float]:
    """Of so many writes, each of which is waited for."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        if not appending:
            os.write(fd, _PIECE * _PIECES)
            os.fsync(fd)
        took = []
        for number in range(syncs):
            began = time.perf_counter()
            os.pwrite(fd, _PIECE, len(_PIECE) * (number if appending else number % _PIECES))
            os.fdatasync(fd)
            took.append((time.perf_counter() - began) * 1e3)
        return took
    finally:
        os.close(fd)
        os.unlink(path)


def main() -> None:
    job = read_job()
    syncs = _SLOW_SYNCS if job.case.slower_ms else _SYNCS
    path = Path(job.folder) / "disk"
    tell(
        {
            "delivered": job.messages,
            "syncs_ms": times_ms(path, syncs, appending=True),
            "overwrite_ms": median(times_ms(path, syncs, appending=False)),
            "calibration_us": None,
            "how": f"{len(_PIECE)} bytes appended, fdatasync, one after the other",
        }
    )


main()
