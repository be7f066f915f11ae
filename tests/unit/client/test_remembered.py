"""A handler's memory in the outbox file: durable before the acknowledgement, read before a message."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Sequence
from typing import Any, cast

import pytest

from holdfast import Message
from holdfast.client.commits import Commits
from holdfast.client.mailbox import Mailbox
from holdfast.client.remembered import Memory, Remembered, memory_of, owner_of
from holdfast.errors import OutboxError
from holdfast.handling import Router
from holdfast.outbox.intake import Intake
from holdfast.testing import eventually


class Slow:
    """A file whose commits happen when the test says so."""

    def __init__(self, seen: set[bytes] | None) -> None:
        self.written: list[tuple[str, list[bytes]]] = []
        self.durable = 0
        self._seen = seen

    def seen(self, owner: str) -> set[bytes]:
        if self._seen is None:
            raise OutboxError("it cannot be read", path="o.db")
        return self._seen

    def saw(self, owner: str, digests: Sequence[bytes]) -> int:
        self.written.append((owner, list(digests)))
        return len(self.written)


class Rig:
    def __init__(self, seen: set[bytes] | None = None) -> None:
        self.file = Slow(seen)
        self.commits = Commits(lambda: self.file.durable)
        here = Mailbox(asyncio.get_running_loop())
        self.memory = Remembered(cast(Intake, self.file), "me", self.commits, here)
        self.told: list[Any] = []

    def saw(self, *digests: bytes) -> None:
        for digest in digests:
            self.memory.saw(digest, lambda digest=digest: self.told.append(digest))  # type: ignore[misc]

    def commit(self) -> None:
        self.file.durable += 1
        self.commits.happened()


async def test_what_was_handled_just_now_is_known_to_the_next() -> None:
    """Another handler of its name and filters reads behind the commit of what this one has handled."""
    rig = Rig({b"a"})
    rig.saw(b"b")
    rig.memory.load(rig.told.append)
    await asyncio.sleep(0)
    assert rig.file.written == [("me", [b"b"])]
    assert rig.told == []
    rig.commit()
    await eventually(lambda: rig.told == [b"b", {b"a": None}])


async def test_one_memory_for_a_name_and_its_filters() -> None:
    """In one run; another handler has another."""
    rig, run = Rig(), dict[str | int, Memory]()
    router = Router()

    async def handle(message: Message) -> None:
        """Nothing."""

    router.on("a")(handle)
    router.on("b")(handle)
    here = Mailbox(asyncio.get_running_loop())
    first, second, other = [
        memory_of(handler, run, cast(Intake, rig.file), rig.commits, here)
        for handler in (router.handlers[0], router.handlers[0], router.handlers[1])
    ]
    assert first is second
    assert first is not other


async def test_without_a_file_a_memory_is_of_the_handler_itself() -> None:
    """In one run; two of one name do not share it, and it is gone with its handler."""
    rig, run = Rig(), dict[str | int, Memory]()
    router = Router()

    async def handle(message: Message) -> None:
        """Nothing."""

    router.on("a")(handle)
    router.on("a")(handle)
    here = Mailbox(asyncio.get_running_loop())
    first, again, other = [
        memory_of(router.handlers[place], run, None, rig.commits, here) for place in (0, 0, 1)
    ]
    assert first is again
    assert first is not other
    router.handlers.clear()
    gc.collect()
    assert run == {}


async def test_nothing_is_told_before_it_is_durable() -> None:
    """What ends in one turn of the loop is one write; each is told behind its own commit."""
    rig = Rig()
    rig.saw(b"a", b"b")
    await eventually(lambda: rig.file.written == [("me", [b"a", b"b"])])
    rig.saw(b"c")
    await eventually(lambda: len(rig.file.written) == 2)
    assert rig.told == []
    rig.commit()
    await eventually(lambda: rig.told == [b"a", b"b"])
    rig.commit()
    await eventually(lambda: rig.told == [b"a", b"b", b"c"])


async def test_what_cannot_be_kept_is_not_told() -> None:
    """The commit fails for good: nothing is acknowledged, and no error is left lying about."""
    rig = Rig()
    rig.saw(b"a")
    await eventually(lambda: rig.file.written)
    rig.commits.fail(OutboxError("the disk is gone", path="o.db"))
    await asyncio.sleep(0)
    assert rig.told == []


async def test_what_was_handled_is_read_on_a_thread() -> None:
    """And told on the loop."""
    rig = Rig({b"a"})
    rig.memory.load(rig.told.append)
    assert rig.told == []
    await eventually(lambda: rig.told == [{b"a": None}])


async def test_a_file_that_cannot_be_read_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """The handler goes on without: better a repeat than nothing."""
    rig = Rig(None)
    rig.memory.load(lambda seen: rig.told.append(seen))
    await eventually(lambda: rig.told == [{}])
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_a_memory_is_of_a_function_and_its_filters() -> None:
    """Two handlers of one filter do not share one; the same handler has it in the next process."""
    router = Router()

    @router.on("a/{x}", "b", share="g")
    async def first(message: Message) -> None:
        """Not called."""

    @router.on("a/{x}", "b", share="g")
    async def second(message: Message) -> None:
        """Not called."""

    one, two = map(owner_of, router.handlers)
    assert one != two
    assert one.endswith("first $share/g/a/+ $share/g/b")
