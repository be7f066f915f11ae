"""MQTT into SQLite through a real broker: every row, once, and the acknowledgement after it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest

from holdfast.cli.demo.readings import readings
from holdfast.testing import Broker
from tests.support.command import Running, wait
from tests.support.mosquitto import Mosquitto

TOPIC = "CM4_BLE_GW_TX"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """mosquitto as it is installed, with a session store."""
    lines = ("persistence true", f"persistence_location {tmp_path}/")
    with Mosquitto(tmp_path / "mosquitto", *lines) as running:
        yield running


@pytest.fixture
def strict() -> Iterator[Broker]:
    """Our own broker, which hangs up on acknowledgements out of order."""
    with Broker(strict=True) as running:
        yield running
        assert running.violations == []


def ask(database: Path, sql: str = "SELECT payload FROM messages ORDER BY id") -> list[Any]:
    if not database.exists():
        return []
    with closing(sqlite3.connect(database)) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'messages'").fetchone():
            return []
        return [row[0] if len(row) == 1 else row for row in db.execute(sql)]


def wait_for_more(database: Path, than: int) -> None:
    wait(lambda: len(set(ask(database))) > than)


def six() -> list[str]:
    """The six payloads of a vital-sign box."""
    return [payload.decode() for _, payload in islice(readings(1, Random("six"), 1_739_360_702), 6)]


def mosquitto_pub(broker: Mosquitto, *arguments: str, qos: int = 1, version: str = "mqttv5") -> None:
    command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(broker.port), "-q", str(qos), "-V", version]
    subprocess.run([*command, *arguments], check=True, timeout=20)


@pytest.mark.needs("mosquitto", "mosquitto_pub")
@pytest.mark.parametrize("version", ["5", "3.1.1"])
@pytest.mark.parametrize("qos", [1, 2])
def test_the_six_payloads(broker: Mosquitto, tmp_path: Path, version: str, qos: int) -> None:
    """Published by another program, they are in the table exactly once each, as they were sent."""
    database = tmp_path / "vitals.db"
    flags = ("-u", broker.url, "-t", TOPIC, "--into", f"sqlite:///{database}", "--qos", str(qos))
    with Running(tmp_path / "out", "ingest", *flags, "--version", version) as ingest:
        ingest.says(f"subscribed {TOPIC} at QoS {qos}")
        for payload in six():
            mosquitto_pub(
                broker, "-t", TOPIC, "-m", payload, qos=qos, version=f"mqttv{version.replace('.', '')}"
            )
        wait(lambda: len(ask(database)) == 6)
        assert ingest.stop() == 0
        assert "received 6 = stored 6 + repeated 0 + quarantined 0 + waiting 0" in ingest.out
    assert ask(database) == six()
    assert ask(database, "SELECT DISTINCT topic, qos, retain, typeof(payload) FROM messages") == [
        (TOPIC, qos, 0, "text")
    ]


@pytest.mark.needs("mosquitto", "mosquitto_pub")
def test_what_comes_while_it_is_away_is_there_when_it_is_back(broker: Mosquitto, tmp_path: Path) -> None:
    """The client id is kept in the database: the broker kept the session, over its own restart too."""
    database = tmp_path / "vitals.db"
    flags = ("ingest", "-u", broker.url, "-t", "plant/{line}/temp", "--into", str(database))
    with Running(tmp_path / "1", *flags) as ingest:
        ingest.says("subscribed")
        assert ingest.stop() == 0
    mosquitto_pub(broker, "-t", "plant/7/temp", "-m", "21.5")
    broker.restart()
    with Running(tmp_path / "2", *flags) as ingest:
        wait(lambda: ask(database) == ["21.5"])
        assert "session kept" in ingest.err
        assert ingest.stop() == 0
    assert ask(database, "SELECT line FROM messages") == ["7"]


@pytest.mark.needs("mosquitto", "mosquitto_pub")
def test_properties_and_bytes_are_kept(broker: Mosquitto, tmp_path: Path) -> None:
    """MQTT 5 properties as JSON, retained messages flagged, a payload that is no text as bytes."""
    database, frame = tmp_path / "x.db", tmp_path / "frame"
    frame.write_bytes(b"\xff\x00\xfe")
    extra = ("-D", "publish", "content-type", "image/raw", "-D", "publish", "user-property", "site", "7")
    mosquitto_pub(broker, "-t", "camera/1", "-f", str(frame), "--retain", *extra)
    flags = ("ingest", "-u", broker.url, "-t", "camera/{n}", "--into", str(database))
    with Running(tmp_path / "out", *flags) as ingest:
        wait(lambda: ask(database))
        assert ingest.stop() == 0
    [(payload, retain, properties)] = ask(database, "SELECT payload, retain, properties FROM messages")
    assert (payload, retain) == (b"\xff\x00\xfe", 1)
    assert json.loads(properties) == {"content_type": "image/raw", "user_property": [["site", "7"]]}


def test_killed_at_any_moment_nothing_is_lost(strict: Broker, tmp_path: Path) -> None:
    """kill -9 between any commit and its acknowledgement: after a restart every message has a row."""
    database, count = tmp_path / "x.db", 600
    flags = ("ingest", "-u", strict.url, "-t", "n/+", "--into", str(database), "--batch", "5")
    for run in range(3):
        with Running(tmp_path / str(run), *flags) as ingest:
            ingest.says("subscribed" if run == 0 else "session kept")
            for number in range(run * 200, run * 200 + 200):
                strict.publish(f"n/{number}", str(number))
            wait_for_more(database, run * 200)
            ingest.process.kill()
    with Running(tmp_path / "last", *flags) as ingest:
        ingest.says("session kept")
        wait(lambda: len(set(ask(database))) == count)
        assert ingest.stop() == 0
    stored = [int(payload) for payload in ask(database)]
    assert sorted(set(stored)) == list(range(count))
    first = list(dict.fromkeys(stored))
    assert first == sorted(first)


def test_progress_and_ledger_in_json(strict: Broker, tmp_path: Path) -> None:
    """Every line on stdout is an object, the last one the ledger."""
    database = tmp_path / "x.db"
    flags = ("ingest", "-u", strict.url, "-t", "n/+", "--into", str(database), "--json")
    with Running(tmp_path / "out", *flags) as ingest:
        ingest.says("subscribed")
        strict.publish("n/1", "one")
        wait(lambda: ask(database) == ["one"])
        assert ingest.stop() == 0
        ledger = json.loads(ingest.out.splitlines()[-1])
    assert ledger == {
        "event": "ledger", "received": 1, "stored": 1, "repeated": 0, "quarantined": 0,
        "waiting": 0, "spooled": 0,
        "into": str(database),
    }  # fmt: skip


def test_a_locked_database_is_waited_for(strict: Broker, tmp_path: Path) -> None:
    """While another program holds it nothing is acknowledged; one sentence says so; then all is stored."""
    database = tmp_path / "x.db"
    flags = ("ingest", "-u", strict.url, "-t", "n/+", "--into", str(database), "--no-spool")
    with Running(tmp_path / "out", *flags) as ingest:
        ingest.says("subscribed")
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for number in range(20):
                strict.publish("n/1", str(number))
            ingest.says("Nothing is acknowledged meanwhile")
            other.execute("ROLLBACK")
        wait(lambda: len(ask(database)) == 20)
        assert ingest.stop() == 0
        assert ingest.err.count("Nothing is acknowledged meanwhile") == 1
    assert ask(database) == [str(number) for number in range(20)]


def test_stopped_while_it_cannot_write_it_leaves_all_to_the_broker(strict: Broker, tmp_path: Path) -> None:
    """Exit code 73 and the ledger says what waits; the next run stores it once."""
    database = tmp_path / "x.db"
    flags = ("ingest", "-u", strict.url, "-t", "n/+", "--into", str(database), "--qos", "2", "--no-spool")
    with Running(tmp_path / "1", *flags) as ingest:
        ingest.says("subscribed")
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            strict.publish("n/1", "one", qos=2)
            ingest.says("Nothing is acknowledged meanwhile")
            assert ingest.stop() == 73
        assert "received 1 = stored 0 + repeated 0 + quarantined 0 + waiting 1" in ingest.out
    with Running(tmp_path / "2", *flags) as ingest:
        wait(lambda: ask(database) == ["one"])
        assert ingest.stop() == 0


def test_a_locked_database_is_waited_for_in_the_spool(strict: Broker, tmp_path: Path) -> None:
    """What comes meanwhile is acknowledged from the file beside it; stopped, the next run stores it, once."""
    database = tmp_path / "x.db"
    flags = ("ingest", "-u", strict.url, "-t", "n/+", "--into", str(database), "--qos", "2")
    with Running(tmp_path / "1", *flags) as ingest:
        ingest.says("subscribed")
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            strict.publish("n/1", "one", qos=2)
            ingest.says("What comes is kept in the outbox file meanwhile")
            strict.publish("n/1", "two", qos=2)
            wait(lambda: held(f"{database}.spool") == 2)
            assert ingest.stop() == 73
        assert "received 2 = stored 0 + repeated 0 + quarantined 0 + waiting 0 + spooled 2" in ingest.out
        assert "kept for the next run" in ingest.err
    with Running(tmp_path / "2", *flags) as ingest:
        wait(lambda: ask(database) == ["one", "two"])
        strict.publish("n/1", "three", qos=2)
        wait(lambda: ask(database) == ["one", "two", "three"])
        assert ingest.stop() == 0
        assert "received 3 = stored 3" in ingest.out


def held(file: str) -> int:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT count(*) FROM inbound").fetchone()[0])
