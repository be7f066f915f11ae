"""What came in, beside what goes out: who may keep it when; tests/contracts/test_intake.py holds the rest."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from threading import Thread

import pytest

from holdfast.errors import OutboxError, OutboxUnwritable
from holdfast.outbox import copies
from holdfast.outbox.intake import Held
from holdfast.outbox.sqlite import SqliteOutbox
from tests.contracts.outboxes import wait
from tests.unit.outbox.files import accept, edit, letters, open_outbox, query
from tests.unit.outbox.holding import Disk, failing, until
from tests.unit.outbox.owner import Owner

OWNER = "plant/#"


def held(count: int = 1) -> list[Held]:
    return [Held(0, OWNER, f"plant/{number}", b"x") for number in range(count)]


def numbers(outbox: SqliteOutbox) -> list[int]:
    return [one.number for one in outbox.intake.read(OWNER, 0, 10_000)]


def test_threads_keep_in_the_order_of_numbers(outbox: SqliteOutbox) -> None:
    """Whoever has read up to a number has seen all below it: none is committed behind a higher one."""
    commits: list[tuple[int, int]] = []

    def keep() -> None:
        for _ in range(100):
            (one,) = held()
            commit = outbox.intake.hold([one])
            commits.append((one.number, commit))

    threads = [Thread(target=keep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait(outbox, max(commit for _, commit in commits))
    in_order = [commit for _, commit in sorted(commits)]
    assert in_order == sorted(in_order)
    assert numbers(outbox) == list(range(1, 401))


def test_renewed_they_stand_behind_all_others(outbox: SqliteOutbox) -> None:
    """In one commit, and counted once."""
    first, second, third = held(3)
    wait(outbox, outbox.intake.hold([first, second, third]))
    first.key = "k"
    wait(outbox, outbox.intake.renew([first]))
    found = outbox.intake.read(OWNER, 0, 10)
    assert [(one.number, one.topic, one.key) for one in found] == [
        (2, "plant/1", None),
        (3, "plant/2", None),
        (4, "plant/0", "k"),
    ]
    assert (outbox.intake.count(OWNER), outbox.intake.owners()) == (3, [OWNER])


def test_nothing_is_kept_while_commits_fail(outbox: SqliteOutbox, disk: Disk) -> None:
    """It is refused, so the broker keeps it; what was handed over before is kept; reading goes on."""
    wait(outbox, outbox.intake.hold(held()))
    disk.before = failing(sqlite3.SQLITE_FULL)
    commit = outbox.intake.hold(held())
    until(lambda: outbox.failure is not None)
    assert not outbox.intake.room(1)
    with pytest.raises(OutboxUnwritable):
        outbox.intake.hold(held())
    with pytest.raises(OutboxUnwritable):
        outbox.intake.bury(held(), 0, "no")
    assert numbers(outbox) == [1]
    disk.before = None
    wait(outbox, commit)
    until(lambda: outbox.intake.room(1))
    wait(outbox, outbox.intake.hold(held()))
    assert numbers(outbox) == [1, 2, 3]


def test_a_kept_one_may_die_while_commits_fail(outbox: SqliteOutbox, disk: Disk) -> None:
    """It has its room already."""
    wait(outbox, outbox.intake.hold(held()))
    disk.before = failing(sqlite3.SQLITE_FULL)
    kept = outbox.intake.read(OWNER, 0, 1)
    outbox.intake.again(kept[0])
    until(lambda: outbox.failure is not None)
    commit = outbox.intake.bury(kept, 0, "no")
    disk.before = None
    wait(outbox, commit)
    assert [letter.reason for letter in letters(outbox)] == ["no"]


def test_a_file_that_is_not_open_keeps_nothing(path: Path) -> None:
    """Nor can it be read; asked again once it is open, it goes on."""
    outbox = SqliteOutbox(path, Owner(path.with_name("other.db")).clock, durability="process")
    assert not outbox.intake.room(1)
    with pytest.raises(OutboxError, match="not open"):
        outbox.intake.hold(held())
    with pytest.raises(OutboxError, match="not open"):
        outbox.intake.read(OWNER, 0, 1)
    assert outbox.intake.let_go([1]) == 0
    outbox.open("gateway-7")
    wait(outbox, outbox.intake.hold(held()))
    assert numbers(outbox) == [1]
    assert outbox.close(10)
    with pytest.raises(OutboxError, match="not open"):
        outbox.intake.read(OWNER, 0, 1)


def test_what_cannot_be_read_is_given_up(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """By name, and the messages behind it are handled."""
    outbox = open_outbox(path)
    wait(outbox, outbox.intake.hold(held(5)))
    outbox.close()
    edit(path, "UPDATE inbound SET qos = 9 WHERE number <= 3")
    outbox = open_outbox(path)
    assert [one.number for one in outbox.intake.read(OWNER, 0, 2)] == [4]
    until(lambda: outbox.intake.count() == 2)
    assert "2 of what came in cannot be read any more" in caplog.text
    outbox.close()


def test_a_file_put_back_has_another_series(path: Path, tmp_path: Path) -> None:
    """Its numbers are given again; so whoever remembers one from before must not believe in it."""
    outbox = open_outbox(path)
    wait(outbox, outbox.intake.hold(held()))
    before = outbox.intake.series
    copies.backup(str(path), str(tmp_path / "kept.db"))
    outbox.close()
    copies.restore(str(tmp_path / "kept.db"), str(path), force=True)
    outbox = open_outbox(path)
    after = outbox.intake.series
    assert after != before
    assert numbers(outbox) == [1]
    outbox.close()
    outbox = open_outbox(path)
    assert outbox.intake.series == after
    outbox.close()


def test_messages_that_came_in_are_in_the_way_of_a_restore(path: Path, tmp_path: Path) -> None:
    """They are acknowledged: nobody else has them."""
    outbox = open_outbox(path)
    copies.backup(str(path), str(tmp_path / "kept.db"))
    wait(outbox, outbox.intake.hold(held(2)))
    outbox.close()
    with pytest.raises(OutboxError, match="holds 2 pending messages"):
        copies.restore(str(tmp_path / "kept.db"), str(path))


def test_a_usual_commit_asks_nothing_of_it(outbox: SqliteOutbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 13: what is not used costs nothing: no statement that names its tables."""
    assert outbox._writer is not None
    seen: list[str] = []
    outbox._writer._store._db.set_trace_callback(seen.append)  # type: ignore[union-attr]
    accept(outbox, 3)
    wait(outbox, outbox.intake.release(1, [7]))
    assert seen
    assert [text for text in seen if "inbound" in text or "seen" in text or "begun" in text] == []


