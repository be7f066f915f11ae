"""What somebody sees who looks into an outbox while another process owns it (contract 7, 26)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from holdfast.clock import Clock
from holdfast.errors import OutboxError
from holdfast.messages import HIGH, LOW, Outgoing
from holdfast.outbox import inspection
from holdfast.outbox.inspection import Inspection
from holdfast.outbox.intake import Held
from holdfast.outbox.reading import reading
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.protocol import Assigned, Deferred, Failed, Parked, Released, Settled
from holdfast.testing.manual_clock import ManualClock
from tests.contracts.outboxes import wait
from tests.unit.outbox.files import CLIENT_ID, accept, edit, open_outbox, query, write

CLOCK = ManualClock()


@contextmanager
def look(outbox: SqliteOutbox, clock: Clock = CLOCK) -> Iterator[Inspection]:
    """The file opened anew, as a command does."""
    with reading(outbox.path) as db:
        yield Inspection(db, clock)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[SqliteOutbox]:
    outbox = open_outbox(tmp_path / "outbox.db", clock=CLOCK)
    yield outbox
    outbox.close(10)


def states(outbox: SqliteOutbox) -> dict[int, str]:
    with look(outbox) as seen:
        return {entry.seq: entry.state for entry in seen.entries()}


def test_the_states_of_a_message(outbox: SqliteOutbox) -> None:
    """Unsent is pending, also after a refusal; sent or released is in flight; ended is nowhere."""
    rows = accept(outbox, 6, qos=2)
    write(outbox, Assigned(list(enumerate(rows[:5], start=1))), Released([2]))
    rows[2].tries = rows[3].tries = 1
    write(outbox, Settled(rows[:1], "acknowledged"))
    write(outbox, Parked(rows[2], 0x95, "limit 1 MiB"), Deferred(rows[3], 0x97, "", 0.0))
    assert states(outbox) == {2: "in flight", 3: "parked", 4: "pending", 5: "in flight", 6: "pending"}
    with look(outbox) as seen:
        parked, deferred = seen.entry(3), seen.entry(4)
    assert parked is not None
    assert parked.parked == "Packet too large: limit 1 MiB"
    assert deferred is not None
    assert (parked.tries, deferred.tries) == (1, 1)


def test_a_line_of_the_flight_that_nobody_can_read(outbox: SqliteOutbox) -> None:
    """Said as everything that SQLite says against a file, which the commands know how to tell."""
    write(outbox, Assigned([(1, accept(outbox, 1)[0])]))
    edit(Path(outbox.path), "UPDATE flight SET entries = x'0102'")
    with pytest.raises(OutboxError, match="is damaged: nobody knows what is in flight"), look(outbox) as seen:
        list(seen.entries())


def test_a_message_with_all_it_has(outbox: SqliteOutbox) -> None:
    """Found by its number, whatever its class; its times are outbox time, its payload apart."""
    properties = {"content_type": "text/plain", "user_property": (("a", "b"),)}
    expires_at = CLOCK.now() + 60
    accept(outbox, 2)
    row = Outgoing(0, "plant/ü", b"21.5", 2, True, properties, expires_at, priority=HIGH)
    wait(outbox, outbox.accept([row]))
    with look(outbox) as seen:
        entry = seen.entry(3)
        assert entry is not None
        assert seen.payload(entry) == b"21.5"
        assert seen.left(entry.expires_at or 0) == pytest.approx(60)
        assert seen.age(entry.accepted_at) == 0
    assert (entry.seq, entry.priority, entry.topic, entry.size) == (3, HIGH, "plant/ü", 4)
    assert (entry.qos, entry.retain, entry.properties, entry.uncertain) == (2, True, properties, False)


def test_ages_go_on_while_nobody_owns_the_file(outbox: SqliteOutbox) -> None:
    """Within one run of the machine, and over the next by the wall clock (contract 27)."""
    clock = ManualClock()
    accept(outbox)
    outbox.close(10)
    clock.advance(100)
    assert ages(outbox, clock) == [pytest.approx(100)]
    clock.reboot(off_s=60)
    assert ages(outbox, clock) == [pytest.approx(160)]


def ages(outbox: SqliteOutbox, clock: Clock) -> list[float]:
    with look(outbox, clock) as seen:
        return [seen.age(entry.accepted_at) for entry in seen.entries()]


def test_all_classes_page_by_page(outbox: SqliteOutbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """High before normal before low, each in accept order; a page ends nowhere in particular."""
    monkeypatch.setattr(inspection, "PAGE", 2)
    for priority in (LOW, HIGH):
        wait(outbox, outbox.accept([Outgoing(0, "t", b"", priority=priority) for _ in range(3)]))
    accept(outbox, 3)
    with look(outbox) as seen:
        assert [entry.seq for entry in seen.entries()] == [4, 5, 6, 7, 8, 9, 1, 2, 3]


def test_what_ends_while_it_is_read(outbox: SqliteOutbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be missing; nothing comes twice, and its payload is gone."""
    monkeypatch.setattr(inspection, "PAGE", 2)
    rows = accept(outbox, 5)
    with look(outbox) as seen:
        entries = seen.entries()
        first = next(entries)
        write(outbox, Settled([rows[0], rows[2]], "acknowledged"))
        assert [entry.seq for entry in entries] == [2, 4, 5]
        assert seen.payload(first) is None
        assert seen.entry(1) is None


