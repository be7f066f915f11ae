"""A pool that is stopped while it starts (contract 25)."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from holdfast.client.layout import Slot
from holdfast.errors import OutboxLocked, Stopped
from holdfast.testing import eventually
from tests.support.turns import turns
from tests.unit.client.pooled import members


async def test_stopped_while_it_starts(tmp_path: Path) -> None:
    """Who has not begun does not: nothing runs without the folder, which is free, and it starts again."""
    run = members(tmp_path, 4)
    start = asyncio.create_task(run.start())
    await eventually(lambda: run.running)
    assert len(run.running) < 4
    stop, again = asyncio.create_task(run.stop(5)), asyncio.create_task(run.start())
    with pytest.raises(Stopped, match="the pool was stopped meanwhile"):
        await start
    await stop
    await again
    assert run.running == run.clients
    with pytest.raises(OutboxLocked):
        await members(tmp_path, 4).start()
    await run.stop(0)
    assert run.running == []
    other = members(tmp_path, 4)
    await other.start()
    await other.stop(0)


@pytest.mark.parametrize("cancelled", [False, True])
async def test_a_stop_does_not_wait_for_a_start_for_ever(
    tmp_path: Path, cancelled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is slow: stopped in time, or by a cancellation, and nothing is left in the end."""
    run, go_on = members(tmp_path, 2), threading.Event()
    assert run._folder is not None
    there = run._folder.open

    def slowly() -> list[Slot]:
        go_on.wait(5)
        return there()

    monkeypatch.setattr(run._folder, "open", slowly)
    start = asyncio.create_task(run.start())
    await turns()
    stop = asyncio.create_task(run.stop(60 if cancelled else 0.01))
    await turns()
    if cancelled:
        stop.cancel()
    await asyncio.wait([stop], timeout=5)
    assert stop.done()
    assert not start.done()
    go_on.set()
    with pytest.raises(Stopped):
        await start
    assert run.running == []
    other = members(tmp_path, 3)
    await other.start()
    await other.stop(0)
