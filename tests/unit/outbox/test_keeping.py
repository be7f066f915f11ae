"""Rows on their way through a file: mixed groups, what finds no room, and what is yet to be committed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.errors import OutboxError
from holdfast.messages import HIGH, LOW, OVERHEAD, Outgoing, QoS
from holdfast.outbox.keeping import UNCOMMITTED_BYTES
from holdfast.protocol import Deferred, Failed, Parked, Settled
from tests.contracts.outboxes import wait
from tests.unit.outbox.files import accept, letters, query, seqs, write
from tests.unit.outbox.holding import Disk, failing, until
from tests.unit.outbox.owner import Owner


@pytest.fixture
def owner(path: Path, disk: Disk) -> Iterator[Owner]:
    owner = Owner(path)
    yield owner
    disk.free.set()
    owner.outbox.close(10)


def row(qos: QoS = 1, priority: int = 1, size: int = 0) -> Outgoing:
    return Outgoing(0, "t", bytes(size), qos, priority=priority)


def test_a_mixed_group_is_numbered_as_it_came(owner: Owner) -> None:
    """The file has its QoS 1 and 2, the ring its QoS 0, which is taken first."""
    rows = [row(1, LOW), row(0), row(2, HIGH), row(0), row(1)]
    wait(owner.outbox, owner.outbox.accept(rows))
    assert seqs(rows) == [1, 2, 3, 4, 5]
    assert query(owner.path, "SELECT count(*) FROM message") == [(3,)]
    assert (owner.outbox.pending, owner.outbox.at_risk) == (5, 2)
    assert seqs(owner.outbox.take(10)) == [2, 4, 3, 5, 1]


def test_qos_0_alone_waits_for_no_commit(owner: Owner, disk: Disk) -> None:
    """It is as durable as it will ever be."""
    disk.hold()
    assert owner.outbox.accept([row(0)]) <= owner.outbox.durable
    assert seqs(owner.outbox.take(0)) == [1]


def test_endings_of_a_mixed_group_are_booked_where_the_rows_are(owner: Owner) -> None:
    """The file counts its own, over a restart; those of the ring are of this process."""
    owner.outbox.accept([row(1), row(0), row(1), row(0)])
    write(owner.outbox, Settled(owner.outbox.take(10), "expired"))
    assert owner.outbox.ledger().expired == 4
    assert query(owner.path, "SELECT accepted, expired FROM books") == [(2, 2)]


def test_qos_0_is_never_set_aside(owner: Owner) -> None:
    """There is no place for it out of the ring: refused or not to be sent, it is dropped."""
    owner.outbox.accept([row(0), row(0), row(0), row(1)])
    first, second, third, kept = owner.outbox.take(10)
    write(
        owner.outbox,
        Deferred(first, 0x97, "", owner.clock.now() + 5),
        Parked(second, 0x95, ""),
        Failed(third, 0x90, ""),
        Parked(kept, 0x95, ""),
    )
    assert owner.ended == [([1], "dropped", "qos0_outbox"), ([2], "dropped", "qos0_outbox")]
    assert (owner.outbox.parked, owner.outbox.ledger().failed, letters(owner.outbox)) == (1, 1, [])


def test_a_stored_qos_0_is_set_aside_as_any_other(path: Path) -> None:
    """With ``keep_qos0`` it is in the file, and waits there."""
    owner = Owner(path, keep_qos0=True)
    wait(owner.outbox, owner.outbox.accept([row(0)]))
    write(owner.outbox, Parked(owner.outbox.take(0)[0], 0x95, ""))
    assert (owner.outbox.parked, owner.ended) == (1, [])
    owner.outbox.unpark(lambda _: True)
    assert seqs(owner.outbox.take(0)) == [1]
    owner.outbox.close()


def test_what_finds_no_room_is_shed(path: Path) -> None:
    """``drop_newest``: accepted, ended and told at once, in the books of the file and never in it."""
    owner = Owner(path, overflow="drop_newest", max_messages=2)
    accept(owner.outbox, 2)
    more = [row(1), row(0), row(2)]
    assert owner.outbox.make_room(more)
    wait(owner.outbox, owner.outbox.accept(more))
    assert sorted(owner.ended) == [([3, 5], "dropped", "drop_newest"), ([4], "dropped", "drop_newest")]
    assert query(path, "SELECT accepted, dropped, last FROM books") == [(4, 2, 5)]
    assert seqs(owner.outbox.take(10)) == [1, 2]
    owner.outbox.close()


def test_what_makes_room_is_told(path: Path) -> None:
    """With the name of the policy; where it would be in vain nothing ends."""
    owner = Owner(path, overflow="drop_oldest", max_messages=2)
    accept(owner.outbox, 2)
    assert owner.outbox.make_room([row()])
    assert owner.ended == [([1], "dropped", "drop_oldest")]
    accept(owner.outbox, 1)
    owner.outbox.take(2)
    assert not owner.outbox.make_room([row()])
    assert len(owner.ended) == 1
    owner.outbox.close()


def test_the_ring_counts_against_the_bytes_of_all(path: Path) -> None:
    """Memory is what it takes, whoever keeps it."""
    owner = Owner(path, max_bytes=10 * OVERHEAD)
    owner.outbox.accept([row(0, size=8 * OVERHEAD)])
    assert owner.outbox.lacks([row(size=OVERHEAD)]) == 10 * OVERHEAD
    write(owner.outbox, Settled(owner.outbox.take(0), "sent"))
    assert owner.outbox.lacks([row(size=OVERHEAD)]) is None
    owner.outbox.close()


def test_dropping_does_not_help_a_slow_disk(path: Path, disk: Disk) -> None:
    """What is not committed is bounded whatever the policy: nobody is given up for it."""
    owner = Owner(path, overflow="drop_oldest")
    disk.hold()
    commit = owner.outbox.accept([row(size=UNCOMMITTED_BYTES)])
    assert owner.outbox.lacks([row()]) == UNCOMMITTED_BYTES
    assert not owner.outbox.make_room([row()])
    disk.free.set()
    wait(owner.outbox, commit)
    assert owner.outbox.lacks([row()]) is None
    assert owner.ended == []
    owner.outbox.close()


def test_while_commits_fail_accept_says_so(owner: Owner, disk: Disk) -> None:
    """Whoever publishes gets the reason, instead of waiting for room; no number is used up."""
    disk.before = failing()
    owner.outbox.accept([row(size=UNCOMMITTED_BYTES)])
    owner.outbox.begin()
    until(lambda: owner.outbox.failure)
    assert owner.outbox.lacks([row()]) is None
    with pytest.raises(OutboxError):
        owner.outbox.accept([row()])
    disk.before = None
    until(lambda: owner.outbox.failure is None)
    assert seqs(accept(owner.outbox, 1)) == [2]
