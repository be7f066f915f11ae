"""The receipt of a group: what it says of its messages, wherever they stand on their pages."""

from __future__ import annotations

import asyncio
import threading
from itertools import pairwise

import pytest

from holdfast.client.page import SIZE
from holdfast.client.receipts import Receipts
from holdfast.errors import PublishFailed, Stopped, Timeout
from holdfast.protocol import Failed
from tests.unit.client.test_receipts import opened, rows

BORDERS = [
    (1, 2),
    (SIZE - 1, 2),
    (SIZE - 2, 2),
    (0, SIZE),
    (SIZE, SIZE + 1),
    (5, 3 * SIZE),
    (SIZE - 1, 2 * SIZE),
]
"""First number and count: groups that end, begin or do both at the border of a page."""


@pytest.mark.parametrize("end", ["acknowledged", "sent"])
@pytest.mark.parametrize(("first", "count"), BORDERS)
async def test_it_ends_with_its_last_message(first: int, count: int, end: str) -> None:
    """Whatever its neighbours do, and in whichever order its own messages end."""
    receipts = Receipts()
    for order in (1, -1):
        group, mine = opened(receipts, first, count)
        before, after = rows(first - 1), rows(first + count)
        receipts.settle([*before, *after], "expired")
        for row in mine[::order]:
            assert group.state == "pending"
            receipts.settle([row], end)  # type: ignore[arg-type]
        assert group.state == end
        await group.acknowledged(0)
        assert group.id == first
        receipts = Receipts()


@pytest.mark.parametrize(("first", "count"), BORDERS)
async def test_failures_have_their_index(first: int, count: int) -> None:
    """Those at both ends and none of the neighbours', in order."""
    receipts = Receipts()
    group, mine = opened(receipts, first, count)
    receipts.settle(rows(first + count), "dropped")
    receipts.fail(Failed(mine[-1], 0x97, ""))
    receipts.settle([mine[0]], "expired")
    receipts.settle(mine[1:-1], "acknowledged")
    with pytest.raises(PublishFailed) as failed:
        await group.acknowledged()
    assert [index for index, _ in failed.value.errors] == [0, count - 1]
    assert group.state == "failed"


@pytest.mark.parametrize(("first", "count"), BORDERS)
def test_uncertain_is_whose_message_is(first: int, count: int) -> None:
    """The neighbours' doubts are not the group's."""
    receipts = Receipts()
    group, mine = opened(receipts, first, count)
    receipts.uncertain([*rows(first - 1), *rows(first + count)])
    assert not group.maybe_duplicate
    receipts.uncertain(mine[-1:])
    assert group.maybe_duplicate


async def test_groups_beside_singles() -> None:
    """On one page, each hears of its own messages alone."""
    receipts, firsts = Receipts(), [1, 2, 5, 6, 7, 30, 31, SIZE + 9, 2 * SIZE]
    held = [opened(receipts, first, after - first) for first, after in pairwise(firsts)]
    for place in (3, 0, 6, 1, 7, 2, 5, 4):
        receipt, mine = held[place]
        assert receipt.state == "pending"
        receipts.settle(mine, "acknowledged")
        await receipt.acknowledged(0)
    assert {receipt.state for receipt, _ in held} == {"acknowledged"}


async def test_a_group_of_qos_0_and_others() -> None:
    """Only where all of it was sent and nobody acknowledged anything does it say "sent"."""
    receipts = Receipts()
    group, mine = opened(receipts, 1, SIZE + 2)
    receipts.settle(mine[1:], "acknowledged")
    receipts.settle(mine[:1], "sent")
    assert group.state == "acknowledged"


async def test_a_wait_goes_on_until_all_have_ended() -> None:
    """Whichever ends last, the first, the middle, or another page's."""
    receipts = Receipts()
    for last in (0, 1, SIZE, 2 * SIZE - 1):
        group, mine = opened(receipts, 10, 2 * SIZE)
        waiting = asyncio.create_task(group.acknowledged(5))
        await asyncio.sleep(0)
        receipts.settle(mine[last + 1 :], "acknowledged")
        for row in mine[:last]:
            await asyncio.sleep(0)
            receipts.settle([row], "acknowledged")
        with pytest.raises(Timeout):
            await group.acknowledged(0.01)
        assert not waiting.done()
        receipts.settle([mine[last]], "acknowledged")
        await waiting
        assert not receipts.waited_for
        receipts = Receipts()


async def test_stopped_and_started_between_two_of_its_messages() -> None:
    """Who waited through the stop is told of it, also where a message of the group ended just before."""
    receipts = Receipts()
    group, mine = opened(receipts, 1, 3)
    waiting = asyncio.create_task(group.acknowledged())
    await asyncio.sleep(0)
    receipts.settle(mine[2:], "acknowledged")
    receipts.stop()
    receipts.start()
    with pytest.raises(Stopped):
        await waiting
    receipts.settle(mine[:2], "acknowledged")
    await group.acknowledged(0)


def test_a_thread_has_its_time_for_all_of_it() -> None:
    """The messages before the last take of the same time, not the whole of it each."""
    receipts = Receipts()
    group, mine = opened(receipts, 1, 3)
    said: list[object] = []

    def wait() -> None:
        with pytest.raises(Timeout):
            group._block_acknowledged(0.2)
        said.append("late")
        group._block_acknowledged(None)
        said.append(group.state)

    thread = threading.Thread(target=wait)
    thread.start()
    while 3 not in receipts.waited_for:
        thread.join(0.001)
    receipts.settle(mine[2:], "acknowledged")
    while not said:
        thread.join(0.001)
    for row in mine[1::-1]:
        receipts.settle([row], "acknowledged")
    thread.join(5)
    assert said == ["late", "acknowledged"]


async def test_two_threads_end_it_while_others_ask() -> None:
    """Each ends half of it, and many look at it meanwhile: at the end it has ended."""
    receipts = Receipts()
    group, mine = opened(receipts, 3, 20 * SIZE)
    done = threading.Event()

    def end(half: int) -> None:
        for row in mine[half::2]:
            receipts.settle([row], "acknowledged")

    def ask() -> None:
        while not done.is_set():
            assert group.state in ("pending", "acknowledged")

    askers = [threading.Thread(target=ask) for _ in range(4)]
    enders = [threading.Thread(target=end, args=(half,)) for half in (0, 1)]
    for thread in (*askers, *enders):
        thread.start()
    for thread in enders:
        thread.join(20)
    assert group.state == "acknowledged"
    done.set()
    for thread in askers:
        thread.join(5)
    await group.acknowledged(0)


async def test_many_failures_cost_in_proportion() -> None:
    """20,000 messages of one group expire: each is listed, in a moment."""
    receipts = Receipts()
    group, many = opened(receipts, 1, 20_000)
    async with asyncio.timeout(2):
        receipts.settle(many, "expired")
        with pytest.raises(PublishFailed) as failed:
            await group.acknowledged()
    assert len(failed.value.errors) == 20_000


async def test_group_of_one_and_of_none() -> None:
    """A group of one is a single; an empty one has ended already."""
    receipts = Receipts()
    none, _ = opened(receipts, 1, 0)
    await none.acknowledged(0)
    one, (row,) = opened(receipts, 1)
    receipts.fail(Failed(row, 0x80, ""))
    with pytest.raises(PublishFailed) as failed:
        await one.acknowledged()
    assert [index for index, _ in failed.value.errors] == [0]
