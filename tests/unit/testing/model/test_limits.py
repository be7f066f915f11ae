"""limits.py: what a broker announces."""

from __future__ import annotations

from holdfast.testing.model.limits import NEVER, BrokerLimits
from tests.unit.testing.bench import Bench, payloads


def test_nothing_is_announced_that_the_standard_presumes() -> None:
    """A broker without limits says nothing in CONNACK."""
    assert BrokerLimits(topic_alias_maximum=0).announced() == {}


def test_every_limit_is_announced_by_the_standards_name() -> None:
    """Each limit has its property (MQTT 5 §3.2.2.3)."""
    limits = BrokerLimits(
        receive_maximum=7,
        maximum_qos=1,
        retain_available=False,
        max_packet_bytes=100,
        topic_alias_maximum=3,
        server_keep_alive=9,
        wildcard_available=False,
        shared_available=False,
        identifiers_available=False,
    )
    assert limits.announced() == {
        "receive_maximum": 7,
        "maximum_qos": 1,
        "retain_available": 0,
        "maximum_packet_size": 100,
        "topic_alias_maximum": 3,
        "server_keep_alive": 9,
        "wildcard_subscription_available": 0,
        "subscription_identifier_available": 0,
        "shared_subscription_available": 0,
    }


def test_a_session_is_kept_as_long_as_asked_or_allowed() -> None:
    """The shorter of the client's wish and the broker's maximum."""
    assert BrokerLimits().granted_expiry_s(NEVER) == NEVER
    limits = BrokerLimits(session_expiry_maximum=60)
    assert (limits.granted_expiry_s(10), limits.granted_expiry_s(NEVER)) == (10, 60)


def test_a_broker_that_grants_and_does_not_deliver() -> None:
    """As some do: SUBACK grants a shared subscription, and messages come by plain ones alone."""
    bench = Bench(BrokerLimits(shared_delivers=False))
    bench.connect("a", clean=False, kept=True)
    bench.subscribe("a", "$share/g/t")
    bench.core.publish("t", b"1", bench.now, qos=1)
    bench.subscribe("a", "t")
    bench.core.publish("t", b"2", bench.now, qos=1)
    assert payloads(bench.hear("a")) == [b"2"]
