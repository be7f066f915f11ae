"""Strict mode: what no ordinary broker notices (order of acknowledgements, resends, packet ids).

The judge of a link sees every packet where it passes the broker's socket: what the client sent, before
any script can hold or drop it, and what the broker sent, after. It answers with a sentence, or None.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any
from zlib import crc32

from holdfast.codec import (
    Packet,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Subscribe,
    Unsubscribe,
)
from holdfast.codec.packet_types import PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, SUBACK, UNSUBACK

_FAILED = 0x80


class Judge:
    """One link's judge. ``unanswered`` is the session's: id → (link, arrival, fingerprint)."""

    def __init__(self, link_id: int, resumed: bool, unanswered: dict[int, tuple[Any, ...]]) -> None:
        self._link_id = link_id
        self._resumed = resumed
        for packet_id in [packet_id for packet_id, entry in unanswered.items() if not entry[2]]:
            del unanswered[packet_id]  # a SUBSCRIBE or UNSUBSCRIBE is not resumed
        self._unanswered = unanswered
        self._last_arrival = -1
        self._arrivals = 1 + max((entry[1] for entry in unanswered.values()), default=-1)
        self._awaited: dict[type[Packet], deque[int]] = {Puback: deque(), Pubrec: deque(), Pubrel: deque()}
        self._released: set[int] = set()

    # ---- what the broker sent

    def left(self, kind: int, packet_id: int, detail: int) -> None:
        """The broker sent a packet; ``detail`` is the QoS of a PUBLISH, else the reason code."""
        if kind == PUBLISH:
            if detail:
                self._awaited[Puback if detail == 1 else Pubrec].append(packet_id)
        elif kind == PUBREL:
            self._released.add(packet_id)
        elif kind == PUBREC and detail < _FAILED:
            self._awaited[Pubrel].append(packet_id)
        elif kind in _LAST_ANSWERS:
            self._unanswered.pop(packet_id, None)

    # ---- what the client sent

    def objection(self, packet: Packet) -> str | None:
        """What is wrong with this packet of the client's."""
        check = _CHECKS.get(type(packet))
        return None if check is None else check(self, packet)

    def _publish(self, packet: Publish) -> str | None:
        if not packet.qos:
            return None
        known = self._unanswered.get(packet.packet_id)
        fingerprint = (packet.qos, packet.retain, crc32(packet.payload))
        if known is None:
            return self._first(packet, fingerprint)
        link_id, arrival, before = known
        if fingerprint != before:
            return f"PUBLISH with the packet id {packet.packet_id}, which another message uses [MQTT-2.2.1-3]"
        if link_id == self._link_id:
            return f"PUBLISH {packet.packet_id} again on the same connection [MQTT-4.4.0-1]"
        if not packet.dup:
            return f"PUBLISH {packet.packet_id} again without DUP [MQTT-3.3.1-1]"
        if arrival < self._last_arrival:
            return f"PUBLISH {packet.packet_id} resent behind a later one [MQTT-4.6.0-1]"
        self._last_arrival = arrival
        self._unanswered[packet.packet_id] = (self._link_id, arrival, before)
        return None

    def _first(self, packet: Publish, fingerprint: tuple[Any, ...]) -> str | None:
        if packet.dup and not self._resumed:
            return f"PUBLISH {packet.packet_id} with DUP in a new session [MQTT-3.3.1-1]"
        # A resend we do not know was answered before, and the answer lost: its place is where it stands.
        arrival = self._last_arrival if packet.dup else self._arrivals
        self._unanswered[packet.packet_id] = (self._link_id, arrival, fingerprint)
        self._arrivals += 1
        return None

    def _in_order(self, packet: Puback | Pubrec | Pubrel) -> str | None:
        name, clause, cause = _ORDERED[type(packet)]
        awaited = self._awaited[type(packet)]
        if awaited and awaited[0] == packet.packet_id:
            awaited.popleft()
            return None
        if packet.packet_id in awaited:
            return f"{name} {packet.packet_id} before {name} {awaited[0]} [{clause}]"
        if self._goes_on(packet):
            return None
        return f"{name} {packet.packet_id} without a {cause} on this connection"

    def _goes_on(self, packet: Puback | Pubrec | Pubrel) -> bool:
        """PUBREL continues what an earlier connection began [MQTT-4.4.0-1], or an id that we do not know."""
        return isinstance(packet, Pubrel) and self._resumed

    def _pubcomp(self, packet: Pubcomp) -> str | None:
        if packet.packet_id in self._released:
            self._released.discard(packet.packet_id)
            return None
        return f"PUBCOMP {packet.packet_id} without a PUBREL on this connection"

    def _request(self, packet: Subscribe | Unsubscribe) -> str | None:
        if packet.packet_id in self._unanswered:
            return (
                f"{type(packet).__name__.upper()} with the packet id {packet.packet_id} in use [MQTT-2.2.1-3]"
            )
        self._unanswered[packet.packet_id] = (self._link_id, self._arrivals, ())
        return None


_LAST_ANSWERS = frozenset({PUBACK, PUBREC, PUBCOMP, SUBACK, UNSUBACK})
"""What ends the use of a packet id; a PUBREC only if it failed, which ``left`` has seen to before."""

_ORDERED: dict[type[Packet], tuple[str, str, str]] = {
    Puback: ("PUBACK", "MQTT-4.6.0-2", "QoS 1 PUBLISH"),
    Pubrec: ("PUBREC", "MQTT-4.6.0-3", "QoS 2 PUBLISH"),
    Pubrel: ("PUBREL", "MQTT-4.6.0-4", "PUBREC"),
}

_CHECKS: dict[type[Packet], Callable[[Judge, Any], str | None]] = {
    Publish: Judge._publish,
    Puback: Judge._in_order,
    Pubrec: Judge._in_order,
    Pubrel: Judge._in_order,
    Pubcomp: Judge._pubcomp,
    Subscribe: Judge._request,
    Unsubscribe: Judge._request,
}
