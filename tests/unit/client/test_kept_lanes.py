"""Messages are kept in the order in which they are handled: of each lane the first, none left out."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.protocol import Delivery
from tests.unit.client.consuming import delivery
from tests.unit.client.parked import Kept

BIG = "x" * 300


def came(here: Kept, *payloads: str, topic: str = "t/x") -> list[Delivery]:
    """These come, one after the other, in one portion."""
    deliveries = [delivery(topic, payload) for payload in payloads]
    here.dispatcher.deliver(deliveries)
    return deliveries


def numbers(here: Kept, owner: str = "t/#") -> list[str]:
    """What is kept of one handler, in the order of keeping."""
    return [payload for whose, payload in here.rows() if whose == owner]


async def test_what_stands_before_it_is_kept_before_it(here: Kept) -> None:
    """Also what is in hand: the next process begins with what is kept."""
    consumer = here.handler()
    one, two, three = came(here, "1", "2", "3")
    consumer.inbox.in_hand = consumer.inbox.pop()
    assert here.parking.park(two)
    await here.acknowledged("1", "2", "3")
    assert numbers(here) == ["1", "2", "3"]
    assert all(map(here.parking.is_kept, (one, two, three)))


async def test_where_one_cannot_be_kept_none_behind_it_is(
    here: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too large for the room that is left: smaller ones behind it would be handled before it."""
    here.handler()
    one, _, three = came(here, "1", BIG, "3")
    monkeypatch.setattr(here.intake, "room", lambda size: size < len(BIG))
    assert here.parking.park(one)
    came(here, "4")
    await here.turns()
    assert not here.parking.park(three)
    await here.committed()
    assert numbers(here) == ["1"]


async def test_what_was_kept_on_the_way_to_one_that_is_not(
    here: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something of its lane is kept then, but not all: what comes waits for that."""
    here.handler()
    _, _, three = came(here, "1", BIG, "3")
    monkeypatch.setattr(here.intake, "room", lambda size: size < len(BIG))
    assert not here.parking.park(three)
    came(here, "4")
    await here.committed()
    assert numbers(here) == ["1"]


async def test_a_gap_is_closed_when_more_comes(here: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is well again: what could not be kept is, in its order, and what comes behind it."""
    here.handler()
    with monkeypatch.context() as full:
        full.setattr(here.intake, "room", lambda size: size < len(BIG))
        assert here.parking.park(came(here, "1", BIG)[0])
    came(here, "3")
    await here.acknowledged("1", BIG, "3")
    assert numbers(here) == ["1", BIG, "3"]


async def test_a_shared_message_keeps_its_place(here: Kept) -> None:
    """It is kept when all its handlers have it; what came behind it in the same portion waits for that."""
    here.handler()
    here.handler("t/s")
    assert here.parking.park(came(here, "1")[0])
    here.dispatcher.deliver([delivery("t/s", "shared"), delivery("t/x", "3")])
    await here.acknowledged("1", "shared", "3")
    assert numbers(here) == ["1", "shared", "3"]


async def test_the_order_of_each_handler_counts(here: Kept) -> None:
    """What another handler has before a shared message is kept before it, too."""
    here.handler()
    here.handler("t/s")
    alone = came(here, "1")
    shared = came(here, "2", topic="t/s")
    assert here.parking.park(shared[0])
    await here.acknowledged("1", "2")
    assert (numbers(here), numbers(here, "t/s")) == (["1", "2"], ["2"])
    assert here.parking.is_kept(alone[0])


async def test_what_is_handled_is_not_before_anything(here: Kept) -> None:
    """One handler was quicker: what it had last does not stand before what the other has yet to handle."""
    consumer = here.handler("t/s")
    here.handler()
    first, _ = came(here, "1", "2", topic="t/s")
    for _ in range(2):
        consumer.inbox.in_hand = item = consumer.inbox.pop()
        here.finish_item(item)
    assert here.parking.park(first)
    await here.committed()
    assert numbers(here) == ["1", "2"]


async def test_what_goes_into_the_file_alone_waits_for_its_lane(
    here: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the file has more than memory, messages go there alone: not past one that is in memory alone."""
    monkeypatch.setattr("holdfast.client.shelf.MOST", 1)
    here.handler("k/{key}", key="{key}")
    came(here, "1", topic="k/b")
    assert here.parking.park(came(here, "2", topic="k/a")[0])
    came(here, "3", topic="k/a")
    came(here, "4", topic="k/b")
    await here.acknowledged("2", "3", "1", "4")
    assert [payload for _, payload in here.rows()] == ["2", "3", "1", "4"]


async def test_with_nothing_kept_nothing_waits(here: Kept) -> None:
    """The last kept message of a key has ended: what comes with it is not kept, gap or none."""
    consumer = here.handler()
    shelf = here.shelf(consumer)
    assert here.parking.park(came(here, "1")[0])
    here.finish_item(consumer.inbox.pop())
    assert "" not in shelf.lanes
    assert shelf.lanes.count == 0
    (two,) = came(here, "2")
    await asyncio.sleep(0)
    assert not here.parking.is_kept(two)
