"""The judges are judged (contract 29): what must not be is seen when it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from holdfast import codec
from holdfast.messages import QoS
from holdfast.resilience import PRESETS, Reconnect
from tests.recovery.fault import Fault
from tests.recovery.faults import Frozen, Refused
from tests.recovery.measure import SHORT, measure
from tests.recovery.run import Run
from tests.recovery.verdict import Row, at, row
from tests.recovery.wiretap import Attempt, Wiretap, tapping

CONNECT = codec.Connect("c", version=codec.V5)
CONNACK = codec.Connack(True, 0, {})


def message(number: int, packet_id: int, dup: bool = False, qos: QoS = 1) -> codec.Publish:
    return codec.Publish("n/1", f"1-{number:06}".encode(), qos, dup=dup, packet_id=packet_id)


@pytest.fixture
def tap() -> Wiretap:
    """One whose client is about to connect."""
    tap = Wiretap()
    tap.attempts.append(Attempt(0))
    tap.from_client(CONNECT)
    return tap


def test_a_message_before_connack_is_seen(tap: Wiretap) -> None:
    """Only what is sent before the broker has accepted us is early."""
    tap.from_client(message(1, 1))
    tap.from_broker(CONNACK)
    tap.from_client(message(2, 2))
    assert tap.early == 1


def test_a_refusal_does_not_open_the_way(tap: Wiretap) -> None:
    """CONNACK with an error is no leave to send."""
    tap.from_broker(codec.Connack(False, 0x88, {}))
    tap.from_client(message(1, 1))
    assert tap.early == 1
    assert tap.attempts[0].answered is None


@pytest.mark.parametrize("dup", [True, False])
def test_a_resend_without_dup_is_seen(tap: Wiretap, dup: bool) -> None:
    """On the next connection of the same session."""
    tap.from_broker(CONNACK)
    tap.from_client(message(1, 1))
    tap.from_client(CONNECT)
    tap.from_broker(CONNACK)
    tap.from_client(message(1, 1, dup=dup))
    assert len(tap.afresh) == (not dup)


def test_a_new_message_that_overtakes_is_seen(tap: Wiretap) -> None:
    """Where it was first sent counts; a resend comes behind newer ones without harm."""
    tap.from_broker(CONNACK)
    for number in (1, 2, 4, 3, 5, 1):
        tap.from_client(message(number, number))
    assert tap.reordered == 1


def test_live_is_suback(tap: Wiretap) -> None:
    """And for a session that 3.1.1 has kept its CONNACK; never that of an attempt dialled before."""
    tap.from_broker(CONNACK)
    assert tap.live_since(0) is None
    tap.from_broker(codec.Suback(1, [1]))
    assert tap.live_since(0) is not None
    assert tap.live_since(1) is None
    tap.attempts.append(Attempt(2))
    tap.from_client(codec.Connect("c", version=codec.V311))
    tap.from_broker(CONNACK)
    assert tap.live_since(1) is not None


KEPT = row(
    Frozen,
    Run([0.1] * 20, [1.4], [2.0], [0.001] * 100, [0.001] * 100, messages=100),
)


@pytest.mark.parametrize(
    "late",
    [
        {"p95_s": 4.01},
        {"noticed_s": 1.51},
        {"attempt_s": (1.7, 2.0)},
        {"attempt_s": (2.0, 2.3)},
        {"accepted_s": (0.003, 0.004)},
        {"accepted_s": (0.001, 0.009)},
        *({"counts": {**KEPT.counts, name: 1}} for name in KEPT.counts),
    ],
    ids=str,
)
def test_each_promise_can_be_broken(late: dict[str, object]) -> None:
    """One figure beyond its limit is one sentence."""
    assert KEPT.broken(0) == []
    worse: Row = replace(KEPT, **late)  # type: ignore[arg-type]
    assert len(worse.broken(0)) == 1


def test_p95_of_twenty_is_the_second_longest() -> None:
    """By nearest rank; nothing is made up between two figures."""
    assert at([float(number) for number in range(20)], 0.95) == 18
    assert at([3.0, 1.0, 2.0], 0.5) == 2


@pytest.mark.needs("mosquitto")
async def test_a_client_that_dials_too_rarely_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waits of up to 4 s instead of 1.5: the whole measurement says so."""
    slow = Reconnect(first_delay_s=4, max_delay_s=4, attempt_timeout_s=2)
    monkeypatch.setitem(PRESETS, "lan", slow)
    kind: type[Fault] = Refused
    with tapping():
        found = row(kind, await measure(kind, SHORT, tmp_path))
    assert [words for words in found.broken(SHORT.late_s) if "back in" in words]
