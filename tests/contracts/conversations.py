"""The scripts of the differential test: each is a function of a Talk, its docstring says what is at stake."""

from __future__ import annotations

from collections.abc import Callable

from holdfast.codec import (
    Connect,
    Disconnect,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Subscribe,
    SubscribeOption,
    Unsubscribe,
    Will,
)
from tests.contracts.talk import Talk

Script = Callable[[Talk], None]
BOTH: list[Script] = []
V5_ONLY: list[Script] = []


def both(script: Script) -> Script:
    """Speaks either version."""
    BOTH.append(script)
    return script


def v5(script: Script) -> Script:
    """Needs MQTT 5."""
    V5_ONLY.append(script)
    return script


def subscribe(*filters: str, qos: int = 2, packet_id: int = 1, **properties: int) -> Subscribe:
    """Filters at one QoS."""
    options = [SubscribeOption(filter, qos) for filter in filters]  # type: ignore[arg-type]  # 0, 1 or 2
    return Subscribe(packet_id, options, properties)


# ---- sessions


@both
def connect_clean(talk: Talk) -> None:
    """A clean session is new each time."""
    talk.connect("a")
    talk.leave("a")
    talk.connect("again", "a")


@both
def resume_kept_session(talk: Talk) -> None:
    """A kept session is present, with its subscription, and gone after a clean start."""
    talk.connect("a", clean=False, kept=True)
    talk.send("a", subscribe("t"))
    talk.leave("a")
    talk.connect("resumed", "a", clean=False, kept=True)
    talk.send("resumed", Publish("t", b"still subscribed"))
    talk.leave("resumed")
    talk.connect("clean", "a")
    talk.send("clean", Publish("t", b"to nobody"))


@both
def assigned_client_id(talk: Talk) -> None:
    """No client id, clean: one is given."""
    talk.connect("anonymous", "")


@both
def take_over(talk: Talk) -> None:
    """The older connection of a client id is closed, and told so in 5."""
    talk.connect("old", "a", clean=False, kept=True)
    talk.send("old", subscribe("t"))
    talk.connect("new", "a", clean=False, kept=True)
    talk.send("new", Publish("t", b"to the new one", 1, packet_id=1))


@both
def offline_queue(talk: Talk) -> None:
    """A kept session is sent QoS 1 and 2 of what it missed, in order, as first deliveries."""
    talk.connect("a", clean=False, kept=True)
    talk.send("a", subscribe("t"))
    talk.leave("a")
    talk.connect("p")
    for qos, packet_id in ((0, 0), (1, 1), (2, 2)):
        talk.send("p", Publish("t", b"missed %d" % qos, qos, packet_id=packet_id))  # type: ignore[arg-type]
    talk.send("p", Pubrel(2))
    talk.connect("resumed", "a", clean=False, kept=True)
    talk.send("resumed", Puback(1), Pubrec(2))
    talk.send("resumed", Pubcomp(2))


# ---- publishing and delivering


@both
def each_qos_to_each_qos(talk: Talk) -> None:
    """Nine pairs: a message goes on at the lower QoS of publisher and subscriber [MQTT-3.8.4-8]."""
    for qos in (0, 1, 2):
        talk.connect(f"sub{qos}")
        talk.send(f"sub{qos}", subscribe("t", qos=qos))
    talk.connect("p")
    for qos in (0, 1, 2):
        talk.send("p", Publish("t", b"at %d" % qos, qos, packet_id=9 if qos else 0))  # type: ignore[arg-type]
    talk.send("p", Pubrel(9))
    talk.send("sub1", Puback(1), Puback(2))
    talk.send("sub2", Puback(1), Pubrec(2))
    talk.send("sub2", Pubcomp(2))


@both
def to_oneself(talk: Talk) -> None:
    """What one connection publishes and subscribes to: message and acknowledgement in their order."""
    talk.connect("a")
    talk.send("a", subscribe("t"))
    talk.send("a", Publish("t", b"0"), Publish("t", b"1", 1, packet_id=1), Publish("t", b"2", 2, packet_id=2))
    talk.send("a", Pubrel(2))


@both
def qos2_sent_twice(talk: Talk) -> None:
    """A resent QoS 2 PUBLISH is acknowledged and not taken again; after PUBCOMP the id is free."""
    talk.connect("sub")
    talk.send("sub", subscribe("t", qos=0))
    talk.connect("p", clean=False, kept=True)
    talk.send("p", Publish("t", b"once", 2, packet_id=5))
    talk.cut("p")
    talk.connect("again", "p", clean=False, kept=True)
    talk.send("again", Publish("t", b"once", 2, dup=True, packet_id=5))
    talk.send("again", Pubrel(5))
    talk.send("again", Publish("t", b"another", 2, packet_id=5))
    talk.send("again", Pubrel(5))


