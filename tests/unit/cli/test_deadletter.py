"""``holdfast deadletter list``, ``show`` and ``export``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.cli.deadletter import export_letters, list_letters, show
from holdfast.outbox.intake import Held
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.protocol import Failed
from tests.contracts.outboxes import wait
from tests.unit.cli.outboxes import JSON, PLAIN, lines, objects, owned
from tests.unit.outbox.files import accept, write

Capsys = pytest.CaptureFixture[str]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gateway.db"


@pytest.fixture
def outbox(path: Path) -> Iterator[SqliteOutbox]:
    """Three messages, two of which were refused."""
    outbox = owned(path)
    rows = accept(outbox, 3)
    write(outbox, Failed(rows[2], 0x97, "quota of the tenant"), Failed(rows[0], 0x87, ""))
    yield outbox
    outbox.close(10)


def test_list_shows_why(outbox: SqliteOutbox, path: Path, capsys: Capsys) -> None:
    """Numbers of their own, beside those the messages had; oldest first."""
    assert list_letters(str(path), 50, PLAIN) == 0
    assert lines(capsys) == [
        " id  message  age       try  topic         owner  reason",
        " 1   3        00:00:00  0    plant/1/temp         Quota exceeded: quota of the tenant",
        " 2   1        00:00:00  0    plant/1/temp         Not authorized",
        "2 messages refused for good",
    ]


def test_one_that_came_in_has_an_owner(outbox: SqliteOutbox, path: Path, capsys: Capsys) -> None:
    """Whose it was, and when it came; the number it was kept under, if it was."""
    outbox.close(10)
    outbox = owned(path)
    came = Held(0, "plant/#", "plant/7/set", b"{", arrived=time.time() - 60, tries=5)
    wait(outbox, outbox.intake.bury([came], 0x83, "ValueError: no valve"))
    assert list_letters(str(path), 50, PLAIN) == 0
    assert lines(capsys)[3] == " 3            00:00:00  5    plant/7/set   plant/#  ValueError: no valve"
    assert show(str(path), 3, PLAIN) == 0
    told = lines(capsys)
    assert " owner     plant/#" in told
    assert [line.split()[0] for line in told if " ago" in line] == ["arrived", "died"]
    assert show(str(path), 3, JSON) == 0
    (found,) = objects(capsys)
    assert (found["owner"], found["tries"], found["payload"], "priority" in found) == (
        "plant/#",
        5,
        "{",
        False,
    )
    assert found["arrived"] < found["died"]
    outbox.close(10)


def test_list_says_how_many_it_does_not_show(outbox: SqliteOutbox, path: Path, capsys: Capsys) -> None:
    """And how to see them; in JSON the objects are all there is."""
    assert list_letters(str(path), 1, PLAIN) == 0
    assert lines(capsys)[-2] == " … and 1 more (--limit)"
    assert list_letters(str(path), 1, JSON) == 0
    (found,) = objects(capsys)
    assert (found["id"], found["message"], found["code"], found["size"]) == (1, 3, 0x97, 1)


def test_list_of_nothing(path: Path, capsys: Capsys) -> None:
    """Said in one line."""
    owned(path).close(10)
    assert list_letters(str(path), 50, PLAIN) == 0
    assert lines(capsys) == ["0 messages refused for good"]


def test_show_tells_everything(outbox: SqliteOutbox, path: Path, capsys: Capsys) -> None:
    """The reason with its code, when it was accepted and when refused, and the payload."""
    assert show(str(path), 1, PLAIN) == 0
    told = lines(capsys)
    assert " reason    Quota exceeded: quota of the tenant (0x97)" in told
    assert [line.split()[0] for line in told if " ago" in line] == ["accepted", "died"]
    assert told[-2:] == [" payload   1 byte", "x"]
    assert show(str(path), 1, JSON) == 0
    (found,) = objects(capsys)
    assert (found["id"], found["message"], found["payload"]) == (1, 3, "x")


def test_show_what_is_not_there(outbox: SqliteOutbox, path: Path, capsys: Capsys) -> None:
    """The number of the message is not that of its dead letter."""
    assert show(str(path), 3, PLAIN) == 1
    assert "has no dead letter 3 (any more)" in capsys.readouterr().err


def test_export_gives_all(outbox: SqliteOutbox, path: Path, capsys: Capsys) -> None:
    """One object per line."""
    assert export_letters(str(path), None, PLAIN) == 0
    assert [(one["id"], one["code"], one["payload"]) for one in objects(capsys)] == [
        (1, 0x97, "x"),
        (2, 0x87, "x"),
    ]
