"""``ingest --workers`` as a process, and what became of the messages that were published."""

from __future__ import annotations

import json
import os
import re
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.support.command import Running, wait
from tests.support.mosquitto import Mosquitto

# A worker that is away must find all of its part again: mosquitto's own limit is 1,000 (contract X2).
LINES = ("persistence true", "max_queued_messages 0", "max_inflight_messages 100")


@contextmanager
def keeping(folder: Path) -> Iterator[Mosquitto]:
    """mosquitto that keeps what waits."""
    with Mosquitto(folder / "mosquitto", *LINES, f"persistence_location {folder}/") as running:
        yield running


class Workers(Running):
    """The command with so many workers, in a folder of the test."""

    def __init__(
        self, folder: Path, broker: Mosquitto, workers: int, *flags: str, run: str = "1", into: str = ""
    ) -> None:
        """``run`` names where its output goes; ``into``: another database than ``database``."""
        self.database = folder / "x.db"
        self.slots = folder / "x.db.slots"
        words = ["-u", broker.url, "-t", "n/{n}", "--into", into or str(self.database), "--client-id", "w"]
        scale = ["--workers", str(workers), "--share", "g", "--json"]
        super().__init__(folder / run, "ingest", *words, *scale, *flags)

    def subscribed(self, times: int) -> None:
        """Wait until that many subscriptions were granted."""
        wait(lambda: self.err.count("subscribed $share/g/n/+") >= times or self.process.poll() is not None)
        assert self.err.count("subscribed $share/g/n/+") >= times, self.err

    def pids(self, name: str) -> list[int]:
        """The processes of this slot, one after the other."""
        return [int(pid) for pid in re.findall(rf"^{name} runs as process (\d+)$", self.err, re.M)]

    @property
    def ledger(self) -> dict[str, Any]:
        """Its last word."""
        last: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        assert last["event"] == "ledger"
        return last


def stored(database: Path) -> list[int]:
    """The payloads in the table."""
    with closing(sqlite3.connect(database)) as db:
        return sorted(int(payload) for (payload,) in db.execute("SELECT payload FROM messages"))


def workers_that_wrote(database: Path) -> set[str]:
    """Their client ids."""
    with closing(sqlite3.connect(database)) as db:
        rows = db.execute("SELECT key FROM holdfast WHERE key LIKE 'last_batch %' AND value > 0")
        return {key.split()[1] for (key,) in rows}


def publish(broker: Mosquitto, numbers: range, qos: int) -> None:
    """By another program, each number once."""
    command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(broker.port), "-q", str(qos), "-t", "n/1", "-l"]
    lines = "".join(f"{number}\n" for number in numbers)
    subprocess.run(command, input=lines.encode(), check=True, timeout=20)


def leave_waiting(
    folder: Path, broker: Mosquitto, numbers: range, workers: int = 1, *flags: str, qos: int = 1
) -> None:
    """So many workers have been there, with these flags, and now these wait in their sessions."""
    with Workers(folder, broker, workers, *flags) as running:
        running.subscribed(workers)
        assert running.stop() == 0
    publish(broker, numbers, qos)


def is_known(broker: Mosquitto, client_id: str) -> bool:
    """Whether the broker has a session of this name (MQTT 3.1.1 §3.2.2.2)."""
    body = b"\x00\x04MQTT\x04\x00\x00\x3c" + len(client_id).to_bytes(2, "big") + client_id.encode()
    with socket.create_connection(("127.0.0.1", broker.port), 5) as link:
        link.sendall(b"\x10" + bytes([len(body)]) + body)
        connack = link.recv(4)
        link.sendall(b"\xe0\x00")
    assert connack[3] == 0
    return connack[2] == 1


def lives(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
