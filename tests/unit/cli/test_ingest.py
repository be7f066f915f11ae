"""What an ingest command is told, and who it is to the broker."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.cli.failures import SettingsError
from holdfast.cli.ingest import _client, kept_id, named, settled
from holdfast.cli.link import LinkOptions
from holdfast.cli.settings.ingests import IngestOptions
from holdfast.errors import ConfigurationError
from holdfast.ingest import Sink, SqliteSink

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
        return (await _client(link, sinks)).client_id
    finally:
        for sink in sinks:
            await sink.close()


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
