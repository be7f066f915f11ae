"""A row as columns, and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.messages import HIGH, LOW, NORMAL, Outgoing
from holdfast.outbox.rows import SELECT
from holdfast.testing.manual_clock import ManualClock
from tests.contracts.outboxes import wait
from tests.unit.outbox.files import open_outbox, query


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


def test_priority_and_age_come_back(path: Path) -> None:
    """The class is in the key; the age counts the time in which nobody had the file open."""
    clock = ManualClock(now=100)
    outbox = open_outbox(path, clock=clock)
    rows = [Outgoing(0, "t", b"", 1, priority=priority) for priority in (LOW, NORMAL, HIGH)]
    wait(outbox, outbox.accept(rows))
    outbox.close()
    clock.advance(30)
    clock.reboot(off_s=20)
    outbox = open_outbox(path, clock=clock)
    reader = outbox._opened.reader if outbox._opened else None
    assert reader is not None
    back = [outbox._codec.row(columns) for columns in reader.execute(f"{SELECT} ORDER BY id")]
    assert [(row.seq, row.priority) for row in back] == [(3, HIGH), (2, NORMAL), (1, LOW)]
    assert [row.accepted_at for row in back] == [pytest.approx(-50)] * 3
    outbox.close()


def test_an_expiry_is_outbox_time_on_disk(path: Path) -> None:
    """Contract 27: ten seconds later by the wall, on a clock that began anew, ten seconds less are left."""
    clock = ManualClock(now=5_000)
    outbox = open_outbox(path, clock=clock)
    wait(outbox, outbox.accept([Outgoing(0, "t", b"", 1, expires_at=5_060)]))
    outbox.close()
    assert query(path, "SELECT expires_at FROM message") == [(60,)]
    clock.reboot(off_s=10)
    outbox = open_outbox(path, clock=clock)
    (row,) = outbox.take(1)
    outbox.close()
    assert row.expires_at == pytest.approx(50)
