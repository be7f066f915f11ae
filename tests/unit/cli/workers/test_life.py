"""What is to be done when a worker's process has ended."""

from __future__ import annotations

import pytest

from holdfast.cli.failures import Code
from holdfast.cli.workers.life import HOPELESS, POLICY, STABLE_S, Life, hopeless, how, killed, worst


def longest(low: float, high: float) -> float:
    """Chance at its worst."""
    return high


def life(*, retiring: bool = False) -> Life:
    return Life(0, retiring, longest)


def lived(one: Life, returned: int, seconds: float) -> float | None:
    """A process that lived so long."""
    one.begun(0)
    return one.ended(returned, seconds)


@pytest.mark.parametrize("returned", [-9, -15, 0, 1, 73])
def test_a_dead_worker_comes_back(returned: int) -> None:
    """Killed, crashed, ended by somebody, or without a database: its part waits for it alone."""
    assert lived(life(), returned, STABLE_S) is not None


@pytest.mark.parametrize("code", [Code.USAGE, Code.UNAVAILABLE, Code.CONFIG])
def test_what_no_start_can_mend_is_final(code: int) -> None:
    """Neither a wrong flag nor the end of --reconnect-max-attempts is tried again, retiring or not."""
    for one in (life(), life(retiring=True)):
        assert lived(one, code, 100) is None
        assert one.final


def test_who_dies_young_comes_later_and_later() -> None:
    """Up to the cap, and told so; one long life makes the next death a first one."""
    one = life()
    waits = [lived(one, 1, 0.1) for _ in range(7)]
    assert waits == [0.5, 1, 2, 4, 8, POLICY.max_delay_s, POLICY.max_delay_s]
    assert one.row == " (7 times in a row)"
    assert lived(one, 1, STABLE_S) == 0.5
    assert one.row == ""
    assert one.starts == 8


def test_a_slot_is_retired_by_a_process_that_ended_well() -> None:
    """Not by one that was killed, nor before it ended; a worker that ends well is not retired."""
    retiring, worker = life(retiring=True), life()
    seen = [retiring.retired]
    assert lived(retiring, -9, 0.1) is not None
    retiring.begun(0)
    seen.append(retiring.retired)
    assert retiring.ended(0, 0.1) is None
    assert [*seen, retiring.retired] == [False, False, True]
    lived(worker, 0, 0.1)
    assert not worker.retired


def test_hopeless_are_workers_of_which_none_lives() -> None:
    """As long as one does, the others are tried again for ever; who is retired has nothing to hope for."""
    one, other, gone = life(), life(), life(retiring=True)
    lived(gone, 0, 0.1)
    for _ in range(HOPELESS):
        lived(one, 73, 0.1)
        lived(other, 1, 0.1)
    assert hopeless([one, other, gone], 0.1)
    other.begun(1)
    assert hopeless([one, other, gone], 1 + STABLE_S / 2)
    assert not hopeless([one, other, gone], 1 + STABLE_S)


def test_the_exit_code_of_all_is_the_worst() -> None:
    """How each slot's last process ended, as a shell tells it; who was mended does not count."""
    one, other = life(), life()
    lived(one, -9, 20)
    assert worst([one, other]) == 137
    lived(one, 0, 20)
    lived(other, 73, 20)
    assert worst([one, other]) == 73
    assert worst([]) == 0


def test_the_end_in_words() -> None:
    """By which signal, or with which exit code."""
    assert how(-9) == "was killed by signal 9"
    assert how(73) == "ended with exit code 73"


def test_who_is_killed_ends_by_a_signal() -> None:
    """Also by one that it obeys at once; what ends by itself has an exit code of its own."""
    assert [killed(returned) for returned in (-9, 143, 0, 1, 73)] == [True, True, False, False, False]
