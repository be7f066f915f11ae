"""What an ingest command is told, and who it is to the broker."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from holdfast.cli import retire
from holdfast.cli.failures import SettingsError
from holdfast.cli.ingest import Role, _client, ingest, kept_id, named, settled, spool_of
from holdfast.cli.link import LinkOptions
from holdfast.cli.render import Screen
from holdfast.cli.settings.ingests import IngestOptions
from holdfast.client import Client
from holdfast.errors import ConfigurationError, OutboxLocked
from holdfast.ingest import Sink, SqliteSink
from holdfast.outbox.lock import OwnerLock
from holdfast.testing import Broker

FILE = """
url = "mqtt://file.example"
client_id = "filed"
keepalive_s = 10
username = "filed"

[[ingest]]
topic = "a"
into = "a.db"
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A settings file, and nothing in the environment."""
    for name in ("URL", "CLIENT_ID", "KEEPALIVE_S", "USERNAME"):
        monkeypatch.delenv(f"HOLDFAST_{name}", raising=False)
    path = tmp_path / "x.toml"
    path.write_text(FILE)
    return str(path)


def test_flags_win_over_the_environment_and_that_over_the_file(
    config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Key by key; what nobody says has the default of the library."""
    monkeypatch.setenv("HOLDFAST_CLIENT_ID", "set")
    monkeypatch.setenv("HOLDFAST_KEEPALIVE_S", "20")
    link, several = settled(LinkOptions(keepalive_s=30), {"topic": None, "key": [], "qos": 2}, config)
    assert {key: one.value for key, one in link.settings().items()} == {
        "url": "mqtt://file.example", "client_id": "set", "keepalive_s": 30, "username": "filed",
    }  # fmt: skip
    assert several == [IngestOptions(topic="a", into="a.db", qos=2)]


def test_without_a_file_the_environment_counts_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it, as this command is the service."""
    monkeypatch.setenv("HOLDFAST_CLIENT_ID", "set")
    link, several = settled(LinkOptions(), {"topic": ["a"], "into": "a.db", "columns": ["b=$ json"]}, None)
    assert link.settings()["client_id"].origin == "HOLDFAST_CLIENT_ID"
    assert several == [IngestOptions(topic=["a"], into="a.db", columns={"b": "$ json"})]


def test_what_is_wrong_in_the_file_is_told_before_anything_happens(config: str) -> None:
    """The flags are told only when the file is right."""
    Path(config).write_text(FILE + 'colums = "x"')
    with pytest.raises(SettingsError, match="colums is no key"):
        settled(LinkOptions(), {"qos": 2}, config)


async def client_id(link: LinkOptions, *sinks: Sink) -> str:
    """The id that a client of this would have, or "": its outbox file makes one."""
    try:
        return (await _client(link, sinks, False)).client_id
    finally:
        for sink in sinks:
            await sink.close()


def test_the_spool_is_beside_the_first_file() -> None:
    """Of databases that are none it has a name of its own, where we are."""
    assert spool_of([SqliteSink("a.db"), SqliteSink("b.db")]) == "a.db.spool"
    assert spool_of([]) == "holdfast-ingest.spool"


async def test_the_id_is_kept_in_the_database(tmp_path: Path) -> None:
    """In the first of several, and their tables are all there; an id that was said wins."""
    first, second = (str(tmp_path / name) for name in ("a.db", "b.db"))
    made = await client_id(LinkOptions(), SqliteSink(first), SqliteSink(second))
    assert made == await client_id(LinkOptions(), SqliteSink(first))
    assert made != await client_id(LinkOptions(), SqliteSink(second))
    assert await client_id(LinkOptions(client_id="me"), SqliteSink(first)) == "me"


async def test_an_outbox_file_that_is_there_keeps_its_own(tmp_path: Path) -> None:
    """A new one takes over the id of the database, whose session goes on so."""
    database, outbox = str(tmp_path / "a.db"), tmp_path / "o.db"
    made = await client_id(LinkOptions(), SqliteSink(database))
    assert await client_id(LinkOptions(outbox=str(outbox)), SqliteSink(database)) == made
    outbox.touch()
    assert await client_id(LinkOptions(outbox=str(outbox)), SqliteSink(database)) == ""
    slots = LinkOptions(outbox=str(tmp_path / "{slot}.db"))
    assert await client_id(slots, SqliteSink(database)) == ""


class Elsewhere:
    """A database that keeps no client id."""

    target = "postgresql://db.example/x"

    async def close(self) -> None:
        """Nothing is open."""


async def test_without_a_place_for_it_an_id_must_be_said(tmp_path: Path) -> None:
    """Or an outbox file named, which makes one."""
    sink: Sink = Elsewhere()  # type: ignore[assignment]
    assert await kept_id([sink]) is None
    with pytest.raises(ConfigurationError, match=r"no client id is kept in postgresql://db\.example/x"):
        named(None, [sink])
    with pytest.raises(ConfigurationError, match="no client id"):
        await client_id(LinkOptions(), sink)
    assert await client_id(LinkOptions(outbox=str(tmp_path / "o.db")), sink) == ""


async def test_a_worker_hears_its_parent_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while it ends the session of a slot, for which it may wait for a broker as long as it takes."""
    here, there = os.pipe()
    heard = []

    async def end_session(_link: LinkOptions, _client: Client, wish: asyncio.Event) -> str:
        os.close(there)
        await asyncio.wait_for(wish.wait(), 10)
        heard.append(wish.is_set())
        return "stopped before the session was ended: it is kept"

    monkeypatch.setattr(retire, "QUIET_S", 0.1)
    monkeypatch.setattr("holdfast.cli.ingest.end_session", end_session)
    slot = str(tmp_path / "w-0.db")
    options = IngestOptions(topic="n", into=str(tmp_path / "x.db"))
    with Broker() as broker, os.fdopen(here) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        link = LinkOptions(url=broker.url, client_id="w-0", outbox=slot)
        assert await ingest(link, [options], Role(retire=True, slot=slot), Screen(as_json=True)) == 1
    assert heard == [True]


async def test_who_ends_by_an_error_tells_its_books(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker always, as its parent would take it for killed; another where anything came."""
    here, there = os.pipe()
    slot = str(tmp_path / "w-0.db")
    options = IngestOptions(topic="n", into=str(tmp_path / "x.db"))
    link = LinkOptions(url="mqtt://127.0.0.1:1", client_id="w-0", outbox=slot)
    lock = OwnerLock(slot)
    with os.fdopen(here) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        for role in (Role(slot=None), Role(slot=slot)):
            with pytest.raises(OutboxLocked):
                await ingest(link, [options], role, Screen(as_json=True))
            assert ('"event":"ledger","received":0' in capsys.readouterr().out) == (role.slot is not None)
    os.close(there)
    lock.release()
