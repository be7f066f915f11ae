"""What every outbox with a file promises of what came in (contract 13, 17); one in memory keeps nothing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from holdfast.outbox import Outbox
from holdfast.outbox.intake import UNCLAIMED, Held, Intake
from holdfast.testing.manual_clock import ManualClock
from tests.contracts.outboxes import BUILD, wait

OWNER, OTHER = "plant/#", "alarm/+"
BUDGET = 2000

FILES = {name: partial(build, max_held_bytes=BUDGET) for name, build in BUILD.items() if name != "memory"}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=FILES)
def outbox(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Iterator[Outbox]:
    """A new outbox of each kind that has a file, and 2,000 bytes for what comes in."""
    outbox = FILES[request.param](tmp_path, clock)
    yield outbox
    assert outbox.close(10)


@pytest.fixture
def intake(outbox: Outbox) -> Intake:
    assert outbox.intake is not None
    return outbox.intake


def messages(count: int = 1, owner: str = OWNER, size: int = 1) -> list[Held]:
    return [Held(0, owner, f"plant/{number}", b"x" * size) for number in range(count)]


def hold(outbox: Outbox, *held: Held) -> list[int]:
    """Keep these, durably; gives their numbers."""
    assert outbox.intake is not None
    wait(outbox, outbox.intake.hold(held))
    return [one.number for one in held]


def numbers(intake: Intake, owner: str = OWNER, after: int = 0, most: int = 100) -> list[int]:
    return [held.number for held in intake.read(owner, after, most)]


def reopen(outbox: Outbox) -> None:
    assert outbox.close(10)
    outbox.open("gateway-7")


def test_memory_keeps_nothing(tmp_path: Path, clock: ManualClock) -> None:
    """What came in stays with the broker until it is handled."""
    assert BUILD["memory"](tmp_path, clock).intake is None


def test_messages_come_back_as_they_were(outbox: Outbox, intake: Intake) -> None:
    """Everything that a handler may ask of them, and what a session knows them by; over a restart."""
    whole = Held(
        *(0, OWNER, "plant/1/temp", b"\x00\xff", 2, True),
        properties={"content_type": "a", "user_property": (("k", "v"),)},
        arrived=1_700_000_000.5, key="1", tries=3, next_at=7.5, reason="no database",
        epoch=4, packet_id=65_535,
    )  # fmt: skip
    hold(outbox, whole)
    assert intake.read(OWNER, 0, 10) == [whole]
    reopen(outbox)
    assert intake.read(OWNER, 0, 10) == [whole]


def test_each_owner_reads_its_own_in_their_order(outbox: Outbox, intake: Intake) -> None:
    """Some at a time, from where it was before."""
    mine, other = messages(4), messages(3, OTHER)
    hold(outbox, *mine[:2], *other, *mine[2:])
    assert numbers(intake) == [1, 2, 6, 7]
    assert (numbers(intake, after=2, most=1), numbers(intake, OTHER)) == ([6], [3, 4, 5])
    assert (intake.count(), intake.count(OWNER), intake.count("nobody")) == (7, 4, 0)


def test_what_was_handled_is_let_go(outbox: Outbox, intake: Intake) -> None:
    """Wherever it stands, once; and it counts no more."""
    hold(outbox, *messages(5))
    wait(outbox, intake.let_go([2, 4, 5, 77]))
    assert (numbers(intake), intake.count()) == ([1, 3], 2)
    wait(outbox, intake.let_go([2]))
    assert intake.count() == 2
    reopen(outbox)
    assert (numbers(intake), intake.count(OWNER)) == ([1, 3], 2)


def test_numbers_are_never_given_again(outbox: Outbox, intake: Intake) -> None:
    """Whoever remembers the highest it has stored elsewhere may believe in it; over a restart too."""
    hold(outbox, *messages(3))
    wait(outbox, intake.let_go([1, 2, 3]))
    series = intake.series
    reopen(outbox)
    assert (hold(outbox, *messages(1)), intake.series) == ([4], series)


def test_a_retry_is_remembered(outbox: Outbox, intake: Intake, clock: ManualClock) -> None:
    """How often, when next and why; the time is that of the clock after a restart of the machine too."""
    (held,) = messages()
    hold(outbox, held)
    held.tries, held.next_at, held.reason = 2, clock.now() + 60, "OSError: no route"
    wait(outbox, intake.again(held))
    assert intake.read(OWNER, 0, 1) == [held]
    assert outbox.close(10)
    clock.reboot(off_s=20)
    outbox.open("gateway-7")
    (found,) = intake.read(OWNER, 0, 1)
    assert (found.tries, found.reason) == (2, "OSError: no route")
    assert found.next_at == pytest.approx(clock.now() + 40)


def test_what_is_due_at_once_stays_so(outbox: Outbox, intake: Intake, clock: ManualClock) -> None:
    """Zero means at once on every clock."""
    clock.advance(500)
    hold(outbox, *messages())
    assert [held.next_at for held in intake.read(OWNER, 0, 1)] == [0.0]


def test_what_is_nobodys_may_be_taken_over(outbox: Outbox, intake: Intake) -> None:
    """With the numbers they have; each is counted where it is, and a stranger's number means nothing."""
    hold(outbox, *messages(2), *messages(3, UNCLAIMED))
    wait(outbox, intake.hand_over([3, 5, 77], OWNER))
    assert (numbers(intake), numbers(intake, UNCLAIMED)) == ([1, 2, 3, 5], [4])
    assert (intake.count(OWNER), intake.count(UNCLAIMED), intake.count()) == (4, 1, 5)


