"""Slots that are not wanted any more, on mosquitto: nothing is left behind (contract 18)."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.command import LIMIT_S, Running, wait
from tests.support.mosquitto import Mosquitto
from tests.support.scaling import Workers, is_known, keeping, leave_waiting, publish, stored

pytestmark = pytest.mark.needs("mosquitto", "mosquitto_pub")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """mosquitto that keeps what waits."""
    with keeping(tmp_path) as running:
        yield running


@pytest.mark.parametrize(("version", "qos"), [("5", 2), ("3.1.1", 1)])
def test_a_slot_that_is_not_wanted_is_retired(
    broker: Mosquitto, tmp_path: Path, version: str, qos: int
) -> None:
    """While messages come: what its session held is stored; session and files are gone."""
    flags = ("--version", version, "--qos", str(qos))
    leave_waiting(tmp_path, broker, range(1000), 2, *flags, qos=qos)
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
    leave_waiting(tmp_path, broker, range(100))
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
