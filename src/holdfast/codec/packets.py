"""The fifteen control packets as values (MQTT 5 §3, MQTT 3.1.1 §3).

One class serves both versions: a field that 3.1.1 does not have keeps its default there.
Properties are mappings by the standard's names (see ``codec.properties``).
One class for one shape spares every program a millisecond at its start.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from holdfast.messages import NO_PROPERTIES, Properties, QoS
from holdfast.values import Value

Version = Literal[4, 5]
"""The protocol version as it stands in CONNECT: 4 is MQTT 3.1.1."""

V311: Version = 4
V5: Version = 5

QOS: tuple[QoS, ...] = (0, 1, 2)
"""The levels, each at its own index."""


def _no_properties() -> Properties:
    """A factory, because dataclasses take no unhashable default and 3.11 hashes no mapping proxy."""
    return NO_PROPERTIES


@dataclass(slots=True, eq=False, repr=False)
class Will(Value):
    """The will as CONNECT carries it; its properties include Will Delay Interval."""

    topic: str
    payload: bytes
    qos: QoS = 0
    retain: bool = False
    properties: Properties = field(default_factory=_no_properties)


@dataclass(slots=True, eq=False, repr=False)
class Connect(Value):
    client_id: str
    clean_start: bool = True
    keepalive: int = 0
    username: str | None = None
    password: bytes | None = None
    will: Will | None = None
    properties: Properties = field(default_factory=_no_properties)
    version: Version = V5


@dataclass(slots=True, eq=False, repr=False)
class Connack(Value):
    """``reason`` is a return code in 3.1.1 and a reason code in 5."""

    session_present: bool = False
    reason: int = 0
    properties: Properties = field(default_factory=_no_properties)


@dataclass(slots=True, eq=False, repr=False)
class Publish(Value):
    """``packet_id`` is 0 when ``qos`` is 0; ``topic`` may be empty in 5 (topic alias)."""

    topic: str
    payload: bytes
    qos: QoS = 0
    retain: bool = False
    dup: bool = False
    packet_id: int = 0
    properties: Properties = field(default_factory=_no_properties)


@dataclass(slots=True, eq=False, repr=False)
class OversizePublish(Value):
    """What the decoder tells of a 3.1.1 PUBLISH above the packet limit, read past and not kept."""

    topic: str
    qos: QoS
    packet_id: int
    size: int


@dataclass(slots=True, eq=False, repr=False)
class Acknowledgement(Value):
    """The shape of the four packets by which a message of QoS 1 or 2 is acknowledged."""

    packet_id: int
    reason: int = 0
    properties: Properties = field(default_factory=_no_properties)


class Puback(Acknowledgement):
    __slots__ = ()


class Pubrec(Acknowledgement):
    __slots__ = ()


class Pubrel(Acknowledgement):
    __slots__ = ()


class Pubcomp(Acknowledgement):
    __slots__ = ()


@dataclass(slots=True, eq=False, repr=False)
class AckRun(Value):
    """The shape of what a decoder makes of plain acknowledgements, if asked to: one value for a run.

    Their reason code is 0 and they have no properties; a run may be of one.
    """

    packet_ids: tuple[int, ...]


class Pubacks(AckRun):
    __slots__ = ()


class Pubrecs(AckRun):
    __slots__ = ()


class Pubrels(AckRun):
    __slots__ = ()


class Pubcomps(AckRun):
    __slots__ = ()


@dataclass(slots=True, eq=False, repr=False)
class SubscribeOption(Value):
    """One topic filter with its subscription options (MQTT 5 §3.8.3.1); 3.1.1 has only ``qos``."""

    filter: str
    qos: QoS = 0
    no_local: bool = False
    retain_as_published: bool = False
    retain_handling: Literal[0, 1, 2] = 0


@dataclass(slots=True, eq=False, repr=False)
class Subscribe(Value):
    packet_id: int
    options: list[SubscribeOption]
    properties: Properties = field(default_factory=_no_properties)


@dataclass(slots=True, eq=False, repr=False)
class ReasonList(Value):
    """The shape of SUBACK and UNSUBACK: one reason code per topic filter, in their order."""

    packet_id: int
    reasons: list[int]
    properties: Properties = field(default_factory=_no_properties)


class Suback(ReasonList):
    __slots__ = ()


@dataclass(slots=True, eq=False, repr=False)
class Unsubscribe(Value):
    packet_id: int
    filters: list[str]
    properties: Properties = field(default_factory=_no_properties)


class Unsuback(ReasonList):
    """``reasons`` is empty in 3.1.1."""

    __slots__ = ()


class Pingreq(Value):
    __slots__ = ()


class Pingresp(Value):
    __slots__ = ()


@dataclass(slots=True, eq=False, repr=False)
class ReasonOnly(Value):
    """The shape of DISCONNECT and AUTH."""

    reason: int = 0
    properties: Properties = field(default_factory=_no_properties)


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
