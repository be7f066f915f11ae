"""A run from the first connection to the verdict."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from holdfast.cli.demo.brokers import built_in, free_port
from holdfast.cli.demo.plan import Fault
from holdfast.cli.demo.report import Recovery
from holdfast.cli.demo.run import Run
from holdfast.errors import HoldfastError
from holdfast.testing import eventually


def run_in(folder: Path, database: str = "vitals.db") -> Run:
    return Run(built_in(folder, free_port()), folder / database, folder, 7)


async def test_a_run_ends_with_its_books(tmp_path: Path) -> None:
    """A cut and two kills, on a broker that forgets nothing: everything published is a row."""
    told: list[Recovery] = []
    faults = [Fault("cut", 0.2, 0), Fault("gateways", 0.6, 0.3), Fault("kill -9", 1.6, 0.1)]
    async with run_in(tmp_path).started() as run:
        await eventually(lambda: run.seconds > 0)
        await run.send(2.5, faults, told.append)
        published, stored, waiting = run.counts
        assert published >= stored
        assert waiting >= 0
        outcome = await run.drain()
    assert [one.fault for one in told] == faults
    assert all(one.back_s is not None for one in told)
    assert [bool(one.waited) for one in told] == [False, True, False]
    assert told[1].peak >= (told[1].waited or 0)
    assert outcome.good, outcome
    assert outcome.verdict.stored == outcome.published.accepted


async def test_a_database_that_cannot_be_opened_ends_the_run(tmp_path: Path) -> None:
    """Its error comes out, and the broker does not stay behind."""
    run = run_in(tmp_path, "no/vitals.db")
    with pytest.raises(Exception, match="there is no folder"):
        async with run.started():
            pytest.fail("it must not start")
    assert run._broker._process is None


async def test_gateways_that_die_by_themselves_end_the_run(tmp_path: Path) -> None:
    """With a sentence, at once; nothing stays behind."""
    run = run_in(tmp_path)
    async with run.started():
        os.kill(int((tmp_path / "gateway-1.db.lock").read_text().split()[0]), signal.SIGKILL)
        with pytest.raises(HoldfastError, match=r"the gateways' process ended by itself \(signal 9\)"):
            await run.send(60, [], lambda recovery: None)
    assert run._broker._process is None
