"""On a bad link no message is given up that does not end it; one that does is found on any (contract 10)."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from random import Random

import pytest

from holdfast.protocol.suspicion import LIVES_S, PATIENCE, STRIKES
from tests.support.driven import row
from tests.unit.protocol.suspected import Link


def trials(life: Callable[[Random], float], count: int, kills_s: float | None = None) -> tuple[int, int]:
    """So many trials on links with these lives; the broker never answers the message.

    Gives how often it was given up, and how many connections that took. ``kills_s``: it ends the link,
    so long after it came.
    """
    rng, link, head = Random(7), Link(), row(1)
    guilty = held = connections = 0
    while held < count:
        connections += 1
        link.now += rng.random()
        ends_at = link.now + life(rng)
        killed_s = inf if kills_s is None else kills_s
        if not link.open():
            link.ends(head, after_s=min(ends_at - link.now, killed_s))
            continue
        held += 1
        if ends_at < (link.suspicion.deadline() or 0):
            link.ends(None, after_s=ends_at - link.now)
            continue
        link.control()
        guilty += link.guilty()
        if guilty and kills_s is not None:
            break
        link.suspicion.left(link.now)
        if ends_at > link.now + LIVES_S and killed_s > LIVES_S:
            link.suspicion.due(link.now + LIVES_S)
        link.ends(head, after_s=min(ends_at - link.now, killed_s))
    return guilty, connections


@pytest.mark.parametrize("mean_s", [0.3, 1, 3, 5])
def test_a_flapping_link_convicts_nobody(mean_s: float) -> None:
    """It ends at random, and nothing is ever answered: of two thousand trials none ends with a verdict."""
    assert trials(lambda rng: rng.expovariate(1 / mean_s), 2_000)[0] == 0


@pytest.mark.parametrize("life_s", [0.4, 0.51, 0.55, 1.1, 3])
def test_a_link_that_ends_by_the_clock_convicts_nobody(life_s: float) -> None:
    """A reset every few seconds: the second control is longer than that."""
    assert trials(lambda _: life_s, 500)[0] == 0
    assert trials(lambda rng: life_s * rng.uniform(1, 1.1), 2_000)[0] == 0


@pytest.mark.parametrize("kills_s", [0, 0.05, 0.3])
def test_the_culprit_is_found_on_a_good_link_and_on_a_bad_one(kills_s: float) -> None:
    """The other side: it is not let go on and on, however long the way to the broker."""
    guilty, connections = trials(lambda _: 1e9, 100, kills_s)
    assert guilty
    assert connections <= PATIENCE + STRIKES + 4
    assert trials(lambda rng: rng.expovariate(1 / 20), 2_000, kills_s)[0]
