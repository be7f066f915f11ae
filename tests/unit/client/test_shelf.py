"""What the file keeps for one handler: what waits for it is kept too, and keeps its order."""

from __future__ import annotations

import pytest

from holdfast.client import shelf
from holdfast.client.dispatcher import Consumer
from holdfast.client.laned_inbox import LanedInbox
from holdfast.handling import Handler, HandlerOptions
from holdfast.protocol import Delivery
from holdfast.testing.waiting import eventually
from holdfast.topics import Pattern
from tests.unit.client.consuming import delivery
from tests.unit.client.parked import Kept


def send(here: Kept, *texts: str) -> list[Delivery]:
    """A message of each; the first letter is its key."""
    messages = [delivery(f"t/{text[0]}", text) for text in texts]
    here.dispatcher.deliver(messages)
    return messages


def by_key(here: Kept) -> Consumer:
    return here.handler("t/{name}", key="{name}")


async def test_what_waits_for_it_is_kept_too(here: Kept) -> None:
    """Of its key, what waits and what comes; others stand in line as ever."""
    by_key(here)
    first, *_ = send(here, "a1", "b1", "a2")
    assert here.parking.park(first)
    send(here, "a3", "b2")
    await here.acknowledged("a1", "a2", "a3")
    assert [text for _, text in here.rows()] == ["a1", "a2", "a3"]


async def test_what_waits_with_several_handlers_is_kept_for_all(here: Kept) -> None:
    """Contract 13: a key that fails holds the others up once, with two handlers as with one."""
    by_key(here), here.handler("+/a")
    first, *_ = send(here, "a1", "b1", "a2", "a3")
    assert here.parking.park(first)
    send(here, "a4", "b2")
    await here.acknowledged("a1", "a2", "a3", "a4")
    for owner in ("t/+", "+/a"):
        assert [text for whose, text in here.rows() if whose == owner] == ["a1", "a2", "a3", "a4"]


async def test_what_one_has_behind_it_with_another_is_kept_too(here: Kept) -> None:
    """The other's lane waits for what is kept, and so does all that stands in it."""
    by_key(here), here.handler("#")
    first, second, *_ = send(here, "a1", "b1", "a2", "c1")
    assert here.parking.park(first)
    assert here.parking.is_kept(second)
    await eventually(lambda: sorted(here.payloads()) == ["a1", "a2", "b1", "c1"])


async def test_what_several_have_done_with_at_once_is_not_kept(here: Kept) -> None:
    """It has ended when all have it: a row would be handled once more."""
    one, other = by_key(here), here.handler("+/a")
    (first,) = send(here, "a1")
    assert here.parking.park(first)
    send(here, "a2")
    here.finish(one)
    here.finish(other)
    await here.committed()
    assert (sorted(here.payloads()), here.rows()) == (["a1", "a2"], [])


async def test_one_lane_behind_another(here: Kept) -> None:
    """Without a key all wait for the one; without an order nothing waits for it."""
    here.handler("t/#")
    first, *_ = send(here, "a1", "b1")
    here.parking.park(first)
    send(here, "c1")
    await here.acknowledged("a1", "b1", "c1")


async def test_without_an_order_nothing_waits(here: Kept) -> None:
    """It is kept alone."""
    pattern = Pattern("t/#")
    side_by_side = Consumer((pattern,), ("t/#",), LanedInbox(10, ()))
    here.parking.shelve(Handler(print, (pattern,), (), HandlerOptions()), side_by_side)
    here.dispatcher.add(side_by_side)
    first, *_ = send(here, "a1", "a2")
    here.parking.park(first)
    send(here, "a3")
    await here.committed()
    assert here.payloads() == ["a1"]


async def test_qos_0_is_never_kept(here: Kept) -> None:
    """It goes its way."""
    handler = here.handler("t/#")
    (first,) = send(here, "a1")
    here.parking.park(first)
    here.dispatcher.deliver([delivery("t/a", "zero", 0)])
    await here.committed()
    assert (here.payloads(), len(handler.inbox.items)) == (["a1"], 2)


