"""What came in and is kept, as ``holdfast outbox list`` and ``export`` show it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.cli.outbox import export_messages, list_messages
from holdfast.outbox.intake import Held
from holdfast.outbox.sqlite import SqliteOutbox
from tests.contracts.outboxes import wait
from tests.unit.cli.outboxes import JSON, PLAIN, lines, objects, owned
from tests.unit.outbox.files import accept

Capsys = pytest.CaptureFixture[str]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gateway.db"


@pytest.fixture
def outbox(path: Path) -> Iterator[SqliteOutbox]:
    """One message to go, and two that came in."""
    outbox = owned(path)
    accept(outbox, 1)
    first = Held(0, "plant/#", "plant/7/set", b"{}", 2, arrived=time.time() - 3, tries=4, key="7")
    first.next_at, first.reason = outbox._clock.now() + 50, "OSError: no route"
    wait(outbox, outbox.intake.hold([first, Held(0, "alarm/\x1b", "alarm/1", b"\xff", reason="no reader")]))
    yield outbox
    outbox.close(10)


def test_they_stand_behind_what_goes_out(outbox: SqliteOutbox, path: Path, capsys: Capsys) -> None:
    """Whose they are stands before the reason; they are counted apart from the books."""
    assert list_messages(str(path), 50, PLAIN) == 0
    told = lines(capsys)
    assert told[1].split() == ["1", "pending", "00:00:00", "0", "plant/1/temp"]
    assert told[2].split(maxsplit=4)[:4] == ["1", "held", "00:00:00", "4"]
    assert told[2].endswith("plant/7/set   for plant/#: OSError: no route")
    assert told[3].endswith(r"for alarm/\x1b: no reader")
    assert told[-1] == "2 messages held: acknowledged, and handled from here"


def test_a_limit_is_for_both(outbox: SqliteOutbox, path: Path, capsys: Capsys) -> None:
    """What is not shown is counted."""
    assert list_messages(str(path), 2, PLAIN) == 0
    assert " … and 1 more (--limit)" in lines(capsys)


def test_they_are_objects_too(outbox: SqliteOutbox, path: Path, capsys: Capsys) -> None:
    """In a list without what they carry, and when they are handled next."""
    assert list_messages(str(path), 50, JSON) == 0
    _, first, second, ledger = objects(capsys)
    assert (first["id"], first["state"], first["owner"], first["key"]) == (1, "held", "plant/#", "7")
    assert (first["tries"], first["size"], second["next_in_s"]) == (4, 2, 0)
    assert 40 < first["next_in_s"] <= 50
    assert 2.9 < first["age_s"] < 30
    assert (ledger["held"], ledger["pending"]) == (2, 1)


def test_export_has_them_whole(outbox: SqliteOutbox, path: Path, capsys: Capsys) -> None:
    """They are acknowledged: nobody else has them."""
    assert export_messages(str(path), None, PLAIN) == 0
    found = objects(capsys)
    assert [(one["state"], one["payload_base64"]) for one in found] == [
        ("pending", "eA=="),
        ("held", "e30="),
        ("held", "/w=="),
    ]
