"""Which file system a path is on, told from the system's own table (contract 26)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from holdfast.errors import OutboxError
from holdfast.outbox import mounts
from holdfast.outbox.mounts import Mount, mount_of

TABLE = r"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
31 27 0:26 / /srv rw,relatime shared:7 - nfs4 store.example:/srv rw,vers=4.2,addr=192.0.2.1
32 31 8:1 / /srv/local rw,relatime shared:8 master:2 - xfs /dev/sda1 rw
33 27 0:40 / /mnt/two\040words rw - cifs //store.example/share rw
34 27 0:41 / /mnt/back\134slash rw - smb3 //store.example/other rw
35 27 0:42 / /over rw - ext4 /dev/vdb rw
36 27 0:43 / /over rw - fuse.sshfs user@store.example: rw
37 27 0:44 / /host rw - 9p hostshare rw,trans=virtio
38 27 8:2 / /boot rw - vfat /dev/sda2 rw
"""


@pytest.mark.parametrize(
    ("path", "point", "kind"),
    [
        ("/var/lib/gateway.db", "/", "ext4"),
        ("/srv/gateway.db", "/srv", "nfs4"),
        ("/srv", "/srv", "nfs4"),
        ("/srv/local/gateway.db", "/srv/local", "xfs"),
        ("/srv2/gateway.db", "/", "ext4"),
        ("/mnt/two words/gateway.db", "/mnt/two words", "cifs"),
        ("/mnt/back\\slash/gateway.db", "/mnt/back\\slash", "smb3"),
        ("/over/gateway.db", "/over", "fuse.sshfs"),
        ("/host/gateway.db", "/host", "9p"),
    ],
)
def test_the_longest_mount_point_counts(path: str, point: str, kind: str) -> None:
    """Whole names only; of two on one point the later covers the earlier; octal escapes are undone."""
    assert mount_of(path, TABLE) == Mount(point, kind)


@pytest.mark.parametrize("table", ["", "\n", "no table at all", "1 2 3 4 /x -", "1 2 3:4 / / rw"])
def test_a_table_that_says_nothing(table: str) -> None:
    """Then nothing is known, and nothing refused."""
    assert mount_of("/var/lib/gateway.db", table) is None
    mounts.refuse_network("/var/lib/gateway.db", None)


@pytest.mark.parametrize("kind", sorted(mounts.NETWORK))
def test_a_network_file_system_is_refused(kind: str) -> None:
    """The sentence names the mount and its type; the hint, what to do."""
    with pytest.raises(OutboxError, match=f"network file system: /srv is mounted as {kind}$") as refused:
        mounts.refuse_network("/srv/a.db", Mount("/srv", kind))
    assert refused.value.path == "/srv/a.db"
    assert refused.value.hint


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "9p", "fuse.ntfs-3g", "vfat"])
def test_others_are_not(kind: str) -> None:
    """Also what a virtual machine shares with its host: only its owner knows what that is."""
    mounts.refuse_network("/srv/a.db", Mount("/srv", kind))


@pytest.mark.skipif(not os.path.exists(mounts.TABLE), reason="this system has no such table")
def test_this_machine_tells(tmp_path: Path) -> None:
    """The real table names a mount that the path is on."""
    mount = mounts.find(str(tmp_path.resolve()))
    assert mount is not None
    assert os.path.ismount(mount.point)


def test_a_system_without_the_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is known there."""
    monkeypatch.setattr(mounts, "TABLE", str(tmp_path / "none"))
    assert mounts.find("/var/lib/gateway.db") is None
