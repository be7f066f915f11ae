"""``holdfast outbox list``, ``show`` and ``export``."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.cli.outbox import export_messages, list_messages, show
from holdfast.messages import HIGH, Outgoing
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.protocol import Assigned, Parked
from tests.contracts.outboxes import wait
from tests.unit.cli.outboxes import JSON, PLAIN, lines, objects, owned
from tests.unit.outbox.files import write

Capsys = pytest.CaptureFixture[str]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gateway.db"


@pytest.fixture
def outbox(path: Path) -> Iterator[SqliteOutbox]:
    """Four messages: in flight, parked, pending, and one of high priority that is not text."""
    outbox = owned(path)
    rows = [Outgoing(0, f"plant/{number}/temp", b"21.5") for number in (1, 2, 3)]
    rows[2].properties = {"content_type": "text/plain", "correlation_data": b"\x01"}
    rows.append(Outgoing(0, "valve/\x1b[31m", b"\xff\x00", 2, True, priority=HIGH))
    rows[3].expires_at = 1e9
    wait(outbox, outbox.accept(rows))
    write(outbox, Assigned([(1, rows[0])]), Parked(rows[1], 0x95, "limit 1 MiB"))
    yield outbox
    outbox.close(10)


def test_list_shows_what_waits(outbox: SqliteOutbox, path: Path, capsys: Capsys) -> None:
    """In the order in which it leaves, and the books of the file; while a service owns it."""
    assert list_messages(str(path), 50, PLAIN) == 0
    assert lines(capsys) == [
        " id  state      age       try  topic           reason",
        r" 4   pending    00:00:00  0    valve/\x1b[31m",
        " 1   in flight  00:00:00  0    plant/1/temp",
        " 2   parked     00:00:00  0    plant/2/temp    Packet too large: limit 1 MiB",
        " 3   pending    00:00:00  0    plant/3/temp",
        "accepted 4 = acknowledged 0 + sent 0 + failed 0 + expired 0 + dropped 0 + pending 4",
    ]


def test_list_says_how_many_it_does_not_show(outbox: SqliteOutbox, path: Path, capsys: Capsys) -> None:
    """And how to see them."""
    assert list_messages(str(path), 3, PLAIN) == 0
    assert lines(capsys)[-2] == " … and 1 more (--limit)"


def test_list_of_nothing(path: Path, capsys: Capsys) -> None:
    """The books alone."""
    owned(path).close(10)
    assert list_messages(str(path), 50, PLAIN) == 0
    assert lines(capsys) == [
        "accepted 0 = acknowledged 0 + sent 0 + failed 0 + expired 0 + dropped 0 + pending 0"
    ]


def test_list_in_json(outbox: SqliteOutbox, path: Path, capsys: Capsys) -> None:
    """An object for each, without its payload; the last one is the ledger."""
    assert list_messages(str(path), 2, JSON) == 0
    first, second, ledger = objects(capsys)
    assert (first["id"], first["state"], first["priority"], first["size"]) == (4, "pending", "high", 2)
    assert (second["id"], second["state"], second["topic"]) == (1, "in flight", "plant/1/temp")
    assert (ledger["event"], ledger["accepted"], ledger["pending"]) == ("ledger", 4, 4)
    assert "payload" not in first


def test_show_tells_everything(outbox: SqliteOutbox, path: Path, capsys: Capsys) -> None:
    """Properties too, and the payload below."""
    assert show(str(path), 3, PLAIN) == 0
    told = lines(capsys)
    assert " state             pending" in told
    assert " content_type      text/plain" in told
    assert told[-2:] == [" payload           4 bytes", "21.5"]
    assert show(str(path), 2, PLAIN) == 0
    assert " reason    Packet too large: limit 1 MiB" in lines(capsys)


def test_show_what_is_not_text(outbox: SqliteOutbox, path: Path, capsys: Capsys) -> None:
    """In hex; and when it expires."""
    assert show(str(path), 4, PLAIN) == 0
    told = lines(capsys)
    assert told[-1] == "ff 00"
    assert any(line.startswith(" expires   in ") for line in told)
    assert show(str(path), 4, JSON) == 0
    (found,) = objects(capsys)
    assert (base64.b64decode(found["payload_base64"]), "payload" in found) == (b"\xff\x00", False)
    assert found["expires_in_s"] > 1e6
    assert (found["qos"], found["retain"]) == (2, True)


def test_show_what_is_not_there(outbox: SqliteOutbox, path: Path, capsys: Capsys) -> None:
    """Exit code 1: it may have been acknowledged meanwhile."""
    assert show(str(path), 99, PLAIN) == 1
    assert "has no message 99 (any more)" in capsys.readouterr().err


def test_export_gives_all(outbox: SqliteOutbox, path: Path, capsys: Capsys) -> None:
    """Payloads in base64, as text beside it where they are; bytes of a property in base64 too."""
    assert export_messages(str(path), None, PLAIN) == 0
    found = {one["id"]: one for one in objects(capsys)}
    assert list(found) == [4, 1, 2, 3]
    assert (found[3]["payload"], found[3]["payload_base64"]) == ("21.5", "MjEuNQ==")
    assert found[3]["properties"] == {"content_type": "text/plain", "correlation_data_base64": "AQ=="}
    assert found[2]["reason"] == "Packet too large: limit 1 MiB"


def test_export_into_a_file(outbox: SqliteOutbox, path: Path, capsys: Capsys) -> None:
    """One that is not there yet, for its owner only; how many is said."""
    to = path.with_name("waiting.jsonl")
    assert export_messages(str(path), str(to), PLAIN) == 0
    assert capsys.readouterr().out == f"exported 4 messages to {to}\n"
    assert [json.loads(line)["id"] for line in to.read_text().splitlines()] == [4, 1, 2, 3]
    assert to.stat().st_mode & 0o777 == 0o600
