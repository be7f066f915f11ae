"""Batches are numbered, and written until they are committed."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.errors import Stopped
from holdfast.ingest import SinkError, desk
from holdfast.ingest.desk import Desk
from holdfast.ingest.draft import Draft
from tests.support.durable import Database
from tests.support.piping import Sink
from tests.support.turns import turns


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that failed is tried again at once."""
    monkeypatch.setattr(desk, "FIRST_DELAY_S", 0.0)


def empty() -> Draft:
    return Draft(lambda message: (), None)


async def test_numbers_rise_by_one() -> None:
    """From what the sink remembers; without an outbox file there is no state."""
    here = Desk(Sink(Database()))
    here.number = 7
    assert [here.batch(empty()).number for _ in range(2)] == [8, 9]
    assert here.batch(empty()).state == ""


async def test_one_attempt_says_how_it_went() -> None:
    """Trouble is there until one succeeds."""
    sink = Sink(Database())
    here = Desk(sink)
    attempt = asyncio.create_task(here.attempt(here.batch(empty())))
    await turns()
    sink.fail()
    with pytest.raises(SinkError):
        await attempt
    assert here.trouble is not None


async def test_writing_goes_on_until_it_is_committed() -> None:
    """The same batch again and again."""
    sink = Sink(Database())
    here = Desk(sink)
    writing = asyncio.create_task(here.write(here.batch(empty())))
    for _ in range(3):
        await turns()
        sink.fail()
    await turns()
    sink.commit()
    sink.answer()
    await writing
    assert here.number == 1
    assert here.trouble is None


async def test_at_the_end_nothing_is_waited_for() -> None:
    """However long the pause would have been."""
    here = Desk(Sink(Database()))
    pauses = here.pauses()
    waiting = asyncio.create_task(pauses.next())
    await turns()
    await waiting
    here.stopping.set()
    with pytest.raises(Stopped, match="the broker keeps"):
        await pauses.next()
