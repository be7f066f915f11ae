"""What the broker keeps for one client id: subscriptions, messages to it, QoS 2 ids from it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

from holdfast.codec import V311, Publish, Version
from holdfast.messages import NO_PROPERTIES, Properties, QoS

if TYPE_CHECKING:
    from holdfast.testing.model.link import Link


class Stored:
    """One application message in the broker. ``expires_at``: None means never."""

    __slots__ = ("expires_at", "payload", "properties", "qos", "retain", "topic")

    def __init__(
        self,
        topic: str,
        payload: bytes,
        qos: QoS,
        retain: bool,
        properties: Properties,
        now: float,
    ) -> None:
        self.topic = topic
        self.payload = payload
        self.qos: QoS = qos
        self.retain = retain
        self.properties, self.expires_at = properties, None
        if properties:
            self.properties, self.expires_at = _onward(properties, now)

    def is_over(self, now: float) -> bool:
        """Whether its Message Expiry Interval has passed (MQTT 5 §3.3.2.3.3)."""
        return self.expires_at is not None and now >= self.expires_at

    def to_send(self, now: float, identifiers: tuple[int, ...]) -> Properties:
        """The properties it goes out with, the time it has left among them [MQTT-3.3.2-6]."""
        if self.expires_at is None and not identifiers:
            return self.properties
        sent = dict(self.properties)
        if self.expires_at is not None:
            sent["message_expiry_interval"] = max(1, round(self.expires_at - now))
        if identifiers:
            sent["subscription_identifier"] = identifiers
        return sent


_OF_THE_LINK = frozenset({"topic_alias", "message_expiry_interval", "will_delay_interval"})


def _onward(properties: Properties, now: float) -> tuple[Properties, float | None]:
    """What goes on to subscribers unaltered [MQTT-3.3.2-4, -15, -16, -17, -20]; the expiry as a moment."""
    kept: Mapping[str, Any] = {name: value for name, value in properties.items() if name not in _OF_THE_LINK}
    interval_s = properties.get("message_expiry_interval")
    return kept or NO_PROPERTIES, None if interval_s is None else now + interval_s


class Delivery:
    """One message on its way to one client. ``released``: its PUBREC came, so PUBREL is what is resent."""

    __slots__ = ("identifiers", "message", "packet_id", "qos", "released", "retain")

    def __init__(self, message: Stored, qos: QoS, retain: bool, identifiers: tuple[int, ...]) -> None:
        self.message = message
        self.qos: QoS = qos
        self.retain = retain
        self.identifiers = identifiers
        self.packet_id = 0
        self.released = False


@dataclass(frozen=True, slots=True)
class Subscription:
    """One topic filter of one session, without its share prefix; ``group`` is its share name."""

    filter: str
    qos: QoS
    no_local: bool = False
    retain_as_published: bool = False
    retain_handling: Literal[0, 1, 2] = 0
    identifier: int | None = None
    group: str | None = None

    def identifiers(self) -> tuple[int, ...]:
        """As a PUBLISH carries them."""
        return () if self.identifier is None else (self.identifier,)


class Session:
    """Session state (MQTT 5 §4.1). It outlives its link until ``expires_at``; None means it does not expire.

    ``inbound``: QoS 2 messages by packet id, from PUBLISH to PUBREL, as they came.
    ``resend``: what is in flight and not yet sent again on this link.
    ``unanswered``: packet ids whose last acknowledgement has not left, for the judge.
    """

    __slots__ = (
        *("client_id", "dropped", "expires_at", "expiry_s", "inbound", "inflight", "last_id", "link"),
        *("queue", "resend", "subscriptions", "unanswered", "version", "will", "will_at"),
    )

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id
        self.version: Version = V311
        self.expiry_s = 0
        self.expires_at: float | None = None
        self.link: Link | None = None
        self.subscriptions: dict[str, Subscription] = {}
        self.queue: deque[Delivery] = deque()
        self.inflight: dict[int, Delivery] = {}
        self.resend: deque[Delivery] = deque()
        self.inbound: dict[int, Publish] = {}
        self.unanswered: dict[int, tuple[Any, ...]] = {}
        self.last_id = 0
        self.dropped = 0
        self.will: Stored | None = None
        self.will_at: float | None = None

    def new_id(self) -> int:
        """The next packet id that is not in use [MQTT-2.2.1-4]."""
        for candidate in chain(range(self.last_id + 1, 65_536), range(1, self.last_id + 1)):
            if candidate not in self.inflight:
                self.last_id = candidate
                return candidate
        raise AssertionError("every packet id is in flight, though Receive Maximum is at most 65,535")
