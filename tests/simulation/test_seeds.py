"""Every promise holds in 1,000 lives of at least 500 steps each (contract 30; the promises cite their own).

A seed that fails prints the promise, the step, the last lines of what happened and the one command that
replays it. The chunk that comes last judges all of them together: a path that is no longer reached is a
simulator that went blind.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from holdfast.testing import simulator

SEEDS = 1_000
CHUNKS = 20
EACH = SEEDS // CHUNKS
MORE = 20_000


@pytest.fixture(scope="session")
def tallies(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    folder = shared / "simulated"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_promise_holds_in_every_seed(chunk: int, tallies: Path) -> None:
    """Nothing lost, nothing doubled, nothing out of order, whatever goes wrong."""
    broken, paths = simulator.explore(range(chunk * EACH, (chunk + 1) * EACH))
    assert broken is None, f"\n{broken}"
    assert paths["seeds"] == EACH
    assert paths["steps"] >= EACH * simulator.STEPS >= EACH * 500
    _hand_in(tallies, chunk, paths)


@pytest.mark.chaos
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_promise_holds_in_many_more_seeds(chunk: int) -> None:
    """Twenty times as many lives, none of which the test above has lived."""
    each = MORE // CHUNKS
    broken, _ = simulator.explore(range(SEEDS + chunk * each, SEEDS + (chunk + 1) * each))
    assert broken is None, f"\n{broken}"


def _hand_in(tallies: Path, chunk: int, paths: Counter[str]) -> None:
    unfinished = tallies / f"{chunk}.unfinished"
    unfinished.write_text(json.dumps(paths))
    unfinished.rename(tallies / f"{chunk}.json")
    handed_in = list(tallies.glob("*.json"))
    if len(handed_in) == CHUNKS:
        total: Counter[str] = Counter()
        for file in handed_in:
            total.update(json.loads(file.read_text()))
        assert not simulator.missed(total), "\n".join(["paths reached too seldom:", *simulator.missed(total)])


def test_a_path_reached_too_seldom_is_named() -> None:
    """The judgement above can fail."""
    almost = {**simulator.MINIMUM, "black hole": 3}
    assert simulator.missed(almost) == ["black hole: 3 times, at least 7 are asked for"]


def test_a_seed_is_one_history() -> None:
    """The same seed lives the same life, line by line; another one does not."""
    first, again, other = (simulator.live(seed, keep=None)[1].trace.lines() for seed in (3, 3, 4))
    assert first == again
    assert first != other
