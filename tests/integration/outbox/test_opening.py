"""Opening the outbox file of a client: whose it is, what stands in the way, and who else wants it."""

from __future__ import annotations

import asyncio
import gc
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from holdfast import Client, Status
from holdfast.client.events import Connected
from holdfast.errors import OutboxError, OutboxLocked, OutboxUnwritable, Stopped
from holdfast.testing import Broker

NOBODY = "mqtt://127.0.0.1:1"


def open_files() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


# -- who we are ------------------------------------------------------------------------------


async def test_the_client_id_is_made_once(broker: Broker, path: Path) -> None:
    """Contract 2, B01: without one it is made and kept in the file; the broker knows its session again."""
    made = []
    for count in range(2):
        client = Client(broker.url, outbox=path)
        assert client.client_id == ""
        events = client.events()
        async with client:
            await client.ready(5)
            made.append(client.client_id)
            connected = await anext(events)
            assert isinstance(connected, Connected)
            assert connected.session_present is (count == 1)
    assert made[0] == made[1] != ""


async def test_a_file_belongs_to_one_client_id(path: Path) -> None:
    """Contract 2: with another one it is refused, and nothing is left open."""
    async with Client(NOBODY, client_id="north", outbox=path, drain_s=0):
        pass
    before = open_files()
    with pytest.raises(OutboxError, match="'north', not to 'south'") as refused:
        await Client(NOBODY, client_id="south", outbox=path).start()
    assert "rebind" in (refused.value.hint or "")
    del refused
    assert open_files() == before


async def test_a_file_has_one_owner(path: Path) -> None:
    """Contract 26: the second client is told the process of the first, and starts when that has stopped."""
    first, second = (Client(NOBODY, outbox=path, drain_s=0) for _ in range(2))
    async with first:
        with pytest.raises(OutboxLocked, match=f"process {os.getpid()}") as refused:
            await second.start()
        assert refused.value.pid == os.getpid()
        assert refused.value.hint
        assert second.status is Status.DISCONNECTED
    async with second:
        assert second.client_id == first.client_id


def damage(path: Path) -> None:
    """It says that it is an outbox, and is none."""
    path.write_bytes(path.read_bytes()[:100] + bytes(8000))


async def test_a_damaged_file_is_set_aside(broker: Broker, path: Path) -> None:
    """Contract 1: told as an event with its new name, and the client goes on with a new file."""
    async with Client(NOBODY, outbox=path, drain_s=0) as client:
        await client.publish("a", "lost")
    damage(path)
    client = Client(broker.url, outbox=path)
    events = client.events()
    async with client:
        mended = await anext(events)
        await client.publish("a", "b")
        await client.flush(5)
    (aside,) = path.parent.glob("outbox.db.damaged-*")
    assert mended.name == "outbox_mended"
    assert "was damaged" in mended.message
    assert str(aside) in mended.message
    assert [message.payload for message in broker.messages()] == [b"b"]


# -- opening ---------------------------------------------------------------------------------


def _below_a_file(path: Path) -> Callable[[], object]:
    path.parent.write_text("")

    def remove() -> None:
        path.parent.unlink()
        path.parent.mkdir()

    return remove


def _no_folder(path: Path) -> Callable[[], object]:
    return path.parent.mkdir


def _a_folder(path: Path) -> Callable[[], object]:
    path.mkdir(parents=True)
    return path.rmdir


def _a_text(path: Path) -> Callable[[], object]:
    path.parent.mkdir()
    path.write_text("this is somebody's text " * 100)
    return path.unlink


def _a_database(path: Path) -> Callable[[], object]:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE theirs (a)")
    return path.unlink


def _no_right(path: Path) -> Callable[[], object]:
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    path.parent.mkdir(mode=0o500)
    return lambda: path.parent.chmod(0o700)


@pytest.mark.parametrize(
    ("obstacle", "error", "sentence", "hint"),
    [
        (_no_folder, OutboxUnwritable, "No such file", "mkdir -p"),
        (_below_a_file, OutboxUnwritable, "Not a directory", "is a file"),
        (_a_folder, OutboxUnwritable, "Is a directory", "name a file in it"),
        (_a_text, OutboxError, "not a database", "name another file"),
        (_a_database, OutboxError, "something else", "name another file"),
        (_no_right, OutboxUnwritable, "Permission denied", "right to write"),
    ],
)
async def test_what_stands_in_the_way_is_named(
    tmp_path: Path,
    obstacle: Callable[[Path], Callable[[], object]],
    error: type[OutboxError],
    sentence: str,
    hint: str,
) -> None:
    """start() says what it is and what to do, leaves nothing open, and works when it is gone."""
    path = tmp_path / "folder" / "outbox.db"
    remove = obstacle(path)
    client = Client(NOBODY, outbox=path, drain_s=0)
    before = open_files()
    with pytest.raises(error, match=sentence) as refused:
        await client.start()
    assert (refused.value.path, type(refused.value)) == (str(path), error)
    assert hint in (refused.value.hint or "")
    with pytest.raises(Stopped):
        client.publish_nowait("a", "b")
    del refused
    assert open_files() == before
    remove()
    async with client:
        await client.publish("a", "b")
    assert client.snapshot().ledger.pending == 1


async def test_fifty_starts_open_once(broker: Broker, path: Path) -> None:
    """At once: one opens the file, the others wait for it; one CONNECT."""
    client = Client(broker.url, outbox=path)
    await asyncio.gather(*(client.start() for _ in range(50)))
    await client.ready(5)
    await client.stop()
    assert broker.connects == 1


async def test_cancelled_while_it_opens(broker: Broker, path: Path) -> None:
    """Whenever that is: the file is free afterwards, and the next start works."""
    client = Client(broker.url, outbox=path)
    before = open_files()
    for turns in range(6):
        starting = asyncio.create_task(client.start())
        for _ in range(turns):
            await asyncio.sleep(0)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        assert (starting.cancelled(), open_files()) == (True, before)
    async with client:
        await client.ready(5)


async def test_stopped_while_it_opens(path: Path) -> None:
    """stop() waits for the start under way, and ends it."""
    client = Client(NOBODY, outbox=path, drain_s=5)
    starting = asyncio.create_task(client.start())
    await asyncio.sleep(0)
    await client.stop()
    assert starting.done()
    with pytest.raises(Stopped):
        client.publish_nowait("a", "b")
    async with Client(NOBODY, outbox=path, drain_s=0):
        pass
