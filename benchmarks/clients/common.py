"""What every client runner shares: its job, its clock, its one line of output."""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks.cases import AWAITED_AT_ONCE, BY_NAME, Case

LIMIT_S = 60.0
"""A client that has not finished by then has lost messages, or hangs."""

STALL_S = 3.0
"""A client that has been sent everything and counts no further for so long has lost messages."""

PAUSE_S = 0.5
"""Before memory is read: what the connection set off has settled."""

GO = "bench/go"
"""Published to by a receiver that mosquitto serves: the feeder begins (`feeder.py`)."""

NOTHING: Mapping[str, float] = {}
_FILTERS_AT_ONCE = 100
_CALIBRATION_STEPS = 200_000


class Job(NamedTuple):
    case: Case
    port: int
    messages: int
    ca_file: str
    """Of the server behind TLS; empty: it speaks plain TCP."""
    async_handler: bool
    coalescing: bool
    as_it_comes: bool = False
    tasks: bool = False
    isolated: bool = False
    file: bool = False
    process: bool = False
    folder: str = ""
    """Where a client that keeps its messages in a file puts it; empty: the case asks for none."""
    database: str = ""
    """Where rows go, as a path or a URL of PostgreSQL."""

    @property
    def limit_s(self) -> float:
        """As LIMIT_S; a backlog takes its time."""
        return 10 * LIMIT_S if self.case.kind == "backlog" else LIMIT_S

    @property
    def topic(self) -> str:
        """Published to; subscribed to, it orders the stream from the ack server."""
        case = self.case
        return f"bench/{self.messages}/{case.qos}/{case.payload_bytes}/{case.filters}"

    @property
    def payload(self) -> bytes:
        return b"x" * self.case.payload_bytes

    @property
    def fed(self) -> bool:
        """A feeder sends, through mosquitto; it waits for a message to GO."""
        return self.case.server in ("mosquitto", "websocket")

    @property
    def filters(self) -> list[str]:
        """To subscribe to before the clock starts."""
        if self.fed:
            return [self.topic]
        count = self.case.filters
        return [f"many/{i:05}" for i in range(count)] if count > 1 else []

    @property
    def filter_groups(self) -> list[list[str]]:
        """The same in as many SUBSCRIBEs as they make."""
        names = self.filters
        return [names[at : at + _FILTERS_AT_ONCE] for at in range(0, len(names), _FILTERS_AT_ONCE)]

    @property
    def expected(self) -> int:
        """Messages a receiving handler gets: the ack server sends one more, which says that was all."""
        return self.messages + (not self.fed)

    @property
    def groups(self) -> list[int]:
        """How many messages to hand over before waiting for them; awaited means a hundred."""
        return self.grouped(AWAITED_AT_ONCE if self.case.awaited else max(1, self.messages))

    def grouped(self, at_once: int) -> list[int]:
        whole, rest = divmod(self.messages, at_once)
        return [at_once] * whole + ([rest] if rest else [])


def read_job() -> Job:
    parser = argparse.ArgumentParser()
    parser.add_argument("case", choices=BY_NAME)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--messages", type=int, default=0, help="0: as many as the case says")
    parser.add_argument("--ca-file", default="")
    parser.add_argument("--async-handler", action="store_true", help="where the handler may be either")
    parser.add_argument("--no-coalescing", action="store_true", help="read as soon as there is something")
    parser.add_argument("--as-it-comes", action="store_true", help="not tuned where that takes its insides")
    parser.add_argument("--folder", default="", help="for files")
    parser.add_argument("--database", default="", help="where rows go")
    parser.add_argument("--file", action="store_true", help="what it publishes is kept in a file")
    parser.add_argument("--process", action="store_true", help="the file survives the process, not the power")
    parser.add_argument("--tasks", action="store_true", help="awaited by as many tasks, not in rounds")
    parser.add_argument("--isolated", action="store_true", help="the link on a thread of its own")
    given = parser.parse_args()
    case = BY_NAME[given.case]
    return Job(
        case,
        given.port,
        given.messages or case.messages,
        given.ca_file,
        given.async_handler,
        not given.no_coalescing,
        given.as_it_comes,
        given.tasks,
        given.isolated,
        given.file,
        given.process,
        given.folder,
        given.database,
    )


class Meter:
    """CPU (all threads of this process) and wall time from the CONNACK on."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._calibration_us = calibrate()

    def start(self) -> None:
        self._usage = resource.getrusage(resource.RUSAGE_SELF)
        self._began = time.perf_counter()

    def stop(
        self,
        delivered: int,
        how: str,
        trips: Sequence[float] = (),
        lags: Sequence[float] = (),
        seen: Mapping[str, float] = NOTHING,
    ) -> None:
        """`delivered`: as this client counts it. `how`: which of its own means told it that all was done.

        `trips`: how long each message took. `lags`: a part of that. `seen`: figures of its own.
        """
        wall = time.perf_counter() - self._began
        usage = resource.getrusage(resource.RUSAGE_SELF)
        line = {
            "delivered": delivered,
            "cpu_user": usage.ru_utime - self._usage.ru_utime,
            "cpu_sys": usage.ru_stime - self._usage.ru_stime,
            "wall": wall,
            "calibration_us": self._calibration_us,
            "how": how,
            "seen": dict(seen),
        }
        for name, took in (("trips_ms", trips), ("lags_ms", lags)):
            if took:
                line[name] = [round(one * 1e3, 4) for one in took]
        tell(line)


def tell(line: dict[str, Any]) -> None:
    """The one line of a client."""
    print(json.dumps(line), flush=True)


def resident_bytes() -> int:
    """Of this process, now."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def tell_memory(job: Job, before: int, how: str) -> None:
    """`before`: resident when nothing was queued; 0: what is resident is itself the figure."""
    tell({"delivered": job.messages, "bytes": resident_bytes() - before, "calibration_us": None, "how": how})


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


def cannot(reason: str) -> None:
    """The one line of a client that has not got what the case needs: it is not measured, and that is why."""
    tell({"cannot": reason})
