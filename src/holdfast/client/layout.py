"""Which key belongs to which connection of a pool, and which files its folder has (contract 25).

A folder has a *generation* of files for each number of connections it was used with, one after the other:
``0-of-4.db`` to ``3-of-4.db`` first, ``0-of-2.2.db`` and ``1-of-2.2.db`` when there are two later on. All
that is to be known stands in these names, so that a change of the number has no step that could be half done.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from hashlib import blake2b

from holdfast.errors import ConfigurationError, OutboxError
from holdfast.outbox.lock import OwnerLock
from holdfast.values import Frozen

_NAME = re.compile(r"(\d+)-of-([1-9]\d*)(?:\.(\d+))?\.db")


def shard(key: str, connections: int) -> int:
    """The connection of this key, the same in every process. Raises ConfigurationError."""
    if not isinstance(key, str):
        raise ConfigurationError(f"a key is a str, not {type(key).__name__}", hint=f"key={str(key)!r}")
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % connections


class Slot(Frozen):
    """One connection of a pool, and its file: number ``index`` of so many, in this generation."""

    __match_args__ = ("generation", "index", "connections")
    __slots__ = __match_args__

    def __init__(self, generation: int, index: int, connections: int) -> None:
        self.generation = generation
        self.index = index
        self.connections = connections

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.index}-of-{self.connections}{self._later}.db"

    def client_id(self, name: str | None) -> str | None:
        """The client id in a pool of this name, if it has one."""
        return name and f"{name}-{self.index}{self._later}"

    @property
    def _later(self) -> str:
        return "" if self.generation == 1 else f".{self.generation}"


def slots(generation: int, connections: int) -> list[Slot]:
    """All of one generation."""
    return [Slot(generation, index, connections) for index in range(connections)]


def generation(there: Iterable[Slot], connections: int) -> int:
    """The one to be in with so many connections: the newest, or where that has another number a new one."""
    newest = max(there, key=lambda slot: slot.generation, default=None)
    return 1 if newest is None else newest.generation + (newest.connections != connections)


class Folder:
    """The folder of a pool, which one process owns from ``open`` to ``close``."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.path.abspath(path)
        self._lock: OwnerLock | None = None

    def open(self) -> list[Slot]:
        """Make it, if need be, and own it; gives what is there, oldest first. Blocks. Raises OutboxError."""
        with suppress(OSError):  # the lock says it better
            os.makedirs(self.path, mode=0o700, exist_ok=True)
        if os.path.isfile(self.path):
            raise OutboxError(
                f"{self.path} is a file: a pool has a file for each connection",
                path=self.path,
                hint="name a folder; what a file keeps is sent by Client(outbox=...)",
            )
        self._lock = OwnerLock(os.path.join(self.path, ""))
        found = [match for name in os.listdir(self.path) if (match := _NAME.fullmatch(name))]
        there = [Slot(int(match[3] or 1), int(match[1]), int(match[2])) for match in found]
        return sorted(there, key=lambda slot: (slot.generation, slot.index))

    def close(self) -> None:
        """Let others have it."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()
