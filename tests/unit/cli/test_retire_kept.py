"""``--retire`` where the session cannot be ended, or must not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from holdfast import Client
from holdfast.cli.link import LinkOptions
from holdfast.cli.retire import end_session
from holdfast.errors import OutboxLocked
from holdfast.outbox.lock import OwnerLock


async def test_asked_to_stop_it_does_not_wait_for_a_broker() -> None:
    """None is there: the session is kept, and told so."""
    wish = asyncio.Event()
    ending = asyncio.create_task(
        end_session(LinkOptions(url="mqtt://127.0.0.1:1"), Client(client_id="w-1"), wish)
    )
    wish.set()
    assert "it is kept" in str(await asyncio.wait_for(ending, 10))


async def test_nobody_takes_the_file_while_the_session_is_ended(tmp_path: Path) -> None:
    """The next owner of a slot has its session, too: it waits, so that nobody ends the session under it."""
    file, wish = tmp_path / "w-1.db", asyncio.Event()
    ours = Client(client_id="w-1", outbox=file)
    ending = asyncio.create_task(end_session(LinkOptions(url="mqtt://127.0.0.1:1"), ours, wish))
    await asyncio.sleep(0)
    with pytest.raises(OutboxLocked):
        OwnerLock(str(file))
    wish.set()
    assert "it is kept" in str(await asyncio.wait_for(ending, 10))
    OwnerLock(str(file)).release()


async def test_the_session_of_somebody_else_is_kept(tmp_path: Path) -> None:
    """Who has taken the file meanwhile goes on with it: there is nothing to dial for."""
    file = tmp_path / "w-1.db"
    lock = OwnerLock(str(file))
    try:
        ours = Client(client_id="w-1", outbox=file)
        ending = end_session(LinkOptions(url="mqtt://127.0.0.1:1"), ours, asyncio.Event())
        why = await asyncio.wait_for(ending, 10)
    finally:
        lock.release()
    assert why is not None
    assert why.startswith(f"{file} is in use by process")
    assert why.endswith("and so is the session: it is kept")