@both
def release_resumed(talk: Talk) -> None:
    """PUBREL on a new connection completes what the old one began."""
    talk.connect("sub")
    talk.send("sub", subscribe("t", qos=0))
    talk.connect("p", clean=False, kept=True)
    talk.send("p", Publish("t", b"once", 2, packet_id=5))
    talk.cut("p")
    talk.connect("again", "p", clean=False, kept=True)
    talk.send("again", Pubrel(5))


@both
def nobody_subscribes(talk: Talk) -> None:
    """QoS 1 without a subscriber: 5 says so."""
    talk.connect("p")
    talk.send("p", Publish("nobody", b"", 1, packet_id=1))
    talk.send("p", Publish("nobody", b"", 2, packet_id=2))
    talk.send("p", Pubrel(2))


# ---- redelivery


@both
def redelivery_after_cut(talk: Talk) -> None:
    """Unacknowledged messages come again with DUP, their ids and their order; then what waited."""
    talk.connect("a", clean=False, kept=True)
    talk.send("a", subscribe("t"))
    talk.connect("p")
    for n in range(1, 5):
        qos = 1 + n % 2
        talk.send("p", Publish("t", b"%d" % n, qos, packet_id=n))  # type: ignore[arg-type]
        talk.send("p", Pubrel(n)) if qos == 2 else None
    talk.send("a", Puback(2))
    talk.cut("a")
    talk.settle(first="p")
    talk.connect("resumed", "a", clean=False, kept=True)


@both
def release_redelivered(talk: Talk) -> None:
    """After PUBREC it is PUBREL that comes again, not PUBLISH [MQTT-4.4.0-1]."""
    talk.connect("a", clean=False, kept=True)
    talk.send("a", subscribe("t"))
    talk.connect("p")
    talk.send("p", Publish("t", b"first", 2, packet_id=1))
    talk.send("p", Pubrel(1))
    talk.send("p", Publish("t", b"second", 2, packet_id=2))
    talk.send("p", Pubrel(2))
    talk.send("a", Pubrec(1))
    talk.cut("a")
    talk.connect("resumed", "a", clean=False, kept=True)
    talk.send("resumed", Pubcomp(1), Pubrec(2))
    talk.send("resumed", Pubcomp(2))


# ---- retained messages


@both
def retained(talk: Talk) -> None:
    """A retained message is sent to new subscriptions with RETAIN, live without; empty removes it."""
    talk.connect("p")
    talk.send("p", Publish("r", b"kept", 1, retain=True, packet_id=1))
    talk.connect("sub")
    talk.send("sub", subscribe("r"))
    talk.send("p", Publish("r", b"newer", 1, retain=True, packet_id=2))
    talk.send("p", Publish("r", b"", 1, retain=True, packet_id=3))
    talk.connect("late")
    talk.send("late", subscribe("r"))


@both
def retained_again(talk: Talk) -> None:
    """Subscribing again sends the retained message again [MQTT-3.8.4-3]."""
    talk.connect("p")
    talk.send("p", Publish("r", b"kept", retain=True))
    talk.send("p", subscribe("r"))
    talk.send("p", subscribe("r", packet_id=2))
    talk.send("p", Publish("r", b"", retain=True))


@v5
def retain_handling(talk: Talk) -> None:
    """0 always, 1 for a new subscription only, 2 never."""
    talk.connect("p")
    talk.send("p", Publish("r", b"kept", retain=True))
    for handling in (0, 1, 2):
        name = f"handling{handling}"
        talk.connect(name)
        option = SubscribeOption("r", 0, retain_handling=handling)
        talk.send(name, Subscribe(1, [option]))
        talk.send(name, Subscribe(2, [option]))
    talk.send("p", Publish("r", b"", retain=True))


@v5
def retain_as_published(talk: Talk) -> None:
    """The RETAIN flag goes on as published, if wished."""
    talk.connect("sub")
    options = [SubscribeOption("kept/#", 0, retain_as_published=True), SubscribeOption("not/#", 0)]
    talk.send("sub", Subscribe(1, options))
    talk.connect("p")
    for topic in ("kept/a", "not/a"):
        talk.send("p", Publish(topic, b"x", retain=True))
        talk.send("p", Publish(topic, b"", retain=True))


# ---- wills


@both
def will_after_cut(talk: Talk) -> None:
    """The will is published when the connection ends without DISCONNECT."""
    talk.connect("sub")
    talk.send("sub", subscribe("w"))
    talk.connect("mortal", will=Will("w", b"gone", 1))
    talk.cut("mortal")
    talk.until_heard("sub", 3)
    talk.settle()


@both
def no_will_after_farewell(talk: Talk) -> None:
    """DISCONNECT deletes the will [MQTT-3.14.4-3]."""
    talk.connect("sub")
    talk.send("sub", subscribe("w"))
    talk.connect("mortal", will=Will("w", b"gone", 1))
    talk.leave("mortal")


