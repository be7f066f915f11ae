"""A file of the format before is opened; a newer one is left alone (contract 26)."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from holdfast.errors import OutboxError
from holdfast.outbox import sqlite_file
from holdfast.outbox.intake import Held
from holdfast.outbox.migrations import MIGRATIONS, migrate
from holdfast.protocol import Assigned, Failed
from holdfast.testing.manual_clock import ManualClock
from tests.contracts.outboxes import wait
from tests.unit.outbox import format_1, format_2, format_3
from tests.unit.outbox.files import accept, letters, open_outbox, query, reading, seqs, write


def opened(path: Path) -> Any:
    return open_outbox(path, clock=ManualClock(wall=format_1.LAST + 60))


def test_every_older_format_is_migrated() -> None:
    """None is left out on the way to the present one."""
    assert sorted(MIGRATIONS) == list(range(1, sqlite_file.FORMAT))


def test_a_file_of_format_1_goes_on(path: Path) -> None:
    """Rows in every stage, identifiers, the epoch and the books are as they were; numbers go on."""
    format_1.make(path)
    outbox = opened(path)
    restored = outbox.restore()
    assert (outbox.set_aside, outbox.mended, restored.lost) == (None, None, False)
    assert (restored.epoch, restored.last_packet_id) == (2, 13)
    assert (restored.received, restored.withheld) == ([40], [12])
    assert [(packet_id, row.seq, row.retain) for packet_id, row in restored.sent] == [(11, 3, 0), (12, 4, 1)]
    assert [(packet_id, row.seq) for packet_id, row in restored.released] == [(13, 5)]
    rows = outbox.take(10)
    assert seqs(rows) == [7, 8, 9]
    assert [row.uncertain for row in rows] == [False, True, False]
    assert dict(rows[0].properties) == {"content_type": "text/plain"}
    assert all((row.priority, row.tries) == (1, 0) for row in rows)
    ledger = outbox.ledger()
    assert (ledger.accepted, ledger.acknowledged, ledger.failed, ledger.expired) == (9, 1, 1, 1)
    assert (ledger.pending, ledger.since.timestamp()) == (6, format_1.CREATED)
    assert seqs(accept(outbox)) == [10]
    outbox.close()


def test_its_times_are_outbox_time_now(path: Path) -> None:
    """What was to expire in an hour, and is a minute old, expires in 59 minutes."""
    format_1.make(path)
    outbox = opened(path)
    now = outbox._codec.timeline.clock.now()
    rows = outbox.take(10)
    assert rows[2].expires_at == pytest.approx(now + 3540)
    assert [row.accepted_at for row in rows] == [pytest.approx(now - ago) for ago in (100, 90, 60)]
    at = outbox._codec.timeline.now()
    assert reading(outbox).due(at + 3540, 10) == [9]
    outbox.close()


def test_a_file_of_format_2_goes_on(path: Path) -> None:
    """With the broker it was bound to, whose session it is in; and a backup may be added (contract 3)."""
    format_2.make(path)
    outbox = opened(path)
    restored = outbox.restore()
    assert (outbox.set_aside, outbox.mended, restored.lost) == (None, None, False)
    assert (restored.epoch, restored.group, restored.elsewhere) == (2, "broker.example:1883", {})
    assert [(packet_id, row.seq) for packet_id, row in restored.sent] == [(11, 3)]
    assert [(packet_id, row.seq) for packet_id, row in restored.released] == [(12, 4)]
    assert (restored.received, restored.withheld, restored.unreleased) == ([40], [13], [])
    assert [(row.seq, row.tries) for row in outbox.take(10)] == [(5, 2)]
    outbox.close()
    with pytest.raises(OutboxError, match=r"belongs to the brokers 'broker\.example:1883'"):
        outbox.open(None, [["other.example:1883"]])
    outbox.open(None, [["other.example:1883"], ["broker.example:1883"]])
    outbox.close()


def test_a_file_of_format_3_goes_on(path: Path) -> None:
    """With its session elsewhere and its dead letter, which goes out and nobody's else; nothing came in."""
    format_3.make(path)
    outbox = opened(path)
    restored = outbox.restore()
    assert (outbox.set_aside, outbox.mended, restored.lost) == (None, None, False)
    assert [(name, one.epoch, one.withheld) for name, one in restored.elsewhere.items()] == [
        ("other.example:1883", 3, [6])
    ]
    assert [(packet_id, row.seq) for packet_id, row in restored.sent] == [(11, 3)]
    (letter,) = letters(outbox)
    assert (letter.number, letter.payload, letter.owner, letter.key) == (4, b"zero", None, None)
    wait(outbox, outbox.intake.hold([Held(0, "plant/#", "plant/1", b"")]))
    assert (outbox.intake.count(), [row.seq for row in outbox.take(10)]) == (1, [5])
    outbox.close()


