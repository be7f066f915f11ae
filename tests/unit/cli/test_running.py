"""Coroutines become exit codes; signals become wishes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import pytest

from holdfast.cli.failures import Code
from holdfast.cli.render import Screen
from holdfast.cli.running import end_of_stdin, interruptible, run, stop_wish
from holdfast.errors import ConfigurationError


def test_the_code_of_the_work_is_the_exit_code() -> None:
    """What the coroutine returns is what the process ends with."""

    async def work() -> int:
        return Code.FAILED

    assert run(work(), Screen()) == 1


def test_an_error_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """Sentence and hint on stderr, the code of its kind, no traceback."""

    async def work() -> int:
        raise ConfigurationError("port 0 cannot be dialled", hint="ports go from 1 to 65535")

    assert run(work(), Screen()) == Code.USAGE
    assert capsys.readouterr().err == "port 0 cannot be dialled. Ports go from 1 to 65535.\n"


def test_a_defect_of_ours_is_not_hidden() -> None:
    """An exception that is not one of ours goes through."""

    async def work() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(work(), Screen())


async def test_the_first_signal_is_a_wish() -> None:
    """SIGTERM and SIGINT set the event; the process goes on."""
    for number in (signal.SIGTERM, signal.SIGINT):
        async with stop_wish() as wish:
            os.kill(os.getpid(), number)
            await asyncio.wait_for(wish.wait(), 5)


async def test_the_second_signal_is_an_order() -> None:
    """Whoever asks twice does not want to wait (contract 24)."""
    ordered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    async with stop_wish(ordered.set_result) as wish:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(wish.wait(), 5)
        assert not ordered.done()
        os.kill(os.getpid(), signal.SIGINT)
        assert await asyncio.wait_for(ordered, 5) == signal.SIGINT


async def test_interruptible_work_is_cancelled() -> None:
    """What it had begun is cleared away before the code is given."""
    cleared = asyncio.Event()

    async def work() -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            await asyncio.Event().wait()
        finally:
            cleared.set()
        return Code.DONE

    assert await asyncio.wait_for(interruptible(work()), 5) == 130
    assert cleared.is_set()


async def test_interruptible_work_that_ends_has_its_own_code() -> None:
    """And its own error."""

    async def works() -> int:
        return Code.FAILED

    async def fails() -> int:
        raise ConfigurationError("no")

    assert await interruptible(works()) == Code.FAILED
    with pytest.raises(ConfigurationError):
        await interruptible(fails())


async def test_the_end_of_stdin_is_a_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who held the other end of the pipe is gone; what it said before does not matter."""
    here, there = os.pipe()
    wish = asyncio.Event()
    with os.fdopen(here) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        waiting = asyncio.create_task(end_of_stdin(wish))
        os.write(there, b"not yet\n")
        await asyncio.sleep(0)
        assert not wish.is_set()
        os.close(there)
        await asyncio.wait_for(waiting, 5)
    assert wish.is_set()
