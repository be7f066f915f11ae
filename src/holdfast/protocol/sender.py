"""QoS 0, 1 and 2 from us to the broker (MQTT 5 §4.3, §4.4, §4.6, §4.9).

Where a row can be, and what moves it:

    pending ──PUBLISH──▶ sent ──PUBACK, PUBCOMP, or a refusal──▶ ended
                          │PUBREC
                          ▼
                       released ──PUBCOMP──▶ ended

A connection lost:       sent ──▶ unproven
The session present:     released: PUBREL again; unproven: PUBLISH again under the same
                         identifier, DUP if it ever left, in the old order and as the new
                         connection's window allows [MQTT-4.4.0-1, 3.3.4-7, 4.6.0-1]
The session gone:        sent, unproven, released ──▶ pending, oldest first, new identifiers
Other brokers:           the same; the identifiers stay behind, to be completed there (``elsewhere``):
                         back in that session they stand in released, without a row

PUBRELs go first: a broker may hand a QoS 2 message on only then, and they are the older ones.

While a message is suspected of ending the link (``protocol.suspicion``) the window is as small as the
trial wants it; what is given up ends as what the broker's limits forbid to send again.
"""

from __future__ import annotations

from collections import deque
from math import ceil

from holdfast.codec import (
    V5,
    Puback,
    Pubacks,
    Pubcomp,
    Pubcomps,
    Pubrec,
    Pubrecs,
    Version,
    encode_ack,
    encode_acks,
    encode_plain,
    encode_publish,
)
from holdfast.messages import Outgoing
from holdfast.protocol import refusals
from holdfast.protocol.aliases import Aliases
from holdfast.protocol.announcer import Announcer
from holdfast.protocol.elsewhere import Elsewhere
from holdfast.protocol.events import Anomaly, ProtocolError, SessionEvent, Stripped
from holdfast.protocol.ids import PacketIds
from holdfast.protocol.journal import Journal
from holdfast.protocol.records import Assigned, Released, Restored
from holdfast.protocol.suspicion import STRIKES, Suspicion
from holdfast.protocol.terms import Terms
from holdfast.protocol.wire import Group, Wire

PUBREL = 6
UNANNOUNCED_QOS2 = 20
PROTOCOL_ERROR = 0x82
IDENTIFIER_NOT_FOUND = 0x92
REFUSED = 0x80
FORGOTTEN = "the broker forgot the session in which it was on its way: it may have arrived"
RESENT_BYTES = 512 * 1024
"""In one group, about: large rows in one write would be copied again with every piece a socket takes."""
TRIAL = "the link ended again and again behind the same message: it is sent alone now"
KILLS = "the link ended {times} times when it had been sent, {alone} times when nothing else was"
WITHHELD = 100
"""Identifiers that may stay withheld; with more of them the session is ended (contract 10)."""


