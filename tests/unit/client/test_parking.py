"""Messages that hold up the line are kept in the file, and acknowledged; their outcome settles the row."""

from __future__ import annotations

import threading

import pytest

from holdfast.client import holding, shelf
from holdfast.errors import OutboxError
from holdfast.outbox.intake import Held
from holdfast.testing.waiting import eventually
from tests.unit.client.consuming import consumer, delivery
from tests.unit.client.parked import Kept
from tests.unit.outbox.files import query


async def test_it_is_acknowledged_when_the_file_has_it(here: Kept) -> None:
    """Not before; once, whatever its handler does; its end deletes the row, and all is as it was."""
    handler = here.handler(key="$.k")
    message = delivery("t/x", '{"k": 1}')
    here.dispatcher.deliver([message, delivery("t/y", '{"k": 2}')])
    usual = here.dispatcher.ack
    assert here.parking.park(message)
    assert here.parking.park(message)
    assert here.acks == []
    await here.acknowledged('{"k": 1}')
    assert here.rows() == [("t/#", '{"k": 1}')]
    here.finish(handler)
    assert here.payloads() == ['{"k": 1}', '{"k": 2}']
    await here.committed()
    assert (here.rows(), here.dispatcher.ack) == ([], usual)


async def test_one_that_ends_before_it_is_durable(here: Kept) -> None:
    """Is acknowledged then, and not again when it is."""
    handler = here.handler()
    message = delivery("t/x", "1")
    here.dispatcher.deliver([message])
    here.parking.park(message)
    here.finish(handler)
    assert here.payloads() == ["1"]
    await here.committed()
    assert (here.payloads(), here.rows()) == (["1"], [])


async def test_what_a_reader_or_nobody_has_is_not_parked(here: Kept) -> None:
    """They have a limit of their own (contract 15)."""
    here.dispatcher.add(consumer("read/#"))
    for topic in ("read/x", "nobody"):
        message = delivery(topic, "1")
        here.dispatcher.deliver([message])
        assert not here.parking.park(message)
    here.handler("read/+")
    shared = delivery("read/x", "2")
    here.dispatcher.deliver([shared])
    assert not here.parking.park(shared)
    here.dispatcher.close()


async def test_one_for_two_handlers_has_a_row_for_each(here: Kept) -> None:
    """Handlers with the same filters are told apart; settled when both are done."""
    first, second = here.handler(), here.handler()
    message = delivery("t/x", "1")
    here.dispatcher.deliver([message])
    here.parking.park(message)
    await here.acknowledged("1")
    assert here.rows() == [("t/#", "1"), ("t/# (2)", "1")]
    here.finish(first)
    await here.committed()
    assert len(here.rows()) == 2
    here.finish(second)
    await here.committed()
    assert (here.rows(), here.payloads()) == ([], ["1"])


async def test_a_retry_is_written_down(here: Kept) -> None:
    """For people, and for the next process; of what is not kept nothing is."""
    shelf = here.shelf(here.handler())
    message, other = delivery("t/x", "1"), delivery("t/y", "2")
    here.dispatcher.deliver([message, other])
    here.parking.keep(message, [shelf.place(message, 0)])
    here.parking.again(here.made, message, 30, "OSError()")
    here.parking.again(here.made, other, 30, "OSError()")
    await here.committed()
    (found,) = here.intake.read("t/#", 0, 10)
    assert (found.tries, found.reason) == (1, "OSError()")
    assert found.next_at == pytest.approx(here.clock.now() + 30)


async def test_a_dead_letter_is_durable_before_its_message_is_acknowledged(here: Kept) -> None:
    """Kept before or not: it leaves the rows in the same commit."""
    handler = here.handler(key="$.k")
    message, other = delivery("t/x", '{"k": 1}'), delivery("t/y", '{"k": 2}')
    here.dispatcher.deliver([message, other])
    here.parking.park(message)
    await here.acknowledged('{"k": 1}')
    kept: list[str] = []
    for item in handler.inbox.drain():
        topic = item[0].topic
        here.parking.bury(here.made, item, "no", lambda topic=topic: kept.append(topic))  # type: ignore[misc]
    assert kept == []
    await here.committed()
    assert kept == ["t/x", "t/y"]
    assert here.rows() == []
    found = query(here.path, "SELECT topic, owner, seq, tries, code, reason FROM dead")
    assert found == [("t/x", "t/#", 1, 1, 0x83, "no"), ("t/y", "t/#", 0, 1, 0x83, "no")]


