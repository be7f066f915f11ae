"""The process beside a client that mosquitto serves: it feeds a receiver, or counts what a publisher sent."""

from __future__ import annotations

import subprocess
import sys
from contextlib import AbstractContextManager
from typing import Self

from benchmarks.clients.common import LIMIT_S, Job
from benchmarks.environments import ROOT
from benchmarks.servers import Failed


class Assistant(AbstractContextManager["Assistant"]):
    """A feeder process; None: nobody is needed."""

    def __init__(self, command: list[str] | None) -> None:
        self._command = command
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        if self._command:
            command = [sys.executable, "-m", "benchmarks.feeder", *self._command]
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
            assert self._process.stdout
            if self._process.stdout.readline() != "ready\n":
                raise Failed("the feeder did not start")
        return self

    def count(self) -> int | None:
        """What it has seen go through, once it has finished."""
        if self._process is None:
            return None
        out, _ = self._process.communicate(timeout=LIMIT_S)
        return int(out) if out.strip() else 0

    def __exit__(self, *exc: object) -> None:
        """A client that failed leaves it waiting."""
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def feeding(port: int, job: Job) -> Assistant:
    case = job.case
    sizes = [case.qos, job.messages, case.payload_bytes]
    return Assistant(["feed", str(port), job.topic, *map(str, sizes)])


def witnessing(port: int, job: Job) -> Assistant:
    return Assistant(["count", str(port), job.topic, str(job.messages)])
