"""Rows into a real PostgreSQL, whatever becomes of the server.

What every sink promises is held by tests/contracts/test_sink.py; here is what only a server can do.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from time import monotonic, sleep

import psycopg
import pytest

from holdfast.errors import ConfigurationError
from holdfast.ingest.errors import SinkError
from holdfast.ingest.postgres import PostgresSink, link
from holdfast.ingest.sink import Memory, Sink, Written
from holdfast.ingest.table import Column, Table
from tests.contracts.sinks import batch, of_rows
from tests.support.leaks import SECRET
from tests.support.mosquitto import free_port
from tests.support.postgres import Database

TOPICS = "SELECT topic FROM messages ORDER BY id"


@pytest.fixture
async def sink(postgres: Database) -> AsyncIterator[PostgresSink]:
    made = PostgresSink(postgres.url)
    assert await made.open("me") == Memory()
    yield made
    await made.close()


def test_it_fills_the_port() -> None:
    """A type checker accepts it as a Sink; nothing is opened."""
    sink: Sink = PostgresSink(f"postgresql://me:{SECRET}@db.example/plant")
    assert sink.target == "postgresql://me@db.example/plant"


def test_a_missing_extra_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that mends it, when the sink is built and not an hour later."""
    monkeypatch.setitem(sys.modules, "holdfast.ingest.postgres.link", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'holdfast\[postgres\]'"):
        PostgresSink("postgresql://db.example/plant")


def test_parameters_are_checked_at_once() -> None:
    """What libpq would say of them quotes the URL; this does not."""
    with pytest.raises(ConfigurationError, match="or its parameters are not understood") as caught:
        PostgresSink(f"postgresql://db.example/plant?pasword={SECRET}")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("db..example/x", "no name"),
        (".x/y", "no name"),
        ("a" * 70 + "/y", "no name"),
        ("%ff/x", "not understood"),
    ],
)
def test_a_host_that_is_none_is_refused_at_once(place: str, said: str) -> None:
    """One sentence with the database and without the password, before anything is dialled."""
    with pytest.raises(ConfigurationError, match=said) as caught:
        PostgresSink(f"postgresql://me:{SECRET}@{place}")
    assert f"postgresql://me@{place}" in str(caught.value)
    assert SECRET not in f"{caught.value}{caught.value.hint}"


async def test_a_password_is_in_no_sentence(postgres: Database, caplog: pytest.LogCaptureFixture) -> None:
    """Nor in what led to it, or in psycopg's own log, when the login is refused or nobody is there."""
    caplog.set_level("DEBUG", "psycopg")
    wrong = postgres.url.replace("holdfast:", "holdfast:other-")
    for url in (wrong, postgres.server.url(port=free_port())):
        sink = PostgresSink(url)
        with pytest.raises(SinkError) as caught:
            await sink.open("me")
        said = [repr(sink), str(caught.value), str(caught.value.hint), caught.value.target]
        cause: BaseException | None = caught.value
        while cause is not None:
            said.append(repr(cause))
            cause = cause.__cause__ or cause.__context__
        assert SECRET not in " ".join(said)
    assert "psycopg" in caplog.text
    assert SECRET not in caplog.text


async def test_a_killed_server_has_what_was_told(sink: PostgresSink, postgres: Database) -> None:
    """kill -9 of all its processes between and in commits: what had returned is there, once, in order."""
    told: list[int] = []
    for life in range(2):
        writing = asyncio.create_task(write_until_refused(sink, told))
        await asyncio.to_thread(wait_for, told, 20 * (life + 1))
        await asyncio.to_thread(postgres.server.stop, signal.SIGKILL)
        refused = await writing
        await asyncio.to_thread(postgres.server.start)
        assert await sink.write(batch(refused, f"t/{refused}")) == Written(1, 0, 0)
        told.append(refused)
    assert postgres.execute(TOPICS) == [(f"t/{number}",) for number in told]


async def write_until_refused(sink: PostgresSink, told: list[int]) -> int:
    """The number of the batch that was refused."""
    while True:
        number = len(told) + 1
        try:
            await sink.write(batch(number, f"t/{number}"))
        except SinkError:
            return number
        told.append(number)


def wait_for(told: list[int], count: int) -> None:
    """On a thread of its own, as the loop is busy."""
    while len(told) < count:
        sleep(0.001)


