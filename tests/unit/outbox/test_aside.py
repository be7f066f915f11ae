"""Rows out of the line: by key and by class, in memory or in the file alone."""

from __future__ import annotations

from holdfast.messages import HIGH, LOW, NORMAL, Outgoing
from holdfast.outbox.aside import Aside, Parked
from holdfast.outbox.keys import key_of, keys_of


def row(seq: int, priority: int = NORMAL) -> Outgoing:
    return Outgoing(seq, "t", b"", priority=priority)


def test_each_class_is_in_accept_order() -> None:
    """In whatever order they left the line."""
    aside = Aside()
    for seq, priority in ((5, NORMAL), (9, HIGH), (2, NORMAL), (7, LOW), (4, NORMAL)):
        aside.add(row(seq, priority))
    by_class = {priority: [one.seq for one in aside.of(priority)] for priority in (LOW, NORMAL, HIGH)}
    assert by_class == {LOW: [7], NORMAL: [2, 4, 5], HIGH: [9]}
    assert len(aside) == 5


def test_a_class_may_have_none() -> None:
    """The others do not count."""
    aside = Aside()
    aside.add(row(1, HIGH))
    aside.add(row(2, LOW))
    assert [aside.has(priority) for priority in (LOW, NORMAL, HIGH)] == [True, False, True]


def test_a_row_is_taken_out_by_its_key() -> None:
    """Once; the same number in another class is another key."""
    aside = Aside()
    normal, high = row(3), row(3, HIGH)
    aside.add(normal)
    assert aside.find(key_of(high)) is None
    assert key_of(high) not in aside
    assert aside.pull(key_of(normal)) is normal
    assert aside.pull(key_of(normal)) is None
    assert len(aside) == 0


def test_of_many_keys_those_that_are_here_are_taken() -> None:
    """In the order of the keys given."""
    aside = Aside()
    rows = [row(seq) for seq in (1, 2, 3)]
    for one in rows:
        aside.add(one)
    assert aside.pull_all([3, 9, 1]) == [rows[2], rows[0]]
    assert aside.keys() == [2]


class File:
    """Rows that can be read, or not yet."""

    def __init__(self, *rows: Outgoing) -> None:
        self.rows = {key_of(row): row for row in rows}

    def read(self, key: int) -> Outgoing | None:
        return self.rows.get(key)


def test_parked_rows_are_read_when_they_are_asked_for() -> None:
    """Of those that a file has only the keys are kept, in what an earlier process left and what is new."""
    old, new, committed = row(1), row(2), row(2)
    file = File(old, committed)
    parked = Parked(file.read, keys_of([old]))
    parked.add(new)
    assert list(parked.of(NORMAL)) == [old, committed]
    assert parked.find(2) is committed
    assert parked.find(7) is None


def test_what_cannot_be_read_yet_stays() -> None:
    """It is here, nothing is found of it, and it is not lost."""
    file = File()
    parked = Parked(file.read)
    later = row(1)
    parked.add(later)
    assert (1 in parked, parked.find(1), parked.pull(1), list(parked.of(NORMAL))) == (True, None, None, [])
    file.rows[1] = later
    assert parked.pull(1) is later
    assert 1 not in parked


def test_without_a_file_parked_rows_are_kept() -> None:
    """The outbox in memory has them nowhere else."""
    parked = Parked()
    one = row(1)
    parked.add(one)
    assert parked.find(1) is one
    assert parked.pull(1) is one
