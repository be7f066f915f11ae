"""The parent of the workers, as far as no broker is needed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from holdfast.cli.render import Screen
from holdfast.cli.workers import life
from holdfast.cli.workers.parent import Parent, line
from holdfast.cli.workers.slots import Slots


async def run(folder: Path, workers: int, *arguments: str) -> int:
    slots = Slots(str(folder), "plant")
    with slots.held():
        return await asyncio.wait_for(Parent(slots, workers, arguments, "x.db", Screen()).run(), 20)


async def test_what_no_start_can_mend_ends_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is the worker's, and so are the words, with its name before them."""
    assert await run(tmp_path, 2, "ingest", "--no-such-flag") == 2
    said = capsys.readouterr().err
    assert "plant-0: " in said
    assert "No such option" in said
    assert "ended with exit code 2; all end with it" in said


async def test_workers_of_which_none_lives_end_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has come again, and died young again: the exit code is theirs."""
    monkeypatch.setattr(life, "HOPELESS", 2)
    words = ("-t", "plant/#", "--into", str(tmp_path / "none" / "x.db"), "--share", "g")
    assert await run(tmp_path, 2, "ingest", *words) == 73
    said = capsys.readouterr().err
    assert "plant-0: " in said
    assert "there is no folder" in said
    for name in ("plant-0", "plant-1"):
        assert f"{name} ended with exit code 73; comes again in " in said


async def test_nothing_to_do_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No workers, no slots left: a ledger of nothing, exit code 0."""
    assert await run(tmp_path, 0) == 0
    assert "received 0 = stored 0" in capsys.readouterr().out


def test_the_line_of_all() -> None:
    """Rate and sums of all, and how many have a link."""
    record = {"rate": 1412, "stored": 10_318, "waiting": 12, "repeated": 0, "up": 3, "workers": 4}
    assert line(record) == " 1,412 msg/s · stored 10,318 · waiting 12 · repeated 0 · 3 of 4 workers up"
