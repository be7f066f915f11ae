"""A process that owns an outbox file, as a service does: it does what it is told on stdin, and sweeps.

Orders, a line each, each answered by a line: ``accept N`` messages, ``send N`` of them, ``refuse N`` and
``park N`` of those that are sent.
"""

from __future__ import annotations

import select
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from holdfast.client.clock import SystemClock
from holdfast.errors import HoldfastError
from holdfast.messages import Outgoing
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.protocol import Assigned, Failed, Parked
from tests.contracts.outboxes import wait

CLIENT_ID = "gateway-7"
SWEEP_S = 0.02


class Working:
    """The outbox, and what its session would know."""

    def __init__(self, path: str) -> None:
        self.clock = SystemClock()
        self.outbox = SqliteOutbox(path, self.clock)
        self.outbox.open(CLIENT_ID)
        self.sent: list[Outgoing] = []

    def accept(self, number: int) -> int:
        """New messages."""
        return self.outbox.accept([Outgoing(0, f"plant/{n + 1}/temp", b"21.5") for n in range(number)])

    def send(self, number: int) -> int:
        """In flight."""
        rows = self.outbox.take(number)
        self.sent += rows
        return self.outbox.write([Assigned([(row.seq, row) for row in rows])])

    def refuse(self, number: int) -> int:
        """Of those in flight the oldest: failed."""
        return self.outbox.write([Failed(self.sent.pop(0), 0x97, "quota") for _ in range(number)])

    def park(self, number: int) -> int:
        """Of those in flight the oldest: parked."""
        return self.outbox.write([Parked(self.sent.pop(0), 0x95, "limit 1 MiB") for _ in range(number)])

    def run(self) -> None:
        """Until stdin ends."""
        print("ready", flush=True)
        while True:
            ready, _, _ = select.select([sys.stdin], [], [], SWEEP_S)
            self.outbox.sweep(self.clock.now())
            self.outbox.begin()
            if ready:
                line = sys.stdin.readline()
                if not line:
                    break
                verb, number = line.split()
                wait(self.outbox, getattr(self, verb)(int(number)))
                print("done", flush=True)
        self.outbox.close(10)


class Owner:
    """``with Owner(path) as owner: owner.do("accept 3")``; killed at the end, unless it was stopped."""

    def __init__(self, path: Path) -> None:
        command = [sys.executable, "-m", "tests.support.outbox_owner", str(path)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        )
        self.said = self._line()

    @property
    def pid(self) -> int:
        """Whose file it is."""
        return self.process.pid

    def do(self, *orders: str) -> None:
        """Each is done when this returns."""
        assert self.process.stdin is not None
        for order in orders:
            self.process.stdin.write(f"{order}\n")
            self.process.stdin.flush()
            assert self._line() == "done"

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def stop(self) -> int:
        """An orderly end; its exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(20)

    def kill(self) -> None:
        """``kill -9``."""
        self.process.kill()
        self.process.wait(20)

    def __enter__(self) -> Owner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


def main(path: str) -> None:
    """Own it, or say why not."""
    try:
        working = Working(path)
    except HoldfastError as error:
        print(error, flush=True)
        sys.exit(1)
    working.run()


if __name__ == "__main__":
    main(sys.argv[1])
