"""Who gets a message, and what was retained."""

from __future__ import annotations

from holdfast.codec import Publish, Subscribe, SubscribeOption, Unsubscribe
from tests.contracts.scripts import both, subscribe, v5
from tests.contracts.talk import Talk


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
