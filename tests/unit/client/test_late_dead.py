"""Without a file, what holds up the line may be given up (contract 13)."""

from __future__ import annotations

from holdfast.client.late_dead import LateDead
from tests.unit.client.consuming import Endpoint, consumer, delivery


def test_it_is_a_dead_letter_once_and_acknowledged_once() -> None:
    """Whatever its handler does with it later means nothing; it is not tried again."""
    here = Endpoint()
    late = LateDead(here.dispatcher, here.state.dead_letters, 10)
    handler = consumer("t/#")
    here.dispatcher.add(handler)
    here.send("slow", "quick")
    slow, quick = (item[1] for item in handler.inbox.items)
    late.late(slow)
    late.late(slow)
    assert here.payloads() == ["slow"]
    assert [(letter.topic, letter.reason) for letter in here.dead] == [
        ("t/x", "it held up the others for 10 s")
    ]
    assert (late.given_up(slow), late.given_up(quick)) == (True, False)
    here.finish(handler)
    assert here.payloads() == ["slow", "quick"]
    assert not late.given_up(slow)
    assert here.dispatcher.ack == here.ack


def test_what_nobody_wants_has_its_own_limit() -> None:
    """It waits for somebody who does."""
    here = Endpoint()
    late = LateDead(here.dispatcher, here.state.dead_letters, 10)
    late.late(delivery("nobody/1", "x"))
    assert (here.acks, here.dead) == ([], [])


def test_what_a_reader_has_is_its_own() -> None:
    """However slow it is, and whoever else has it: readers have a limit of their own (contract 15)."""
    here = Endpoint()
    late = LateDead(here.dispatcher, here.state.dead_letters, 10)
    handler, reader = consumer("t/#"), consumer("+/x")
    reader.reads = True
    for one in (handler, reader):
        here.dispatcher.add(one)
    here.send("1")
    late.late(handler.inbox.items[0][1])
    assert (here.acks, here.dead) == ([], [])
