"""One process owns an outbox file: an advisory lock on a file beside it.

In the lock file stand the owner's pid, and the number of the newest commit when it opened or closed
the outbox: a file with a lower one is an older one (see ``origin``).

``flock`` belongs to the open file, not to the process: a second outbox on the same file in the
same process is refused too, and no other handle on the file gives the lock away when it is
closed. It ends with the process, however that ends; the lock file stays and locks nothing by itself.
"""

from __future__ import annotations

import os
from contextlib import suppress
from weakref import WeakSet

from holdfast.errors import OutboxLocked, OutboxUnwritable

_held: WeakSet[OwnerLock] = WeakSet()


class OwnerLock:
    """The lock of one outbox file, held from here until ``release``.

    ``noted`` is the number of a commit that the file has had, None where no owner left one.
    Raises OutboxLocked with the pid of the owner, OutboxUnwritable where no lock file can be made.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd: int | None = _open(path)
        self.noted: int | None = None
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
            raise _locked(self._path, _numbers(fd)[0]) from None
        self.noted = _numbers(fd)[1]
        self._write(fd)

    def note(self, commits: int) -> None:
        """The file has come so far."""
        self.noted = commits
        if self._fd is not None:
            self._write(self._fd)

    def _write(self, fd: int) -> None:
        text = f"{os.getpid()}" if self.noted is None else f"{os.getpid()} {self.noted}"
        with suppress(OSError):  # a full disk: what stands there is older, and right
            os.ftruncate(fd, os.pwrite(fd, text.encode(), 0))

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


def _numbers(fd: int) -> tuple[int | None, int | None]:
    """The pid and the commit, as far as they stand there."""
    words = [int(word) if word.isdigit() else None for word in os.pread(fd, 60, 0).split()]
    pid, noted, *_ = *words, None, None
    return pid, noted


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
