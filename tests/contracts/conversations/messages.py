"""Messages on their way: each QoS, acknowledgements, redelivery."""

from __future__ import annotations

from holdfast.codec import Puback, Pubcomp, Publish, Pubrec, Pubrel
from tests.contracts.scripts import both, subscribe
from tests.contracts.talk import Talk


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