async def test_when_all_has_ended_all_is_as_it_was(here: Kept) -> None:
    """Messages do not come by here any more."""
    handler = here.handler("t/#")
    usual = handler.put
    (first,) = send(here, "a1")
    here.parking.park(first)
    assert handler.put != usual
    here.finish_item(handler.inbox.pop())
    assert handler.put == usual
    await here.committed()
    assert 1 not in here.parking.numbers


async def test_beyond_memory_it_is_in_the_file_alone(here: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """And comes back in its order, once each, as what is in memory ends."""
    monkeypatch.setattr(shelf, "MOST", 3)
    handler = here.handler("t/#")
    (first,) = send(here, "a0")
    here.parking.park(first)
    texts = [f"a{number}" for number in range(1, 20)]
    send(here, *texts)
    await here.acknowledged("a0", *texts)
    assert len(handler.inbox.items) == 3
    handled: list[str] = []

    def all_handled() -> bool:
        while handler.inbox.items:
            item = handler.inbox.pop()
            handled.append(item[0].text())
            here.finish_item(item)
        return len(handled) == 20

    await eventually(all_handled)
    assert handled == ["a0", *texts]
    await here.committed()
    assert here.rows() == []
    await eventually(lambda: not here.shelf(handler).spilling)
    assert handler.put == handler.inbox.put


async def test_without_room_it_waits_in_its_place(here: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unacknowledged; what comes behind it too, until there is room."""
    monkeypatch.setattr(shelf, "MOST", 1)
    monkeypatch.setattr(shelf, "AGAIN_S", 0.01)
    handler = here.handler("t/#")
    (first,) = send(here, "a0")
    here.parking.park(first)
    await here.acknowledged("a0")
    monkeypatch.setattr(here.intake, "room", lambda size: False)
    send(here, "a1", "a2")
    await here.committed()
    assert here.payloads() == ["a0"]
    monkeypatch.undo()
    await here.acknowledged("a0", "a1", "a2")
    assert [text for _, text in here.rows()] == ["a0", "a1", "a2"]
    assert len(here.shelf(handler).end()) == 0


async def test_what_waits_for_room_is_kept_once(here: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the shelf, in its turn, although it holds up the line when there is room again."""
    monkeypatch.setattr(shelf, "AGAIN_S", 0.05)
    handler = here.handler("t/#")
    (first,) = send(here, "a0")
    here.parking.park(first)
    await here.acknowledged("a0")
    here.shelf(handler)._refill.left = 1  # rows in the file alone
    monkeypatch.setattr(here.intake, "room", lambda size: False)
    (second,) = send(here, "a1")
    monkeypatch.undo()
    assert not here.parking.park(second)
    await here.acknowledged("a0", "a1")
    assert here.rows() == [("t/#", "a0"), ("t/#", "a1")]


async def test_what_was_not_kept_is_given_back_at_the_end(
    here: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker has it still."""
    monkeypatch.setattr(shelf, "MOST", 1)
    handler = here.handler("t/#")
    (first,) = send(here, "a0")
    here.parking.park(first)
    monkeypatch.setattr(here.intake, "room", lambda size: False)
    (second,) = send(here, "a1")
    left = here.parking.leave(handler, handler.inbox.drain())
    assert [item[1] for item in left] == [second]


async def test_one_for_others_too_is_kept_apart(here: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one has in the file alone is acknowledged when the others are done, and settles none of theirs."""
    monkeypatch.setattr(shelf, "MOST", 1)
    one = here.handler("t/#")
    (first,) = send(here, "a0")
    here.parking.park(first)
    send(here, "a1")
    other = here.handler("t/+")
    (both,) = send(here, "b1")
    await here.acknowledged("a0", "a1")
    assert len(other.inbox.items) == 1
    assert here.parking.park(both)
    await here.acknowledged("a0", "a1", "b1")
    assert here.rows() == [("t/#", "a0"), ("t/#", "a1"), ("t/#", "b1"), ("t/+", "b1")]
    here.finish(other)
    await here.committed()
    assert here.rows() == [("t/#", "a0"), ("t/#", "a1"), ("t/#", "b1")]
    here.shelf(one).end()
