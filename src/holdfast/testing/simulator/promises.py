"""What the simulator holds the core to: each promise has a name and one sentence."""

from __future__ import annotations

from enum import Enum


class Promise(Enum):
    """The value begins with where the promise is made: a contract number or a statement id."""

    ASSIGNED_FIRST = "contract 5: identifier and stage are durable before the PUBLISH of QoS 1 or 2 leaves"
    RELEASED_FIRST = "contract 5: the PUBREC is written down before PUBREL leaves"
    RECEIVED_FIRST = "contract 5: the inbound QoS 2 identifier is durable before PUBREC leaves"
    FORGOTTEN_FIRST = "contract 5: the inbound QoS 2 identifier is durably gone before PUBCOMP leaves"
    EPOCH_FIRST = "contract 5: a new epoch is durable before anything depends on it"
    ONCE_OUT = "contract 6: a QoS 2 message reaches the broker once for the life of a session"
    ONCE_IN = "contract 6: an inbound QoS 2 message reaches a handler once, unless the process died"
    NOTHING_LOST = "contract 2: nothing accepted is lost"
    NOTHING_LOST_IN = "contract 5, 13: what the broker holds for the session reaches a handler"
    TOLD = "contract 11, 12: what is told durable is in the file, and nothing is told durable before"
    RESTORED = "contract 5: a restart finds rows, stages, identifiers and epoch as they were committed"
    TAKEN_ONCE = "contract 8: an accepted row is taken out of the outbox, and once"
    DAMAGE_TOLD = "contract 1: what a damaged file has lost is told, and the rest goes out"
    DRAINS = "contract 12: on a full disk the reserve is given up, and commits go on"
    LEDGER = "contract 7: accepted = acknowledged + sent + failed + expired + dropped + pending"
    ORDER = "contract 8: first arrivals at the broker are in the order accepted"
    NOT_YET = "contract 8: what the broker refused for now is not sent again before its time"
    INNOCENT = "contract 10: no message is given up for ending the link but one that does"
    RESEND_ORDER = "MQTT-4.6.0-1: PUBLISH packets are resent in their original order"
    PUBREL_ORDER = "MQTT-4.6.0-4: PUBREL packets leave in the order of the PUBREC packets"
    UNSENT_ONLY = "contract 9: expiry acts on unsent rows only"
    AGES = "contract 27: no row is too old before its time, whatever the clocks show"
    ACK_ORDER = "contract 13: acknowledgements leave in wire order per QoS [MQTT-4.6.0-2, 4.6.0-3]"
    ACK_AFTER_HANDLER = "contract 14: no acknowledgement for a PUBLISH whose own handler has not finished"
    ATTACH = "contract 14: a redelivery attaches to the running handler"
    CONNECT_FIRST = "MQTT-3.1.0-1: CONNECT is the first packet, once, and nothing passes CONNACK"
    DISCONNECT_LAST = "MQTT-3.14.4-1: nothing leaves after DISCONNECT"
    WINDOW = "MQTT-3.3.4-7: never more in flight than the broker's Receive Maximum, resends included"
    DUP = "MQTT-3.3.1-1: DUP stands exactly on resends"
    RELEASED_STAYS = "MQTT-4.3.3-6: after PUBREC the message is never published again"
    IDENTIFIER = "MQTT-2.2.1-3: a packet identifier in use means one exchange only"
    EXPIRY = "contract 9: expiry on the wire is the seconds left, rounded up, at least 1"
    LIMITS = "MQTT-3.2.2-11, 3.2.2-15: nothing leaves that the broker's CONNACK forbids"
    PRESENCE = (
        "contract 22: birth goes first on every connection, stands over an older offline, and is ours alone"
    )
    PROBE = (
        "contract 21: a probe is QoS 0 and no handler's; it ends a link that worked and fell silent, no other"
    )
    ALIAS = "MQTT-3.3.2-7, 3.3.2-9: an alias stands for a topic told on this connection, within its limit"
    PING = "MQTT-3.1.2-20: something leaves within every keep alive interval"
    HALF_OPEN = "contract 19: a half-open link is noticed within 1.5 keep alive"
    SUBSCRIBED = "contract 6: subscriptions are intents that outlive connections and sessions"
    STRICT = "contract 29: the broker's strict mode has nothing to object to"
    NO_FALSE_ALARM = "MQTT-4.13.1-1: a link is ended for a broken rule only, and none was broken"
    BROKEN_RULE = "MQTT-4.13.1-1: a broken rule ends the link"
    NO_EXCEPTION = "contract 9 of design: no exception leaves the core"
    SANE = "the core's own books agree with each other"
    LIVE = "contract 2.9: everything comes to an end once the network is healed"


class PromiseBroken(Exception):
    """An invariant does not hold; ``promise`` says which, the text says by what."""

    def __init__(self, promise: Promise, detail: str) -> None:
        super().__init__(f"{promise.name}: {promise.value}\n  {detail}")
        self.promise = promise
