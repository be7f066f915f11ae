"""The file outbox beyond the port's suite: what it keeps over restarts, and how it is bounded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.errors import OutboxError
from holdfast.messages import Outgoing
from holdfast.outbox.keeping import UNCOMMITTED_BYTES
from holdfast.outbox.opening import Opened
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.protocol import Failed, Settled
from holdfast.testing.manual_clock import ManualClock
from tests.contracts.outboxes import wait
from tests.unit.outbox.files import CLIENT_ID, accept, open_outbox, query, seqs, write


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


def test_it_can_be_asked_while_it_is_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot may be taken on any thread, and reading a large file takes its time."""
    seen: list[tuple[int, int]] = []
    wait_on = SqliteOutbox._wait_on

    def asked(self: SqliteOutbox, opened: Opened) -> None:
        seen.append((self.parked, self.ledger().pending))
        wait_on(self, opened)

    monkeypatch.setattr(SqliteOutbox, "_wait_on", asked)
    open_outbox(path).close()
    assert seen == [(0, 0)]


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


def test_volatile_rows_that_were_taken_go_on_when_it_is_opened_again(path: Path) -> None:
    """QoS 0 that never left is in no file: it is the next again."""
    outbox = open_outbox(path)
    outbox.accept([Outgoing(0, "t", b"", 0)])
    taken = outbox.take(1)
    assert outbox.close(10)
    outbox.open(CLIENT_ID)
    outbox.adopt(taken)
    assert outbox.take(0) == taken
    assert outbox.pending == 1
    outbox.close()
