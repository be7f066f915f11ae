"""The keepalive: when to ping, and when silence means a dead link (contract 19, 21)."""

from __future__ import annotations

from itertools import pairwise

import pytest

from holdfast.protocol.keepalive import Keepalive


def running(interval: int = 100) -> Keepalive:
    keepalive = Keepalive(0, 0.0)
    keepalive.agree(interval)
    return keepalive


def test_off_until_agreed_and_with_zero() -> None:
    """Before CONNACK there is no keep alive in force, and 0 switches it off (MQTT 5 §3.1.2.10)."""
    for keepalive in (Keepalive(0, 0.0), running(0)):
        assert keepalive.due(1e9) == "nothing"
        assert keepalive.deadline() is None


def test_ping_after_three_quarters_without_sending() -> None:
    """A PINGREQ leaves before the interval is over [MQTT-3.1.2-20]."""
    keepalive = running()
    assert keepalive.deadline() == 75.0
    assert keepalive.due(74.9) == "nothing"
    assert keepalive.due(75.0) == "ping"


def test_the_clock_runs_since_connect() -> None:
    """A slow CONNACK does not put the first PINGREQ off: the server counts from CONNECT."""
    keepalive = Keepalive(0, 0.0)
    keepalive.heard(60.0)
    keepalive.agree(100)
    assert keepalive.due(75.0) == "ping"


def test_sending_puts_the_ping_off_but_silence_does_not() -> None:
    """QoS 0 into a half-open link does not hide that nothing comes back (contract 19)."""
    keepalive = running()
    keepalive.sent(70.0)
    keepalive.heard(70.0)
    assert keepalive.deadline() == 145.0
    for now in range(71, 145):
        keepalive.sent(float(now))
    assert keepalive.due(145.0) == "ping"


def test_dead_within_one_and_a_half_intervals() -> None:
    """Silence in spite of a ping ends the link 1.4 intervals after the last byte."""
    keepalive = running()
    keepalive.pinged(75.0)
    assert keepalive.deadline() == 140.0
    assert keepalive.due(139.9) == "nothing"
    assert keepalive.due(140.0) == "dead"


def test_any_byte_is_life() -> None:
    """Not only PINGRESP proves that the broker is there (contract 21)."""
    keepalive = running()
    keepalive.pinged(75.0)
    keepalive.heard(130.0)
    assert keepalive.due(140.0) == "nothing"
    assert keepalive.deadline() == 150.0


def test_a_process_that_slept_asks_before_it_judges() -> None:
    """A ping has a quarter of the interval to be answered, however late it left."""
    keepalive = running()
    assert keepalive.due(500.0) == "ping"
    keepalive.pinged(500.0)
    assert keepalive.due(524.9) == "nothing"
    assert keepalive.due(525.0) == "dead"


def test_asking_again_puts_the_verdict_not_off() -> None:
    """A second ping into the same silence gives the link no more time."""
    keepalive = running()
    keepalive.pinged(75.0)
    keepalive.pinged(139.0)
    assert keepalive.due(140.0) == "dead"
    keepalive.heard(140.0)
    keepalive.pinged(141.0)
    assert keepalive.due(200.0) == "nothing"


def test_who_does_not_read_judges_nobody() -> None:
    """While reading is off for slow handlers we go on pinging; silence proves nothing (promise 5)."""
    keepalive = running()
    keepalive.listen(False, 10.0)
    keepalive.pinged(75.0)
    assert keepalive.due(149.0) == "nothing"
    assert keepalive.due(150.0) == "ping"
    assert keepalive.deadline() == 150.0
    keepalive.pinged(150.0)
    keepalive.listen(True, 1000.0)
    assert keepalive.due(1000.0) == "ping"


@pytest.mark.parametrize("interval", [1, 5, 60, 65_535])
def test_a_dead_link_is_found_in_time(interval: int) -> None:
    """Following the deadlines, every interval between pings and the verdict keep their bounds."""
    keepalive, now, pings = running(interval), 0.0, [0.0]
    while True:
        deadline = keepalive.deadline()
        assert deadline is not None
        now = max(now, deadline)
        if keepalive.due(now) == "dead":
            break
        assert keepalive.due(now) == "ping"
        keepalive.pinged(now)
        pings.append(now)
    assert now <= 1.5 * interval
    assert all(later - earlier <= interval for earlier, later in pairwise(pings))
