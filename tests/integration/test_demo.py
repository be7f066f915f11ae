"""`holdfast demo`, short: the broker dies four ways, the gateways once, and the books are right."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Running, holdfast

SECONDS = "10"


def demo(folder: Path, *flags: str) -> tuple[int, list[dict[str, Any]]]:
    done = holdfast("demo", "--seconds", SECONDS, "--seed", "7", "--folder", str(folder), "--json", *flags)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def assert_books(code: int, events: list[dict[str, Any]], folder: Path) -> dict[str, Any]:
    """Exit code 0, every fault told, the equation holds, and the table agrees with it."""
    assert code == 0, events
    assert [event["kind"] for event in events if event["event"] == "fault"] == [
        "cut", "restart", "freeze", "gateways", "kill -9",
    ]  # fmt: skip
    assert [event["kind"] for event in events if event.get("waited")] == ["gateways"]
    ledger = events[-1]
    books = ledger["published"]
    assert books["accepted"] >= 1600  # the gateways publish nothing while their process is dead
    assert books["accepted"] == books["acknowledged"] + books["failed"]
    assert (ledger["lost"], ledger["doubled"], ledger["unordered"], ledger["wiped"]) == (0, 0, 0, 0)
    with closing(sqlite3.connect(folder / "vitals.db")) as db:
        [(serials, gateways)] = db.execute(
            "SELECT count(DISTINCT json_extract(payload, '$.serial')), count(DISTINCT gateway) FROM messages"
        )
    assert (serials, gateways) == (ledger["stored"], 6)
    return ledger


@pytest.mark.needs("mosquitto")
def test_with_mosquitto(tmp_path: Path) -> None:
    """What mosquitto forgot when it was killed is in its own column."""
    code, events = demo(tmp_path / "demo")
    assert events[0]["broker"].startswith("mosquitto 2")
    ledger = assert_books(code, events, tmp_path / "demo")
    assert ledger["stored"] + ledger["broker_lost"] >= ledger["published"]["acknowledged"]


def test_with_the_built_in_broker(tmp_path: Path) -> None:
    """It says so, and forgets nothing: every reading is a row."""
    code, events = demo(tmp_path / "demo", "--built-in")
    assert "built-in" in events[0]["broker"]
    ledger = assert_books(code, events, tmp_path / "demo")
    assert (ledger["broker_lost"], ledger["broker_doubled"]) == (0, 0)
    assert ledger["stored"] == ledger["published"]["accepted"]


def test_the_text_is_the_timeline_and_the_books(tmp_path: Path) -> None:
    """Plain when piped: header, one line per fault, the equation, where to look, how to replay."""
    done = holdfast("demo", "--seconds", SECONDS, "--seed", "7", "--folder", "here", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    assert lines[0].startswith("holdfast demo · broker: ")
    assert sum("outbox peak" in line for line in lines) == 5
    assert sum("waited on disk" in line for line in lines) == 1
    assert any(line.startswith(" published ") and "= acknowledged" in line for line in lines)
    assert any("lost 0   stored twice 0   out of order 0   broker lost" in line for line in lines)
    assert "sqlite3 here/vitals.db" in done.stdout
    assert lines[-1] == " replay:   holdfast demo --seed 7 --seconds 10"


def remains(port: int, pid: int) -> list[str]:
    """What is still there of a broker and a gateways' process."""
    found = []
    with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 1):
        found.append("broker")
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        found.append("gateways")
    return found


def parts(running: Running, folder: Path) -> tuple[int, int]:
    """The broker's port and the pid of the gateways."""
    running.says("connected, MQTT 5")
    port = int(running.out.partition("127.0.0.1:")[2].split()[0])
    return port, int((folder / "outbox" / "gateway-6.db.lock").read_text().split()[0])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end it at once, in the middle of a fault too."""
    with Running(tmp_path / "out", "demo", "--built-in", "--folder", str(tmp_path / "demo")) as running:
        port, pid = parts(running, tmp_path / "demo")
        assert running.stop(number) == 130
        assert "Traceback" not in running.err
    assert remains(port, pid) == []


def test_gateways_that_die_by_themselves_end_it(tmp_path: Path) -> None:
    """1, one sentence, no hang."""
    with Running(tmp_path / "out", "demo", "--built-in", "--folder", str(tmp_path / "demo")) as running:
        port, pid = parts(running, tmp_path / "demo")
        os.kill(pid, signal.SIGTERM)
        assert running.process.wait(20) == 1
        assert running.err.startswith("the gateways' process ended by itself (signal 15)")
        assert running.err.count("\n") == 1
    assert remains(port, pid) == []


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """73, one sentence, before any broker is started."""
    (tmp_path / "file").write_text("")
    done = holdfast("demo", "--folder", str(tmp_path / "file"))
    assert done.returncode == 73
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "choose another --folder" in done.stderr.lower()