# -- dead letters that are kept again --------------------------------------------------------


def test_a_dead_letter_is_kept_again(path: Path) -> None:
    """At once due, for its owner, with nothing tried; those that were to go out are accepted beside them."""
    owner = Owner(path)
    intake = owner.outbox.intake
    told: list[tuple[set[str], int]] = []
    intake.on_returned = lambda owners, commit: told.append((owners, commit))
    owner.fail(2)
    kept = Held(0, OWNER, "plant/1", b"x", 2, key="1", arrived=owner.clock.wall(), tries=5, next_at=99.0)
    wait(owner.outbox, intake.hold([kept]))
    wait(owner.outbox, intake.bury([kept, *held()], 0x83, "no"))
    assert owner.asked("deadletter retry") == {"done": 4}
    assert letters(owner.outbox) == []
    ((owners, commit),) = told
    assert (owners, owner.outbox.durable >= commit) == ({OWNER}, True)
    first, second = intake.read(OWNER, 0, 10)
    assert (first.number, first.topic, first.payload, first.qos, first.key) == (2, "plant/1", b"x", 2, "1")
    assert (first.tries, first.next_at, first.reason) == (0, 0.0, "no")
    assert first.arrived == pytest.approx(kept.arrived)
    assert (second.number, intake.count(OWNER), owner.outbox.pending) == (3, 2, 2)
    owner.outbox.close()


def test_dead_letters_wait_where_there_is_no_room(path: Path) -> None:
    """The request is refused and says how far it came; they stay."""
    owner = Owner(path, max_held_bytes=1024)
    intake = owner.outbox.intake
    wait(owner.outbox, intake.bury(held(1), 0, "no"))
    wait(owner.outbox, intake.hold([Held(0, OWNER, "t", bytes(800))]))
    said = owner.asked("deadletter retry")
    assert said == {"error": "the outbox is full: 0 of 1 were accepted again"}
    assert len(letters(owner.outbox)) == 1
    owner.outbox.close()


def test_one_is_deleted_as_any(path: Path) -> None:
    """By its number among the dead letters."""
    owner = Owner(path)
    wait(owner.outbox, owner.outbox.intake.bury(held(2), 0, "no"))
    assert owner.asked("deadletter purge", [1]) == {"done": 1}
    assert [letter.number for letter in letters(owner.outbox)] == [2]
    owner.outbox.close()
    assert query(path, "SELECT count(*) FROM inbound") == [(0,)]
