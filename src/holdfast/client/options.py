"""Option groups of the client: frozen, checked when built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from holdfast.client.asked import FunctionFailed, asked
from holdfast.codec import V5, Version, packets
from holdfast.errors import ConfigurationError, PayloadError
from holdfast.messages import NO_PROPERTIES, Payload, QoS
from holdfast.topics import validate_topic
from holdfast.values import Frozen

LONGEST_DELAY_S = 0xFFFFFFFF
LARGEST_WILL = 65_535
"""The will's payload is binary data, whose length has two bytes (MQTT 5 §3.1.3.3)."""


def to_bytes(payload: Payload) -> bytes:
    """The payload as it goes on the wire; str as UTF-8. Raises TypeError for anything else."""
    if isinstance(payload, bytes):
        return payload
    if isinstance(payload, str):
        return _utf8(payload)
    if isinstance(payload, bytearray | memoryview):
        return bytes(payload)
    raise TypeError(f"a payload is bytes or str, not {type(payload).__name__}; for JSON say json=...")


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise PayloadError(
            f"a str payload goes out as UTF-8, which this one cannot: {error.reason}"
        ) from error


class Will(Frozen):
    """What the broker says for us when we vanish without a DISCONNECT (MQTT 5 §3.1.2.5).

    ``payload`` may be a function, called at every connection attempt. ``delay_s``: seconds the
    broker waits before it speaks (MQTT 5), so that a short outage stays unheard.

    With ``birth``, a payload or a function as well, ``topic`` always says how we are (contract 22): the
    birth at every connection, before anything that waits; ``payload`` before every DISCONNECT of ours,
    asked for anew; and the birth once more when the will of an older connection comes behind it. Both go
    at QoS 1 at most, and are in no outbox: what was true yesterday is not delivered today.
    """

    __match_args__ = ("topic", "payload", "birth", "qos", "retain", "delay_s")
    __slots__ = __match_args__

    def __init__(
        self,
        topic: str,
        payload: Payload | Callable[[], Payload],
        *,
        birth: Payload | Callable[[], Payload] | None = None,
        qos: QoS = 1,
        retain: bool = True,
        delay_s: float = 0,
    ) -> None:
        self.topic = topic
        self.payload = payload
        self.birth = birth
        self.qos = qos
        self.retain = retain
        self.delay_s = delay_s
        validate_topic(self.topic)
        if self.qos not in (0, 1, 2):
            raise ConfigurationError(f"Will: qos must be 0, 1 or 2, not {self.qos!r}")
        if not 0 <= self.delay_s <= LONGEST_DELAY_S:
            raise ConfigurationError(f"Will: delay_s must be 0 to {LONGEST_DELAY_S}, not {self.delay_s}")
        if not callable(self.payload) and len(to_bytes(self.payload)) > LARGEST_WILL:
            raise ConfigurationError(f"Will: the payload must not be longer than {LARGEST_WILL} bytes")
        if self.birth is not None and not callable(self.birth):
            to_bytes(self.birth)
        if self.birth is not None and self.topic.startswith("$share/"):
            raise ConfigurationError(f"Will: {self.topic} cannot be watched: as a filter it means a group")

    def packet(self) -> packets.Will:
        """The will as CONNECT carries it."""
        properties = {"will_delay_interval": int(self.delay_s)} if self.delay_s else NO_PROPERTIES
        return packets.Will(self.topic, self.gone(), self.qos, self.retain, properties)

    def born(self) -> bytes | None:
        """What is said at the beginning of a connection, if anything is. Raises FunctionFailed."""
        return None if self.birth is None else _said("the birth", self.birth)

    def gone(self) -> bytes:
        """What is said at its end, by us or by the broker. Raises FunctionFailed."""
        payload = _said("the will", self.payload)
        if len(payload) > LARGEST_WILL:
            raise FunctionFailed(f"the function for the will gave {len(payload)} bytes, above {LARGEST_WILL}")
        return payload


def _said(what: str, given: Payload | Callable[[], Payload]) -> bytes:
    payload = asked(what, given)
    try:
        return to_bytes(payload)
    except (TypeError, PayloadError) as error:
        raise FunctionFailed(f"the function for {what} gave no payload: {error}") from error


