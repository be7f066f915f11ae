"""What can happen at a turn to the disk, to the clock, and in the file beside its owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.testing.simulator.faults import Mood
from holdfast.testing.simulator.process import Process

if TYPE_CHECKING:
    from holdfast.testing.simulator.world import World


class DiskTurns:
    """Some of the actions in ``scenario.ACTIONS``."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rng = world.rng

    def _client(self) -> Process | None:
        """The process, if it is there to be asked for something."""
        process = self._world.process
        if process is None or process.frozen_until > self._world.now:
            return None
        return process

    def _soon(self) -> float:
        """A few turns from now."""
        return self._rng.random() * 10 * self._world.scenario.turn_s

    def clock(self) -> None:
        """The wall clock jumps."""
        self._world.machine.set_clock(self._rng.choice(("a day ahead", "a day behind", "right")))

    # -- the disk ------------------------------------------------------------------------------

    def disk_slow(self) -> None:
        """Commits take long for a while."""
        self._disk("slow")

    def disk_errs(self) -> None:
        """Statements fail for a while (EIO)."""
        self._disk("error")

    def disk_full(self) -> None:
        """Others have taken all the room there is (ENOSPC)."""
        self._disk("full")

    def _disk(self, mood: Mood) -> None:
        world = self._world
        if world.process is not None:
            world.faults.begin(mood, self._soon() * 3, world.medium.pages())

    def request(self) -> None:
        """Somebody at a console asks the owner of the file for something (contract 26)."""
        process, world = self._client(), self._world
        if process is None:
            return
        verb = self._rng.choice(("retry", "purge", "deadletter purge"))
        numbers = range(1, 1 + process.outbox.last)
        few = self._rng.sample(numbers, min(5, len(numbers)))
        world.requested = world.requested or verb == "retry"
        world.medium.ask(verb, self._rng.choice((None, few)))
        world.paths[f"request: {verb}"] += 1
