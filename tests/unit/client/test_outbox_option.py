"""The option group of the outbox: what it refuses, and what it makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from holdfast import Outbox
from holdfast.client.clock import SystemClock
from holdfast.client.outbox_option import make
from holdfast.errors import ConfigurationError
from holdfast.outbox.memory import MemoryOutbox
from holdfast.outbox.sqlite import SqliteOutbox


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"durability": "disk"}, "durability 'disk' is not one of power, process"),
        ({"overflow": "drop"}, "overflow"),
        ({"on_session_lost": "forget"}, "on_session_lost"),
        ({"retry": "never"}, "retry"),
        ({"max_messages": 0}, "max_messages must be at least 1, not 0"),
        ({"max_bytes": 10}, "max_bytes"),
        ({"max_age_s": 0}, "max_age_s"),
        ({"path": ""}, "path is empty"),
        ({"keep_qos0": True}, "keep_qos0 needs a path"),
    ],
)
def test_what_is_wrong_is_refused_when_it_is_made(options: dict[str, Any], words: str) -> None:
    """With the value, and what it may be."""
    with pytest.raises(ConfigurationError, match=words):
        Outbox(**options)


def test_a_path_is_a_file_and_none_is_memory(tmp_path: Path) -> None:
    """Nothing is opened, and no file made, before the client starts."""
    clock = SystemClock()
    assert isinstance(make(Outbox(), 10, clock), MemoryOutbox)
    path = tmp_path / "gateway.db"
    assert isinstance(make(Outbox(path), 10, clock), SqliteOutbox)
    assert list(tmp_path.iterdir()) == []
    assert (Outbox().is_file, Outbox(path).is_file) == (False, True)
