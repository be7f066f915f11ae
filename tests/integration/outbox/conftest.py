"""What the tests around an outbox file share: our own broker, and a place for the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.testing import Broker


@pytest.fixture
def broker() -> Iterator[Broker]:
    """Strict, and closed with no violation."""
    with Broker(strict=True) as broker:
        yield broker
        assert broker.violations == []


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """No file yet."""
    return tmp_path / "outbox.db"
