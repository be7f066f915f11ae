"""What the tests of the commands for outbox files share."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from holdfast.cli.render import Screen
from holdfast.client.clock import SystemClock
from holdfast.outbox.sqlite import SqliteOutbox
from tests.unit.outbox.files import open_outbox

PLAIN, JSON = Screen(), Screen(as_json=True)


def owned(path: Path, **options: Any) -> SqliteOutbox:
    """An outbox of this process, on the machine's clock, as commands see it."""
    return open_outbox(path, clock=SystemClock(), **options)


def objects(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What a command wrote on stdout since the last look."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The same as lines of text, without the time that has passed."""
    return re.sub(r"\d\d:\d\d:\d\d", "00:00:00", capsys.readouterr().out).splitlines()