@pytest.mark.parametrize("make", [format_1.make, format_2.make, format_3.make])
def test_its_tables_are_those_of_a_new_one(path: Path, make: Any) -> None:
    """The same names and columns, in the same order, whichever format it had."""
    make(path)
    opened(path).close()
    new = path.with_name("new.db")
    open_outbox(new).close()
    assert columns(path) == columns(new)


def test_a_migrated_file_is_as_good_as_a_new_one(path: Path) -> None:
    """It does what is new."""
    format_1.make(path)
    outbox = opened(path)
    row, *others = outbox.take(10)
    write(outbox, Assigned([(14, row)]), Failed(row, 0x97, ""))
    assert [letter.seq for letter in letters(outbox)] == [7]
    outbox.close()
    outbox = opened(path)
    assert seqs(outbox.take(10)) == seqs(others)
    outbox.close()


def columns(path: Path) -> dict[str, Any]:
    """What there is in a file, by name."""
    names = [name for (name,) in query(path, "SELECT name FROM sqlite_master ORDER BY name")]
    return {name: query(path, f"SELECT * FROM pragma_table_xinfo('{name}')") for name in names}


def test_an_empty_file_of_format_1(path: Path) -> None:
    """Without a row it is the making that says how far time had come."""
    format_1.make(path, "DELETE FROM message", "DELETE FROM flight", "UPDATE books SET accepted = 3")
    outbox = opened(path)
    assert (outbox.pending, outbox.mended) == (0, None)
    assert query(path, "SELECT at, wall FROM books") == [(format_1.CREATED, format_1.CREATED)]
    outbox.close()


@pytest.mark.parametrize(
    ("number", "make", "pending"), [(1, format_1.make, 6), (2, format_2.make, 3), (3, format_3.make, 3)]
)
def test_a_migration_that_fails_changes_nothing(path: Path, number: int, make: Any, pending: int) -> None:
    """At any of its statements: the file is of its format to the last byte of what it says."""
    make(path)
    before = dump(path)
    statements = MIGRATIONS[number]
    for count in range(len(statements)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(MIGRATIONS, number, (*statements[:count], "SELECT no_such_thing()"))
            db = sqlite_file.connect(str(path))
            with pytest.raises(sqlite3.OperationalError, match="no_such_thing"):
                migrate(db, number, number + 1)
            assert not db.in_transaction
            db.close()
        assert dump(path) == before
    outbox = opened(path)
    assert outbox.pending == pending
    outbox.close()


def dump(path: Path) -> list[str]:
    """All that the file says, its format included."""
    db = sqlite3.connect(path)
    try:
        return [*db.iterdump(), str(db.execute("PRAGMA user_version").fetchone())]
    finally:
        db.close()


def test_a_killed_migration_begins_again(path: Path, tmp_path: Path) -> None:
    """Nothing of it is in the file, until all of it is."""
    format_1.make(path)
    db = sqlite_file.connect(str(path))
    db.execute("BEGIN IMMEDIATE")
    for statement in MIGRATIONS[1]:
        db.execute(statement)
    before = dump(path)
    db.close()
    assert dump(path) == before
    outbox = opened(path)
    assert outbox.pending == 6
    outbox.close()


def test_format_5_is_refused_untouched(path: Path) -> None:
    """Its release may know things that this one would break."""
    before = format_2.make(path, "PRAGMA user_version=5")
    with pytest.raises(OutboxError, match="newer release"):
        opened(path)
    assert path.read_bytes() == before
