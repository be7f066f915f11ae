"""A fault is seen to begin, to be noticed and to be over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from holdfast.cli.demo.links import Link
from holdfast.cli.demo.watch import Watch


class Seen:
    """Two links, whose state a test sets, and the watch over them."""

    def __init__(self, drops: Callable[[Link], bool]) -> None:
        self.now = asyncio.get_running_loop().time
        self.links = [Link(name, True, 0.0, None, None, 0.0) for name in ("one", "two")]
        self.waiting = 7
        self.watch = Watch(lambda: self.links, lambda: self.waiting, drops)

    def lost(self, index: int, cause: str) -> None:
        self.links[index] = self.links[index]._replace(up=False, lost_at=self.now(), cause=cause)

    def back(self, index: int) -> None:
        now = self.now()
        self.links[index] = self.links[index]._replace(up=True, up_at=now, heard_at=now)

    def heard(self, index: int) -> None:
        self.links[index] = self.links[index]._replace(heard_at=self.now())

    async def looks(self) -> None:
        """Fails when it is not over at once."""
        await asyncio.wait_for(self.watch.look(), 0.1)


async def test_links_that_drop_are_over_when_all_are_back() -> None:
    """Noticed with the first loss and its cause, back counted from when it was possible."""
    seen = Seen(lambda link: True)
    seen.lost(1, "reset")
    seen.lost(0, "closed")
    seen.watch.possible()
    seen.back(0)
    with pytest.raises(TimeoutError):
        await seen.looks()
    seen.waiting = 3
    seen.back(1)
    await seen.looks()
    assert (seen.watch.cause, seen.watch.peak) == ("reset", 7)
    assert 0 <= (seen.watch.noticed_s or 0) < (seen.watch.back_s or 0)


async def test_a_loss_between_two_looks_is_noticed() -> None:
    """A link that is back already has been lost all the same."""
    seen = Seen(lambda link: True)
    seen.watch.possible()
    for index in (0, 1):
        seen.lost(index, "reset")
        seen.back(index)
    await seen.looks()
    assert seen.watch.cause == "reset"


async def test_a_link_that_never_dropped_is_not_back() -> None:
    """Where links must drop, a state from before the fault counts for nothing."""
    seen = Seen(lambda link: link.name == "two")
    seen.watch.possible()
    seen.heard(0)
    seen.heard(1)
    with pytest.raises(TimeoutError):
        await seen.looks()
    seen.back(1)
    await seen.looks()


async def test_a_short_freeze_is_over_when_the_broker_is_heard() -> None:
    """Nobody noticed; the first bytes after it end it."""
    seen = Seen(lambda link: False)
    seen.watch.possible()
    with pytest.raises(TimeoutError):
        await seen.looks()
    seen.heard(0)
    seen.heard(1)
    await seen.looks()
    assert seen.watch.noticed_s is None
