"""The file outbox beyond the port's suite: what it keeps over restarts, and how it is bounded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.errors import OutboxError
from holdfast.messages import Outgoing
from holdfast.outbox.sqlite import UNCOMMITTED_BYTES, SqliteOutbox
from holdfast.protocol import Assigned, EpochBegan, Failed, Received, Released, Settled
from holdfast.testing.manual_clock import ManualClock
from tests.contracts.outboxes import wait
from tests.unit.outbox.files import CLIENT_ID, accept, open_outbox, query, seqs, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def test_a_row_comes_back_whole(path: Path) -> None:
    """Topic, payload, QoS, retain, properties and expiry, after a restart."""
    properties = {"content_type": "text/plain", "user_property": (("a", "1"), ("a", "2"))}
    rows = [
        Outgoing(0, "Ölstand/1", b"\0\xff", 2, True, properties, 1_030.0),
        Outgoing(0, "t", b"", 2),
    ]
    outbox = open_outbox(path)
    wait(outbox, outbox.accept(rows))
    outbox.close()
    outbox = open_outbox(path)
    first, second = outbox.take(10)
    outbox.close()
    assert (first.topic, first.payload, first.qos, first.retain) == ("Ölstand/1", b"\0\xff", 2, True)
    assert dict(first.properties) == properties
    assert first.expires_at == pytest.approx(1_030)
    assert (second.payload, dict(second.properties), second.expires_at) == (b"", {}, None)


def test_an_expiry_is_wall_time_on_disk(path: Path) -> None:
    """Contract 27: ten seconds later by the wall, on a clock that began anew, ten seconds less are left."""
    outbox = open_outbox(path, clock=ManualClock(now=5_000, wall=1_000_000))
    wait(outbox, outbox.accept([Outgoing(0, "t", b"", 1, expires_at=5_060)]))
    outbox.close()
    assert query(path, "SELECT expires_at FROM message") == [(1_000_060,)]
    outbox = open_outbox(path, clock=ManualClock(now=7, wall=1_000_010))
    (row,) = outbox.take(1)
    outbox.close()
    assert row.expires_at == pytest.approx(7 + 50)


def test_numbers_rise_over_restarts(path: Path) -> None:
    """Also when nothing is left, and when the last were refused."""
    outbox = open_outbox(path)
    rows = accept(outbox, 3)
    write(outbox, Settled(rows, "acknowledged"))
    outbox.close()
    outbox = open_outbox(path)
    assert outbox.last == 3
    assert seqs(accept(outbox, 1)) == [4]
    outbox.close()


def test_the_books_go_on_over_restarts(path: Path) -> None:
    """Contract 7: per file; ``since`` is when it was made."""
    outbox = open_outbox(path, clock=ManualClock(wall=1_000))
    rows = accept(outbox, 4)
    write(outbox, Settled(rows[:1], "acknowledged"), Settled(rows[1:2], "expired"), Failed(rows[2], 0x97, ""))
    before = outbox.ledger()
    outbox.close()
    outbox = open_outbox(path, clock=ManualClock(wall=2_000))
    assert outbox.ledger() == before
    assert before.since.timestamp() == 1_000
    assert (before.acknowledged, before.expired, before.failed, before.pending) == (1, 1, 1, 1)
    outbox.close()


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


def test_a_new_file_begins_its_identifiers_anywhere(path: Path) -> None:
    """A broker may hold QoS 2 identifiers of an earlier file of ours: at 1 each would meet them."""
    starts = set()
    for n in range(8):
        outbox = open_outbox(path.with_name(f"{n}.db"))
        starts.add(outbox.restore().last_packet_id)
        outbox.close()
    assert len(starts) > 4


# -- QoS 0 -----------------------------------------------------------------------------------


def test_qos_0_is_in_memory_unless_asked_for(path: Path) -> None:
    """Its books are of this process, apart from the file's (contract 7); ``at_risk`` counts it."""
    outbox = open_outbox(path)
    accept(outbox, 2, qos=0)
    accept(outbox, 1, qos=1)
    assert (outbox.pending, outbox.at_risk, outbox.ledger().accepted) == (3, 2, 3)
    outbox.close()
    outbox = open_outbox(path)
    assert (outbox.pending, outbox.at_risk, outbox.ledger().accepted) == (1, 0, 1)
    outbox.close()


