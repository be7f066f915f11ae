"""One seed from beginning to end, and the report of it."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from holdfast.testing.simulator import audit
from holdfast.testing.simulator.driver import Killed
from holdfast.testing.simulator.promises import Promise, PromiseBroken
from holdfast.testing.simulator.world import World

STEPS = 500
"""Steps of trouble in every seed, before the network is healed."""

HEALING_STEPS = 20_000
"""Within how many more steps everything must come to rest."""

TRIAL_STEPS = 10_000
"""And so many for each message that ends the link: its trial may take two minutes (contract 10)."""


@dataclass
class Broken:
    """A seed that found something: which promise, at which step, and what led there."""

    seed: int
    promise: Promise
    step: int
    text: str

    def __str__(self) -> str:
        return self.text


def _live(world: World) -> World:
    world.note("scenario %s", world.scenario.describe())
    world.schedule.at(world.now, world, world.revive)
    world.schedule.at(world.now, world, world.turn)
    for _ in range(STEPS):
        _step(world)
    world.heal()
    most = HEALING_STEPS + TRIAL_STEPS * world.poison.count
    for _ in range(most):
        if not audit.restless(world):
            audit.at_the_end(world)
            if not world.sites.at_rest():
                _step(world)
                continue
            world.paths.update(f"ended: {ending}" for ending in world.disk.endings.values())
            return world
        _step(world)
    raise PromiseBroken(Promise.LIVE, f"{most} steps after healing: {audit.restless(world)}")


def _step(world: World) -> None:
    world.trace.step += 1
    event = world.schedule.next()
    if event is None:
        raise PromiseBroken(Promise.LIVE, "nothing will ever happen again")
    call, arguments = event
    try:
        call(*arguments)
    except Killed as death:
        world.bury(death)
    except PromiseBroken:
        raise
    except Exception as error:
        raise PromiseBroken(Promise.NO_EXCEPTION, traceback.format_exc()) from error
    audit.after_step(world)


def live(seed: int, keep: int | None = 30) -> tuple[Broken | None, World]:
    """Live one seed; what broke, if anything did, and the world as it was then."""
    world = World(seed, keep)
    try:
        with world.medium.mounted():
            _live(world)
    except PromiseBroken as error:
        return Broken(seed, error.promise, world.trace.step, _report(seed, world, error)), world
    return None, world


def explore(seeds: Iterable[int]) -> tuple[Broken | None, Counter[str]]:
    """Run seeds until one breaks a promise; what broke, and which paths were reached."""
    paths: Counter[str] = Counter()
    for seed in seeds:
        broken, world = live(seed)
        if broken is not None:
            return broken, paths
        paths.update(world.paths)
        paths["seeds"] += 1
        paths["steps"] += world.trace.step
    return None, paths


def _report(seed: int, world: World, error: PromiseBroken) -> str:
    lines = [
        f"seed {seed}, step {world.trace.step}: {error}",
        "  what led there:",
        *(f"  {line}" for line in world.trace.lines()),
        f"replay: python -m holdfast.testing.simulator --seed {seed} --trace",
    ]
    return "\n".join(lines)
