"""A run from the first connection to the verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.cli.demo.brokers import built_in, free_port
from holdfast.cli.demo.plan import Fault
from holdfast.cli.demo.report import Recovery
from holdfast.cli.demo.run import Run
from holdfast.testing import eventually


async def test_a_run_ends_with_its_books(tmp_path: Path) -> None:
    """One cut and one kill on a broker that forgets nothing: everything published is a row."""
    told: list[Recovery] = []
    broker = built_in(tmp_path, free_port())
    async with Run(broker, tmp_path / "vitals.db", 7).started() as run:
        await eventually(lambda: run.seconds > 0)
        await run.send(1.5, [Fault("cut", 0.2, 0), Fault("kill -9", 0.6, 0.1)], told.append)
        published, stored, waiting = run.counts
        assert published >= stored
        assert waiting >= 0
        outcome = await run.drain()
    assert [one.fault.kind for one in told] == ["cut", "kill -9"]
    assert all(one.back_s is not None for one in told)
    assert outcome.good, outcome
    assert outcome.verdict.stored == outcome.published.accepted


async def test_a_database_that_cannot_be_opened_ends_the_run(tmp_path: Path) -> None:
    """Its error comes out, and the broker does not stay behind."""
    broker = built_in(tmp_path, free_port())
    with pytest.raises(Exception, match="there is no folder"):
        async with Run(broker, tmp_path / "no" / "vitals.db", 7).started():
            pytest.fail("it must not start")
    assert broker._process is None
