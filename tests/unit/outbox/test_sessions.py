"""Sessions with several groups of brokers in one file, seen by the next process (contract 3)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from holdfast.outbox import sessions
from holdfast.outbox.copies import backup, rebind, restore
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.protocol import (
    Assigned,
    Completed,
    Elsewhere,
    EpochBegan,
    Failed,
    Forgotten,
    GroupEntered,
    Received,
    Released,
    Restored,
    Settled,
)
from holdfast.testing.manual_clock import ManualClock
from tests.unit.outbox.files import CLIENT_ID, accept, edit, query, seqs, write

GROUPS = [["a1", "a2"], ["b"]]
IN_FLIGHT = (Received([5, 4]), GroupEntered("b", [11], [13, 12]), EpochBegan(1))
"""What a session writes down when it goes from A to B, where nobody knows it."""


def opened(path: Path, clock: ManualClock | None = None) -> SqliteOutbox:
    outbox = SqliteOutbox(path, clock or ManualClock(), durability="process")
    outbox.open(CLIENT_ID, GROUPS)
    return outbox


def at_a(path: Path) -> SqliteOutbox:
    """A session with A in its second epoch, with rows in every stage, and an identifier withheld."""
    outbox = opened(path)
    rows = accept(outbox, 5, qos=2)
    outbox.take(4)
    sent = Assigned([(11 + n, row) for n, row in enumerate(rows[:4])])
    write(outbox, EpochBegan(2), sent, Released([13]), Failed(rows[3], 0x95, "", withheld=14))
    return outbox


def again(outbox: SqliteOutbox) -> Restored:
    """What the next process finds."""
    outbox.close(10)
    outbox.open(CLIENT_ID, GROUPS)
    return outbox.restore()


def test_a_new_file_is_in_the_session_of_the_first_group(path: Path) -> None:
    """The primary's; and it knows how the groups are called."""
    outbox = opened(path)
    assert (outbox.names, outbox.restore().group, outbox.restore().elsewhere) == (["a1", "b"], "a1", {})
    outbox.close()


def test_rows_in_flight_are_unsent_where_we_go(path: Path) -> None:
    """QoS 2 uncertain, in their order; and what the session before holds of us stays with it."""
    outbox = at_a(path)
    write(outbox, *IN_FLIGHT)
    restored = again(outbox)
    assert (restored.group, restored.epoch, restored.sent, restored.released) == ("b", 1, [], [])
    assert (restored.received, restored.withheld, restored.unreleased) == ([], [], [])
    assert restored.elsewhere == {"a1": Elsewhere(2, [11], [13, 12], [14], [4, 5])}
    assert [(row.seq, row.uncertain) for row in outbox.take(9)] == [
        (1, True),
        (2, True),
        (3, True),
        (5, False),
    ]
    outbox.close()


def test_back_in_the_session_before(path: Path) -> None:
    """Its identifiers are there, those of QoS 2 to be released, in their order; those of QoS 1 are not."""
    outbox = at_a(path)
    write(outbox, *IN_FLIGHT, Received([7]))
    rows = accept(outbox, 2, qos=2)
    write(outbox, Assigned([(21, rows[0])]), Settled([rows[0]], "acknowledged"), Assigned([(22, rows[1])]))
    write(outbox, GroupEntered("a1", [], [22]))
    restored = again(outbox)
    assert (restored.group, restored.epoch, restored.unreleased) == ("a1", 2, [13, 12])
    assert (restored.received, restored.withheld) == ([4, 5], [14])
    assert restored.elsewhere == {"b": Elsewhere(1, [], [22], [], [7])}
    outbox.close()


def test_a_completed_exchange_is_forgotten(path: Path) -> None:
    """That one, in that session; left again, the others wait behind what has come since."""
    outbox = at_a(path)
    write(outbox, *IN_FLIGHT, GroupEntered("a1", [], [13]), Completed([13]))
    assert again(outbox).unreleased == [12]
    assert outbox.restore().elsewhere == {"b": Elsewhere(1, [], [13])}
    write(outbox, GroupEntered("b", [30], [12, 31]), Forgotten([4]))
    assert again(outbox).elsewhere == {"a1": Elsewhere(2, [30], [12, 31], [14], [4, 5])}
    outbox.close()


def test_completed_exchanges_that_count_up_are_one_statement(path: Path) -> None:
    """Each reads all that is held: one by one, 20,000 of them took ten seconds."""
    outbox = at_a(path)
    write(outbox, *IN_FLIGHT, GroupEntered("a1", [], [13]))
    outbox.close()
    said: list[str] = []
    with closing(sqlite3.connect(path)) as db:
        db.set_trace_callback(said.append)
        sessions.complete(db, [14, 12, 13, 99])
        assert db.execute("SELECT packet_id FROM held WHERE name = 'a1' AND packet_id > 11").fetchall() == []
    assert sum(one.startswith("DELETE") for one in said) == 2


def test_a_session_that_is_lost_takes_its_own_with_it(path: Path) -> None:
    """Its identifiers mean nothing any more; those of the others do."""
    outbox = at_a(path)
    write(outbox, *IN_FLIGHT, Received([7]), GroupEntered("a1", [], [21]), EpochBegan(3))
    restored = again(outbox)
    assert (restored.epoch, restored.received, restored.withheld, restored.unreleased) == (3, [], [], [])
    assert restored.elsewhere == {"b": Elsewhere(1, [], [21], [], [7])}
    outbox.close()


