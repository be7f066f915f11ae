"""Reading back what the outbox file alone has of one handler's messages."""

from __future__ import annotations

import threading

import pytest

from holdfast.client import refill
from holdfast.errors import OutboxError
from holdfast.outbox.intake import UNCLAIMED, Held
from holdfast.testing.waiting import eventually
from tests.contracts.outboxes import wait
from tests.unit.client.consuming import delivery, texts
from tests.unit.client.parked import Kept


def hold(here: Kept, owner: str, *texts: str) -> None:
    held = [Held(0, owner, f"t/{text}", text.encode(), 1, arrived=5.0) for text in texts]
    wait(here.outbox, here.intake.hold(held))


async def test_what_an_earlier_process_left_comes_first(here: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its order, page by page, with its captures; it is acknowledged already."""
    monkeypatch.setattr(refill, "PAGE", 2)
    hold(here, "t/+", "a", "b", "c", "d", "e")
    hold(here, "other/+", "x")
    handler = here.handler("t/{name}")
    here.dispatcher.deliver([delivery("t/f", "f")])
    await eventually(lambda: texts(handler) == ["a", "b", "c", "d", "e", "f"])
    first = handler.inbox.items[0][0]
    assert (first.captures, first.arrived, first.qos) == ({"name": "a"}, 5.0, 1)
    await here.acknowledged("f")
    here.finish(handler)
    await here.committed()
    assert (here.rows(), here.payloads()) == ([("other/+", "x")], ["f"])


async def test_what_nobody_wanted_is_claimed(here: Kept) -> None:
    """Where a filter is met, by whoever comes first; the rest waits on."""
    hold(here, UNCLAIMED, "a", "b")
    wait(here.outbox, here.intake.hold([Held(0, UNCLAIMED, "u/c", b"c")]))
    handler = here.handler("t/+")
    await eventually(lambda: texts(handler) == ["a", "b"])
    assert [owner for owner, _ in here.rows()] == ["t/+", "t/+", ""]


async def test_two_that_want_it_do_not_both_get_it(here: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 15: the second has seen it unclaimed as well, and comes too late."""
    hold(here, UNCLAIMED, "a", "b")
    real, both = here.intake.read, threading.Barrier(2)

    def read(owner: str, after: int, most: int) -> list[Held]:
        found = real(owner, after, most)
        if found and owner == UNCLAIMED:
            both.wait(10)
        return found

    monkeypatch.setattr(here.intake, "read", read)
    first, second = here.handler("t/+"), here.handler("t/#")
    await eventually(lambda: not (here.shelf(first).spilling or here.shelf(second).spilling))
    assert sorted([*texts(first), *texts(second)]) == ["a", "b"]
    assert here.intake.count() == 2


async def test_what_is_claimed_late_is_claimed(here: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be read for a moment does not leave it with nobody."""
    monkeypatch.setattr(refill, "AGAIN_S", 0.01)
    hold(here, UNCLAIMED, "a")
    real, tries = here.intake.read, list[str]()

    def read(owner: str, after: int, most: int) -> list[Held]:
        tries.append(owner)
        if len(tries) == 1:
            raise OutboxError("the disk is away", path="")
        return real(owner, after, most)

    monkeypatch.setattr(here.intake, "read", read)
    handler = here.handler("t/+")
    await eventually(lambda: texts(handler) == ["a"])


@pytest.mark.parametrize("owner", ["t/+", UNCLAIMED])
async def test_what_is_on_its_way_into_the_file_is_waited_for(
    here: Kept, owner: str, disk: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts already, and will be acknowledged: read too early it would stay in the file."""
    real, reads = here.intake.read, list[int]()

    def read(owner: str, after: int, most: int) -> list[Held]:
        found = real(owner, after, most)
        reads.append(len(found))
        return found

    monkeypatch.setattr(here.intake, "read", read)
    disk.clear()
    here.intake.hold([Held(0, owner, "t/a", b"a")])
    handler = here.handler("t/+")
    await eventually(lambda: reads == [0])
    disk.set()
    await eventually(lambda: texts(handler) == ["a"])
    await eventually(lambda: not here.shelf(handler).spilling)


async def test_one_that_has_ended_reads_no_more(here: Kept, disk: threading.Event) -> None:
    """What it had on its way into the file is for the next of its name."""
    handler = here.handler("t/+")
    shelf = here.shelf(handler)
    shelf._refill.left = 1  # rows in the file alone
    shelf._divert()
    disk.clear()
    here.dispatcher.deliver([delivery("t/a", "a")])
    here.end(handler)
    disk.set()
    await here.acknowledged("a")
    assert not shelf._refill._task
    again = here.handler("t/+")
    await eventually(lambda: texts(again) == ["a"])
    assert texts(handler) == []


async def test_returned_dead_letters_are_read(here: Kept) -> None:
    """When their commit has happened; those of others are not."""
    handler, other = here.handler("t/+"), here.handler("u/+")
    commit = here.intake.hold([Held(0, "t/+", "t/a", b"a")])
    here.parking.returned({"t/+"}, commit)
    await eventually(lambda: texts(handler) == ["a"])
    assert texts(other) == []


async def test_a_file_that_cannot_be_read_is_read_later(here: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said, and nothing overtakes what it holds."""
    monkeypatch.setattr(refill, "AGAIN_S", 0.01)
    hold(here, "t/+", "a")
    real, tries = here.intake.read, list[int]()

    def read(owner: str, after: int, most: int) -> list[Held]:
        tries.append(1)
        if len(tries) < 3:
            raise OutboxError("the disk is away", path="")
        return real(owner, after, most)

    monkeypatch.setattr(here.intake, "read", read)
    handler = here.handler("t/+")
    await eventually(lambda: texts(handler) == ["a"])
    assert len(tries) >= 3


async def test_a_row_that_is_about_to_leave_is_not_read_again(
    here: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its message has ended; what was read before the commit that says so does not count."""
    real, go_on, read_it = here.intake.read, threading.Event(), threading.Event()

    def read(owner: str, after: int, most: int) -> list[Held]:
        found = real(owner, after, most)
        read_it.set()
        assert go_on.wait(10)
        return found

    monkeypatch.setattr(here.intake, "read", read)
    handler = here.handler("t/+")
    message = delivery("t/a", "a")
    here.dispatcher.deliver([message])
    here.parking.park(message)
    await here.acknowledged("a")
    shelf = here.shelf(handler)
    shelf._refill.left = 1
    shelf._refill.go_on()
    await eventually(read_it.is_set)
    here.finish_item(handler.inbox.pop())
    await here.committed()
    go_on.set()
    await eventually(lambda: not shelf.spilling)
    assert texts(handler) == []
    assert 1 not in here.parking.numbers
