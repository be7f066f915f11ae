"""What records do to the file, seen by the next process; test_crashes.py has all of it at random."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from holdfast.messages import Outgoing
from holdfast.outbox import dead, requests
from holdfast.outbox.changes import Answered, Buried, Unparked
from holdfast.protocol import (
    Assigned,
    Deferred,
    EpochBegan,
    Failed,
    Forgotten,
    Parked,
    Received,
    Released,
    Settled,
)
from tests.contracts.outboxes import wait
from tests.unit.outbox.files import accept, change, letters, open_outbox, query, reading, seqs, write


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


def test_identifiers_that_were_forgotten_are_gone(path: Path) -> None:
    """Contract 5: a stale one would swallow the next message under it."""
    outbox = open_outbox(path)
    write(outbox, Received([1, 2, 3]), Received([2]), Forgotten([2, 9]))
    outbox.close()
    outbox = open_outbox(path)
    assert outbox.restore().received == [1, 3]
    outbox.close()


# -- unsent again ----------------------------------------------------------------------------


def deferred(*rows: Outgoing) -> list[Deferred]:
    """The broker refused each once more."""
    for row in rows:
        row.tries += 1
    return [Deferred(row, 0x97, "", 1_005.0) for row in rows]


def test_a_deferred_row_is_unsent_again(path: Path) -> None:
    """It leaves flight and knows how often it was refused; the others stay where they are."""
    outbox = open_outbox(path)
    rows = accept(outbox, 5, qos=2)
    outbox.take(5)
    write(outbox, Assigned([(7 + n, row) for n, row in enumerate(rows)]), *deferred(rows[1], rows[3]))
    outbox.close()
    outbox = open_outbox(path)
    assert [row.seq for _, row in outbox.restore().sent] == [1, 3, 5]
    assert [(row.seq, row.tries, row.uncertain) for row in outbox.take(10)] == [(2, 1, False), (4, 1, False)]
    outbox.close()


def test_a_deferred_row_is_sent_and_refused_again(path: Path) -> None:
    """Each time the newest line is right; with its end the last trace goes."""
    outbox = open_outbox(path)
    (row,) = accept(outbox, 1)
    for packet_id in (1, 2):
        write(outbox, Assigned([(packet_id, row)]), *deferred(row))
    write(outbox, Assigned([(3, row)]))
    outbox.close()
    outbox = open_outbox(path)
    ((packet_id, row),) = outbox.restore().sent
    assert (packet_id, row.tries) == (3, 2)
    write(outbox, *deferred(row), EpochBegan(1))
    assert query(path, "SELECT tries, uncertain FROM message") == [(3, 0)]
    write(outbox, Settled([row], "expired"))
    outbox.close()
    assert query(path, "SELECT count(*) FROM flight") == [(0,)]


def test_a_parked_row_waits_out_of_the_line(path: Path) -> None:
    """With the sentence why, over a restart, pending; unparked it stands where it was accepted."""
    outbox = open_outbox(path)
    rows = accept(outbox, 3)
    write(outbox, Parked(rows[1], 0x95, "1200 bytes, 1000 at most"))
    outbox.close()
    outbox = open_outbox(path)
    assert outbox.pending == 3
    assert seqs(outbox.take(10)) == [1, 3]
    (parked,) = reading(outbox).by_keys(reading(outbox).parked_keys())
    assert query(path, "SELECT id, parked FROM message WHERE parked IS NOT NULL") == [
        (parked.seq, "Packet too large: 1200 bytes, 1000 at most")
    ]
    change(outbox, Unparked([parked]))
    outbox.close()
    outbox = open_outbox(path)
    assert seqs(outbox.take(10)) == [1, 2, 3]
    outbox.close()


def test_a_parked_row_may_end(path: Path) -> None:
    """Given up where it waits, it is counted as any other."""
    outbox = open_outbox(path)
    rows = accept(outbox, 2)
    write(outbox, *(Parked(row, 0x95, "") for row in rows), Settled(rows[:1], "dropped"))
    assert (outbox.ledger().dropped, outbox.pending) == (1, 1)
    assert reading(outbox).parked_keys() == [2]
    outbox.close()
    assert query(path, "SELECT dropped FROM books") == [(1,)]


# -- dead letters, requests ------------------------------------------------------------------


def test_a_failed_row_becomes_a_dead_letter(path: Path) -> None:
    """In the transaction that counts it: content, class, reason in words, and how often it was tried."""
    outbox = open_outbox(path)
    properties = {"content_type": "text/plain"}
    row = Outgoing(0, "plant/1", b"x", 2, True, properties, priority=2)
    wait(outbox, outbox.accept([row]))
    row.tries = 3
    write(outbox, Assigned([(1, row)]), Failed(row, 0x87, "no right to plant/1", withheld=1))
    (letter,) = letters(outbox)
    assert (letter.number, letter.seq, letter.topic, letter.payload) == (1, 1, "plant/1", b"x")
    assert (letter.qos, letter.retain, dict(letter.properties), letter.priority) == (2, True, properties, 2)
    assert (letter.code, letter.reason, letter.tries) == (0x87, "Not authorized: no right to plant/1", 3)
    outbox.close()
    assert query(path, "SELECT failed, (SELECT count(*) FROM message) FROM books") == [(1, 0)]


def test_the_oldest_dead_letters_give_way(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """There are so many at most, which is said; buried ones make room, and no number comes again."""
    monkeypatch.setattr(dead, "MOST", 20)
    outbox = open_outbox(path)
    rows = accept(outbox, 40)
    write(outbox, *(Failed(row, 0x97, "") for row in rows[:18]))
    write(outbox, *(Failed(row, 0x97, "") for row in rows[18:23]))
    assert [letter.seq for letter in letters(outbox)] == list(range(4, 24))
    assert "3 of the oldest dead letters were deleted: 20 are kept" in caplog.text
    change(outbox, Buried([*range(5, 24), 999]))
    write(outbox, *(Failed(row, 0x97, "") for row in rows[23:25]))
    assert [(letter.number, letter.seq) for letter in letters(outbox)] == [(4, 4), (24, 24), (25, 25)]
    outbox.close()


def test_a_request_is_answered_with_what_it_did(path: Path) -> None:
    """One transaction: whoever reads the answer finds it done."""
    outbox = open_outbox(path)
    (row,) = accept(outbox, 1)
    write(outbox, Failed(row, 0x97, ""))
    console = sqlite3.connect(path, isolation_level=None)
    number = requests.ask(console, "deadletter purge", [1])
    change(outbox, Buried([1]), Answered(number, {"done": 1}))
    assert requests.answer_of(console, number) == {"done": 1}
    assert letters(outbox) == []
    console.close()
    outbox.close()