def test_the_first_to_take_it_over_has_it(outbox: Outbox, intake: Intake) -> None:
    """Contract 15: two that both saw it unclaimed would else both handle it; in one commit or in two."""
    hold(outbox, *messages(3, UNCLAIMED))
    wait(outbox, intake.hand_over([1], OWNER))
    intake.hand_over([1, 2], OTHER)
    wait(outbox, intake.hand_over([1, 2, 3], OWNER))
    assert (numbers(intake), numbers(intake, OTHER)) == ([1, 3], [2])
    assert (intake.count(OWNER), intake.count(OTHER), intake.count(UNCLAIMED)) == (2, 1, 0)


def test_the_dead_are_kept_no_more(outbox: Outbox, intake: Intake) -> None:
    """Nor are those that were never kept; both are dead letters."""
    held, *others = messages(3)
    hold(outbox, held, others[0])
    wait(outbox, intake.bury([held, others[1]], 0x83, "no such device"))
    assert (numbers(intake), intake.count()) == ([2], 1)


def test_the_budget_is_of_what_came_in(outbox: Outbox, intake: Intake) -> None:
    """In bytes of what is kept; one of any size fits where nothing is; a restart does not forget it."""
    assert intake.room(BUDGET * 10)
    hold(outbox, *messages(5, size=100))
    left = BUDGET - sum(held.size for held in intake.read(OWNER, 0, 10))
    assert (intake.room(left), intake.room(left + 1)) == (True, False)
    reopen(outbox)
    assert (intake.room(left), intake.room(left + 1)) == (True, False)
    wait(outbox, intake.let_go([1]))
    assert intake.room(left + 1)


def test_what_came_in_is_in_no_equation(outbox: Outbox, intake: Intake) -> None:
    """Contract 7 is about what was accepted: neither the held nor the dead are pending, or failed."""
    hold(outbox, *messages(2))
    wait(outbox, intake.bury(intake.read(OWNER, 0, 1), 0, "no"))
    ledger = outbox.ledger()
    assert (ledger.accepted, ledger.failed, outbox.pending) == (0, 0, 0)


def test_released_identifiers_mean_nothing_any_more(outbox: Outbox, intake: Intake) -> None:
    """Of their epoch, and of no other message."""
    held = [Held(0, OWNER, "t", b"", 2, epoch=epoch, packet_id=one) for epoch in (1, 2) for one in (5, 6)]
    hold(outbox, *held)
    wait(outbox, intake.release(2, [5, 99]))
    found = [(one.epoch, one.packet_id) for one in intake.read(OWNER, 0, 10)]
    assert found == [(1, 5), (1, 6), (0, 0), (2, 6)]


def test_what_was_seen_is_remembered(outbox: Outbox, intake: Intake) -> None:
    """By each owner for itself."""
    wait(outbox, intake.saw(OWNER, [b"1", b"2"]))
    wait(outbox, intake.saw(OTHER, [b"3"]))
    wait(outbox, intake.saw(OWNER, [b"2", b"4"]))
    reopen(outbox)
    assert (intake.seen(OWNER), intake.seen(OTHER)) == ({b"1", b"2", b"4"}, {b"3"})


def test_attempts_are_counted_until_one_ends(outbox: Outbox, intake: Intake) -> None:
    """What was begun before a process died is known to the next; what ended is not."""
    for digest in (b"1", b"1", b"2"):
        wait(outbox, intake.begun(OWNER, digest))
    wait(outbox, intake.begun(OTHER, b"1"))
    assert intake.attempts(OWNER) == {b"1": 2, b"2": 1}
    reopen(outbox)
    wait(outbox, intake.begun(OWNER, b"1"))
    wait(outbox, intake.ended(OWNER, b"2"))
    assert (intake.attempts(OWNER), intake.attempts(OTHER)) == ({b"1": 3}, {b"1": 1})


def test_nothing_is_written_for_nothing(outbox: Outbox, intake: Intake) -> None:
    """No commit while nothing is kept: identifiers that were released cost the usual path nothing."""
    before = outbox.durable
    assert intake.release(1, [5]) == before
    assert intake.hold([]) == before
