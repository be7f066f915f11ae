"""Every outbox, used by everybody at once: four publishers, and an engine that takes, ends and sweeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from holdfast.messages import Outgoing
from holdfast.protocol import Deferred, Parked, Settled
from tests.contracts.bench import Bench
from tests.support.crowd import Crowd

THREADS = 4
EACH = 150

Make = Callable[..., Bench]


class Publishers(Crowd):
    """They hold ``accepting`` as a client does."""

    def __init__(self, desk: Bench) -> None:
        super().__init__(THREADS, self._publish_all)
        self._desk = desk
        self.refused = 0
        self.accepted: list[int] = []

    def _publish_all(self, number: int) -> None:
        for turn in range(EACH):
            self._publish(number, turn)

    def _publish(self, number: int, turn: int) -> None:
        desk, outbox = self._desk, self._desk.outbox
        expiry_s = 2.0 if turn % 5 == 0 else None
        topic, size = f"{number}/{turn % 3}", turn % 200
        rows = desk.rows(1 + turn % 3, topic=topic, priority=number % 3, size=size, expiry_s=expiry_s)
        with outbox.accepting:
            if outbox.lacks(rows) is not None and not outbox.make_room(rows):
                self.refused += len(rows)
                return
            outbox.accept(rows)
            self.accepted += [row.seq for row in rows]
        outbox.begin()


class Engine:
    """Takes what it gets; some of it is refused for now, some does not fit, the rest is acknowledged."""

    def __init__(self, desk: Bench) -> None:
        self._desk = desk
        self.ended: list[int] = []

    def turn(self) -> None:
        outbox, clock = self._desk.outbox, self._desk.clock
        rows = outbox.take(7)
        done: list[Outgoing] = []
        for row in rows:
            if row.seq % 11 == 0 and not row.tries:
                row.tries += 1
                outbox.write([Deferred(row, 0x97, "", clock.now() + 0.5)])
            elif row.seq % 13 == 0 and not row.tries:
                row.tries += 1
                outbox.write([Parked(row, 0x95, "")])
            else:
                done.append(row)
        outbox.write([Settled(done, "acknowledged")])
        self.ended += [row.seq for row in done]
        clock.advance(0.05)
        outbox.sweep(clock.now())
        outbox.unpark(lambda row: True)
        outbox.begin()


@pytest.mark.parametrize("policy", ["reject", "drop_oldest", "drop_newest", "latest_per_topic"])
def test_each_message_ends_once(bench: Make, policy: str) -> None:
    """Whoever is faster: acknowledged, expired or dropped, and never two of them; the books say the same."""
    desk = bench(overflow=policy, max_messages=40, max_bytes=20_000, max_age_s=60)
    engine = Engine(desk)
    with Publishers(desk) as publishers:
        while publishers.running:
            engine.turn()
            books = desk.outbox.ledger()
            assert books.accepted >= books.pending >= 0
    assert publishers.failed == []
    for _ in range(2000):
        if not desk.outbox.pending:
            break
        desk.settle()
        engine.turn()
    told = Counter([*engine.ended, *(seq for seq, *_ in desk.told)])
    assert [seq for seq, count in told.items() if count > 1] == []
    assert sorted(told) == sorted(publishers.accepted) == list(range(1, desk.outbox.last + 1))
    assert len(told) + publishers.refused == THREADS * sum(1 + turn % 3 for turn in range(EACH))
    endings = Counter(ending for _, ending, _ in desk.told)
    books = desk.outbox.ledger()
    assert (books.acknowledged, books.expired, books.dropped, books.pending) == (
        len(engine.ended),
        endings["expired"],
        endings["dropped"],
        0,
    )
