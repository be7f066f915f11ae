"""Fairness: a consumer works for a slice, then others get a turn."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.client import fairness
from holdfast.client.fairness import SLICE_S, Fairness


class Clock:
    """Time as this test says."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 5.0
        patch.setattr(fairness, "monotonic", lambda: self.now)


def test_a_slice_ends_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the slice is over nobody is asked to rest."""
    clock = Clock(monkeypatch)
    fair = Fairness()
    assert not fair.spent()
    clock.now += 2 * SLICE_S
    assert fair.spent()


def test_waiting_begins_a_new_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who had to wait for messages has used nothing up."""
    clock = Clock(monkeypatch)
    fair = Fairness()
    clock.now += 100
    fair.begin()
    assert not fair.spent()


async def test_a_rest_is_a_turn_of_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was ready runs meanwhile, and the next slice is whole."""
    clock = Clock(monkeypatch)
    fair = Fairness()
    ran: list[int] = []
    asyncio.get_running_loop().call_soon(ran.append, 1)
    clock.now += 2 * SLICE_S
    await fair.rest()
    assert ran == [1]
    assert not fair.spent()
