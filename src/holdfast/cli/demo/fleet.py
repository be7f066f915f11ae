"""The gateways' process as the demo holds it: started, told what to do, killed, started again."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from holdfast.cli.demo.news import Books, Failure, News, Said, from_line
from holdfast.errors import HoldfastError
from holdfast.outbox import Ledger

START_WITHIN_S = 10.0
END_WITHIN_S = 15.0

LOG = "gateways.log"

T = TypeVar("T")


def command(url: str, folder: Path, seed: int, rate: float) -> list[str]:
    """What starts the gateways: outbox files in ``folder``, ``rate`` readings a second of all together."""
    options = {"--url": url, "--folder": folder, "--seed": seed, "--rate": rate}
    words = [str(word) for pair in options.items() for word in pair]
    return [sys.executable, "-m", "holdfast.cli.demo.gateways", *words]


class Fleet:
    """The process that runs ``command``; what it says on stderr is added to ``log``.

    ``news`` is what was heard last, ``failures`` why messages failed, by serial, whichever process
    told it.
    """

    def __init__(self, command: list[str], log: Path) -> None:
        self.news = News(0, 0, False, [])
        self.failures: dict[str, str] = {}
        self._command = command
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._opened: asyncio.Future[int] | None = None
        self._wanted = False
        self._books: Books | None = None
        self._died: asyncio.Future[HoldfastError] = asyncio.get_running_loop().create_future()

    async def start(self) -> int:
        """Start it; gives how many messages it found in the outboxes. Raises HoldfastError."""
        self._wanted = True
        self._opened = asyncio.get_running_loop().create_future()
        with self._log.open("ab") as log:  # a session of its own: Ctrl-C is for the demo, which ends it
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self._hearing = asyncio.create_task(self._hear(self._process))
        try:
            return await self.outlived(asyncio.wait_for(self._opened, START_WITHIN_S))
        except TimeoutError:
            raise HoldfastError("the gateways did not start", hint=f"see {self._log}") from None

    async def _hear(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            if not line.endswith(b"\n"):  # it was killed in the middle of a word
                break
            self._take(from_line(line))
        code = await process.wait()
        if self._wanted:
            self._died.set_result(self._obituary(code))

    def _take(self, said: Said) -> None:
        if isinstance(said, News):
            self.news = said
        elif isinstance(said, Failure):
            self.failures[said.serial] = said.why
        elif isinstance(said, Books):
            self._books = said
        elif self._opened is not None and not self._opened.done():
            self._opened.set_result(said.waited)

    def _obituary(self, code: int) -> HoldfastError:
        how = f"exit code {code}" if code >= 0 else f"signal {-code}"
        said = self._log.read_text("utf-8", "replace").splitlines()
        last = f": {said[-1]}" if said and code > 0 else ""  # who is killed has no last words
        return HoldfastError(f"the gateways' process ended by itself ({how}){last}", hint=f"see {self._log}")

    async def outlived(self, work: Coroutine[None, None, T]) -> T:
        """What this work gives. Raises HoldfastError when the process dies by itself meanwhile."""
        working = asyncio.create_task(work)
        ends: set[asyncio.Future[Any]] = {working, self._died}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise self._died.result()
            return await working
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    def tell(self, order: str) -> None:
        """``go``, ``quiet`` or ``end``."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(f"{order}\n".encode())

    async def kill(self) -> None:
        """SIGKILL: its links are down, and what is in its outboxes stays there."""
        self._wanted = False
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
        await self._gone()
        self.news = self.news._replace(links=[link._replace(up=False) for link in self.news.links])

    async def end(self) -> list[Ledger]:
        """Let it end in order; gives the books of every outbox. Raises HoldfastError."""
        self._wanted = False
        self.tell("end")
        try:
            async with asyncio.timeout(END_WITHIN_S):
                await self._gone()
        except TimeoutError:
            raise HoldfastError("the gateways did not end", hint=f"see {self._log}") from None
        if self._books is None:
            raise HoldfastError("the gateways ended without their books", hint=f"see {self._log}")
        return self._books.ledgers

    async def _gone(self) -> None:
        if self._hearing is not None:
            await asyncio.shield(self._hearing)