def test_a_restored_file_resumes_no_session_anywhere(path: Path, tmp_path: Path) -> None:
    """Contract 26: all brokers have moved on; each is told in its own time, and begins anew."""
    outbox = at_a(path)
    write(outbox, *IN_FLIGHT)
    outbox.close(10)
    backup(str(path), str(tmp_path / "kept.db"))
    restore(str(tmp_path / "kept.db"), str(path), force=True)
    outbox = opened(path)
    restored = outbox.restore()
    assert (restored.group, restored.epoch, restored.lost) == ("b", 2, True)
    assert restored.elsewhere == {"a1": Elsewhere(3, lost=True)}
    write(outbox, EpochBegan(3), GroupEntered("a1", [], []))
    assert query(path, "SELECT value FROM meta WHERE key = 'restored'") == [("elsewhere",)]
    write(outbox, EpochBegan(4))
    restored = again(outbox)
    assert (restored.lost, restored.elsewhere) == (False, {"b": Elsewhere(3)})
    outbox.close()


def test_left_before_it_was_begun_anew_it_is_still_stale(path: Path) -> None:
    """Nobody has told its broker yet."""
    outbox = at_a(path)
    outbox.close(10)
    edit(path, "INSERT INTO meta VALUES ('restored', 'backup')")
    outbox = opened(path)
    write(outbox, GroupEntered("b", [], []), EpochBegan(1))
    assert again(outbox).elsewhere == {"a1": Elsewhere(3, lost=True)}
    outbox.close()


@pytest.mark.parametrize("mark", ["", "INSERT INTO meta VALUES ('restored', 'damaged')"])
def test_a_present_session_that_is_also_elsewhere(path: Path, mark: str) -> None:
    """What mends a damaged file may have older pages of it: there is one session of that name."""
    outbox = at_a(path)
    write(outbox, *IN_FLIGHT)
    outbox.close(10)
    edit(path, "INSERT INTO session VALUES ('b', 7, 0)")
    edit(path, "INSERT INTO held (name, kind, packet_id) VALUES ('b', 1, 9), ('b', 2, 9), ('b', 2, 9)")
    if mark:
        edit(path, mark)
    outbox = opened(path)
    assert list(outbox.restore().elsewhere) == ["a1"]
    write(outbox, GroupEntered("a1", [], []), EpochBegan(4), GroupEntered("b", [], []), EpochBegan(5))
    restored = again(outbox)
    assert (restored.group, restored.epoch, restored.elsewhere) == ("b", 5, {"a1": Elsewhere(4)})
    outbox.close()


@pytest.mark.parametrize("key", ["inode", "device", "group"])
def test_a_file_that_has_lost_where_it_was_used(path: Path, key: str) -> None:
    """One bit of a key of ``meta``: no session is resumed, and nothing that is pending is lost."""
    outbox = at_a(path)
    write(outbox, *IN_FLIGHT)
    outbox.close(10)
    edit(path, f"UPDATE meta SET key = 'zzz' WHERE key = '{key}'")
    outbox = opened(path)
    assert (outbox.restore().lost, outbox.restore().epoch) == (True, 2)
    assert seqs(outbox.take(9)) == [1, 2, 3, 5]
    outbox.close()


def test_another_client_has_no_sessions_yet(path: Path) -> None:
    """They belong to a client id and a group (contract 3); the brokers are the same."""
    outbox = at_a(path)
    write(outbox, *IN_FLIGHT)
    outbox.close(10)
    rebind(str(path), "gateway-8", None)
    outbox = SqliteOutbox(path, ManualClock())
    outbox.open("gateway-8", GROUPS)
    assert (outbox.restore().elsewhere, outbox.restore().group) == ({}, "b")
    outbox.close()


def test_another_broker_is_the_only_one_known(path: Path) -> None:
    """Rebound to it, the file is for no other."""
    outbox = at_a(path)
    write(outbox, *IN_FLIGHT)
    outbox.close(10)
    rebind(str(path), None, "c")
    assert query(path, "SELECT * FROM broker") == [("c", "c")]
    assert query(path, "SELECT count(*) FROM session") == query(path, "SELECT count(*) FROM held") == [(0,)]


def test_a_file_of_an_older_format_is_rebound(path: Path) -> None:
    """It is brought up to date first."""
    from tests.unit.outbox import format_2

    format_2.make(path)
    rebind(str(path), None, "c")
    outbox = SqliteOutbox(path, ManualClock(wall=format_2.LAST + 60))
    outbox.open(None, [["c"]])
    assert seqs(outbox.take(9)) == [3, 4, 5]
    outbox.close()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO broker VALUES (x'00', 'a1')",
        "INSERT INTO session VALUES (x'00', 1, 0)",
        "INSERT INTO session VALUES ('c', 'many', 0)",
        "UPDATE held SET packet_id = 'eleven'",
    ],
)
def test_what_cannot_be_is_damage(path: Path, statement: str) -> None:
    """The file is set aside: nobody knows what a broker would be answered from it (contract 1)."""
    outbox = at_a(path)
    write(outbox, *IN_FLIGHT)
    outbox.close(10)
    edit(path, statement)
    outbox = opened(path)
    assert outbox.set_aside
    outbox.close()