async def test_a_dead_letter_waits_for_a_file_that_can_be_written(
    here: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its message stays unacknowledged meanwhile."""
    monkeypatch.setattr(holding, "AGAIN_S", 0.01)
    handler = here.handler()
    here.dispatcher.deliver([delivery("t/x", "1")])
    tries, kept = list[int](), list[int]()
    real = here.intake.bury

    def bury(messages: list[Held], code: int, reason: str) -> int:
        tries.append(1)
        if len(tries) < 3:
            raise OutboxError("full", path="")
        return real(messages, code, reason)

    monkeypatch.setattr(here.intake, "bury", bury)
    here.parking.bury(here.made, handler.inbox.pop(), "no", lambda: kept.append(1))
    await eventually(lambda: kept)
    assert (len(tries), kept) == (3, [1])


async def test_a_handler_that_goes_leaves_its_rows(here: Kept) -> None:
    """What is kept stays for the next with its filters; what is not is given back."""
    handler = here.handler(key="$.k")
    message, other = delivery("t/x", '{"k": 1}'), delivery("t/y", '{"k": 2}')
    here.dispatcher.deliver([message, other])
    here.parking.park(message)
    await here.committed()
    left = here.parking.leave(handler, handler.inbox.drain())
    assert [item[1] for item in left] == [other]
    await here.committed()
    assert (here.rows(), here.payloads()) == ([("t/#", '{"k": 1}')], ['{"k": 1}'])
    here.dispatcher.remove(handler)
    again = here.handler()
    await eventually(lambda: len(again.inbox.items) == 1)


async def test_a_handler_that_goes_acknowledges_nothing_that_is_not_durable(
    here: Kept, disk: threading.Event
) -> None:
    """Contract 14: nobody has handled it, and a kill before the commit would find it nowhere."""
    handler = here.handler()
    here.dispatcher.deliver([message := delivery("t/x", "1"), delivery("t/x", "2")])
    disk.clear()
    assert here.parking.park(message)
    here.end(handler)
    await here.turns()
    assert here.payloads() == []
    disk.set()
    await here.acknowledged("1", "2")
    assert here.rows() == [("t/#", "1"), ("t/#", "2")]


async def test_one_that_goes_is_not_done_for_the_others(here: Kept, disk: threading.Event) -> None:
    """Where the other has ended well, the message is acknowledged when the row of the first is durable."""
    first, second = here.handler(), here.handler()
    here.dispatcher.deliver([message := delivery("t/x", "1")])
    disk.clear()
    here.parking.park(message)
    here.end(first)
    here.finish(second)
    await here.turns()
    assert here.payloads() == []
    disk.set()
    await here.acknowledged("1")
    await here.committed()
    assert here.rows() == [("t/#", "1")]


async def test_what_all_have_in_the_file_alone_is_acknowledged_when_it_is_durable(
    here: Kept, disk: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it is found to hold up the line before: there is nothing more to keep."""
    monkeypatch.setattr(shelf, "MOST", 1)
    for filter, topic in (("t/#", "t/a"), ("+/x", "a/x")):
        here.handler(filter)
        here.dispatcher.deliver([first := delivery(topic, "1")])
        here.parking.park(first)
        here.dispatcher.deliver([delivery(topic, "2")])
    await here.acknowledged("1", "2", "1", "2")
    disk.clear()
    here.dispatcher.deliver([both := delivery("t/x", "3")])
    assert here.parking.park(both)
    await here.turns()
    assert len(here.acks) == 4
    disk.set()
    await eventually(lambda: here.acks[4:] == [both])
    assert [owner for owner, text in here.rows() if text == "3"] == ["t/#", "+/x"]


async def test_the_end_of_the_run_is_the_end_of_waiting(here: Kept) -> None:
    """Commits that happen later acknowledge nothing: the engine is gone."""
    here.handler()
    message = delivery("t/x", "1")
    here.dispatcher.deliver([message])
    here.parking.park(message)
    here.parking.close()
    await here.committed()
    assert here.acks == []
