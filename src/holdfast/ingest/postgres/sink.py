"""Rows into a PostgreSQL database: one transaction per batch, on the caller's loop.

After any error the connection is given up and made anew with the next attempt. How a commit ended
that was not answered is then read from the database: the number of the last batch is written with
its rows, and read under a lock, which waits for a server process that is still at it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from holdfast.errors import ConfigurationError
from holdfast.ingest.postgres import schema
from holdfast.ingest.postgres.errors import DatabaseSaid, sink_error
from holdfast.ingest.postgres.rows import BEGIN, Rows
from holdfast.ingest.postgres.url import target
from holdfast.ingest.sink import Batch, Memory, Written
from holdfast.ingest.table import Table

if TYPE_CHECKING:
    from holdfast.ingest.postgres.link import Link

T = TypeVar("T")


class PostgresSink:
    """A ``Sink`` on one table of one PostgreSQL database, 15 or newer."""

    def __init__(self, url: str, table: Table | None = None) -> None:
        """``url``: ``postgresql://user:password@host/database``, with libpq's parameters behind a ``?``.

        ``table``: without one messages are stored as they came. Opens nothing yet. Raises
        ConfigurationError, also where ``holdfast[postgres]`` is not installed.
        """
        self.target = target(url)
        _check_installed(url, self.target)
        self._url = url
        self._table = table or Table()
        schema.check_names(self._table)
        self._rows = Rows(self._table)
        self._link: Link | None = None
        self._session = ""
        self._doubtful: Written | None = None

    async def open(self, session: str) -> Memory:
        """See ``Sink``."""
        self._session = session
        return await self._guarded(self._memory)

    async def write(self, batch: Batch) -> Written:
        """See ``Sink``."""
        return await self._guarded(lambda link: self._write(link, batch))

    async def close(self) -> None:
        """See ``Sink``."""
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    async def _guarded(self, call: Callable[[Link], Awaitable[T]]) -> T:
        """After an error, or a call that was cancelled, nobody knows where the transaction stands."""
        try:
            return await call(await self._connection())
        except DatabaseSaid as said:
            await self.close()
            raise sink_error(said, self.target) from said
        except BaseException:
            await self.close()
            raise

    async def _connection(self) -> Link:
        """The one there is, or a new one."""
        if self._link is None:
            from holdfast.ingest.postgres.link import connect

            self._link = await connect(self._url)
            await schema.prepare(self._link, self.target, self._table)
        return self._link

    async def _memory(self, link: Link) -> Memory:
        begin = dict(zip(self._keys, ("0", ""), strict=True))
        # Who asks whether a commit happened waits for a lock on these rows: they are there before any commit.
        await schema.remember(link, begin, anew=False)
        number, state = [await schema.recall(link, key) for key in self._keys]
        return Memory(int(number or 0), state or "")

    @property
    def _keys(self) -> tuple[str, str]:
        return f"last_batch {self._session}", f"state {self._session}"

    async def _write(self, link: Link, batch: Batch) -> Written:
        written, self._doubtful = await self._happened(link, batch), None
        if written is not None:
            return written
        number, state = self._keys
        await link.execute(BEGIN)
        written = await self._rows.write(link, batch)
        await schema.remember(link, {number: str(batch.number), state: batch.state})
        # The row of the number is locked by now, so whoever asks for it waits for this COMMIT.
        self._doubtful = written
        await link.execute("COMMIT")
        self._doubtful = None
        return written

    async def _happened(self, link: Link, batch: Batch) -> Written | None:
        """What this batch did if the commit that failed had happened."""
        if self._doubtful is None:
            return None
        number = await schema.recall(link, self._keys[0])
        return self._doubtful if number == str(batch.number) else None


def _check_installed(url: str, target: str) -> None:
    try:
        from holdfast.ingest.postgres.link import has_hosts, readable
    except ImportError:
        readable = None  # type: ignore[assignment]
    if readable is None:
        raise ConfigurationError("postgresql:// URLs need: pip install 'holdfast[postgres]'")
    if not readable(url):
        raise ConfigurationError(
            f"{target} or its parameters are not understood",
            hint="parameters are libpq's, such as ?sslmode=verify-full; what stands behind % must be UTF-8",
        )
    if not has_hosts(url):
        raise ConfigurationError(
            f"a host of {target} is no name: between two dots stand 1 to 63 characters",
            hint="write it as db.example, or as an address",
        )
