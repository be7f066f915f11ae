"""A worker's process as its parent holds it: with real processes."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from holdfast.cli.workers.child import Child, command


class Heard:
    """What a process said."""

    def __init__(self) -> None:
        self.objects: list[Mapping[str, Any]] = []
        self.lines: list[str] = []
        self.first = asyncio.Event()

    def told(self, record: Mapping[str, Any]) -> None:
        self.objects.append(record)
        self.first.set()


async def start(program: str, heard: Heard) -> Child:
    return await Child.start([sys.executable, "-c", program], heard.told, heard.lines.append)


def test_a_worker_is_the_same_command_with_a_few_words_more() -> None:
    """Its client id and its slot are the last, which count; it speaks JSON."""
    words = command(["ingest", "--client-id", "a"], "a-0", "f/a-0.db", False)
    assert words[-7:] == ["--client-id", "a", "--json", "--client-id", "a-0", "--slot", "f/a-0.db"]
    assert words[:3] == [sys.executable, "-m", "holdfast.cli"]
    assert command([], "a-0", "f", True)[-1] == "--retire"


async def test_what_it_says_is_heard_to_the_end() -> None:
    """Objects from stdout, lines from stderr or of no object; a word that it did not finish is left out."""
    heard = Heard()
    child = await start(
        "import sys; print('{\"n\": 1}'); print('{\"n\": 2}'); print('so', file=sys.stderr);"
        "print('no object');"
        "print('{\"n', end=''); sys.exit(7)",
        heard,
    )
    assert await asyncio.wait_for(child.ended(), 10) == 7
    assert (heard.objects, sorted(heard.lines)) == ([{"n": 1}, {"n": 2}], ["no object", "so"])


async def test_the_end_of_its_stdin_asks_it_to_end() -> None:
    """Also one that has not begun to listen."""
    child = await start("import sys; sys.stdin.read()", Heard())
    child.ask_to_end()
    assert await asyncio.wait_for(child.ended(), 10) == 0


async def test_it_can_be_killed() -> None:
    """The signal is told; killed again it is none the worse."""
    heard = Heard()
    child = await start("print('{}', flush=True); import sys; sys.stdin.read()", heard)
    ending = asyncio.create_task(child.ended())
    await asyncio.wait_for(heard.first.wait(), 10)
    child.kill()
    assert await asyncio.wait_for(ending, 10) == -9
    child.kill()


async def test_it_has_a_session_of_its_own() -> None:
    """Ctrl-C at a terminal is for the parent alone."""
    heard = Heard()
    child = await start("import os; print('{\"session\": %d}' % os.getsid(0))", heard)
    await asyncio.wait_for(child.ended(), 10)
    assert heard.objects == [{"session": child.pid}]
    assert os.getsid(0) != child.pid


async def test_a_program_that_is_not_there() -> None:
    """Is the parent's to tell."""
    with pytest.raises(OSError, match="no-such-program"):
        await Child.start(["/no-such-program"], Heard().told, print)
