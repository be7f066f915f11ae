"""Nobody hears what a command says: what it does goes on, and ends as it should (contract 24)."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from holdfast.testing import Broker
from tests.support.command import LIMIT_S, Running, wait
from tests.support.scaling import stored

FULL = "/dev/full"


@pytest.fixture
def broker() -> Iterator[Broker]:
    """With three messages for everybody who subscribes."""
    with Broker(strict=True) as running:
        for number in range(3):
            running.publish(f"n/{number}", str(number), retain=True)
        yield running
        assert running.violations == []


@contextmanager
def unheard(how: str) -> Iterator[int]:
    """A stream as a command may find it: nobody reads it any more, or it takes nothing."""
    here, there = {"full disk": _full_disk, "no terminal": os.openpty}.get(how, os.pipe)()
    try:
        if how == "full pipe":
            _fill(there)
        else:
            os.close(here)
            here = -1
        yield there
    finally:
        for fd in (here, there):
            if fd >= 0:
                os.close(fd)


def _full_disk() -> tuple[int, int]:
    return os.open(FULL, os.O_RDONLY), os.open(FULL, os.O_WRONLY)


def _fill(pipe: int) -> None:
    os.set_blocking(pipe, False)
    with suppress(BlockingIOError):
        while True:
            os.write(pipe, b"x" * 512)
    os.set_blocking(pipe, True)


def rows(folder: Path) -> list[int]:
    """What is stored, once there is a table."""
    try:
        return stored(folder / "x.db")
    except sqlite3.Error:
        return []


def words(broker: Broker, folder: Path) -> list[str]:
    """An ingest that has two of the messages in the table, and one in its hand."""
    batch = ["--batch", "2", "--batch-wait-s", "30", "--client-id", "w", "--json"]
    return ["ingest", "-u", broker.url, "-t", "n/{n}", "--into", str(folder / "x.db"), *batch]


@pytest.mark.parametrize("how", ["full disk", "full pipe", "no reader", "no terminal"])
def test_where_nobody_hears_it_an_ingest_drains(broker: Broker, tmp_path: Path, how: str) -> None:
    """One signal: what it has is stored, the ledger is written, and the exit code says so."""
    with unheard(how) as err, Running(tmp_path, *words(broker, tmp_path), err_to=err) as running:
        wait(lambda: len(rows(tmp_path)) == 2)
        assert running.stop() == 0
    assert '"stored":3' in running.out
    assert rows(tmp_path) == [0, 1, 2]


def test_a_ledger_that_cannot_be_written_is_one_sentence(broker: Broker, tmp_path: Path) -> None:
    """All is stored; who reads the ledger must not take what is missing for what is done."""
    with unheard("full disk") as out, Running(tmp_path, *words(broker, tmp_path), to=out) as running:
        wait(lambda: len(rows(tmp_path)) == 2)
        assert running.stop() == 1
    assert running.err.splitlines()[-1].startswith("stdout cannot be written: No space left on device.")
    assert "Traceback" not in running.err
    assert rows(tmp_path) == [0, 1, 2]


def test_who_waits_for_a_reader_obeys_the_second_signal(broker: Broker, tmp_path: Path) -> None:
    """The ledger is waited for, as nobody may believe that it was written; but not against an order."""
    with unheard("full pipe") as out, Running(tmp_path, *words(broker, tmp_path), to=out) as running:
        wait(lambda: len(rows(tmp_path)) == 2)
        running.process.send_signal(signal.SIGTERM)
        wait(lambda: len(rows(tmp_path)) == 3)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(LIMIT_S) == 128 + signal.SIGTERM
