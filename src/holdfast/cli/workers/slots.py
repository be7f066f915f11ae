"""The slots of one name: NAME-0, NAME-1 and so on, each a client id and a file (contract 18).

    FOLDER/NAME-0.db     the outbox file of a worker, its lock beside it: one process has a slot
    FOLDER/NAME.lock     of the command that runs them: one at a time

A slot that has a file has, as far as we know, a session at the broker.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from holdfast.errors import ConfigurationError, OutboxLocked, OutboxUnwritable
from holdfast.outbox.lock import OwnerLock


class Slots:
    """Where they are. Raises ConfigurationError for a name that no file can have."""

    def __init__(self, folder: str, name: str) -> None:
        if "/" in name or "\0" in name:
            raise ConfigurationError(
                f"the client id {name!r} cannot be the name of a slot's file",
                hint="workers need one without '/' and NUL",
            )
        self.folder = folder
        self.name = name

    def client_id(self, number: int) -> str:
        """Who the broker knows this slot as."""
        return f"{self.name}-{number}"

    def path(self, number: int) -> str:
        """Its outbox file."""
        return os.path.join(self.folder, f"{self.client_id(number)}.db")

    def there(self) -> list[int]:
        """The slots that have a file."""
        pattern = re.compile(rf"{re.escape(self.name)}-(0|[1-9]\d*)\.db")
        found = map(pattern.fullmatch, os.listdir(self.folder))
        return sorted(int(match[1]) for match in found if match)

    def remove(self, number: int) -> None:
        """Its file and what stands beside it, the lock last."""
        path = self.path(number)
        beside = [one for one in glob.glob(f"{glob.escape(path)}[-.]*") if one != f"{path}.lock"]
        for one in (*beside, path, f"{path}.lock"):
            if os.path.exists(one):
                os.unlink(one)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make the folder, and let nobody else run slots of this name. Raises OutboxError."""
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
        except OSError as error:
            raise OutboxUnwritable(
                f"{self.folder} cannot be made: {error.strerror or error}",
                path=self.folder,
                hint="name another folder: --slots FOLDER",
            ) from error
        lock = self._lock()
        try:
            yield
        finally:
            lock.release()

    def _lock(self) -> OwnerLock:
        place = os.path.join(self.folder, self.name)
        try:
            return OwnerLock(place)
        except OutboxLocked as error:
            raise OutboxLocked(
                f"the workers of {place} are run by process {error.pid}",
                path=place,
                pid=error.pid,
                hint="stop that one first, or give these another --client-id",
            ) from error
