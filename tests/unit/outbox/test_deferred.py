"""Rows that wait for their time: in the order of time, or each class in accept order."""

from __future__ import annotations

from math import inf

import pytest

from holdfast.messages import HIGH, LOW, NORMAL, Outgoing
from holdfast.outbox.deferred import MOST, Deferred
from holdfast.outbox.keys import key_of


def row(seq: int, priority: int = NORMAL) -> Outgoing:
    return Outgoing(seq, "t", b"", priority=priority)


def seqs(rows: list[Outgoing]) -> list[int]:
    return [one.seq for one in rows]


def filled(in_order: bool, *entries: tuple[int, float]) -> Deferred:
    """Normal rows, each with its time."""
    deferred = Deferred(in_order)
    for seq, until in entries:
        deferred.defer(row(seq), until)
    return deferred


def test_rows_are_due_in_the_order_of_their_time() -> None:
    """Each once, and none before."""
    deferred = filled(False, (1, 30), (2, 10), (3, 20))
    assert deferred.next_due == 10
    assert deferred.due(9.9) == []
    assert seqs(deferred.due(20)) == [2, 3]
    assert (deferred.next_due, len(deferred)) == (30, 1)
    assert seqs(deferred.due(30)) == [1]
    assert (deferred.next_due, deferred.due(100)) == (inf, [])


def test_in_order_none_passes_an_older_one() -> None:
    """``retry="hold_class"``: row 2, due long ago, goes when row 1 is due."""
    deferred = filled(True, (2, 10), (1, 30), (3, 40))
    assert deferred.next_due == 30
    assert deferred.due(29) == []
    assert seqs(deferred.due(30)) == [1, 2]
    assert seqs(deferred.due(40)) == [3]


def test_in_order_classes_do_not_wait_for_each_other() -> None:
    """The order of contract 8 is that of one class."""
    deferred = filled(True, (1, 30))
    deferred.defer(row(2, HIGH), 10)
    assert seqs(deferred.due(10)) == [2]
    assert [deferred.holds(priority) for priority in (LOW, NORMAL, HIGH)] == [False, True, False]


@pytest.mark.parametrize("in_order", [False, True])
def test_what_was_taken_out_is_never_due(in_order: bool) -> None:
    """The first in its heap is skipped, and the next one's time counts."""
    deferred = filled(in_order, (1, 10), (2, 20))
    assert deferred.pull(key_of(row(1))) is not None
    assert deferred.pull(key_of(row(1))) is None
    assert deferred.next_due == 20
    assert seqs(deferred.due(50)) == [2]


@pytest.mark.parametrize("in_order", [False, True])
def test_a_row_that_is_deferred_again_has_one_time(in_order: bool) -> None:
    """Taken out and refused anew, it is due at its new time, not at its old one as well."""
    deferred = filled(in_order, (1, 10))
    again = deferred.pull(1)
    assert again is not None
    deferred.defer(again, 20)
    assert deferred.due(15) == []
    assert seqs(deferred.due(20)) == [1]
    assert len(deferred) == 0


def test_too_many_of_them_hold_their_classes() -> None:
    """At ``MOST`` no class that has any gives new rows: memory has to hold them all."""
    deferred = Deferred(in_order=False)
    deferred.defer(row(1, HIGH), 10)
    for seq in range(2, MOST + 1):
        assert not deferred.holds(NORMAL)
        deferred.defer(row(seq), 20)
    assert [deferred.holds(priority) for priority in (LOW, NORMAL, HIGH)] == [False, True, True]
    deferred.due(10)
    assert not deferred.holds(NORMAL)
