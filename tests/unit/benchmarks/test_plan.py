"""A run: repetitions outermost, each begun by another client, and a place for everyone who falls out."""

from __future__ import annotations

import pytest

from benchmarks import plan
from benchmarks.cases import BY_NAME, Case
from benchmarks.contestants import CONTESTANTS, Contestant
from benchmarks.measure import Record
from benchmarks.plan import OursFailed, Plan, run
from benchmarks.servers import Failed, Servers, Unavailable

CASE = "receive-qos1"


def planned(*names: str, repetitions: int = 2) -> Plan:
    chosen = [one for one in CONTESTANTS if one.name in names]
    return Plan(chosen, [BY_NAME[CASE]], repetitions)


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Who was measured, in turn; mqttium loses messages and awscrt has no server."""
    seen: list[str] = []

    def measure(_: Servers, one: Contestant, case: Case, messages: int, repetition: int) -> Record:
        seen.append(one.name)
        if one.name == "mqttium":
            raise Failed("of 9: 8 delivered")
        if one.name == "awscrt":
            raise Unavailable("no server")
        return Record(case.name, one.name, repetition, 1.0, {}, None, "")

    monkeypatch.setattr(plan, "measure", measure)
    return seen


def test_each_repetition_begins_with_another_client(order: list[str]) -> None:
    """Whoever runs first in one repetition does not in the next, and the records are sorted by client."""
    outcome = run(planned("holdfast", "gmqtt"), {})
    assert order == ["holdfast", "gmqtt", "gmqtt", "holdfast"]
    assert [one.client for one in outcome.records] == ["holdfast", "holdfast", "gmqtt", "gmqtt"]


def test_who_falls_out_is_told_once(order: list[str]) -> None:
    """A void or unavailable client is not tried again, and stands in the outcome with its reason."""
    outcome = run(planned("holdfast", "mqttium", "awscrt", "paho"), {"paho": "no network"})
    assert outcome.void == {(CASE, "mqttium"): "of 9: 8 delivered"}
    assert outcome.absent == {(CASE, "awscrt"): "no server", (CASE, "paho"): "no network"}
    assert (order.count("mqttium"), order.count("awscrt"), order.count("paho")) == (1, 1, 0)


def test_slow_clients_take_part_in_the_first_repetitions(order: list[str]) -> None:
    """Each contestant says in how many."""
    run(planned("holdfast", "paho", repetitions=4), {})
    assert (order.count("holdfast"), order.count("paho")) == (4, 2)


def test_what_takes_minutes_is_measured_less() -> None:
    """A share of the messages for all, a bound for the slow, all of them where each has its own time."""
    ohmqtt, ours = (next(one for one in CONTESTANTS if one.name == name) for name in ("ohmqtt", "holdfast"))
    made = Plan([], [], 1, 0.5)
    case = BY_NAME["durable-publishers"]
    assert (made.messages(case, ours), made.messages(case, ohmqtt)) == (case.messages // 2, ohmqtt.most)
    assert made.messages(BY_NAME["trip-20"], ours) == BY_NAME["trip-20"].messages


def test_a_case_may_take_part_in_the_first_repetitions_only(order: list[str]) -> None:
    """As a client may."""
    case = BY_NAME[CASE]._replace(repetitions=1)
    run(planned("holdfast", repetitions=3)._replace(cases=[case]), {})
    assert order == ["holdfast"]


def test_what_we_lose_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no result beside a loss of ours."""

    def measure(*_: object) -> Record:
        raise Failed("of 9: 8 delivered")

    monkeypatch.setattr(plan, "measure", measure)
    with pytest.raises(OursFailed, match="holdfast, receive-qos1: of 9: 8 delivered"):
        run(planned("holdfast"), {})
