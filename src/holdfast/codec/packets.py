"""The fifteen control packets as values (MQTT 5 §3, MQTT 3.1.1 §3).

One class serves both versions: a field that 3.1.1 does not have keeps its default there.
Properties are mappings by the standard's names (see ``codec.properties``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from holdfast.messages import NO_PROPERTIES, Properties, QoS

Version = Literal[4, 5]
"""The protocol version as it stands in CONNECT: 4 is MQTT 3.1.1."""

V311: Version = 4
V5: Version = 5

QOS: tuple[QoS, ...] = (0, 1, 2)
"""The levels, each at its own index."""


def _no_properties() -> Properties:
    """A factory, because dataclasses take no unhashable default and 3.11 hashes no mapping proxy."""
    return NO_PROPERTIES


@dataclass(slots=True)
class Will:
    """The will as CONNECT carries it; its properties include Will Delay Interval."""

    topic: str
    payload: bytes
    qos: QoS = 0
    retain: bool = False
    properties: Properties = field(default_factory=_no_properties)


@dataclass(slots=True)
class Connect:
    client_id: str
    clean_start: bool = True
    keepalive: int = 0
    username: str | None = None
    password: bytes | None = None
    will: Will | None = None
    properties: Properties = field(default_factory=_no_properties)
    version: Version = V5


@dataclass(slots=True)
class Connack:
    """``reason`` is a return code in 3.1.1 and a reason code in 5."""

    session_present: bool = False
    reason: int = 0
    properties: Properties = field(default_factory=_no_properties)


@dataclass(slots=True)
class Publish:
    """``packet_id`` is 0 when ``qos`` is 0; ``topic`` may be empty in 5 (topic alias)."""

    topic: str
    payload: bytes
    qos: QoS = 0
    retain: bool = False
    dup: bool = False
    packet_id: int = 0
    properties: Properties = field(default_factory=_no_properties)


@dataclass(slots=True)
class OversizePublish:
    """What the decoder tells of a 3.1.1 PUBLISH above the packet limit, read past and not kept."""

    topic: str
    qos: QoS
    packet_id: int
    size: int


@dataclass(slots=True)
class Puback:
    packet_id: int
    reason: int = 0
    properties: Properties = field(default_factory=_no_properties)


@dataclass(slots=True)
class Pubrec:
    packet_id: int
    reason: int = 0
    properties: Properties = field(default_factory=_no_properties)


@dataclass(slots=True)
class Pubrel:
    packet_id: int
    reason: int = 0
    properties: Properties = field(default_factory=_no_properties)


@dataclass(slots=True)
class Pubcomp:
    packet_id: int
    reason: int = 0
    properties: Properties = field(default_factory=_no_properties)


Acknowledgement = type[Puback] | type[Pubrec] | type[Pubrel] | type[Pubcomp]
"""The four classes of one shape."""


@dataclass(slots=True)
class SubscribeOption:
    """One topic filter with its subscription options (MQTT 5 §3.8.3.1); 3.1.1 has only ``qos``."""

    filter: str
    qos: QoS = 0
    no_local: bool = False
    retain_as_published: bool = False
    retain_handling: Literal[0, 1, 2] = 0


@dataclass(slots=True)
class Subscribe:
    packet_id: int
    options: list[SubscribeOption]
    properties: Properties = field(default_factory=_no_properties)


@dataclass(slots=True)
class Suback:
    packet_id: int
    reasons: list[int]
    properties: Properties = field(default_factory=_no_properties)


@dataclass(slots=True)
class Unsubscribe:
    packet_id: int
    filters: list[str]
    properties: Properties = field(default_factory=_no_properties)


@dataclass(slots=True)
class Unsuback:
    """``reasons`` is empty in 3.1.1."""

    packet_id: int
    reasons: list[int]
    properties: Properties = field(default_factory=_no_properties)


@dataclass(slots=True)
class Pingreq:
    pass


@dataclass(slots=True)
class Pingresp:
    pass


@dataclass(slots=True)
class Disconnect:
    reason: int = 0
    properties: Properties = field(default_factory=_no_properties)


@dataclass(slots=True)
class Auth:
    reason: int = 0
    properties: Properties = field(default_factory=_no_properties)


Packet = (
    Connect
    | Connack
    | Publish
    | OversizePublish
    | Puback
    | Pubrec
    | Pubrel
    | Pubcomp
    | Subscribe
    | Suback
    | Unsubscribe
    | Unsuback
    | Pingreq
    | Pingresp
    | Disconnect
    | Auth
)
