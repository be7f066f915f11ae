"""Which broker is dialled next, and when the client goes back to a better one (contract 3)."""

from __future__ import annotations

from itertools import count

import pytest

from holdfast.resilience import Reconnect
from holdfast.resilience.failover import Failover
from tests.unit.resilience.failing import POLICY, failing

THREE = (("a",), ("b",), ("c",))


def at_backup(policy: Reconnect = POLICY, groups: tuple[tuple[str, ...], ...] = THREE) -> Failover[str]:
    """Connected to the last group."""
    failover = Failover(groups, policy, len(groups) - 1)
    failover.accepted()
    return failover


# -- the next address ------------------------------------------------------------------------


def test_one_broker_is_dialled_for_ever() -> None:
    """Nothing is given up where there is nothing else."""
    failover = Failover([["a"]], POLICY)
    assert set(failing(failover, 50)) == {"a"}
    assert failover.failed(1e6) is False


def test_the_addresses_of_a_group_take_turns() -> None:
    """Each attempt is at the next one, and so round."""
    assert failing(Failover([["a1", "a2", "a3"]], POLICY), 7) == ["a1", "a2", "a3", "a1", "a2", "a3", "a1"]


def test_a_group_is_given_up_when_each_address_failed_twice_and_some_time_has_passed() -> None:
    """Neither alone is enough: a restart is over sooner, and a black hole takes that time for one attempt."""
    soon = Failover([["a1", "a2"], ["b"]], POLICY)
    assert failing(soon, 8, every_s=1) == ["a1", "a2"] * 4
    slow = Failover([["a1", "a2"], ["b"]], POLICY)
    assert failing(slow, 5, every_s=10) == ["a1", "a2", "a1", "a2", "b"]


def test_another_group_is_dialled_at_once() -> None:
    """Whoever is asked first need not wait for those before it."""
    failover = Failover(THREE, POLICY)
    assert [failover.failed(now) for now in (0.0, 9.9, 10.0, 10.1)] == [False, False, True, False]


def test_who_says_no_for_good_is_not_asked_twice() -> None:
    """A refused login at each address of a group is enough; behind the last group the slow wait is due."""
    failover = Failover([["a1", "a2"], ["b"]], POLICY)
    dialled = [(failover.target, failover.failed(float(now), slow=True)) for now in range(6)]
    round_ = [("a1", False), ("a2", True), ("b", False)]
    assert dialled == round_ * 2


def test_every_group_has_its_turn() -> None:
    """From the primary to the last one, and then anew, for ever."""
    dialled = failing(Failover(THREE, POLICY), 18, every_s=5)
    assert dialled == [name for name in "abcabc" for _ in range(3)]


def test_a_lost_connection_is_dialled_again_where_it_was() -> None:
    """Its session is there; given up, the primary is the first to be asked."""
    failover = at_backup()
    failover.lost(5)
    assert failing(failover, 10, every_s=5) == list("cccaaabbba")


def test_no_group_is_dialled_twice_in_a_row() -> None:
    """Also where the primary is the last that was given up."""
    failover = Failover([["a"], ["b"]], POLICY, 1)
    assert failing(failover, 9, every_s=5) == list("bbbaaabbb")


def test_a_connection_makes_what_was_given_up_forgotten() -> None:
    """A new trouble begins with the group at hand, and goes to the best one."""
    failover = Failover(THREE, POLICY)
    failing(failover, 3, every_s=5)
    failover.accepted()
    failover.lost(0.1)
    assert failing(failover, 4, every_s=5, from_s=100) == ["b", "b", "b", "a"]


# -- going back ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fail_back_s", "look_s"), [(60, 15), (20, 5), (1, 1), (0, 1), (86_400, 15), (None, None)]
)
def test_how_often_betters_are_looked_at(fail_back_s: float | None, look_s: float | None) -> None:
    """Four times in the hold-down, once a second at most and every 15 s at least; or never."""
    assert at_backup(Reconnect(fail_back_s=fail_back_s)).look_s == look_s


def test_the_primary_has_no_betters() -> None:
    """There nothing is looked at."""
    failover = Failover(THREE, POLICY)
    failover.accepted()
    assert failover.look_s is None


def test_a_group_is_gone_back_to_when_it_answered_for_long_enough() -> None:
    """Every time in 60 s; one look in vain begins the count anew."""
    failover = at_backup()
    for now, answers in ((0, True), (15, True), (30, False), (45, True), (60, True), (75, True), (90, True)):
        failover.looked(0, answers, now)
        assert failover.better(now) is None
    failover.looked(0, True, 105)
    assert failover.better(105) == 0


def test_the_best_of_the_betters_is_taken() -> None:
    """The primary before a backup, where both have answered."""
    failover = at_backup()
    failover.looked(1, True, 0)
    assert failover.better(60) == 1
    failover.looked(0, True, 0)
    assert failover.better(60) == 0


def test_it_is_dialled_next() -> None:
    """With its first address."""
    failover = at_backup()
    failover.go_back(0)
    assert (failover.rank, failover.target) == (0, "a")


def test_a_way_back_that_fails_costs_one_attempt_for_each_address() -> None:
    """Nothing is in flight, and a broker was working a moment ago; then its turn comes again."""
    failover = at_backup(groups=(("a1", "a2"), ("b",)))
    failover.go_back(0)
    assert failing(failover, 3, every_s=0.1) == ["a1", "a2", "b"]


def test_it_is_not_tried_again_so_soon() -> None:
    """Twice the hold-down, four times, and so on up to an hour: it answers looks, and not us."""
    failover, now = at_backup(), 0.0
    held = []
    for _ in range(8):
        failover.looked(0, True, now)
        held.append(next(s for s in count(60, 60) if failover.better(now + s) == 0))
        failover.go_back(0)
        failover.failed(now)
        failover.failed(now + 20)
        failover.accepted()
        now += 10_000
    assert held == [60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_a_connection_that_lasts_begins_the_hold_down_anew() -> None:
    """After so long the broker was well, and its next trouble is another one."""
    for up_s, hold_s in ((29.0, 120), (30.0, 60)):
        failover = Failover([["a"], ["b"]], POLICY, 1)
        failover.go_back(0)
        failover.accepted()
        failover.lost(up_s)
        next(now for now in count(0, 5) if failover.failed(now))
        failover.accepted()
        failover.looked(0, True, 0)
        assert (failover.better(hold_s - 1), failover.better(hold_s)) == (None, 0)


def test_a_hold_down_above_an_hour_stays_what_it_is() -> None:
    """The hour bounds the doubling, not what was asked for."""
    failover = at_backup(Reconnect(fail_back_s=7200))
    failover.looked(0, True, 0)
    assert (failover.better(7199), failover.better(7200)) == (None, 0)


def test_a_new_connection_looks_anew() -> None:
    """What answered before the last trouble may be gone with it."""
    failover = at_backup()
    failover.looked(0, True, 0)
    failover.accepted()
    assert failover.better(1000) is None


def test_it_may_begin_with_any_group() -> None:
    """Where something is in flight."""
    assert Failover(THREE, POLICY, 1).target == "b"
    assert Failover(THREE, POLICY, 1).addresses(2) == ["c"]
