"""One measurement: a fresh client process against its server, and the check that nothing was lost."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import ExitStack
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from benchmarks import disk, environments
from benchmarks.cases import Case
from benchmarks.clients.common import STALL_S, Job
from benchmarks.contestants import Contestant
from benchmarks.databases import database
from benchmarks.environments import ROOT
from benchmarks.servers import Failed, Servers, Unavailable
from benchmarks.witness import Assistant, feeding, witnessing

FILED = ("durable", "accept", "backlog", "receipts", "ingest")
"""Kinds of cases whose messages are in a file, for those that have one."""

IMPORTS = 5
"""Processes for one figure of an import: each is over so soon that a neighbour's moment shows."""


class Record(NamedTuple):
    """One client process."""

    case: str
    client: str
    repetition: int
    figure: float
    """What the case is about, in the unit of its kind."""
    more: dict[str, float]
    """What else was seen: how CPU splits, throughput, other quantiles."""
    calibration_us: float | None
    how: str


def measure(servers: Servers, contestant: Contestant, case: Case, messages: int, repetition: int) -> Record:
    """Raises Failed unless everyone who counts agrees that every message went through once.

    Raises Unavailable when this machine has no such server, or the client cannot do it after all.
    """
    if case.kind == "import":
        figure = median(_import_ms(contestant) for _ in range(IMPORTS))
        return Record(case.name, contestant.name, repetition, figure, {}, None, "")
    job = Job(case, servers.port(case), messages, _ca_file(servers, case), False, True)
    with ExitStack() as held:
        if case.kind in FILED:
            job = job._replace(folder=held.enter_context(TemporaryDirectory(dir=disk.folder())))
        if case.database:
            job = job._replace(database=held.enter_context(database(servers, case, job.folder)))
        helper = held.enter_context(assistant(servers, job))
        before = servers.mosquitto().cpu_s() if job.fed else 0.0
        ours = _run(contestant, job)
        seen = helper.count()
        served = servers.mosquitto().cpu_s() - before if job.fed else 0.0
    reports = contestant.connects and case.server in ("ack", "tls")
    theirs = servers.ack(case.server).report() if reports else None
    if wrong := complaint(case, messages, ours, theirs, seen):
        raise Failed(wrong)
    if theirs:
        served = theirs["cpu_user"] + theirs["cpu_sys"]
    figure, more = _figures(case, messages, ours, served)
    return Record(case.name, contestant.name, repetition, figure, more, ours["calibration_us"], ours["how"])


def assistant(servers: Servers, job: Job) -> Assistant:
    """Who sends to a receiver, or counts for a publisher, where mosquitto is between."""
    if not job.fed or job.case.kind == "trip":
        return Assistant(None)
    port = servers.mosquitto().port
    return feeding(port, job) if job.case.kind in ("receive", "ingest") else witnessing(port, job)


def _ca_file(servers: Servers, case: Case) -> str:
    return servers.ca_file if case.server == "tls" else ""


def _run(contestant: Contestant, job: Job) -> dict[str, Any]:
    try:
        done = subprocess.run(
            _command(contestant, job),
            cwd=ROOT,
            env=_variables(job.case),
            capture_output=True,
            text=True,
            timeout=job.limit_s + STALL_S,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"not finished in {job.limit_s:.0f} s") from None
    if done.returncode or not done.stdout.strip():
        raise Failed(f"exit {done.returncode}: {_last(done.stderr)}")
    line: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if reason := line.get("cannot"):
        raise Unavailable(reason)
    return line


def _variables(case: Case) -> dict[str, str]:
    try:
        return environments.variables(case.slower_ms)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unavailable(f"the disk cannot be made slower: {environments.reason(error)}") from error


def _last(text: str) -> str:
    """The line that names an error, as a rule."""
    return (text.strip().splitlines() or ["it said nothing"])[-1][:200]


