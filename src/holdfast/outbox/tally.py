"""What came in and what ended, in messages and bytes (contract 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock

from holdfast.messages import Outgoing

ENDINGS = ("acknowledged", "sent", "failed", "expired", "dropped")


class Tally:
    """Books that are balanced at every moment.

    What comes in is counted by one thread at a time, and before anybody can take it; what ends by any
    thread; and what is pending is their difference, so that neither waits for the other.
    """

    __slots__ = ("_ended", "_lock", "accepted", "bytes_in", "bytes_out")

    def __init__(self, accepted: int = 0, size: int = 0, ended: Mapping[str, int] | None = None) -> None:
        """Books that go on: so many accepted, so many bytes pending, so many ended in each way."""
        self.accepted = accepted
        self.bytes_in = size
        self.bytes_out = 0
        self._ended = {name: ended[name] if ended else 0 for name in ENDINGS}
        self._lock = Lock()

    def accept(self, count: int, size: int) -> None:
        """So many messages came in."""
        self.accepted += count
        self.bytes_in += size

    def end(self, rows: Sequence[Outgoing], ending: str) -> None:
        """These ended."""
        size = rows[0].size if len(rows) == 1 else sum([row.size for row in rows])
        self._lock.acquire()  # half the cost of a with statement, once for each message
        try:
            self.bytes_out += size
            self._ended[ending] += len(rows)
        finally:
            self._lock.release()

    @property
    def pending(self) -> int:
        """How many have not ended."""
        ended = sum(self._ended.values())  # first: who accepts meanwhile makes it more, never less
        return self.accepted - ended

    def ended(self) -> dict[str, int]:
        """How many ended in which way; ask for ``accepted`` later."""
        with self._lock:
            return self._ended.copy()
