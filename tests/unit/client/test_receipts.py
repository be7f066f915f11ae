"""Receipts: how each ending reaches whoever holds the ticket, and that a dropped one costs nothing."""

from __future__ import annotations

import asyncio
import threading

import pytest

from holdfast.client.mailbox import Mailbox
from holdfast.client.receipt import Receipt
from holdfast.client.receipts import Receipts
from holdfast.errors import Expired, OutboxError, PublishFailed, PublishRefused, Stopped, Timeout
from holdfast.messages import Outgoing
from holdfast.protocol import Failed


def rows(first: int, count: int = 1) -> list[Outgoing]:
    """Rows with these sequence numbers."""
    return [Outgoing(seq, "t", b"x") for seq in range(first, first + count)]


def opened(receipts: Receipts, first: int, count: int = 1) -> tuple[Receipt, list[Outgoing]]:
    """A receipt and the rows it is for."""
    group = rows(first, count)
    return receipts.open(first, group), group


async def test_waiting_ends_with_the_message_or_the_time() -> None:
    """Two wait, one runs out of time, the other is told; a wait that is given up leaves nothing."""
    receipts = Receipts()
    receipt, row = opened(receipts, 1)
    waiting = asyncio.create_task(receipt.acknowledged())
    for _ in range(3):
        with pytest.raises(Timeout, match="still pending"):
            await receipt.acknowledged(0.001)
    assert [len(waiters) for waiters in receipts.waited_for.values()] == [1]
    receipts.settle(row, "acknowledged")
    await waiting
    assert not receipts.waited_for


async def test_group_with_mixed_results() -> None:
    """A group ends with its last message and lists every failure by index."""
    receipts = Receipts()
    group, six = opened(receipts, 10, 6)
    other, two = opened(receipts, 16, 2)
    receipts.settle(six[:2], "acknowledged")
    receipts.fail(Failed(six[3], 0x97, ""))
    receipts.settle([six[2], six[5]], "expired")
    waiting = asyncio.create_task(group.acknowledged())
    await asyncio.sleep(0)
    assert not waiting.done()
    receipts.settle([six[4]], "acknowledged")
    with pytest.raises(PublishFailed) as failed:
        await waiting
    assert [(index, type(error)) for index, error in failed.value.errors] == [
        (2, Expired),
        (3, PublishRefused),
        (5, Expired),
    ]
    assert group.state == "failed"
    states = [str(other.state)]
    receipts.settle(two, "sent")
    await other.acknowledged()
    assert [*states, other.state] == ["pending", "sent"]


async def test_the_receipts_of_a_book_that_was_closed() -> None:
    """A later book has the same pages: it tells them how their messages end, where those had been kept."""
    former = Receipts(lambda: 1)
    (kept, row), (lost, _), (other, second) = (opened(former, seq) for seq in (1, 2, 3))
    kept.commit, lost.commit, other.commit = 1, 2, 1
    former.stop()
    former.give_up(OutboxError("the disk is gone", path="x.db"))
    receipts = Receipts(lambda: 2, former.pages)
    receipts.start()
    new, third = opened(receipts, 4)
    with pytest.raises(Stopped):
        await kept.acknowledged()
    receipts.settle([*row, *third], "acknowledged")
    receipts.fail(Failed(second[0], 0x87, ""))
    await kept.acknowledged()
    await new.acknowledged()
    with pytest.raises(PublishRefused):
        await other.acknowledged()
    with pytest.raises(OutboxError):
        await lost.accepted()
    assert lost.state == "submitted"


async def test_rows_of_an_earlier_process_have_no_receipt() -> None:
    """What was accepted before a restart ends like everything else; nobody here is told."""
    receipts = Receipts()
    receipts.settle(rows(1, 2), "acknowledged")
    receipts.settle(rows(1), "expired")
    receipts.uncertain(rows(1))
    assert isinstance(receipts.fail(Failed(rows(9)[0], 0x80, "")), PublishRefused)


async def test_stop_tells_who_waits_and_start_lets_wait_again() -> None:
    """Stopped while pending; after a new start the same receipt may be awaited and ends well."""
    receipts = Receipts()
    (receipt, row), (group, _) = opened(receipts, 1), opened(receipts, 2, 2)
    waits = [asyncio.create_task(one.acknowledged()) for one in (receipt, group)]
    await asyncio.sleep(0)
    receipts.stop()
    for wait in waits:
        with pytest.raises(Stopped):
            await wait
    with pytest.raises(Stopped):
        await receipt.acknowledged()
    receipts.start()
    again = asyncio.create_task(receipt.acknowledged())
    await asyncio.sleep(0)
    receipts.settle(row, "acknowledged")
    await again


async def test_started_again_before_the_stop_was_heard() -> None:
    """Who waited through a stop is told of the stop, not of a time limit, also when the client runs again."""
    receipts = Receipts()
    receipt, _ = opened(receipts, 1)
    waits = [asyncio.create_task(receipt.acknowledged(timeout_s)) for timeout_s in (None, 60)]
    await asyncio.sleep(0)
    receipts.stop()
    receipts.start()
    for wait in waits:
        with pytest.raises(Stopped):
            await wait


async def test_uncertain_messages_say_so() -> None:
    """QoS 2 sent again to a broker that forgot: maybe_duplicate, on singles and groups (contract 6)."""
    receipts = Receipts()
    (single, one), (group, two), (other, _) = (opened(receipts, first, first) for first in (1, 2, 4))
    receipts.uncertain([*one, two[1]])
    assert [single.maybe_duplicate, group.maybe_duplicate, other.maybe_duplicate] == [True, True, False]


async def test_waits_on_the_clients_loop_are_ended_in_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settled on another thread: who waits here is told by the mailbox, once for many."""
    loop = asyncio.get_running_loop()
    receipts, here = Receipts(), Mailbox(loop)
    receipts.start(here)
    both = [opened(receipts, number) for number in (1, 2, 3)]
    waits = [asyncio.create_task(receipt.acknowledged(5)) for receipt, _ in both]
    await asyncio.sleep(0)
    woken: list[object] = []
    wake = here._wake

    def counted(_: Mailbox) -> None:
        woken.append(None)
        wake()

    monkeypatch.setattr(Mailbox, "_wake", counted)

    async def elsewhere() -> None:
        for _, row in both:
            receipts.settle(row, "acknowledged")

    thread = threading.Thread(target=lambda: asyncio.run(elsewhere()))
    thread.start()
    thread.join(5)  # this loop stands still meanwhile
    await asyncio.gather(*waits)
    assert len(woken) == 1


async def test_commits_that_never_come() -> None:
    """The outbox ended without them: told to whoever waits, and none is taken for one of the next run."""
    durable = 1
    receipts = Receipts(lambda: durable)
    kept, lost = (opened(receipts, seq)[0] for seq in (1, 2))
    kept.commit, lost.commit = 1, 2
    receipts.give_up(OutboxError("the disk is gone", path="x.db"))
    durable = 2
    await kept.accepted()
    with pytest.raises(OutboxError, match="the disk is gone"):
        await lost.accepted()
    assert (kept.state, lost.state) == ("pending", "submitted")
