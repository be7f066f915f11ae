"""Which rows are the file's, and which of this process alone; and the books of both (contract 7)."""

from __future__ import annotations

from threading import Thread

from holdfast.messages import Outgoing, QoS
from holdfast.outbox.accounts import Accounts
from holdfast.outbox.tally import Tally


def row(seq: int, qos: QoS = 1) -> Outgoing:
    return Outgoing(seq, "t", b"", qos)


def opened(last: int = 0, keep_qos0: bool = False) -> Accounts:
    accounts = Accounts(keep_qos0)
    accounts.begin(Tally(), last)
    return accounts


def test_qos_0_is_volatile_unless_it_is_kept() -> None:
    """QoS 1 and 2 never are."""
    rows = [row(1, 0), row(2, 1), row(3, 2)]
    assert [opened().is_volatile(one) for one in rows] == [True, False, False]
    assert opened().new_volatile(rows) == rows[:1]
    keeping = opened(keep_qos0=True)
    assert not any(map(keeping.is_volatile, rows))
    assert keeping.new_volatile(rows) == []


def test_what_an_earlier_process_numbered_is_in_the_file() -> None:
    """It kept its QoS 0, else that would not be here."""
    accounts = opened(last=5)
    assert [accounts.is_volatile(row(seq, 0)) for seq in (5, 6)] == [False, True]


def test_the_process_stays_the_same_when_the_file_is_opened_again() -> None:
    """What it numbered in between is volatile as before."""
    accounts = opened(last=5)
    accounts.begin(Tally(), 9)
    assert accounts.is_volatile(row(6, 0))


def test_a_row_may_be_stored_all_the_same() -> None:
    """A dead letter of QoS 0 that is accepted again is in the file: its ending is booked there."""
    accounts = opened()
    revived, other = row(1, 0), row(2, 0)
    accounts.store([revived, row(3)])
    accounts.file.accept(1, revived.size)
    accounts.volatile.accept(1, other.size)
    assert accounts.end([revived, other], "sent") == [revived]
    assert (accounts.file.ended()["sent"], accounts.volatile.ended()["sent"]) == (1, 1)


def test_a_mixed_group_ends_in_both_books() -> None:
    """The rows that the file has are given back, in their order; the ledger has them all."""
    accounts = opened()
    rows = [row(1, 1), row(2, 0), row(3, 2), row(4, 0)]
    accounts.file.accept(3, 3 * rows[0].size)
    accounts.volatile.accept(3, 3 * rows[0].size)
    assert accounts.end(rows, "expired") == [rows[0], rows[2]]
    ledger = accounts.ledger(since=1_000)
    assert (ledger.accepted, ledger.expired, ledger.pending) == (6, 4, 2)
    assert (accounts.pending, ledger.since.timestamp()) == (2, 1_000)


def test_the_file_may_have_none_of_a_group() -> None:
    """Then there is nothing to write down."""
    accounts = opened()
    accounts.volatile.accept(1, 10)
    assert accounts.end([row(1, 0)], "dropped") == []
    assert accounts.file.ended()["dropped"] == 0


def test_rows_end_on_two_threads() -> None:
    """The engine's acknowledged ones, and what a publisher pushes out meanwhile: each is booked once."""
    accounts = opened()
    count = 2000
    accounts.file.accept(count, 0)
    accounts.volatile.accept(2 * count, 0)

    def push_out() -> None:
        for seq in range(count):
            accounts.end([row(seq + 1, 0)], "dropped")

    thread = Thread(target=push_out)
    thread.start()
    for seq in range(count):
        accounts.end([row(seq + 1)], "acknowledged")
        accounts.end([row(seq + 1, 0)], "dropped")
    thread.join()
    ledger = accounts.ledger(since=0)
    assert (ledger.acknowledged, ledger.dropped, ledger.pending) == (count, 2 * count, 0)
