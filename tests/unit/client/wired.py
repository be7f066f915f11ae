"""A link without a network, and the broker's end of it: packets in, packets out."""

from __future__ import annotations

from typing import Any

from holdfast.codec import V5, Connack, Decoder, Packet, Publish, Version, encode
from holdfast.messages import QoS
from holdfast.transport import LinkUser


def incoming(packet_id: int, qos: QoS = 1, payload: bytes = b"m", topic: str = "t", **fields: Any) -> Publish:
    """A PUBLISH of the broker."""
    return Publish(topic, payload, qos, packet_id=packet_id, **fields)


class Wired:
    """``holdfast.transport.Link`` on this side, a broker by hand on the other."""

    def __init__(self, user: LinkUser, version: Version = V5) -> None:
        self.user = user
        self.version = version
        self.calls: list[str] = []
        self.reading = True
        self._decoder = Decoder(version)
        self._sent: list[Packet] = []

    # Link

    def write(self, data: bytes) -> None:
        self._decoder.feed(data, self._sent)

    def read(self, wanted: bool) -> None:
        self.reading = wanted

    def close(self) -> None:
        self.calls.append("close")

    def abort(self) -> None:
        self.calls.append("abort")

    # the broker

    def sent(self) -> list[Packet]:
        """What the client sent since the last look."""
        sent, self._sent = self._sent, []
        return sent

    def names(self) -> list[str]:
        """The types of what it sent."""
        return [type(packet).__name__ for packet in self.sent()]

    def feed(self, *packets: Packet) -> None:
        """These arrive in one piece."""
        self.user.received(b"".join(encode(packet, self.version) for packet in packets))

    def accept(self, present: bool = False, **properties: Any) -> None:
        """CONNACK."""
        self.feed(Connack(present, 0, properties))
