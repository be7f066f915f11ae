"""What is handed over, and how it is committed: everything about commits but the thread (``writer``).

    handed over ──▶ open group ──due──▶ committing ──▶ durable

Each commit writes its number. A commit that fails is tried again on a file opened anew, because after a
failed fsync nobody knows what the old handle believes (contract 12); whether the failed one had
happened is read from the file. What is not committed is never told durable.

Where the disk is full the reserve is given up for the next attempt, the log emptied, and from then
on only what waits or is in flight goes on: ``failure`` stays until the reserve has room again.
"""

from __future__ import annotations

import logging
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Lock

from holdfast.errors import OutboxError
from holdfast.messages import Outgoing
from holdfast.outbox import intake_changes, sqlite_file
from holdfast.outbox.changes import Change
from holdfast.outbox.reserve import Reserve
from holdfast.outbox.store import Group, Store
from holdfast.protocol import Completed, Deferred, Failed, Parked, Settled

log = logging.getLogger("holdfast")


class Commits(ABC):
    """The commits of one store; somebody must say when, one at a time.

    ``durable``: the newest commit that happened. ``waiting``: bytes of rows that are handed over and
    not durable. ``closing``: nothing more is taken in. ``failure``: why commits do not happen at
    present. ``on_durable`` and ``on_failed`` are called by whoever commits.
    """

    def __init__(
        self,
        store: Store,
        path: str,
        reserve: Reserve,
        on_durable: Callable[[], None],
        on_failed: Callable[[OutboxError | None], None],
    ) -> None:
        self._store = store
        self._path = path
        self._reserve = reserve
        self._on_durable = on_durable
        self._on_failed = on_failed
        self.durable = store.books.commits
        self.waiting = 0
        self.failure: OutboxError | None = None
        self.closing = False
        self.tight = False  # the reserve is given up
        self._anew = False  # the last attempt failed
        self._group = Group(self.durable + 1)
        self._last = 0  # the number of the newest row that was handed over
        self._lock = Lock()  # guards the open group, and what depends on it
        if not reserve.take():
            self._fail(sqlite_file.no_room())

    # -- handing over, from any thread -------------------------------------------------------

    def accept(self, rows: Sequence[Outgoing], size: int) -> int:
        """Rows for the next commit, and their bytes; gives its number."""
        with self._lock:
            group = self._group
            group.rows += rows
            group.last = self._last = rows[-1].seq
            group.urgent = True
            group.size += size
            self.waiting += size
            return group.number

    def number_of(self, rows: Sequence[Outgoing]) -> int | None:
        """Of the commit with these, the newest: ``accept`` was interrupted; None: before it had them."""
        with self._lock:
            if self._last < rows[-1].seq:
                return None
            return self._group.number - (self._group.last == 0)

    def write(self, records: Sequence[Change]) -> int:
        """Records for the next commit; gives its number, or that of a past one when there are none."""
        with self._lock:
            if not records:
                return self.durable
            group = self._group
            group.records += records
            group.urgent = group.urgent or not all(map(_lags, records))
            return group.number

    @abstractmethod
    def begin(self) -> None:
        """Let what was handed over be committed now, or as soon as the commit under way is done."""

    @abstractmethod
    def close(self, timeout_s: float | None) -> bool:
        """Commit what was handed over and end; False when that failed, or took too long."""

    @property
    @abstractmethod
    def ended(self) -> bool:
        """Whether nothing more is committed, and the file let go of."""

    @property
    def lagging(self) -> bool:
        """Whether records wait for a commit that may be put off."""
        return bool(self._group.records) and not self._group.urgent

    @property
    def settled(self) -> bool:
        """Whether everything handed over is durable."""
        group = self._group
        return self.durable == group.number - 1 and not (group.rows or group.records)

    # -- committing --------------------------------------------------------------------------

    def due(self, late: bool) -> Group | None:
        """The group to commit now, with what lags if it is ``late``; to be called under the lock."""
        group = self._group
        if not (group.urgent or (group.records and late)):
            return None
        self._group = Group(group.number + 1)
        return group

    def commit(self, group: Group) -> bool:
        """One attempt at the group that is due; False: it failed, and the same is to be tried again."""
        try:
            self._write_down(group)
        except Exception as error:  # a defect of ours too: said, and nothing told durable that is not
            self._anew = True
            self._fail(error)
            return False
        if self._anew and not self.tight:
            self._recovered()
        self._anew = False
        self._settle_in()
        if group.left:
            self._store.on_left(group.left)
        with self._lock:
            self.durable = group.number
            self.waiting -= group.size
        return True

    def _write_down(self, group: Group) -> None:
        if self._anew:
            self._store.open()
            self._settle_in()
            if self._store.books.commits >= group.number:
                return
        self._store.commit(group)

    def tell(self) -> None:
        """Say that ``durable`` has grown."""
        _call(self._on_durable)

    def regain(self) -> None:
        """Accept again once there is room for the reserve."""
        if not self._reserve.take():
            with suppress(sqlite3.Error):
                self._store.shrink()
        if self._reserve.take():
            self.tight = False
            self._recovered()

    def _settle_in(self) -> None:
        """Where room is short: what the log holds takes its place in the file before others take the room."""
        if self.tight:
            with suppress(sqlite3.Error):  # a commit may find room in the log all the same
                self._store.empty_log()

    def _fail(self, error: Exception) -> None:
        if sqlite_file.is_full(error):
            self.tight = True
            self._reserve.release()
        first, self.failure = self.failure is None, sqlite_file.refused(error, self._path)
        if first:
            log.error("%s", self.failure)
            _call(lambda: self._on_failed(self.failure))

    def _recovered(self) -> None:
        self.failure = None
        log.warning("%s can be written again", self._path)
        _call(lambda: self._on_failed(None))


_LAGGING = (Settled, Deferred, Parked, Completed, *intake_changes.LAGGING)


def _lags(record: Change) -> bool:
    """Whether nothing waits for this record (``holdfast.protocol.records``)."""
    return isinstance(record, _LAGGING) or (
        isinstance(record, Failed) and not (record.withheld or record.kills)
    )


def _call(call: Callable[[], None]) -> None:
    """Tell somebody whose loop may have ended meanwhile; committing goes on whatever they do."""
    try:
        call()
    except Exception:
        log.debug("nobody listens to the outbox any more", exc_info=True)
