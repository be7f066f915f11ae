"""The parent of the workers, as far as no broker is needed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from holdfast.cli.ingest import Role
from holdfast.cli.link import LinkOptions
from holdfast.cli.render import Screen
from holdfast.cli.settings.ingests import IngestOptions
from holdfast.cli.workers.run import ScaleOptions, line, scale_out
from holdfast.cli.workers.slots import Slots
from holdfast.errors import ConfigurationError, OutboxLocked
from holdfast.ingest import SinkError

LINK = LinkOptions(client_id="plant")


async def scaled(folder: Path, *arguments: str, workers: int = 2, retire: bool = False, **more: Any) -> int:
    options = {"topic": ("plant/#",), "into": str(folder / "x.db"), "share": "g", **more}
    scale = ScaleOptions(workers=workers, slots=None, arguments=arguments)
    running = scale_out(LINK, [IngestOptions(**options)], Role(retire=retire), scale, Screen())
    return await asyncio.wait_for(running, 20)


async def test_workers_need_a_group(tmp_path: Path) -> None:
    """Without one each of them would get every message: nothing is started."""
    with pytest.raises(ConfigurationError, match="without --share"):
        await scaled(tmp_path, share=None)


async def test_who_retires_does_not_work(tmp_path: Path) -> None:
    """The hint names the way to retire all slots."""
    with pytest.raises(ConfigurationError, match="exclude each other") as refused:
        await scaled(tmp_path, retire=True)
    assert "--workers 0" in (refused.value.hint or "")


async def test_a_database_that_cannot_be_used_is_told_at_once(tmp_path: Path) -> None:
    """Not by each of the workers, again and again."""
    with pytest.raises(SinkError, match="there is no folder"):
        await scaled(tmp_path, into=str(tmp_path / "none" / "x.db"))


async def test_slots_that_are_in_use_are_told_at_once(tmp_path: Path) -> None:
    """Another command runs them."""
    slots = Slots(str(tmp_path / "x.db.slots"), "plant")
    with slots.held(), pytest.raises(OutboxLocked, match="are run by process"):
        await scaled(tmp_path)


async def test_what_no_start_can_mend_ends_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is the worker's, and so are the words, with its name before them."""
    assert await scaled(tmp_path, "ingest", "--no-such-flag") == 2
    said = capsys.readouterr().err
    assert "plant-0: " in said
    assert "No such option" in said
    assert "ended with exit code 2; all end with it" in said


async def test_nothing_to_do_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No workers, no slots left: a ledger of nothing, exit code 0."""
    assert await scaled(tmp_path, workers=0) == 0
    assert "received 0 = stored 0" in capsys.readouterr().out


def test_the_line_of_all() -> None:
    """Rate and sums of all, and how many have a link."""
    record = {"rate": 1412, "stored": 10_318, "waiting": 12, "repeated": 0, "up": 3, "workers": 4}
    assert line(record) == " 1,412 msg/s · stored 10,318 · waiting 12 · repeated 0 · 3 of 4 workers up"
