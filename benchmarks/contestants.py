"""Who is measured: a runner each, with the environment it needs and what it cannot do."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import NamedTuple

from benchmarks import environments
from benchmarks.cases import Case
from benchmarks.targets import (
    AIOMQTT_LOOP,
    ALPHA,
    BLOCKING,
    DISK,
    ISOLATED,
    LIBMOSQUITTO,
    OURS,
    PAHO_LOOP,
    PLAIN,
)

AGAIN = "gmqtt (again)"
"""The second half of the A/A pair: the same as gmqtt. What differs between the two is noise."""


class Contestant(NamedTuple):
    name: str
    module: str
    environment: str | None
    """Its line in peers.txt; None: this checkout, in the environment of the harness."""
    imports: str = ""
    """The statement a program that uses it begins with."""
    options: tuple[str, ...] = ()
    lacks: Mapping[str, str] = {}
    """What it has not got (`Case.needs`), or is not measured in, and why."""
    only: tuple[str, ...] = ()
    """The cases it is measured in, by kind or name; empty: all."""
    repetitions: int = 99
    """It takes part in so many repetitions; fewer where one takes many seconds."""
    most: int = 1 << 30
    """Messages it is given at the most, where more would take minutes."""

    @property
    def connects(self) -> bool:
        """A disk does not."""
        return self.name != DISK

    @property
    def ours(self) -> bool:
        """What it loses voids the run."""
        return self.module.startswith("holdfast")

    def absent(self, case: Case) -> str | None:
        """Why it does not take part; empty: nobody would expect it to."""
        if self.only and not {case.kind, case.name} & set(self.only):
            return ""
        if case.kind == "import" and not self.imports:
            return ""
        return next((self.lacks[need] for need in case.needs if need in self.lacks), None)

    def runner(self) -> list[str]:
        if self.environment == environments.C:
            return [str(environments.program())]
        return [self.python(), "-m", f"benchmarks.clients.{self.module}", *self.options]

    def python(self) -> str:
        return str(environments.python(self.environment)) if self.environment else sys.executable


_SLOW = {"speed": "left out, it takes long: 64 bytes and one filter tell enough"}
_NO_WEBSOCKET = {"websocket": "has no WebSocket"}
_NO_QUEUE = {"queue": "has no queue of its own: publish() is a coroutine that waits for the acknowledgement"}
_THREADED = ("publish-qos1-bulk", "publish-qos1-awaited", "receive-qos1", "trip-500")
"""Where threads of ours cost something."""
_ASYNC = ("--async-handler",)
_VOLATILE = {"file": "", "table": ""}
"""Its figures stand in the cases that need no file; the loops that write a table have rows of their own."""

CONTESTANTS = (
    Contestant(OURS, "holdfast_client", None, "from holdfast import Client"),
    Contestant(
        PLAIN,
        "holdfast_client",
        None,
        options=("--no-coalescing",),
        only=("trip-20", "trip-500", "receive-qos0-mosquitto", "receive-qos1-mosquitto", "receive-qos1"),
    ),
    Contestant(
        f"{OURS} (tasks)",
        "holdfast_client",
        None,
        options=("--tasks",),
        only=("publish-qos1-awaited", "publish-qos2-awaited"),
    ),
    Contestant(ISOLATED, "holdfast_client", None, options=("--isolated",), only=_THREADED),
    Contestant(BLOCKING, "holdfast_blocking", None, only=_THREADED),
    Contestant(
        f"{OURS} (process)",
        "holdfast_client",
        None,
        options=("--process",),
        only=("durable-publishers", "durable-many-500"),
    ),
    Contestant("gmqtt", "gmqtt_client", "gmqtt", "from gmqtt import Client", lacks=_NO_WEBSOCKET | _VOLATILE),
    Contestant(AGAIN, "gmqtt_client", "gmqtt", "from gmqtt import Client", lacks=_NO_WEBSOCKET | _VOLATILE),
    Contestant(
        "gmqtt (async handler)",
        "gmqtt_client",
        "gmqtt",
        options=_ASYNC,
        lacks=_NO_WEBSOCKET,
        only=("receive",),
    ),
    Contestant(
        "mqttium", "mqttium_client", "mqttium", "from mqttium.api import AsyncClient", lacks=_VOLATILE
    ),
    Contestant("mqttium (SQLite)", "mqttium_client", "mqttium", options=("--file",), only=("durable",)),
    Contestant(
        "ohmqtt",
        "ohmqtt_client",
        "ohmqtt",
        only=("durable-publishers", "durable-publishers-5ms"),
        repetitions=2,
        most=200,
    ),
    Contestant(
        "mqttium (iterator)", "mqttium_client", "mqttium", options=_ASYNC, lacks=_SLOW, only=("receive",)
    ),
    Contestant(
        ALPHA,
        "aiomqtt3_client",
        "aiomqtt3",
        "from aiomqtt import Client",
        lacks=_NO_WEBSOCKET | _NO_QUEUE | _VOLATILE,
    ),
    Contestant(
        f"{ALPHA} (as it comes)",
        "aiomqtt3_client",
        "aiomqtt3",
        options=("--as-it-comes",),
        only=("receive-qos1", "publish-qos1-awaited", "trip-500"),
    ),
    Contestant(
        "aiomqtt 2",
        "aiomqtt_client",
        "aiomqtt",
        "from aiomqtt import Client",
        lacks=_SLOW | _NO_QUEUE | _VOLATILE,
        repetitions=2,
    ),
    Contestant(
        "paho",
        "paho_client",
        "paho-mqtt",
        "from paho.mqtt.client import Client",
        lacks=_SLOW | _VOLATILE,
        repetitions=2,
    ),
    Contestant(PAHO_LOOP, "paho_ingest", "paho-ingest", only=("ingest",)),
    Contestant(AIOMQTT_LOOP, "aiomqtt_ingest", "aiomqtt-ingest", only=("ingest",)),
    Contestant(
        "awscrt",
        "awscrt_client",
        "awscrt",
        "from awscrt import mqtt5",
        lacks=_SLOW | _VOLATILE | {"qos2": "has no QoS 2"},
        repetitions=2,
    ),
    Contestant(LIBMOSQUITTO, "", environments.C, lacks=_NO_WEBSOCKET | _VOLATILE),
    Contestant("python", "", None, "import asyncio, ssl, sqlite3", only=("import",)),
    Contestant("asyncio echo", "echo_client", None, only=("trip", "idle")),
    Contestant(DISK, "disk_client", None, only=("durable", "accept", "backlog")),
)
NAMES = tuple(one.name for one in CONTESTANTS)


def prepare(contestants: list[Contestant]) -> dict[str, str]:
    """Make their environments; gives the reason for each contestant that cannot be measured."""
    missing = environments.prepare(one.environment for one in contestants if one.environment)
    return {one.name: missing[one.environment] for one in contestants if one.environment in missing}
