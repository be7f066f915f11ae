"""Which handler has which shelf, also when it ends, and begins anew."""

from __future__ import annotations

from tests.unit.client.consuming import delivery
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


async def test_readers_have_none(here: Kept) -> None:
    """The file keeps nothing for a subscription that somebody reads."""
    handler = here.handler("t/#")
    assert here.parking.shelves.of(handler) is not None
    shelf = here.shelf(handler)
    here.parking.shelves.remove(here.made, handler)
    assert here.parking.shelves.of(handler) is None
    assert not here.parking.park(delivery("t/x", "1"))
    assert shelf.count == 0
