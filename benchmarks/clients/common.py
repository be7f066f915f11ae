"""What every client runner shares: its arguments, its clock, its one line of output."""

from __future__ import annotations

import argparse
import json
import resource
import time
from typing import NamedTuple

from benchmarks.cases import BY_NAME, Case

LIMIT_S = 120.0
"""A client that has not finished by then has lost messages, or hangs."""

_CALIBRATION_STEPS = 200_000


class Job(NamedTuple):
    case: Case
    port: int
    messages: int
    payload_bytes: int
    async_handler: bool

    @property
    def topic(self) -> str:
        """Published to; subscribed to, it orders the stream from the ack server."""
        return f"bench/{self.messages}/{self.case.qos}/{self.payload_bytes}"

    @property
    def payload(self) -> bytes:
        return b"x" * self.payload_bytes

    @property
    def expected(self) -> int:
        """Messages a receiving handler gets: those ordered and the one that says they were all."""
        return self.messages + 1


def read_job() -> Job:
    parser = argparse.ArgumentParser()
    parser.add_argument("case", choices=BY_NAME)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--payload-bytes", type=int, default=64)
    parser.add_argument(
        "--async-handler", action="store_true", help="for a client whose handler may be either"
    )
    options = parser.parse_args()
    return Job(
        BY_NAME[options.case], options.port, options.messages, options.payload_bytes, options.async_handler
    )


class Meter:
    """CPU (all threads of this process) and wall time from the CONNACK on."""

    def __init__(self, job: Job, client: str) -> None:
        self._job = job
        self._client = client
        self._calibration_us = calibrate()

    def start(self) -> None:
        self._usage = resource.getrusage(resource.RUSAGE_SELF)
        self._began = time.perf_counter()

    def stop(self, delivered: int, how: str) -> None:
        """`delivered`: as this client counts it. `how`: which of its own means told it that all was done."""
        wall = time.perf_counter() - self._began
        usage = resource.getrusage(resource.RUSAGE_SELF)
        line = {
            "client": self._client,
            "case": self._job.case.name,
            "n": self._job.messages,
            "delivered": delivered,
            "cpu_user": usage.ru_utime - self._usage.ru_utime,
            "cpu_sys": usage.ru_stime - self._usage.ru_stime,
            "wall": wall,
            "calibration_us": self._calibration_us,
            "how": how,
        }
        print(json.dumps(line), flush=True)


def calibrate() -> float:
    """CPU µs per step of a fixed loop of what such clients do most: slice, look up, call, append."""
    data = bytes(range(256))
    seen: dict[int, bytes] = {}
    began = time.process_time()
    for step in range(_CALIBRATION_STEPS):
        at = step & 0x7F
        piece = data[at : at + 8]
        seen[at] = piece
        len(piece)
    return (time.process_time() - began) * 1e6 / _CALIBRATION_STEPS
