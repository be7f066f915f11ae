"""Opening and closing an outbox beside the loop."""

from __future__ import annotations

import asyncio
from pathlib import Path
from threading import Event

import pytest

from holdfast.client.clock import SystemClock
from holdfast.client.opening import close_outbox, open_outbox
from holdfast.errors import OutboxLocked
from holdfast.messages import Outgoing
from holdfast.outbox.brokers import Groups
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.outbox.store import Group, Store
from holdfast.testing import eventually


async def test_opened_and_closed(tmp_path: Path) -> None:
    """It gives the client id of the file; while it is open nobody else gets it."""
    outbox = SqliteOutbox(tmp_path / "a.db", SystemClock())
    client_id = await open_outbox(outbox, None, [["a"]])
    assert client_id
    with pytest.raises(OutboxLocked):
        await open_outbox(SqliteOutbox(tmp_path / "a.db", SystemClock()), None, [["a"]])
    assert await close_outbox(outbox, 5)
    assert await open_outbox(outbox, None, [["a"]]) == client_id
    assert await close_outbox(outbox, 5)


async def test_cancelled_while_opening(tmp_path: Path) -> None:
    """The file is closed again before the cancelled call returns: the next one finds it free."""
    entered, go_on = Event(), Event()

    class Slow(SqliteOutbox):
        """Opens when it is told to."""

        def open(self, client_id: str | None = None, groups: Groups = ()) -> str:
            entered.set()
            assert go_on.wait(5)
            return super().open(client_id, groups)

    opening = asyncio.create_task(open_outbox(Slow(tmp_path / "a.db", SystemClock()), None, [["a"]]))
    assert await asyncio.to_thread(entered.wait, 5)
    opening.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await opening
    other = SqliteOutbox(tmp_path / "a.db", SystemClock())
    assert await open_outbox(other, None, [["a"]])
    assert await close_outbox(other, 5)


async def test_opened_again_after_a_disk_that_hung(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a close had to leave behind keeps the file until its disk answers; then it opens as ever."""
    entered, go_on = Event(), Event()
    commit = Store.commit

    def slow(store: Store, group: Group) -> None:
        entered.set()
        assert go_on.wait(5)
        commit(store, group)

    outbox = SqliteOutbox(tmp_path / "a.db", SystemClock())
    await open_outbox(outbox, None, [["a"]])
    monkeypatch.setattr(Store, "commit", slow)
    outbox.accept([Outgoing(0, "t", b"", 1)])
    outbox.begin()
    assert await asyncio.to_thread(entered.wait, 5)
    assert not await close_outbox(outbox, 0.01)
    with pytest.raises(OutboxLocked, match="this one"):
        await open_outbox(outbox, None, [["a"]])
    go_on.set()
    await eventually(lambda: outbox._writer is not None and outbox._writer.ended)
    await open_outbox(outbox, None, [["a"]])
    assert outbox.pending == 1
    assert await close_outbox(outbox, 5)