class Sender:
    """The sending half of a session. ``now`` is the time of the call being served."""

    def __init__(
        self,
        journal: Journal,
        wire: Wire,
        ids: PacketIds,
        tell: list[SessionEvent],
        inflight: int,
        restored: Restored,
        resends: bool,
        announcer: Announcer,
    ) -> None:
        self._journal = journal
        self._wire = wire
        self._ids = ids
        self._tell = tell
        self._inflight = inflight
        self._resends = resends
        self._announcer = announcer
        self._terms = Terms(V5, "", False, 0, 0)
        self._agreed = 0
        self._window = 0  # what is agreed, or less while a message is suspected
        self._unlimited = True
        self._bare = False
        self._aliases = Aliases()
        self._stripped = False
        self._withheld = list(restored.withheld)
        self._left = {packet_id for packet_id, _ in restored.sent}
        self._older: set[int] = set()  # identifiers in ``sent`` given on an earlier connection
        self.suspicion = Suspicion()
        self.now = 0.0
        self.pending: deque[Outgoing] = deque()
        self.sent: dict[int, Outgoing] = {}
        self._rowless = set(restored.unreleased)
        self._late: list[int] = []
        self.released: dict[int, Outgoing | None] = dict.fromkeys(restored.unreleased)
        self.released.update(restored.released)
        self.unproven: deque[tuple[int, Outgoing]] = deque(restored.sent)
        ids.used.update(self.released, self._left, self._withheld)

    # -- the connection ----------------------------------------------------------------------

    def open(self, terms: Terms) -> None:
        """CONNACK came; the window is counted anew on every connection (§4.9)."""
        self._terms = terms
        self._window = self._agreed = min(self._inflight, terms.receive_maximum)
        self._unlimited = refusals.unlimited(terms)
        self._bare = not terms.carries_properties
        self._aliases.open(terms)
        self._stripped = False
        self._older = set()
        if self.suspicion.opened(self.now):
            self._tell.append(Anomaly(TRIAL, 0))

    def resume(self) -> None:
        """The session is there: PUBREL in the order of the PUBRECs [MQTT-4.6.0-4]."""
        for packet_id in self.released:
            self._pubrel(packet_id, 0)

    def restart(self) -> tuple[int, list[Outgoing]]:
        """The session is gone: everything in flight is pending again.

        Gives how many rows that are, and which of them are QoS 2 and so uncertain (contract 6).
        """
        unproven = (packet_id for packet_id, _ in self.unproven)
        self._ids.used.difference_update(self.sent, self.released, unproven, self._withheld, self._late)
        self._withheld, self._late = [], []
        return self._again()

    def tombstones(self) -> tuple[list[int], list[int]]:
        """Identifiers that the broker may know when we are gone: of QoS 1, and of QoS 2 in order."""
        sent = [(packet_id, row.qos) for packet_id, row in self.unproven if packet_id in self._left]
        ones = [packet_id for packet_id, qos in sent if qos == 1]
        return ones, [*self.released, *(packet_id for packet_id, qos in sent if qos == 2)]

    def move(self, left: Elsewhere, here: Elsewhere) -> tuple[int, list[Outgoing]]:
        """From one session to another: as ``restart``, but that identifiers stay in use, each in its own."""
        left.withheld, self._withheld, self._late = self._withheld, here.withheld, here.unanswered
        self.suspicion = Suspicion()  # what ended links there has yet to end one here
        moved = self._again()
        self.released = dict.fromkeys(here.unreleased)
        self._rowless = set(here.unreleased)
        self._ids.used.clear()
        self._ids.used.update(self.released, self._withheld, self._late)
        return moved

    def _again(self) -> tuple[int, list[Outgoing]]:
        """What is in flight is pending, oldest first; QoS 2 ends here where it is not to be sent again."""
        rows = self._in_flight()
        uncertain = [row for row in rows if row.qos == 2]
        for row in uncertain:
            row.uncertain = True
            if not self._resends:
                self._journal.fail(row, 0, FORGOTTEN)
        if not self._resends:
            rows = [row for row in rows if row.qos != 2]
        self.sent, self.released, self.unproven = {}, {}, deque()
        self._left, self._rowless = set(), set()
        self.pending = deque(sorted([*rows, *self.pending], key=lambda row: row.seq))
        return sum(row.qos > 0 for row in rows), uncertain

    def unended(self) -> list[Outgoing]:
        """The rows that were handed over and have not ended."""
        return [*self._in_flight(), *self.pending]

    def _in_flight(self) -> list[Outgoing]:
        released = [row for row in self.released.values() if row is not None]
        return [*self.sent.values(), *released, *(row for _, row in self.unproven)]

    def crowded(self) -> bool:
        """Whether more identifiers are withheld than a session should carry along."""
        return len(self._withheld) > WITHHELD

    def halt(self) -> None:
        """Send nothing new: the connection is being ended."""
        self._window = self._agreed = 0

    def ended(self, stayed: Group, reason: int | None) -> None:
        """As ``lost``, by the broker, with or without a reason: that may be for what it was sent."""
        never_left = {packet_id for packet_id, _ in stayed}
        left = (row for packet_id, row in self.sent.items() if packet_id not in never_left)
        self.suspicion.lost(self.now, reason, next(left, None))
        self.lost(stayed)

    def lost(self, stayed: Group) -> None:
        """The connection ended; ``stayed`` are identifiers and rows whose PUBLISH never left."""
        self.halt()
        never_left = {packet_id for packet_id, _ in stayed}
        self._left -= never_left - self.sent.keys()  # answered before it left again
        self._left.update(packet_id for packet_id in self.sent if packet_id not in never_left)
        left = [entry for entry in self.sent.items() if entry[0] not in never_left]
        # What stayed follows in its order, QoS 0 in its place (contract 8) [MQTT-4.6.0-1].
        left += [one for one in stayed if not one[0] or self.sent.get(one[0]) is one[1]]
        self.unproven.extendleft(reversed(left))
        self.sent = {}
        self._ids.used.difference_update(self._late)
        self._late = []

    # -- what goes out -----------------------------------------------------------------------

    def room(self) -> int:
        """How many rows of QoS 1 and 2 may be handed over now; 0 without a connection."""
        held = len(self.sent) + len(self.released) + len(self.unproven) + len(self.pending)
        return max(0, self._window - held)

    def pump(self) -> None:
        """Queue what the window allows: resends first, then pending rows in order."""
        if not self._agreed:  # before CONNACK, or the connection is being ended
            return
        if self.suspicion.active:
            self._restrain()
        if self._announcer.due:
            self.announce()
        if self.unproven:
            self._resend()
        if self.pending and not self.unproven:
            self._send()
        if self.suspicion.active:
            self.suspicion.filled(len(self.sent) + len(self.released))

    def announce(self, fresh: bool = False) -> None:
        """What we say of ourselves goes before all else; until it is answered the window is smaller.

        On a ``fresh`` connection there is room: what was released on others takes no place (§4.9).
        """
        while self._announcer.due and (fresh or self._free() > 0):
            if self._announcer.say():
                self._take_places(1)

    def _take_places(self, count: int) -> None:
        self._agreed -= count
        self._window -= count

    def tick(self) -> bool:
        """Time has passed; whether the trial of a message wants a ping."""
        if not self.suspicion.active:
            return False
        pings = self.suspicion.due(self.now)
        self._restrain()
        self.pump()
        return pings

    def _restrain(self) -> None:
        """What the trial of a message allows now."""
        guilty = self.suspicion.guilty
        if guilty is not None:
            self._give_up(guilty)
            self.suspicion.convicted()
        in_flight = len(self.sent) + len(self.released)
        self._window = self.suspicion.window(self._agreed, bool(self.sent), in_flight)

    def _give_up(self, row: Outgoing) -> None:
        """This message ends the link, unless it has ended itself meanwhile."""
        times = self.suspicion.times
        refused = self.suspicion.reason, KILLS.format(times=times, alone=STRIKES)
        in_flight = [entry for entry in self.unproven if entry[1] is row]
        if in_flight:
            self.unproven.remove(in_flight[0])
            self._withhold(*in_flight[0], refused, times)
        elif row in self.pending:
            self.pending.remove(row)
            self._journal.fail(row, *refused, kills=times)

    def _withhold(self, packet_id: int, row: Outgoing, refused: refusals.Refusal, kills: int = 0) -> None:
        """It may not be sent again: its identifier is in use until the session ends (contract 10)."""
        self._left.discard(packet_id)
        self._withheld.append(packet_id)
        self._journal.fail(row, *refused, packet_id, kills=kills)

    def _free(self) -> int:
        return self._window - len(self.sent) - len(self.released)

    def _resend(self) -> None:
        group: Group = []
        size = 0
        while self.unproven and (self._free() > 0 or not self.unproven[0][0]):
            if group and size >= RESENT_BYTES:
                self._wire.put(group, self._journal.gate)
                group, size = [], 0
            packet_id, row = self.unproven.popleft()
            size += row.size
            if not packet_id:
                if not self._ended(row):
                    group.append((packet_id, row))
                continue
            refused = refusals.of_row(row, self._terms)
            if refused is None:
                self.sent[packet_id] = row
                self._older.add(packet_id)
                group.append((packet_id, row))
            else:
                self._withhold(packet_id, row, refused)
        if group:
            self._wire.put(group, self._journal.gate)

    def _send(self) -> None:
        """One range record and one wire item for the whole group (contract 5)."""
        rows = self._next_rows()
        kept = [row for row in rows if row.qos]
        assigned = list(zip(self._ids.take_many(len(kept)), kept, strict=True))
        if assigned:
            self.sent.update(assigned)
            if self._older:
                self._older.difference_update(packet_id for packet_id, _ in assigned)
            self._journal.write(Assigned(assigned))
        if len(kept) == len(rows):
            group = assigned
        else:
            numbers = (packet_id for packet_id, _ in assigned)
            group = [(next(numbers) if row.qos else 0, row) for row in rows]
        if group:
            self._wire.put(group, self._journal.gate)

    def _next_rows(self) -> list[Outgoing]:
        """What of the pending rows goes out now; some end here instead."""
        rows: list[Outgoing] = []
        pending, room, limited, bare = self.pending, self._free(), not self._unlimited, self._bare
        twos = self._free_of_qos2()
        while pending and (room > 0 or not pending[0].qos) and (twos > 0 or pending[0].qos != 2):
            row = pending.popleft()
            if (limited or row.expires_at is not None or (bare and row.properties)) and self._ended(row):
                continue
            if row.qos:
                room -= 1
                twos -= row.qos == 2
            rows.append(row)
        return rows

    def _free_of_qos2(self) -> int:
        """3.1.1 announces no Receive Maximum, but mosquitto hangs up on the 21st open QoS 2 message."""
        if self._terms.version == V5:
            return self._window
        sent = sum([row.qos == 2 for row in self.sent.values()])
        return UNANNOUNCED_QOS2 - sent - len(self.released)

    def _ended(self, row: Outgoing) -> bool:
        """Whether a row that was never sent ends here: too old, or against the terms."""
        if row.expires_at is not None and row.expires_at <= self.now:
            self._journal.settle("expired").append(row)
            return True
        refused = refusals.of_unsent(row, self._terms)
        if refused is not None:
            self._journal.fail(row, *refused, unsent=True)
        return refused is not None

    def encode(self, group: Group, parts: list[bytes]) -> None:
        """Append the PUBLISH packets of a group that leaves now."""
        version = self._terms.version
        if self.suspicion.active and any(packet_id for packet_id, _ in group):
            self.suspicion.left(self.now)
        if self._plain(group):
            if self._aliases.active:
                self._aliases.encode(group, parts)
            else:
                encode_plain(group, version, parts)
        else:
            for packet_id, row in group:
                if packet_id and self.sent.get(packet_id) is not row:
                    self._left.discard(packet_id)  # answered before it left again [MQTT-4.3.3-6]
                else:
                    parts.append(self._encode(packet_id, row, version))

    def _plain(self, group: Group) -> bool:
        """Whether these are first sends of QoS 1 and 2 without properties, as most groups are."""
        if self._left:
            return False
        for packet_id, row in group:
            if not packet_id or row.properties or row.expires_at is not None:
                return False
        return True

    def _encode(self, packet_id: int, row: Outgoing, version: Version) -> bytes:
        dup = packet_id in self._left  # [MQTT-3.3.1-1]
        self._left.discard(packet_id)
        if not packet_id:
            self._journal.settle("sent").append(row)
        properties = row.properties
        if properties and version != V5 and not self._stripped:
            self._stripped = True  # told once a connection
            self._tell.append(Stripped(row.topic))
        if row.expires_at is not None and version == V5:
            seconds = max(1, ceil(row.expires_at - self.now))  # contract 9
            properties = {**properties, "message_expiry_interval": seconds}
        topic, alias = self._aliases.name(row) if self._aliases.active else (row.topic, 0)
        if alias:
            properties = {**properties, "topic_alias": alias}
        return encode_publish(topic, row.payload, row.qos, row.retain, dup, packet_id, properties, version)

    # -- what comes back ---------------------------------------------------------------------

    def pubacks(self, packets: Pubacks) -> None:
        """QoS 1 ended (§4.3.2), for a run of them."""
        sent, free = self.sent, self._ids.used.discard
        ended: list[Outgoing] = []
        for packet_id in packets.packet_ids:
            row = sent.get(packet_id)
            if row is not None and row.qos == 1:  # as nearly always
                del sent[packet_id]
                free(packet_id)
                ended.append(row)
            else:
                ended = self._acknowledged(ended)  # first: the other may break a rule, and end it all
                self.puback(Puback(packet_id))
        self._acknowledged(ended)

    def _acknowledged(self, ended: list[Outgoing]) -> list[Outgoing]:
        """Note that these ended well; gives an empty list to go on with."""
        if ended:
            self._journal.settle("acknowledged").extend(ended)
        return []

    def puback(self, packet: Puback) -> None:
        """QoS 1 ended, or was refused."""
        if packet.packet_id not in self.sent and self._announcer.puback(packet):
            self._take_places(-1)
            return
        row = self._known(packet.packet_id, 1)
        if row is not None:
            self._end(packet, row)

    def pubrecs(self, packets: Pubrecs) -> None:
        """QoS 2: the broker has these; the usual ones share a record and a piece of the wire."""
        sent, released = self.sent, self.released
        moved: list[int] = []
        for packet_id in packets.packet_ids:
            row = sent.get(packet_id)
            if row is not None and row.qos == 2 and packet_id not in released:
                del sent[packet_id]
                released[packet_id] = row
                moved.append(packet_id)
            else:
                moved = self._release(moved)
                self.pubrec(Pubrec(packet_id))
        self._release(moved)

    def pubrec(self, packet: Pubrec) -> None:
        """QoS 2: the broker has it; from here on PUBREL, never PUBLISH again [MQTT-4.3.3-6]."""
        packet_id = packet.packet_id
        if packet_id in self.released:
            self._pubrel(packet_id, 0)
            return
        row = self._known(packet_id, 2)
        if packet.reason >= REFUSED:  # ended, by whichever side knew it: no PUBREL follows
            if row is not None:
                self._end(packet, row)
        elif row is None:
            self._pubrel(packet_id, IDENTIFIER_NOT_FOUND)
        else:
            self.released[packet_id] = row
            self._release([packet_id])

    def _release(self, moved: list[int]) -> list[int]:
        """PUBREL, in the order of the PUBRECs [MQTT-4.6.0-4]; gives an empty list to go on with."""
        if moved:
            self._journal.write(Released(moved))
            self._wire.put(encode_acks(PUBREL, moved), self._journal.gate)
        return []

    def pubcomps(self, packets: Pubcomps) -> None:
        """QoS 2 ended, for a run of them."""
        for packet_id in packets.packet_ids:
            self.pubcomp(Pubcomp(packet_id))

    def pubcomp(self, packet: Pubcomp) -> None:
        """QoS 2 ended. 0x92 too: the broker completed it before, and our deletion lagged."""
        row = self.released.pop(packet.packet_id, None)
        if row is None:
            self._complete(packet.packet_id)
            return
        self._ids.free(packet.packet_id)
        self._journal.settle("acknowledged").append(row)

    def _complete(self, packet_id: int) -> None:
        """PUBCOMP for an exchange whose row has gone on with other brokers, or for none."""
        if packet_id not in self._rowless:
            self._tell.append(Anomaly("pubcomp for an unknown packet identifier", packet_id))
            return
        self._rowless.discard(packet_id)
        self._ids.free(packet_id)
        self._journal.complete(packet_id)

    def _known(self, packet_id: int, qos: int) -> Outgoing | None:
        """Take the row that this acknowledgement is for out of its place."""
        row = self.sent.get(packet_id)
        if row is None:
            return self._from_unproven(packet_id, qos)
        if not self._fits(packet_id, row, qos, packet_id in self._older):
            return None
        del self.sent[packet_id]
        return row

    def _from_unproven(self, packet_id: int, qos: int) -> Outgoing | None:
        """An answer that overtakes our resend; rare, so a search will do."""
        for entry in self.unproven:
            if entry[0] == packet_id:
                if not self._fits(*entry, qos, True):
                    return None
                self.unproven.remove(entry)
                self._left.discard(packet_id)
                return entry[1]
        self._tell.append(Anomaly("acknowledgement for an unknown packet identifier", packet_id))
        return None

    def _fits(self, packet_id: int, row: Outgoing, qos: int, older: bool) -> bool:
        """Whether an answer of this kind can mean this row.

        A broker that came back as it once was may repeat a PUBREC for an exchange that is over for us,
        under an identifier that a QoS 1 row has by now: as good as unknown, or no redial would last.
        """
        if row.qos == qos:
            return True
        if qos == 2 and older:
            self._tell.append(Anomaly("pubrec for a packet identifier now used at QoS 1", packet_id))
            return False
        raise ProtocolError(PROTOCOL_ERROR, f"acknowledgement of QoS {qos} for a QoS {row.qos} message")

    def _end(self, packet: Puback | Pubrec, row: Outgoing) -> None:
        self._ids.free(packet.packet_id)
        if packet.reason < REFUSED:
            self._journal.settle("acknowledged").append(row)
        else:
            self._journal.fail(row, packet.reason, packet.properties.get("reason_string", ""))

    def _pubrel(self, packet_id: int, reason: int) -> None:
        data = encode_ack(PUBREL, packet_id, reason, self._terms.version)
        self._wire.put(data, self._journal.gate)
