"""The thread that commits: whatever was handed over while one commit ran is in the next.

There is no collection delay: ``begin`` wakes an idle writer at once (contract 11). Only what may
lag (``holdfast.protocol.records``) begins no commit of its own for ``LAG_S``: a message
accepted meanwhile would have to wait for it, and so for two turns of the disk.

A commit that fails is tried again until it succeeds or the writer is closed (see ``commits``).
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock, Thread, current_thread

from holdfast.errors import OutboxError
from holdfast.outbox.commits import Commits
from holdfast.outbox.reserve import Reserve
from holdfast.outbox.store import Group, Store

LAG_S = 0.05
AGAIN_S = 0.5


class Writer(Commits):
    """Commits to one store on its own thread; ``on_durable`` and ``on_failed`` are called there."""

    def __init__(
        self,
        store: Store,
        path: str,
        reserve: Reserve,
        on_durable: Callable[[], None],
        on_failed: Callable[[OutboxError | None], None],
    ) -> None:
        super().__init__(store, path, reserve, on_durable, on_failed)
        self._idle = self._lagging = False  # under the lock, as ``closing``
        self._wake = Lock()
        self._wake.acquire()
        self._hurry = Event()
        self._thread = Thread(target=self._run, name="holdfast outbox", daemon=True)
        self._thread.start()

    # -- from any thread ---------------------------------------------------------------------

    def begin(self) -> None:
        with self._lock:
            group = self._group
            if self._idle and (group.urgent or (group.records and not self._lagging)):
                self._idle = False
                self._wake.release()

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive()

    def close(self, timeout_s: float | None) -> bool:
        with self._lock:
            self.closing = True
            if self._idle:
                self._idle = False
                self._wake.release()
        self._hurry.set()
        if current_thread() is not self._thread:
            self._thread.join(timeout_s)
        return self.ended and self.settled

    # -- on the thread -----------------------------------------------------------------------

    def _run(self) -> None:
        try:
            group = self._next()
            while group is not None and self._until_done(group):
                self.tell()
                group = self._next()
        finally:
            self._store.close()

    def _next(self) -> Group | None:
        """The group to commit now; waits for one. None: the end."""
        late = False
        while True:
            if self.tight:
                self.regain()
            with self._lock:
                group = self.due(late or self.closing)
                if group is not None or self.closing:
                    return group
                self._idle, self._lagging = True, self.lagging
            patience = LAG_S if self._lagging else AGAIN_S if self.tight else -1
            late = not self._wake.acquire(timeout=patience) and self._wakened()

    def _wakened(self) -> bool:
        """After LAG_S: nobody wakes us any more; True when nobody just did."""
        with self._lock:
            late, self._idle = self._idle, False
        if not late:
            self._wake.acquire()  # it was released in the meantime
        return late

    def _until_done(self, group: Group) -> bool:
        """The commit, twice at least where it fails; False when the writer is closed before it succeeds."""
        if self.commit(group):
            return True
        while not self.commit(group):
            if self.closing:
                return False
            self._hurry.wait(AGAIN_S)
        return True
