"""A model broker on a bench: clients by name, packets instead of bytes, time by hand."""

from __future__ import annotations

from typing import Any

from holdfast.codec import (
    V5,
    Connack,
    Connect,
    Decoder,
    Packet,
    Publish,
    Subscribe,
    SubscribeOption,
    Version,
    Will,
    encode,
)
from holdfast.messages import QoS
from holdfast.testing.model import CLOSE, BrokerCore, BrokerLimits
from holdfast.testing.model.wire import Close

Heard = list[Packet | Close]


class Bench:
    """``send`` and ``connect`` give what that client hears at once; ``hear`` gives what it heard since."""

    def __init__(
        self, limits: BrokerLimits | None = None, *, strict: bool = False, version: Version = V5
    ) -> None:
        self.core = BrokerCore(limits, strict=strict)
        self.limits = limits
        self.strict = strict
        self.version = version
        self.now = 1_000.0
        self._ids: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._decoders: dict[int, Decoder] = {}
        self._heard: dict[str, Heard] = {}

    def open(self, name: str) -> None:
        """A link that has said nothing yet; a name may be used again after it has ended."""
        id = len(self._names) + 1
        self._ids[name], self._names[id] = id, name
        self._decoders[id] = Decoder(self.version)
        self._heard[name] = []
        self.core.open(id, self.now)

    def connect(
        self,
        name: str,
        client_id: str | None = None,
        *,
        clean: bool = True,
        kept: bool = False,
        keepalive: int = 0,
        will: Will | None = None,
        **properties: Any,
    ) -> Heard:
        """CONNECT in the bench's version; ``kept`` asks for a session of an hour."""
        if kept and self.version == V5:
            properties["session_expiry_interval"] = 3600
        packet = Connect(
            name if client_id is None else client_id,
            clean and (self.version == V5 or not kept),
            keepalive,
            will=will,
            properties=properties if self.version == V5 else {},
            version=self.version,
        )
        self.open(name)
        return self.send(name, packet)

    def subscribe(self, name: str, *filters: str, qos: QoS = 2, packet_id: int = 60_000) -> Heard:
        """SUBSCRIBE to filters at one QoS."""
        return self.send(name, Subscribe(packet_id, [SubscribeOption(filter, qos) for filter in filters]))

    def send(self, name: str, *packets: Packet | bytes) -> Heard:
        """Give packets to the broker in one chunk."""
        parts = [packet if isinstance(packet, bytes) else encode(packet, self.version) for packet in packets]
        self.core.receive(self._ids[name], b"".join(parts), self.now)
        return self.hear(name)

    def hear(self, name: str) -> Heard:
        """What this client has heard since it was asked last."""
        for id, what in self.core.take():
            heard: Heard = self._heard[self._names[id]]
            if what is CLOSE:
                heard.append(what)
            else:
                packets: list[Packet] = []
                self._decoders[id].feed(what, packets)
                heard += packets
        taken, self._heard[name] = self._heard[name], []
        return taken

    def cut(self, name: str) -> None:
        """The link is gone without a word, and with it what the client has not heard yet."""
        self.hear(name)
        self.core.closed(self._ids[name], self.now)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        self.core.tick(self.now)

    def crash(self, limits: BrokerLimits | None = None) -> None:
        """The broker dies with every link, and comes back with what was durable."""
        state = self.core.state()
        self.core = BrokerCore.load(state, self.now, limits or self.limits, strict=self.strict)


def is_present(heard: Heard) -> bool:
    """Whether CONNACK said that the session was there."""
    assert isinstance(heard[0], Connack)
    assert heard[0].reason == 0
    return heard[0].session_present


def payloads(heard: Heard) -> list[bytes]:
    """The payloads of the PUBLISHes among them."""
    return [packet.payload for packet in heard if isinstance(packet, Publish)]


def summary(heard: Heard) -> list[str]:
    """Each packet in a word or two: "PUBLISH 3 dup", "PUBREL 7", "CLOSE"."""
    return [_word(packet) for packet in heard]


def _word(packet: Any) -> str:
    if isinstance(packet, Close):
        return "CLOSE"
    words = [type(packet).__name__.upper()]
    if getattr(packet, "packet_id", 0):
        words.append(str(packet.packet_id))
    if getattr(packet, "dup", False):
        words.append("dup")
    if getattr(packet, "reason", 0):
        words.append(f"0x{packet.reason:02X}")
    return " ".join(words)
