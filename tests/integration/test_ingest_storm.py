"""Ingest, broker and database are killed at random while messages cross: rows = messages (contract 17, 28).

QoS 2: each message has one row. QoS 1 with a key: each key has one. The short form is for every run.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.cli.demo.brokers import WINDOW
from holdfast.messages import QoS
from tests.support.bases import Base, PostgresBase, SqliteBase
from tests.support.mortal import Make, a_mosquitto, ours
from tests.support.postgres import Database
from tests.support.storm import Storm, Weathered

COUNT, FAULTS = 4_000, 6
MANY, MANY_FAULTS = 100_000, 60

QOS = pytest.mark.parametrize("qos", [1, 2])
INFLIGHT: dict[Make, int] = {a_mosquitto: WINDOW // 10, ours: WINDOW}
"""A killed mosquitto counts twice what it gets again; that must not fill its own window (X15)."""

BROKERS = pytest.mark.parametrize(
    "make",
    [
        pytest.param(a_mosquitto, id="mosquitto", marks=pytest.mark.needs("mosquitto")),
        pytest.param(ours, id="ours"),
    ],
)


async def weathered(make: Make, base: Base, folder: Path, qos: QoS, size: tuple[int, int]) -> None:
    """One storm; what a killed mosquitto forgets is its own, by the packets it sent and answered."""
    count, faults = size
    came = await Storm(make(folder), base, folder, qos, INFLIGHT[make]).blow(count, faults, qos)
    assert came.acknowledged == count
    assert came.deaths >= faults // 3
    assert came.lost <= came.reused
    assert (came.verdict.doubled, came.verdict.wiped) == (0, 0)
    assert came.verdict.stored + came.verdict.broker_lost + len(came.lost) == count
    assert_one_row_each(came, count if make is ours else None, qos)


def assert_one_row_each(came: Weathered, count: int | None, qos: QoS) -> None:
    """``count``: of a broker that forgets nothing it answered for."""
    if qos == 1 or count is not None:
        assert len(came.rows) == len(set(came.rows))
    if count is not None:
        assert sorted(came.rows) == [f"1-{number:06}" for number in range(count)]


@QOS
async def test_into_sqlite(tmp_path: Path, qos: QoS) -> None:
    """The database is locked, the others are killed."""
    await weathered(ours, SqliteBase(tmp_path), tmp_path, qos, (COUNT, FAULTS))


@pytest.mark.needs("mosquitto")
@QOS
async def test_into_postgresql(tmp_path: Path, postgres: Database, qos: QoS) -> None:
    """All three are killed."""
    await weathered(a_mosquitto, PostgresBase(postgres), tmp_path, qos, (COUNT, FAULTS))


@pytest.mark.chaos
@BROKERS
@QOS
async def test_a_hundred_thousand_into_sqlite(make: Make, tmp_path: Path, qos: QoS) -> None:
    """The same, twenty times each."""
    await weathered(make, SqliteBase(tmp_path), tmp_path, qos, (MANY, MANY_FAULTS))


@pytest.mark.chaos
@BROKERS
@QOS
async def test_a_hundred_thousand_into_postgresql(
    make: Make, tmp_path: Path, postgres: Database, qos: QoS
) -> None:
    """The same, twenty times each."""
    await weathered(make, PostgresBase(postgres), tmp_path, qos, (MANY, MANY_FAULTS))
