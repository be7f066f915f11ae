"""Targets and the gate: ratios of one run, and limits made from the kept run."""

from __future__ import annotations

import pytest

from benchmarks.targets import GATED, TARGETS, Target, gate, judge, reached, wanted

RATIO = Target("receive-qos1", ("gmqtt", "mqttium"), 0.5)
MORE = Target("idle", ("gmqtt",), 4.0, "more")
ALONE = Target("backlog", (), 2.0, "alone", of="reopen_s", gated=False)


def test_the_lowest_peer_that_was_measured_counts() -> None:
    """Of several peers the best one is the measure; one that is missing does not hinder."""
    figures = {("receive-qos1", "holdfast"): 3.0, ("receive-qos1", "gmqtt"): 10.0}
    assert reached(RATIO, figures) == 0.3
    assert reached(RATIO, figures | {("receive-qos1", "mqttium"): 6.0}) == 0.5


def test_a_difference_is_no_ratio() -> None:
    """`more` is what ours has above theirs."""
    assert reached(MORE, {("idle", "holdfast"): 25.0, ("idle", "gmqtt"): 23.0}) == 2.0


def test_a_latency_is_what_is_beyond_the_disk() -> None:
    """Something else that was seen in the case, less so many times what the disk took, here or elsewhere."""
    p99 = Target("backlog", ("disk",), 5.0, "more", of="p99_ms", beside="accept-1", times=3)
    assert reached(p99, {("backlog.p99_ms", "holdfast"): 4.0, ("accept-1", "disk"): 0.5}) == 2.5
    assert p99.what == "backlog.p99_ms: holdfast - 3 x disk in accept-1"


def test_another_of_our_rows() -> None:
    """What one of ours costs beside another, or beside a peer."""
    isolated = Target("receive-qos1", ("holdfast",), 1.4, client="holdfast (isolated)")
    figures = {("receive-qos1", "holdfast"): 2.0, ("receive-qos1", "holdfast (isolated)"): 3.0}
    assert reached(isolated, figures) == 1.5
    assert isolated.what == "receive-qos1: holdfast (isolated) / holdfast"


def test_what_stands_alone_has_no_peers() -> None:
    """Its own figure is held to the target."""
    assert reached(ALONE, {("backlog.reopen_s", "holdfast"): 1.5}) == 1.5
    assert reached(ALONE, {}) is None


@pytest.mark.parametrize("missing", ["holdfast", "gmqtt"])
def test_what_was_not_measured_is_neither_kept_nor_broken(missing: str) -> None:
    """One side alone says nothing."""
    figures = {("idle", client): 1.0 for client in ("holdfast", "gmqtt") if client != missing}
    assert reached(MORE, figures) is None
    assert {one.kept for one in judge(figures)} == {None}


def everything(ours: float) -> dict[tuple[str, str], float]:
    figures = {(target.theirs, peer): 10.0 for target in TARGETS for peer in target.peers}
    return figures | {(target.ours, "holdfast"): ours for target in TARGETS}


def test_the_gate_tells_a_doubled_cost_from_noise() -> None:
    """A third above the kept run passes, twice of it does not; a small difference is held to its target."""
    kept = everything(2.0)
    assert all(one.kept for one in gate(everything(2.6), kept))
    ratios = [one for one in gate(everything(4.0), kept) if one.target.how == "times"]
    assert ratios
    assert not any(one.kept for one in ratios)
    limits = {one.target.case: one.limit for one in gate(everything(2.0), kept) if one.target.how == "more"}
    assert limits == {"import": 25.0, "idle": 4.0}


def test_without_a_kept_run_nothing_is_checked() -> None:
    """The gate has no limits of its own."""
    assert {one.kept for one in gate(everything(2.0), {})} == {None}


def test_the_gate_measures_both_sides_of_each_target() -> None:
    """Every case of a gated target is in it, with us and each peer it names; the others take too long."""
    gated = [target for target in TARGETS if target.gated]
    for target in gated:
        assert {"holdfast", *target.peers} <= wanted(target.case)
    assert {target.case for target in gated} == set(GATED)
    assert "backlog" not in GATED
