"""Who holds up the acknowledgements behind it for too long (contract 13)."""

from __future__ import annotations

import pytest

from holdfast.client.overdue import Overdue, age_s, head_of_line_s
from holdfast.protocol import Delivery
from holdfast.testing.manual_clock import ManualClock
from holdfast.testing.waiting import eventually

LIMIT_S = 10.0


class Line:
    """Two lines, as the session has them, and who was late."""

    def __init__(self) -> None:
        self.clock = ManualClock(wall=1_000)
        self.ones: list[Delivery] = []
        self.twos: list[Delivery] = []
        self.late: list[str] = []
        self.overdue = Overdue(lambda: (self.ones, self.twos), self.clock, LIMIT_S, self._note)

    def _note(self, delivery: Delivery) -> None:
        self.late.append(delivery.topic)

    def came(self, topic: str, attempt: int = 1) -> Delivery:
        delivery = Delivery(topic, b"", 1)
        delivery.arrived, delivery.attempt = self.clock.wall(), attempt
        return delivery

    def after(self, seconds: float) -> list[str]:
        """Who was late at the look after so long."""
        self.clock.advance(seconds)
        self.late = []
        self.overdue.look()
        return self.late


def test_the_head_has_the_limit() -> None:
    """Counted from when it became the head, however long it waited before; nobody behind it is late."""
    line = Line()
    line.ones = [line.came("a"), line.came("b")]
    assert line.after(0) == []
    assert line.after(9) == []
    assert line.after(1) == ["a"]
    del line.ones[0]
    assert line.after(5) == []
    assert line.after(10) == ["b"]


def test_each_line_has_its_head() -> None:
    """QoS 1 does not wait for QoS 2."""
    line = Line()
    line.ones, line.twos = [line.came("one")], [line.came("two")]
    line.after(0)
    line.ones = [line.came("another")]
    assert line.after(9) == []
    assert line.after(1) == ["two"]


def test_those_that_fail_together_are_late_together() -> None:
    """Tried again since they came so long ago: at once when one of them is the head, and all of them."""
    line = Line()
    line.ones = [line.came("quick"), line.came("a", 3), line.came("running"), line.came("b", 2)]
    line.after(11)
    del line.ones[0]
    assert line.after(0) == ["a", "a", "b"]


def test_what_was_handled_is_never_late() -> None:
    """At the second attempt, say: it waits for those before it, or for its acknowledgement to leave."""
    line = Line()
    line.ones = [line.came("slow"), line.came("handled", 2), line.came("fails", 2)]
    line.ones[1].done = True
    line.after(0)
    assert line.after(11) == ["slow", "fails"]
    line.ones[0].done = True
    assert line.after(1) == []


def test_one_that_is_not_here_yet_is_not_late() -> None:
    """The link may be on a thread of its own, and the loop behind."""
    line = Line()
    line.ones = [Delivery("a", b"", 1)]
    line.after(0)
    assert line.after(100) == []
    assert (age_s(line.ones[0], line.clock), head_of_line_s(([], line.ones), line.clock)) == (0, 0)


def test_how_long_the_line_waits() -> None:
    """The older head of both counts; nothing waits: zero; a clock that was set back says nothing."""
    line = Line()
    line.ones = [line.came("a")]
    line.clock.advance(3)
    line.twos = [line.came("b")]
    line.clock.advance(2)
    assert head_of_line_s((line.ones, line.twos), line.clock) == pytest.approx(5)
    assert head_of_line_s(([], []), line.clock) == 0
    line.clock.jump_wall(-500)
    assert head_of_line_s((line.ones, line.twos), line.clock) == 0


async def test_it_looks_by_itself_until_it_is_closed() -> None:
    """Ten times within the limit."""
    line = Line()
    line.ones = [line.came("a", 2)]
    line.clock.advance(11)
    overdue = Overdue(lambda: (line.ones, []), line.clock, 0.2, line._note)
    overdue.begin()
    await eventually(lambda: len(line.late) >= 4)
    overdue.close()
    assert overdue._timer is not None
    assert overdue._timer.cancelled()
