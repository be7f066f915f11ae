"""connecting.py: how links end, by silence or otherwise, and the wills they leave."""

from __future__ import annotations

import pytest

from holdfast.codec import V5, V311, Disconnect, Pingreq, Publish, Version, Will
from holdfast.testing.model import BrokerLimits
from tests.unit.testing.bench import Bench, payloads, summary

VERSIONS = pytest.mark.parametrize("version", [V311, V5])


def listener(version: Version = V5, limits: BrokerLimits | None = None) -> Bench:
    """A broker with a client "s" that hears every will on "w"."""
    bench = Bench(limits, version=version)
    bench.connect("s")
    bench.subscribe("s", "w", qos=0)
    return bench


# ---- keep alive


@VERSIONS
def test_a_silent_client_is_given_up_after_one_and_a_half_keep_alives(version: Version) -> None:
    """[MQTT-3.1.2-22]; it is not a violation, because a bad network does the same."""
    bench = Bench(version=version)
    bench.connect("a", keepalive=10)
    bench.wait(14.5)
    bench.send("a", Pingreq())
    assert bench.core.next_deadline() == bench.now + 15
    bench.wait(14.5)
    assert bench.hear("a") == []
    bench.wait(0.5)
    assert summary(bench.hear("a")) == (["DISCONNECT 0x8D", "CLOSE"] if version == V5 else ["CLOSE"])
    assert bench.core.violations == []


def test_the_servers_keep_alive_is_the_one_that_counts() -> None:
    """[MQTT-3.2.2-22]; for 5 alone."""
    bench = Bench(BrokerLimits(server_keep_alive=4))
    bench.connect("a", keepalive=100)
    assert bench.core.next_deadline() == bench.now + 6


def test_no_keep_alive_no_deadline() -> None:
    """Keep alive 0 switches it off."""
    bench = Bench()
    bench.connect("a", keepalive=0)
    bench.wait(1e6)
    assert bench.hear("a") == []


# ---- wills


@VERSIONS
def test_the_will_is_published_when_the_link_is_gone(version: Version) -> None:
    """Without DISCONNECT, however it ended [MQTT-3.1.2-8]."""
    bench = listener(version)
    bench.connect("a", will=Will("w", b"cut"))
    bench.cut("a")
    assert payloads(bench.hear("s")) == [b"cut"]
    bench.connect("b", will=Will("w", b"illegal"))
    bench.send("b", b"\x36\x05\0\1t\0\1")
    assert payloads(bench.hear("s")) == [b"illegal"]
    bench.connect("c", keepalive=10, will=Will("w", b"silent"))
    bench.wait(15)
    assert payloads(bench.hear("s")) == [b"silent"]


@VERSIONS
def test_a_farewell_deletes_the_will(version: Version) -> None:
    """[MQTT-3.1.2-10]"""
    bench = listener(version)
    bench.connect("a", will=Will("w", b"x"))
    bench.send("a", Disconnect())
    assert bench.hear("s") == []


def test_a_farewell_may_ask_for_the_will() -> None:
    """Reason 0x04; it goes on with its properties, and is retained if it is to be."""
    bench = listener()
    properties = {"content_type": "text/plain", "will_delay_interval": 0, "message_expiry_interval": 9}
    bench.connect("a", will=Will("w", b"x", 1, True, properties))
    bench.wait(100)
    bench.send("a", Disconnect(4))
    (heard,) = bench.hear("s")
    assert isinstance(heard, Publish)
    assert dict(heard.properties) == {"content_type": "text/plain", "message_expiry_interval": 9}
    assert [message.payload for message in bench.core.retained.values()] == [b"x"]


def test_a_delayed_will_waits_for_its_delay_or_the_end_of_the_session() -> None:
    """Whichever comes first (MQTT 5 §3.1.3.2.2)."""
    bench = listener()
    for kept, due_s in ((True, 30), (False, 0)):
        bench.connect("a", kept=kept, will=Will("w", b"x", properties={"will_delay_interval": 30}))
        bench.cut("a")
        assert (payloads(bench.hear("s")) == [b"x"]) == (not due_s)
        if due_s:
            assert bench.core.next_deadline() == bench.now + due_s
            bench.wait(due_s - 1)
            assert bench.hear("s") == []
            bench.wait(1)
            assert payloads(bench.hear("s")) == [b"x"]


def test_who_comes_back_in_time_leaves_no_will_behind() -> None:
    """[MQTT-3.1.3-9]; a clean start ends the old session, so its will is due."""
    bench = listener()
    will = Will("w", b"x", properties={"will_delay_interval": 30})
    for clean, told in ((False, []), (True, [b"x"])):
        bench.connect("a", clean=False, kept=True, will=will)
        bench.cut("a")
        bench.connect("a", clean=clean, kept=True)
        assert payloads(bench.hear("s")) == told
        bench.wait(60)
        assert bench.hear("s") == []


def test_a_takeover_publishes_the_will_of_the_older_connection() -> None:
    """It ended without DISCONNECT, and no delay holds it back."""
    bench = listener()
    bench.connect("old", "a", kept=True, will=Will("w", b"x"))
    bench.connect("new", "a", clean=False, kept=True)
    assert payloads(bench.hear("s")) == [b"x"]
