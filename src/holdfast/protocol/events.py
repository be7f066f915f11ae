"""What the session tells besides records and deliveries: facts, without judgement."""

from __future__ import annotations

from holdfast.messages import Outgoing, QoS
from holdfast.protocol.probe import ProbeState
from holdfast.protocol.release import ReleaseAsked
from holdfast.protocol.terms import Terms
from holdfast.values import Value


class ProtocolError(Exception):
    """The peer broke the protocol; ``reason`` goes into our DISCONNECT (MQTT 5 §4.13)."""

    def __init__(self, reason: int, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class Opened(Value):
    """CONNACK accepted us under these terms."""

    __match_args__ = ("terms",)
    __slots__ = __match_args__

    def __init__(self, terms: Terms) -> None:
        self.terms = terms


class Refused(Value):
    """CONNACK refused us; a return code in 3.1.1, a reason code in 5."""

    __match_args__ = ("code", "detail", "server_reference")
    __slots__ = __match_args__

    def __init__(self, code: int, detail: str, server_reference: str | None = None) -> None:
        self.code = code
        self.detail = detail
        self.server_reference = server_reference


class Closed(Value):
    """The connection must be closed: a broken rule (``by_us``) or the broker's DISCONNECT."""

    __match_args__ = ("by_us", "reason", "detail", "server_reference")
    __slots__ = __match_args__

    def __init__(self, by_us: bool, reason: int, detail: str, server_reference: str | None = None) -> None:
        self.by_us = by_us
        self.reason = reason
        self.detail = detail
        self.server_reference = server_reference


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


class SessionLost(Value):
    """The broker has a new session for us; ``kept``: it was asked to keep the old one.

    ``resent`` rows go out again as new messages; those in ``uncertain`` are QoS 2 and may have
    reached the old session already (contract 6).
    """

    __match_args__ = ("epoch", "resent", "uncertain", "kept")
    __slots__ = __match_args__

    def __init__(self, epoch: int, resent: int, uncertain: list[Outgoing], kept: bool) -> None:
        self.epoch = epoch
        self.resent = resent
        self.uncertain = uncertain
        self.kept = kept


class BrokerChanged(Value):
    """We are in a session with other brokers than before (contract 3).

    ``resent``, ``uncertain`` and ``kept`` as in SessionLost: what was in flight goes out here. ``apart``: the
    broker is not of the group that was expected, as it does not know its session.
    """

    __match_args__ = ("group", "resent", "uncertain", "kept", "apart")
    __slots__ = __match_args__

    def __init__(
        self, group: str, resent: int, uncertain: list[Outgoing], kept: bool, apart: bool = False
    ) -> None:
        self.group = group
        self.resent = resent
        self.uncertain = uncertain
        self.kept = kept
        self.apart = apart


class Announced(Value):
    """Our birth, or (``last``) our offline notice, was acknowledged or refused; at QoS 0: is on its way."""

    __match_args__ = ("topic", "reason", "last")
    __slots__ = __match_args__

    def __init__(self, topic: str, reason: int, last: bool) -> None:
        self.topic = topic
        self.reason = reason
        self.last = last


class Reasserted(Value):
    """Our status topic said offline while we are there: the birth is said again."""

    __match_args__ = ("topic",)
    __slots__ = __match_args__

    def __init__(self, topic: str) -> None:
        self.topic = topic


class Unwatched(Value):
    """Our status topic cannot be subscribed to; ``reason`` as in SUBACK."""

    __match_args__ = ("topic", "reason")
    __slots__ = __match_args__

    def __init__(self, topic: str, reason: int) -> None:
        self.topic = topic
        self.reason = reason


class Probed(Value):
    """How the probe stands, at each answer and whenever ``state`` changes.

    ``round_trip_s`` None: that was no answer. ``reason``, as in SUBACK: why we may not; 0: no answer came.
    """

    __match_args__ = ("topic", "state", "round_trip_s", "reason")
    __slots__ = __match_args__

    def __init__(
        self, topic: str, state: ProbeState, round_trip_s: float | None = None, reason: int = 0
    ) -> None:
        self.topic = topic
        self.state: ProbeState = state
        self.round_trip_s = round_trip_s
        self.reason = reason


class ShareSilent(Value):
    """This broker granted a shared subscription to ``topic`` and delivered nothing by it (contract 18)."""

    __match_args__ = ("topic",)
    __slots__ = __match_args__

    def __init__(self, topic: str) -> None:
        self.topic = topic


class Granted(Value):
    """SUBACK: the subscription is live at this QoS."""

    __match_args__ = ("filter", "qos")
    __slots__ = __match_args__

    def __init__(self, filter: str, qos: QoS) -> None:
        self.filter = filter
        self.qos = qos


class NotGranted(Value):
    """The subscription was refused, by SUBACK or because the terms forbid it."""

    __match_args__ = ("filter", "reason")
    __slots__ = __match_args__

    def __init__(self, filter: str, reason: int) -> None:
        self.filter = filter
        self.reason = reason


class Unsubscribed(Value):
    """UNSUBACK, with the broker's reason code (0 in 3.1.1)."""

    __match_args__ = ("filter", "reason")
    __slots__ = __match_args__

    def __init__(self, filter: str, reason: int) -> None:
        self.filter = filter
        self.reason = reason


class Oversize(Value):
    """A 3.1.1 PUBLISH above our limit was read past and acknowledged (contract 10)."""

    __match_args__ = ("topic", "size")
    __slots__ = __match_args__

    def __init__(self, topic: str, size: int) -> None:
        self.topic = topic
        self.size = size


class Anomaly(Value):
    """Something legal enough to go on with and odd enough to count, by its kind."""

    __match_args__ = ("kind", "packet_id")
    __slots__ = __match_args__

    def __init__(self, kind: str, packet_id: int) -> None:
        self.kind = kind
        self.packet_id = packet_id


class Stripped(Value):
    """On this 3.1.1 connection messages go out without the properties it cannot carry (contract 4)."""

    __match_args__ = ("topic",)
    __slots__ = __match_args__

    def __init__(self, topic: str) -> None:
        self.topic = topic


SessionEvent = (
    Opened
    | Refused
    | Closed
    | Challenge
    | Reauthenticated
    | SessionLost
    | BrokerChanged
    | Announced
    | Reasserted
    | Unwatched
    | Probed
    | ShareSilent
    | Granted
    | NotGranted
    | Unsubscribed
    | ReleaseAsked
    | Oversize
    | Anomaly
    | Stripped
)
