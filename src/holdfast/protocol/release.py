"""The broker's question whether it may use packet identifiers again."""

from __future__ import annotations

from holdfast.values import Value


class ReleaseAsked(Value):
    """PUBREL came for these QoS 2 identifiers of this epoch; ``Session.complete`` answers this very question.

    PUBCOMP waits for that: whoever remembers the identifiers must forget them first.
    """

    __match_args__ = ("epoch", "packet_ids")
    __slots__ = __match_args__

    def __init__(self, epoch: int, packet_ids: list[int]) -> None:
        self.epoch = epoch
        self.packet_ids = packet_ids
