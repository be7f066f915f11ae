"""Birth and offline notice: messages of the connection, not of the outbox (contract 22).

They say how *we* are, so they go before the backlog and are in no file. They end with their connection,
too: sent again in its old place [MQTT-4.6.0-1] the birth of yesterday would follow that of today. The
broker misses nothing, as it remembers no QoS 1 message that it was sent.

On MQTT 5 will, birth and notice carry two user properties: ``presence`` is "online" or "offline", and
``epoch`` the number of the broker-side session. A will is written before CONNACK: where the session
turns out to be lost it carries the number before.
"""

from __future__ import annotations

from collections import deque

from holdfast.codec import V5, Puback, Version, Will, encode_publish
from holdfast.messages import NO_PROPERTIES, Outgoing, Properties
from holdfast.protocol import refusals
from holdfast.protocol.events import Announced, SessionEvent
from holdfast.protocol.ids import PacketIds
from holdfast.protocol.journal import Journal
from holdfast.protocol.terms import ConnectRequest, Terms
from holdfast.protocol.wire import Wire
from holdfast.values import replace

Mark = tuple[str, str]
ONLINE: Mark = ("presence", "online")
OFFLINE: Mark = ("presence", "offline")


class Announcer:
    """Says them in order, as the window allows; ``due`` is what has yet to be said."""

    def __init__(self, journal: Journal, wire: Wire, ids: PacketIds, tell: list[SessionEvent]) -> None:
        self._journal = journal
        self._wire = wire
        self._ids = ids
        self._tell = tell
        self._terms = Terms(V5, "", False, 0, 0)
        self._epoch = 0
        self._will: Will | None = None
        self._birth: Outgoing | None = None
        self._last: Outgoing | None = None
        self._again = False
        self._waiting: dict[int, Outgoing] = {}
        self.due: deque[Outgoing] = deque()

    def begin(self, request: ConnectRequest, epoch: int) -> ConnectRequest:
        """What CONNECT asks for: the will speaks as we do."""
        if request.birth is None or request.will is None:
            return request
        properties = {**request.will.properties, **_properties(OFFLINE, epoch, request.version)}
        return replace(request, will=replace(request.will, properties=properties))

    def open(self, request: ConnectRequest, terms: Terms, epoch: int) -> None:
        """A connection begins: the birth goes before all that waits."""
        self._terms, self._epoch, self._will = terms, epoch, request.will
        self._birth = self._last = None
        if request.birth is not None and request.will is not None:
            self._birth = self._row(request.will, request.birth, ONLINE)
            self.due.append(self._birth)

    def _row(self, will: Will, payload: bytes, mark: Mark) -> Outgoing:
        """QoS 1 at most: for 2 an identifier would have to outlive the process, and a file to keep it."""
        properties = _properties(mark, self._epoch, self._terms.version)
        return Outgoing(0, will.topic, payload, 1 if will.qos else 0, will.retain, properties)

    def repeat(self) -> bool:
        """Say the birth again, once whatever is on its way was answered; False: not at our end."""
        if self._birth is None or self._last is not None:
            return False
        if self._birth in self._waiting.values():
            self._again = True
        elif self._birth not in self.due:
            self.due.append(self._birth)
        return True

    def farewell(self, payload: bytes) -> None:
        """The last that is said."""
        assert self._will is not None, "there was a birth"
        self._again = False
        self._last = self._row(self._will, payload, OFFLINE)
        self.due = deque([self._last])

    def say(self) -> bool:
        """Say what is due next; whether it takes a place in the window."""
        row = self.due.popleft()
        refused = refusals.of_row(row, self._terms)
        if refused is not None or not row.qos:
            self._ended(row, refused[0] if refused is not None else 0)
        if refused is not None:
            return False
        packet_id = self._ids.take() if row.qos else 0
        head, version = (row.topic, row.payload, row.qos, row.retain), self._terms.version
        data = encode_publish(*head, False, packet_id, row.properties, version)
        self._wire.put(data, self._journal.gate)
        if packet_id:
            self._waiting[packet_id] = row
        return bool(packet_id)

    def puback(self, packet: Puback) -> bool:
        """Whether this is the answer to one of ours."""
        row = self._waiting.pop(packet.packet_id, None)
        if row is None:
            return False
        self._ids.free(packet.packet_id)
        self._ended(row, packet.reason)
        if self._again:
            self._again = False
            self.repeat()
        return True

    def _ended(self, row: Outgoing, reason: int) -> None:
        self._tell.append(Announced(row.topic, reason, row is self._last))

    def lost(self) -> None:
        """The connection is gone, and with it what was said on it."""
        self._birth = self._last = None
        self._again = False
        self.due.clear()
        for packet_id in self._waiting:
            self._ids.free(packet_id)
        self._waiting.clear()


def _properties(mark: Mark, epoch: int, version: Version) -> Properties:
    if version != V5:
        return NO_PROPERTIES
    return {"user_property": (mark, ("epoch", str(epoch)))}
