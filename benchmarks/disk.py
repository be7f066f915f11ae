"""The disk beneath the outbox files: where they are put, and on which file system."""

from __future__ import annotations

from pathlib import Path

from benchmarks.environments import ROOT
from benchmarks.servers import Unavailable

FOLDER = ROOT / "build/bench"
"""In the checkout: a temporary folder of the system may be memory."""

_MEMORY = {"tmpfs", "ramfs"}


def folder() -> Path:
    """Made if need be. Raises Unavailable where an fsync in it would cost nothing."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if filesystem() in _MEMORY:
        raise Unavailable(f"this checkout is on {filesystem()}: an fsync there costs nothing")
    return FOLDER


def filesystem() -> str:
    """Its kind, such as ext4; empty: the system does not say."""
    found, longest = "", 0
    mounts = Path("/proc/mounts")
    for line in mounts.read_text("utf-8").splitlines() if mounts.exists() else []:
        _, place, kind, *_ = line.split()
        if FOLDER.is_relative_to(place) and len(place) > longest:
            found, longest = kind, len(place)
    return found
