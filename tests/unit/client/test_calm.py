"""What happens again and again is told at once, then once in a while."""

from __future__ import annotations

import pytest

from holdfast.client import calm
from holdfast.client.calm import Calm
from holdfast.testing import eventually


async def test_told_at_once_then_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is told alone, what follows in one word each; after a quiet while again at once."""
    monkeypatch.setattr(calm, "TOLD_EVERY_S", 0.02)
    told: list[tuple[str, int]] = []
    one = Calm(lambda word, count: told.append((word, count)))
    one.note("a")
    for _ in range(100):
        one.note("a")
        one.note("b", 2)
    assert told == [("a", 1)]
    await eventually(lambda: len(told) == 3)
    assert told[1:] == [("a", 100), ("b", 200)]
    await eventually(lambda: one._timer is None)
    one.note("b")
    assert told[3:] == [("b", 1)]
    one.close()


async def test_nothing_is_left_untold() -> None:
    """Closed, it tells what it has counted, and has no timer."""
    told: list[tuple[str, int]] = []
    one = Calm(lambda word, count: told.append((word, count)))
    for _ in range(3):
        one.note("a")
    one.close()
    assert told == [("a", 1), ("a", 2)]
    assert one._timer is not None
    assert one._timer.cancelled()
