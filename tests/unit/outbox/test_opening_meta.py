"""What a file says of itself, and what opening makes of it (contract 1, 2, 12)."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from holdfast.errors import OutboxError, OutboxUnwritable
from holdfast.outbox import sqlite_file, tables
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.testing.manual_clock import ManualClock
from tests.unit.outbox.files import CLIENT_ID, open_outbox


def closed(path: Path) -> SqliteOutbox:
    return SqliteOutbox(path, ManualClock())


def test_other_brokers_are_refused_with_the_command_that_rebinds(path: Path) -> None:
    """Contract 2: the first brokers named bind the file; without any it opens as it is."""
    for groups in ((), [["a.example:1883"]], [["a.example:1883"]], ()):
        outbox = closed(path)
        outbox.open(CLIENT_ID, groups)
        outbox.close()
    before = path.read_bytes()
    with pytest.raises(OutboxError, match=r"'a\.example:1883', not to 'b\.example:1883'") as refused:
        closed(path).open(CLIENT_ID, [["b.example:1883"]])
    assert f"holdfast outbox rebind {path} --url" in (refused.value.hint or "")
    assert path.read_bytes() == before


def test_a_new_file_has_lost_nothing(path: Path) -> None:
    """Contract 1: the empty state is a state."""
    for _ in range(2):
        outbox = open_outbox(path)
        assert not outbox.restore().lost
        outbox.close()


def test_a_full_disk_does_not_keep_it_closed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 12: what is only good to know is not written then; anything else that fails is said."""
    open_outbox(path).close()
    for error, refuses in ((sqlite_file.no_room(), False), (sqlite3.OperationalError("no"), True)):

        def fail(db: sqlite3.Connection, *, error: Exception = error, **values: object) -> None:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(tables, "write_meta", fail)
            outbox = SqliteOutbox(path, ManualClock(now=5_000))
            if refuses:
                with pytest.raises(OutboxUnwritable):
                    outbox.open(CLIENT_ID, [["a.example:1883"]])
            else:
                outbox.open(CLIENT_ID, [["a.example:1883"]])
                assert outbox.restore().group == "a.example:1883"
            outbox.close()
    outbox = closed(path)
    outbox.open(CLIENT_ID, [["b.example:1883"]])
    outbox.close()
