"""The outbox's commits without their thread: each is finished some steps after it began (contract 11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from holdfast.errors import OutboxError
from holdfast.outbox.commits import Commits
from holdfast.outbox.reserve import Reserve
from holdfast.outbox.store import Group, Store
from holdfast.outbox.writer import AGAIN_S, LAG_S
from holdfast.testing.simulator.promises import Promise, PromiseBroken
from holdfast.testing.simulator.schedule import Owner

if TYPE_CHECKING:
    from holdfast.testing.simulator.world import World


class Writer(Commits):
    """``under_way`` is the commit that has begun and is not finished."""

    def __init__(
        self,
        world: World,
        owner: Owner,
        store: Store,
        path: str,
        reserve: Reserve,
        on_durable: Callable[[], None],
        on_failed: Callable[[OutboxError | None], None],
    ) -> None:
        self._world = world
        self._owner = owner
        self._looking = False
        self._attempts = self._full = 0
        self.under_way: Group | None = None
        super().__init__(store, path, world.faults.reserve(reserve), on_durable, on_failed)
        if self.tight:
            self._look_again(AGAIN_S)

    def idle(self) -> bool:
        """Whether everything handed over is durable, and said to be."""
        return self.under_way is None and self.settled

    # -- what the thread does ------------------------------------------------------------------

    def begin(self) -> None:
        if self.under_way is None:
            self._next(late=False)

    @property
    def ended(self) -> bool:
        return True

    def close(self, timeout_s: float | None) -> bool:
        """Nobody closes an outbox here: processes are killed."""
        raise NotImplementedError

    def _next(self, late: bool) -> None:
        if self.tight:
            self.regain()
        with self._lock:
            group = self.due(late)
        if group is not None:
            self.under_way, self._attempts, self._full = group, 0, 0
            self._commit_in(self._duration_s())
        elif self.lagging:
            self._look_again(LAG_S)
        elif self.tight:
            self._look_again(AGAIN_S)

    def _look_again(self, after_s: float) -> None:
        if not self._looking:
            self._looking = True
            self._world.schedule.after(after_s, self._owner, self._look)

    def _look(self) -> None:
        self._looking = False
        if self.under_way is None:
            self._next(late=True)

    def _duration_s(self) -> float:
        world = self._world
        usual_s = 0.0 if world.scenario.inline_commit else world.rng.random() * world.scenario.commit_s
        return usual_s + world.faults.delay_s()

    def _commit_in(self, delay_s: float) -> None:
        if self._world.scenario.inline_commit and not delay_s:
            self._attempt()
        else:
            self._world.schedule.after(delay_s, self._owner, self._attempt)

    def _attempt(self) -> None:
        group = self.under_way
        assert group is not None
        self._attempts += 1
        if not self.commit(group):
            self._failed()
            return
        self.under_way = None
        self._world.medium.committed(group)
        self.tell()
        if self.under_way is None:
            self._next(late=False)

    def _failed(self) -> None:
        self._world.paths["a commit failed"] += 1
        self._full += self._world.faults.mood == "full"
        if self._full > 1:
            raise PromiseBroken(Promise.DRAINS, f"{self.failure}, attempt {self._attempts}")
        self._world.schedule.after(AGAIN_S if self._attempts > 1 else 0.0, self._owner, self._attempt)
