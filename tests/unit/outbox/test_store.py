"""What records do to the file, seen by the next process; test_crashes.py has all of it at random."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.messages import Outgoing
from holdfast.outbox.statements import AT_ONCE
from holdfast.protocol import Assigned, EpochBegan, Failed, Forgotten, Received, Released, Settled
from tests.contracts.outboxes import wait
from tests.unit.outbox.files import accept, open_outbox, query, seqs, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def test_what_was_in_flight_is_restored(path: Path) -> None:
    """Stages, identifiers, withheld and taken in, and where identifiers go on; the rest is backlog."""
    outbox = open_outbox(path)
    rows = accept(outbox, 6, qos=2)
    outbox.take(5)
    write(
        outbox,
        Assigned([(7 + n, row) for n, row in enumerate(rows[:4])]),
        Released([8, 7]),
        Received([3, 4]),
        Failed(rows[3], 0x95, "too large", withheld=10),
    )
    outbox.close()
    outbox = open_outbox(path)
    restored = outbox.restore()
    assert [(packet_id, row.seq) for packet_id, row in restored.sent] == [(9, 3)]
    assert [(packet_id, row.seq) for packet_id, row in restored.released] == [(8, 2), (7, 1)]
    assert (restored.received, restored.withheld, restored.last_packet_id) == ([3, 4], [10], 10)
    assert seqs(outbox.take(10)) == [5, 6]
    outbox.close()


def test_a_lost_session_is_remembered(path: Path) -> None:
    """Contract 5, 6: in flight is unsent again, QoS 2 uncertain, identifiers mean nothing."""
    outbox = open_outbox(path)
    ones, twos = accept(outbox, 1, qos=1), accept(outbox, 1, qos=2)
    write(outbox, Assigned([(1, ones[0]), (2, twos[0])]), Received([5]), EpochBegan(3))
    outbox.close()
    outbox = open_outbox(path)
    restored = outbox.restore()
    assert (restored.epoch, restored.sent, restored.released, restored.received) == (3, [], [], [])
    assert [(row.seq, row.uncertain) for row in outbox.take(10)] == [(1, False), (2, True)]
    outbox.close()


def test_nothing_is_left_of_what_ended(path: Path) -> None:
    """Promise 8: however many passed through, a drained file holds its books alone."""
    outbox = open_outbox(path)
    for n in range(5):
        rows = accept(outbox, 20, qos=2)
        write(outbox, Assigned([(1 + 20 * n + k, row) for k, row in enumerate(rows)]))
        write(outbox, Released([1 + 20 * n + k for k in range(0, 20, 3)]))
        write(outbox, Settled(rows[::2], "acknowledged"), Settled(rows[1::2], "acknowledged"))
    outbox.close()
    assert query(path, "SELECT (SELECT count(*) FROM message), (SELECT count(*) FROM flight)") == [(0, 0)]


@pytest.mark.parametrize(
    "count", [1, AT_ONCE[1] - 1, AT_ONCE[1], AT_ONCE[0] + AT_ONCE[1] + 1, 3 * AT_ONCE[0]]
)
def test_a_group_of_any_size_goes_in_whole(path: Path, count: int) -> None:
    """By hundreds, by tens and one by one: each row once, under its own number."""
    outbox = open_outbox(path)
    wait(outbox, outbox.accept([Outgoing(0, f"t/{n}", b"", 1) for n in range(1, count + 1)]))
    outbox.close()
    found = query(path, "SELECT id, topic FROM message ORDER BY id")
    assert found == [(n, f"t/{n}") for n in range(1, count + 1)]


def test_identifiers_that_were_forgotten_are_gone(path: Path) -> None:
    """Contract 5: a stale one would swallow the next message under it."""
    outbox = open_outbox(path)
    write(outbox, Received([1, 2, 3]), Received([2]), Forgotten([2, 9]))
    outbox.close()
    outbox = open_outbox(path)
    assert outbox.restore().received == [1, 3]
    outbox.close()
