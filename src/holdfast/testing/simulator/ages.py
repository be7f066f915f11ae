"""How long each row with an expiry may live, by the time of the world (contract 9, 27)."""

from __future__ import annotations

from math import inf

from holdfast.messages import Outgoing
from holdfast.testing.simulator.machine import Machine
from holdfast.testing.simulator.promises import Promise, PromiseBroken

ROUNDING_S = 1e-5


class Ages:
    """Rows by the numbers they have at present; one that was never durable gives its number away."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._ends: dict[int, tuple[float, float] | None] = {}
        self._began: dict[int, tuple[float, float]] = {}

    @property
    def highest(self) -> int:
        """The highest number that was given so far."""
        return max(self._ends, default=0)

    def accepted(self, rows: list[Outgoing]) -> None:
        """These begin to live."""
        for row in rows:
            ends, machine = row.expires_at, self._machine
            self._ends[row.seq] = None if ends is None else (machine.moment(ends), machine.pretended_s)
            self._began[row.seq] = machine.moment(machine.now()), machine.pretended_s

    def left_s(self, seq: int) -> tuple[float, float] | None:
        """How many seconds this row may still have, at least and at most; None: it has no expiry."""
        life = self._ends.get(seq)
        if life is None:
            return None
        ends, pretended_s = life
        left_s = ends - self._machine.moment(self._machine.now())
        least_s = left_s - (self._machine.pretended_s - pretended_s) - ROUNDING_S
        return least_s, left_s + ROUNDING_S if self._machine.sure else inf

    def ended(self, rows: list[Outgoing], max_age_s: float | None) -> None:
        """The outbox found these too old, by their expiry or by this age."""
        if max_age_s is None:
            self.too_old(rows)
            return
        for row in rows:
            began, pretended_s = self._began[row.seq]
            lived_s = self._machine.moment(self._machine.now()) - began
            if lived_s + self._machine.pretended_s - pretended_s < max_age_s - ROUNDING_S:
                raise PromiseBroken(Promise.AGES, f"{row} is {lived_s} s old, and may be {max_age_s}")

    def nothing(self, rows: list[Outgoing]) -> None:
        """While the wall clock is suspect nothing in a file may expire."""
        if rows and self._machine.behind():
            raise PromiseBroken(Promise.AGES, f"{rows} expired, and the wall clock is suspect")

    def too_old(self, rows: list[Outgoing]) -> None:
        """These expired."""
        for row in rows:
            left_s = self.left_s(row.seq)
            if left_s is None or left_s[0] > 0:
                raise PromiseBroken(Promise.AGES, f"{row} expired with {left_s} s left")
