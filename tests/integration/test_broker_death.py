"""10,000 messages cross a broker that dies (contract 28); a tap on the wire judges who lost what.

The same with more seeds, for minutes, is marked ``chaos``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from holdfast.cli.demo.brokers import WINDOW
from holdfast.messages import QoS
from tests.support.crossing import Crossing
from tests.support.mortal import Make, a_mosquitto, ours
from tests.support.way import Crossed, Fault, cut, freeze, kill, restart

COUNT = 10_000

SMALL = WINDOW // 10
"""The publisher's window where mosquitto is killed: what it then counts twice does not fill its own (X15)."""


async def cross(
    make: Make, folder: Path, qos: QoS, faults: Sequence[Fault], seed: int = 28, inflight: int = WINDOW
) -> Crossed:
    """One run, and what holds whatever the broker did."""
    crossed = await Crossing(make(folder), folder / "rows.db", qos, seed).run(COUNT, faults, inflight)
    books = crossed.ingested
    assert books.received == books.stored
    assert books.stored == len(crossed.rows)
    assert crossed.unexplained == {}
    assert crossed.published.accepted == COUNT
    return crossed


def assert_whole(crossed: Crossed, qos: QoS) -> None:
    """QoS 2: rows = messages. QoS 1: distinct messages = all, repeats counted."""
    assert crossed.published.acknowledged == COUNT
    assert sorted(set(crossed.rows)) == [f"1-{number:06}" for number in range(COUNT)]
    assert (crossed.verdict.lost, crossed.verdict.broker_lost, crossed.verdict.wiped) == (0, 0, 0)
    if qos == 2:
        assert crossed.repeats == 0
        assert crossed.verdict.unordered == 0
    else:
        assert crossed.repeats == len(crossed.rows) - COUNT


def assert_not_ours(crossed: Crossed, qos: QoS) -> None:
    """What is missing or doubled is the broker's, by the packets it sent and answered."""
    verdict = crossed.verdict
    assert (verdict.lost, verdict.wiped) == (0, 0)
    assert crossed.published.pending == 0
    if qos == 2:
        assert (verdict.doubled, verdict.unordered) == (0, 0)
    ended = crossed.published.acknowledged + crossed.published.failed
    assert ended == crossed.published.accepted
    assert verdict.stored + verdict.broker_lost >= crossed.published.acknowledged


@pytest.mark.needs("mosquitto")
@pytest.mark.parametrize("qos", [1, 2])
async def test_a_broker_that_saves_its_state_loses_nothing(tmp_path: Path, qos: QoS) -> None:
    """28 a: resets, SIGTERM restarts and freezes; every message is a row."""
    faults = [cut, restart, freeze, restart, cut, freeze, cut, restart]
    assert_whole(await cross(a_mosquitto, tmp_path, qos, faults), qos)


@pytest.mark.needs("mosquitto")
@pytest.mark.parametrize("qos", [1, 2])
async def test_what_a_killed_broker_forgets_is_its_own(tmp_path: Path, qos: QoS) -> None:
    """28 b: kill -9 six times; the tap finds no loss of ours."""
    assert_not_ours(await cross(a_mosquitto, tmp_path, qos, [kill] * 6, inflight=SMALL), qos)


@pytest.mark.parametrize("qos", [1, 2])
async def test_a_broker_that_syncs_may_be_killed(tmp_path: Path, qos: QoS) -> None:
    """28 c: kill -9 at random moments; it forgets nothing it answered for, so nothing is missing at all."""
    assert_whole(await cross(ours, tmp_path, qos, [kill] * 8), qos)


@pytest.mark.chaos
@pytest.mark.needs("mosquitto")
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("qos", [1, 2])
async def test_saved_state_again_and_again(tmp_path: Path, qos: QoS, seed: int) -> None:
    """28 a with other moments."""
    faults = [restart, cut, freeze, cut, restart, restart, freeze, cut]
    assert_whole(await cross(a_mosquitto, tmp_path, qos, faults, seed), qos)


@pytest.mark.chaos
@pytest.mark.needs("mosquitto")
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("qos", [1, 2])
async def test_forgetting_again_and_again(tmp_path: Path, qos: QoS, seed: int) -> None:
    """28 b with other moments, and other faults between."""
    faults = [kill, cut, kill, freeze, kill, kill]
    assert_not_ours(await cross(a_mosquitto, tmp_path, qos, faults, seed, SMALL), qos)


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("qos", [1, 2])
async def test_killing_again_and_again(tmp_path: Path, qos: QoS, seed: int) -> None:
    """28 c with other moments, and other faults between."""
    assert_whole(await cross(ours, tmp_path, qos, [kill, cut, kill, freeze, kill, kill, kill], seed), qos)
