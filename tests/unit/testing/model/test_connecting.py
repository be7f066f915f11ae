"""connecting.py: how links, sessions and wills begin and end."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.codec import V5, V311, Connack, Connect, Disconnect, Version, Will
from holdfast.testing.model import BrokerLimits
from tests.unit.testing.bench import Bench, Heard, is_present, payloads, summary

VERSIONS = pytest.mark.parametrize("version", [V311, V5])


def connack(heard: Heard) -> Connack:
    assert isinstance(heard[0], Connack)
    return heard[0]


# ---- sessions


@VERSIONS
def test_a_session_is_present_if_it_was_kept(version: Version) -> None:
    """[MQTT-3.2.2-2, -3]; and a clean start ends it [MQTT-3.1.2-4]."""
    bench = Bench(version=version)
    assert not is_present(bench.connect("a", clean=False, kept=True))
    bench.cut("a")
    assert is_present(bench.connect("a", clean=False, kept=True))
    bench.cut("a")
    assert not is_present(bench.connect("a", clean=True))
    bench.cut("a")
    assert not is_present(bench.connect("a", clean=False, kept=True))


def test_a_session_expires_when_its_time_is_over() -> None:
    """Not before, and also when nobody has let time pass since."""
    bench = Bench()
    for away, present in ((3599, True), (3601, False)):
        bench.connect("a", clean=False, kept=True)
        bench.cut("a")
        bench.now += away
        assert is_present(bench.connect("a", clean=False, kept=True)) == present
        bench.send("a", Disconnect(0, {"session_expiry_interval": 0}))
    assert bench.core.sessions == {}


def test_tick_ends_what_has_expired() -> None:
    """Its subscriptions too; ``next_deadline`` names the moment."""
    bench = Bench()
    bench.connect("a", clean=False, kept=True)
    bench.subscribe("a", "t")
    bench.cut("a")
    assert bench.core.next_deadline() == bench.now + 3600
    bench.wait(3600)
    assert bench.core.sessions == {}
    assert bench.core.next_deadline() is None


@pytest.mark.parametrize(("version", "expiry_s"), [(V311, None), (V5, 0xFFFFFFFF)])
def test_a_session_may_be_kept_for_ever(version: Version, expiry_s: int | None) -> None:
    """3.1.1 knows nothing else."""
    bench = Bench(version=version)
    bench.connect("a", clean=False, kept=version == V311, session_expiry_interval=expiry_s)
    bench.cut("a")
    bench.wait(1e9)
    assert is_present(bench.connect("a", clean=False, kept=True))


def test_the_granted_expiry_is_told_if_it_is_not_the_one_asked_for() -> None:
    """[MQTT-3.2.2-21]: and it is the one that counts."""
    bench = Bench(BrokerLimits(session_expiry_maximum=60))
    said = connack(bench.connect("a", clean=False, kept=True)).properties
    assert said["session_expiry_interval"] == 60
    bench.cut("a")
    bench.wait(60)
    assert bench.core.sessions == {}
    assert "session_expiry_interval" not in connack(bench.connect("b", session_expiry_interval=60)).properties


def test_the_other_version_resumes_the_same_session() -> None:
    """A session belongs to a client id, not to a version."""
    bench = Bench(version=V311)
    bench.connect("a", clean=False, kept=True)
    bench.subscribe("a", "t")
    bench.cut("a")
    bench.version = V5
    assert is_present(bench.connect("a", clean=False, kept=True))
    bench.core.publish("t", b"x", bench.now)
    assert payloads(bench.hear("a")) == [b"x"]


@pytest.mark.parametrize(("version", "told"), [(V5, ["DISCONNECT 0x8E", "CLOSE"]), (V311, ["CLOSE"])])
def test_the_newer_connection_takes_over(version: Version, told: list[str]) -> None:
    """[MQTT-3.1.4-3]: the older one is told and closed, the session goes on."""
    bench = Bench(version=version)
    bench.connect("old", "a", clean=False, kept=True)
    assert is_present(bench.connect("new", "a", clean=False, kept=True))
    assert summary(bench.hear("old")) == told
    bench.cut("old")
    assert bench.core.sessions["a"].link is not None


def test_taking_over_a_clean_session_begins_a_new_one() -> None:
    """It has ended with its connection."""
    bench = Bench()
    bench.connect("old", "a")
    bench.subscribe("old", "t")
    assert not is_present(bench.connect("new", "a", clean=False))
    assert not bench.core.sessions["a"].subscriptions


def test_disconnect_may_change_the_expiry() -> None:
    """To 0, or to another; but not from 0 [MQTT-3.14.2-2]."""
    bench = Bench()
    bench.connect("a", clean=False, kept=True)
    assert summary(bench.send("a", Disconnect(0, {"session_expiry_interval": 10}))) == ["CLOSE"]
    bench.wait(9)
    assert is_present(bench.connect("a", clean=False, kept=True))
    bench.send("a", Disconnect(0, {"session_expiry_interval": 0}))
    assert bench.core.sessions == {}
    bench.connect("a")
    told = bench.send("a", Disconnect(0, {"session_expiry_interval": 10}))
    assert summary(told) == ["DISCONNECT 0x82", "CLOSE"]


# ---- what CONNECT may ask for


def test_a_client_without_an_id_is_given_one_of_its_own() -> None:
    """[MQTT-3.1.3-6, -7]"""
    bench = Bench()
    given = [connack(bench.connect(name, "")).properties["assigned_client_identifier"] for name in "ab"]
    assert len(set(given) | {""}) == 3
    assert set(given) == set(bench.core.sessions)


def test_3_1_1_without_an_id_must_be_clean() -> None:
    """[MQTT-3.1.3-8 of 3.1.1]: return code 2; a clean one is served and told nothing."""
    bench = Bench(version=V311)
    assert connack(bench.connect("a", "", clean=True)).reason == 0
    heard = bench.connect("b", "", clean=False, kept=True)
    assert (connack(heard).reason, summary(heard)[-1]) == (2, "CLOSE")


@pytest.mark.parametrize(
    ("limits", "will", "properties", "reason"),
    [
        (BrokerLimits(maximum_qos=1), Will("w", b"", 2), {}, 0x9B),
        (BrokerLimits(retain_available=False), Will("w", b"", 0, True), {}, 0x9A),
        (BrokerLimits(), None, {"authentication_method": "riddles"}, 0x8C),
    ],
)
def test_what_is_refused_at_connect(
    limits: BrokerLimits, will: Will | None, properties: dict[str, Any], reason: int
) -> None:
    """CONNACK with the reason, the end, and no session."""
    bench = Bench(limits)
    heard = bench.connect("a", will=will, **properties)
    assert (connack(heard).reason, summary(heard)[-1]) == (reason, "CLOSE")
    assert bench.core.sessions == {}


@pytest.mark.parametrize(
    ("version", "reason", "told"),
    [(V5, 0x87, 0x87), (V311, 0x87, 5), (V311, 0x86, 4), (V311, 0x85, 2), (V311, 0x97, 3)],
)
def test_a_scripted_refusal_speaks_the_clients_version(version: Version, reason: int, told: int) -> None:
    """3.1.1 gets the return code that says the same, else "unavailable"; ``connects`` counts it."""
    bench = Bench(version=version)
    bench.core.refuse("CONNECT", reason, 1)
    heard = bench.connect("a")
    assert (connack(heard).reason, summary(heard)[-1]) == (told, "CLOSE")
    assert connack(bench.connect("a")).reason == 0
    assert bench.core.connects == 2


def test_limits_are_announced_to_5_alone() -> None:
    """3.1.1 has no room for them."""
    limits = BrokerLimits(receive_maximum=3)
    assert connack(Bench(limits).connect("a")).properties == {"receive_maximum": 3, "topic_alias_maximum": 10}
    assert not connack(Bench(limits, version=V311).connect("a")).properties


def test_a_second_connect_is_an_error() -> None:
    """[MQTT-3.1.0-2]"""
    bench = Bench()
    bench.connect("a")
    assert summary(bench.send("a", Connect("a"))) == ["DISCONNECT 0x82", "CLOSE"]
