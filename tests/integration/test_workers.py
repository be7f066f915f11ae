"""``ingest --workers N --share GROUP`` on mosquitto: deaths, and changes of N (contract 18)."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from holdfast.outbox.lock import OwnerLock
from tests.support.command import LIMIT_S, Running, wait
from tests.support.mosquitto import Mosquitto

pytestmark = pytest.mark.needs("mosquitto", "mosquitto_pub")

# A worker that is away must find all of its part again: mosquitto's own limit is 1,000 (contract X2).
LINES = ("persistence true", "max_queued_messages 0", "max_inflight_messages 100")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """mosquitto that keeps what waits."""
    with Mosquitto(tmp_path / "mosquitto", *LINES, f"persistence_location {tmp_path}/") as running:
        yield running


class Workers(Running):
    """The command with so many workers, in a folder of the test."""

    def __init__(self, folder: Path, broker: Mosquitto, workers: int, *flags: str, run: str = "1") -> None:
        self.database = folder / "x.db"
        self.slots = folder / "x.db.slots"
        words = ["-u", broker.url, "-t", "n/{n}", "--into", str(self.database), "--client-id", "w"]
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
    with closing(sqlite3.connect(database)) as db:
        return sorted(int(payload) for (payload,) in db.execute("SELECT payload FROM messages"))


def workers_that_wrote(database: Path) -> set[str]:
    with closing(sqlite3.connect(database)) as db:
        rows = db.execute("SELECT key FROM holdfast WHERE key LIKE 'last_batch %' AND value > 0")
        return {key.split()[1] for (key,) in rows}


def publish(broker: Mosquitto, numbers: range, qos: int) -> None:
    """By another program, each number once."""
    command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(broker.port), "-q", str(qos), "-t", "n/1", "-l"]
    lines = "".join(f"{number}\n" for number in numbers)
    subprocess.run(command, input=lines.encode(), check=True, timeout=20)


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
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(("workers", "qos", "version"), [(2, 1, "5"), (4, 2, "5"), (2, 2, "3.1.1")])
def test_each_message_once(broker: Mosquitto, tmp_path: Path, workers: int, qos: int, version: str) -> None:
    """All workers write the one table, each its part; one ledger speaks for all."""
    count = 2000
    flags = ("--qos", str(qos), "--version", version)
    with Workers(tmp_path, broker, workers, *flags) as running:
        running.subscribed(workers)
        publish(broker, range(count), qos)
        wait(lambda: len(stored(running.database)) >= count)
        assert running.stop() == 0
        ledger = running.ledger
    assert stored(running.database) == list(range(count))
    assert workers_that_wrote(running.database) == {f"w-{number}" for number in range(workers)}
    assert (ledger["received"], ledger["stored"], ledger["waiting"]) == (count, count, 0)
    assert (ledger["workers"], ledger["restarts"], ledger["torn"]) == (workers, 0, 0)


@pytest.mark.parametrize("qos", [1, 2])
def test_a_killed_worker_comes_back_for_its_part(broker: Mosquitto, tmp_path: Path, qos: int) -> None:
    """kill -9 while messages come: its part waits for it, and back in its slot the worker has it."""
    with Workers(tmp_path, broker, 2, "--qos", str(qos)) as running:
        running.subscribed(2)
        [pid] = running.pids("w-0")
        publish(broker, range(500), qos)
        wait(lambda: "w-0" in workers_that_wrote(running.database))
        os.kill(pid, signal.SIGKILL)
        publish(broker, range(500, 1000), qos)
        running.says("w-0 was killed by signal 9; comes again in ")
        running.subscribed(3)
        publish(broker, range(1000, 1500), qos)
        wait(lambda: len(set(stored(running.database))) == 1500)
        assert running.stop() == 0
        assert running.ledger["restarts"] == 1
        assert len(running.pids("w-0")) == 2
        assert len(running.pids("w-1")) == 1


@pytest.mark.chaos
@pytest.mark.parametrize("qos", [1, 2])
def test_workers_killed_at_random(broker: Mosquitto, tmp_path: Path, qos: int) -> None:
    """The same with four workers, any of which dies at any moment, twenty times."""
    chance, deaths = Random("workers"), 20
    with Workers(tmp_path, broker, 4, "--qos", str(qos)) as running:
        for death in range(deaths):
            running.subscribed(4 + death)
            publish(broker, range(1000 * death, 1000 * death + 500), qos)
            os.kill(running.pids(f"w-{chance.randrange(4)}")[-1], signal.SIGKILL)
            publish(broker, range(1000 * death + 500, 1000 * death + 1000), qos)
        wait(lambda: len(set(stored(running.database))) == 1000 * deaths, 60)
        assert running.stop() == 0
        assert running.ledger["restarts"] == deaths


@pytest.mark.parametrize(("version", "qos"), [("5", 2), ("3.1.1", 1)])
def test_a_slot_that_is_not_wanted_is_retired(
    broker: Mosquitto, tmp_path: Path, version: str, qos: int
) -> None:
    """While messages come: what its session held is stored; session and files are gone."""
    flags = ("--version", version, "--qos", str(qos))
    with Workers(tmp_path, broker, 2, *flags) as running:
        running.subscribed(2)
        assert running.stop() == 0
    publish(broker, range(1000), qos)
    with Workers(tmp_path, broker, 1, *flags, run="2") as running:
        running.says("w-1: connected to")
        publish(broker, range(1000, 1200), qos)
        running.says("w-1 is retired: the broker keeps nothing for it any more", LIMIT_S)
        wait(lambda: len(stored(running.database)) >= 1200)
        assert running.stop() == 0
        assert running.ledger["stored"] == 1200
    assert stored(running.database) == list(range(1200))
    assert not is_known(broker, "w-1")
    assert is_known(broker, "w-0")
    assert [name for name in os.listdir(running.slots) if name.startswith("w-1")] == []


def test_an_interrupted_retirement_is_made_up_for(broker: Mosquitto, tmp_path: Path) -> None:
    """Nothing could be stored when it was to end: the slot and its session stay until the next start."""
    with Workers(tmp_path, broker, 1) as running:
        running.subscribed(1)
        assert running.stop() == 0
    publish(broker, range(100), 1)
    with Workers(tmp_path, broker, 0, run="2") as running:
        running.says("w-0 runs as process")
        with closing(sqlite3.connect(running.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert running.stop() != 0
    assert is_known(broker, "w-0")
    with Workers(tmp_path, broker, 0, run="3") as running:
        assert running.process.wait(LIMIT_S) == 0
    assert stored(running.database) == list(range(100))
    assert not is_known(broker, "w-0")


def test_no_workers_retires_all(broker: Mosquitto, tmp_path: Path) -> None:
    """--workers 0 ends by itself, and nothing is left: neither a session nor a file of a slot."""
    with Workers(tmp_path, broker, 2) as running:
        running.subscribed(2)
        assert running.stop() == 0
    publish(broker, range(100), 1)
    with Workers(tmp_path, broker, 0, run="2") as running:
        assert running.process.wait(LIMIT_S) == 0
    assert stored(running.database) == list(range(100))
    assert [is_known(broker, f"w-{number}") for number in range(2)] == [False, False]
    assert os.listdir(running.slots) == ["w.lock"]


def test_one_process_is_retired_too(broker: Mosquitto, tmp_path: Path) -> None:
    """ingest --retire, the way from one process to workers: its session is read to the end, and ended."""
    database = tmp_path / "x.db"
    words = ("ingest", "-u", broker.url, "-t", "n/{n}", "--into", str(database), "--client-id", "w")
    with Running(tmp_path / "1", *words) as running:
        running.says("subscribed n/+")
        assert running.stop() == 0
    publish(broker, range(100), 1)
    with Running(tmp_path / "2", *words, "--retire") as running:
        assert running.process.wait(LIMIT_S) == 0
    assert stored(database) == list(range(100))
    assert not is_known(broker, "w")


def test_a_killed_parent_takes_its_workers_along(broker: Mosquitto, tmp_path: Path) -> None:
    """They drain and end; the next command has the slots, and loses nothing."""
    with Workers(tmp_path, broker, 2) as running:
        running.subscribed(2)
        pids = running.pids("w-0") + running.pids("w-1")
        publish(broker, range(500), 1)
        running.process.kill()
        running.process.wait(10)
        with Workers(tmp_path, broker, 2, run="2") as after:
            after.subscribed(2)
            wait(lambda: not any(map(lives, pids)))
            wait(lambda: len(set(stored(after.database))) == 500)
            assert after.stop() == 0


def test_the_second_signal_means_now(broker: Mosquitto, tmp_path: Path) -> None:
    """No process is left that could go on (contract 24)."""
    with Workers(tmp_path, broker, 2) as running:
        running.subscribed(2)
        pids = running.pids("w-0") + running.pids("w-1")
        os.kill(pids[0], signal.SIGSTOP)  # it cannot drain
        running.process.send_signal(signal.SIGTERM)
        running.says("draining")
        assert running.stop() == 128 + signal.SIGTERM
        wait(lambda: not any(map(lives, pids)))


def test_a_slot_in_use_is_tried_again(broker: Mosquitto, tmp_path: Path) -> None:
    """Its lock decides: the worker says who has it, comes again, and has it when it is free."""
    (tmp_path / "x.db.slots").mkdir()
    lock = OwnerLock(str(tmp_path / "x.db.slots" / "w-0.db"))
    with Workers(tmp_path, broker, 2) as running:
        running.says(f"w-0.db is in use by process {os.getpid()}")
        running.says("w-0 ended with exit code 73; comes again in ")
        lock.release()
        running.subscribed(2)
        assert running.stop() == 0
