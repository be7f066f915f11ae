"""What an outbox is, if it is nothing but lists: who waits, who may go, who is given up, who ends."""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.messages import Outgoing

Told = list[tuple[int, str, str]]


class Model:
    """Rows by sequence number."""

    def __init__(self, policy: str, hold: bool, messages: int, size: int, ring: int) -> None:
        self.policy = policy
        self.draining = False
        self._hold = hold
        self._messages = messages
        self._bytes = size
        self._limit = ring
        self.line: dict[int, Outgoing] = {}
        self.due: set[int] = set()  # of them, those that were deferred and may go
        self.ring: dict[int, Outgoing] = {}
        self.flying: dict[int, Outgoing] = {}
        self.deferred: dict[int, tuple[Outgoing, float]] = {}
        self.parked: dict[int, Outgoing] = {}
        self.accepted = 0
        self.ended = dict.fromkeys(("acknowledged", "sent", "failed", "expired", "dropped"), 0)

    def unsent(self) -> list[Outgoing]:
        """Whatever may expire or be given up, but for volatile rows; oldest first."""
        deferred = [row for row, _ in self.deferred.values()]
        rows = [*self.line.values(), *deferred, *self.parked.values()]
        return sorted(rows, key=lambda row: row.seq)

    def pending(self) -> list[Outgoing]:
        return [*self.unsent(), *self.ring.values(), *self.flying.values()]

    def end(self, row: Outgoing, ending: str, why: str = "") -> tuple[int, str, str]:
        self.ended[ending] += 1
        for place in (self.line, self.ring, self.deferred, self.parked):
            place.pop(row.seq, None)
        return row.seq, ending, why

    # -- who publishes -----------------------------------------------------------------------

    def lacks(self, rows: Sequence[Outgoing]) -> int | None:
        if self.draining and len(self.ring) >= self._limit and any(not row.qos for row in rows):
            return self._limit
        return self._met(self.pending(), rows)

    def _met(self, held: Sequence[Outgoing], rows: Sequence[Outgoing]) -> int | None:
        if held and sum(row.size for row in [*held, *rows]) > self._bytes:
            return self._bytes
        return self._messages if held and len(held) + len(rows) > self._messages else None

    def check_room(self, rows: Sequence[Outgoing], made: bool, dropped: Sequence[int]) -> None:
        """Whether ``make_room`` was right to give up these, which are given up here too."""
        stuck = self.draining and len(self.ring) >= self._limit and any(not row.qos for row in rows)
        might = [] if stuck else self._candidates(rows)
        left = [row for row in self.pending() if row not in might]
        if self.policy == "drop_newest":
            assert (made, dropped) == (not stuck, [])
            return
        assert made == (bool(might) and self._met(left, rows) is None)
        assert bool(dropped) == made
        chosen = [row for row in might if row.seq in dropped]
        assert len(chosen) == len(dropped)
        if self.policy != "latest_per_topic":
            assert chosen == might[: len(chosen)], "the first to go first"
        for row in chosen:
            self.end(row, "dropped")
        if made:
            assert self._met(self.pending(), rows) is None
            one_back = [*self.pending(), next(row for row in chosen if row.seq == dropped[-1])]
            assert self._met(one_back, rows) is not None, "more was given up than was needed"

    def _candidates(self, rows: Sequence[Outgoing]) -> list[Outgoing]:
        unsent = self.unsent()
        if self.policy == "drop_oldest":
            return unsent
        if self.policy == "drop_lowest_priority":
            most = min(row.priority for row in rows)
            return sorted((row for row in unsent if row.priority <= most), key=lambda row: row.priority)
        if self.policy == "latest_per_topic":
            newest = {row.topic: row.seq for row in unsent} | {row.topic: 1 << 60 for row in rows}
            return [row for row in unsent if newest[row.topic] > row.seq]
        return []

    def accept(self, rows: Sequence[Outgoing], shed: bool) -> Told:
        """Gives what is told of them at once."""
        self.accepted += len(rows)
        if shed:
            return [self.end(row, "dropped", self.policy) for row in rows]
        for row in rows:
            (self.line if row.qos else self.ring)[row.seq] = row
        grown = not self.draining and any(not row.qos for row in rows)
        over = max(0, len(self.ring) - self._limit) if grown else 0
        return [self.end(row, "dropped", "qos0_outbox") for row in list(self.ring.values())[:over]]

    # -- the session -------------------------------------------------------------------------

    def take(self, rows: Sequence[Outgoing], room: int, now: float) -> None:
        """Whether it was right to give these."""
        self._let_go(now)
        assert [row.seq for row in rows if not row.qos] == list(self.ring)
        ones = [row for row in rows if row.qos]
        able = {priority: self._able(priority) for priority in (0, 1, 2)}
        for priority, some in able.items():
            of_class = [row.seq for row in ones if row.priority == priority]
            assert of_class == some[: len(of_class)], "a class goes in accept order"
        assert len(ones) == min(max(0, room), sum(map(len, able.values())))
        for row in rows:
            self.line.pop(row.seq, None)
            self.due.discard(row.seq)
            self.flying[row.seq] = row
        self.ring.clear()

    def _able(self, priority: int) -> list[int]:
        held = self._hold and any(row.priority == priority for row, _ in self.deferred.values())
        rows = sorted(
            (row for row in self.line.values() if row.priority == priority), key=lambda row: row.seq
        )
        return [row.seq for row in rows if not held or row.seq in self.due]

    def defer(self, row: Outgoing, until: float) -> Told:
        if not row.qos:
            return [self.end(row, "dropped", "qos0_outbox")]
        self.deferred[row.seq] = row, until
        return []

    def park(self, row: Outgoing) -> Told:
        if not row.qos:
            return [self.end(row, "dropped", "qos0_outbox")]
        self.parked[row.seq] = row
        return []

    def unpark(self, odd: bool) -> None:
        for seq in [seq for seq in self.parked if seq % 2 == odd]:
            self.line[seq] = self.parked.pop(seq)
            self.due.add(seq)

    # -- time --------------------------------------------------------------------------------

    def _let_go(self, now: float) -> None:
        for seq in sorted(self.deferred):
            row, until = self.deferred[seq]
            older = [
                one for one, _ in self.deferred.values() if one.priority == row.priority and one.seq < seq
            ]
            if until <= now and not (self._hold and older):
                del self.deferred[seq]
                self.line[seq] = row
                self.due.add(seq)

    def sweep(self, now: float, max_age_s: float) -> Told:
        """What ends for its age."""
        self._let_go(now)
        told: Told = []
        for row in [*self.unsent(), *self.ring.values()]:
            if row.expires_at is not None and row.expires_at <= now:
                told.append(self.end(row, "expired", "expiry_s"))
            elif row.accepted_at + max_age_s <= now:
                told.append(self.end(row, "expired", "max_age_s"))
        return told
