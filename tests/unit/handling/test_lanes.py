"""Lanes: what holds whatever is put, taken, delayed and done, in any order."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from holdfast.handling.lanes import NO_KEY, Lanes, Ticket

Item = tuple[int | None, int]


class AnyUse(RuleBasedStateMachine):
    """Beside a model that is a list: what waits, what runs, what is delayed."""

    def __init__(self) -> None:
        super().__init__()
        self.lanes: Lanes[Item] = Lanes()
        self.waiting: list[Item] = []
        self.running: list[Ticket[Item]] = []
        self.delayed: dict[Item, float] = {}
        self.done: defaultdict[int, list[int]] = defaultdict(list)
        self.now = 0.0
        self.count = 0

    @rule(keys=st.lists(st.none() | st.integers(0, 2), min_size=1, max_size=4))
    def put(self, keys: list[int | None]) -> None:
        """Some more come; None: without a key."""
        for key in keys:
            item = (key, self.count)
            self.count += 1
            self.lanes.put(NO_KEY if key is None else key, item)
            self.waiting.append(item)

    @rule()
    def take(self) -> None:
        """The oldest of a key at which nobody is, of which nothing is delayed; None only if there is none."""
        busy = {ticket.item[0] for ticket in self.running} | {key for key, _ in self.delayed}
        free: dict[object, Item] = {}
        for key, number in self.waiting:
            if key is None or key not in busy:
                free.setdefault(("none", number) if key is None else key, (key, number))
        assert self.lanes.ready == bool(free)
        ticket = self.lanes.take()
        if ticket is None:
            assert not free
            return
        assert ticket.item in free.values()
        self.waiting.remove(ticket.item)
        self.running.append(ticket)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        """Any that runs ends, in the order of its key."""
        ticket = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        key, number = ticket.item
        if key is not None:
            assert self.done[key] == sorted(self.done[key])
            assert not self.done[key] or self.done[key][-1] < number
            self.done[key].append(number)
        self.lanes.done(ticket)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), delay=st.integers(0, 5))
    def delay(self, data: st.DataObject, delay: int) -> None:
        """Any that runs is to run again, later."""
        ticket = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        ticket.tries += 1
        self.lanes.delay(ticket, self.now + delay)
        self.delayed[ticket.item] = self.now + delay

    @rule(step=st.integers(0, 4))
    def ripen(self, step: int) -> None:
        """Time goes by: what is due is the first of its key again."""
        self.now += step
        ripe = [item for item, at in self.delayed.items() if at <= self.now]
        for item in ripe:
            del self.delayed[item]
        self.waiting = sorted([*self.waiting, *ripe], key=lambda item: item[1])
        self.lanes.ripen(self.now)

    def teardown(self) -> None:
        """Drained: everything that waits or is delayed, in the order in which it came."""
        everything = sorted([*self.waiting, *self.delayed], key=lambda item: item[1])
        assert self.lanes.drain() == everything
        assert (len(self.lanes), self.lanes.due, self.lanes.take()) == (0, None, None)

    @invariant()
    def it_counts(self) -> None:
        """What waits or is delayed, and not what runs; the next time is that of the next to be ripe."""
        assert len(self.lanes) == len(self.waiting) + len(self.delayed)
        assert self.lanes.due == min(self.delayed.values(), default=None)

    @invariant()
    def it_forgets(self) -> None:
        """No lane is kept for a key of which nothing is left: keys may be as many as there are devices."""
        used = {key for key, _ in self.waiting} | {key for key, _ in self.delayed}
        used |= {ticket.item[0] for ticket in self.running}
        assert self.lanes._lanes.keys() == used - {None}


TestAnyUse = AnyUse.TestCase
TestAnyUse.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)


def test_lanes_take_turns() -> None:
    """A key with a thousand messages does not hold up one with a single one."""
    lanes: Lanes[str] = Lanes()
    for number in range(1000):
        lanes.put("busy", f"busy {number}")
    lanes.put("quiet", "quiet")
    taken = []
    for _ in range(3):
        ticket = lanes.take()
        assert ticket is not None
        taken.append(ticket.item)
        lanes.done(ticket)
    assert taken == ["busy 0", "quiet", "busy 1"]


def test_drained_beside_one_that_runs() -> None:
    """What is in hand is no part of it, and its end afterwards changes nothing."""
    lanes: Lanes[str] = Lanes()
    for item in "abc":
        lanes.put("key", item)
    ticket = lanes.take()
    assert ticket is not None
    assert (ticket.item, ticket.key) == ("a", "key")
    assert lanes.drain() == ["b", "c"]
    lanes.done(ticket)
    assert len(lanes) == 0
    assert lanes.take() is None
