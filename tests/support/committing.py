"""A relay in front of PostgreSQL that cuts the line at a COMMIT: before it, or before its answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

_CHUNK = 1 << 16

_COMMIT = b"COMMIT\0"
"""The statement and, from the server, the word for what was done."""


class CommitRelay:
    """``async with CommitRelay(port) as relay``: listens at ``relay.port``, on the loop of the test."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._cut_behind: bool | None = None
        self._server: asyncio.Server | None = None
        self._links: dict[asyncio.Task[Any], list[asyncio.StreamWriter]] = {}

    @property
    def port(self) -> int:
        """Where clients dial."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def cut(self, *, behind: bool) -> None:
        """At the next COMMIT, once; ``behind``: when it has happened, and nobody was told."""
        self._cut_behind = behind

    async def __aenter__(self) -> CommitRelay:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for ends in self._links.values():
            for end in ends:
                end.close()
        await asyncio.gather(*self._links)

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        ends = self._links[task] = [to_client]
        try:
            server, to_server = await asyncio.open_connection("127.0.0.1", self._to)
            ends.append(to_server)
            await asyncio.gather(
                self._until_closed(self._outward(client, to_server), ends),
                self._until_closed(self._homeward(server, to_client), ends),
            )
        except OSError:
            to_client.close()  # nobody listens
        finally:
            for end in ends:
                with contextlib.suppress(OSError):
                    await end.wait_closed()
            del self._links[task]

    async def _until_closed(self, way: Coroutine[Any, Any, None], ends: list[asyncio.StreamWriter]) -> None:
        """One way; when it ends, so does the other."""
        with contextlib.suppress(OSError):
            await way
        for end in ends:
            end.close()

    async def _outward(self, client: asyncio.StreamReader, to_server: asyncio.StreamWriter) -> None:
        while chunk := await client.read(_CHUNK):
            if self._cut_behind is False and _COMMIT in chunk:
                self._cut_behind = None
                return
            to_server.write(chunk)
            await to_server.drain()

    async def _homeward(self, server: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        while chunk := await server.read(_CHUNK):
            if self._cut_behind is True and _COMMIT in chunk:
                self._cut_behind = None
                return
            to_client.write(chunk)
            await to_client.drain()
