"""Subscriptions as intents that outlive connections and sessions (MQTT 5 §3.8 – §3.11).

An intent is *wanted* from ``subscribe`` to ``unsubscribe``, and *granted* from SUBACK until
the broker loses the session. What is wanted and not granted is asked for on every connection.

"Session present" is no proof of a subscription: a broker that was killed may come back with the session as it
last saved it, and the session may be one that somebody else began. On MQTT 5 what was granted on an earlier
connection is therefore asked for *again* on each later one, behind everything else and still counting as
granted; Retain Handling 1 keeps this from replaying retained messages. 3.1.1 has no such option: every
reconnect would replay them all, so a grant is believed there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from holdfast.codec import V5, Suback, Subscribe, SubscribeOption, Unsuback, Unsubscribe, encode
from holdfast.messages import NO_PROPERTIES, QoS
from holdfast.protocol.elsewhere import Elsewhere
from holdfast.protocol.events import Granted, NotGranted, ProtocolError, SessionEvent, Unsubscribed
from holdfast.protocol.ids import PacketIds
from holdfast.protocol.terms import Terms
from holdfast.topics import split_share
from holdfast.values import Value

if TYPE_CHECKING:
    from holdfast.protocol.journal import Journal
    from holdfast.protocol.wire import Wire

Retained = Literal["always", "new", "never"]
PROTOCOL_ERROR = 0x82
PACKET_TOO_LARGE = 0x95
REFUSED = 0x80
SHARED_NOT_SUPPORTED = 0x9E
WILDCARDS_NOT_SUPPORTED = 0xA2
IN_FLIGHT = 200
"""SUBSCRIBE and UNSUBSCRIBE packets that may wait for an answer at one time."""


class Intent(Value):
    """One topic filter as it goes on the wire, and what is wanted of it.

    ``identifier`` (1 to 268,435,455) lets the broker say which subscription a message came by.
    """

    __match_args__ = ("filter", "qos", "retained", "no_local", "identifier")
    __slots__ = (*__match_args__, "granted")

    def __init__(
        self,
        filter: str,
        qos: QoS = 1,
        retained: Retained = "always",
        no_local: bool = False,
        identifier: int = 0,
    ) -> None:
        self.filter = filter
        self.qos = qos
        self.retained = retained
        self.no_local = no_local
        self.identifier = identifier
        self.granted: QoS | None = None


class Subscriptions:
    """The intents of a client and the requests about them that are in flight."""

    def __init__(self, journal: Journal, wire: Wire, ids: PacketIds, tell: list[SessionEvent]) -> None:
        self._journal, self._wire, self._ids, self._tell = journal, wire, ids, tell
        self._terms: Terms | None = None
        self.wanted: dict[str, Intent] = {}
        self._leaving: dict[str, None] = {}
        self._ask: dict[str, None] = {}
        self._again: dict[str, None] = {}
        self._asked: dict[int, Intent | str] = {}

    # -- intents -----------------------------------------------------------------------------

    def subscribe(self, intents: Iterable[Intent]) -> None:
        """Want these; an intent for the same filter takes the place of the old one."""
        for intent in intents:
            intent.granted = None
            self.wanted[intent.filter] = intent
            self._ask[intent.filter] = None
            self._again.pop(intent.filter, None)
            if intent.filter in self._leaving:
                del self._leaving[intent.filter]
                self._told_off(intent.filter)
        self.pump()

    def unsubscribe(self, filters: Iterable[str]) -> None:
        """Want these no more; the broker is told now, or at the next connection."""
        for filter in filters:
            self.wanted.pop(filter, None)
            self._ask.pop(filter, None)
            self._again.pop(filter, None)
            self._leave(filter)
        self.pump()

    def _leave(self, filter: str) -> None:
        if filter in self._leaving:
            self._told_off(filter)
        self._leaving[filter] = None

    def _told_off(self, filter: str) -> None:
        """Each ``unsubscribe`` is answered once, also one that a later wish has overtaken."""
        self._tell.append(Unsubscribed(filter, 0))

    # -- the connection ----------------------------------------------------------------------

    def open(self, terms: Terms) -> None:
        """CONNACK came. A new session knows none of our subscriptions."""
        self._terms = terms
        if not terms.session_present:
            self._tell.extend(Unsubscribed(filter, 0) for filter in self._leaving)
            self._leaving.clear()
            self.doubt()
        self._ask = {name: None for name, intent in self.wanted.items() if intent.granted is None}
        self._again = {}
        if terms.version == V5:
            self._again = {name: None for name in self.wanted if name not in self._ask}

    def lost(self) -> None:
        """The connection ended: requests in flight were not answered and are asked again."""
        self._terms = None
        for packet_id, asked in self._asked.items():
            self._ids.free(packet_id)
            if isinstance(asked, str):
                if asked in self.wanted:
                    self._told_off(asked)
                else:
                    self._leave(asked)
        self._asked = {}

    def move(self, left: Elsewhere, here: Elsewhere) -> None:
        """To another session: all is asked for, and what it has that nobody wants any more is given up."""
        left.filters = {*self.wanted, *self._leaving}
        self._leaving.update(dict.fromkeys(here.filters - self.wanted.keys()))
        self.doubt()

    def doubt(self) -> None:
        """A CONNECT went unanswered: the CONNACK that was lost may have said "a new session"."""
        for intent in self.wanted.values():
            intent.granted = None

    def pump(self) -> None:
        """Ask for what is wanted and give up what is not, as far as requests may be in flight."""
        terms = self._terms
        while terms and self._leaving and len(self._asked) < IN_FLIGHT:
            filter = next(iter(self._leaving))
            del self._leaving[filter]
            self._send_unsubscribe(filter, terms)
        for asking in (self._ask, self._again):
            while terms and asking and len(self._asked) < IN_FLIGHT:
                filter = next(iter(asking))
                del asking[filter]
                self._send_subscribe(self.wanted[filter], terms)

    def _send_subscribe(self, intent: Intent, terms: Terms) -> None:
        reason = _forbidden(intent.filter, terms) or self._request(intent, terms)
        if reason:
            self._refused(intent, reason)

    def _send_unsubscribe(self, filter: str, terms: Terms) -> None:
        reason = self._request(filter, terms)
        if reason:
            self._tell.append(Unsubscribed(filter, reason))

    def _request(self, asked: Intent | str, terms: Terms) -> int:
        """Send SUBSCRIBE or UNSUBSCRIBE; gives the reason code that forbids it, or 0."""
        packet_id = self._ids.take()
        data, limit = encode(_packet(packet_id, asked, terms), terms.version), terms.max_packet_bytes
        if limit is not None and len(data) > limit:  # [MQTT-3.2.2-15]
            self._ids.free(packet_id)
            return PACKET_TOO_LARGE
        self._asked[packet_id] = asked
        self._wire.put(data, self._journal.gate)
        return 0

    # -- answers -----------------------------------------------------------------------------

    def suback(self, packet: Suback) -> None:
        """SUBACK: granted at a QoS, or refused (§3.9.3)."""
        intent = self._asked.get(packet.packet_id)
        if not isinstance(intent, Intent) or len(packet.reasons) != 1:
            raise ProtocolError(PROTOCOL_ERROR, "SUBACK that answers no SUBSCRIBE of ours")
        self._answered(packet.packet_id)
        reason = packet.reasons[0]
        if self.wanted.get(intent.filter) is not intent:
            return  # given up or replaced meanwhile: the next answer counts
        if reason >= REFUSED:
            self._refused(intent, reason)
        elif intent.granted != _QOS[reason]:  # the same once more is no news
            intent.granted = _QOS[reason]
            self._tell.append(Granted(intent.filter, _QOS[reason]))

    def _refused(self, intent: Intent, reason: int) -> None:
        intent.granted = None
        self._tell.append(NotGranted(intent.filter, reason))

    def unsuback(self, packet: Unsuback) -> None:
        """UNSUBACK; 3.1.1 gives no reason codes (§3.11.3)."""
        filter = self._asked.get(packet.packet_id)
        if not isinstance(filter, str):
            raise ProtocolError(PROTOCOL_ERROR, "UNSUBACK that answers no UNSUBSCRIBE of ours")
        self._answered(packet.packet_id)
        self._tell.append(Unsubscribed(filter, packet.reasons[0] if packet.reasons else 0))

    def _answered(self, packet_id: int) -> None:
        del self._asked[packet_id]
        self._ids.free(packet_id)
        self.pump()


_QOS: tuple[QoS, QoS, QoS] = (0, 1, 2)
_RETAIN_HANDLING: dict[tuple[Retained, bool], Literal[0, 1, 2]] = {
    ("always", False): 0,
    ("always", True): 1,  # contract 16: no second replay on a resumed session
    ("new", False): 1,
    ("new", True): 1,
    ("never", False): 2,
    ("never", True): 2,
}


def _packet(packet_id: int, asked: Intent | str, terms: Terms) -> Subscribe | Unsubscribe:
    if isinstance(asked, str):
        return Unsubscribe(packet_id, [asked])
    named = asked.identifier and terms.identifiers_available
    properties = {"subscription_identifier": asked.identifier} if named else NO_PROPERTIES
    return Subscribe(packet_id, [_option(asked, terms)], properties)


def _option(intent: Intent, terms: Terms) -> SubscribeOption:
    if terms.version != V5:
        return SubscribeOption(intent.filter, intent.qos)
    handling = _RETAIN_HANDLING[intent.retained, terms.session_present]
    return SubscribeOption(
        intent.filter, intent.qos, intent.no_local, retain_as_published=True, retain_handling=handling
    )


def _forbidden(filter: str, terms: Terms) -> int:
    """The reason code that keeps this filter from being asked for, or 0 (§3.2.2.3.11 – 13)."""
    group, plain = split_share(filter)
    if group and not terms.shared_available:
        return SHARED_NOT_SUPPORTED
    wild = "+" in plain or "#" in plain
    return WILDCARDS_NOT_SUPPORTED if wild and not terms.wildcard_available else 0