class Limits(Frozen):
    """Bounds of one client.

    ``receive_maximum``: QoS 1 and 2 messages the broker may send before we acknowledge (MQTT 5).
    ``inflight``: QoS 1 and 2 messages we send before the broker acknowledges; of QoS 2 in MQTT
    3.1.1 never more than 20, as mosquitto hangs up on more.
    ``max_packet_bytes``: the largest packet taken from the broker.
    ``inbox_bytes``: payloads waiting for handlers; beyond it reading stops until they catch up.
    ``qos0_inbox``: QoS 0 messages waiting for one handler; beyond it new ones are dropped, counted.
    ``qos0_outbox``: QoS 0 messages kept without a connection; beyond it the oldest are dropped.
    ``topic_aliases``: topics that are sent as two bytes once the broker knows them (MQTT 5), at most
    so many and as many as it takes; 0 switches it off.
    ``hold_limit_s``: how long a message may hold up the acknowledgements behind it, attempts included; with
    an outbox file it is kept there then, and acknowledged. ``overdue``: what happens without a file: the line
    waits ("wait"), or the message becomes a dead letter ("dead_letter"), unless a reader has it.
    ``unclaimed_s``: how long a message waits for a handler or reader that is not there.
    ``coalesce_s``: under load, reading pauses for this long, up to 0.1 s, so that a broker's trickle
    becomes batches; light traffic is left alone. None: never.
    """

    __match_args__ = (
        "receive_maximum",
        "inflight",
        "max_packet_bytes",
        "inbox_bytes",
        "qos0_inbox",
        "qos0_outbox",
        "topic_aliases",
        "hold_limit_s",
        "overdue",
        "unclaimed_s",
        "coalesce_s",
    )
    __slots__ = __match_args__

    def __init__(
        self,
        *,
        receive_maximum: int = 1000,
        inflight: int = 1000,
        max_packet_bytes: int = 16 << 20,
        inbox_bytes: int = 64 << 20,
        qos0_inbox: int = 10_000,
        qos0_outbox: int = 1000,
        topic_aliases: int = 16,
        hold_limit_s: float = 10,
        overdue: Literal["wait", "dead_letter"] = "wait",
        unclaimed_s: float = 30,
        coalesce_s: float | None = 0.0005,
    ) -> None:
        self.receive_maximum = receive_maximum
        self.inflight = inflight
        self.max_packet_bytes = max_packet_bytes
        self.inbox_bytes = inbox_bytes
        self.qos0_inbox = qos0_inbox
        self.qos0_outbox = qos0_outbox
        self.topic_aliases = topic_aliases
        self.hold_limit_s = hold_limit_s
        self.overdue: Literal["wait", "dead_letter"] = overdue
        self.unclaimed_s = unclaimed_s
        self.coalesce_s = coalesce_s
        for name, (lowest, highest) in _BOUNDS.items():
            value = getattr(self, name)
            if not lowest <= value <= highest:
                raise ConfigurationError(f"Limits: {name} must be {lowest} to {highest}, not {value}")
        if overdue not in ("wait", "dead_letter"):
            raise ConfigurationError(f"Limits: overdue {overdue!r} is not one of wait, dead_letter")
        if self.coalesce_s is not None and not 0 < self.coalesce_s <= 0.1:
            raise ConfigurationError(
                f"Limits: coalesce_s must be above 0 and at most 0.1, not {self.coalesce_s}",
                hint="None: reading never pauses",
            )


class Compression(Frozen):
    """Large payloads leave as gzip, and are opened again on arrival; needs MQTT 5 for certain.

    The content type is the mark: ``application/json+gzip`` for ``application/json``. Payloads of
    ``min_bytes`` and more are compressed where that makes them smaller. ``max_bytes``: the largest payload
    that comes out of a message; one that would be larger, or is not gzip, is handed over as it came, with
    its mark, and told as an event. Larger payloads are not compressed either. Raises ConfigurationError.
    """

    __match_args__ = ("min_bytes", "max_bytes")
    __slots__ = __match_args__

    def __init__(self, *, min_bytes: int = 1024, max_bytes: int = 16 << 20) -> None:
        self.min_bytes = min_bytes
        self.max_bytes = max_bytes
        if not 1 <= min_bytes <= max_bytes <= 1 << 30:
            raise ConfigurationError(
                f"Compression: min_bytes must be 1 to max_bytes, and max_bytes at most {1 << 30}, "
                f"not {min_bytes} and {max_bytes}"
            )


def check_compression(option: Compression | None, version: Version | None) -> None:
    """It needs the version that is spoken to be 5, whatever happens. Raises ConfigurationError."""
    if option is None:
        return
    if not isinstance(option, Compression):
        raise ConfigurationError(
            f"compression={option!r} is no Compression", hint="compression=Compression()"
        )
    if version != V5:
        raise ConfigurationError(
            "compression= where MQTT 3.1.1 may be spoken, in which nothing says that a payload is gzip: "
            "nobody could read it",
            hint='version="5"',
        )


_BOUNDS = {
    "receive_maximum": (1, 65_535),
    "inflight": (1, 60_000),
    "max_packet_bytes": (1024, 268_435_460),
    "inbox_bytes": (1024, 1 << 40),
    "qos0_inbox": (1, 1 << 30),
    "qos0_outbox": (1, 1 << 30),
    "topic_aliases": (0, 65_535),
    "hold_limit_s": (0.1, 86_400),
    "unclaimed_s": (0, 86_400),
}
