"""What waits in a file, over restarts: closed or killed, the next process finds it as it should be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from holdfast.messages import HIGH, LOW, NORMAL, Outgoing
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.protocol import Assigned, Deferred, Parked
from holdfast.testing.manual_clock import ManualClock
from tests.contracts.outboxes import wait
from tests.unit.outbox.files import crash, open_outbox, seqs, write

Again = Callable[[SqliteOutbox], SqliteOutbox]


def put(outbox: SqliteOutbox, *topics: str, priority: int = NORMAL) -> list[Outgoing]:
    rows = [Outgoing(0, topic, b"x", 1, priority=priority) for topic in topics]
    wait(outbox, outbox.accept(rows))
    return rows


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["closed", "killed"])
def again(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Again:
    """The next process on what this one leaves, or would leave if it were killed now."""

    def begin(outbox: SqliteOutbox, **options: Any) -> SqliteOutbox:
        path = Path(outbox.path)
        if request.param == "killed":
            path = crash(path, tmp_path / "copy")
            (path.parent / (path.name + ".lock")).unlink(missing_ok=True)
        assert outbox.close(10)
        return open_outbox(path, clock=clock, **options)

    return begin


@pytest.fixture
def outbox(tmp_path: Path, clock: ManualClock) -> SqliteOutbox:
    return open_outbox(tmp_path / "outbox.db", clock=clock)


def test_each_class_goes_on_in_its_order(outbox: SqliteOutbox, again: Again) -> None:
    """A high one first; a row in flight is not among them."""
    put(outbox, "a", "b", priority=LOW)
    put(outbox, "c", "d")
    put(outbox, "e", "f", priority=HIGH)
    (first,) = outbox.take(1)
    write(outbox, Assigned([(1, first)]))
    outbox = again(outbox)
    rows = outbox.take(1)
    assert seqs(rows) == [6]
    rows = outbox.take(10)
    assert [row.seq for row in rows if row.priority == LOW] == [1, 2]
    assert [row.seq for row in rows if row.priority == NORMAL] == [3, 4]
    outbox.close()


def test_a_deferred_row_is_unsent_and_knows_its_tries(outbox: SqliteOutbox, again: Again) -> None:
    """Its time is not kept: the next process asks the broker at once."""
    put(outbox, "a", "b")
    one, two = outbox.take(10)
    write(outbox, Assigned([(1, one), (2, two)]))
    one.tries = 3
    write(outbox, Deferred(one, 0x97, "", 1e9))
    outbox = again(outbox)
    assert [(row.seq, row.tries) for row in outbox.take(10)] == [(1, 3)]
    assert [row.seq for _, row in outbox.restore().sent] == [2]
    outbox.close()


def test_a_parked_row_stays_parked(outbox: SqliteOutbox, again: Again) -> None:
    """Until it fits; then it goes in its old place, before those accepted after it."""
    put(outbox, "a", "b", "c")
    (one,) = outbox.take(1)
    write(outbox, Parked(one, 0x95, ""))
    outbox = again(outbox)
    assert (outbox.parked, outbox.pending) == (1, 3)
    outbox.unpark(lambda row: row.topic == "a")
    assert outbox.parked == 0
    wait(outbox, outbox.write([Assigned([])]))
    rows: list[Outgoing] = []
    while some := outbox.take(10):
        rows += some
    assert seqs(rows) == [1, 2, 3]
    outbox.close()


def test_what_is_superseded_is_known_again(outbox: SqliteOutbox, again: Callable[..., SqliteOutbox]) -> None:
    """latest_per_topic over a restart: of each topic the newest unsent row is left."""
    put(outbox, "a", "b", "a", "c", "b")
    outbox = again(outbox, overflow="latest_per_topic", max_messages=5)
    dropped: list[int] = []
    outbox.on_ended = lambda rows, *_how: dropped.extend(seqs(rows))
    for topic in ("d", "e"):
        new = [Outgoing(0, topic, b"x", 1)]
        assert outbox.lacks(new) == 5
        assert outbox.make_room(new)
        wait(outbox, outbox.accept(new))
    assert sorted(dropped) == [1, 2]
    assert not outbox.make_room([Outgoing(0, "f", b"x", 1)])
    assert seqs(outbox.take(10)) == [3, 4, 5, 6, 7]
    outbox.close()