@v5
def farewell_with_will(talk: Talk) -> None:
    """DISCONNECT 0x04 publishes it, with its properties."""
    talk.connect("sub")
    talk.send("sub", subscribe("w"))
    properties = {"content_type": "text/plain", "user_property": (("a", "b"), ("a", "c"))}
    talk.connect("mortal", will=Will("w", b"gone", 2, False, properties))
    talk.leave("mortal", 0x04)


@v5
def delayed_will_cancelled(talk: Talk) -> None:
    """A client that is back within the will delay leaves no will behind [MQTT-3.1.3-9]."""
    talk.connect("sub")
    talk.send("sub", subscribe("w"))
    will = Will("w", b"gone", 0, False, {"will_delay_interval": 60})
    talk.connect("mortal", clean=False, kept=True, will=will)
    talk.cut("mortal")
    talk.connect("back", "mortal", clean=False, kept=True)


# ---- subscriptions


@both
def wildcards(talk: Talk) -> None:
    """What matches, and that '#' and '+' do not match topics that begin with '$' [MQTT-4.7.2-1]."""
    talk.connect("a")
    filters = ("x/+/z", "y/#", "+/solo", "/lead", "$own/#")
    for packet_id, filter in enumerate(filters, 1):
        talk.send("a", subscribe(filter, qos=0, packet_id=packet_id))
    topics = ("x/1/z", "x/1/2/z", "y", "y/1", "y/1/2", "a/solo", "/solo", "lead", "/lead", "$own/a", "x//z")
    for topic in topics:
        talk.send("a", Publish(topic, topic.encode()))


@both
def dollar_topics(talk: Talk) -> None:
    """A filter that begins with a wildcard does not match '$' topics."""
    talk.connect("a")
    talk.send("a", subscribe("+/hidden", qos=0))
    talk.send("a", Publish("$mine/hidden", b"no"), Publish("not/hidden", b"yes"))


@v5
def overlapping_filters(talk: Talk) -> None:
    """One copy for each matching subscription, each with its identifier."""
    talk.connect("a")
    talk.send("a", subscribe("o/#", qos=1, packet_id=1, subscription_identifier=1))
    talk.send("a", subscribe("o/+", qos=2, packet_id=2, subscription_identifier=2))
    talk.send("a", subscribe("o/x", qos=0, packet_id=3))
    talk.connect("p")
    talk.send("p", Publish("o/x", b"once", 0))


@both
def unsubscribe(talk: Talk) -> None:
    """Nothing comes any more; 5 tells what was not there."""
    talk.connect("a")
    talk.send("a", subscribe("t", "u"))
    talk.send("a", Unsubscribe(2, ["t", "never"]))
    talk.send("a", Publish("t", b"no"), Publish("u", b"yes"))


@both
def subscription_replaced(talk: Talk) -> None:
    """The same filter again changes its QoS and adds no second copy [MQTT-3.8.4-3]."""
    talk.connect("a")
    talk.send("a", subscribe("t", qos=2))
    talk.send("a", subscribe("t", qos=0, packet_id=2))
    talk.send("a", Publish("t", b"at 0", 1, packet_id=3))


@v5
def no_local(talk: Talk) -> None:
    """One's own messages stay away, those of others come."""
    talk.connect("a")
    talk.send("a", Subscribe(1, [SubscribeOption("t", 0, no_local=True)]))
    talk.send("a", Publish("t", b"mine"))
    talk.connect("p")
    talk.send("p", Publish("t", b"yours"))


@both
def shared_round_robin(talk: Talk) -> None:
    """Each message of a shared subscription goes to one member, in turn; another group has its own turn."""
    for name in ("m1", "m2", "m3"):
        talk.connect(name)
        talk.send(name, subscribe("$share/g/s/#", qos=1))
    talk.connect("other")
    talk.send("other", subscribe("$share/h/s/+", qos=1))
    talk.connect("plain")
    talk.send("plain", subscribe("s/x", qos=1))
    talk.connect("p")
    for n in range(1, 8):
        talk.send("p", Publish("s/x", b"%d" % n, 1, packet_id=n))
    talk.send("m2", Unsubscribe(2, ["$share/g/s/#"]))
    for n in range(8, 12):
        talk.send("p", Publish("s/x", b"%d" % n, 1, packet_id=n))


@both
def shared_gets_no_retained(talk: Talk) -> None:
    """Retained messages are not sent to shared subscriptions (MQTT 5 §4.8.2)."""
    talk.connect("p")
    talk.send("p", Publish("s/r", b"kept", retain=True))
    talk.send("p", subscribe("$share/g/s/r", qos=1))
    talk.send("p", Publish("s/r", b"", retain=True))


# ---- properties and windows


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


# ---- what is refused


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
