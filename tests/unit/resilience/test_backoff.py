"""When to dial (contract 19): full jitter under a cap, and a bound on accepted connections."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import inf, nan
from random import Random
from statistics import mean, quantiles
from typing import Any

import pytest

from holdfast.errors import ConfigurationError
from holdfast.resilience import PRESETS, Backoff, Reconnect

SAMPLES = 2000


def longest(low: float, high: float) -> float:
    """Chance at its worst: the whole range of each wait becomes visible."""
    assert low == 0
    return high


def shortest(low: float, high: float) -> float:
    return low


def waits(policy: Reconnect, count: int, uniform: Callable[[float, float], float] = longest) -> list[float]:
    backoff = Backoff(policy, uniform)
    return [backoff.failed() for _ in range(count)]


# -- the options -----------------------------------------------------------------------------


def test_the_presets() -> None:
    """Contract 19: lan has cap 1.5 s and 2 s an attempt; wan 15 s and 10 s; neither gives up."""
    lan, wan = PRESETS["lan"], PRESETS["wan"]
    assert (lan.max_delay_s, lan.attempt_timeout_s) == (1.5, 2)
    assert (wan.max_delay_s, wan.attempt_timeout_s) == (15, 10)
    assert {preset.first_delay_s for preset in PRESETS.values()} == {0.1}
    assert {preset.multiplier for preset in PRESETS.values()} == {2}
    assert {preset.max_attempts for preset in PRESETS.values()} == {None}
    assert {preset.fail_back_s for preset in PRESETS.values()} == {60}
    assert Reconnect() == wan


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        *(("first_delay_s", wrong) for wrong in (0, -1, nan, inf)),
        *(("max_delay_s", wrong) for wrong in (0, -1, nan, inf)),
        *(("attempt_timeout_s", wrong) for wrong in (0, -1, nan, inf)),
        *(("stable_s", wrong) for wrong in (-1, nan, inf)),
        *(("fail_back_s", wrong) for wrong in (-1, nan, inf)),
        *(("multiplier", wrong) for wrong in (0.5, 0, -2, nan, inf)),
        *(("max_attempts", wrong) for wrong in (0, -1, nan)),
    ],
)
def test_an_impossible_option_is_refused(name: str, wrong: float) -> None:
    """One sentence with the option, its bound and the value."""
    options: dict[str, Any] = {name: wrong}
    with pytest.raises(ConfigurationError) as caught:
        Reconnect(**options)
    assert f"Reconnect: {name} must be" in str(caught.value)
    assert f"not {wrong}" in str(caught.value)


# -- waiting after failures ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("preset", "longest_waits"),
    [
        ("lan", [0.1, 0.2, 0.4, 0.8, 1.5, 1.5, 1.5]),
        ("wan", [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 15, 15, 15]),
    ],
)
def test_the_range_doubles_up_to_the_cap(preset: str, longest_waits: list[float]) -> None:
    """Contract 19: the wait after failure n is at most min(cap, 0.1 · 2ⁿ), n from 0."""
    assert waits(PRESETS[preset], len(longest_waits)) == pytest.approx(longest_waits)


def test_full_jitter() -> None:
    """Every wait is drawn from 0, not around its middle: clients cut together come back spread out."""
    assert waits(PRESETS["wan"], 20, shortest) == [0] * 20
    rng = Random(19)
    drawn = [waits(PRESETS["lan"], 6, rng.uniform)[-1] for _ in range(SAMPLES)]
    assert 0 <= min(drawn) < 0.01
    assert 1.49 < max(drawn) <= 1.5
    assert mean(drawn) == pytest.approx(0.75, rel=0.05)
    assert quantiles(drawn, n=4) == pytest.approx([0.375, 0.75, 1.125], rel=0.07)


def test_an_outage_of_months() -> None:
    """The wait stays at the cap however often it fails: no number grows without end."""
    policy = Reconnect(multiplier=1e200, max_delay_s=7)
    assert waits(policy, 5000)[-1] == 7


def test_a_cap_below_the_first_delay() -> None:
    """max_delay_s caps every wait, the first included."""
    assert waits(Reconnect(first_delay_s=2, max_delay_s=0.5), 3) == [0.5, 0.5, 0.5]


# -- waiting after a link --------------------------------------------------------------------


def test_the_first_dial_after_a_link_that_worked() -> None:
    """Contract 19: 0 to 100 ms, whatever had failed before it."""
    rng = Random(19)
    firsts = []
    for _ in range(SAMPLES):
        backoff = Backoff(PRESETS["wan"], rng.uniform)
        for _ in range(8):
            backoff.failed()
        backoff.accepted(now=100)
        firsts.append(backoff.lost(now=101, worked=True))
    assert 0 <= min(firsts) < 0.001
    assert 0.099 < max(firsts) <= 0.1
    assert mean(firsts) == pytest.approx(0.05, rel=0.05)


def test_a_link_that_did_not_work_counts_as_a_failure() -> None:
    """A broker that accepts and hangs up is not met at full speed: its waits grow."""
    backoff = Backoff(PRESETS["lan"], longest)
    found = []
    for second in range(5):
        backoff.accepted(now=second)
        found.append(backoff.lost(now=second, worked=False))
    assert found == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.5])


@pytest.mark.parametrize(("up_s", "next_wait"), [(29.9, 0.4), (30, 0.1)])
def test_the_count_begins_anew_after_stable_s(up_s: float, next_wait: float) -> None:
    """Contract 19: only a link that was up for stable_s makes the next trouble a new one."""
    backoff = Backoff(PRESETS["wan"], longest)
    backoff.failed()
    backoff.failed()
    backoff.accepted(now=1000)
    backoff.lost(now=1000 + up_s, worked=True)
    assert backoff.failed() == pytest.approx(next_wait)


def test_redial_begins_anew() -> None:
    """reset(): the waits and the failures in a row start from nothing."""
    backoff = Backoff(Reconnect(max_attempts=2), longest)
    backoff.failed()
    backoff.failed()
    backoff.reset()
    assert not backoff.exhausted
    assert backoff.failed() == pytest.approx(0.1)


# -- giving up -------------------------------------------------------------------------------


def test_it_never_gives_up_by_itself() -> None:
    """Promise 6: without max_attempts no number of failures is enough."""
    backoff = Backoff(PRESETS["wan"], longest)
    for _ in range(10_000):
        backoff.failed()
    assert not backoff.exhausted


def test_max_attempts_failures_in_a_row() -> None:
    """It gives up with the last of them, and an accepted connection breaks the row."""
    backoff = Backoff(Reconnect(max_attempts=3), longest)
    backoff.failed()
    backoff.failed()
    backoff.accepted(now=0)
    backoff.lost(now=1, worked=True)
    backoff.failed()
    backoff.failed()
    assert not backoff.exhausted
    backoff.failed()
    assert backoff.exhausted


# -- the token bucket ------------------------------------------------------------------------


def accepted_times(uptime_s: float, until_s: float, worked: bool = True, seed: int = 19) -> list[float]:
    """A broker that accepts every dial and cuts each link after ``uptime_s``."""
    backoff = Backoff(PRESETS["lan"], Random(seed).uniform)
    now, times = 1e6, []
    while now < 1e6 + until_s:
        backoff.accepted(now)
        times.append(now)
        now += uptime_s
        now += backoff.lost(now, worked)
    return times


@pytest.mark.parametrize("uptime_s", [0, 0.05, 1, 2.9])
def test_at_most_30_accepted_connections_in_any_minute(uptime_s: float) -> None:
    """Contract 19: a flapping broker is bounded, in whatever minute one looks."""
    times = accepted_times(uptime_s, 600)
    most = max(sum(start <= time < start + 60 for time in times) for start in times)
    assert most <= 30
    assert len(times) >= 60, "the bucket refills: one connection every three seconds at least"


def test_single_cuts_are_not_slowed_down() -> None:
    """A link cut once in a while finds tokens: back within 100 ms each time."""
    times = accepted_times(uptime_s=10, until_s=600)
    gaps = [after - before - 10 for before, after in pairwise(times)]
    assert max(gaps) <= 0.1


def test_refused_dials_take_no_token() -> None:
    """The bucket bounds accepted connections, the backoff alone the refused ones."""
    backoff = Backoff(PRESETS["lan"], shortest)
    for _ in range(1000):
        backoff.failed()
    backoff.accepted(now=0)
    assert backoff.lost(now=0, worked=True) == 0


def test_a_long_pause_fills_the_bucket_only_to_its_brim() -> None:
    """After a day ten connections may follow at once, and the eleventh waits three seconds."""
    backoff = Backoff(PRESETS["lan"], shortest)
    found = []
    for _ in range(11):
        backoff.accepted(now=86_400)
        found.append(backoff.lost(now=86_400, worked=True))
    assert found[:9] == [0] * 9
    assert found[9] == pytest.approx(3)
    assert found[10] == pytest.approx(6)


# -- what only a person can mend ---------------------------------------------------------------


@pytest.mark.parametrize(("preset", "period"), [("lan", 10), ("wan", 15)])
def test_a_slow_wait(preset: str, period: float) -> None:
    """At most one in a period, spread a little; after a failed attempt as after a lost link (A15)."""
    for draw, share in ((longest_of, 1.2), (shortest, 1.0)):
        backoff = Backoff(PRESETS[preset], draw)
        assert backoff.failed(slow=True) == pytest.approx(period * share)
        assert backoff.lost(5, True, slow=True) == pytest.approx(period * share)


def longest_of(low: float, high: float) -> float:
    """The far end, wherever the range begins."""
    return high
