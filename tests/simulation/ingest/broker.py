"""A broker that sends QoS 2 messages to one client, as meanly as the standard lets it (§4.3.3)."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection

from holdfast.codec import Connack, Connect, Packet, Pubcomp, Publish, Pubrec, Pubrel, Suback, Subscribe

WINDOW = 2
"""Packet identifiers in use at most: the lowest that is free is given to the next message."""

TOPIC, PAYLOAD = "plant/7/temp", b"21.5"


class Broker:
    """Its messages are equal to the last byte, but for a property that says which one it is.

    Where it comes back as it once was, identifiers that it has forgotten mean other messages, with other
    content or with the same. What is the same and has to be sent again, with DUP, nobody can tell from the
    message before (contract 14); nor anything under an identifier whose content a new process does not know.
    """

    def __init__(self) -> None:
        self.published = 0
        self.lost: set[int] = set()
        """With their session, or by a broker that came back as it once was."""
        self._queue: deque[int] = deque()
        self._sent: dict[int, tuple[int, bytes]] = {}
        self._anew: set[int] = set()
        self._doubtful: set[int] = set()
        self._released: dict[int, None] = {}
        self._connected = False
        self.subscribed = False
        """And so it knows of this session; one whose first CONNACK was lost nobody can tell from another."""
        self.wrong: list[str] = []

    def publish(self) -> list[Packet]:
        """One more message; what is sent of it."""
        self.published += 1
        self._queue.append(self.published)
        return self._send()

    def hang_up(self) -> None:
        """The link is gone."""
        self._connected = False
        for packet_id in self._doubtful & self._sent.keys():
            self.lost.add(self._sent[packet_id][0])

    def forget(self) -> None:
        """The session is lost; the next CONNACK says so."""
        self.lost |= {*self._queue, *(serial for serial, _ in self._sent.values())}
        self._queue, self._sent, self._released = deque(), {}, {}
        self.subscribed = False

    def roll_back(self, received: Collection[int]) -> None:
        """It has forgotten what it sent, and uses the identifiers again; but for those ``received``.

        What comes under one of these a process that begins later cannot tell from what was received.
        """
        for packet_id in self._sent.keys() - received:
            self.lost.add(self._sent.pop(packet_id)[0])
            self._anew.add(packet_id)

    def excuse(self, received: Collection[int]) -> None:
        """The client is killed, and does not know the content of these any more."""
        for packet_id in self._sent.keys() & received:
            serial, payload = self._sent[packet_id]
            if payload != PAYLOAD:
                self.lost.add(serial)

    @property
    def idle(self) -> bool:
        """Whether everything was sent and completed."""
        return not (self._queue or self._sent or self._released)

    def receive(self, packet: Packet) -> list[Packet]:
        """What it answers, and sends next."""
        if isinstance(packet, Connect):
            self._connected = True
            return [Connack(self.subscribed, 0), *self._resend(), *self._send()]
        if isinstance(packet, Subscribe):
            self.subscribed = True
            return [Suback(packet.packet_id, [2]), *self._send()]
        if isinstance(packet, Pubrec):
            return self._recorded(packet.packet_id)
        if isinstance(packet, Pubcomp):
            self._completed(packet.packet_id)
        return self._send()

    def _resend(self) -> list[Packet]:
        released = [Pubrel(packet_id) for packet_id in self._released]
        return [*(self._publish(packet_id, True) for packet_id in self._sent), *released]

    def _recorded(self, packet_id: int) -> list[Packet]:
        if self._sent.pop(packet_id, None) is not None:
            self._released[packet_id] = None
        elif packet_id not in self._released:
            self.wrong.append(f"PUBREC {packet_id} for nothing")
        return [Pubrel(packet_id)]

    def _completed(self, packet_id: int) -> None:
        if packet_id in self._released:
            del self._released[packet_id]
        else:
            self.wrong.append(f"PUBCOMP {packet_id} before PUBREL")

    def _send(self) -> list[Packet]:
        packets: list[Packet] = []
        while self._queue and self._connected:
            used = self._sent.keys() | self._released.keys()
            free = [packet_id for packet_id in range(1, WINDOW + 1) if packet_id not in used]
            if not free:
                break
            packet_id, serial = free[0], self._queue.popleft()
            differs = packet_id in self._anew and serial % 2
            if packet_id in self._anew and not differs:
                self._doubtful.add(packet_id)
            else:
                self._doubtful.discard(packet_id)
            self._anew.discard(packet_id)
            self._sent[packet_id] = (serial, b"%d" % serial if differs else PAYLOAD)
            packets.append(self._publish(packet_id, False))
        return packets

    def _publish(self, packet_id: int, again: bool) -> Publish:
        serial, payload = self._sent[packet_id]
        properties = {"user_property": (("serial", str(serial)),)}
        return Publish(TOPIC, payload, 2, False, again, packet_id, properties)
