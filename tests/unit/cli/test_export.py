"""Objects, one per line, to stdout or into a new file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.cli.export import AT_ONCE, export, messages, new_file
from holdfast.cli.render import Screen
from holdfast.errors import OutboxError, OutboxUnwritable


def test_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing but the objects, also of many."""
    assert export(({"n": n} for n in range(AT_ONCE + 1)), None, Screen()) == 0
    found = capsys.readouterr()
    assert found.out.splitlines() == [f'{{"n":{n}}}' for n in range(AT_ONCE + 1)]
    assert found.err == ""


def test_into_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The objects there, and how many here."""
    to = tmp_path / "x.jsonl"
    assert export([{"n": 1}], str(to), Screen(as_json=True)) == 0
    assert to.read_text() == '{"n":1}\n'
    assert capsys.readouterr().out == f'{{"event":"exported","messages":1,"to":"{to}"}}\n'


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """Whatever is there stays."""
    to = tmp_path / "x.jsonl"
    to.write_text("kept")
    with pytest.raises(OutboxError, match="there is something at"):
        export([{}], str(to), Screen())
    assert to.read_text() == "kept"


def test_half_a_file_is_none(tmp_path: Path) -> None:
    """An export that fails on its way leaves nothing behind."""

    def failing() -> Iterator[dict[str, Any]]:
        yield {}
        raise OutboxError("damaged", path="x")

    to = tmp_path / "x.jsonl"
    with pytest.raises(OutboxError, match="damaged"):
        export(failing(), str(to), Screen())
    assert not to.exists()


def test_a_file_that_cannot_be_made_or_written(tmp_path: Path) -> None:
    """Said with its name."""
    with pytest.raises(OutboxUnwritable, match=r"x\.jsonl cannot be written: No such file"):
        export([{}], str(tmp_path / "no" / "x.jsonl"), Screen())
    full = OSError(28, "No space left on device")
    with pytest.raises(OutboxUnwritable, match="No space left"), new_file(str(tmp_path / "y")):
        raise full
    assert list(tmp_path.iterdir()) == []


def test_one_message_two_messages() -> None:
    """As people count."""
    assert [messages(n) for n in (0, 1, 1200)] == ["0 messages", "1 message", "1,200 messages"]
