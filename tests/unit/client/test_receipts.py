"""Receipts: how each ending reaches whoever holds the ticket, and that a dropped one costs nothing."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.client.receipts import Receipts
from holdfast.errors import Dropped, Expired, PublishFailed, PublishRefused, Stopped, Timeout
from holdfast.protocol import Failed


async def test_single_endings() -> None:
    """Acknowledged and sent return; expired, dropped and refused raise their own error, again and again."""
    receipts = Receipts()
    well = receipts.open(1)
    receipts.settle([1], "acknowledged")
    await well.acknowledged()
    await well.accepted()
    assert (well.state, repr(well)) == ("acknowledged", "Receipt(id=1, state='acknowledged')")
    sent = receipts.open(2)
    receipts.settle([2, 77], "sent")
    await sent.acknowledged(0)
    for seq, state, kind in ((3, "expired", Expired), (4, "dropped", Dropped)):
        receipt = receipts.open(seq)
        receipts.settle([seq], state)  # type: ignore[arg-type]
        for _ in range(2):
            with pytest.raises(kind) as failed:
                await receipt.acknowledged()
            assert failed.value.errors == ((0, failed.value),)
        assert receipt.state == state
    refused = receipts.open(5)
    receipts.fail(Failed(5, "t", 0x87, "acl"))
    with pytest.raises(PublishRefused, match="acl"):
        await refused.acknowledged()
    assert refused.state == "failed"


async def test_waiting_ends_with_the_message_or_the_time() -> None:
    """Two wait, one runs out of time, the other is told; a wait that is given up leaves nothing."""
    receipts = Receipts()
    receipt = receipts.open(1)
    waiting = asyncio.create_task(receipt.acknowledged())
    for _ in range(3):
        with pytest.raises(Timeout, match="still pending"):
            await receipt.acknowledged(0.001)
    assert receipt._waiters is not None
    assert len(receipt._waiters) == 1
    receipts.settle([1], "acknowledged")
    await waiting


async def test_group_with_mixed_results() -> None:
    """A group ends with its last message and lists every failure by index."""
    receipts = Receipts()
    group = receipts.open(10, 6)
    other = receipts.open(16, 2)
    receipts.settle([10, 11], "acknowledged")
    receipts.fail(Failed(13, "t", 0x97, ""))
    receipts.settle([12, 15], "expired")
    waiting = asyncio.create_task(group.acknowledged())
    await asyncio.sleep(0)
    assert not waiting.done()
    receipts.settle([14], "acknowledged")
    with pytest.raises(PublishFailed) as failed:
        await waiting
    assert [(index, type(error)) for index, error in failed.value.errors] == [
        (2, Expired),
        (3, PublishRefused),
        (5, Expired),
    ]
    assert group.state == "failed"
    states = [str(other.state)]
    receipts.settle([16, 17], "sent")
    await other.acknowledged()
    assert [*states, other.state] == ["pending", "sent"]


async def test_many_failures_cost_in_proportion() -> None:
    """20,000 messages of one group expire: each is listed, in a moment."""
    receipts = Receipts()
    group = receipts.open(1, 20_000)
    async with asyncio.timeout(2):
        receipts.settle(range(1, 20_001), "expired")
        with pytest.raises(PublishFailed) as failed:
            await group.acknowledged()
    assert len(failed.value.errors) == 20_000


async def test_group_of_one_and_of_none() -> None:
    """A group of one is a single; an empty one has ended already."""
    receipts = Receipts()
    none = receipts.open(1, 0)
    await none.acknowledged(0)
    one = receipts.open(1, 1)
    receipts.fail(Failed(1, "t", 0x80, ""))
    with pytest.raises(PublishFailed) as failed:
        await one.acknowledged()
    assert [index for index, _ in failed.value.errors] == [0]


async def test_dropped_receipts_leave_nothing() -> None:
    """Weakly held: the tables are empty when nobody holds a receipt; settling them is no error."""
    receipts = Receipts()
    receipts.open(1)
    receipts.open(2, 3)
    assert receipts._single == {}
    receipts.settle([1, 2, 3, 4], "acknowledged")
    assert receipts._groups == []
    assert isinstance(receipts.fail(Failed(9, "t", 0x80, "")), PublishRefused)
    receipts.uncertain([1])


async def test_stop_tells_who_waits_and_start_lets_wait_again() -> None:
    """Stopped while pending; after a new start the same receipt may be awaited and ends well."""
    receipts = Receipts()
    receipt, group = receipts.open(1), receipts.open(2, 2)
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
    receipts.settle([1], "acknowledged")
    await again


async def test_uncertain_messages_say_so() -> None:
    """QoS 2 sent again to a broker that forgot: maybe_duplicate, on singles and groups (contract 6)."""
    receipts = Receipts()
    single, group, other = receipts.open(1), receipts.open(2, 2), receipts.open(4)
    receipts.uncertain([1, 3])
    assert [single.maybe_duplicate, group.maybe_duplicate, other.maybe_duplicate] == [True, True, False]
