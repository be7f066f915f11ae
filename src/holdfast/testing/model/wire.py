"""What leaves the broker: every packet passes here, and every link ends here."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Literal

from holdfast import reasons
from holdfast.codec import V5, Disconnect, Packet, encode, encode_ack
from holdfast.codec.packet_types import AUTH, CONNACK, DISCONNECT, NAMES, PUBACK, PUBCOMP, PUBREC
from holdfast.messages import NO_PROPERTIES, Properties
from holdfast.testing.model.faults import Faults
from holdfast.testing.model.link import Link


class Close(Enum):
    """The end of a link."""

    CLOSE = "close"


CLOSE: Literal[Close.CLOSE] = Close.CLOSE
"""Close the link once what was taken before it has been sent."""

Output = tuple[int, bytes | Close]
"""A link, and bytes for it or CLOSE."""

Ended = Callable[[Link], None]


class Wire:
    """The broker's way out. ``on_close`` is told of each link that the broker ends."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self.out: list[Output] = []
        self.violations: list[str] = []
        self.on_close: Ended = lambda _: None

    def send(self, link: Link, kind: int, data: bytes, packet_id: int = 0, detail: int = 0) -> None:
        """A packet of this type; ``detail`` is the QoS of a PUBLISH, else its reason code."""
        if self._faults.active:
            item = (link, kind, data, packet_id, detail)
            if not link.greeted and kind not in (AUTH, CONNACK):
                self._faults.held.append(("broker", item))  # behind a CONNACK that is held
                return
            if not self._faults.lets_pass(NAMES[kind], "broker", item):
                return
        self.let_go(link, kind, data, packet_id, detail)

    def let_go(self, link: Link, kind: int, data: bytes, packet_id: int, detail: int) -> None:
        """The same, past all scripts; nothing but AUTH precedes CONNACK [MQTT-3.2.0-1]."""
        link.greeted = link.greeted or kind == CONNACK
        if not link.alive or not (link.greeted or kind == AUTH):
            return
        if kind in (PUBACK, PUBCOMP) or (kind == PUBREC and detail >= 0x80):
            link.unacknowledged.discard(packet_id)
        if link.judge is not None:
            link.judge.left(kind, packet_id, detail)
        self.out.append((link.id, data))

    def answer(self, link: Link, kind: int, packet: Packet, reason: int = 0) -> None:
        """A packet that is no PUBLISH and no acknowledgement of one."""
        packet_id: int = getattr(packet, "packet_id", 0)
        self.send(link, kind, encode(packet, link.decoder.version), packet_id, reason)

    def acknowledge(self, link: Link, kind: int, packet_id: int, reason: int = 0) -> None:
        """PUBACK, PUBREC, PUBREL or PUBCOMP."""
        self.send(link, kind, encode_ack(kind, packet_id, reason, link.decoder.version), packet_id, reason)

    def fail(self, link: Link, sentence: str, reason: int = reasons.PROTOCOL_ERROR) -> None:
        """The client broke a rule: say so where the version can, and close (MQTT 5 §4.13)."""
        who = link.session.client_id if link.session else f"link {link.id}"
        self.violations.append(f"{who}: {sentence}")
        self.end(link, reason)

    def end(self, link: Link, reason: int, properties: Properties = NO_PROPERTIES) -> None:
        """Close, in 5 with a DISCONNECT if CONNECT was accepted [MQTT-3.14.0-1]."""
        if link.session is not None and link.decoder.version == V5:
            self.answer(link, DISCONNECT, Disconnect(reason, properties), reason)
        self.close(link)

    def close(self, link: Link) -> None:
        """Close without a word."""
        if link.alive:
            link.alive = False
            self.out.append((link.id, CLOSE))
            self.on_close(link)
