"""kill -9 of a publisher with an outbox file: what was told accepted arrives (contract 5 to 8, 28).

Two hundred kills, and more moments with a broker that dies too, are marked ``chaos``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from holdfast.messages import QoS
from holdfast.outbox.backlog import READY_ROWS
from holdfast.testing import Broker
from tests.support.killing import MORE, Killed, Killing
from tests.support.mortal import Make, a_mosquitto, ours
from tests.support.publisher import Publisher
from tests.support.publishing import serial
from tests.support.way import Fault, away, cut, freeze, hold, kill, refuse, restart

SHORT, LONG = 10, 50
"""Kills in one run; there are four of the short ones and four of the long."""

OUTAGES = [refuse, hold, cut]

BOTH = pytest.mark.parametrize(
    ("qos", "version", "outages", "group"),
    [(1, "5", [], 1), (2, "3.1.1", [], 7), (1, "3.1.1", OUTAGES, 7), (2, "5", OUTAGES, 1)],
    ids=["1-v5", "2-v3.1.1-groups", "1-v3.1.1-outages-groups", "2-v5-outages"],
)
"""Both versions and QoS, with the broker away for a while and without; a call each, or one for a group."""


async def run(
    make: Make,
    folder: Path,
    qos: QoS,
    kills: int,
    faults: Sequence[Fault] = (),
    seed: int = 1,
    version: str = "5",
    group: int = 1,
    more: int = MORE,
) -> Killed:
    """One run, and what holds whatever the broker did."""
    killing = Killing(make(folder), folder / "rows.db", qos, seed)
    killed = await killing.run(kills, faults, more, version=version, group=group)
    print(killed)
    crossed = killed.crossed
    assert killed.publisher.kills >= kills
    assert len(killed.publisher.told) > killed.publisher.kills
    assert crossed.ingested.stored == len(crossed.rows)
    assert crossed.unexplained == {}
    assert crossed.afresh == set()
    assert (crossed.verdict.lost, crossed.verdict.unordered, crossed.verdict.wiped) == (0, 0, 0)
    assert crossed.published.acknowledged == crossed.published.accepted > max(killed.publisher.told)
    return killed


def assert_whole(killed: Killed, qos: QoS) -> None:
    """Every number accepted is a row; in accept order, at QoS 2 exactly once."""
    rows = killed.crossed.rows
    assert killed.crossed.verdict.broker_lost == 0
    assert dict.fromkeys(rows) == dict.fromkeys(map(serial, range(killed.crossed.published.accepted)))
    assert list(dict.fromkeys(rows)) == sorted(set(rows))
    assert killed.crossed.repeats == 0 or qos == 1


@BOTH
async def test_told_accepted_is_kept(
    tmp_path: Path, qos: QoS, version: str, outages: list[Fault], group: int
) -> None:
    """C02, M-1: each opening finds all that was told; after the last flush all has arrived."""
    assert_whole(await run(ours, tmp_path, qos, SHORT, outages, version=version, group=group), qos)


async def killed_while_it_is_made(folder: Path, times: int) -> None:
    """A new file each time; the process that comes next makes it, or finds it whole."""
    with Broker() as broker:
        for number in range(times):
            place = folder / str(number)
            place.mkdir()
            reach: dict[str, Any] = {"client_id": f"publisher-{number}", "reconnect": "lan"}
            publisher = Publisher(place, broker.url, 1, Random(number), **reach)
            await publisher.live_and_die(10, ("opening", 0.01))
            books = await publisher.finish(5)
            assert books["acknowledged"] == books["accepted"] >= 5


async def test_killed_while_the_file_is_made(tmp_path: Path) -> None:
    """M-1: no half of an outbox stands in anybody's way."""
    await killed_while_it_is_made(tmp_path, 5)


@pytest.mark.needs("mosquitto")
@pytest.mark.parametrize("qos", [1, 2])
async def test_told_accepted_is_kept_by_mosquitto(tmp_path: Path, qos: QoS) -> None:
    """The same on mosquitto: what it answered for and never sent is its own; none is ours."""
    await run(a_mosquitto, tmp_path, qos, SHORT, OUTAGES)


@pytest.mark.needs("mosquitto")
async def test_both_die_and_the_broker_saves(tmp_path: Path) -> None:
    """28 a, with kill -9 of the publisher: resets, SIGTERM restarts and freezes of mosquitto."""
    assert_whole(await run(a_mosquitto, tmp_path, 2, SHORT, [cut, restart, freeze, restart]), 2)


async def test_both_die_and_the_broker_syncs(tmp_path: Path) -> None:
    """28 c, with kill -9 of the publisher: neither forgets what it answered for."""
    assert_whole(await run(ours, tmp_path, 2, SHORT, [kill, cut, kill, kill]), 2)


@pytest.mark.chaos
@BOTH
async def test_two_hundred_kills(
    tmp_path: Path, qos: QoS, version: str, outages: list[Fault], group: int
) -> None:
    """C02, M-1: a kill -9 loop of two hundred, in four parts."""
    assert_whole(await run(ours, tmp_path, qos, LONG, outages * 3, version=version, group=group), qos)


@pytest.mark.chaos
@pytest.mark.needs("mosquitto")
@pytest.mark.parametrize("qos", [1, 2])
async def test_many_kills_beside_mosquitto(tmp_path: Path, qos: QoS) -> None:
    """The same on mosquitto, judged by the tap."""
    await run(a_mosquitto, tmp_path, qos, LONG, OUTAGES * 3)


@pytest.mark.chaos
@pytest.mark.needs("mosquitto")
@pytest.mark.parametrize("qos", [1, 2])
async def test_both_die_and_the_broker_saves_again_and_again(tmp_path: Path, qos: QoS) -> None:
    """28 a with other moments."""
    faults = [restart, cut, freeze, cut, restart, restart, freeze, cut]
    assert_whole(await run(a_mosquitto, tmp_path, qos, LONG, faults, seed=2), qos)


@pytest.mark.chaos
@pytest.mark.parametrize("qos", [1, 2])
async def test_both_die_and_the_broker_syncs_again_and_again(tmp_path: Path, qos: QoS) -> None:
    """28 c with other moments, and other faults between."""
    faults = [kill, cut, kill, freeze, kill, kill, kill]
    assert_whole(await run(ours, tmp_path, qos, LONG, faults, seed=2), qos)


@pytest.mark.chaos
@pytest.mark.parametrize("qos", [1, 2])
async def test_a_backlog_larger_than_memory_holds(tmp_path: Path, qos: QoS) -> None:
    """While the broker is away, lives add more than is kept in memory; then they die while it drains."""
    killed = await run(ours, tmp_path, qos, LONG, [away, cut, away], seed=3, more=5000)
    assert_whole(killed, qos)
    assert max(books["pending"] for books in killed.publisher.openings) > READY_ROWS


@pytest.mark.chaos
async def test_killed_while_many_files_are_made(tmp_path: Path) -> None:
    """M-1, fifty times."""
    await killed_while_it_is_made(tmp_path, LONG)
