"""The holdfast command as a process of its own, as a user runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import Self

from tests.support.leaks import LEAKS

HOLDFAST = [sys.executable, "-m", "holdfast.cli"]
LIMIT_S = 60


def holdfast(
    *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    done = subprocess.run(
        [*HOLDFAST, *arguments], input=stdin, capture_output=True, env=_clean(env), cwd=cwd, timeout=LIMIT_S
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


class Running:
    """The command while it runs; its output goes to files that can be read at any time.

    ``to`` and ``err_to``: stdout and stderr go there instead, open files.
    """

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        to: int | None = None,
        err_to: int | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._out, self._err = folder / "stdout", folder / "stderr"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [*HOLDFAST, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out if to is None else to,
                stderr=err if err_to is None else err_to,
                env=_clean(env),
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(LIMIT_S)
        LEAKS.look("the output of a process", self.out + self.err)

    @property
    def out(self) -> str:
        """stdout so far."""
        return self._out.read_text()

    @property
    def err(self) -> str:
        """stderr so far."""
        return self._err.read_text()

    def says(self, text: str, limit_s: float = 20) -> None:
        """Wait until it has said this, on either stream."""
        wait(lambda: text in self.err or text in self.out or self.process.poll() is not None, limit_s)
        assert text in self.err or text in self.out, f"it said: {self.out}{self.err}"

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, and wait; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(LIMIT_S)


def wait(check: Callable[[], object], limit_s: float = 20) -> None:
    """Until the check holds; fails with what it gave last."""
    deadline = monotonic() + limit_s
    while not (last := check()):
        assert monotonic() < deadline, f"still {last!r} after {limit_s} s"
        sleep(0.02)


def _clean(env: Mapping[str, str] | None) -> dict[str, str]:
    """The caller's environment without HOLDFAST_URL, which would decide for the test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    return {**kept, **(env or {})}
