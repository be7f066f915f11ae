"""A worker's process as its parent holds it: what it says, how it is asked to end, how it ended.

It runs the parent's own command line with a few words more, and is asked to end by the end of its stdin: so
it ends when the parent is killed, too, and is not killed itself by a signal that comes while Python starts.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

LONGEST_LINE = 1 << 20

Told = Callable[[Mapping[str, Any]], None]
Said = Callable[[str], None]


def command(arguments: Sequence[str], client_id: str, slot: str, retire: bool) -> list[str]:
    """The command line of a worker; of a flag that is given twice the last counts."""
    more = ["--json", "--client-id", client_id, "--slot", slot, *(["--retire"] if retire else [])]
    return [sys.executable, "-m", "holdfast.cli", *arguments, *more]


class Child:
    """One process, running. ``told`` gets the objects of its stdout, ``said`` the lines of its stderr."""

    def __init__(self, process: asyncio.subprocess.Process, told: Told, said: Said) -> None:
        self._process = process
        self._told = told
        self._said = said

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @staticmethod
    async def start(words: Sequence[str], told: Told, said: Said) -> Child:
        """In a session of its own: Ctrl-C is for the parent. Raises OSError."""
        process = await asyncio.create_subprocess_exec(
            *words, stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True, limit=LONGEST_LINE
        )
        return Child(process, told, said)

    async def ended(self) -> int:
        """Hear all it says; how it ended, below 0: by which signal."""
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        hearing = self._hear(self._process.stdout, self._object), self._hear(self._process.stderr, self._said)
        await asyncio.gather(*hearing)
        return await self._process.wait()

    def ask_to_end(self) -> None:
        """Drain, and end."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def kill(self) -> None:
        """Now."""
        if self._process.returncode is None:
            self._process.kill()

    async def _hear(self, lines: AsyncIterator[bytes], heard: Said) -> None:
        async for line in lines:
            if line.endswith(b"\n"):  # else it was killed in the middle of a word
                heard(line.decode(errors="replace").rstrip())

    def _object(self, line: str) -> None:
        try:
            record = json.loads(line)
        except ValueError:
            self._said(line)  # somebody else printed it
        else:
            self._told(record)
