"""A broker that hangs up at some of our messages, on a driven session."""

from __future__ import annotations

from holdfast.codec import Disconnect, Packet, Pingreq, Pingresp, Puback, Pubcomp, Publish, Pubrec, Pubrel
from holdfast.protocol.suspicion import FIRST_S
from tests.support.driven import Driven


class Killed:
    """A broker that hangs up at the messages with these numbers, and answers all others."""

    def __init__(
        self, driven: Driven, *killers: int, present: bool = True, reason: int | None = None
    ) -> None:
        self.driven = driven
        self.killers = killers
        self.present = present
        self.reason = reason
        self.arrived: list[bytes] = []
        self.deaths = 0

    def serve(self, left: list[Packet]) -> None:
        """Until everything has been answered, over as many connections as it takes."""
        while not self.rests(left):
            left = self.step(left)

    def rests(self, left: list[Packet]) -> bool:
        """Whether nothing is left to do."""
        return not left and self.driven.session.ready

    def step(self, left: list[Packet]) -> list[Packet]:
        """Answer these; time passes where there are none. Gives what leaves then."""
        answers: list[Packet] = []
        for packet in left:
            if isinstance(packet, Publish) and int(packet.payload) in self.killers:
                return self.die()
            answers += self.answer(packet)
        return self.driven.feed(*answers) if answers else self.driven.later(FIRST_S)

    def answer(self, packet: Packet) -> list[Packet]:
        """What a broker says to one packet."""
        if isinstance(packet, Publish):
            self.arrived.append(packet.payload)
            taken: dict[int, list[Packet]] = {1: [Puback(packet.packet_id)], 2: [Pubrec(packet.packet_id)]}
            return taken.get(packet.qos, [])
        if isinstance(packet, Pubrel):
            return [Pubcomp(packet.packet_id)]
        return [Pingresp()] if isinstance(packet, Pingreq) else []

    def die(self) -> list[Packet]:
        """The link ends, and what was to be answered with it."""
        self.deaths += 1
        if self.reason is not None:
            self.driven.feed(Disconnect(self.reason))
        self.driven.lost()
        return self.driven.up(self.present)
