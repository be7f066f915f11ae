"""One connection to PostgreSQL, spoken by psycopg: nothing else here knows it.

Every wait has an end. A statement that is not answered in time ends with its connection: to
cancel it would ask the same silent server.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict

from holdfast.ingest.postgres.errors import DATA, DatabaseSaid
from holdfast.ingest.row import Value

T = TypeVar("T")

CONNECT_S = 20.0
"""For all addresses of all hosts together."""

ANSWER_S = 60.0
"""For one statement, or one COPY; the server's own limits end it earlier."""

_DEFAULTS = {
    "application_name": "holdfast",
    "client_encoding": "utf8",
    "connect_timeout": "5",
    "keepalives_idle": "30",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
"""What the URL does not say."""

_BOUNDS = """
SELECT set_config(name, value, false)
FROM (VALUES
    ('statement_timeout', '0', '30s'),
    ('lock_timeout', '0', '5s'),
    ('idle_in_transaction_session_timeout', '0', '60s'),
    ('synchronous_commit', 'off', 'on')
) AS bound(name, unbounded, value)
WHERE current_setting(name) = unbounded
"""
"""Limits where the database has none, and a COMMIT that returned survives a power cut."""


_RAISE = "exec_stmt_raise"
"""Where in the server RAISE is carried out. The context says it, too, but in the server's language."""


def readable(url: str) -> bool:
    """Whether libpq understands it. What it says of a URL may quote the password."""
    try:
        conninfo_to_dict(url)
    except (psycopg.Error, UnicodeError):
        return False
    return "\0" not in url  # libpq would read as far as that


def has_hosts(url: str) -> bool:
    """Whether each host it names is one that can be asked for: no label is empty, or too long."""
    try:
        for host in str(conninfo_to_dict(url).get("host") or "").split(","):
            if not host.startswith(("/", "@")):  # the folder of a socket, or its abstract name
                host.encode("idna")
    except UnicodeError:
        return False
    return True


async def connect(url: str) -> Link:
    """Raises DatabaseSaid."""
    options: dict[str, Any] = {**_DEFAULTS, **conninfo_to_dict(url)}
    try:
        async with asyncio.timeout(CONNECT_S):
            # Nothing is prepared: a pooler may give the next statement to another server process.
            connection = await psycopg.AsyncConnection.connect(
                **options, autocommit=True, prepare_threshold=None
            )
    except TimeoutError as error:
        raise DatabaseSaid(f"no connection within {CONNECT_S:g} s") from error
    except psycopg.Error as error:
        raise _said(error) from error
    except UnicodeError as error:  # what the URL names was looked at before
        raise DatabaseSaid(
            "the host in PGHOST is no name: between two dots stand 1 to 63 characters"
        ) from error
    link = Link(connection)
    try:
        await link.execute(_BOUNDS)
    except BaseException:
        await link.close()
        raise
    return link


class Link:
    """Statements and copies, each with an end. Raises DatabaseSaid."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection
        self._working: asyncio.Task[Any] | None = None

    @property
    def version(self) -> int:
        """The server's: 150018 is 15.18."""
        return self._connection.info.server_version

    async def execute(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows it answers with. Without values ``sql`` may be several statements."""
        return await self._bounded(self._execute(sql, values))

    async def copy(self, sql: str, rows: Iterable[Sequence[Value]]) -> int:
        """COPY ... FROM STDIN; how many rows the server took."""
        return await self._bounded(self._copy(sql, rows))

    async def close(self) -> None:
        """What was not committed is gone."""
        if self._working is not None:
            # It was hung up on, and still has its end to notice: the loop watches a number, not a socket,
            # and the next connection may get the same number.
            await asyncio.wait({self._working})
        await self._connection.close()

    async def _execute(self, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        async with self._connection.cursor() as cursor:
            await cursor.execute(sql, values or None)
            if cursor.statusmessage == "ROLLBACK" and sql == "COMMIT":
                raise DatabaseSaid("the transaction had failed, and was not committed")
            return await cursor.fetchall() if cursor.description else []

    async def _copy(self, sql: str, rows: Iterable[Sequence[Value]]) -> int:
        async with self._connection.cursor() as cursor:
            async with cursor.copy(sql) as copy:
                for row in rows:
                    await copy.write_row(row)
            return cursor.rowcount

    async def _bounded(self, work: Coroutine[Any, Any, T]) -> T:
        """Until it is done, is too late, or nobody waits for it any more."""
        task = asyncio.create_task(work)
        self._working = task
        task.add_done_callback(_looked_at)
        late = True
        try:
            await asyncio.wait({task}, timeout=ANSWER_S)
            late = not task.done()
        finally:
            if late:
                self._hang_up()
        try:
            return await task
        except (psycopg.Error, ValueError) as error:
            raise DatabaseSaid(f"no answer within {ANSWER_S:g} s") if late else _said(error) from error

    def _hang_up(self) -> None:
        """End the connection under the statement; it notices at once."""
        with (
            contextlib.suppress(OSError, psycopg.Error),
            socket.socket(fileno=os.dup(self._connection.fileno())) as line,
        ):
            line.shutdown(socket.SHUT_RDWR)


def _looked_at(task: asyncio.Task[Any]) -> None:
    """An error that nobody waits for any more is none."""
    if not task.cancelled():
        task.exception()


def _said(error: psycopg.Error | ValueError) -> DatabaseSaid:
    if isinstance(error, psycopg.Error) and error.sqlstate:
        raised = error.diag.source_function == _RAISE
        return DatabaseSaid(error.diag.message_primary or str(error), error.sqlstate, raised=raised)
    words = str(error).strip().partition("\n")[0]
    of_data = isinstance(error, ValueError | psycopg.DataError | psycopg.ProgrammingError)
    return DatabaseSaid(words, DATA if of_data else "")
