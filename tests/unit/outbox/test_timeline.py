"""Outbox time over restarts, jumps and sleep (contract 27)."""

from __future__ import annotations

import pytest

from holdfast.outbox.timeline import SUSPECT_S, Timeline
from holdfast.testing.manual_clock import ManualClock

DAY = 86_400.0


class Life:
    """The machine and one file on it, opened by one process after the other."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.timeline = Timeline(self.clock)
        self.timeline.begin(0.0, self.clock.wall())
        self.opened()

    def opened(self) -> None:
        self.boot, self.boot_ahead = self.timeline.boot, self.timeline.ahead
        self.commit()

    def commit(self) -> None:
        slept = self.timeline.slept
        if slept is not None:
            self.timeline.move(slept)
        self.at, self.wall = self.timeline.now(), self.timeline.wall()

    def open(self) -> None:
        """Another process goes on."""
        self.timeline = Timeline(self.clock)
        self.timeline.begin(self.at, self.wall, self.boot, self.boot_ahead)
        self.opened()


@pytest.fixture
def life() -> Life:
    return Life()


def test_it_begins_with_the_file(life: Life) -> None:
    """Seconds of life; ``ahead`` leads from the clock of the session to it."""
    life.clock.advance(5)
    assert life.timeline.now() == pytest.approx(5)
    assert life.clock.now() + life.timeline.ahead == pytest.approx(5)


def test_between_processes_the_steady_clock_counts(life: Life) -> None:
    """Closed for an hour in one run of the machine: an hour, whenever the last commit was."""
    life.clock.advance(10)
    life.clock.advance(3600)
    life.open()
    assert life.timeline.now() == pytest.approx(3610)


@pytest.mark.parametrize("jump", [-DAY, DAY])
def test_a_jump_of_the_wall_between_processes_moves_nothing(life: Life, jump: float) -> None:
    """The steady clock knows better, and nothing is suspect."""
    life.clock.jump_wall(jump)
    life.clock.advance(10)
    life.open()
    assert life.timeline.now() == pytest.approx(10)
    assert not life.timeline.suspect


@pytest.mark.parametrize("jump", [-DAY, DAY])
def test_a_jump_of_the_wall_in_a_running_process_moves_nothing(life: Life, jump: float) -> None:
    """Not even forward: nothing expires by it alone."""
    life.clock.advance(10)
    life.clock.jump_wall(jump)
    life.commit()
    assert life.timeline.now() == pytest.approx(10)
    assert not life.timeline.suspect


def test_sleep_is_life(life: Life) -> None:
    """Eight hours with the lid closed have passed: the clock of the session counts them too."""
    life.clock.advance(8 * 3600)
    assert life.timeline.now() == pytest.approx(8 * 3600)


def test_over_a_restart_of_the_machine_the_wall_counts(life: Life) -> None:
    """Off for an hour, with a clock that goes on by its battery."""
    life.clock.advance(10)
    life.commit()
    life.clock.reboot(off_s=3600)
    life.open()
    assert life.timeline.now() == pytest.approx(3610)
    assert not life.timeline.suspect


def test_a_machine_that_begins_in_1970_is_suspect(life: Life) -> None:
    """Time goes on from the last commit, and nothing may expire, until the network has set the clock."""
    life.clock.advance(10)
    life.commit()
    off_s, right = 8 * 3600, life.clock.wall()
    life.clock.reboot(wall=0.0)
    life.open()
    assert (life.timeline.now(), life.timeline.suspect, life.timeline.slept) == (10, True, None)
    life.clock.advance(20)
    assert life.timeline.now() == pytest.approx(30)
    life.clock.jump_wall(right + off_s + 20 - life.clock.wall())
    assert life.timeline.slept == pytest.approx(off_s)
    life.commit()
    assert life.timeline.now() == pytest.approx(10 + off_s + 20)
    assert (life.timeline.suspect, life.timeline.slept) == (False, None)


def test_suspicion_ends_after_ten_minutes(life: Life) -> None:
    """A clock that nobody sets: from then on it is simply on, and setting it is a jump like any other."""
    life.clock.jump_wall(-DAY)
    life.clock.reboot()
    life.open()
    suspect = []
    for _ in range(2):
        life.clock.advance(SUSPECT_S / 2)
        suspect.append(life.timeline.suspect)
    assert suspect == [True, False]
    life.clock.jump_wall(2 * DAY)
    assert life.timeline.slept is None
    assert life.timeline.now() == pytest.approx(SUSPECT_S)


def test_a_clock_that_was_never_set_is_not_believed_later(life: Life) -> None:
    """Opened in 1970 and off again: the next start does not see fifty years pass."""
    right = life.clock.wall()
    life.clock.reboot(wall=0.0)
    life.open()
    life.clock.advance(2 * SUSPECT_S)
    life.commit()
    life.clock.reboot(wall=right + 3600)
    life.open()
    assert life.timeline.now() == pytest.approx(3600)


def test_a_file_made_in_1970_knows_of_no_time_off() -> None:
    """Its last commit was under a clock that nobody had set: what that shows later says nothing."""
    life = Life()
    life.clock.reboot(wall=0.0)
    life.at, life.wall = 100.0, 50.0
    life.clock.jump_wall(1_700_000_000)
    life.open()
    assert (life.timeline.now(), life.timeline.suspect) == (100, False)


def test_a_restart_while_suspect_stays_suspect(life: Life) -> None:
    """The run of the machine is not noted until it is known how long the machine was off."""
    right = life.clock.wall()
    life.clock.reboot(wall=0.0)
    life.open()
    life.clock.advance(60)
    life.commit()
    life.open()
    assert life.timeline.suspect
    life.clock.jump_wall(right + 3600 - life.clock.wall())
    life.commit()
    assert life.timeline.now() == pytest.approx(3600)
