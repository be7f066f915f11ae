"""The thread that commits: whatever was handed over while one commit ran is in the next.

    handed over ──▶ open group ──writer idle, or its commit done──▶ committing ──▶ durable

There is no collection delay: ``begin`` wakes an idle writer at once (contract 11). Only what may
lag (``holdfast.protocol.records``) begins no commit of its own for ``LAG_S``: a message
accepted meanwhile would have to wait for it, and so for two turns of the disk.

A commit that fails is tried again until it succeeds or the writer is closed, on a file opened
anew, because after a failed fsync nobody knows what the old handle believes (contract 12). Whether
the failed one had happened is read from the file: each commit writes its number. What is not
committed is never told durable.

Where the disk is full the reserve is given up for that second attempt, the log emptied, and from then
on only what waits or is in flight goes on: ``failure`` stays until the reserve has room again.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Event, Lock, Thread, current_thread

from holdfast.errors import OutboxError
from holdfast.messages import Outgoing
from holdfast.outbox import sqlite_file
from holdfast.outbox.changes import Change
from holdfast.outbox.reserve import Reserve
from holdfast.outbox.store import Group, Store
from holdfast.protocol import Deferred, Failed, Parked, Settled

LAG_S = 0.05
AGAIN_S = 0.5

log = logging.getLogger("holdfast")


class Writer:
    """Commits to one store on its own thread.

    ``durable``: the newest commit that happened. ``waiting``: bytes of rows that are handed over and
    not durable. ``closing``: nothing more is taken in. ``failure``: why commits do not happen at
    present. ``on_durable`` and ``on_failed`` are called on the writer's thread.
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
        self._tight = False  # the reserve is given up
        self._on_durable = on_durable
        self._on_failed = on_failed
        self.durable = store.books.commits
        self.waiting = 0
        self.failure: OutboxError | None = None
        self._group = Group(self.durable + 1)
        self._lock = Lock()  # guards the open group and the three flags
        self._idle = self._lagging = self.closing = False
        self._wake = Lock()
        self._wake.acquire()
        self._hurry = Event()
        if not reserve.take():
            self._fail(sqlite_file.no_room())
        self._thread = Thread(target=self._run, name="holdfast outbox", daemon=True)
        self._thread.start()

    # -- handing over, from any thread -------------------------------------------------------

    def accept(self, rows: Sequence[Outgoing], size: int) -> int:
        """Rows for the next commit, and their bytes; gives its number."""
        with self._lock:
            group = self._group
            group.rows += rows
            group.last = rows[-1].seq
            group.urgent = True
            group.size += size
            self.waiting += size
            return group.number

    def write(self, records: Sequence[Change]) -> int:
        """Records for the next commit; gives its number, or that of a past one when there are none."""
        with self._lock:
            if not records:
                return self.durable
            group = self._group
            group.records += records
            group.urgent = group.urgent or not all(map(_lags, records))
            return group.number

    def begin(self) -> None:
        """Let what was handed over be committed now, or as soon as the commit under way is done."""
        with self._lock:
            group = self._group
            if self._idle and (group.urgent or (group.records and not self._lagging)):
                self._idle = False
                self._wake.release()

    @property
    def ended(self) -> bool:
        """Whether the thread is gone, and the file let go of."""
        return not self._thread.is_alive()

    def close(self, timeout_s: float | None) -> bool:
        """Commit what was handed over and end; False when that failed, or took too long."""
        with self._lock:
            self.closing = True
            if self._idle:
                self._idle = False
                self._wake.release()
        self._hurry.set()
        if current_thread() is not self._thread:
            self._thread.join(timeout_s)
        group = self._group
        return self.ended and self.durable == group.number - 1 and not (group.rows or group.records)

    # -- on the thread -----------------------------------------------------------------------

    def _run(self) -> None:
        try:
            group = self._next()
            while group is not None and self._commit(group):
                _call(self._on_durable)
                group = self._next()
        finally:
            self._store.close()

    def _next(self) -> Group | None:
        """The group to commit now; waits for one. None: the end."""
        late = False
        while True:
            if self._tight:
                self._regain()
            with self._lock:
                group = self._group
                if group.urgent or (group.records and (late or self.closing)):
                    return self._seal()
                if self.closing:
                    return None
                self._idle, self._lagging = True, bool(group.records)
            patience = LAG_S if self._lagging else AGAIN_S if self._tight else -1
            late = not self._wake.acquire(timeout=patience) and self._wakened()

    def _wakened(self) -> bool:
        """After LAG_S: nobody wakes us any more; True when nobody just did."""
        with self._lock:
            late, self._idle = self._idle, False
        if not late:
            self._wake.acquire()  # it was released in the meantime
        return late

    def _seal(self) -> Group:
        group = self._group
        self._group = Group(group.number + 1)
        return group

    def _commit(self, group: Group) -> bool:
        """Until it is done; False when the writer is closed before."""
        try:
            self._store.commit(group)
        except Exception as error:  # a defect of ours too: said, and nothing told durable that is not
            self._fail(error)
            while not self._again(group):
                if self.closing:
                    return False
                self._hurry.wait(AGAIN_S)
            if not self._tight:
                self._recovered()
        self._settle_in()
        with self._lock:
            self.durable = group.number
            self.waiting -= group.size
        return True

    def _settle_in(self) -> None:
        """Where room is short: what the log holds takes its place in the file before others take the room."""
        if self._tight:
            with suppress(sqlite3.Error):  # a commit may find room in the log all the same
                self._store.empty_log()

    def _again(self, group: Group) -> bool:
        try:
            self._store.open()
            self._settle_in()
            if self._store.books.commits < group.number:
                self._store.commit(group)
        except Exception as error:
            self._fail(error)
            return False
        return True

    def _fail(self, error: Exception) -> None:
        if sqlite_file.is_full(error):
            self._tight = True
            self._reserve.release()
        first, self.failure = self.failure is None, sqlite_file.refused(error, self._path)
        if first:
            log.error("%s", self.failure)
            _call(lambda: self._on_failed(self.failure))

    def _regain(self) -> None:
        """Accept again once there is room for the reserve."""
        if not self._reserve.take():
            with suppress(sqlite3.Error):
                self._store.shrink()
        if self._reserve.take():
            self._tight = False
            self._recovered()

    def _recovered(self) -> None:
        self.failure = None
        log.warning("%s can be written again", self._path)
        _call(lambda: self._on_failed(None))


def _lags(record: Change) -> bool:
    """Whether nothing waits for this record (``holdfast.protocol.records``)."""
    return isinstance(record, Settled | Deferred | Parked) or (
        isinstance(record, Failed) and not record.withheld
    )


def _call(call: Callable[[], None]) -> None:
    """Tell somebody whose loop may have ended meanwhile; committing goes on whatever they do."""
    try:
        call()
    except Exception:
        log.debug("nobody listens to the outbox any more", exc_info=True)