def _command(contestant: Contestant, job: Job) -> list[str]:
    """A Python runner looks the case up; the C program is told everything."""
    case = job.case
    if contestant.environment == environments.C:
        told: list[object] = [case.kind, case.qos, int(case.awaited), job.port, job.messages]
        told += [case.payload_bytes, job.topic, case.filters, int(job.fed), case.per_s]
        return [*contestant.runner(), *map(str, told), *([job.ca_file] if job.ca_file else [])]
    options = [case.name, "--port", str(job.port), "--messages", str(job.messages)]
    options += ["--folder", job.folder] if job.folder else []
    options += ["--database", job.database] if job.database else []
    return [*contestant.runner(), *options, *(["--ca-file", job.ca_file] if job.ca_file else [])]


def _import_ms(contestant: Contestant) -> float:
    """CPU of a process that imports the client and does nothing with it."""
    command = [contestant.python(), "-c", contestant.imports]
    process = subprocess.Popen(command, env=environments.variables())
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failed(f"exit {process.returncode} at {contestant.imports!r}")
    return (usage.ru_utime + usage.ru_stime) * 1e3


def _figures(
    case: Case, messages: int, ours: dict[str, Any], served: float
) -> tuple[float, dict[str, float]]:
    if case.kind == "idle":
        return ours["bytes"] / 1e6, {}
    if case.kind in ("queued", "receipts"):
        return ours["bytes"] / messages, {}
    if "syncs_ms" in ours:
        return _disk(case, ours)
    user, system = (ours[name] * 1e6 / messages for name in ("cpu_user", "cpu_sys"))
    more = {
        "cpu_us": user + system,
        "user_us": user,
        "sys_us": system,
        "messages_per_s": messages / ours["wall"],
        "server_us": served * 1e6 / messages,
        **ours.get("seen", {}),
    }
    if "trips_ms" in ours:
        more |= _spread(ours["trips_ms"])
    if "lags_ms" in ours:
        more["lag_p999_ms"] = _spread(ours["lags_ms"])["p999_ms"]
    if case.kind in ("trip", "accept"):
        return more["p50_ms"], more
    return (ours["wall"] * 1e6 / messages if case.kind in FILED else user + system), more


def _spread(took_ms: list[float]) -> dict[str, float]:
    thousandths = quantiles(took_ms, n=1000)
    return {"p50_ms": thousandths[499], "p99_ms": thousandths[989], "p999_ms": thousandths[998]}


def _disk(case: Case, ours: dict[str, Any]) -> tuple[float, dict[str, float]]:
    """In the unit of the case: what a message would cost that is synchronised by itself."""
    spread = _spread(ours["syncs_ms"])
    p50_ms = spread["p50_ms"]
    more = spread | {"overwrite_ms": ours["overwrite_ms"], "messages_per_s": 1e3 / p50_ms}
    return p50_ms * (1 if case.kind == "accept" else 1e3), more


def complaint(
    case: Case, messages: int, ours: dict[str, Any], theirs: dict[str, Any] | None, seen: int | None = None
) -> str | None:
    """What does not add up between those who counted; None: delivered is sent.

    `ours` is the client's line, `theirs` the ack server's, `seen` the count of the feeder or the witness.
    """
    if theirs and theirs["error"]:
        return f"the ack server gave up: {theirs['error']}"
    counts = {"delivered, says the client": ours["delivered"]}
    if theirs:
        counts |= _served(case, theirs)
    if seen is not None:
        counts["through mosquitto, says who watched"] = seen
    wrong = [f"{count:,} {what}" for what, count in counts.items() if count != messages]
    if theirs and not theirs["in_order"]:
        wrong.append("out of order")
    return f"of {messages:,}: " + ", ".join(wrong) if wrong else None


def _served(case: Case, theirs: dict[str, Any]) -> dict[str, int]:
    if case.kind in ("publish", *FILED):
        counts = {"published, says the server": theirs["published"][case.qos]}
        return counts | ({"released, says the server": theirs["released"]} if case.qos == 2 else {})
    if case.kind == "receive":
        counts = {"sent, says the server": theirs["sent"]}
        return counts | ({"acknowledged, says the server": theirs["acked"]} if case.qos else {})
    return {}
