"""What one turn publishes is handed over together, in the order of the calls; only the clock notices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from holdfast import Client, Ledger, Outbox, Receipt
from holdfast.errors import OutboxError, OutboxFull, Stopped

NOBODY = "mqtt://127.0.0.1:1"
ROOM = 8


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    """Its outbox is a file with room for a few messages; there is no broker."""
    outbox = Outbox(tmp_path / "outbox.db", durability="process", max_messages=ROOM)
    async with Client(NOBODY, client_id="gathering", outbox=outbox, drain_s=0) as running:
        yield running


def publishing(client: Client, count: int) -> list[asyncio.Task[Receipt]]:
    """So many calls in one turn, none of them begun yet."""
    return [asyncio.create_task(client.publish("t", b"x", timeout_s=0)) for _ in range(count)]


async def test_calls_of_a_turn_share_a_commit(client: Client) -> None:
    """But for the first, which an idle disk takes at once; numbers rise in the order of the calls."""
    receipts = await asyncio.gather(*publishing(client, ROOM))
    assert [receipt.id for receipt in receipts] == list(range(1, ROOM + 1))
    first, *others = (receipt.commit for receipt in receipts)
    assert len(set(others)) == 1
    assert others[0] - first in (0, 1)
    assert {receipt.state for receipt in receipts} == {"pending"}


async def test_every_way_to_publish_keeps_its_place(client: Client) -> None:
    """Single, group, and without waiting: each goes behind what was called before it."""

    async def at_once() -> Receipt:
        return client.publish_nowait("t", b"x")

    receipts = await asyncio.gather(
        client.publish("t", b"x"),
        client.publish_many([("t", b"x")] * 2),
        client.publish("t", b"x", qos=2),
        at_once(),
    )
    assert [receipt.id for receipt in receipts] == [1, 2, 4, 5]


async def test_cancelled_before_it_was_handed_over(client: Client) -> None:
    """It was never accepted, and the error carries no receipt; the others are (contract 11)."""
    first, second, third = publishing(client, 3)
    asyncio.get_running_loop().call_soon(second.cancel)
    with pytest.raises(asyncio.CancelledError) as cancelled:
        await second
    assert not hasattr(cancelled.value, "receipt")
    assert [(await task).id for task in (first, third)] == [1, 2]
    assert client.snapshot().ledger.accepted == 2


async def test_cancelled_after_it_was_handed_over(client: Client) -> None:
    """It is accepted, and the error carries the receipt."""
    (task,) = publishing(client, 1)
    asyncio.get_running_loop().call_soon(task.cancel)
    with pytest.raises(asyncio.CancelledError) as cancelled:
        await task
    receipt: Receipt = cancelled.value.receipt  # type: ignore[attr-defined]
    await receipt.accepted()
    assert (receipt.id, client.snapshot().ledger.accepted) == (1, 1)


async def test_what_fits_is_taken(client: Client) -> None:
    """Where there is no room for all of a turn, the first are accepted and the others have their own wait."""
    done = await asyncio.gather(*publishing(client, ROOM + 2), return_exceptions=True)
    assert [type(one) for one in done] == [Receipt] * ROOM + [OutboxFull] * 2
    assert client.snapshot().ledger.accepted == ROOM


async def test_a_file_that_takes_nothing_tells_every_caller(client: Client) -> None:
    """All of them, with the reason."""
    client._outbox.close()
    done = await asyncio.gather(*publishing(client, 3), return_exceptions=True)
    assert [type(one) for one in done] == [OutboxError] * 3


async def test_called_before_the_stop_is_accepted(client: Client) -> None:
    """What was published in the turn in which the client stops is kept; what comes later is refused."""
    before, stop, after = publishing(client, 3), asyncio.create_task(client.stop()), publishing(client, 1)
    done = await asyncio.gather(*before, stop, *after, return_exceptions=True)
    assert [type(one) for one in done] == [Receipt] * 3 + [Ledger, Stopped]
    assert client.snapshot().ledger.accepted == 3
