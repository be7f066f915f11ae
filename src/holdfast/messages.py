"""The values everything else speaks of: a message that came, a message to go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Literal

from holdfast.errors import PayloadError

QoS = Literal[0, 1, 2]
Priority = Literal["low", "normal", "high"]
Payload = bytes | bytearray | memoryview | str
UserProperties = Mapping[str, str] | Sequence[tuple[str, str]]

Properties = Mapping[str, Any]
"""MQTT 5 properties by the standard's names in snake_case; repeatable ones hold a tuple."""

NO_PROPERTIES: Properties = MappingProxyType({})


class Message:
    """One message as it came from the broker: a value, compared by what it carries.

    Leave it as it is: a repeat of the same message is recognised by its content until it is acknowledged.
    ``attempt`` counts the runs of this handler for it in this process, from 1.
    The MQTT 5 properties are read from ``properties`` when asked for; ``arrived`` is the time of
    arrival in seconds since 1970-01-01 UTC.
    """

    __slots__ = (
        "arrived",
        "attempt",
        "captures",
        "duplicate",
        "payload",
        "properties",
        "qos",
        "retain",
        "topic",
    )

    def __init__(
        self,
        topic: str,
        payload: bytes,
        qos: QoS = 0,
        retain: bool = False,
        duplicate: bool = False,
        properties: Properties = NO_PROPERTIES,
        captures: Mapping[str, str] = NO_PROPERTIES,
        arrived: float = 0.0,
        attempt: int = 1,
    ) -> None:
        self.topic = topic
        self.payload = payload
        self.qos: QoS = qos
        self.retain = retain
        self.duplicate = duplicate
        self.properties = properties
        self.captures = captures
        self.attempt = attempt
        self.arrived = arrived

    @property
    def received_at(self) -> datetime:
        """When it arrived here, UTC."""
        return datetime.fromtimestamp(self.arrived, UTC)

    @property
    def content_type(self) -> str | None:
        """Content Type (MQTT 5 §3.3.2.3.9)."""
        return self.properties.get("content_type")

    @property
    def response_topic(self) -> str | None:
        """Response Topic (MQTT 5 §3.3.2.3.5)."""
        return self.properties.get("response_topic")

    @property
    def correlation_data(self) -> bytes | None:
        """Correlation Data (MQTT 5 §3.3.2.3.6)."""
        return self.properties.get("correlation_data")

    @property
    def expiry_s(self) -> float | None:
        """Message Expiry Interval, seconds left when it arrived (MQTT 5 §3.3.2.3.3)."""
        return self.properties.get("message_expiry_interval")

    @property
    def user_properties(self) -> tuple[tuple[str, str], ...]:
        """User Properties in wire order (MQTT 5 §3.3.2.3.7)."""
        return tuple(self.properties.get("user_property", ()))

    def text(self) -> str:
        """The payload as UTF-8. Raises PayloadError."""
        try:
            return self.payload.decode()
        except UnicodeDecodeError as error:
            raise PayloadError(f"payload on {self.topic} is not UTF-8: {error.reason}") from error

    def json(self) -> Any:
        """The payload as JSON. Raises PayloadError."""
        from json import loads  # on first use: a program that never asks does not pay for it

        try:
            return loads(self.payload)
        except (ValueError, RecursionError) as error:
            raise PayloadError(f"payload on {self.topic} is not JSON: {error}") from error

    def _key(self) -> tuple[Any, ...]:
        return (self.topic, self.payload, self.qos, self.retain, self.duplicate, dict(self.properties))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and self._key() == other._key()

    __hash__ = None  # type: ignore[assignment]  # payloads and properties may be large

    def __repr__(self) -> str:
        return f"Message({self.topic!r}, {len(self.payload)} bytes, qos={self.qos})"


LOW, NORMAL, HIGH = 0, 1, 2
"""The priority classes of ``Outgoing``."""

OVERHEAD = 200
"""What a message costs in memory beside its topic and payload, in bytes, roughly."""


class Outgoing:
    """One accepted message on its way to the broker: a row of the outbox.

    ``seq`` is the outbox sequence number, rising in accept order. ``expires_at`` is on the
    clock given to the session, and so is ``accepted_at``. ``uncertain`` is set when the message may
    have reached a broker that has since lost the session (contract 6). ``priority`` is its class: 0
    low, 1 normal, 2 high. ``tries`` counts how often the broker refused it. ``size`` counts against a
    byte budget.
    """

    __slots__ = (
        "accepted_at",
        "expires_at",
        "payload",
        "priority",
        "properties",
        "qos",
        "retain",
        "seq",
        "size",
        "topic",
        "tries",
        "uncertain",
    )

    def __init__(
        self,
        seq: int,
        topic: str,
        payload: bytes,
        qos: QoS = 1,
        retain: bool = False,
        properties: Properties = NO_PROPERTIES,
        expires_at: float | None = None,
        uncertain: bool = False,
        priority: int = NORMAL,
    ) -> None:
        self.seq = seq
        self.topic = topic
        self.payload = payload
        self.qos: QoS = qos
        self.retain = retain
        self.properties = properties
        self.expires_at = expires_at
        self.uncertain = uncertain
        self.priority = priority
        self.tries = 0
        self.accepted_at = 0.0
        self.size = OVERHEAD + len(topic) + len(payload)

    def __repr__(self) -> str:
        return f"Outgoing({self.seq}, {self.topic!r}, {len(self.payload)} bytes, qos={self.qos})"
