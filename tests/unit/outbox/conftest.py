"""An outbox on a disk that tests hold in their hands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.outbox.sqlite import SqliteOutbox
from tests.unit.outbox.files import open_outbox
from tests.unit.outbox.holding import Disk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """No file yet."""
    return tmp_path / "outbox.db"


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.fixture
def outbox(path: Path, disk: Disk) -> Iterator[SqliteOutbox]:
    outbox = open_outbox(path)
    yield outbox
    disk.free.set()
    outbox.close(10)
