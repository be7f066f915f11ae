"""Which handler has which shelf, also when it ends, and begins anew."""

from __future__ import annotations

import threading

from holdfast.client.dispatcher import Consumer
from holdfast.client.inbox import Item
from holdfast.outbox.intake import Held
from holdfast.testing.waiting import eventually
from tests.unit.client.consuming import delivery, texts
from tests.unit.client.parked import Kept


async def test_the_next_of_its_filters_has_its_rows(here: Kept) -> None:
    """Beside it one with the same filters has rows of its own."""
    one, two = here.handler("t/#"), here.handler("t/#")
    assert [here.shelf(one).owner, here.shelf(two).owner] == ["t/#", "t/# (2)"]
    here.parking.leave(one, one.drain())
    assert here.shelf(here.handler("t/#")).owner == "t/#"
    assert here.shelf(one).ended


async def test_one_that_is_over_leaves_nothing(here: Kept) -> None:
    """Handlers may come and go for years; the same one may have begun anew meanwhile."""
    shelves = here.parking.shelves
    one = here.handler()
    here.end(one)
    assert (list(shelves), shelves._of_handlers) == ([], {})
    first = here.handler()
    again = here.handler()
    made = here.made
    shelves._of_handlers[id(made)] = here.shelf(again)
    shelves.remove(made, first)
    assert shelves.of_handler(made) is here.shelf(again)


async def in_hand(here: Kept) -> tuple[Consumer, Item]:
    """A kept message that its handler still has in hand, when it takes no more."""
    handler = here.handler()
    here.dispatcher.deliver([message := delivery("t/x", "1")])
    handler.inbox.in_hand = item = handler.inbox.pop()
    assert here.parking.park(message)
    await here.acknowledged("1")
    here.dispatcher.remove(handler)
    assert here.parking.leave(handler, handler.drain()) == []
    return handler, item


async def read(here: Kept, handler: Consumer) -> list[str]:
    """What this one has got from the file, when all of it is read."""
    await eventually(lambda: not here.shelf(handler).spilling)
    return texts(handler)


async def test_what_is_still_in_hand_is_not_handled_beside(here: Kept) -> None:
    """Its row is in the file, and the next of its filters leaves it there: the outcome settles it."""
    _, item = await in_hand(here)
    again = here.handler()
    assert await read(here, again) == []
    here.finish_item(item)
    await here.committed()
    assert (here.rows(), texts(again)) == ([], [])


async def test_what_was_not_finished_is_for_the_next(here: Kept) -> None:
    """Which has read further by then: it reads from there again, and gets it once."""
    left, item = await in_hand(here)
    again = here.handler()
    commit = here.intake.hold([Held(0, "t/#", "t/x", b"2")])
    here.parking.returned({"t/#"}, commit)
    await eventually(lambda: texts(again) == ["2"])
    assert here.parking.give_back(left, [item]) == []
    await eventually(lambda: texts(again) == ["2", "1"])


async def test_what_is_about_to_leave_is_not_read(here: Kept, disk: threading.Event) -> None:
    """It was handled; the commit that says so is on its way."""
    _, item = await in_hand(here)
    disk.clear()
    here.finish_item(item)
    again = here.handler()
    await here.turns()
    disk.set()
    assert await read(here, again) == []
    await here.committed()
    assert here.rows() == []


async def test_readers_have_none(here: Kept) -> None:
    """The file keeps nothing for a subscription that somebody reads."""
    handler = here.handler("t/#")
    assert here.parking.shelves.of(handler) is not None
    shelf = here.shelf(handler)
    here.parking.shelves.remove(here.made, handler)
    assert here.parking.shelves.of(handler) is None
    assert not here.parking.park(delivery("t/x", "1"))
    assert shelf.count == 0
