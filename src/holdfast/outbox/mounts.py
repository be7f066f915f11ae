"""On which kind of file system a path is: network ones are refused (contract 26).

The lock of the owner, the memory that SQLite shares beside the log, and fsync mean what they say
on a disk of this machine only. Linux tells what is mounted; elsewhere nothing is refused.
"""

from __future__ import annotations

import re

from holdfast.errors import OutboxError
from holdfast.values import Frozen

TABLE = "/proc/self/mountinfo"

NETWORK = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "glusterfs", "lustre", "afs"),
        *("fuse.glusterfs", "fuse.ceph", "fuse.ceph-fuse", "fuse.sshfs"),
    }
)

UNNUMBERED = frozenset({"vfat", "msdos", "exfat"})
"""Their files get new numbers with every mount."""


class Mount(Frozen):
    """A file system, and where it is mounted; ``kind`` is the system's name for its type."""

    __match_args__ = ("point", "kind")
    __slots__ = __match_args__

    def __init__(self, point: str, kind: str) -> None:
        self.point = point
        self.kind = kind


def mount_of(path: str, table: str) -> Mount | None:
    """The mount that this absolute path is on: the longest one, of equals the last. Pure."""
    best: Mount | None = None
    for line in table.splitlines():
        before, _, after = line.partition(" - ")
        fields, kinds = before.split(" "), after.split(" ")
        if len(fields) > 4 and kinds[0]:
            point = _plain(fields[4])
            if _under(path, point) and (best is None or len(point) >= len(best.point)):
                best = Mount(point, kinds[0])
    return best


def _under(path: str, point: str) -> bool:
    return path == point or path.startswith(point if point.endswith("/") else f"{point}/")


def _plain(text: str) -> str:
    """Spaces, tabs, line ends and backslashes stand there as octal numbers (proc(5))."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def find(path: str) -> Mount | None:
    """The mount that this resolved path is on; None where the system does not tell."""
    try:
        with open(TABLE, encoding="utf-8", errors="surrogateescape") as file:
            return mount_of(path, file.read())
    except OSError:
        return None


def refuse_network(path: str, mount: Mount | None) -> None:
    """Raises OutboxError where the path is on another machine's disk."""
    if mount is not None and mount.kind in NETWORK:
        raise OutboxError(
            f"{path} is on a network file system: {mount.point} is mounted as {mount.kind}",
            path=path,
            hint="an outbox needs a disk of this machine: name a file on one",
        )
