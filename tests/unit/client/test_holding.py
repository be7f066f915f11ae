"""Rows that are handed over to the outbox file, and what follows when it has them."""

from __future__ import annotations

import asyncio
import threading

import pytest

from holdfast.errors import OutboxError
from holdfast.outbox.intake import Held
from tests.unit.client.consuming import delivery
from tests.unit.client.parked import Kept


def parked(here: Kept) -> None:
    """A message is on its way into the file."""
    here.handler()
    here.dispatcher.deliver([message := delivery("t/x", "1")])
    assert here.parking.park(message)


async def test_at_the_end_it_is_acknowledged(here: Kept, disk: threading.Event) -> None:
    """What is on its way into the file is waited for; the broker would else have it as well."""
    disk.clear()
    parked(here)
    ending = asyncio.create_task(here.parking.end(10))
    await here.turns()
    assert (here.payloads(), ending.done()) == ([], False)
    disk.set()
    await ending
    assert here.payloads() == ["1"]


async def test_the_end_waits_no_longer_than_it_may(here: Kept, disk: threading.Event) -> None:
    """A disk that hangs does not hold up the stop."""
    disk.clear()
    parked(here)
    await here.parking.end(0.01)
    assert here.payloads() == []


async def test_the_end_does_not_wait_for_what_may_lag(here: Kept) -> None:
    """Nobody is told of a row that is deleted; and where nothing was kept there is nothing to wait for."""
    await asyncio.wait_for(here.parking.end(10), 5)
    here.intake.let_go([7])
    await asyncio.wait_for(here.parking.end(10), 5)


async def test_once_it_ends_nothing_more_is_kept(here: Kept) -> None:
    """It stays with the broker: nobody would wait until it can be acknowledged."""
    await here.parking.end(0)
    here.handler()
    here.dispatcher.deliver([message := delivery("t/x", "1")])
    assert not here.parking.park(message)
    await here.committed()
    assert (here.payloads(), here.rows()) == ([], [])


async def test_what_cannot_be_kept_has_no_commit(here: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file has no room, or cannot be written."""
    row = Held(0, "t/#", "t/x", b"1")
    assert here.parking.hold([row]) is not None

    def full(rows: list[Held]) -> int:
        raise OutboxError("full", path="")

    monkeypatch.setattr(here.intake, "hold", full)
    assert here.parking.hold([row]) is None
    monkeypatch.setattr(here.intake, "room", lambda size: False)
    assert here.parking.hold([row]) is None
