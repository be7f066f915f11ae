"""What a broker refuses, and with which words."""

from __future__ import annotations

from holdfast.codec import Connect, Publish
from tests.contracts.scripts import both, subscribe, v5
from tests.contracts.talk import Talk


@both
def second_connect(talk: Talk) -> None:
    """A second CONNECT ends the connection [MQTT-3.1.0-2]."""
    talk.connect("a")
    talk.send("a", Connect("a", version=talk.version))


@both
def not_connected(talk: Talk) -> None:
    """Anything before CONNECT ends the connection [MQTT-3.1.0-1]."""
    talk.link("a")
    talk.send("a", Publish("t", b""))


@both
def malformed(talk: Talk) -> None:
    """A PUBLISH with QoS 3 ends the connection; 5 is told why [MQTT-3.3.1-4]."""
    talk.connect("a")
    talk.send("a", b"\x36\x05\0\1t\0\1")


@both
def publish_to_wildcard(talk: Talk) -> None:
    """A topic name with a wildcard ends the connection [MQTT-3.3.2-2]."""
    talk.connect("a")
    talk.send("a", Publish("a/+", b""))


@both
def filter_malformed(talk: Talk) -> None:
    """A filter with '#' in the middle ends the connection [MQTT-4.7.1-1]."""
    talk.connect("a")
    talk.send("a", subscribe("a/#/b"))


@v5
def alias_unknown(talk: Talk) -> None:
    """An alias that stands for nothing is an error of the sender."""
    talk.connect("a")
    talk.send("a", Publish("", b"", properties={"topic_alias": 1}))


@v5
def alias_too_high(talk: Talk) -> None:
    """An alias above the broker's maximum is an error of the sender [MQTT-3.3.2-9]."""
    talk.connect("a")
    talk.send("a", Publish("t", b"", properties={"topic_alias": 11}))


@v5
def receive_maximum_of_broker(talk: Talk) -> None:
    """More unreleased QoS 2 messages than the broker takes: 0x93 [MQTT-3.3.4-7]."""
    talk.connect("a")
    for n in range(1, 21):
        talk.send("a", Publish("t", b"", 2, packet_id=n))
    talk.send("a", Publish("t", b"", 2, packet_id=21))


@v5
def authentication_method_unknown(talk: Talk) -> None:
    """An authentication method the broker does not know: CONNACK 0x8C, and the end."""
    talk.connect("a", authentication_method="riddles")
