"""A process that is born on a status topic and dies on it; told to stop by its stdin, or killed.

``python -m tests.support.gateway URL STATUS JSON`` with the client's other options as JSON; it says
"ready" when it is connected, and "stopped" at its clean end.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from holdfast import Client, Will


async def serve(url: str, status: str, options: dict[str, Any]) -> None:
    """Until stdin ends."""
    async with Client(url, will=Will(status, "offline", birth="online"), **options) as client:
        await client.ready(10)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)
    print("stopped", flush=True)


class Gateway:
    """``with Gateway(url, status, **options)``: connected; killed at the end, unless it was stopped."""

    def __init__(self, url: str, status: str, **options: Any) -> None:
        command = [sys.executable, "-m", "tests.support.gateway", url, status, json.dumps(options)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        )

    def _expect(self, word: str) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline().strip() == word

    def stop(self) -> None:
        """A clean end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self._expect("stopped")
        self.process.wait(10)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait(10)

    def __enter__(self) -> Gateway:
        self._expect("ready")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2], json.loads(sys.argv[3])))
