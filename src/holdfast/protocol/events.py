"""What the session tells besides records and deliveries: facts, without judgement."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.messages import Outgoing, QoS
from holdfast.protocol.terms import Terms
from holdfast.values import Value


class ProtocolError(Exception):
    """The peer broke the protocol; ``reason`` goes into our DISCONNECT (MQTT 5 §4.13)."""

    def __init__(self, reason: int, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


@dataclass(slots=True, eq=False, repr=False)
class Opened(Value):
    """CONNACK accepted us under these terms."""

    terms: Terms


@dataclass(slots=True, eq=False, repr=False)
class Refused(Value):
    """CONNACK refused us; a return code in 3.1.1, a reason code in 5."""

    code: int
    detail: str
    server_reference: str | None = None


@dataclass(slots=True, eq=False, repr=False)
class Closed(Value):
    """The connection must be closed: a broken rule (``by_us``) or the broker's DISCONNECT."""

    by_us: bool
    reason: int
    detail: str
    server_reference: str | None = None


class Challenge:
    """Authentication data of the broker that waits for ``answer`` or ``reject`` (MQTT 5 §4.12).

    ``final``: the broker accepted us, and this is its own proof, if the method has one.
    """

    __slots__ = ("data", "final")

    def __init__(self, data: bytes | None, final: bool) -> None:
        self.data = data
        self.final = final

    def __repr__(self) -> str:
        return f"Challenge(final={self.final})"  # the data is a secret between the two


class Reauthenticated(Value):
    """A re-authentication has succeeded, on both sides."""

    __slots__ = ()


@dataclass(slots=True, eq=False, repr=False)
class SessionLost(Value):
    """The broker has a new session for us; ``kept``: it was asked to keep the old one.

    ``resent`` rows go out again as new messages; those in ``uncertain`` are QoS 2 and may have
    reached the old session already (contract 6).
    """

    epoch: int
    resent: int
    uncertain: list[Outgoing]
    kept: bool


@dataclass(slots=True, eq=False, repr=False)
class Granted(Value):
    """SUBACK: the subscription is live at this QoS."""

    filter: str
    qos: QoS


@dataclass(slots=True, eq=False, repr=False)
class NotGranted(Value):
    """The subscription was refused, by SUBACK or because the terms forbid it."""

    filter: str
    reason: int


@dataclass(slots=True, eq=False, repr=False)
class Unsubscribed(Value):
    """UNSUBACK, with the broker's reason code (0 in 3.1.1)."""

    filter: str
    reason: int


@dataclass(slots=True, eq=False, repr=False)
class Oversize(Value):
    """A 3.1.1 PUBLISH above our limit was read past and acknowledged (contract 10)."""

    topic: str
    size: int


@dataclass(slots=True, eq=False, repr=False)
class Anomaly(Value):
    """Something legal enough to go on with and odd enough to count, by its kind."""

    kind: str
    packet_id: int


@dataclass(slots=True, eq=False, repr=False)
class Stripped(Value):
    """On this 3.1.1 connection messages go out without the properties it cannot carry (contract 4)."""

    topic: str


SessionEvent = (
    Opened
    | Refused
    | Closed
    | Challenge
    | Reauthenticated
    | SessionLost
    | Granted
    | NotGranted
    | Unsubscribed
    | Oversize
    | Anomaly
    | Stripped
)
