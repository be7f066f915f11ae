"""Consuming, killed and stopped at any time: nothing is lost, doubled or out of order (contract 13, 14)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.consuming.world import World


@pytest.mark.parametrize("seed", range(20))
def test_a_history(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each message is handled by all whose it is, once in a process, and in the order of its key."""
    world = World(seed, tmp_path, monkeypatch)
    assert world.run() == [], "\n".join(world.told)
