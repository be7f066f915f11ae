"""Sessions and wills: what outlives a connection, and what its end leaves behind."""

from __future__ import annotations

from holdfast.codec import Puback, Pubcomp, Publish, Pubrec, Pubrel, Will
from tests.contracts.scripts import both, subscribe, v5
from tests.contracts.talk import Talk


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
