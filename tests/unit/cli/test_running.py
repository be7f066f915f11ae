"""Coroutines become exit codes; signals become wishes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from holdfast.cli.failures import Code
from holdfast.cli.render import Screen
from holdfast.cli.running import end_of_stdin, interruptible, run, stop_wish
from holdfast.errors import ConfigurationError
from holdfast.testing import eventually


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


async def test_who_wished_otherwise_has_not_signalled() -> None:
    """A worker whose stdin has ended gets one signal, with its whole group: it goes on draining."""
    ordered: list[int] = []
    async with stop_wish(ordered.append) as wish:
        wish.set()
        os.kill(os.getpid(), signal.SIGTERM)
        await heard()
        assert ordered == []
        os.kill(os.getpid(), signal.SIGTERM)
        await eventually(lambda: ordered == [signal.SIGTERM])


async def heard() -> None:
    """A signal that was sent before has come: this one comes behind it."""
    late = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, late.set)
    try:
        os.kill(os.getpid(), signal.SIGUSR1)
        await asyncio.wait_for(late.wait(), 5)
    finally:
        loop.remove_signal_handler(signal.SIGUSR1)


async def test_behind_the_work_signals_are_counted_on() -> None:
    """The first is nothing new, as all ends anyway; who sends another one does not want to wait."""
    ordered: list[int] = []
    async with stop_wish(ordered.append):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    assert ordered == []
    os.kill(os.getpid(), signal.SIGTERM)
    assert ordered == [signal.SIGTERM]


LATE = """
import os, sys
from holdfast.cli.render import Screen
from holdfast.cli.running import run, stop_wish

class Last:
    def __del__(self, kill=os.kill, pid=os.getpid()):
        kill(pid, 15)

async def work():
    async with stop_wish():
        return 3

last = Last()  # goes with the module, behind everything else
sys.exit(run(work(), Screen()))
"""


def test_a_signal_to_a_process_that_is_ending_does_not_kill_it() -> None:
    """Not even while Python takes itself apart: the exit code is that of the work."""
    assert subprocess.run([sys.executable, "-c", LATE], timeout=30, check=False).returncode == 3


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
