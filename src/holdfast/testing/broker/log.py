"""What a broker has promised, on disk before the promise leaves: a snapshot, and every call since.

The model broker is deterministic, so its state after a crash is the snapshot with the same calls made
again; nothing has to be written twice, and a turn of the loop costs one write and one fsync however many
messages it read. A record that a crash has cut off is one whose answer never left: it is dropped.

The file is written anew at every start and whenever it has grown while no client is connected: until
then it grows with what clients send.
"""

from __future__ import annotations

import io
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

WAITING_BYTES = 1 << 20
"""Calls that promised nothing wait in memory for the next commit, up to this size."""

_HEADER = 8
_SNAPSHOT = "snapshot"

Call = tuple[str, tuple[Any, ...], dict[str, Any]]
"""A method of BrokerCore and its arguments."""


class CallLog:
    """An append-only file of calls behind one snapshot."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._fd = -1
        self.size = 0

    def read(self) -> tuple[Any, list[Call]]:
        """The snapshot, None if there is none, and the calls since."""
        snapshot: Any = None
        calls: list[Call] = []
        for name, args, kwargs in self._records():
            if name == _SNAPSHOT:
                snapshot = args[0]
            else:
                calls.append((name, args, kwargs))
        return snapshot, calls

    def _records(self) -> Iterator[Call]:
        data = self._path.read_bytes() if self._path.exists() else b""
        pos = 0
        while pos + _HEADER <= len(data):
            size, check = (int.from_bytes(data[at : at + 4], "big") for at in (pos, pos + 4))
            body = data[pos + _HEADER : pos + _HEADER + size]
            if len(body) < size or crc32(body) != check:
                return
            yield _Plain(io.BytesIO(body)).load()
            pos += _HEADER + size

    def begin(self, snapshot: object, calls: list[Call]) -> None:
        """Replace the file by this snapshot and these calls, whole or not at all."""
        fresh = self._path.with_name(self._path.name + ".new")
        records = [_record((_SNAPSHOT, (snapshot,), {})), *(_record(call) for call in calls)]
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            self.size = _write(fd, b"".join(records))
            os.fsync(fd)
            os.replace(fresh, self._path)
            _sync_folder(self._path.parent)
        except BaseException:
            os.close(fd)
            raise
        self.close()
        self._fd = fd

    def append(self, call: Call) -> None:
        """Note a call; it is on disk after the next ``commit``."""
        record = _record(call)
        self._waiting.append(record)
        self._waiting_bytes += len(record)
        if self._waiting_bytes > WAITING_BYTES:
            self._write_waiting()

    def commit(self) -> None:
        """Write what was noted, and fsync."""
        self._write_waiting()
        os.fdatasync(self._fd)

    def _write_waiting(self) -> None:
        data, self._waiting, self._waiting_bytes = b"".join(self._waiting), [], 0
        self.size += _write(self._fd, data)

    def close(self) -> None:
        """Close the file; what was noted since the last commit is not in it."""
        self._waiting, self._waiting_bytes = [], 0
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class _Plain(pickle.Unpickler):
    """Reads plain data, and nothing that could run code."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} in a broker's log: it holds plain data only")


def _record(call: Call) -> bytes:
    body = pickle.dumps(call, protocol=5)
    return len(body).to_bytes(4, "big") + crc32(body).to_bytes(4, "big") + body


def _write(fd: int, data: bytes) -> int:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
    return len(data)


def _sync_folder(folder: Path) -> None:
    """A rename is durable when its folder is."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
