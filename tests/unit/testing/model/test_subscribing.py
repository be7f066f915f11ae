"""subscribing.py: SUBSCRIBE and UNSUBSCRIBE."""

from __future__ import annotations

import pytest

from holdfast.codec import (
    V5,
    V311,
    Publish,
    Suback,
    Subscribe,
    SubscribeOption,
    Unsuback,
    Unsubscribe,
    Version,
)
from holdfast.testing.model import BrokerLimits
from tests.unit.testing.bench import Bench, Heard, payloads, summary


def granted(heard: Heard) -> list[int]:
    assert isinstance(heard[0], Suback)
    return heard[0].reasons


@pytest.mark.parametrize("version", [V311, V5])
def test_each_filter_is_granted_what_the_broker_offers(version: Version) -> None:
    """At most the broker's maximum QoS."""
    bench = Bench(BrokerLimits(maximum_qos=1), version=version)
    bench.connect("a")
    options = [SubscribeOption(f"t/{qos}", qos) for qos in (0, 1, 2)]
    assert granted(bench.send("a", Subscribe(1, options))) == [0, 1, 1]


@pytest.mark.parametrize(("version", "told"), [(V5, [0x87, 2]), (V311, [0x80, 2])])
def test_a_refused_filter_is_not_subscribed(version: Version, told: list[int]) -> None:
    """One script, one filter; 3.1.1 has one word for it."""
    bench = Bench(version=version)
    bench.connect("a")
    bench.core.refuse("SUBSCRIBE", 0x87, 1)
    assert granted(bench.subscribe("a", "no", "yes")) == told
    assert list(bench.core.sessions["a"].subscriptions) == ["yes"]


@pytest.mark.parametrize(
    ("limits", "filter", "properties", "reason"),
    [
        (BrokerLimits(wildcard_available=False), "t/+", {}, "0xA2"),
        (BrokerLimits(wildcard_available=False), "t/#", {}, "0xA2"),
        (BrokerLimits(shared_available=False), "$share/g/t", {}, "0x9E"),
        (BrokerLimits(identifiers_available=False), "t", {"subscription_identifier": 1}, "0xA1"),
        (BrokerLimits(), "t/#/u", {}, "0x81"),
        (BrokerLimits(), "$share/g", {}, "0x81"),
    ],
)
def test_what_is_not_offered_ends_the_link(
    limits: BrokerLimits, filter: str, properties: dict[str, int], reason: str
) -> None:
    """The client was told, or the filter is none [MQTT-4.7.1-1, MQTT-4.8.2-1]."""
    bench = Bench(limits)
    bench.connect("a")
    heard = bench.send("a", Subscribe(1, [SubscribeOption(filter)], properties))
    assert summary(heard) == [f"DISCONNECT {reason}", "CLOSE"]
    assert len(bench.core.violations) == 1


def test_retained_messages_follow_suback() -> None:
    """With RETAIN, at the lower QoS, and with the identifier [MQTT-3.3.1-8]."""
    bench = Bench()
    bench.core.publish("r/1", b"x", bench.now, qos=2, retain=True)
    bench.connect("a")
    heard = bench.send("a", Subscribe(1, [SubscribeOption("r/#", 1)], {"subscription_identifier": 9}))
    assert summary(heard) == ["SUBACK 1", "PUBLISH 1"]
    assert isinstance(heard[1], Publish)
    assert (heard[1].qos, heard[1].retain, dict(heard[1].properties)) == (
        1,
        True,
        {"subscription_identifier": (9,)},
    )


@pytest.mark.parametrize(("handling", "times"), [(0, [1, 1]), (1, [1, 0]), (2, [0, 0])])
def test_retain_handling(handling: int, times: list[int]) -> None:
    """Always, for a new subscription only, never [MQTT-3.3.1-9, -10, -11]."""
    bench = Bench()
    bench.core.publish("r", b"x", bench.now, retain=True)
    bench.connect("a")
    option = SubscribeOption("r", 0, retain_handling=handling)  # type: ignore[arg-type]
    assert [len(payloads(bench.send("a", Subscribe(1, [option])))) for _ in range(2)] == times


def test_shared_subscriptions_get_no_retained_messages() -> None:
    """MQTT 5 §4.8.2."""
    bench = Bench()
    bench.core.publish("r", b"x", bench.now, retain=True)
    bench.connect("a")
    assert summary(bench.subscribe("a", "$share/g/r")) == ["SUBACK 60000"]


@pytest.mark.parametrize(("version", "reasons"), [(V5, [0, 0x11]), (V311, [])])
def test_unsubscribe_tells_what_was_not_there(version: Version, reasons: list[int]) -> None:
    """3.1.1 tells nothing; nothing comes any more in both."""
    bench = Bench(version=version)
    bench.connect("a")
    bench.subscribe("a", "t")
    assert bench.send("a", Unsubscribe(2, ["t", "never"])) == [Unsuback(2, reasons)]
    bench.core.publish("t", b"x", bench.now)
    assert bench.hear("a") == []


def test_a_refused_unsubscribe_leaves_the_subscription() -> None:
    """With the scripted reason."""
    bench = Bench()
    bench.connect("a")
    bench.subscribe("a", "t")
    bench.core.refuse("UNSUBSCRIBE", 0x87, 1)
    assert bench.send("a", Unsubscribe(2, ["t"])) == [Unsuback(2, [0x87])]
    assert list(bench.core.sessions["a"].subscriptions) == ["t"]
