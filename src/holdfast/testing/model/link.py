"""One network connection as the broker sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.codec import Decoder, Publish
from holdfast.testing.model.limits import BrokerLimits

if TYPE_CHECKING:
    from holdfast.testing.model.examining import Exchange
    from holdfast.testing.model.judge import Judge
    from holdfast.testing.model.session import Session

PACKET_BYTES = 256 << 20
"""The standard's own bound of a packet, used when the broker announces none."""

NO_RECEIVE_MAXIMUM = 65_535


class Link:
    """From ``open`` to CLOSE or ``closed``; ``session`` is None until CONNECT was accepted.

    ``greeted``: CONNACK has left. ``method`` and ``exchange``: of its enhanced authentication.
    ``unacknowledged``: packet ids the client may not count as free yet (MQTT 5 §4.9).
    ``window`` and ``packet_bytes`` are the client's Receive Maximum and Maximum Packet Size.
    """

    __slots__ = (
        *("aliases", "alive", "decoder", "exchange", "greeted", "heard_at", "id", "judge", "method"),
        *("packet_bytes", "resumed", "session", "silence_s", "unacknowledged", "window"),
    )

    def __init__(self, id: int, limits: BrokerLimits, now: float) -> None:
        self.id = id
        self.alive = True
        self.greeted = False
        self.decoder = Decoder(max_packet_bytes=limits.max_packet_bytes or PACKET_BYTES)
        self.session: Session | None = None
        self.judge: Judge | None = None
        self.method: str | None = None
        self.exchange: Exchange | None = None
        self.resumed = False
        self.aliases: dict[int, str] = {}
        self.unacknowledged: set[int] = set()
        self.window = limits.max_inflight
        self.packet_bytes = PACKET_BYTES
        self.silence_s: float | None = None
        self.heard_at = now

    def owner(self) -> Session:
        """The session of a link whose CONNECT was accepted."""
        assert self.session is not None, "packets of a link without a session are refused on arrival"
        return self.session

    def deadline(self) -> float | None:
        """When a silent client is given up: one and a half keep alive times [MQTT-3.1.2-22]."""
        return None if self.silence_s is None else self.heard_at + self.silence_s

    def resolve(self, packet: Publish, highest: int) -> str | None:
        """The topic, by its alias if need be (MQTT 5 §3.3.2.3.4); None if the alias stands for none."""
        alias = packet.properties.get("topic_alias")
        if alias is None:
            return packet.topic
        if packet.topic and alias <= highest:
            self.aliases[alias] = packet.topic
        return self.aliases.get(alias)
