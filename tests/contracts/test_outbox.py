"""One suite for every outbox: what the port promises, whatever stands behind it (contract 5, 7, 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holdfast.messages import Outgoing, QoS
from holdfast.outbox import Ledger, Outbox
from holdfast.protocol import Assigned, Completed, EpochBegan, Failed, GroupEntered, Record, Released, Settled
from tests.contracts.outboxes import ADAPTERS, BUDGET, LARGE, RING, rows, wait


@pytest.fixture(params=ADAPTERS)
def outbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Outbox]:
    """A new outbox of each kind, with a ring of 5 and 4,000 bytes."""
    outbox = ADAPTERS[request.param](tmp_path)
    yield outbox
    assert outbox.close(10)


def seqs(taken: list[Outgoing]) -> list[int]:
    return [row.seq for row in taken]


def accept(outbox: Outbox, count: int, qos: QoS = 1) -> list[int]:
    return seqs(accepted(outbox, count, qos))


def accepted(outbox: Outbox, count: int, qos: QoS = 1) -> list[Outgoing]:
    group = rows(count, qos)
    outbox.accept(group)
    return group


def counts(ledger: Ledger) -> dict[str, int]:
    names = ("accepted", "acknowledged", "sent", "failed", "expired", "dropped", "pending")
    return {name: getattr(ledger, name) for name in names if getattr(ledger, name)}


# -- accepting and taking --------------------------------------------------------------------


def test_a_new_outbox_is_empty(outbox: Outbox) -> None:
    """Nothing in flight, nothing pending, nothing to take."""
    restored = outbox.restore()
    assert (restored.sent, restored.released, restored.received) == ([], [], [])
    assert outbox.pending == 0
    assert outbox.take(1000) == []
    assert counts(outbox.ledger()) == {}


def test_sequence_numbers_rise(outbox: Outbox) -> None:
    """Accepting numbers the rows from ``last`` + 1 on; no number is given twice."""
    first = outbox.last + 1
    assert accept(outbox, 3) == [first, first + 1, first + 2]
    assert accept(outbox, 1, qos=0) == [first + 3]
    assert outbox.last == first + 3


def test_rows_are_taken_in_accept_order(outbox: Outbox) -> None:
    """Contract 8: QoS 1 and 2 leave in the order they were accepted, a group as it was given."""
    order = accept(outbox, 2, qos=2) + accept(outbox, 1, qos=1) + accept(outbox, 3, qos=2)
    assert seqs(outbox.take(1000)) == order


def test_no_more_is_taken_than_there_is_room(outbox: Outbox) -> None:
    """The window of the session bounds QoS 1 and 2; the rest waits its turn, nothing is given twice."""
    order = accept(outbox, 5)
    assert seqs(outbox.take(2)) == order[:2]
    assert outbox.take(0) == []
    assert outbox.take(-1) == []
    assert seqs(outbox.take(2)) == order[2:4]
    assert seqs(outbox.take(2)) == order[4:]


@pytest.mark.parametrize("qos", [0, 1])
@pytest.mark.parametrize("adapter", LARGE)
def test_large_rows_are_taken_a_few_at_a_time(adapter: str, qos: QoS, tmp_path: Path) -> None:
    """Not by the window alone: a thousand large ones would be one write of a gigabyte; none is skipped."""
    outbox = LARGE[adapter](tmp_path)
    group = rows(64, qos, payload=bytes(64 * 1024))
    wait(outbox, outbox.accept(group))
    taken: list[Outgoing] = []
    while some := outbox.take(1000):
        assert len(some) < 32
        taken += some
    assert seqs(taken) == seqs(group)
    outbox.close()


def test_qos_0_needs_no_room(outbox: Outbox) -> None:
    """QoS 0 has no packet id: it is taken whatever the window says, and in its own order."""
    accept(outbox, 1, qos=1)
    order = accept(outbox, 3, qos=0)
    assert seqs(outbox.take(0)) == order


def test_what_is_accepted_becomes_durable(outbox: Outbox) -> None:
    """accept() gives a commit; when ``durable`` has reached it, the rows are kept (promise 1)."""
    told: list[int] = []
    outbox.on_durable = lambda: told.append(outbox.durable)
    commit = outbox.accept(rows(2))
    assert outbox.durable >= commit or not told
    wait(outbox, commit)
    assert told == [] or told[-1] >= commit


def test_what_was_written_becomes_durable(outbox: Outbox) -> None:
    """write() gives a commit too, and one that has happened when there is nothing to write."""
    (row,) = accepted(outbox, 1)
    outbox.take(1)
    wait(outbox, outbox.write([Assigned([(1, row)])]))
    assert outbox.write([]) <= outbox.durable
    wait(outbox, outbox.write([Settled([row], "acknowledged")]))


def test_it_may_be_closed_and_opened_again(outbox: Outbox) -> None:
    """close() commits what was handed over and keeps the books readable; numbers go on."""
    order = accept(outbox, 3)
    assert outbox.close(10)
    assert outbox.ledger().pending == outbox.pending == 3
    outbox.open("gateway-7")
    (more,) = group = rows(1)
    wait(outbox, outbox.accept(group))
    assert more.seq == order[-1] + 1
    assert seqs(outbox.take(1000)) == [*order, more.seq]


# -- the ledger ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("qos", "record", "column"),
    [
        (1, lambda row: Settled([row], "acknowledged"), "acknowledged"),
        (2, lambda row: Settled([row], "expired"), "expired"),
        (0, lambda row: Settled([row], "sent"), "sent"),
        (1, lambda row: Failed(row, 0x97, "quota"), "failed"),
    ],
)
def test_an_ending_is_booked(
    outbox: Outbox, qos: QoS, record: Callable[[Outgoing], Record], column: str
) -> None:
    """Contract 7: every ending moves the message from pending into its own column, once."""
    ended, waiting = accepted(outbox, 2, qos)
    outbox.take(1000)
    outbox.write([record(ended)])
    assert counts(outbox.ledger()) == {"accepted": 2, column: 1, "pending": 1}
    assert outbox.pending == 1
    outbox.write([record(waiting)])
    assert counts(outbox.ledger()) == {"accepted": 2, column: 2}


def test_stages_end_nothing(outbox: Outbox) -> None:
    """In flight is pending: neither an id nor PUBREC is an ending."""
    accept(outbox, 1, qos=2)
    (row,) = outbox.take(1)
    outbox.write([Assigned([(1, row)])])
    outbox.write([Released([1])])
    assert counts(outbox.ledger()) == {"accepted": 1, "pending": 1}


def test_a_change_of_brokers_ends_nothing(outbox: Outbox) -> None:
    """Contract 3: what was in flight is pending wherever it goes, and a tombstone is no message."""
    accept(outbox, 2, qos=2)
    one, two = outbox.take(2)
    outbox.write([Assigned([(1, one), (2, two)]), GroupEntered("b", [], [1, 2]), EpochBegan(1)])
    outbox.write([Assigned([(3, one), (4, two)]), GroupEntered("a", [], [3, 4]), Completed([1, 2])])
    assert counts(outbox.ledger()) == {"accepted": 2, "pending": 2}


def test_groups_of_brokers_have_names(outbox: Outbox) -> None:
    """The first address of each; with nothing known of any session, it is the first one's that is ours."""
    assert outbox.close(10)
    outbox.open("gateway-7", [["a1", "a2"], ["b"]])
    assert outbox.names == ["a1", "b"]
    assert (outbox.restore().group, outbox.restore().epoch) == ("a1", 0)


