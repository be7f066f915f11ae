"""The gateways' process is started, killed and started again; its own end is no riddle."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from holdfast.cli.demo import fleet as module
from holdfast.cli.demo.fleet import LOG, Fleet, command
from holdfast.cli.demo.readings import GATEWAYS
from holdfast.errors import HoldfastError
from holdfast.testing import Broker, eventually


def scripted(tmp_path: Path, script: str) -> Fleet:
    """A process that says what it likes."""
    return Fleet([sys.executable, "-c", script], tmp_path / LOG)


async def forever() -> None:
    await asyncio.Event().wait()


async def test_what_was_accepted_outlives_kill_9(tmp_path: Path) -> None:
    """All that waited is found by the next process, and the books are those of the files."""
    with Broker() as broker:
        fleet = Fleet(command(broker.url, tmp_path, 7, 500), tmp_path / LOG)
        assert await fleet.start() == 0
        await eventually(lambda: all(link.up for link in fleet.news.links))
        broker.freeze()
        fleet.tell("go")
        await eventually(lambda: fleet.news.pending > 50)
        await fleet.kill()
        assert not any(link.up for link in fleet.news.links)
        before = fleet.news
        broker.thaw()
        assert await fleet.start() >= before.pending - GATEWAYS  # each may have one that no commit has met
        fleet.tell("go")
        await eventually(lambda: fleet.news.accepted > before.accepted + 50)
        fleet.tell("quiet")
        await eventually(lambda: not (fleet.news.publishing or fleet.news.pending))
        ledgers = await fleet.end()
        payloads = [message.payload for message in broker.messages()]
    assert len(payloads) == len(set(payloads)) == sum(ledger.acknowledged for ledger in ledgers)
    assert sum(ledger.accepted for ledger in ledgers) == fleet.news.accepted
    assert fleet.failures == {}
    await fleet.kill()  # nothing is left to kill, which is no error


async def test_an_end_by_itself_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    """Whatever is under way then ends with it."""
    fleet = scripted(tmp_path, "print('[\"Opened\",0]', flush=True); input(); raise SystemExit('no more')")
    assert await fleet.start() == 0
    fleet.tell("go")
    with pytest.raises(HoldfastError, match=r"ended by itself \(exit code 1\): no more") as caught:
        await fleet.outlived(forever())
    assert str(tmp_path / LOG) in str(caught.value.hint)


async def test_one_that_does_not_start_says_why(tmp_path: Path) -> None:
    """Its last words are the sentence; half a line is no word."""
    fleet = scripted(tmp_path, "import os; print('[\"Ne', end='', flush=True); os.kill(os.getpid(), 9)")
    with pytest.raises(HoldfastError, match=r"ended by itself \(signal 9\)$"):
        await fleet.start()


async def test_one_that_says_nothing_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither at its start nor at its end; it can still be killed."""
    monkeypatch.setattr(module, "START_WITHIN_S", 0.1)
    monkeypatch.setattr(module, "END_WITHIN_S", 0.1)
    fleet = scripted(tmp_path, "import time; time.sleep(60)")
    with pytest.raises(HoldfastError, match="did not start"):
        await fleet.start()
    with pytest.raises(HoldfastError, match="did not end"):
        await fleet.end()
    process = fleet._process
    assert process is not None
    await fleet.kill()
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


async def test_one_that_ends_without_its_books_is_an_error(tmp_path: Path) -> None:
    """No books are made up for it."""
    fleet = scripted(tmp_path, "print('[\"Opened\",0]', flush=True); input()")
    await fleet.start()
    with pytest.raises(HoldfastError, match="without their books"):
        await fleet.end()


async def test_work_that_is_done_first_gives_its_result(tmp_path: Path) -> None:
    """And its errors, as without a process beside it."""

    async def seven() -> int:
        return 7

    async def fails() -> None:
        raise KeyError("mine")

    fleet = scripted(tmp_path, "")
    assert await fleet.outlived(seven()) == 7
    with pytest.raises(KeyError, match="mine"):
        await fleet.outlived(fails())
