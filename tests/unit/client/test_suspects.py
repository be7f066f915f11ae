"""Messages that may end the process that handles them: begun and never ended."""

from __future__ import annotations

import threading

import pytest

from holdfast.client import suspects
from holdfast.client.dispatcher import Consumer
from holdfast.client.inbox import Item
from holdfast.client.suspects import Gate, _digest
from holdfast.protocol import Delivery
from holdfast.testing.waiting import eventually
from tests.contracts.outboxes import wait
from tests.unit.client.consuming import delivery, texts
from tests.unit.client.parked import Kept

OWNER = "t/#"


def again(text: str) -> Delivery:
    """The broker sends this again."""
    return delivery("t/x", text, dup=True)


def died(here: Kept, text: str, times: int, owner: str = OWNER) -> None:
    """Processes before this one died while this was handled."""
    for _ in range(times):
        wait(here.outbox, here.intake.begun(owner, _digest(again(text))))


def guarded(here: Kept, filter: str = OWNER) -> tuple[Consumer, list[str]]:
    """A handler, and what was buried of it."""
    dead: list[str] = []

    def bury(item: Item, reason: str) -> None:
        dead.append(f"{item[0].text()}: {reason}")
        here.finish_item(item)

    return here.handler(filter, bury=bury), dead


def attempts(here: Kept) -> dict[bytes, int]:
    return here.intake.attempts(OWNER)


async def test_what_comes_again_is_written_down_first(here: Kept) -> None:
    """Begun before it runs, and ended after; in its order."""
    handler, _ = guarded(here)
    here.dispatcher.deliver([again("a"), again("b"), delivery("t/x", "new")])
    assert texts(handler) == []
    await eventually(lambda: texts(handler) == ["a", "b", "new"])
    assert attempts(here) == {_digest(again(text)): 1 for text in "ab"}
    here.finish(handler)
    await here.committed()
    assert (attempts(here), here.payloads()) == ({}, ["a", "b", "new"])


def gate_of(here: Kept) -> Gate:
    """The gate of the handler that was made last."""
    gate = here.parking.shelves.of_handler(here.made).gate
    assert gate is not None
    return gate


async def test_with_the_first_new_one_nobody_is_suspect_any_more(here: Kept) -> None:
    """The usual way is as it was: not a call more."""
    handler, _ = guarded(here)
    await eventually(lambda: gate_of(here)._known is not None)
    assert handler.put != handler.inbox.put
    here.dispatcher.deliver([delivery("t/x", "zero", 0)])
    assert handler.put != handler.inbox.put
    here.dispatcher.deliver([delivery("t/x", "new")])
    assert texts(handler) == ["zero", "new"]
    assert handler.put == handler.inbox.put


async def test_a_suspect_runs_alone(here: Kept) -> None:
    """When all before it have ended; what is behind it waits until it has."""
    died(here, "b", 1)
    handler, _ = guarded(here)
    here.dispatcher.deliver([again("a"), again("b"), again("c"), delivery("t/x", "new")])
    await eventually(lambda: texts(handler) == ["a"])
    here.finish_item(handler.inbox.pop())
    await eventually(lambda: texts(handler) == ["b"])
    assert attempts(here)[_digest(again("b"))] == 2
    here.finish_item(handler.inbox.pop())
    await eventually(lambda: texts(handler) == ["c", "new"])
    here.finish(handler)
    await here.committed()
    assert attempts(here) == {}


async def test_a_suspect_that_has_yet_to_begin_is_given_back(here: Kept, disk: threading.Event) -> None:
    """Where its handler ends before that is durable: it is the next one's, and no attempt of it counts."""
    died(here, "a", 1)
    handler, _ = guarded(here)
    gate = gate_of(here)
    await eventually(lambda: gate._known is not None)
    disk.clear()
    here.dispatcher.deliver([message := again("a")])
    assert [item[1] for item in here.parking.leave(handler, handler.drain())] == [message]
    disk.set()
    await here.committed()
    assert (texts(handler), attempts(here)) == ([], {})


async def test_suspects_of_other_handlers_wait(here: Kept) -> None:
    """Only one of all may be the one that ends the process."""
    died(here, "a", 1)
    died(here, "a", 1, "t/+")
    first, _ = guarded(here)
    second, _ = guarded(here, "t/+")
    here.dispatcher.deliver([again("a")])
    await eventually(lambda: texts(first) + texts(second) == ["a"])
    one, other = (first, second) if texts(first) else (second, first)
    here.finish_item(one.inbox.pop())
    await eventually(lambda: texts(other) == ["a"])
    here.finish_item(other.inbox.pop())
    await here.acknowledged("a")


async def test_one_that_was_begun_too_often_is_a_dead_letter(here: Kept) -> None:
    """It does not run; those behind it do."""
    died(here, "bad", 5)
    died(here, "good", 4)
    handler, dead = guarded(here)
    here.dispatcher.deliver([again("bad"), again("good"), again("c")])
    await eventually(lambda: texts(handler) == ["good"])
    assert dead == ["bad: the process died 5 times while it was handled"]
    here.finish_item(handler.inbox.pop())
    await eventually(lambda: texts(handler) == ["c"])
    here.finish(handler)
    await here.committed()
    assert attempts(here) == {}


async def test_an_attempt_that_fails_has_ended(here: Kept) -> None:
    """The process lives, and the others need not wait for the next attempt."""
    died(here, "a", 1)
    handler, _ = guarded(here)
    message = again("a")
    here.dispatcher.deliver([message, again("b")])
    await eventually(lambda: texts(handler) == ["a"])
    here.parking.again(here.made, message, 60, "RuntimeError()")
    await eventually(lambda: texts(handler) == ["a", "b"])


async def test_few_are_begun_at_once(here: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has not run is not suspect when the process dies."""
    monkeypatch.setattr(suspects, "AHEAD", 2)
    handler, _ = guarded(here)
    here.dispatcher.deliver([again(text) for text in "abcd"])
    await eventually(lambda: texts(handler) == ["a", "b"])
    await here.committed()
    assert len(attempts(here)) == 2
    here.finish_item(handler.inbox.pop())
    await eventually(lambda: texts(handler) == ["b", "c"])


async def test_what_is_new_is_not_counted(here: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much of it waits for what is known to be read, or for what came again before it."""
    monkeypatch.setattr(suspects, "AHEAD", 2)
    handler, _ = guarded(here)
    here.dispatcher.deliver([again("a"), *[delivery("t/x", text) for text in "bcdefg"]])
    await eventually(lambda: texts(handler) == list("abcdefg"))
    assert len(attempts(here)) == 1


async def test_an_orderly_end_suspects_nobody(here: Kept) -> None:
    """Neither what runs nor what waits has ended the process."""
    handler, _ = guarded(here)
    here.dispatcher.deliver([again("a"), again("b")])
    await eventually(lambda: texts(handler) == ["a", "b"])
    here.parking.close()
    await eventually(lambda: attempts(here) == {})


async def test_a_handler_that_goes_gives_back_what_waits(here: Kept) -> None:
    """In its order, and without a mark."""
    died(here, "b", 1)
    handler, _ = guarded(here)
    here.dispatcher.deliver([again("a"), again("b"), again("c")])
    await eventually(lambda: texts(handler) == ["a"])
    left = here.parking.leave(handler, handler.drain())
    assert [item[0].text() for item in left] == ["a", "b", "c"]
    await here.committed()
    assert attempts(here) == {_digest(again("b")): 1}