def test_a_stored_qos_0_keeps_its_place(path: Path) -> None:
    """Contract 8: with keep_qos0 it survives, stands between the others, and needs no room."""
    outbox = open_outbox(path, keep_qos0=True)
    for qos in (1, 0, 1, 0):
        accept(outbox, 1, qos=qos)
    outbox.close()
    outbox = open_outbox(path)  # not asked for any more: what is stored is stored
    assert seqs(outbox.take(1)) == [1, 2]
    assert outbox.take(0) == []
    three, four = outbox.take(1)
    assert (three.seq, four.seq) == (3, 4)
    write(outbox, Settled([four], "sent"))
    volatile = accept(outbox, 1, qos=0)
    assert seqs(outbox.take(0)) == seqs(volatile)
    write(outbox, Settled(volatile, "sent"))
    ledger = outbox.ledger()
    assert (ledger.accepted, ledger.sent, ledger.pending) == (5, 2, 3)
    outbox.close()
    assert query(path, "SELECT accepted, sent FROM books") == [(4, 1)]


# -- bounds ----------------------------------------------------------------------------------


def test_messages_are_bounded_if_wanted(path: Path) -> None:
    """max_messages counts what is pending; a restart changes nothing."""
    outbox = open_outbox(path, max_messages=3)
    rows = accept(outbox, 3)
    outbox.close()
    outbox = open_outbox(path, max_messages=3)
    more = [Outgoing(0, "t", b"", 1)]
    assert outbox.lacks(more) == 3
    write(outbox, Settled(rows[:1], "acknowledged"))
    assert outbox.lacks(more) is None
    outbox.close()


def test_bytes_are_counted_over_restarts(path: Path) -> None:
    """The budget of the file is that of all processes together."""
    outbox = open_outbox(path, max_bytes=10_000)
    accept(outbox, 1, payload=bytes(9_000))
    outbox.close()
    outbox = open_outbox(path, max_bytes=10_000)
    assert outbox.lacks([Outgoing(0, "t", bytes(900), 1)]) == 10_000
    outbox.close()
    outbox = open_outbox(path, max_bytes=None)
    assert outbox.lacks([Outgoing(0, "t", bytes(1 << 20), 1)]) is None
    outbox.close()


def test_what_is_not_committed_yet_is_bounded(path: Path) -> None:
    """Only memory holds it: who publishes faster than the disk writes waits."""
    outbox = open_outbox(path)
    row = [Outgoing(0, "t", bytes(UNCOMMITTED_BYTES), 1)]
    assert outbox.lacks(row) is None
    commit = outbox.accept(row)
    assert outbox.lacks([Outgoing(0, "t", b"", 1)]) == UNCOMMITTED_BYTES
    wait(outbox, commit)
    assert outbox.lacks(row) is None
    outbox.close()


# -- misuse ----------------------------------------------------------------------------------


def test_a_closed_outbox_accepts_nothing(path: Path) -> None:
    """Before open() and after close(); taking gives nothing, closing twice is harmless."""
    outbox = SqliteOutbox(path, ManualClock())
    with pytest.raises(OutboxError, match="is not open"):
        outbox.accept([Outgoing(0, "t", b"", 1)])
    assert (outbox.take(10), outbox.pending, outbox.durable, outbox.close()) == ([], 0, 0, True)
    outbox.begin()
    assert outbox.write([]) == 0
    outbox.open(CLIENT_ID)
    assert outbox.accept([]) == outbox.durable
    assert outbox.close()
    assert outbox.close()
    with pytest.raises(OutboxError, match="is not open"):
        outbox.accept([Outgoing(0, "t", b"", 1)])


def test_use_after_a_fork_raises(path: Path) -> None:
    """Contract 26: two processes on one handle would destroy the file; the child is told, not the parent."""
    outbox = open_outbox(path)
    child = os.fork()
    if not child:
        try:
            outbox.accept([Outgoing(0, "t", b"", 1)])
        except OutboxError as error:
            os._exit(0 if str(os.getpid()) in str(error) and outbox.close() else 2)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    accept(outbox)
    outbox.close()


def test_the_client_does_not_load_it() -> None:
    """A program without an outbox file pays for none: no module of SQLite is imported."""
    script = "import sys; from holdfast import Client; print('sqlite3' in sys.modules)"
    run = subprocess.run([sys.executable, "-I", "-c", script], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "False"
