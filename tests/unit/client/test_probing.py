"""What the probe has found: each change is an event, once, and each answer a number (contract 21)."""

from __future__ import annotations

import logging
from math import inf
from typing import Any

import pytest

from holdfast.client.events import Event
from holdfast.client.probing import BOUNDS_S, Probing
from holdfast.protocol import Probed

TOPIC = "holdfast/probe/c"


@pytest.fixture
def told() -> list[tuple[Event, int]]:
    """The events, with their levels."""
    return []


@pytest.fixture
def probing(told: list[tuple[Event, int]]) -> Probing:
    """Of a client that probes."""
    return Probing(lambda event, level: told.append((event, level)))


def names(told: list[tuple[Event, int]]) -> list[str]:
    return [event.name for event, _ in told]


def answered(took_s: float = 0.02) -> Probed:
    return Probed(TOPIC, "ok", took_s)


def test_it_is_off_until_something_is_told(probing: Probing) -> None:
    """No probe: no state but this, and no number."""
    assert (probing.status, probing.round_trip_s) == ("off", None)
    assert set(probing.round_trips.values()) == {0}


def test_answers_are_counted_and_no_news(probing: Probing, told: list[tuple[Event, int]]) -> None:
    """The last round trip, and a histogram whose size is fixed: to each bound, and above the one before."""
    for took_s in (0.0, 0.001, 0.002, 0.02, 0.02, 50.0):
        probing.told(answered(took_s))
    assert (probing.status, probing.round_trip_s) == ("ok", 50.0)
    assert {bound: count for bound, count in probing.round_trips.items() if count} == {
        0.001: 2, 0.003: 1, 0.03: 2, inf: 1,
    }  # fmt: skip
    assert tuple(probing.round_trips) == BOUNDS_S == tuple(sorted(BOUNDS_S))
    assert told == []


def test_a_lost_connection_leaves_no_round_trip(probing: Probing, told: list[tuple[Event, int]]) -> None:
    """What an earlier connection took says nothing of the next; the counts stay."""
    probing.told(answered())
    probing.told(Probed(TOPIC, "waiting"))
    assert (probing.status, probing.round_trip_s) == ("waiting", None)
    assert sum(probing.round_trips.values()) == 1
    assert told == []


def test_missed_and_recovered_are_told_once_per_change(
    probing: Probing, told: list[tuple[Event, int]]
) -> None:
    """Also where the connection ends in between, and the next one misses at first."""
    for event in (
        answered(), Probed(TOPIC, "missed"), Probed(TOPIC, "waiting"), Probed(TOPIC, "missed"),
        answered(0.25), answered(),
    ):  # fmt: skip
        probing.told(event)
    assert names(told) == ["probe_missed", "probe_recovered"]
    recovered: Any = told[1][0]
    assert (recovered.topic, recovered.round_trip_s) == (TOPIC, 0.25)
    assert recovered.message == f"the probe on {TOPIC} comes back again, in 0.250 s"
    assert [level for _, level in told] == [logging.WARNING, logging.INFO]


@pytest.mark.parametrize(("reason", "why"), [(0, "nothing came back"), (0x87, "Not authorized")])
def test_who_may_not_is_named_once(
    probing: Probing, told: list[tuple[Event, int]], reason: int, why: str
) -> None:
    """It is tried again at each connection, and each time it fails; after an answer it is news again."""
    for _ in range(3):
        probing.told(Probed(TOPIC, "not_authorized", None, reason))
        probing.told(Probed(TOPIC, "waiting"))
    assert names(told) == ["probe_disabled"]
    disabled: Any = told[0][0]
    assert (disabled.topic, disabled.code, told[0][1]) == (TOPIC, reason, logging.WARNING)
    assert TOPIC in disabled.message
    assert why in disabled.message
    probing.told(answered())
    probing.told(Probed(TOPIC, "not_authorized", None, reason))
    assert names(told) == ["probe_disabled"] * 2
