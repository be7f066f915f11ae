"""``ingest --workers N --share GROUP`` on mosquitto: each message once, and every death (contract 18)."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from holdfast.outbox.lock import OwnerLock
from tests.support.command import wait
from tests.support.mosquitto import Mosquitto
from tests.support.scaling import Workers, keeping, leave_waiting, lives, publish, stored, workers_that_wrote

if TYPE_CHECKING:
    from tests.support.postgres import Database

pytestmark = pytest.mark.needs("mosquitto", "mosquitto_pub")


# QoS 2 stores each message once by itself.
EXACTLY = {1: ("--qos", "1", "--key", "payload"), 2: ("--qos", "2")}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """mosquitto that keeps what waits."""
    with keeping(tmp_path) as running:
        yield running


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
    """kill -9 while messages come: its part waits for it; when it is back, rows = messages."""
    with Workers(tmp_path, broker, 2, *EXACTLY[qos]) as running:
        running.subscribed(2)
        [pid] = running.pids("w-0")
        publish(broker, range(500), qos)
        wait(lambda: "w-0" in workers_that_wrote(running.database))
        os.kill(pid, signal.SIGKILL)
        publish(broker, range(500, 1000), qos)
        running.says("w-0 was killed by signal 9; comes again in ")
        running.subscribed(3)
        publish(broker, range(1000, 1500), qos)
        wait(lambda: len(stored(running.database)) == 1500)
        assert running.stop() == 0
        assert running.ledger["restarts"] == 1
        assert stored(running.database) == list(range(1500))
        assert len(running.pids("w-0")) == 2
        assert len(running.pids("w-1")) == 1


def test_a_worker_killed_before_its_first_word_is_told_of(broker: Mosquitto, tmp_path: Path) -> None:
    """What it stored is in the table and not in the ledger, whose last line says so."""
    leave_waiting(tmp_path, broker, range(50))
    with Workers(tmp_path, broker, 1, run="2") as running:
        wait(lambda: stored(running.database))
        [pid] = running.pids("w-0")
        os.kill(pid, signal.SIGKILL)
        running.subscribed(2)
        wait(lambda: len(set(stored(running.database))) == 50)
        assert running.stop() == 0
        ledger = running.ledger
    assert ledger["torn"] == 1


@pytest.mark.needs("postgres", "initdb")
def test_workers_into_postgresql(broker: Mosquitto, tmp_path: Path, postgres: Database) -> None:
    """The same, from slots in a folder of one's choice; the password is in no line of anybody."""
    slots = tmp_path / "slots"
    with Workers(tmp_path, broker, 2, "--slots", str(slots), into=postgres.url) as running:
        running.subscribed(2)
        publish(broker, range(500), 1)
        wait(lambda: postgres.execute("SELECT count(DISTINCT payload) FROM messages") == [(500,)])
        assert running.stop() == 0
        assert running.ledger["stored"] == 500
    assert {"w-0.db", "w-1.db", "w.lock"} <= set(os.listdir(slots))


@pytest.mark.chaos
@pytest.mark.parametrize("qos", [1, 2])
def test_workers_killed_at_random(broker: Mosquitto, tmp_path: Path, qos: int) -> None:
    """The same with four workers, any of which dies at any moment, twenty times."""
    chance, deaths = Random("workers"), 20
    with Workers(tmp_path, broker, 4, *EXACTLY[qos]) as running:
        for death in range(deaths):
            running.subscribed(4 + death)
            publish(broker, range(1000 * death, 1000 * death + 500), qos)
            os.kill(running.pids(f"w-{chance.randrange(4)}")[-1], signal.SIGKILL)
            publish(broker, range(1000 * death + 500, 1000 * death + 1000), qos)
        wait(lambda: len(stored(running.database)) == 1000 * deaths, 60)
        assert running.stop() == 0
        assert running.ledger["restarts"] == deaths
        assert stored(running.database) == list(range(1000 * deaths))


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


def test_a_worker_drains_where_nobody_hears_it(broker: Mosquitto, tmp_path: Path) -> None:
    """Its pipes are gone with its parent: what it was about to say is no reason to drop what it has."""
    leave_waiting(tmp_path, broker, range(3))
    slow = ("--batch", "2", "--batch-wait-s", "30")
    with Workers(tmp_path, broker, 1, *slow, run="2") as running:
        wait(lambda: len(stored(running.database)) == 2)  # and the third waits for company
        running.process.kill()
        running.process.wait(10)
        wait(lambda: len(stored(running.database)) == 3)


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
