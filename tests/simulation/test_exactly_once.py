"""Exactly once into a transactional sink (contract 6): killed at every step, and planted bugs are found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from holdfast.client.releases import Holder, Releases
from holdfast.ingest import desk, draft, pipeline, spool
from holdfast.ingest.identifiers import Bound, Identifiers
from holdfast.ingest.notes import Notes
from holdfast.ingest.pipeline import Pipeline
from holdfast.ingest.sink import Memory
from holdfast.ingest.spool import Spool
from holdfast.protocol import Delivery, ReleaseAsked
from holdfast.protocol.holding import Holding
from tests.simulation.ingest.world import TROUBLED_STEPS, World
from tests.support.spooling import Intake


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses between attempts, and no threads."""

    async def inline(function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)

    monkeypatch.setattr(desk, "FIRST_DELAY_S", 0.0)
    monkeypatch.setattr(desk, "MAX_DELAY_S", 0.0)
    monkeypatch.setattr(spool, "LOOK_S", 0.0)
    monkeypatch.setattr(asyncio, "to_thread", inline)


async def wrong(seed: int, kills: Iterable[int], spools: bool = False) -> list[str]:
    """What the first of these lives with something wrong says."""
    for kill_at in kills:
        world = World(seed, kill_at, spools)
        await world.run()
        if verdict := world.verdict():
            return [f"seed {seed}, killed at step {kill_at}", *verdict, *world.told]
    return []


@pytest.mark.parametrize("seed", range(8))
async def test_killed_at_any_step(seed: int) -> None:
    """Equal messages under few identifiers; links, commits and sessions break: each message has one row."""
    assert await wrong(seed, range(seed % 3, TROUBLED_STEPS, 3)) == []


@pytest.mark.parametrize("patience_s", [0.0, 60.0])
@pytest.mark.parametrize("seed", range(4))
async def test_killed_at_any_step_with_a_spool(
    monkeypatch: pytest.MonkeyPatch, seed: int, patience_s: float
) -> None:
    """The same, where what a database cannot take goes into the file, or what it has not taken at once."""
    monkeypatch.setattr(pipeline, "PATIENCE_S", patience_s)
    assert await wrong(seed, range(seed % 5, TROUBLED_STEPS, 5), spools=True) == []


@pytest.mark.chaos
@pytest.mark.parametrize("spools", [False, True])
@pytest.mark.parametrize("seed", range(100, 200))
async def test_killed_at_every_step(seed: int, spools: bool) -> None:
    """The same, with no step left out."""
    assert await wrong(seed, range(TROUBLED_STEPS), spools) == []


# -- planted bugs ------------------------------------------------------------------------------


def _not_kept(self: Identifiers, bound: Iterable[Bound]) -> None:
    """Nothing."""


def _never_forgotten(self: Identifiers, asked: ReleaseAsked) -> None:
    """Nothing."""


def _epoch_ignored(self: Identifiers, delivery: Delivery, digest: str) -> bool:
    return delivery.duplicate and self._kept.get(delivery.packet_id) == digest


def _dup_ignored(self: Identifiers, delivery: Delivery, digest: str) -> bool:
    return delivery.epoch == self._epoch and self._kept.get(delivery.packet_id) == digest


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
    ("identifiers are not kept", Identifiers, "keep", _not_kept),
    ("identifiers are never forgotten", Identifiers, "release", _never_forgotten),
    ("the epoch is ignored", Identifiers, "knows", _epoch_ignored),
    ("DUP is ignored", Identifiers, "knows", _dup_ignored),
    ("the content is ignored", draft, "digest_of", _digest_ignored),
    ("PUBCOMP before the sink has forgotten", Pipeline, "release_asked", _answered_at_once),
    ("PUBCOMP before all sinks have", Releases, "_forgotten", _one_answer_is_enough),
    ("PUBCOMP for what was asked before", Holding, "complete", _late_answers_count),
]


class _Nothing(set[int]):
    def update(self, *others: Iterable[int]) -> None:
        """What is coming is not remembered."""


_made, _voided = Spool.__init__, Identifiers.voided


def _drained_too_early(self: Spool, *arguments: Any) -> None:
    _made(self, *arguments)
    self._coming = _Nothing()


def _voided_once(self: Identifiers, asked: ReleaseAsked) -> list[bytes]:
    one_by_one = [ReleaseAsked(asked.epoch, [packet_id]) for packet_id in asked.packet_ids]
    return [note for one in one_by_one for note in _voided(self, one)[-1:]]


def _never_unbound(self: Intake, epoch: int, packet_ids: Iterable[int]) -> int:
    return self._write(lambda file: None)


def _numbered_past(self: Spool, tried: Iterable[int], memory: Memory) -> None:
    self._desk.number = max(self._desk.number, *tried)


SPOOL_BUGS: list[tuple[str, Any, str, Callable[..., Any]]] = [
    ("the batch that failed is not known again", Notes, "tried", lambda self, held: 0),
    ("what comes behind the batch that failed proves it", Spool, "_pass_over", _numbered_past),
    ("what is in the spool is not known", Identifiers, "found", lambda self, bound: None),
    ("a row is read before its identifier is remembered", Spool, "__init__", _drained_too_early),
    ("what the sink cannot forget is not noted", Identifiers, "voided", lambda self, asked: []),
    ("it is noted for one of two states", Identifiers, "voided", _voided_once),
]
RARE_BUGS: list[tuple[str, Any, str, Callable[..., Any]]] = [
    ("identifiers in the spool are not released", Intake, "release", _never_unbound),
]


FIRST = {"what comes behind the batch that failed proves it": 440}
"""Where the seeds begin for what is seldom found."""


async def found(seeds: int, spools: bool, first: int = 0) -> bool:
    """Whether something is wrong in one of so many seeds."""
    for seed in range(first, first + seeds):
        told = await wrong(seed, range(seed % 11, TROUBLED_STEPS, 11), spools)
        if told:
            print(told[:2])
            return True
    return False


@pytest.mark.parametrize(("name", "owner", "place", "bug"), SPOOL_BUGS, ids=[bug[0] for bug in SPOOL_BUGS])
async def test_a_bug_of_the_spool_is_found(
    monkeypatch: pytest.MonkeyPatch, name: str, owner: Any, place: str, bug: Callable[..., Any]
) -> None:
    """By rows that are too many or missing."""
    monkeypatch.setattr(owner, place, bug)
    assert await found(200, spools=True, first=FIRST.get(name, 0)), name


@pytest.mark.chaos
@pytest.mark.parametrize(("name", "owner", "place", "bug"), RARE_BUGS, ids=[bug[0] for bug in RARE_BUGS])
async def test_a_rare_bug_of_the_spool_is_found(
    monkeypatch: pytest.MonkeyPatch, name: str, owner: Any, place: str, bug: Callable[..., Any]
) -> None:
    """As above; it takes a minute."""
    monkeypatch.setattr(owner, place, bug)
    assert await found(1000, spools=True), name


@pytest.mark.parametrize(("name", "owner", "place", "bug"), BUGS, ids=[bug[0] for bug in BUGS])
async def test_a_planted_bug_is_found(
    monkeypatch: pytest.MonkeyPatch, name: str, owner: Any, place: str, bug: Callable[..., Any]
) -> None:
    """By rows that are too many or missing, or by what the broker did not expect."""
    monkeypatch.setattr(owner, place, bug)
    assert await found(200, spools=False), name
