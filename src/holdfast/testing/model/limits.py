"""What one broker offers and announces in CONNACK (MQTT 5 §3.2.2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from holdfast.messages import QoS

NEVER = 0xFFFF_FFFF
"""The session expiry interval of a session that does not expire (MQTT 5 §3.1.2.11.2)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BrokerLimits:
    """Limits of a model broker; those that are None, or as the standard presumes, are not announced.

    ``session_expiry_maximum``: seconds a session is kept at most, whatever the client asks for.
    ``max_inflight``: messages unacknowledged by a client that names no Receive Maximum.
    ``max_queued``: messages waiting per session; further ones are dropped and counted.
    ``shared_delivers`` False: shared subscriptions are granted, and nothing comes by them.
    ``forward_at``: whether a QoS 2 message goes onward when it came, or when it is released.
    ``poison``: the connection ends at a PUBLISH whose payload holds these bytes, as brokers do with what
    they cannot bear; ``poison_reason`` is said before (MQTT 5).
    """

    receive_maximum: int | None = None
    maximum_qos: QoS = 2
    retain_available: bool = True
    max_packet_bytes: int | None = None
    topic_alias_maximum: int = 10
    server_keep_alive: int | None = None
    session_expiry_maximum: int | None = None
    wildcard_available: bool = True
    shared_available: bool = True
    shared_delivers: bool = True
    identifiers_available: bool = True
    max_inflight: int = 20
    max_queued: int = 100_000
    forward_at: Literal["PUBLISH", "PUBREL"] = "PUBREL"
    poison: bytes | None = None
    poison_reason: int | None = None

    def announced(self) -> dict[str, Any]:
        """The properties of CONNACK that are the same for every client."""
        said: dict[str, Any] = {}
        for name, value, presumed in (
            ("receive_maximum", self.receive_maximum, None),
            ("maximum_qos", self.maximum_qos, 2),
            ("retain_available", int(self.retain_available), 1),
            ("maximum_packet_size", self.max_packet_bytes, None),
            ("topic_alias_maximum", self.topic_alias_maximum, 0),
            ("wildcard_subscription_available", int(self.wildcard_available), 1),
            ("subscription_identifier_available", int(self.identifiers_available), 1),
            ("shared_subscription_available", int(self.shared_available), 1),
            ("server_keep_alive", self.server_keep_alive, None),
        ):
            if value != presumed:
                said[name] = value
        return said

    def granted_expiry_s(self, asked_s: int) -> int:
        """How long a session is kept after its connection."""
        return asked_s if self.session_expiry_maximum is None else min(asked_s, self.session_expiry_maximum)
