"""What both sides agreed on for one connection: our CONNECT, the broker's CONNACK."""

from __future__ import annotations

from typing import Any

from holdfast.codec import V5, Connack, Connect, Version, Will
from holdfast.errors import ConfigurationError
from holdfast.messages import NO_PROPERTIES, Properties, QoS
from holdfast.values import Value

NEVER = 0xFFFFFFFF
"""Session Expiry Interval of a session that does not expire (MQTT 5 §3.1.2.11.2)."""


class ConnectRequest(Value):
    """What one connection attempt asks for; 0 seconds of session expiry is a clean session.

    A kept session is never asked for with Clean Start 1: that would delete what the broker
    holds for us (contract 1). ``topic_alias_maximum`` is for what comes, ``topic_aliases`` for what
    goes: how many we set at most. ``birth`` is said on the topic of the will, before all that waits.
    ``strip_properties``: what 3.1.1 cannot carry is left out, rather than the message kept back.
    ``probe_s``: how often the way to ourselves is probed, None: never; ``probe_nonce`` tells our questions
    from those of others. ``canary_nonce`` likewise, where it is to be found out whether shared subscriptions
    deliver; empty: it is not.
    ``authentication_method`` asks for enhanced authentication, which 3.1.1 does not have: never left
    out in silence. ``group``: the brokers whose session it is (contract 3); where ``apart`` is given, it
    is not sure that this broker is one of them: without a session of theirs it is in a group of that name.
    """

    __match_args__ = (
        "client_id",
        "version",
        "session_expiry_s",
        "keepalive_s",
        "username",
        "password",
        "will",
        "birth",
        "receive_maximum",
        "max_packet_bytes",
        "topic_alias_maximum",
        "topic_aliases",
        "strip_properties",
        "authentication_method",
        "authentication_data",
        "group",
        "apart",
        "probe_s",
        "probe_nonce",
        "canary_nonce",
    )
    __slots__ = __match_args__

    def __init__(
        self,
        client_id: str,
        version: Version = V5,
        session_expiry_s: int = 0,
        keepalive_s: int = 60,
        username: str | None = None,
        password: bytes | None = None,
        will: Will | None = None,
        birth: bytes | None = None,
        receive_maximum: int = 1000,
        max_packet_bytes: int = 16 << 20,
        topic_alias_maximum: int = 16,
        topic_aliases: int = 0,
        strip_properties: bool = False,
        authentication_method: str | None = None,
        authentication_data: bytes | None = None,
        group: str = "",
        apart: str | None = None,
        probe_s: float | None = None,
        probe_nonce: str = "",
        canary_nonce: str = "",
    ) -> None:
        self.client_id = client_id
        self.version = version
        self.session_expiry_s = session_expiry_s
        self.keepalive_s = keepalive_s
        self.username = username
        self.password = password
        self.will = will
        self.birth = birth
        self.receive_maximum = receive_maximum
        self.max_packet_bytes = max_packet_bytes
        self.topic_alias_maximum = topic_alias_maximum
        self.topic_aliases = topic_aliases
        self.strip_properties = strip_properties
        self.authentication_method = authentication_method
        self.authentication_data = authentication_data
        self.group = group
        self.apart = apart
        self.probe_s = probe_s
        self.probe_nonce = probe_nonce
        self.canary_nonce = canary_nonce

    def packet(self) -> Connect:
        """The CONNECT packet. Raises ConfigurationError."""
        if self.authentication_method is not None and self.version != V5:
            raise ConfigurationError("3.1.1 has no enhanced authentication", hint="speak version 5")
        return Connect(
            client_id=self.client_id,
            clean_start=self.session_expiry_s == 0,
            keepalive=self.keepalive_s,
            username=self.username,
            password=self.password,
            will=self.will,
            properties=self._properties() if self.version == V5 else NO_PROPERTIES,
            version=self.version,
        )

    def _properties(self) -> Properties:
        properties: dict[str, Any] = {
            "receive_maximum": self.receive_maximum,
            "maximum_packet_size": self.max_packet_bytes,
            "topic_alias_maximum": self.topic_alias_maximum,
        }
        if self.session_expiry_s:
            properties["session_expiry_interval"] = min(self.session_expiry_s, NEVER)
        if self.authentication_method is not None:
            properties["authentication_method"] = self.authentication_method
            if self.authentication_data is not None:
                properties["authentication_data"] = self.authentication_data
        return properties


class Terms(Value):
    """The limits of one connection; ``topic_aliases``: how many we may set.

    ``max_packet_bytes`` None: the broker named none. ``carries_properties`` False: a message with
    properties waits for a connection with MQTT 5 (contract 4).
    """

    __match_args__ = (
        "version",
        "client_id",
        "session_present",
        "session_expiry_s",
        "keepalive_s",
        "receive_maximum",
        "maximum_qos",
        "retain_available",
        "max_packet_bytes",
        "wildcard_available",
        "identifiers_available",
        "shared_available",
        "topic_aliases",
        "carries_properties",
    )
    __slots__ = __match_args__

    def __init__(
        self,
        version: Version,
        client_id: str,
        session_present: bool,
        session_expiry_s: int,
        keepalive_s: int,
        receive_maximum: int = 65_535,
        maximum_qos: QoS = 2,
        retain_available: bool = True,
        max_packet_bytes: int | None = None,
        wildcard_available: bool = True,
        identifiers_available: bool = True,
        shared_available: bool = True,
        topic_aliases: int = 0,
        carries_properties: bool = True,
    ) -> None:
        self.version = version
        self.client_id = client_id
        self.session_present = session_present
        self.session_expiry_s = session_expiry_s
        self.keepalive_s = keepalive_s
        self.receive_maximum = receive_maximum
        self.maximum_qos = maximum_qos
        self.retain_available = retain_available
        self.max_packet_bytes = max_packet_bytes
        self.wildcard_available = wildcard_available
        self.identifiers_available = identifiers_available
        self.shared_available = shared_available
        self.topic_aliases = topic_aliases
        self.carries_properties = carries_properties

    @classmethod
    def agreed(cls, request: ConnectRequest, connack: Connack) -> Terms:
        """What holds after this CONNACK: the broker's word where it gave one."""
        said = connack.properties.get
        return cls(
            version=request.version,
            client_id=said("assigned_client_identifier", request.client_id),
            session_present=connack.session_present,
            session_expiry_s=said("session_expiry_interval", request.session_expiry_s),
            keepalive_s=said("server_keep_alive", request.keepalive_s),  # [MQTT-3.2.2-21]
            receive_maximum=said("receive_maximum", 65_535),
            maximum_qos=said("maximum_qos", 2),
            retain_available=bool(said("retain_available", 1)),
            max_packet_bytes=said("maximum_packet_size"),
            wildcard_available=bool(said("wildcard_subscription_available", 1)),
            identifiers_available=request.version == V5
            and bool(said("subscription_identifier_available", 1)),
            shared_available=bool(said("shared_subscription_available", 1)),
            topic_aliases=min(request.topic_aliases, said("topic_alias_maximum", 0)),
            carries_properties=request.version == V5 or request.strip_properties,
        )
