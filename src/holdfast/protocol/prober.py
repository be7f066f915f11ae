"""The probe on the wire: our own topic, the questions on it, and their answers (contract 21).

A question bypasses the outbox and the window, as PINGREQ does: at QoS 1 its answer would stay away while the
window is full. It carries a nonce, its number and the epoch, so that nothing that somebody else says there,
or that comes late, is taken for the answer. The application never sees its own probe's topic, by whatever
filter it comes.

Who may not publish there is not told so at QoS 0, and who may not subscribe not always; so what is never
answered is given up (``protocol.probe``), also where brokers hang up instead of refusing.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from holdfast.codec import V5, Suback, Unsuback, encode_publish
from holdfast.messages import NO_PROPERTIES
from holdfast.protocol.events import Probed, SessionEvent
from holdfast.protocol.ids import PacketIds
from holdfast.protocol.journal import Journal
from holdfast.protocol.own_filter import HANGUPS, PACKET_TOO_LARGE, UNSPECIFIED_ERROR, OwnFilter, own_topic
from holdfast.protocol.probe import Probe, ProbeState
from holdfast.protocol.receiver import Delivery, Receiver
from holdfast.protocol.terms import ConnectRequest, Terms
from holdfast.protocol.wire import Wire


def topic_of(client_id: str) -> str:
    """Where a client probes."""
    return own_topic("probe", client_id)


class Prober:
    """``on``: connected, and asked for."""

    def __init__(
        self, receiver: Receiver, journal: Journal, wire: Wire, ids: PacketIds, tell: list[SessionEvent]
    ) -> None:
        self._receiver = receiver
        self._wire = wire
        self._filter = OwnFilter(journal, wire, ids)
        self._tell = tell
        self._request = ConnectRequest("")
        self._terms = Terms(V5, "", False, 0, 0)
        self._topic = ""
        self._probe = Probe(0, 0)
        self._question = b""
        self._asked = 0
        self._told: ProbeState = "waiting"
        self._hangups = 0
        self.on = False

    # -- the connection ----------------------------------------------------------------------

    def begin(self, request: ConnectRequest) -> None:
        """CONNECT is about to leave."""
        self._request = request

    def open(self, terms: Terms, now: float) -> None:
        """CONNACK came."""
        if self._request.probe_s is None:
            return
        self.on, self._terms, self._topic = True, terms, topic_of(terms.client_id)
        self._probe = Probe(self._request.probe_s, now)
        self._filter.open(terms)
        if self._hangups == HANGUPS:
            self._refuse(UNSPECIFIED_ERROR)
        elif not self._filter.ask(self._topic):
            self._refuse(PACKET_TOO_LARGE)

    def leave(self) -> None:
        """DISCONNECT follows: no kept session is left with a filter that nobody asked for."""
        if self.on:
            self._filter.give_up(self._topic)
            self._end()

    def lost(self) -> None:
        """The connection is gone."""
        self._filter.lost()
        if self.on and self._hangups == HANGUPS:
            self._hangups -= 1  # this one did without
        elif self.on and self._probe.state == "waiting":
            self._hangups += 1
        if self.on:
            self._end()

    def _end(self) -> None:
        self.on = False
        self._question = b""
        self._tell_state("waiting")

    # -- time --------------------------------------------------------------------------------

    def listen(self, wanted: bool) -> None:
        """Reading is switched off or on."""
        self._probe.listen(wanted)

    def deadline(self, heard: float) -> float | None:
        """When ``due`` has something to do next."""
        return self._probe.deadline(heard) if self.on else None

    def due(self, now: float, heard: float) -> Literal["nothing", "ping", "dead"]:
        """Do what is due; gives what is left to the session. ``heard``: when bytes came in last."""
        due = self._probe.due(now, heard) if self.on else "nothing"
        if due == "ask":
            self._ask(now)
        elif due == "refused":
            self._refuse(0)
        elif due == "ping":
            self._probe.pinged(now)
        return due if due in ("ping", "dead") else "nothing"

    # -- questions and answers ---------------------------------------------------------------

    def look_again(self, filters: Collection[str]) -> None:
        """The application asked for these, or gave them up: what it said of our topic is not what we need."""
        if self.on and self._topic in filters and not self._probe.off:
            self._filter.ask(self._topic)

    def answered(self, packet: Suback | Unsuback, now: float) -> bool:
        """Whether this is the answer to a request of ours."""
        if not self._filter.answered(packet):
            return False
        if isinstance(packet, Suback) and not self._probe.off:
            if packet.reasons[0] >= UNSPECIFIED_ERROR:
                self._refuse(packet.reasons[0])
            else:
                self._probe.subscribed()
                self._ask(now)
        return True

    def _ask(self, now: float) -> None:
        self._asked += 1
        self._question = f"{self._request.probe_nonce} {self._asked} {self._receiver.epoch}".encode()
        version, limit = self._terms.version, self._terms.max_packet_bytes
        data = encode_publish(self._topic, self._question, 0, False, False, 0, NO_PROPERTIES, version)
        if limit is not None and len(data) > limit:  # [MQTT-3.2.2-15]
            self._refuse(PACKET_TOO_LARGE)
            return
        self._wire.pass_by(data)
        self._probe.asked(now)
        self._tell_state(self._probe.state)

    def _refuse(self, reason: int) -> None:
        self._probe.refuse()
        self._question = b""
        self._tell_state("not_authorized", reason)

    def sift(self, deliveries: list[Delivery], now: float) -> list[Delivery]:
        """Look at what came on our topic; gives what is for the application."""
        ours = [one for one in deliveries if one.topic == self._topic]
        if not ours:
            return deliveries
        self._receiver.ack(ours)  # somebody else's may have come at QoS 1 or 2
        if self._question and any(one.raw == self._question for one in ours):
            self._question = b""
            self._hangups = 0
            self._told = "ok"
            self._tell.append(Probed(self._topic, "ok", self._probe.answered(now)))
        return [one for one in deliveries if one.topic != self._topic]

    def _tell_state(self, state: ProbeState, reason: int = 0) -> None:
        if state != self._told:
            self._told = state
            self._tell.append(Probed(self._topic, state, None, reason))