def test_the_ring_drops_its_oldest(outbox: Outbox) -> None:
    """Without a connection QoS 0 keeps the newest; what falls out is told and counted."""
    dropped: list[int] = []
    outbox.on_ended = lambda rows, *_how: dropped.extend(seqs(rows))
    order = accept(outbox, RING + 2, qos=0)
    assert dropped == order[:2]
    dropped.clear()
    order = order[2:] + accept(outbox, 1, qos=0)
    assert dropped == order[:1]
    assert counts(outbox.ledger()) == {"accepted": RING + 3, "dropped": 3, "pending": RING}
    assert seqs(outbox.take(0)) == order[1:]


def test_nothing_falls_out_while_draining(outbox: Outbox) -> None:
    """With a connection QoS 0 is kept whole: who publishes more waits for room instead."""
    outbox.draining = True
    order = accept(outbox, RING + 2, qos=0)
    assert outbox.lacks(rows(1, qos=0)) == RING
    assert outbox.lacks(rows(1, qos=1)) is None
    assert seqs(outbox.take(0)) == order
    assert outbox.lacks(rows(1, qos=0)) is None


# -- the budget ------------------------------------------------------------------------------


def test_the_budget_is_in_bytes(outbox: Outbox) -> None:
    """Promise 8: what does not fit is refused with the bound; an ending makes room, taking does not."""
    half = rows(1, payload=bytes(BUDGET // 2))
    outbox.accept(half)
    more = rows(1, payload=bytes(BUDGET // 2))
    assert outbox.lacks(more) == BUDGET
    outbox.take(1)
    assert outbox.lacks(more) == BUDGET
    outbox.write([Settled(half, "acknowledged")])
    assert outbox.lacks(more) is None


def test_a_group_larger_than_the_budget_goes_alone(outbox: Outbox) -> None:
    """publish_many of more than the whole budget: accepted when nothing else waits, never stuck for ever."""
    group = rows(3, payload=bytes(BUDGET))
    assert outbox.lacks(group) is None
    outbox.accept(rows(1))
    assert outbox.lacks(group) == BUDGET
