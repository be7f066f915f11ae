"""A row as columns, and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.messages import Outgoing
from holdfast.testing.manual_clock import ManualClock
from tests.contracts.outboxes import wait
from tests.unit.outbox.files import open_outbox, query


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def test_a_row_comes_back_whole(path: Path) -> None:
    """Topic, payload, QoS, retain, properties and expiry, after a restart."""
    properties = {"content_type": "text/plain", "user_property": (("a", "1"), ("a", "2"))}
    rows = [
        Outgoing(0, "Ölstand/1", b"\0\xff", 2, True, properties, 1_030.0),
        Outgoing(0, "t", b"", 2),
    ]
    outbox = open_outbox(path)
    wait(outbox, outbox.accept(rows))
    outbox.close()
    outbox = open_outbox(path)
    first, second = outbox.take(10)
    outbox.close()
    assert (first.topic, first.payload, first.qos, first.retain) == ("Ölstand/1", b"\0\xff", 2, True)
    assert dict(first.properties) == properties
    assert first.expires_at == pytest.approx(1_030)
    assert (second.payload, dict(second.properties), second.expires_at) == (b"", {}, None)


def test_an_expiry_is_wall_time_on_disk(path: Path) -> None:
    """Contract 27: ten seconds later by the wall, on a clock that began anew, ten seconds less are left."""
    outbox = open_outbox(path, clock=ManualClock(now=5_000, wall=1_000_000))
    wait(outbox, outbox.accept([Outgoing(0, "t", b"", 1, expires_at=5_060)]))
    outbox.close()
    assert query(path, "SELECT expires_at FROM message") == [(1_000_060,)]
    outbox = open_outbox(path, clock=ManualClock(now=7, wall=1_000_010))
    (row,) = outbox.take(1)
    outbox.close()
    assert row.expires_at == pytest.approx(7 + 50)