async def test_a_frozen_server_does_not_hold_the_service(
    sink: PostgresSink, postgres: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write ends, and so do the next ones; thawed, the same batch is stored once."""
    await sink.write(batch(1, "a"))
    monkeypatch.setattr(link, "ANSWER_S", 0.2)
    monkeypatch.setattr(link, "CONNECT_S", 0.2)
    postgres.server.freeze()
    for words in ("no answer within", "no connection within"):
        with pytest.raises(SinkError, match=words):
            await sink.write(batch(2, "b"))
    postgres.server.thaw()
    monkeypatch.undo()
    assert await sink.write(batch(2, "b")) == Written(1, 0, 0)
    assert postgres.execute(TOPICS) == [("a",), ("b",)]


async def test_a_commit_that_is_still_at_it_is_waited_for(sink: PostgresSink, postgres: Database) -> None:
    """Whether it happened is read behind the lock that it holds; by the next process, too."""
    next_process = PostgresSink(postgres.url)
    sink._doubtful = Written(1, 0, 0)  # as after a COMMIT of batch 1 that nobody answered
    await sink.close()
    with psycopg.connect(postgres.url) as other:
        other.execute(
            "INSERT INTO messages (received, topic, qos, retain, payload) VALUES (now(), 'a', 1, false, 'p');"
            "INSERT INTO holdfast VALUES ('last_batch me', '1')"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
        )
        writing = asyncio.create_task(sink.write(batch(1, "a")))
        opening = asyncio.create_task(next_process.open("me"))
        await asyncio.to_thread(wait_for_waiters, postgres, 2)
        other.commit()
    assert await writing == Written(1, 0, 0)
    assert await opening == Memory(1)
    await next_process.close()
    assert postgres.execute(TOPICS) == [("a",)]


def wait_for_waiters(postgres: Database, count: int) -> None:
    """So many statements wait for a lock; on a thread of its own, too."""
    deadline = monotonic() + 10
    while len(postgres.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")) < count:
        assert monotonic() < deadline, f"not {count} statements wait for a lock"
        sleep(0.01)


async def test_a_cancelled_write_leaves_nothing_behind(sink: PostgresSink, postgres: Database) -> None:
    """No half batch, no lock, no connection; the next one is stored."""
    with psycopg.connect(postgres.url) as other:
        other.execute("LOCK TABLE messages")
        writing = asyncio.create_task(sink.write(batch(1, "a")))
        await asyncio.to_thread(wait_for_waiters, postgres, 1)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
    assert await sink.write(batch(1, "b")) == Written(1, 0, 0)
    assert postgres.execute(TOPICS) == [("b",)]


async def test_a_lock_is_an_error_and_then_over(postgres: Database) -> None:
    """One sentence with what to look for; when it is gone the same batch is stored."""
    postgres.execute(f"ALTER DATABASE {postgres.name} SET lock_timeout = '100ms'")
    sink = PostgresSink(postgres.url)
    await sink.open("me")
    with psycopg.connect(postgres.url) as other:
        other.execute("LOCK TABLE messages")
        with pytest.raises(SinkError, match="lock timeout") as caught:
            await sink.write(batch(1, "a"))
    assert "pg_stat_activity" in str(caught.value.hint)
    assert await sink.write(batch(1, "a")) == Written(1, 0, 0)
    await sink.close()


async def test_a_constraint_that_may_wait_does_not(sink: PostgresSink, postgres: Database) -> None:
    """Deferred to the COMMIT it would refuse the whole batch, for ever: it is asked row by row."""
    postgres.execute(
        "CREATE TABLE known (topic text PRIMARY KEY); INSERT INTO known VALUES ('a');"
        " ALTER TABLE messages ADD FOREIGN KEY (topic) REFERENCES known DEFERRABLE INITIALLY DEFERRED"
    )
    assert await sink.write(batch(1, "a", "b")) == Written(1, 0, 1)
    assert postgres.execute("SELECT topic FROM messages_quarantine") == [("b",)]


async def test_a_table_that_is_dropped_is_made_again(sink: PostgresSink, postgres: Database) -> None:
    """The write says so, and the next one finds it there."""
    await sink.write(batch(1, "a"))
    postgres.execute("DROP TABLE messages")
    with pytest.raises(SinkError, match='relation "messages" does not exist'):
        await sink.write(batch(2, "b"))
    assert await sink.write(batch(2, "b")) == Written(1, 0, 0)


async def test_a_partitioned_table_has_its_counts(postgres: Database) -> None:
    """With a key, too; system columns, which it does not tell, are not asked."""
    postgres.execute(
        "CREATE TABLE pairs (id bigint GENERATED ALWAYS AS IDENTITY, device text UNIQUE, value bigint)"
        " PARTITION BY HASH (device);"
        " CREATE TABLE pairs_0 PARTITION OF pairs FOR VALUES WITH (modulus 1, remainder 0)"
    )
    columns = (Column("device", "text"), Column("value", "int"))
    sink = PostgresSink(postgres.url, Table("pairs", columns, key=("device",)))
    await sink.open("me")
    assert await sink.write(of_rows(1, [("a", 1), ("b", 1), ("a", 2)])) == Written(2, 1, 0)
    await sink.close()


async def test_a_server_that_only_reads_is_named(postgres: Database) -> None:
    """As a standby does: the hint says how to name the primary."""
    postgres.execute(f"ALTER DATABASE {postgres.name} SET default_transaction_read_only = on")
    sink = PostgresSink(postgres.url)
    with pytest.raises(SinkError, match="read-only") as caught:
        await sink.open("me")
    assert "primary" in str(caught.value.hint)


async def test_a_key_that_rows_already_break_is_named(postgres: Database) -> None:
    """The table is left as it is."""
    columns = (Column("device", "text"), Column("value", "int"))
    first = PostgresSink(postgres.url, Table("pairs", columns))
    await first.open("me")
    await first.write(of_rows(1, [("a", 1), ("a", 2)]))
    await first.close()
    keyed = PostgresSink(postgres.url, Table("pairs", columns, key=("device",)))
    with pytest.raises(SinkError, match="unique") as caught:
        await keyed.open("me")
    assert "same key" in str(caught.value.hint)
    assert postgres.execute("SELECT count(*) FROM pairs") == [(2,)]
