"""Our status topic, watched while we are connected (contract 22).

An old connection of ours may die after a new birth, and its will would leave a living client "offline":
heard, it is answered with the birth once more.

The subscription is ours alone (``own_filter``). Where a filter of the application covers the topic there is
none: what comes by that one is looked at. Without the right to subscribe nobody watches.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection

from holdfast.codec import Suback, Unsuback
from holdfast.protocol.announcer import OFFLINE, ONLINE, Announcer
from holdfast.protocol.events import Reasserted, SessionEvent, Unwatched
from holdfast.protocol.ids import PacketIds
from holdfast.protocol.journal import Journal
from holdfast.protocol.own_filter import HANGUPS, PACKET_TOO_LARGE, UNSPECIFIED_ERROR, OwnFilter
from holdfast.protocol.receiver import Delivery, Receiver
from holdfast.protocol.subscriptions import Subscriptions
from holdfast.protocol.terms import ConnectRequest, Terms
from holdfast.protocol.wire import Wire
from holdfast.topics import matches, split_share

REMEMBERED = 8
"""Payloads of ours that said offline: on 3.1.1 they have no other mark."""


class Watch:
    """``on``: connected, with a birth to defend."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        announcer: Announcer,
        receiver: Receiver,
        journal: Journal,
        wire: Wire,
        ids: PacketIds,
        tell: list[SessionEvent],
    ) -> None:
        self._subscriptions = subscriptions
        self._announcer = announcer
        self._receiver = receiver
        self._filter = OwnFilter(journal, wire, ids)
        self._tell = tell
        self._topic = ""
        self._birth: bytes | None = None
        self._offline: deque[bytes] = deque(maxlen=REMEMBERED)
        self._alone = False
        self._hangups = 0
        self.on = False

    # -- the connection ----------------------------------------------------------------------

    def begin(self, request: ConnectRequest) -> None:
        """CONNECT is about to leave, and with it what will say offline."""
        self._birth = request.birth
        if request.birth is not None and request.will is not None:
            self._topic = request.will.topic
            if request.will.payload not in self._offline:
                self._offline.append(request.will.payload)

    def open(self, terms: Terms) -> None:
        """CONNACK came."""
        if self._birth is None:
            return
        self.on = True
        self._filter.open(terms)
        if not self._covered_by(self._subscriptions.wanted):
            self._ask()
        elif terms.session_present and self._topic not in self._subscriptions.wanted:
            self._give_up()  # an earlier process may have left it

    def leave(self) -> None:
        """DISCONNECT follows: no kept session is left with a filter that nobody asked for."""
        if self._alone:
            self._give_up()

    def lost(self) -> None:
        """The connection is gone."""
        asking = self._filter.lost()
        if self.on and self._hangups == HANGUPS:
            self._hangups -= 1  # this one did without
        elif asking:
            self._hangups += 1
        self.on = self._alone = False

    # -- the subscription --------------------------------------------------------------------

    def make_way(self, filters: Collection[str]) -> None:
        """The application is about to want these."""
        if self._alone and self._covered_by(filters):
            self._alone = False
            if self._topic not in filters:  # else its SUBSCRIBE takes the place of ours
                self._give_up()

    def look_again(self, filters: Collection[str]) -> None:
        """The application wants these no more."""
        if (not self._alone or self._topic in filters) and not self._covered_by(self._subscriptions.wanted):
            self._ask()

    def _covered_by(self, filters: Collection[str]) -> bool:
        return any(matches(split_share(filter)[1], self._topic) for filter in filters)

    def _ask(self) -> None:
        self._alone = True  # also where it is not asked for: an earlier connection may have left it
        if self._hangups < HANGUPS:
            self._leaves(self._filter.ask(self._topic))
        else:
            self._tell.append(Unwatched(self._topic, UNSPECIFIED_ERROR))

    def _give_up(self) -> None:
        self._leaves(self._filter.give_up(self._topic))

    def _leaves(self, taken: bool) -> None:
        if not taken:
            self._tell.append(Unwatched(self._topic, PACKET_TOO_LARGE))

    def answered(self, packet: Suback | Unsuback) -> bool:
        """Whether this is the answer to a request of ours."""
        if not self._filter.answered(packet):
            return False
        if isinstance(packet, Suback):
            self._hangups = 0
            if packet.reasons[0] >= UNSPECIFIED_ERROR:
                self._tell.append(Unwatched(self._topic, packet.reasons[0]))
        return True

    # -- what comes --------------------------------------------------------------------------

    def sift(self, deliveries: list[Delivery]) -> list[Delivery]:
        """Look at what came on our topic; gives what is for the application."""
        ours = [one for one in deliveries if one.topic == self._topic]
        if any(map(self._says_offline, ours)) and self._announcer.repeat():
            self._tell.append(Reasserted(self._topic))
        if not ours or not self._alone:
            return deliveries
        self._receiver.ack(ours)  # by a filter that an earlier process left
        return [one for one in deliveries if one.topic != self._topic]

    def _says_offline(self, delivery: Delivery) -> bool:
        marks = delivery.properties.get("user_property", ())
        if ONLINE in marks or OFFLINE in marks:
            return OFFLINE in marks
        return delivery.raw in self._offline and delivery.raw != self._birth
