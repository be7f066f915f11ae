"""What stands under a name that is to be a database file.

A device takes every write and keeps none, a pipe waits for whoever has its other end, and a new file in the
place of either would take it from the programs that use it.
"""

from __future__ import annotations

import os
import stat

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


def irregular(path: str) -> str | None:
    """What it is that is no file; None: a file, or nothing, or nothing that we may look at."""
    try:
        return _KINDS.get(stat.S_IFMT(os.stat(path).st_mode))
    except OSError:
        return None
