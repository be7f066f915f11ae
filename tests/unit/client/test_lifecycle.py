"""The states of the link: one flat table, all of it reached and nothing else (A06)."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from holdfast.client.lifecycle import TRANSITIONS, Step, diagram
from holdfast.client.state import State
from holdfast.client.status import Status
from holdfast.codec import Connack
from holdfast.resilience import Reconnect, Verdict
from holdfast.transport import Link, LinkUser
from tests.unit.client.test_supervisor import Supervised
from tests.unit.client.wired import Wired

STEPS = 10_000
POLICIES = [
    Reconnect(first_delay_s=0.001, max_delay_s=0.001, attempt_timeout_s=0.5, max_attempts=most)
    for most in (None, 1, 3)
]
DOCS = Path(__file__).parents[3] / "docs" / "link.md"


class Recording(State):
    """Which steps were seen in which state."""

    def __init__(self) -> None:
        super().__init__("host:1")
        self.seen: Counter[tuple[Status, Step]] = Counter()

    def move(self, step: Step) -> None:
        self.seen[self.status, step] += 1
        super().move(step)


class Run(Supervised):
    """A supervisor that reports to the state of a client, and a broker that does what the dice say."""

    def __init__(self, state: State, dice: Random) -> None:
        self._dice = dice
        super().__init__(self._answered, dice.choice(POLICIES))
        self.dialling = state.dialling  # type: ignore[method-assign]
        self.connected = state.connected  # type: ignore[method-assign]
        self.attempt_failed = state.attempt_failed  # type: ignore[method-assign]
        self.disconnected = state.disconnected  # type: ignore[method-assign]

    def _answered(self, number: int, user: LinkUser) -> Link:
        if self._dice.random() < 0.3:
            raise ConnectionRefusedError
        return Wired(user)

    def fault(self) -> None:
        """Something happens to the newest link; or the network is said to be back."""
        link = self.links[-1] if self.links else None
        what = self._dice.randrange(6)
        if link is None or what == 0:
            self.supervisor.redial()
        elif what in (1, 2, 3):
            link.accept()
        elif what == 4:
            link.feed(Connack(False, 0x88, {}))
        else:
            link.user.lost(None)


async def test_only_what_the_table_has_is_seen(caplog: pytest.LogCaptureFixture) -> None:
    """10,000 random faults through starts and stops: no step that cannot be, and each that can."""
    dice, state = Random(1), Recording()
    run = None
    for _ in range(STEPS):
        if run is None:
            state.draining = False
            run = Run(state, dice)
            stopped = dice.random() < 0.2  # before it has dialled
        else:
            run.fault()
            await asyncio.sleep(dice.choice((0, 0, 0, 0, 0.0015)))
            stopped = run.task.done() or dice.random() < 0.01
        if stopped:
            await stop(state, run, dice)
            run = None
    if run is not None:
        await run.stop()
    assert "cannot be while" not in caplog.text
    assert state.seen.keys() <= _table()
    assert _table() - state.seen.keys() <= {
        (Status.DISCONNECTED, Step.GIVE_UP),
        (Status.FAILED, Step.GIVE_UP),
    }


async def stop(state: State, run: Run, dice: Random) -> None:
    """As ``Client.stop``; the link may go on for a moment."""
    state.draining = True
    state.move(Step.STOP)
    if dice.random() < 0.5:
        run.fault()
        await asyncio.sleep(0.002)
    await run.stop()
    state.move(Step.END)


def _table() -> set[tuple[Status, Step]]:
    return {(state, step) for state, steps in TRANSITIONS.items() for step in steps}


@pytest.mark.parametrize("state", list(Status))
def test_every_state_has_a_way_out_and_one_in(state: Status) -> None:
    """None is an end: a client that gave up can be stopped, and started again."""
    assert any(to is not state for to in TRANSITIONS[state].values())
    assert any(state in steps.values() for other, steps in TRANSITIONS.items() if other is not state)


async def test_a_defect_before_the_first_dial_is_the_end_as_well() -> None:
    """Given up twice it stays so."""
    state = State("host:1")
    state.attempt_failed(Verdict("internal", "the supervisor failed"), None)
    state.attempt_failed(Verdict("internal", "the supervisor failed"), None)
    assert state.status is Status.FAILED


def test_the_picture_is_drawn_from_the_table() -> None:
    """docs/link.md shows what the code does."""
    assert f"```mermaid\n{diagram()}\n```" in DOCS.read_text(encoding="utf-8")
