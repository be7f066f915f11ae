"""Batches are numbered, and written until they are committed."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.errors import Stopped
from holdfast.ingest import SinkError, Written, desk, stopping
from holdfast.ingest.desk import Attempt, Desk
from holdfast.ingest.draft import Draft
from tests.support.durable import Database
from tests.support.piping import Silent, Sink
from tests.support.turns import turns

WITHIN_S = 5.0


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
    here.stopping.begin()
    with pytest.raises(Stopped, match="the broker keeps"):
        await pauses.next()


async def test_an_attempt_goes_on_when_it_is_not_waited_for() -> None:
    """A sink that is late may have committed all the same; what it says then is the outcome."""
    sink = Sink(Database())
    here = Desk(sink)
    attempt = Attempt(here, here.batch(empty()))
    assert await attempt.outcome(0.001) is None
    sink.commit()
    sink.answer()
    assert await attempt.again(WITHIN_S) == Written(0, 0, 0)
    assert here.number == 1


async def test_an_attempt_that_failed_is_made_again() -> None:
    """The same batch, once or until it is committed."""
    sink = Sink(Database())
    here = Desk(sink)
    attempt = Attempt(here, here.batch(empty()))
    for outcome in (attempt.outcome(), attempt.again(WITHIN_S)):
        waiting = asyncio.create_task(outcome)
        await turns()
        sink.fail()
        with pytest.raises(SinkError):
            await waiting
    writing = asyncio.create_task(attempt.until_committed())
    await turns()
    sink.commit()
    sink.answer()
    assert await writing == Written(0, 0, 0)


async def test_what_has_been_written_is_not_written_again() -> None:
    """Its answer came while nobody waited for it: another attempt would make each row twice."""
    sink = Sink(Database())
    here = Desk(sink)
    attempt = Attempt(here, here.batch(empty()))
    await turns()
    sink.commit()
    sink.answer()
    await turns()
    assert await attempt.again(WITHIN_S) == Written(0, 0, 0)
    assert sink.asked == 1


async def test_an_attempt_is_waited_for_so_long() -> None:
    """And stays under way; what has failed then is no answer."""
    sink = Sink(Database())
    here = Desk(sink)
    attempt = Attempt(here, here.batch(empty()))
    assert await attempt.again(0.0) is None
    last = asyncio.create_task(attempt.last())
    await turns()
    sink.fail()
    assert await last is None
    assert sink.asked == 1


async def test_an_attempt_that_fails_in_a_stop_is_not_made_again() -> None:
    """It would take its time, too."""
    sink = Sink(Database())
    here = Desk(sink)
    attempt = Attempt(here, here.batch(empty()))
    writing = asyncio.create_task(attempt.until_committed())
    await turns()
    here.stopping.begin()
    sink.fail()
    with pytest.raises(Stopped, match="the broker keeps"):
        await writing
    assert sink.asked == 1


async def test_who_ends_takes_the_attempt_along() -> None:
    """Nothing is left of it on the loop."""
    here = Desk(Sink(Database()))
    attempt = Attempt(here, here.batch(empty()))
    waiting = asyncio.create_task(attempt.outcome())
    await turns()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await turns()
    with pytest.raises(asyncio.CancelledError):
        await attempt.outcome()


async def test_a_sink_that_does_not_answer_is_not_waited_for_after_a_stop() -> None:
    """The attempt fails, in a sentence; and another one is not begun, which would be in doubt too."""
    sink = Sink(Database())
    here = Desk(sink, lambda: 0.01)
    writing = asyncio.create_task(here.write(here.batch(empty())))
    await turns()
    here.stopping.begin()
    with pytest.raises(Stopped, match="the broker keeps"):
        await writing
    assert "nowhere did not answer before the stop had to end" in str(here.trouble)
    asked, trouble = sink.asked, here.trouble
    with pytest.raises(SinkError) as raised:
        await here.attempt(here.batch(empty()))
    assert raised.value is trouble
    assert sink.asked == asked == 1


async def test_opening_ends_with_a_stop_too() -> None:
    """As an error of the sink, where it has not answered."""
    here = Desk(Silent(), lambda: 0.01)
    opening = asyncio.create_task(here.open("session"))
    await turns()
    here.stopping.begin()
    with pytest.raises(SinkError, match="did not answer"):
        await opening


async def test_a_sink_that_does_not_let_go_is_left(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of a run is that of a stop, even if nobody asked for one; the log says so."""
    monkeypatch.setattr(stopping, "CLOSED_WITHIN_S", 0.01)
    await Desk(Silent(), lambda: 0.0).close()
    assert "nowhere does not answer" in caplog.text


async def test_a_sink_is_let_go() -> None:
    """Where it answers, nothing is said."""
    here = Desk(Sink(Database()), lambda: 0.0)
    assert (await here.open("session")).number == 0
    await here.close()
    assert here.stopping.begun
