"""A whole MQTT broker without I/O: bytes and time go in, values come out, and nothing is left to chance.

``testing.Broker`` puts it behind a socket and the simulator behind a network of its own; the contract
tests hold it against mosquitto, packet by packet. Both versions, as mosquitto 2.0 does where the standard
leaves a choice: QoS 2 goes onward at PUBREL, ``$share`` goes round robin.

    core = BrokerCore(BrokerLimits(receive_maximum=20), strict=True)
    core.open(7, now)                        # a link, by any integer of the caller's
    core.receive(7, data, now)               # bytes from it, in any portions
    core.closed(7, now)                      # it is gone, without a word
    core.tick(now)                           # keep alive, session expiry, will delay
    core.next_deadline()                     # when tick has something to do; None: never
    core.take()                              # [(7, b"..."), (7, CLOSE), ...] in order, since the last take
    core.publish(topic, payload, now, qos=1, retain=False, properties={})     # as if from another client

Durability: what ``take`` gives may leave when ``core.dirty`` is False, or when ``core.state()`` (or
every call since the last one) has been stored; set ``dirty = False`` then. ``BrokerCore.load(state, now,
limits)`` is the broker after a crash: sessions, subscriptions, queues, stages of every message in flight,
QoS 2 ids and retained messages are there; links, and the wills of those that were connected, are not.

``BrokerCore(authentication=make)``: an ``Examiner`` for each exchange of an enhanced authentication, without
which nobody comes in then (``model.examining``).

What it tells:
    ``core.accepted``     Publish as it came, topic alias resolved, in order; a resend at QoS 1 comes again
    ``core.routed``       the same messages in the order they went onward (QoS 2: at PUBREL), wills included
    ``core.violations``   one sentence per rule a client broke and was cut off for; ``strict`` knows more
    ``core.connects``     CONNECTs received
    ``core.sessions``     by client id: ``queue inflight inbound subscriptions dropped link``
    ``core.retained``     by topic

Scripts of faults, each lifted by ``core.release(now)``, which also lets the held packets go:
    ``core.hold("PUBACK", "client")``        packets of this type by this sender wait
    ``core.drop("PUBREC", 1, "broker")``     they vanish
    ``core.refuse("PUBLISH", 0x97, 1)``      CONNECT, PUBLISH, SUBSCRIBE or UNSUBSCRIBE get this reason code
"""

from holdfast.testing.model.core import BrokerCore
from holdfast.testing.model.examining import Examiner
from holdfast.testing.model.limits import BrokerLimits
from holdfast.testing.model.wire import CLOSE, Output

__all__ = ["CLOSE", "BrokerCore", "BrokerLimits", "Examiner", "Output"]
