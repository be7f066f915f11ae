"""One connection to a real server: every wait has an end, and what was said is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from holdfast.ingest.postgres import link as module
from holdfast.ingest.postgres.errors import DATA, DatabaseSaid
from holdfast.ingest.postgres.link import Link, connect, has_hosts, readable
from holdfast.testing import eventually
from tests.support.leaks import SECRET
from tests.support.mosquitto import free_port
from tests.support.postgres import Database


@pytest.fixture
async def link(postgres: Database) -> AsyncIterator[Link]:
    made = await connect(postgres.url)
    yield made
    await made.close()


async def test_statements_answer_with_rows(link: Link) -> None:
    """With values they have parameters, without several may stand in one; some answer nothing."""
    assert await link.execute("SELECT %s || 'b', %s::int", "a", 1) == [("ab", 1)]
    assert await link.execute("BEGIN; COMMIT") == []
    assert link.version >= 150000


async def test_a_socket_in_the_file_system_is_a_way_too(postgres: Database) -> None:
    """Its folder stands in the parameters."""
    url = f"postgresql://holdfast:{SECRET}@/{postgres.name}"
    link = await connect(f"{url}?host={postgres.server.folder}&port={postgres.server.port}")
    assert await link.execute("SELECT inet_client_addr() IS NULL") == [(True,)]
    await link.close()


async def test_the_server_has_limits_of_its_own(link: Link) -> None:
    """Where the database sets none, so that no lock holds a batch up without a word."""
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "synchronous_commit")
    found = [(await link.execute(f"SHOW {name}"))[0][0] for name in names]
    assert found == ["30s", "5s", "1min", "on"]


async def test_limits_of_the_database_stay(postgres: Database) -> None:
    """Its owner knows better; but a commit that returns before it is on disk is none."""
    for setting in ("lock_timeout = '77ms'", "synchronous_commit = off"):
        postgres.execute(f"ALTER DATABASE {postgres.name} SET {setting}")
    link = await connect(postgres.url)
    assert await link.execute("SHOW lock_timeout") == [("77ms",)]
    assert await link.execute("SHOW synchronous_commit") == [("on",)]
    await link.close()


async def test_an_error_has_the_servers_words_and_code(link: Link) -> None:
    """The connection goes on."""
    with pytest.raises(DatabaseSaid, match="division by zero") as caught:
        await link.execute("SELECT 1/0")
    assert caught.value.code == "22012"
    assert await link.execute("SELECT 1") == [(1,)]


@pytest.mark.parametrize(
    "value",
    ["\0", "\ud800", 10**5000, object()],
    ids=["NUL", "half a surrogate", "too many digits", "no value"],
)
async def test_what_cannot_be_sent_is_an_error_of_the_data(link: Link, value: object) -> None:
    """It has no SQLSTATE, as the server never saw it; the connection goes on."""
    await link.execute("CREATE TEMP TABLE t (v text)")
    with pytest.raises(DatabaseSaid) as caught:
        await link.copy("COPY t FROM STDIN", [(value,)])  # type: ignore[list-item]
    assert caught.value.code == DATA
    assert await link.copy("COPY t FROM STDIN", [("a",), (None,)]) == 2


async def test_a_commit_of_a_failed_transaction_is_an_error(link: Link) -> None:
    """PostgreSQL answers it with ROLLBACK and no error: that would be a batch acknowledged and lost."""
    await link.execute("BEGIN")
    with pytest.raises(DatabaseSaid):
        await link.execute("SELECT 1/0")
    with pytest.raises(DatabaseSaid, match="was not committed"):
        await link.execute("COMMIT")


async def test_a_silent_server_is_given_up(
    postgres: Database, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frozen with its connections open it answers nothing: the statement ends all the same."""
    monkeypatch.setattr(module, "ANSWER_S", 0.2)
    postgres.server.freeze()
    with pytest.raises(DatabaseSaid, match=r"no answer within 0\.2 s") as caught:
        await link.execute("SELECT 1")
    assert not caught.value.of_the_row


async def test_who_waits_no_longer_is_let_go_at_once(postgres: Database, link: Link) -> None:
    """A cancelled statement asks the silent server for nothing, and leaves no task behind."""
    postgres.server.freeze()
    waiting = asyncio.create_task(link.execute("SELECT 1"))
    await asyncio.sleep(0)
    began = time.monotonic()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert time.monotonic() - began < 1
    await eventually(lambda: len(asyncio.all_tasks()) == 1)


async def test_a_server_that_takes_no_connection_is_given_up(
    postgres: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It listens, and does not speak."""
    monkeypatch.setattr(module, "CONNECT_S", 0.2)
    postgres.server.freeze()
    with pytest.raises(DatabaseSaid, match=r"no connection within 0\.2 s"):
        await connect(postgres.url)


async def test_a_refused_connection_is_told_in_one_line(postgres: Database) -> None:
    """Nobody listens, another password, no such database: libpq's words, and never the password."""
    wrong = postgres.url.replace("holdfast:", "holdfast:other-")
    for url in (postgres.server.url(port=free_port()), wrong, postgres.server.url("nowhere")):
        with pytest.raises(DatabaseSaid) as caught:
            await connect(url)
        assert "\n" not in caught.value.words
        assert SECRET not in caught.value.words
        assert caught.value.words


def test_what_libpq_does_not_understand_is_known_before() -> None:
    """Its own words about it would quote the URL."""
    assert readable("postgresql://db.example/plant?sslmode=require")
    assert not readable(f"postgresql://db.example/plant?pasword={SECRET}")


@pytest.mark.parametrize("url", ["postgresql://%ff/x", "postgresql://\udcff/x", "postgresql://a\0b/x"])
def test_what_is_no_text_is_not_understood(url: str) -> None:
    """Bytes that are no UTF-8, and NUL, where libpq would stop reading."""
    assert not readable(url)


@pytest.mark.parametrize(
    ("hosts", "named"),
    [
        ("db..example", False),
        (".x", False),
        ("a" * 70, False),
        ("db.example,.x", False),
        ("db.example.,[::1],10.0.0.1", True),
        ("m%C3%BCller.example", True),
        ("%2Frun%2F" + "a" * 70, True),
        ("", True),
    ],
)
def test_a_host_that_is_no_name_is_known_before(hosts: str, named: bool) -> None:
    """Nobody could ask for its address; the folder of a socket is no name, and may be longer."""
    assert has_hosts(f"postgresql://{hosts}/plant") is named


async def test_a_host_from_outside_that_is_no_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is looked at with every connection."""
    monkeypatch.setenv("PGHOST", "db..example")
    with pytest.raises(DatabaseSaid, match="PGHOST"):
        await connect("postgresql:///plant")


async def test_it_is_known_who_has_chosen_a_code(link: Link) -> None:
    """RAISE in a function, whatever language the server speaks; not what fails in a function by itself."""
    for body, raised in (("RAISE 'no' USING ERRCODE = '42501'", True), ("PERFORM * FROM nowhere", False)):
        with pytest.raises(DatabaseSaid) as caught:
            await link.execute(f"DO $$ BEGIN {body}; END $$")
        assert caught.value.code[:2] == "42"
        assert caught.value.raised is raised