def test_what_is_accepted_while_it_is_read(outbox: SqliteOutbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not in it: who reads under a busy service comes to an end."""
    monkeypatch.setattr(inspection, "PAGE", 2)
    accept(outbox, 3)
    with look(outbox) as seen:
        entries = seen.entries()
        next(entries)
        accept(outbox, 3)
        assert [entry.seq for entry in entries] == [2, 3]


def test_nothing_is_held_between_pages(outbox: SqliteOutbox) -> None:
    """A reader in the middle does not keep the owner's log from being emptied (contract 12)."""
    accept(outbox, 3)
    with look(outbox) as seen:
        entries = seen.entries()
        next(entries)
        assert query(Path(outbox.path), "PRAGMA wal_checkpoint(TRUNCATE)") == [(0, 0, 0)]


def test_the_books(outbox: SqliteOutbox) -> None:
    """Contract 7, as committed; and whose file it is."""
    rows = accept(outbox, 4)
    write(outbox, Settled(rows[:1], "acknowledged"), Settled(rows[1:2], "expired"), Failed(rows[2], 0x97, ""))
    with look(outbox) as seen:
        ledger = seen.ledger()
        assert (seen.client_id, seen.group) == (CLIENT_ID, None)
    assert (ledger.accepted, ledger.acknowledged, ledger.expired, ledger.failed) == (4, 1, 1, 1)
    assert (ledger.pending, ledger.since) == (1, outbox.ledger().since)


def test_dead_letters(outbox: SqliteOutbox) -> None:
    """With the reason, oldest first; by their own numbers."""
    rows = accept(outbox, 2)
    write(outbox, Failed(rows[1], 0x97, "quota"), Failed(rows[0], 0x10, ""))
    with look(outbox) as seen:
        letters = list(seen.letters())
        assert [(one.number, one.seq, one.reason) for one in letters] == [
            (1, 2, "Quota exceeded: quota"),
            (2, 1, "No matching subscribers"),
        ]
        assert seen.letter(2) == letters[1]
        assert seen.letter(3) is None
        assert seen.letter_count() == 2


def test_what_came_in_is_seen_page_by_page(outbox: SqliteOutbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it, in the order of keeping; what nobody can read is left out."""
    monkeypatch.setattr(inspection, "HELD_PAGE", 2)
    wait(outbox, outbox.intake.hold([Held(0, "a", f"t/{number}", b"") for number in range(7)]))
    edit(Path(outbox.path), "UPDATE inbound SET qos = 9 WHERE number IN (3, 4, 6)")
    with look(outbox) as seen:
        assert [held.number for held in seen.held()] == [1, 2, 5, 7]
        assert seen.held_count() == 7


def test_when_a_held_message_is_handled_next(outbox: SqliteOutbox) -> None:
    """By the clock of whoever looks; never less than now."""
    later = Held(0, "a", "t", b"", next_at=CLOCK.now() + 30)
    wait(outbox, outbox.intake.hold([later, Held(0, "a", "t", b"")]))
    with look(outbox) as seen:
        assert [seen.due_in(held) for held in seen.held()] == [30, 0]
        assert (seen.since(CLOCK.wall() - 5), seen.since(CLOCK.wall() + 5)) == (5, 0)
