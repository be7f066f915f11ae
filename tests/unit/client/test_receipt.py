"""A receipt: how it ends, what it costs, and waiting for it on threads."""

from __future__ import annotations

import gc
import threading
import tracemalloc
from sys import getrefcount
from weakref import ref

import pytest

from holdfast.client.page import SIZE
from holdfast.client.receipt import Receipt
from holdfast.client.receipts import Receipts
from holdfast.errors import Dropped, Expired, PublishFailed, PublishRefused, Stopped, Timeout
from holdfast.messages import Outgoing
from holdfast.protocol import Failed
from tests.unit.client.test_receipts import opened, rows


async def test_single_endings() -> None:
    """Acknowledged and sent return; expired, dropped and refused raise their own error, again and again."""
    receipts = Receipts()
    well, one = opened(receipts, 1)
    receipts.settle(one, "acknowledged")
    await well.acknowledged()
    await well.accepted()
    assert (well.state, repr(well)) == ("acknowledged", "Receipt(id=1, state='acknowledged')")
    sent, two = opened(receipts, 2)
    receipts.settle([*two, *rows(77)], "sent")
    await sent.acknowledged(0)
    for seq, state, kind in ((3, "expired", Expired), (4, "dropped", Dropped)):
        receipt, ended = opened(receipts, seq)
        receipts.settle(ended, state)  # type: ignore[arg-type]
        for _ in range(2):
            with pytest.raises(kind) as failed:
                await receipt.acknowledged()
            assert failed.value.errors == ((0, failed.value),)
        assert receipt.state == state
    refused, (row,) = opened(receipts, 5)
    receipts.fail(Failed(row, 0x87, "acl"))
    with pytest.raises(PublishRefused, match="acl"):
        await refused.acknowledged()
    assert refused.state == "failed"


async def test_dropped_receipts_leave_nothing() -> None:
    """Weakly held: a receipt that nobody holds is gone at once; that its messages end is no error."""
    receipts = Receipts()
    one, three = rows(1), rows(2, 3)
    for group in (one, three):
        receipt = ref(receipts.open(group[0].seq, group))
        assert receipt() is None
    receipts.settle([*one, *three], "acknowledged")
    receipts.settle(one, "expired")
    assert isinstance(receipts.fail(Failed(three[0], 0x80, "")), PublishRefused)
    receipts.uncertain(one)


async def test_receipts_dropped_among_others() -> None:
    """Those that are held hear of their own messages, on a page or over its border, whatever is gone."""
    receipts = Receipts()
    mine = rows(1, 3 * SIZE)
    held = [receipts.open(row.seq, [row]) for row in mine]
    kept = [*held[5:9], *held[SIZE - 2 : SIZE + 3], held[-1]]
    del held
    receipts.settle(mine[: SIZE - 2], "acknowledged")
    receipts.settle(mine[SIZE::2], "sent")
    assert [str(one.state) for one in kept] == [
        *["acknowledged"] * 4,
        *["pending", "pending", "sent", "pending", "sent"],
        "pending",
    ]
    receipts.settle([*mine[SIZE - 2 : SIZE], *mine[SIZE + 1 :: 2]], "acknowledged")
    assert "pending" not in {one.state for one in kept}


async def test_one_receipt_keeps_little() -> None:
    """Neither rows nor payloads, though neighbours failed; nor what an error came through that was raised."""

    class Local:
        """Something that whoever waited had in hand."""

    async def wait(receipt: Receipt) -> ref[Local]:
        local = Local()
        with pytest.raises(PublishFailed):
            await receipt.acknowledged()
        return ref(local)

    receipts, payload = Receipts(), b"a payload of some length"
    before = getrefcount(payload)
    one, two = (Outgoing(seq, "t", payload) for seq in (1, 2))
    held, other = receipts.open(1, [one]), receipts.open(2, [two])
    receipts.fail(Failed(one, 0x87, ""))
    receipts.settle([two], "expired")
    local = await wait(other)
    del one, two, other
    gc.collect()
    assert getrefcount(payload) == before
    assert local() is None
    assert held.state == "failed"


@pytest.mark.parametrize(("every", "most"), [(1, 200), (SIZE, 800)])
def test_a_live_receipt_weighs_little(every: int, most: int) -> None:
    """Contract 30: 200 bytes, its share of the page included; a whole page where it is the only one there."""
    receipts, held, count = Receipts(), list[Receipt](), 2000
    message = rows(1)
    tracemalloc.start()
    try:
        for seq in range(1, 1 + count * every, every):
            held.append(receipts.open(seq, message))
        weight = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert weight / len(held) <= most


def test_waiting_on_a_thread() -> None:
    """Woken by the ending or by stop(), or out of time; nothing is left behind."""
    receipts, said = Receipts(), list[str]()
    receipt, row = opened(receipts, 1)

    def wait() -> None:
        try:
            receipt._block_acknowledged(5)
            said.append("acknowledged")
        except Stopped:
            said.append("stopped")

    with pytest.raises(Timeout, match="still pending"):
        receipt._block_acknowledged(0.01)
    for end in (receipts.stop, lambda: receipts.settle(row, "acknowledged")):
        receipts.start()
        thread = threading.Thread(target=wait)
        thread.start()
        while not receipts.waited_for:
            thread.join(0.001)
        end()
        thread.join(5)
    assert said == ["stopped", "acknowledged"]
    receipt._block_acknowledged(0)
    assert not receipts.waited_for


def test_accepted_on_a_thread() -> None:
    """At once where there is no commit to wait for; else as long as it may, and then it says so."""
    receipts = Receipts()
    receipt, _ = opened(receipts, 1)
    receipt._block_accepted(0)
    receipts.durable = lambda: 0
    receipt.commit = 1
    with pytest.raises(Stopped, match="never started"):
        receipt._block_accepted(None)
    receipts.block_kept = lambda commit, timeout_s: timeout_s is None
    receipt._block_accepted(None)
    with pytest.raises(Timeout, match="was not committed"):
        receipt._block_accepted(0.5)


def test_many_threads_wait_for_one() -> None:
    """They come and give up all at once while it ends: each of those that stay is woken."""
    receipts, woken = Receipts(), list[int]()
    receipt, row = opened(receipts, 1)

    def wait(number: int) -> None:
        if number % 2:
            with pytest.raises(Timeout):
                receipt._block_acknowledged(0)
        receipt._block_acknowledged(10)
        woken.append(number)

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    while not receipts.waited_for:
        threads[0].join(0.001)
    receipts.settle(row, "acknowledged")
    for thread in threads:
        thread.join(10)
    assert sorted(woken) == list(range(20))
