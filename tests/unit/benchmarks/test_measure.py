"""A run in which anything was lost, doubled or acknowledged out of order is void."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.cases import BY_NAME
from benchmarks.measure import complaint

GOOD = {"error": None, "published": [0, 5, 5], "released": 5, "sent": 5, "acked": 5, "in_order": True}


@pytest.mark.parametrize("case", ["publish-qos1-bulk", "publish-qos2-bulk", "receive-qos0", "receive-qos1"])
def test_equal_counts_stand(case: str) -> None:
    """No complaint when the client and the server agree with what was asked for."""
    assert complaint(BY_NAME[case], 5, {"delivered": 5}, GOOD) is None
    assert complaint(BY_NAME[case], 5, {"delivered": 5}, None, seen=5) is None


@pytest.mark.parametrize(
    ("case", "delivered", "changed", "said"),
    [
        ("publish-qos1-bulk", 4, {}, "4 delivered, says the client"),
        ("publish-qos1-bulk", 5, {"published": [0, 6, 0]}, "6 published, says the server"),
        ("publish-qos0", 5, {"published": [4, 1, 0]}, "4 published, says the server"),
        ("publish-qos2-bulk", 5, {"released": 4}, "4 released, says the server"),
        ("receive-qos1", 5, {"acked": 4}, "4 acknowledged, says the server"),
        ("receive-qos1", 6, {}, "6 delivered, says the client"),
        ("receive-qos1", 5, {"in_order": False}, "out of order"),
        ("durable-publishers", 5, {"published": [0, 4, 0]}, "4 published, says the server"),
        ("backlog", 5, {"in_order": False}, "out of order"),
        ("receive-qos0", 5, {"error": "ProtocolError: x"}, "the ack server gave up: ProtocolError: x"),
    ],
)
def test_what_does_not_add_up_is_said(case: str, delivered: int, changed: dict[str, Any], said: str) -> None:
    """Each count that differs is named with who counted it."""
    complained = complaint(BY_NAME[case], 5, {"delivered": delivered}, GOOD | changed)
    assert complained
    assert said in complained


def test_who_watched_is_believed_too() -> None:
    """Through mosquitto the feeder or the witness counts: more delivered than went through is void."""
    said = complaint(BY_NAME["publish-qos1-mosquitto"], 5, {"delivered": 5}, None, seen=4)
    assert said == "of 5: 4 through mosquitto, says who watched"
