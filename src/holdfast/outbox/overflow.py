"""What is given up so that new messages have room (contract 9): unsent rows, and only as many as it takes.

========================  =====================================================================
policy                    gives up
========================  =====================================================================
wait, reject              nothing: who publishes waits, or is refused
drop_oldest               the oldest
drop_lowest_priority      the oldest of the lowest class, never of a class above the new ones
latest_per_topic          those that a newer one on the same topic has superseded
drop_newest               the new ones: they are accepted, and end at once
========================  =====================================================================

Where that would not be room enough, nothing is given up, and the new messages are refused. What was
taken is with the session: it is in flight, or as good as.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Literal

from holdfast.messages import LOW, Outgoing
from holdfast.outbox.keys import key_of
from holdfast.outbox.latest import Latest

if TYPE_CHECKING:
    from holdfast.outbox.tally import Tally
    from holdfast.outbox.waiting import Waiting

SPARE = 1.1
"""With what is kept for handlers: one that waited for room would wait for itself (contract 11)."""

Policy = Literal["wait", "reject", "drop_oldest", "drop_newest", "drop_lowest_priority", "latest_per_topic"]


class Overflow:
    """How much may be pending, in messages and bytes (None: as much as there is), and what gives way.

    ``sheds``: what does not fit is accepted all the same, and ends at once.
    """

    def __init__(self, policy: Policy, max_messages: int | None, max_bytes: int | None) -> None:
        self.policy: Policy = policy
        self.sheds = policy == "drop_newest"
        self.max_messages = max_messages
        self.max_bytes = max_bytes

    def latest(self) -> Latest | None:
        """Where it must be known which rows are superseded: what finds out."""
        return Latest() if self.policy == "latest_per_topic" else None

    def met(
        self,
        tally: Tally,
        more: int,
        more_bytes: int,
        *,
        beside: Tally | None = None,
        fewer: int = 0,
        fewer_bytes: int = 0,
        share: float = 1.0,
    ) -> int | None:
        """The bound that keeps so much more out; a group of any size fits where nothing else is held.

        What is ``beside`` the tally counts too; ``fewer``: so much would be given up. ``share`` of the
        budget is what counts.
        """
        held = tally.bytes_in - tally.bytes_out - fewer_bytes
        if beside is not None:
            held += beside.bytes_in - beside.bytes_out
        if self.max_bytes is not None and held > 0 and held + more_bytes > self.max_bytes * share:
            return self.max_bytes
        if self.max_messages is not None:
            pending = tally.pending - fewer + (0 if beside is None else beside.pending)
            if pending > 0 and pending + more > self.max_messages * share:
                return self.max_messages
        return None

    def make_room(
        self, waiting: Waiting, tally: Tally, rows: Sequence[Outgoing], beside: Tally | None = None
    ) -> list[Outgoing] | None:
        """Take out the rows that end for these; None: that is not allowed, or would not be enough.

        Goes inside ``waiting``. The rest as ``met``.
        """
        if self.policy in ("wait", "reject"):
            return None
        if self.sheds:
            return []
        count, size = len(rows), sum([row.size for row in rows])

        def short(fewer: int, fewer_bytes: int) -> bool:
            met = self.met(tally, count, size, beside=beside, fewer=fewer, fewer_bytes=fewer_bytes)
            return met is not None

        with waiting.lock:
            waiting.settle()
            with closing(self._candidates(waiting, rows)) as candidates:
                chosen = _enough(candidates, short)
            if chosen is not None:
                chosen = [row for row in chosen if waiting.pull(key_of(row)) is not None]
            if waiting.latest is not None:
                waiting.latest.tidy(tally.pending, waiting.has)
        return chosen

    def _candidates(self, waiting: Waiting, rows: Sequence[Outgoing]) -> Generator[Outgoing, None, None]:
        """What may be given up for these rows, in this order."""
        if self.policy == "drop_oldest":
            yield from waiting.oldest()
        elif self.policy == "drop_lowest_priority":
            for priority in range(LOW, min([row.priority for row in rows], default=LOW) + 1):
                yield from waiting.oldest((priority,))
        elif waiting.latest is not None:
            yield from waiting.latest.superseded(waiting, rows)


def _enough(candidates: Iterator[Outgoing], short: Callable[[int, int], bool]) -> list[Outgoing] | None:
    """The first of these that make room enough; None: not even all of them."""
    chosen: dict[int, Outgoing] = {}
    size = 0
    while short(len(chosen), size):
        row = next(candidates, None)
        if row is None:
            return None
        if key_of(row) not in chosen:  # one that came back may be superseded twice
            chosen[key_of(row)] = row
            size += row.size
    return list(chosen.values())
