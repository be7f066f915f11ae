"""Targets and the gate: ratios of one run, and limits made from the kept run."""

from __future__ import annotations

import pytest

from benchmarks.targets import GATED, TARGETS, Target, gate, judge, reached, wanted

RATIO = Target("receive-qos1", ("gmqtt", "mqttium"), 0.5)
MORE = Target("idle", ("gmqtt",), 4.0, "more")


def test_the_lowest_peer_that_was_measured_counts() -> None:
    """Of several peers the best one is the measure; one that is missing does not hinder."""
    figures = {("receive-qos1", "holdfast"): 3.0, ("receive-qos1", "gmqtt"): 10.0}
    assert reached(RATIO, figures) == 0.3
    assert reached(RATIO, figures | {("receive-qos1", "mqttium"): 6.0}) == 0.5


def test_a_difference_is_no_ratio() -> None:
    """`more` is what ours has above theirs."""
    assert reached(MORE, {("idle", "holdfast"): 25.0, ("idle", "gmqtt"): 23.0}) == 2.0


@pytest.mark.parametrize("missing", ["holdfast", "gmqtt"])
def test_what_was_not_measured_is_neither_kept_nor_broken(missing: str) -> None:
    """One side alone says nothing."""
    figures = {("idle", client): 1.0 for client in ("holdfast", "gmqtt") if client != missing}
    assert reached(MORE, figures) is None
    assert {one.kept for one in judge(figures)} == {None}


def everything(ours: float) -> dict[tuple[str, str], float]:
    figures = {(target.case, peer): 10.0 for target in TARGETS for peer in target.peers}
    return figures | {(target.case, "holdfast"): ours for target in TARGETS}


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
    """Every case of a target is in the gate, with us and each peer it names."""
    for target in TARGETS:
        assert target.case in GATED
        assert {"holdfast", *target.peers} <= wanted(target.case)
