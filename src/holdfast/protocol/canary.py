"""Does this broker deliver what it grants to ``$share``? Found out once per connection (contract 18).

Some brokers answer SUBSCRIBE to a shared filter with "granted" and deliver nothing by it. Where the
application has a shared subscription, a question to our own topic is therefore to come back by a shared
filter, of a group that is ours alone, as only we have that topic. It is of QoS 0 and bypasses outbox and
window, as the probe's is.

    stage    what happens                               what follows
    off      a shared subscription is wanted            SUBSCRIBE to $share/GROUP/TOPIC: stage "shared"
    shared   SUBACK grants it                           ask
             WAIT_S without an answer, TRIES in all     ask again
             the last try too had none                  UNSUBSCRIBE, SUBSCRIBE to TOPIC itself: stage "plain"
    plain    SUBACK grants it                           ask
             the answer                                 granted and not delivered: told; off
             TRIES without one                          nothing is proven, we may not publish there: off
    either   an answer to a question of stage "shared"  it delivers: off
             SUBACK refuses                             off

While we do not read, for handlers that are behind, no try counts. A filter of the application that covers
the topic would answer in the place of ours: then nobody asks. Brokers that hang up on who may not are met as
by the probe: after three connections in a row that ended before a verdict, the next one does without.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from holdfast.codec import V5, Suback, Unsuback, encode_publish
from holdfast.messages import NO_PROPERTIES
from holdfast.protocol.events import SessionEvent, ShareSilent
from holdfast.protocol.ids import PacketIds
from holdfast.protocol.journal import Journal
from holdfast.protocol.own_filter import HANGUPS, UNSPECIFIED_ERROR, OwnFilter, own_topic
from holdfast.protocol.receiver import Delivery, Receiver
from holdfast.protocol.subscriptions import Subscriptions
from holdfast.protocol.terms import ConnectRequest, Terms
from holdfast.protocol.wire import Wire
from holdfast.topics import matches, split_share

GROUP = "holdfast"
WAIT_S = 5.0
TRIES = 3

Stage = Literal["off", "shared", "plain"]


class Canary:
    """``topic``: where it has asked on this connection; empty: nowhere."""

    def __init__(
        self,
        receiver: Receiver,
        subscriptions: Subscriptions,
        journal: Journal,
        wire: Wire,
        ids: PacketIds,
        tell: list[SessionEvent],
    ) -> None:
        self._receiver = receiver
        self._subscriptions = subscriptions
        self._wire = wire
        self._filter = OwnFilter(journal, wire, ids)
        self._tell = tell
        self._request = ConnectRequest("")
        self._terms = Terms(V5, "", False, 0, 0)
        self._stage: Stage = "off"
        self._questions: dict[bytes, Stage] = {}
        self._tries = self._hangups = 0
        self._due: float | None = None
        self._listening = True
        self._free = False
        self.topic = ""

    # -- the connection ----------------------------------------------------------------------

    def begin(self, request: ConnectRequest) -> None:
        """CONNECT is about to leave."""
        self._request = request

    def open(self, terms: Terms, now: float) -> None:
        """CONNACK came, and what is wanted is known."""
        self._terms = terms
        self._filter.open(terms)
        self._free = bool(self._request.canary_nonce) and terms.shared_available
        if self._hangups == HANGUPS:
            self._hangups, self._free = HANGUPS - 1, False  # this one does without
        self.look(self._subscriptions.wanted, now)

    def look(self, filters: Collection[str], now: float) -> None:
        """The application wants these: with the first shared one it begins."""
        if not self._free or not any(split_share(filter)[0] for filter in filters):
            return
        topic = own_topic("shared", self._terms.client_id)
        if not any(matches(filter, topic) for filter in self._subscriptions.wanted):
            self._free, self.topic = False, topic
            self._enter("shared", now)

    def leave(self) -> None:
        """DISCONNECT follows: no kept session is left with a filter that nobody asked for."""
        self._end()

    def lost(self) -> None:
        """The connection is gone."""
        self._hangups += self._stage != "off"
        self._filter.lost()
        self._free, self.topic = False, ""
        self._questions.clear()
        self._stop()

    # -- stages ------------------------------------------------------------------------------

    def _enter(self, stage: Stage, now: float) -> None:
        self._stage, self._tries, self._due = stage, 0, now + WAIT_S
        if not self._filter.ask(self._own_filter()):
            self._stop()

    def _own_filter(self) -> str:
        return f"$share/{GROUP}/{self.topic}" if self._stage == "shared" else self.topic

    def _end(self) -> None:
        if self._stage != "off":
            self._filter.give_up(self._own_filter())
            self._hangups = 0
            self._stop()

    def _stop(self) -> None:
        self._stage, self._due = "off", None

    def answered(self, packet: Suback | Unsuback, now: float) -> bool:
        """Whether this is the answer to a request of ours."""
        if not self._filter.answered(packet):
            return False
        if isinstance(packet, Suback) and self._stage != "off":
            if packet.reasons[0] >= UNSPECIFIED_ERROR:
                self._stop()
            else:
                self._ask(now)
        return True

    # -- questions and answers ---------------------------------------------------------------

    def listen(self, wanted: bool) -> None:
        """Reading is switched off or on."""
        self._listening = wanted

    def deadline(self) -> float | None:
        """When ``tick`` has something to do next."""
        return self._due

    def tick(self, now: float) -> None:
        """Time has passed."""
        if self._due is None or now < self._due:
            return
        if not self._tries or not self._listening:  # no answer could have come
            self._due = now + WAIT_S
        elif self._tries < TRIES:
            self._ask(now)
        elif self._stage == "shared":
            self._filter.give_up(self._own_filter())
            self._enter("plain", now)
        else:
            self._end()

    def _ask(self, now: float) -> None:
        question = f"{self._request.canary_nonce} {len(self._questions)} {self._receiver.epoch}".encode()
        version, limit = self._terms.version, self._terms.max_packet_bytes
        data = encode_publish(self.topic, question, 0, False, False, 0, NO_PROPERTIES, version)
        if limit is not None and len(data) > limit:  # [MQTT-3.2.2-15]
            self._end()
            return
        self._questions[question] = self._stage
        self._tries, self._due = self._tries + 1, now + WAIT_S
        self._wire.pass_by(data)

    def sift(self, deliveries: list[Delivery]) -> list[Delivery]:
        """Look at what came on our topic; gives what is for the application."""
        ours = [one for one in deliveries if one.topic == self.topic]
        if not ours:
            return deliveries
        self._receiver.ack(ours)  # somebody else's may have come at QoS 1 or 2
        stages = {self._questions[one.raw] for one in ours if one.raw in self._questions}
        if stages and self._stage != "off":
            if "shared" not in stages:
                self._tell.append(ShareSilent(self.topic))
            self._end()
        return [one for one in deliveries if one.topic != self.topic]
