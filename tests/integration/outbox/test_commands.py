"""The commands for an outbox file, while a process owns it, when it is killed, and when nobody does."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import HOLDFAST, holdfast, wait
from tests.support.outbox_owner import Owner

Done = subprocess.CompletedProcess[str]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gateway.db"


@pytest.fixture
def owner(path: Path) -> Iterator[Owner]:
    """Six messages accepted; one is refused, one parked, one in flight, three wait."""
    with Owner(path) as owner:
        owner.do("accept 6", "send 3", "refuse 1", "park 1")
        yield owner


def outbox(command: str, path: Path, *arguments: str) -> Done:
    """``holdfast outbox``, without a traceback."""
    done = holdfast("outbox", command, str(path), *arguments)
    assert "Traceback" not in done.stderr
    return done


def states(path: Path) -> dict[int, str]:
    """What list says of each message."""
    records = [json.loads(line) for line in outbox("list", path, "--json").stdout.splitlines()]
    return {one["id"]: one["state"] for one in records[:-1]}


def ledger(path: Path) -> dict[str, int]:
    """What list says of the books."""
    record: dict[str, int] = json.loads(outbox("list", path, "--json").stdout.splitlines()[-1])
    return record


STATES = {2: "parked", 3: "in flight", 4: "pending", 5: "pending", 6: "pending"}


def test_looking_does_not_disturb(owner: Owner, path: Path) -> None:
    """list, show, export and backup under an owner that goes on accepting; then it closes in order."""
    for number in range(2):
        owner.do("accept 100")
        assert outbox("list", path).returncode == 0
        assert outbox("show", path, "4").returncode == 0
        assert len(outbox("export", path).stdout.splitlines()) == 5 + 100 * (number + 1)
        assert outbox("backup", path, str(path.with_name(f"{number}.db"))).returncode == 0
    assert holdfast("deadletter", "list", str(path)).stdout.count("Quota exceeded") == 1
    assert len(states(path.with_name("1.db"))) == 50
    assert ledger(path.with_name("1.db"))["pending"] == 205
    assert owner.stop() == 0


def test_a_request_is_left_for_the_owner(owner: Owner, path: Path) -> None:
    """Contract 26: said with its pid, and how soon it was done; what is in flight stays (contract 9)."""
    done = outbox("retry", path, "2")
    assert done.returncode == 0, done.stderr
    form = rf"left in the file for its owner \(pid {owner.pid}\), done \d.* m?s later: 1 message\n"
    assert re.fullmatch(form, done.stdout)
    assert states(path) == {**STATES, 2: "pending"}
    done = outbox("purge", path, "3", "4", "99")
    assert done.returncode == 1
    assert done.stdout.endswith("later: 1 of 3 messages\n")
    assert "in flight" in done.stderr
    done = outbox("purge", path, "--all", "--json")
    assert json.loads(done.stdout) == {
        "event": "purge",
        "owner": f"pid {owner.pid}",
        "took_s": json.loads(done.stdout)["took_s"],
        "done": 3,
    }
    assert states(path) == {3: "in flight"}
    assert (ledger(path)["dropped"], ledger(path)["pending"]) == (4, 1)


def test_dead_letters_are_accepted_again_or_deleted(owner: Owner, path: Path) -> None:
    """By the owner too; a new message each (contract 7)."""
    done = holdfast("deadletter", "retry", str(path), "1")
    assert done.stdout.endswith("later: 1 message\n"), done.stderr
    assert states(path) == {**STATES, 7: "pending"}
    assert (ledger(path)["accepted"], ledger(path)["failed"]) == (7, 1)
    owner.do("send 10", "refuse 2")
    assert holdfast("deadletter", "purge", str(path), "--all").stdout.endswith("later: 2 messages\n")
    assert holdfast("deadletter", "list", str(path)).stdout == "0 messages refused for good\n"
    assert ledger(path)["failed"] == 3


def test_an_owner_that_hangs(owner: Owner, path: Path) -> None:
    """The request stays in the file, and is carried out when it can be."""
    owner.process.send_signal(signal.SIGSTOP)
    done = outbox("purge", path, "4", "--timeout-s", "0.2")
    assert done.returncode == 1
    assert re.search(
        rf"owner \(pid {owner.pid}\), not done after .*: it stays there until it is", done.stdout
    )
    assert states(path) == STATES
    owner.process.send_signal(signal.SIGCONT)
    wait(lambda: 4 not in states(path))


def test_nobody_owns_it(owner: Owner, path: Path) -> None:
    """Then the command carries it out itself, and nothing is resumed or lost by that."""
    owner.kill()
    assert states(path) == STATES  # what the log holds too
    done = outbox("retry", path, "2")
    assert re.fullmatch(r"done \d.* m?s later: 1 message\n", done.stdout), done.stderr
    assert outbox("purge", path, "5", "6").returncode == 0
    assert holdfast("deadletter", "retry", str(path), "--all").returncode == 0
    assert states(path) == {2: "pending", 3: "in flight", 4: "pending", 7: "pending"}
    with Owner(path) as successor:
        assert successor.said == "ready"
        assert len(states(path)) == 4


def test_one_owner(owner: Owner, path: Path) -> None:
    """A second process is told the pid; rebind and restore are not done under an owner."""
    with Owner(path) as second:
        assert second.said == f"{path} is in use by process {owner.pid}"
    kept = path.with_name("kept.db")
    outbox("backup", path, str(kept))
    for done in (outbox("rebind", path, "--client-id", "x"), outbox("restore", kept, str(path), "--force")):
        assert done.returncode == 73
        assert f"in use by process {owner.pid}" in done.stderr
    assert states(path) == STATES


def test_backup_and_restore(owner: Owner, path: Path) -> None:
    """Back to Monday: what waited then waits again, what was in flight is sent again."""
    kept = path.with_name("kept.db")
    assert outbox("backup", path, str(kept)).returncode == 0
    owner.do("accept 2")
    assert owner.stop() == 0
    done = outbox("restore", kept, str(path))
    assert (done.returncode, "holds 7 pending messages" in done.stderr) == (73, True)
    done = outbox("restore", kept, str(path), "--force")
    assert "5 messages pending" in done.stdout
    with Owner(path) as successor:
        assert successor.said == "ready"
        assert states(path) == {**STATES, 3: "pending"}


def test_a_copy_is_not_resumed(owner: Owner, path: Path, tmp_path: Path) -> None:
    """By `cp`, of an outbox that was closed: its messages are there, none of them in flight."""
    assert owner.stop() == 0
    copy = tmp_path / "next" / "gateway.db"
    copy.parent.mkdir()
    shutil.copy(path, copy)
    with Owner(copy) as other:
        assert other.said == "ready"
        assert states(copy) == {**STATES, 3: "pending"}
    assert states(path) == STATES


def test_a_reader_that_has_enough(owner: Owner, path: Path) -> None:
    """`holdfast outbox export FILE | head -1`: no word, exit code 0."""
    owner.do("accept 5000")
    export = subprocess.Popen(
        [*HOLDFAST, "outbox", "export", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert export.stdout is not None
    assert export.stderr is not None
    export.stdout.readline()
    export.stdout.close()
    assert export.wait(20) == 0
    assert export.stderr.read() == b""
    export.stderr.close()
