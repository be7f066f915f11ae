"""Whether a file is the one that was used here last, or a copy or an older state of it (contract 26).

What such a file says is in flight is not what the broker's session has seen: packet identifiers have
been used since, by the file that it was copied from. So it may not be resumed from; its messages go
out in a new epoch.

=============  ==================================================================================
noticed        how
=============  ==================================================================================
a copy         it lies elsewhere than ``meta`` says: another inode, or within one run of the machine
               another disk. Whoever makes a whole disk a copy of another one is not noticed
an older one   its books are behind the number of the commit that stands in the lock file beside it
missing        the lock file tells of commits, and there is no file
damaged        it does not say where it lay, or with which group of its brokers it was
=============  ==================================================================================

Numbers of inodes last as long as the file, but on FAT; those of devices may change when the machine
starts anew, and where no real disk is behind them (overlay, btrfs) with every mount.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from holdfast.outbox.mounts import UNNUMBERED, Mount


def place(path: str, mount: Mount | None) -> dict[str, int]:
    """Where the file lies, as ``meta`` has it. Raises OSError."""
    found = os.stat(path)
    if mount is not None and mount.kind in UNNUMBERED:
        return {"device": 0, "inode": 0}
    return {"device": found.st_dev if os.major(found.st_dev) else 0, "inode": found.st_ino}


def doubt(
    meta: Mapping[str, Any],
    here: Mapping[str, int],
    boot: str | None,
    commits: int,
    noted: int | None,
    bound: bool = False,
) -> str | None:
    """Why the file may not be resumed from, as the end of a sentence; None: it may. Pure.

    ``commits`` is the number in its books, ``noted`` the one in the lock file; ``bound``: it has brokers.
    """
    if not {"inode", "device"} & meta.keys():
        return None  # made by us a moment ago, or by a release that did not write it
    if not {"inode", "device"} <= meta.keys() or (bound and "group" not in meta):
        return "does not say any more where it was used"
    if meta["inode"] != here["inode"] or _moved(meta, here, boot):
        return "is a copy of a file that was used elsewhere"
    if noted is not None and commits < noted:
        return f"is older than the file that was used here: commit {commits}, where {noted} has been"
    return None


def _moved(meta: Mapping[str, Any], here: Mapping[str, int], boot: str | None) -> bool:
    same_run = boot is not None and meta.get("boot") == boot
    return same_run and bool(meta["device"] and here["device"]) and meta["device"] != here["device"]
