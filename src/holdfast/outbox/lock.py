"""One process owns an outbox file: an advisory lock on a file beside it, with the owner's pid in it.

``flock`` belongs to the open file, not to the process: a second outbox on the same file in the
same process is refused too, and no other handle on the file gives the lock away when it is
closed. It ends with the process, however that ends; the lock file stays and means nothing by itself.
"""

from __future__ import annotations

import os
from contextlib import suppress
from weakref import WeakSet

from holdfast.errors import OutboxLocked, OutboxUnwritable

_held: WeakSet[OwnerLock] = WeakSet()


class OwnerLock:
    """The lock of one outbox file, held from here until ``release``.

    Raises OutboxLocked with the pid of the owner, OutboxUnwritable where no lock file can be made.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd: int | None = _open(path)
        try:
            self._take(self._fd)
        except BaseException:
            self.release()
            raise
        _held.add(self)

    def _take(self, fd: int) -> None:
        from fcntl import LOCK_EX, LOCK_NB, flock  # not on Windows, where no file outbox was tried

        try:
            flock(fd, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise _locked(self._path, _pid(fd)) from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let others in. In a forked child: forget the lock, which stays the parent's."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)


def _open(path: str) -> int:
    try:
        return os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise OutboxUnwritable(
            f"{path} cannot be opened: {error.strerror or error}",
            path=path,
            hint=_hint(error, os.path.dirname(path)),
        ) from error


def _hint(error: OSError, folder: str) -> str:
    if isinstance(error, NotADirectoryError):
        return "a part of this path is a file: name another one"
    if isinstance(error, FileNotFoundError):
        return f"make the folder: mkdir -p {folder}"
    return f"give this user the right to write in {folder}, or name another file"


def _pid(fd: int) -> int | None:
    text = os.pread(fd, 20, 0)
    return int(text) if text.isdigit() else None


def _locked(path: str, pid: int | None) -> OutboxLocked:
    if pid == os.getpid():
        owner, hint = (
            f"process {pid}, this one",
            "share the client that has it, stop it, or look at a disk that hangs",
        )
    else:
        owner = f"process {pid}" if pid else "another process"
        hint = "one process owns an outbox: stop the other one, or name another file"
    return OutboxLocked(f"{path} is in use by {owner}", path=path, pid=pid, hint=hint)


def _forget() -> None:
    """A forked child does not keep the parent's locks alive."""
    for lock in list(_held):
        with suppress(OSError):
            lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
