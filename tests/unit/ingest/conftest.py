"""A spool without pauses and threads, and what is in it: for the tests of a spool."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from holdfast.ingest import desk, spool
from tests.support.desktop import Desktop
from tests.support.durable import Database, File


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses, and no threads."""

    async def inline(function: Any, *arguments: Any) -> Any:
        return function(*arguments)

    monkeypatch.setattr(desk, "FIRST_DELAY_S", 0.0)
    monkeypatch.setattr(desk, "MAX_DELAY_S", 0.0)
    monkeypatch.setattr(spool, "LOOK_S", 0.0)
    monkeypatch.setattr(asyncio, "to_thread", inline)


@pytest.fixture
async def here(at_once: None) -> AsyncIterator[Desktop]:
    desktop = Desktop(File(), Database())
    yield desktop
    desktop.worker.task.cancel()
    await asyncio.gather(desktop.worker.task, return_exceptions=True)
