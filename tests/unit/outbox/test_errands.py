"""What another process asks for is carried out by the owner of the file, and answered (contract 26)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from holdfast.outbox.errands import POLL_S, REVIVED_AT_ONCE
from holdfast.outbox.sweeping import AT_ONCE
from holdfast.outbox.waiting import UNPARKED_AT_ONCE
from tests.unit.outbox.files import accept, letters, query, seqs
from tests.unit.outbox.holding import until
from tests.unit.outbox.owner import Owner


@pytest.fixture
def owner(path: Path) -> Iterator[Owner]:
    owner = Owner(path)
    yield owner
    owner.outbox.close()


# -- messages --------------------------------------------------------------------------------


def test_messages_are_purged_by_number(owner: Owner) -> None:
    """Those that wait, each once, and in the line, deferred or parked alike; one in flight goes on."""
    (parked,) = owner.park(1)
    deferred = owner.defer(60)
    accept(owner.outbox, 3)
    assert seqs(owner.outbox.take(1)) == [3]
    assert owner.asked("purge", [5, 3, parked.seq, deferred.seq, 99, 5]) == {"done": 3}
    assert owner.ended == [([5, parked.seq, deferred.seq], "dropped", "purge")]
    assert seqs(owner.outbox.take(10)) == [4]


def test_all_messages_are_some_at_a_time(owner: Owner) -> None:
    """Those accepted before it was begun: what comes meanwhile is not meant."""
    accept(owner.outbox, AT_ONCE + 2)
    number = owner.ask("purge")
    assert owner.sweep()
    accept(owner.outbox, 1)
    while owner.sweep():
        pass
    assert owner.answered(number) == {"done": AT_ONCE + 2}
    assert [len(ended) for ended, _, _ in owner.ended] == [AT_ONCE, 2]
    assert (owner.outbox.pending, seqs(owner.outbox.take(10))) == (1, [AT_ONCE + 3])


def test_what_may_not_go_is_sent_now(owner: Owner) -> None:
    """``retry``: deferred rows begin to count anew, parked ones are unsent; over a restart too."""
    deferred = owner.defer(60)
    (parked,) = owner.park(1)
    accept(owner.outbox, 1)
    assert owner.asked("retry", [deferred.seq, parked.seq, 3]) == {"done": 2}
    assert owner.outbox.parked == 0
    owner.reopen()
    assert [(row.seq, row.tries) for row in owner.outbox.take(10)] == [(1, 0), (2, 0), (3, 0)]


def test_parked_rows_are_sent_as_the_others_go(owner: Owner) -> None:
    """Memory holds some of them at once; the request is answered when all are unsent."""
    count = UNPARKED_AT_ONCE + 50
    owner.park(count)
    number = owner.ask("retry")
    for _ in range(5):
        assert owner.sweep()
    assert owner.outbox.parked == 50
    taken = owner.outbox.take(100)
    while owner.sweep():
        pass
    assert owner.answered(number) == {"done": count}
    while more := owner.outbox.take(100):
        taken += more
    assert seqs(taken) == list(range(1, count + 1))


def test_parked_rows_come_back_where_nobody_takes_any(path: Path) -> None:
    """In a program without a client one sweep carries it out, whatever has been read already."""
    owner = Owner(path)
    count = UNPARKED_AT_ONCE + 50
    owner.park(count)
    accept(owner.outbox, 1)
    owner.outbox.close()
    owner = Owner(path, driven=False, max_age_s=1e6)
    number = owner.ask("retry")
    owner.sweep()
    owner.outbox.close()
    assert (owner.answer(number), query(path, "SELECT count(parked) FROM message")) == (
        {"done": count},
        [(0,)],
    )


# -- dead letters ----------------------------------------------------------------------------


def test_dead_letters_are_deleted(owner: Owner) -> None:
    """Numbers that are none do not count."""
    owner.fail(3)
    assert owner.asked("deadletter purge", [2, 77]) == {"done": 1}
    assert [letter.number for letter in letters(owner.outbox)] == [1, 3]
    assert owner.asked("deadletter purge") == {"done": 2}
    assert letters(owner.outbox) == []


def test_dead_letters_are_accepted_again(owner: Owner) -> None:
    """As new messages with new numbers, some at a time; their old endings stay in the books."""
    count = REVIVED_AT_ONCE + 1
    owner.fail(count)
    assert owner.asked("deadletter retry") == {"done": count}
    assert letters(owner.outbox) == []
    taken = []
    while some := owner.outbox.take(100):
        taken += some
    assert seqs(taken) == list(range(count + 1, 2 * count + 1))
    ledger = owner.outbox.ledger()
    assert (ledger.accepted, ledger.failed, ledger.pending) == (2 * count, count, count)
    assert owner.asked("deadletter retry", [1]) == {"done": 0}


def test_a_full_outbox_says_how_many_dead_letters_it_took(path: Path) -> None:
    """The others stay dead, for another time."""
    owner = Owner(path, max_messages=REVIVED_AT_ONCE + 10)
    owner.fail(REVIVED_AT_ONCE + 10)
    owner.fail(1)
    accept(owner.outbox, 1)
    said = owner.asked("deadletter retry")
    assert said == {"error": "the outbox is full (60): 50 of 61 were accepted again"}
    assert (owner.outbox.pending, len(letters(owner.outbox))) == (51, 11)
    owner.outbox.close()


# -- asking ----------------------------------------------------------------------------------


def test_requests_are_carried_out_in_their_order(owner: Owner) -> None:
    """One after the other, each with an answer of its own; an answered one is not begun again."""
    accept(owner.outbox, 2)
    numbers = [owner.ask("purge", ids) for ids in ([1], [1, 2], None)]
    while owner.sweep():
        pass
    assert [owner.answered(number) for number in numbers] == [{"done": 1}, {"done": 1}, {"done": 0}]
    owner.reopen()
    owner.sweep()
    assert owner.answered(numbers[1]) == {"done": 1}


def test_what_cannot_be_read_names_nothing(owner: Owner) -> None:
    """Arguments of some other hand purge nothing, and an unknown verb is an error; both are answered."""
    accept(owner.outbox, 1)
    with closing(sqlite3.connect(owner.path, isolation_level=None)) as db:
        db.execute("INSERT INTO request (verb, arguments) VALUES ('purge', '{\"all\": 1')")
        db.execute("INSERT INTO request (verb, arguments) VALUES ('purge', '{\"ids\": 1}')")
        db.execute("INSERT INTO request (verb, arguments) VALUES ('paint', '{}')")
    while owner.sweep():
        pass
    assert [owner.answered(number) for number in (1, 2)] == [{"done": 0}] * 2
    assert owner.answered(3) == {"error": "this release of holdfast cannot do that"}
    assert owner.outbox.pending == 1


def test_the_file_is_looked_at_twice_a_second(owner: Owner) -> None:
    """However often the engine sweeps."""
    accept(owner.outbox, 1)
    owner.sweep()
    number = owner.ask("purge")
    for _ in range(5):
        owner.outbox.sweep(owner.clock.now())
    assert owner.outbox.pending == 1
    owner.clock.advance(POLL_S)
    owner.outbox.sweep(owner.clock.now())
    assert owner.outbox.pending == 0
    owner.sweep()
    until(lambda: owner.answer(number))
