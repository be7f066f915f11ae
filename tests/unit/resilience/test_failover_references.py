"""Where a broker sends us, and what becomes of it (MQTT 5 §4.11)."""

from __future__ import annotations

from holdfast.resilience.failover import Failover
from tests.unit.resilience.failing import POLICY, failing


def test_another_server_is_used_until_it_fails() -> None:
    """0x9C: each of those named in turn, then the address that referred to them."""
    failover = Failover([["a1", "a2"]], POLICY)
    assert failover.refer(["r1", "r2"], for_good=False)
    assert failover.target == "r1"
    failover.accepted()
    failover.lost(5)
    assert failing(failover, 4) == ["r1", "r2", "a1", "a2"]


def test_a_server_that_moved_is_another_one_from_then_on() -> None:
    """0x9D: those named take the place of that address, for the life of the process."""
    failover = Failover([["a1", "a2"]], POLICY)
    assert failover.refer(["r1", "r2"], for_good=True)
    assert failing(failover, 5) == ["r1", "r2", "a2", "r1", "r2"]


def test_one_that_moved_to_another_of_its_group() -> None:
    """It is there already, and not twice."""
    failover = Failover([["a1", "a2", "a3"]], POLICY)
    assert failover.refer(["a3"], for_good=True)
    assert failing(failover, 4) == ["a3", "a2", "a3", "a2"]


def test_one_that_moved_to_itself() -> None:
    """Then it is where it was."""
    failover = Failover([["a"]], POLICY)
    assert failover.refer(["a"], for_good=True)
    assert failing(failover, 2) == ["a", "a"]


def test_a_server_on_the_way_moves_nobody() -> None:
    """What somebody says to whom we were sent for now is for now as well."""
    failover = Failover([["a"]], POLICY)
    failover.refer(["r"], for_good=False)
    failover.refer(["s"], for_good=True)
    assert failing(failover, 3) == ["s", "a", "a"]


def test_a_circle_has_an_end() -> None:
    """After five in a row without a connection the next one is a failure; a failure begins the count anew."""
    failover = Failover([["a"], ["b"]], POLICY)
    dialled = []
    for now in range(0, 40, 10):
        while failover.refer(["r" if failover.target == "a" else "a"], for_good=False):
            dialled.append(failover.target)
        if failover.failed(now):
            break
    assert "".join(dialled) == "rarar" * 2
    assert failover.target == "b"


def test_a_connection_begins_the_count_anew() -> None:
    """A server that redirects every time it is asked may do so for ever."""
    failover = Failover([["a"]], POLICY)
    for _ in range(20):
        assert failover.refer(["r"], for_good=False)
        failover.accepted()
        failover.lost(1)


def test_another_group_forgets_where_it_was_sent() -> None:
    """The way round led nowhere."""
    failover = Failover([["a"], ["b"]], POLICY)
    failover.refer(["r"], for_good=False)
    failover.go_back(0)
    assert failover.target == "a"
