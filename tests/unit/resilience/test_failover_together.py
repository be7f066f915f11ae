"""Which broker is dialled next where several clients are one (contract 25)."""

from __future__ import annotations

from holdfast.resilience.failover import Failover
from tests.unit.resilience.failing import POLICY

BROKERS = (("a",), ("b",), ("c",))


def test_a_group_that_has_one_of_the_others_is_not_given_up() -> None:
    """It can be had: this client's failures are its own. Without them it is given up at the next one."""
    others = {0}
    failover = Failover(BROKERS, POLICY, 0, lambda: others)
    assert [failover.failed(float(now)) for now in range(0, 100, 10)] == [False] * 10
    assert failover.failed(100.0, slow=True) is False
    assert failover.target == "a"
    others.clear()
    assert failover.failed(110.0) is True
    assert failover.target == "b"


def test_the_others_at_another_group_keep_nobody() -> None:
    """Only where they are counts."""
    failover = Failover(BROKERS, POLICY, 0, lambda: {1, 2})
    assert [failover.failed(now) for now in (0.0, 10.0)] == [False, True]


def test_where_one_of_the_others_is_there_is_a_better_group() -> None:
    """At the first look, whether it has answered for long enough or not; and no worse one."""
    others: set[int] = set()
    failover = Failover(BROKERS, POLICY, 1, lambda: others)
    failover.accepted()
    others.update({2, 1})
    assert failover.better(0.0) is None
    others.add(0)
    assert failover.better(0.0) == 0


def test_on_a_way_back_too_it_stays_where_they_are() -> None:
    """One failure gives up a way back, unless one of the others has got through."""
    others: set[int] = set()
    failover = Failover(BROKERS, POLICY, 1, lambda: others)
    failover.accepted()
    failover.go_back(0)
    others.add(0)
    assert failover.failed(0.0) is False
    assert failover.target == "a"
    others.clear()
    assert failover.failed(1.0) is True
    assert failover.target != "a"
