"""The one error of the decoder."""

from __future__ import annotations

from holdfast import reasons
from holdfast.errors import HoldfastError


class MalformedPacket(HoldfastError):
    """The other side sent what the standard forbids, or more than the limit allows.

    ``reason`` is the reason code of the answer (MQTT 5 §4.13): CONNACK to a CONNECT, else DISCONNECT.
    """

    def __init__(self, sentence: str, *, reason: int = reasons.MALFORMED_PACKET) -> None:
        super().__init__(sentence, hint=reasons.sentence(reason))
        self.reason = reason


def protocol_error(sentence: str) -> MalformedPacket:
    """A packet that parses, but holds what its type must not hold (0x82)."""
    return MalformedPacket(sentence, reason=reasons.PROTOCOL_ERROR)
