"""The fifteen control packets as values (MQTT 5 §3, MQTT 3.1.1 §3).

One class serves both versions: a field that 3.1.1 does not have keeps its default there.
Properties are mappings by the standard's names (see ``codec.properties``).
Packets of one shape are empty classes on one base.
"""

from __future__ import annotations

from typing import Literal

from holdfast.messages import NO_PROPERTIES, Properties, QoS
from holdfast.values import Value

Version = Literal[4, 5]
"""The protocol version as it stands in CONNECT: 4 is MQTT 3.1.1."""

V311: Version = 4
V5: Version = 5

QOS: tuple[QoS, ...] = (0, 1, 2)
"""The levels, each at its own index."""


class Will(Value):
    """The will as CONNECT carries it; its properties include Will Delay Interval."""

    __match_args__ = ("topic", "payload", "qos", "retain", "properties")
    __slots__ = __match_args__

    def __init__(
        self,
        topic: str,
        payload: bytes,
        qos: QoS = 0,
        retain: bool = False,
        properties: Properties = NO_PROPERTIES,
    ) -> None:
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
        self.properties = properties


class Connect(Value):
    __match_args__ = (
        "client_id",
        "clean_start",
        "keepalive",
        "username",
        "password",
        "will",
        "properties",
        "version",
    )
    __slots__ = __match_args__

    def __init__(
        self,
        client_id: str,
        clean_start: bool = True,
        keepalive: int = 0,
        username: str | None = None,
        password: bytes | None = None,
        will: Will | None = None,
        properties: Properties = NO_PROPERTIES,
        version: Version = V5,
    ) -> None:
        self.client_id = client_id
        self.clean_start = clean_start
        self.keepalive = keepalive
        self.username = username
        self.password = password
        self.will = will
        self.properties = properties
        self.version = version


class Connack(Value):
    """``reason`` is a return code in 3.1.1 and a reason code in 5."""

    __match_args__ = ("session_present", "reason", "properties")
    __slots__ = __match_args__

    def __init__(
        self,
        session_present: bool = False,
        reason: int = 0,
        properties: Properties = NO_PROPERTIES,
    ) -> None:
        self.session_present = session_present
        self.reason = reason
        self.properties = properties


class Publish(Value):
    """``packet_id`` is 0 when ``qos`` is 0; ``topic`` may be empty in 5 (topic alias)."""

    __match_args__ = ("topic", "payload", "qos", "retain", "dup", "packet_id", "properties")
    __slots__ = __match_args__

    def __init__(
        self,
        topic: str,
        payload: bytes,
        qos: QoS = 0,
        retain: bool = False,
        dup: bool = False,
        packet_id: int = 0,
        properties: Properties = NO_PROPERTIES,
    ) -> None:
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
        self.dup = dup
        self.packet_id = packet_id
        self.properties = properties


class OversizePublish(Value):
    """What the decoder tells of a 3.1.1 PUBLISH above the packet limit, read past and not kept."""

    __match_args__ = ("topic", "qos", "packet_id", "size")
    __slots__ = __match_args__

    def __init__(self, topic: str, qos: QoS, packet_id: int, size: int) -> None:
        self.topic = topic
        self.qos = qos
        self.packet_id = packet_id
        self.size = size


class Acknowledgement(Value):
    """The shape of the four packets by which a message of QoS 1 or 2 is acknowledged."""

    __match_args__ = ("packet_id", "reason", "properties")
    __slots__ = __match_args__

    def __init__(self, packet_id: int, reason: int = 0, properties: Properties = NO_PROPERTIES) -> None:
        self.packet_id = packet_id
        self.reason = reason
        self.properties = properties


class Puback(Acknowledgement):
    __slots__ = ()


class Pubrec(Acknowledgement):
    __slots__ = ()


class Pubrel(Acknowledgement):
    __slots__ = ()


class Pubcomp(Acknowledgement):
    __slots__ = ()


class AckRun(Value):
    """The shape of what a decoder makes of plain acknowledgements, if asked to: one value for a run.

    Their reason code is 0 and they have no properties; a run may be of one.
    """

    __match_args__ = ("packet_ids",)
    __slots__ = __match_args__

    def __init__(self, packet_ids: tuple[int, ...]) -> None:
        self.packet_ids = packet_ids


class Pubacks(AckRun):
    __slots__ = ()


class Pubrecs(AckRun):
    __slots__ = ()


class Pubrels(AckRun):
    __slots__ = ()


class Pubcomps(AckRun):
    __slots__ = ()


class SubscribeOption(Value):
    """One topic filter with its subscription options (MQTT 5 §3.8.3.1); 3.1.1 has only ``qos``."""

    __match_args__ = ("filter", "qos", "no_local", "retain_as_published", "retain_handling")
    __slots__ = __match_args__

    def __init__(
        self,
        filter: str,
        qos: QoS = 0,
        no_local: bool = False,
        retain_as_published: bool = False,
        retain_handling: Literal[0, 1, 2] = 0,
    ) -> None:
        self.filter = filter
        self.qos = qos
        self.no_local = no_local
        self.retain_as_published = retain_as_published
        self.retain_handling = retain_handling


class Subscribe(Value):
    __match_args__ = ("packet_id", "options", "properties")
    __slots__ = __match_args__

    def __init__(
        self,
        packet_id: int,
        options: list[SubscribeOption],
        properties: Properties = NO_PROPERTIES,
    ) -> None:
        self.packet_id = packet_id
        self.options = options
        self.properties = properties


class ReasonList(Value):
    """The shape of SUBACK and UNSUBACK: one reason code per topic filter, in their order."""

    __match_args__ = ("packet_id", "reasons", "properties")
    __slots__ = __match_args__

    def __init__(self, packet_id: int, reasons: list[int], properties: Properties = NO_PROPERTIES) -> None:
        self.packet_id = packet_id
        self.reasons = reasons
        self.properties = properties


class Suback(ReasonList):
    __slots__ = ()


class Unsubscribe(Value):
    __match_args__ = ("packet_id", "filters", "properties")
    __slots__ = __match_args__

    def __init__(self, packet_id: int, filters: list[str], properties: Properties = NO_PROPERTIES) -> None:
        self.packet_id = packet_id
        self.filters = filters
        self.properties = properties


class Unsuback(ReasonList):
    """``reasons`` is empty in 3.1.1."""

    __slots__ = ()


class Pingreq(Value):
    __slots__ = ()


class Pingresp(Value):
    __slots__ = ()


class ReasonOnly(Value):
    """The shape of DISCONNECT and AUTH."""

    __match_args__ = ("reason", "properties")
    __slots__ = __match_args__

    def __init__(self, reason: int = 0, properties: Properties = NO_PROPERTIES) -> None:
        self.reason = reason
        self.properties = properties


class Disconnect(ReasonOnly):
    """In 3.1.1 neither field exists."""

    __slots__ = ()


class Auth(ReasonOnly):
    """One step of an enhanced authentication (MQTT 5 §4.12); 3.1.1 has none."""

    __slots__ = ()


Packet = (
    Connect
    | Connack
    | Publish
    | OversizePublish
    | Puback
    | Pubrec
    | Pubrel
    | Pubcomp
    | AckRun
    | Subscribe
    | Suback
    | Unsubscribe
    | Unsuback
    | Pingreq
    | Pingresp
    | Disconnect
    | Auth
)
