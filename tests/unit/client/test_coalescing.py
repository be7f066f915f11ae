"""Adaptive read coalescing: when a pause pays, and that light traffic never sees one."""

from __future__ import annotations

import random

import pytest

from holdfast.client.coalescing import (
    GAP_S,
    IDLE,
    KEPT,
    LONGEST_RETRY_S,
    PAUSES,
    RETRY_S,
    SMALL,
    STREAK,
    Coalescing,
)

READ_S = 0.00005
"""What one small read costs a busy client."""

PAUSED_S = 0.001


class Link:
    """A link whose reads come when this test says; counts the pauses."""

    def __init__(self) -> None:
        self.coalescing = Coalescing()
        self.now = 10.0
        self.pauses = 0

    def read(self, after_s: float, size: int) -> bool:
        self.now += after_s
        paused = self.coalescing.received(self.now, size)
        self.pauses += paused
        return paused

    def trickle(self, reads: int, size: int = 200) -> None:
        """A busy client: small reads, one right after the other, until a pause."""
        for _ in range(reads):
            if self.read(READ_S, size):
                return

    def trial(self, size: int) -> None:
        """The pauses of a trial, each of which collects so much."""
        for _ in range(PAUSES):
            self.read(PAUSED_S, size)


def loaded() -> Link:
    """A link on which pauses have shown that they pay."""
    link = Link()
    link.trickle(STREAK + 1)
    link.trial(4000)
    assert link.coalescing.state == "load"
    return link


@pytest.mark.parametrize("per_second", [1, 20, 500, 1000])
def test_light_traffic_is_left_alone(per_second: int) -> None:
    """Messages that come by chance at such a rate, for 20,000 reads: not one pause."""
    rng, link = random.Random(per_second), Link()
    for _ in range(20_000):
        link.read(rng.expovariate(per_second), 90)
    assert link.pauses == 0


def test_a_burst_is_no_load() -> None:
    """A few reads in a row are over before a pause could help."""
    link = Link()
    for _ in range(100):
        link.trickle(STREAK - 1)
        link.read(2 * GAP_S, 90)
    assert link.pauses == 0


def test_batches_need_no_pause() -> None:
    """What comes in large reads is a batch already, however fast it comes."""
    link = Link()
    link.trickle(1000, SMALL + 1)
    assert link.pauses == 0


def test_under_load_a_pause_follows_every_read() -> None:
    """Small reads in a row begin a trial; bytes keep coming, so it goes on for as long as the load does."""
    link = loaded()
    before = link.pauses
    for _ in range(1000):
        link.read(PAUSED_S, 4000)
    assert link.pauses == before + 1000


def test_when_the_load_goes_so_do_the_pauses() -> None:
    """A few pauses that collect nothing, and light traffic is read at once again."""
    link = loaded()
    assert [link.read(PAUSED_S, 90) for _ in range(IDLE)] == [*[True] * (IDLE - 1), False]
    before = link.pauses
    for _ in range(100):
        link.read(0.002, 90)
    assert link.pauses == before


def test_one_empty_pause_is_not_the_end_of_the_load() -> None:
    """Brokers breathe: a single small read between batches changes nothing."""
    link = loaded()
    for _ in range(100):
        assert link.read(PAUSED_S, 90)
        assert link.read(PAUSED_S, 4000)


def test_a_sender_that_waits_for_us_is_not_kept_waiting() -> None:
    """Request and answer, or a window that is full: pauses bring in no more, so the trial ends them."""
    link = Link()
    link.trickle(STREAK + 1)
    link.trial(200)
    assert link.coalescing.state == "light"
    before = link.pauses
    for _ in range(int(0.9 * RETRY_S / READ_S)):
        link.read(READ_S, 200)
    assert link.pauses == before


def test_trials_that_fail_become_rare() -> None:
    """Twice the wait after each, up to a bound: a minute of such traffic sees a handful of trials."""
    link = Link()
    trials = 0
    while link.now < 70.0:
        link.trickle(1_000_000)
        trials += 1
        link.trial(200)
    assert trials <= 11
    assert link.coalescing._retry_s <= LONGEST_RETRY_S


def test_a_trial_that_pays_forgives_those_before() -> None:
    """The next wait is short again: the traffic has changed."""
    link = Link()
    for _ in range(3):
        link.trickle(1_000_000)
        link.trial(200)
    link.trickle(1_000_000)
    link.trial(4000)
    assert link.coalescing.state == "load"
    assert link.coalescing._retry_s == RETRY_S


def test_a_little_less_throughput_is_accepted() -> None:
    """The measure is a part of the rate before: a trial just above it passes, one below does not."""
    for part, state in ((KEPT + 0.02, "load"), (KEPT - 0.02, "light")):
        link = Link()
        link.trickle(STREAK + 1)
        link.trial(int(200 * PAUSED_S / READ_S * part))
        assert link.coalescing.state == state
