"""The session as a sans-I/O state machine: bytes and time go in, values come out.

In:   connect, receive, tick, lost, disconnect · publish, subscribe, unsubscribe, ack · committed
      complete, with ``holds_release``
Out:  ``take()``  records to write down, messages to deliver, events to tell
      ``send()``  bytes that may leave, which is: whose records were ``committed``
      ``room()``, ``deadline()``
An authentication's ``Challenge`` is an event; ``answer`` or ``reject`` takes its place in the calls.

A driver does, after every batch of calls and until nothing comes out:

    output = session.take()             # 1 what must be known before anything leaves
    store(output.records)               # 2 write it down ...
    session.committed(output.serial)    # 3 ... and say so
    transport.write(session.send())     # 4 only now is there something to send

States, and what a packet from the broker does in them (anything else is a protocol error):

    DOWN ──connect()──▶ CONNECTING ──CONNACK 0──▶ UP ──lost()──▶ DOWN
                            │CONNACK ≠ 0           │DISCONNECT, a broken rule, disconnect()
                            └──────▶ CLOSING ◀─────┘──lost()──▶ DOWN

With an authentication method, PROVING lies between CONNACK 0 and UP: what comes then is held until
``answer`` says that the broker has proved itself (``protocol.authentication``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

from holdfast import codec
from holdfast.codec import Connack, Decoder, MalformedPacket, Packet
from holdfast.errors import TooLarge
from holdfast.messages import NO_PROPERTIES, Outgoing, Properties
from holdfast.protocol.announcer import Announcer
from holdfast.protocol.authentication import Authentication
from holdfast.protocol.canary import Canary
from holdfast.protocol.elsewhere import Elsewhere
from holdfast.protocol.events import (
    BrokerChanged,
    Challenge,
    Closed,
    Opened,
    ProtocolError,
    Refused,
    SessionEvent,
    SessionLost,
)
from holdfast.protocol.ids import PacketIds
from holdfast.protocol.journal import Journal
from holdfast.protocol.keepalive import Keepalive
from holdfast.protocol.prober import Prober
from holdfast.protocol.receiver import Delivery, Receiver
from holdfast.protocol.records import EpochBegan, GroupEntered, Record, Restored
from holdfast.protocol.release import ReleaseAsked
from holdfast.protocol.sender import Sender
from holdfast.protocol.subscriptions import Intent, Subscriptions
from holdfast.protocol.terms import ConnectRequest, Terms
from holdfast.protocol.watch import Watch
from holdfast.protocol.wire import Wire

NORMAL = 0x00
WITH_WILL = 0x04
UNSPECIFIED_ERROR = 0x80
PROTOCOL_ERROR = 0x82
KEEP_ALIVE_TIMEOUT = 0x8D
HALF_OPEN = 0x83
QUOTA_EXCEEDED = 0x97
TOO_MANY_WITHHELD = "too many messages in it may not be sent again"
PINGREQ = b"\xc0\x00"


class LinkState(Enum):
    """The states above."""

    DOWN = "down"
    CONNECTING = "connecting"
    PROVING = "proving"
    UP = "up"
    CLOSING = "closing"


OPEN = (LinkState.CONNECTING, LinkState.PROVING, LinkState.UP)


class Output:
    """What one ``take()`` drained; ``serial`` is the number of the last record in it."""

    __slots__ = ("deliveries", "events", "records", "serial")

    def __init__(
        self,
        records: list[Record],
        serial: int,
        deliveries: list[Delivery],
        events: list[SessionEvent],
    ) -> None:
        self.records = records
        self.serial = serial
        self.deliveries = deliveries
        self.events = events

    def __bool__(self) -> bool:
        return bool(self.records or self.deliveries or self.events)


class Session:
    """One client's session with a broker, over any number of connections.

    ``group`` is whose it is. With other brokers (``ConnectRequest.group``) it is another one, from CONNACK
    on; what was in flight goes out there, and each session is found again as it was left (contract 3).
    """

    def __init__(
        self,
        inflight: int = 1000,
        restored: Restored | None = None,
        *,
        resends: bool = True,
        holds_release: bool = False,
    ) -> None:
        """``inflight``: QoS 1 and 2 messages that may be unacknowledged, 1 to 60,000.

        ``resends`` False: QoS 2 in flight when the broker forgot the session fails (contract 6).
        ``holds_release``: PUBREL is told, and answered when ``complete`` says so (contract 5).
        """
        restored = restored or Restored()
        ids = PacketIds(restored.last_packet_id)
        self._events: list[SessionEvent] = []
        self._journal = Journal()
        self._wire = Wire(self._encode)
        self._announcer = Announcer(self._journal, self._wire, ids, self._events)
        self._sender = Sender(
            self._journal, self._wire, ids, self._events, inflight, restored, resends, self._announcer
        )
        self._receiver = _receiver(holds_release)(self._journal, self._wire, self._events, restored)
        self._subscriptions = Subscriptions(self._journal, self._wire, ids, self._events)
        self._watch = Watch(
            self._subscriptions, self._announcer, self._receiver, self._journal, self._wire, ids, self._events
        )
        self._prober = Prober(self._receiver, self._journal, self._wire, ids, self._events)
        self._canary = Canary(
            self._receiver, self._subscriptions, self._journal, self._wire, ids, self._events
        )
        self._authentication = Authentication(self._wire, self._events)
        self._lost = restored.lost
        self.group = restored.group
        self._elsewhere = dict(restored.elsewhere)
        self._members: set[str] = set()
        self._committed = 0
        self._request = ConnectRequest("")
        self._decoder = Decoder()
        self._keepalive = Keepalive(0, 0.0)
        self._now = 0.0
        self._handlers = self._table()
        self._enter(LinkState.DOWN)

    def _table(self) -> dict[LinkState, dict[type, Callable[[Any], None]]]:
        return {
            LinkState.DOWN: {},
            LinkState.CONNECTING: {  # [MQTT-3.2.0-1]
                codec.Connack: self._connack,
                codec.Auth: self._authentication.auth,
            },
            LinkState.PROVING: {},
            LinkState.UP: {
                Delivery: self._receiver.publish,
                codec.OversizePublish: self._receiver.oversize,
                codec.Pubacks: self._sender.pubacks,
                codec.Puback: self._sender.puback,
                codec.Pubrecs: self._sender.pubrecs,
                codec.Pubrec: self._sender.pubrec,
                codec.Pubrels: self._receiver.pubrels,
                codec.Pubrel: self._receiver.pubrel,
                codec.Pubcomps: self._sender.pubcomps,
                codec.Pubcomp: self._sender.pubcomp,
                codec.Suback: self._suback,
                codec.Unsuback: self._unsuback,
                codec.Pingresp: self._pong,
                codec.Disconnect: self._disconnected,
                codec.Auth: self._authentication.auth,
            },
            LinkState.CLOSING: {},
        }

    # -- the connection ----------------------------------------------------------------------

    def connect(self, request: ConnectRequest, now: float) -> None:
        """A transport is open: CONNECT is the first packet on it [MQTT-3.1.0-1]."""
        self._watch.begin(request)
        self._prober.begin(request)
        self._canary.begin(request)
        self._request = request = self._announcer.begin(request, self._expected_epoch(request))
        self._decoder = Decoder(request.version, request.max_packet_bytes, publish=Delivery, runs=True)
        self._keepalive = Keepalive(0, now)
        data = codec.encode(request.packet(), request.version)
        self._authentication.open(request)
        self._enter(LinkState.CONNECTING)
        self._wire.open(data)

    def receive(self, data: bytes, now: float) -> None:
        """Bytes came from the broker, in any portions."""
        self._at(now)
        self._keepalive.heard(now)
        packets: list[Packet] = []
        broken: MalformedPacket | None = None
        try:
            self._decoder.feed(data, packets)
        except MalformedPacket as error:
            broken = error
        self._take_in(packets)
        if broken is not None and self.link in OPEN:
            self._fail(broken.reason, str(broken))
        if self.link is LinkState.PROVING and not self._authentication.has_room(len(data)):
            self._fail(QUOTA_EXCEEDED, "it sends and sends, and has yet to prove itself")
        self._sender.pump()
        if self._sender.crowded() and self.link is LinkState.UP and self._request.version == codec.V5:
            self._fail(NORMAL, TOO_MANY_WITHHELD, {"session_expiry_interval": 0})

    def lost(self, now: float) -> None:
        """The transport is gone; nothing that was queued for it will leave."""
        self._at(now)
        if self.link is LinkState.CONNECTING:
            self._subscriptions.doubt()
        was_up = self.link is LinkState.UP
        self._halt()
        stayed = self._wire.clear()
        if was_up:
            self._sender.ended(stayed, None)
        else:
            self._sender.lost(stayed)
        self._subscriptions.lost()
        self._announcer.lost()
        self._watch.lost()
        self._prober.lost()
        self._canary.lost()
        self._enter(LinkState.DOWN)

    def disconnect(self, now: float, reason: int = 0, session_expiry_s: int | None = None) -> None:
        """End the connection on purpose: DISCONNECT goes behind what is queued, then nothing.

        A clean one keeps the will from being said: where our own notice has not left, the broker is asked for
        it, for which 3.1.1 has no packet but the end (contract 22).
        """
        self._at(now)
        if self.link is not LinkState.UP:
            return
        self._watch.leave()
        self._prober.leave()
        self._canary.leave()
        by_will = self._announcer.owes and not reason
        if not by_will or self._request.version == codec.V5:
            properties = {}
            if session_expiry_s is not None and self._request.session_expiry_s:  # a clean one stays clean
                properties["session_expiry_interval"] = session_expiry_s
            packet = codec.Disconnect(WITH_WILL if by_will else reason, properties)
            self._wire.put(codec.encode(packet, self._request.version), self._journal.gate)
        self._wire.close()
        self._halt()

    def tick(self, now: float) -> None:
        """Time has passed: ping, or find the link dead."""
        self._at(now)
        if self.link is not LinkState.UP:
            return
        self._canary.tick(now)
        due, probed = self._keepalive.due(now), self._prober.due(now, self._keepalive.heard_at)
        if "ping" in (due, probed):
            self._keepalive.pinged(now)
            self._wire.pass_by(PINGREQ)
        if due == "dead":
            self._fail(KEEP_ALIVE_TIMEOUT, "nothing came from the broker in spite of a ping")
        elif probed == "dead":
            self._fail(HALF_OPEN, "the probe worked, and then neither it nor a ping was answered")
        elif self._sender.tick():
            self._keepalive.pinged(now)
            self._wire.pass_by(PINGREQ)

    def listening(self, wanted: bool, now: float) -> None:
        """Whether bytes are read at all; while they are not, silence proves nothing."""
        self._keepalive.listen(wanted, now)
        self._prober.listen(wanted)
        self._canary.listen(wanted)

    def deadline(self) -> float | None:
        """When ``tick`` has something to do next."""
        if self.link is not LinkState.UP:
            return None
        heard = self._keepalive.heard_at
        clocks = (
            self._keepalive.deadline(),
            self._sender.suspicion.deadline(),
            self._prober.deadline(heard),
            self._canary.deadline(),
        )
        return min((at for at in clocks if at is not None), default=None)

    # -- authentication ----------------------------------------------------------------------

    def reauthenticate(self, data: bytes | None, now: float) -> bool:
        """Authenticate again on this connection, with the same method [MQTT-4.12.1-1].

        False: not connected, without a method, or at it already. Raises TooLarge.
        """
        self._at(now)
        return self.link is LinkState.UP and self._authentication.again(data)

    def answer(self, challenge: Challenge, data: bytes | None, now: float) -> None:
        """Our answer to a challenge; to a final one: the broker has proved itself.

        One that is out no longer, because its connection has ended, needs none.
        """
        self._at(now)
        if not self._authentication.waits_for(challenge):
            return
        try:
            self._authentication.answer(data)
        except TooLarge as error:
            self._fail(UNSPECIFIED_ERROR, str(error))
        if self.link is LinkState.PROVING:
            self._proven()

    def reject(self, challenge: Challenge | None, sentence: str, now: float) -> None:
        """We end the connection, for a challenge that we do not answer or a proof that is none.

        ``challenge`` None: for an exchange that takes too long [MQTT-4.12.1-2].
        """
        self._at(now)
        if self._authentication.waits_for(challenge):
            self._fail(UNSPECIFIED_ERROR, sentence)

    # -- the application ---------------------------------------------------------------------

    def publish(self, rows: Iterable[Outgoing], now: float) -> None:
        """Send these in order; QoS 1 and 2 only as many as ``room()`` says."""
        self._at(now)
        self._sender.pending.extend(rows)
        self._sender.pump()

    @property
    def ready(self) -> bool:
        """Whether rows may be handed over: there is a connection, and no message is on trial."""
        return self.link is LinkState.UP and not self._sender.suspicion.holds

    @property
    def suspects(self) -> bool:
        """Whether a message is suspected of ending the link."""
        return self._sender.suspicion.active

    def room(self) -> int:
        """How many more rows of QoS 1 and 2 fit into the window; 0 without a connection."""
        return self._sender.room()

    def farewell(self, payload: bytes, now: float) -> None:
        """Say on the topic of the will that we go, where a birth has said that we came (contract 22)."""
        self._at(now)
        if self._watch.on and self.link is LinkState.UP:
            self._announcer.farewell(payload)
            self._sender.pump()

    def unended(self) -> list[Outgoing]:
        """The rows that were published here and have not ended."""
        return self._sender.unended()

    def ack(self, deliveries: Iterable[Delivery], now: float) -> None:
        """These messages were handled; their acknowledgements leave in wire order."""
        self._at(now)
        self._receiver.ack(deliveries)

    def complete(self, asked: ReleaseAsked, now: float) -> None:
        """Whoever remembered these identifiers has forgotten them; with ``holds_release`` only."""
        self._at(now)
        self._receiver.complete(asked)

    def abandon(self) -> None:
        """The application stops handling: what it did not acknowledge is delivered anew."""
        self._receiver.abandon()
        for one in self._elsewhere.values():
            one.running = {}

    def subscribe(self, intents: Iterable[Intent], now: float) -> None:
        """Want these subscriptions from now on."""
        self._at(now)
        intents = list(intents)
        filters = [intent.filter for intent in intents]
        if self._watch.on:
            self._watch.make_way(filters)
        self._subscriptions.subscribe(intents)
        self._prober.look_again(filters)
        self._canary.look(filters, now)

    def unsubscribe(self, filters: Iterable[str], now: float) -> None:
        """Want these subscriptions no more, here and wherever an earlier process has made them."""
        self._at(now)
        filters = list(filters)
        for one in self._elsewhere.values():
            one.filters.update(filters)
        self._subscriptions.unsubscribe(filters)
        if self._watch.on:
            self._watch.look_again(filters)
        self._prober.look_again(filters)

    # -- the driver --------------------------------------------------------------------------

    def take(self) -> Output:
        """Drain what came of the calls since the last ``take()``."""
        journal, receiver = self._journal, self._receiver
        deliveries, receiver.deliveries = receiver.deliveries, []
        if deliveries and self._watch.on:
            deliveries = self._watch.sift(deliveries)
            self._sender.pump()
        if deliveries and self._prober.on:
            deliveries = self._prober.sift(deliveries, self._now)
        if deliveries and self._canary.topic:
            deliveries = self._canary.sift(deliveries)
        events = self._events[:]
        self._events.clear()
        return Output(journal.take(), journal.serial, deliveries, events)

    def committed(self, serial: int) -> None:
        """All records up to this number are durable."""
        self._committed = serial

    def send(self, now: float) -> bytes:
        """The bytes that may leave now, each behind the records drained before it."""
        self._at(now)
        data = self._wire.take(self._committed)
        if data:
            self._keepalive.sent(now)
        return data

    # -- inside ------------------------------------------------------------------------------

    def _at(self, now: float) -> None:
        self._now = self._sender.now = now

    def _encode(self, group: list[tuple[int, Outgoing]], parts: list[bytes]) -> None:
        self._sender.encode(group, parts)

    def _enter(self, link: LinkState) -> None:
        self.link = link
        self._handled = self._handlers[link]

    def _take_in(self, packets: list[Packet]) -> None:
        try:
            self._handle(packets)
            self._receiver.look()
        except ProtocolError as error:
            self._fail(error.reason, str(error))

    def _handle(self, packets: list[Packet]) -> None:
        for packet in packets:
            handler = self._handled.get(packet.__class__)
            if handler is not None:
                handler(packet)
            elif self.link is LinkState.PROVING:
                self._authentication.held.append(packet)
            elif self.link in OPEN:
                raise ProtocolError(
                    PROTOCOL_ERROR, f"{_name(packet)} from the broker while {self.link.value}"
                )

    def _connack(self, packet: Connack) -> None:
        detail = packet.properties.get("reason_string", "")
        if packet.reason:
            reference = packet.properties.get("server_reference")
            self._halt()
            self._events.append(Refused(packet.reason, detail, reference))
            return
        if packet.session_present and not self._request.session_expiry_s:  # [MQTT-3.2.2-4]
            raise ProtocolError(PROTOCOL_ERROR, "session present although a clean one was asked for")
        if self._authentication.accepted(packet):
            self._enter(LinkState.PROVING)
        else:
            self._open(Terms.agreed(self._request, packet))

    def _proven(self) -> None:
        """The broker is who it says it is: what it said meanwhile counts."""
        connack, packets = self._authentication.release()
        self._open(Terms.agreed(self._request, connack))
        self._take_in(packets)
        self._sender.pump()

    def _open(self, terms: Terms) -> None:
        self._enter(LinkState.UP)
        group = self._group_of(terms.session_present)
        if group != self.group:
            self._move(group)
        self._authentication.max_packet_bytes = terms.max_packet_bytes
        self._keepalive.agree(terms.keepalive_s)
        self._events.append(Opened(terms))
        self._receiver.open(self._request)
        self._sender.open(terms)
        self._subscriptions.open(terms)
        resumed = terms.session_present and self._receiver.epoch > 0 and not self._lost
        if not resumed:  # a new session, or the first one we know of: nothing is in flight then
            self._begin_epoch()
        self._announcer.open(self._request, terms, self._receiver.epoch)
        self._sender.announce(fresh=True)
        if resumed:
            self._sender.resume()
        self._watch.open(terms)
        self._subscriptions.pump()
        self._prober.open(terms, self._now)
        self._canary.open(terms, self._now)

    def _group_of(self, present: bool) -> str:
        """Whose session this is: a broker that is not sure to be of a group has shown it, or has not."""
        group, apart = self._request.group, self._request.apart
        if apart is None or apart in self._members:
            return group
        if not present or apart == self.group or apart in self._elsewhere:
            return apart
        self._members.add(apart)
        return group

    def _move(self, group: str) -> None:
        """To the session with other brokers; what the one before holds of us stays with it."""
        left, here = Elsewhere(lost=self._lost), self._elsewhere.pop(group, None) or Elsewhere()
        left.unanswered, left.unreleased = self._sender.tombstones()
        self._journal.write(GroupEntered(group, left.unanswered, left.unreleased))
        resent, uncertain = self._sender.move(left, here)
        self._receiver.move(left, here)
        self._subscriptions.move(left, here)
        self._elsewhere[self.group], self.group, self._lost = left, group, here.lost
        kept, apart = self._request.session_expiry_s > 0, group != self._request.group
        self._events.append(BrokerChanged(group, resent, uncertain, kept, apart))

    def _expected_epoch(self, request: ConnectRequest) -> int:
        """That of the session that this CONNECT will find, unless the broker has lost it."""
        epoch, lost = self._receiver.epoch, self._lost
        if request.group != self.group:
            there = self._elsewhere.get(request.group) or Elsewhere()
            epoch, lost = there.epoch, there.lost
        kept = request.session_expiry_s > 0 and epoch > 0 and not lost
        return epoch if kept else self._next_epoch()

    def _next_epoch(self) -> int:
        """A number that no session of ours has had, with whatever brokers."""
        return 1 + max(self._receiver.epoch, *(one.epoch for one in self._elsewhere.values()), 0)

    def _begin_epoch(self) -> None:
        """This session is not the one we know: what we hold of the old one ends [MQTT-3.2.2-5]."""
        had_one = self._receiver.epoch > 0 or self._lost
        self._lost = False
        self._receiver.restart(self._next_epoch())
        self._journal.write(EpochBegan(self._receiver.epoch))
        resent, uncertain = self._sender.restart()
        if had_one:
            kept = self._request.session_expiry_s > 0
            self._events.append(SessionLost(self._receiver.epoch, resent, uncertain, kept))

    def _suback(self, packet: codec.Suback) -> None:
        if not self._answers_us(packet):
            self._subscriptions.suback(packet)

    def _unsuback(self, packet: codec.Unsuback) -> None:
        if not self._answers_us(packet):
            self._subscriptions.unsuback(packet)

    def _answers_us(self, packet: codec.Suback | codec.Unsuback) -> bool:
        """Whether it is about a filter of our own, not of the application's."""
        return (
            self._watch.answered(packet)
            or self._prober.answered(packet, self._now)
            or self._canary.answered(packet, self._now)
        )

    def _disconnected(self, packet: codec.Disconnect) -> None:
        said = packet.properties.get
        self._halt()
        self._sender.ended(self._wire.clear(), packet.reason)
        closed = Closed(False, packet.reason, said("reason_string", ""), said("server_reference"))
        self._events.append(closed)

    def _pong(self, _packet: codec.Pingresp) -> None:
        """That bytes came in was noted already."""
        self._sender.suspicion.pong(self._now)

    def _fail(self, reason: int, sentence: str, properties: Properties = NO_PROPERTIES) -> None:
        """We end it: MQTT 5 says why before closing [MQTT-4.13.1-1], 3.1.1 just closes.

        Before CONNACK nothing may be said, but in an authentication [MQTT-3.1.2-30].
        """
        authenticates = self._request.authentication_method is not None
        if authenticates or (self.link is LinkState.UP and self._request.version == codec.V5):
            farewell = codec.encode(codec.Disconnect(reason, properties), codec.V5)
        else:
            farewell = b""
        self._halt()
        self._sender.lost(self._wire.clear())
        self._events.append(Closed(True, reason, sentence))
        self._wire.pass_by(farewell)

    def _halt(self) -> None:
        """Nothing new is sent or acknowledged on this connection."""
        if self.link is LinkState.PROVING:
            self._subscriptions.doubt()  # its CONNACK was not believed, and may have said "a new session"
        self._authentication.close()
        self._enter(LinkState.CLOSING)
        self._sender.halt()
        self._receiver.halt()


def _receiver(holds_release: bool) -> type[Receiver]:
    if not holds_release:
        return Receiver
    from holdfast.protocol.holding import Holding  # for those who want it

    return Holding


def _name(packet: Packet) -> str:
    """The packet by the standard's name; several acknowledgements may be one of ours."""
    if isinstance(packet, Delivery | codec.OversizePublish):
        return "PUBLISH"
    return type(packet).__name__.upper().removesuffix("S")
