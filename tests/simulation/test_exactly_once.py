"""Exactly once into a transactional sink (contract 6): killed at every step, and planted bugs are found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from holdfast.client.releases import Holder, Releases
from holdfast.ingest import identifiers, pipeline
from holdfast.ingest.identifiers import Identifiers
from holdfast.ingest.pipeline import Pipeline
from holdfast.protocol import Delivery, ReleaseAsked
from holdfast.protocol.holding import Holding
from tests.simulation.ingest.world import TROUBLED_STEPS, World


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that failed is tried again at once."""
    monkeypatch.setattr(pipeline, "FIRST_DELAY_S", 0.0)


async def wrong(seed: int, kills: Iterable[int]) -> list[str]:
    """What the first of these lives with something wrong says."""
    for kill_at in kills:
        world = World(seed, kill_at)
        await world.run()
        if verdict := world.verdict():
            return [f"seed {seed}, killed at step {kill_at}", *verdict, *world.told]
    return []


@pytest.mark.parametrize("seed", range(8))
async def test_killed_at_any_step(seed: int) -> None:
    """Equal messages under few identifiers; links, commits and sessions break: each message has one row."""
    assert await wrong(seed, range(seed % 3, TROUBLED_STEPS, 3)) == []


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(100, 200))
async def test_killed_at_every_step(seed: int) -> None:
    """The same, with no step left out."""
    assert await wrong(seed, range(TROUBLED_STEPS)) == []


# -- planted bugs ------------------------------------------------------------------------------


def _not_kept(self: Identifiers, delivery: Delivery) -> bool:
    return True


def _never_forgotten(self: Identifiers, asked: ReleaseAsked) -> None:
    """Nothing."""


_take = Identifiers.take


def _epoch_ignored(self: Identifiers, delivery: Delivery) -> bool:
    self._epoch = delivery.epoch
    return _take(self, delivery)


def _dup_ignored(self: Identifiers, delivery: Delivery) -> bool:
    delivery.duplicate = True
    return _take(self, delivery)


def _digest_ignored(delivery: Delivery) -> str:
    return "all the same"


def _answered_at_once(self: Pipeline, asked: ReleaseAsked) -> None:
    self._asked.append(asked)
    self._forget(asked)
    assert self.releases is not None
    self.releases.forgotten(self, asked)
    self._feed.nudge()


def _one_answer_is_enough(self: Releases, holder: Holder, asked: ReleaseAsked, left: list[Holder]) -> None:
    self._open = [entry for entry in self._open if entry[0] is not asked]
    self.answer(asked)


def _late_answers_count(self: Holding, asked: ReleaseAsked) -> None:
    known = [packet_id for packet_id in asked.packet_ids if packet_id in self.received]
    for packet_id in known:
        self._asked.pop(packet_id, None)
        del self.received[packet_id]
    self._complete(known)


BUGS: list[tuple[str, Any, str, Callable[..., Any]]] = [
    ("identifiers are not kept", Identifiers, "take", _not_kept),
    ("identifiers are never forgotten", Identifiers, "release", _never_forgotten),
    ("the epoch is ignored", Identifiers, "take", _epoch_ignored),
    ("DUP is ignored", Identifiers, "take", _dup_ignored),
    ("the content is ignored", identifiers, "_digest", _digest_ignored),
    ("PUBCOMP before the sink has forgotten", Pipeline, "release_asked", _answered_at_once),
    ("PUBCOMP before all sinks have", Releases, "_forgotten", _one_answer_is_enough),
    ("PUBCOMP for what was asked before", Holding, "complete", _late_answers_count),
]


@pytest.mark.parametrize(("name", "owner", "place", "bug"), BUGS, ids=[bug[0] for bug in BUGS])
async def test_a_planted_bug_is_found(
    monkeypatch: pytest.MonkeyPatch, name: str, owner: Any, place: str, bug: Callable[..., Any]
) -> None:
    """By rows that are too many or missing, or by what the broker did not expect."""
    monkeypatch.setattr(owner, place, bug)
    for seed in range(200):
        found = await wrong(seed, range(seed % 11, TROUBLED_STEPS, 11))
        if found:
            print(f"{name}: {found[:2]}")
            return
    pytest.fail(f"not found: {name}")
