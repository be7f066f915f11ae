"""Sweeping over a file: what expires, what is carried out, and when to come again."""

from __future__ import annotations

from collections.abc import Container, Iterator
from pathlib import Path

import pytest

from holdfast.messages import Outgoing
from holdfast.outbox.errands import POLL_S
from holdfast.outbox.queries import Queries
from holdfast.outbox.sweeping import AT_ONCE, SOON_S
from tests.contracts.outboxes import wait
from tests.unit.outbox.files import accept, seqs
from tests.unit.outbox.holding import Disk, failing, until
from tests.unit.outbox.owner import Owner


@pytest.fixture
def owner(tmp_path: Path, disk: Disk) -> Iterator[Owner]:
    owner = Owner(tmp_path / "outbox.db")
    yield owner
    disk.free.set()
    owner.outbox.close(10)


def expiring(owner: Owner, *after_s: float) -> int:
    """New rows, each expiring after so long; gives their commit."""
    now = owner.clock.now()
    return owner.outbox.accept([Outgoing(0, "t", b"", expires_at=now + one) for one in after_s])


def test_rows_expire_when_their_time_has_come(owner: Owner) -> None:
    """Over a restart too; the others go on."""
    wait(owner.outbox, expiring(owner, 10, 5, 60))
    owner.sweep()
    assert owner.ended == []
    owner.reopen()
    owner.clock.advance(10)
    owner.sweep()
    assert owner.ended == [([2, 1], "expired", "expiry_s")]
    assert seqs(owner.outbox.take(10)) == [3]
    assert owner.outbox.ledger().expired == 2


def test_a_row_in_flight_does_not_expire(owner: Owner) -> None:
    """It may have arrived: only unsent rows do (contract 9)."""
    wait(owner.outbox, expiring(owner, 5, 5))
    owner.outbox.take(1)
    owner.clock.advance(60)
    owner.sweep()
    assert owner.ended == [([2], "expired", "expiry_s")]


def test_a_row_that_is_not_committed_expires_later(owner: Owner, disk: Disk) -> None:
    """The file does not know of it yet; afterwards it is looked for."""
    owner.sweep()
    disk.hold()
    commit = expiring(owner, 0.1)
    owner.outbox.begin()
    owner.sweep()
    assert owner.ended == []
    disk.free.set()
    wait(owner.outbox, commit)
    owner.sweep()
    assert owner.ended == [([1], "expired", "expiry_s")]


def test_the_file_is_asked_only_when_there_may_be_any(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep over rows that do not expire for long costs no query."""
    asked: list[float] = []
    real = Queries.due

    def due(queries: Queries, at: float, limit: int, skip: Container[int]) -> list[int]:
        asked.append(at)
        return real(queries, at, limit, skip)

    monkeypatch.setattr(Queries, "due", due)
    wait(owner.outbox, expiring(owner, 60))
    owner.sweep()
    before = len(asked)
    for _ in range(10):
        owner.sweep()
    assert len(asked) == before
    owner.clock.advance(60)
    owner.sweep()
    assert (len(asked), owner.outbox.pending) == (before + 1, 0)


def test_many_expire_some_at_a_time(owner: Owner) -> None:
    """And the next sweep follows soon, until all have."""
    wait(owner.outbox, expiring(owner, *[5.0] * (AT_ONCE + 2)))
    owner.clock.advance(5)
    assert owner.sweep()
    assert owner.outbox.pending == 2
    assert not owner.sweep()
    assert [len(rows) for rows, _, _ in owner.ended] == [AT_ONCE, 2]


def test_what_is_too_old_ends_however_long_it_might_live(tmp_path: Path) -> None:
    """``max_age_s`` counts from accepting, and goes on while the file is closed."""
    owner = Owner(tmp_path / "aged.db", max_age_s=10)
    accept(owner.outbox, 1)
    owner.clock.advance(6)
    accept(owner.outbox, 1)
    owner.reopen()
    owner.clock.advance(4)
    owner.sweep()
    assert owner.ended == [([1], "expired", "max_age_s")]
    owner.outbox.close()


def test_nothing_expires_by_a_suspect_clock(owner: Owner) -> None:
    """After a start in 1970 nobody knows how late it is; once the clock is set what is due ends (27)."""
    wait(owner.outbox, expiring(owner, 60))
    right = owner.clock.wall()
    owner.outbox.close()
    owner.clock.reboot(wall=0.0)
    owner.reopen()
    owner.clock.advance(120)
    owner.sweep()
    assert owner.ended == []
    owner.clock.jump_wall(right + 7200 - owner.clock.wall())
    accept(owner.outbox, 1)  # a commit finds the clock set
    owner.sweep()
    assert owner.ended == [([1], "expired", "expiry_s")]


def test_requests_wait_while_commits_fail(owner: Owner, disk: Disk) -> None:
    """Nobody would get an answer; they are carried out when the file can be written again."""
    accept(owner.outbox, 1)
    number = owner.ask("purge")
    disk.before = failing()
    owner.outbox.begin()
    owner.outbox.accept([Outgoing(0, "t", b"")])
    owner.outbox.begin()
    until(lambda: owner.outbox.failure)
    owner.sweep()
    assert owner.ended == []
    disk.before = None
    until(lambda: owner.outbox.failure is None)
    while owner.sweep():
        pass
    assert owner.answered(number) == {"done": 2}


def test_a_session_is_held_up_by_one_piece_of_work_at_a_time(owner: Owner) -> None:
    """The next one follows soon; with nothing asked for the file is looked at when it may be again."""
    accept(owner.outbox, 2)
    for _ in range(2):
        owner.ask("purge", [])
    now = owner.clock.now()
    assert owner.outbox.sweep(now) == now + SOON_S
    while owner.sweep():
        pass
    now = owner.clock.now() + POLL_S
    assert owner.outbox.sweep(now) == now + POLL_S


def test_without_a_session_one_sweep_does_all(tmp_path: Path) -> None:
    """A program that opens the file, sweeps and closes it has carried out whatever was asked for."""
    owner = Owner(tmp_path / "alone.db", driven=False)
    accept(owner.outbox, AT_ONCE + 1)
    numbers = [owner.ask("deadletter purge"), owner.ask("purge"), owner.ask("retry")]
    owner.sweep()
    owner.outbox.close()
    assert [owner.answer(number) for number in numbers] == [{"done": n} for n in (0, AT_ONCE + 1, 0)]
