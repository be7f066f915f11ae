"""A link is seen to come up, to be lost and to be heard."""

from __future__ import annotations

import asyncio
from asyncio import get_running_loop

from holdfast import Client
from holdfast.cli.demo.links import Link, Observer
from holdfast.testing import Broker, eventually


async def test_a_link_is_followed_through_a_loss() -> None:
    """Up, lost with its cause, up again: each with its moment, and told at once."""
    told: list[Link] = []
    with Broker() as broker:
        client = Client(broker.url, client_id="one", reconnect="lan")
        observer = Observer(client, lambda: told.append(observer.link))
        assert observer.link == Link("one")
        following = asyncio.create_task(observer.follow())
        async with client:
            await eventually(lambda: len(told) == 1)
            cut_at = get_running_loop().time()
            broker.cut()
            await eventually(lambda: len(told) == 3)
            last = observer.link
        await following
    up, lost, again = told
    assert (up.up, up.lost_at) == (True, None)
    assert (lost.cause, again.up) == ("reset", True)
    assert None not in (up.up_at, lost.lost_at, again.up_at, last.heard_at)
    assert (up.up_at or 0) <= cut_at <= (lost.lost_at or 0) <= (again.up_at or 0)
    assert (last.heard_at or 0) >= cut_at


async def test_a_message_that_fails_is_told_with_its_reason() -> None:
    """By its number in the outbox; the link is as it was."""
    failed: list[tuple[int, str]] = []
    with Broker() as broker:
        broker.refuse("PUBLISH", 0x99, times=1)
        client = Client(broker.url, client_id="one")
        observer = Observer(client, failed=lambda number, why: failed.append((number, why)))
        following = asyncio.create_task(observer.follow())
        async with client:
            await client.publish("t", "x")
            await client.publish("t", "y")
            await client.flush(5)
        await following
    assert [number for number, _ in failed] == [1]
    assert "Payload format invalid" in failed[0][1]
