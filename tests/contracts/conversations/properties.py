"""What MQTT 5 adds: properties, aliases, limits of the client."""

from __future__ import annotations

from holdfast.codec import Disconnect, Puback, Publish
from tests.contracts.scripts import subscribe, v5
from tests.contracts.talk import Talk


@v5
def properties_go_on(talk: Talk) -> None:
    """Everything that describes the message goes on unaltered, user properties in their order."""
    talk.connect("sub")
    talk.send("sub", subscribe("t", qos=1, subscription_identifier=7))
    talk.connect("p")
    properties = {
        "payload_format_indicator": 1,
        "message_expiry_interval": 3600,
        "content_type": "application/json",
        "response_topic": "answers/7",
        "correlation_data": b"\0\1\2",
        "user_property": (("b", "1"), ("a", "2"), ("b", "3")),
    }
    talk.send("p", Publish("t", b"{}", 1, packet_id=1, properties=properties))


@v5
def topic_alias(talk: Talk) -> None:
    """An alias stands for its topic until it is set anew; the subscriber sees the topic."""
    talk.connect("sub")
    talk.send("sub", subscribe("#", qos=0))
    talk.connect("p")
    for topic in ("t/1", "", "t/2", ""):
        talk.send("p", Publish(topic, topic.encode(), properties={"topic_alias": 3}))


@v5
def receive_maximum_of_client(talk: Talk) -> None:
    """The broker sends no more than the client takes, and goes on with each acknowledgement."""
    talk.connect("sub", receive_maximum=2)
    talk.send("sub", subscribe("t", qos=2))
    talk.connect("p")
    for n in range(1, 5):
        talk.send("p", Publish("t", b"%d" % n, 1, packet_id=n))
    talk.send("sub", Puback(1))
    talk.send("sub", Puback(2), Puback(3))


@v5
def maximum_packet_size_of_client(talk: Talk) -> None:
    """What the client cannot take is not sent to it, and does not block what follows."""
    talk.connect("sub", maximum_packet_size=40)
    talk.send("sub", subscribe("t", qos=1))
    talk.connect("p")
    talk.send("p", Publish("t", b"x" * 100, 1, packet_id=1), Publish("t", b"fits", 1, packet_id=2))


@v5
def session_expiry_at_disconnect(talk: Talk) -> None:
    """DISCONNECT may end the session at once; and may not give one an expiry that had none."""
    talk.connect("a", clean=False, kept=True)
    talk.leave("a", session_expiry_interval=0)
    talk.connect("again", "a", clean=False, kept=True)
    talk.connect("none")
    talk.send("none", Disconnect(0, {"session_expiry_interval": 10}))
