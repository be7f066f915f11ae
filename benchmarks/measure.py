"""One measurement: a fresh client process against the ack server, and the check that nothing was lost."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from benchmarks.cases import Case
from benchmarks.clients.common import LIMIT_S
from benchmarks.contestants import ROOT, Contestant, environment


class Failed(Exception):
    """A client crashed, hung, or what was delivered is not what was sent: the run is void."""


class Record(NamedTuple):
    """One client process; CPU in µs per message."""

    case: str
    client: str
    repetition: int
    cpu_us: float
    user_us: float
    sys_us: float
    server_us: float
    messages_per_s: float
    calibration_us: float
    how: str


class AckServer(AbstractContextManager["AckServer"]):
    """The ack server in its own process, for the whole run."""

    def __enter__(self) -> AckServer:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.ack_server"], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        self.port = int(self._line()["port"])
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout
        self._process.stdout.close()

    def report(self) -> dict[str, Any]:
        """Of the connection that ended first among those not yet told; waits for its end."""
        return self._line()

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise Failed("the ack server has ended")
        report: dict[str, Any] = json.loads(line)
        return report


def measure(
    server: AckServer, contestant: Contestant, case: Case, messages: int, payload_bytes: int, repetition: int
) -> Record:
    """Raises Failed unless the client and the server agree that every message went through once."""
    options = [case.name, "--port", server.port, "--messages", messages, "--payload-bytes", payload_bytes]
    command = [*contestant.command(), *map(str, options)]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=2 * LIMIT_S
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{contestant.name}, {case.name}: not finished in {2 * LIMIT_S:.0f} s") from None
    if done.returncode:
        raise Failed(f"{contestant.name}, {case.name}: exit {done.returncode}\n{done.stderr[-2000:]}")
    ours, theirs = json.loads(done.stdout), server.report()
    if wrong := complaint(case, messages, ours, theirs):
        raise Failed(f"{contestant.name}, {case.name}: {wrong}")
    user, system = (ours[name] * 1e6 / messages for name in ("cpu_user", "cpu_sys"))
    served = (theirs["cpu_user"] + theirs["cpu_sys"]) * 1e6 / messages
    return Record(
        case.name,
        contestant.name,
        repetition,
        user + system,
        user,
        system,
        served,
        messages / ours["wall"],
        ours["calibration_us"],
        ours["how"],
    )


def complaint(case: Case, messages: int, ours: dict[str, Any], theirs: dict[str, Any]) -> str | None:
    """What does not add up between the client's count and the server's; None: delivered is sent."""
    if theirs["error"]:
        return f"the ack server gave up: {theirs['error']}"
    counts = {"delivered, says the client": ours["delivered"]}
    if case.direction == "publish":
        counts["published, says the server"] = theirs["published"][case.qos]
        if case.qos == 2:
            counts["released, says the server"] = theirs["released"]
    else:
        counts["sent, says the server"] = theirs["sent"]
        if case.qos:
            counts["acknowledged, says the server"] = theirs["acked"]
    wrong = [f"{count} {what}" for what, count in counts.items() if count != messages]
    if not theirs["in_order"]:
        wrong.append("acknowledgements out of order")
    return f"{messages} asked for, but " + ", ".join(wrong) if wrong else None
