"""Packet identifiers: 1 to 65,535, each for one exchange at a time [MQTT-2.2.1-3]."""

from __future__ import annotations

import pytest

from holdfast.protocol.ids import HIGHEST, PacketIds


def test_identifiers_rise_from_one() -> None:
    """0 is no identifier [MQTT-2.2.1-3]; a free one is not used again at once."""
    ids = PacketIds()
    assert [ids.take(), ids.take()] == [1, 2]
    ids.free(1)
    assert ids.take() == 3


def test_behind_the_highest_comes_the_lowest_free_one() -> None:
    """After 65,535 the count begins anew and passes over what is in use."""
    ids = PacketIds()
    assert list(ids.take_many(HIGHEST)) == list(range(1, HIGHEST + 1))
    ids.free(7)
    assert ids.take() == 7


@pytest.mark.parametrize("before", [0, 2, HIGHEST - 2])
def test_a_group_gets_what_single_calls_would_get(before: int) -> None:
    """``take_many`` passes over identifiers in use and over the end of the range."""
    group, single = PacketIds(), PacketIds()
    for ids in (group, single):
        ids.take_many(before)
        for packet_id in range(1, before + 1):
            ids.free(packet_id)
        ids.used.add(4)
    assert list(group.take_many(5)) == [single.take() for _ in range(5)]
    assert group.used == single.used


def test_freeing_twice_changes_nothing() -> None:
    """An exchange that ended stays ended."""
    ids = PacketIds()
    ids.take()
    ids.free(1)
    ids.free(1)
    assert ids.used == set()
