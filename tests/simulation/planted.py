"""Bugs to plant into a scratch copy of the core: which file, what stands there, what comes in its place.

``promise`` is the name of the promise that the simulator must say was broken; ``also`` names those that
the same bug breaks as well, whichever a seed comes upon first. ``seeds`` is in how many it must be found,
from ``first`` on: where what it takes is rare, near it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bug:
    """One change of one file below ``holdfast/``."""

    name: str
    promise: str
    file: str
    old: str
    new: str
    also: tuple[str, ...] = ()
    seeds: int = 300
    first: int = 0


SENDER, RECEIVER = "protocol/sender.py", "protocol/receiver.py"
SUSPICION = "protocol/suspicion.py"

BUGS = (
    # The five orders of contract 5, each turned round: the bytes no longer wait for their record.
    Bug(
        "PUBLISH before its identifier is durable",
        "ASSIGNED_FIRST",
        SENDER,
        "self._journal.write(Assigned(assigned))",
        "self._journal._lag(Assigned(assigned))",
    ),
    Bug(
        "PUBREL before the PUBREC is durable",
        "RELEASED_FIRST",
        SENDER,
        "self._journal.write(Released(moved))\n"
        "            self._wire.put(encode_acks(PUBREL, moved), self._journal.gate)",
        "self._wire.put(encode_acks(PUBREL, moved), self._journal.gate)\n"
        "            self._journal.write(Released(moved))",
    ),
    Bug(
        "PUBREC before the inbound identifier is durable",
        "RECEIVED_FIRST",
        RECEIVER,
        "self._journal.write(Received(new))",
        "self._journal._lag(Received(new))",
    ),
    Bug(
        "PUBCOMP before the inbound identifier is durably gone",
        "FORGOTTEN_FIRST",
        RECEIVER,
        "self._journal.write(Forgotten(known))",
        "self._journal._lag(Forgotten(known))",
    ),
    Bug(
        "a new session before its epoch is durable",
        "EPOCH_FIRST",
        "protocol/session.py",
        "self._journal.write(EpochBegan(self._receiver.epoch))",
        "self._journal._lag(EpochBegan(self._receiver.epoch))",
    ),
    # Outbound.
    Bug(
        "a lost session takes what was in flight with it",
        "NOTHING_LOST",
        SENDER,
        "sorted([*rows, *self.pending], ",
        "sorted([*self.pending], ",
        also=("ORDER", "LIVE"),
    ),
    Bug(
        "new messages overtake the resends",
        "ORDER",
        SENDER,
        "        if self.unproven:\n            self._resend()\n"
        "        if self.pending and not self.unproven:\n            self._send()\n",
        "        if self.pending:\n            self._send()\n"
        "        if self.unproven:\n            self._resend()\n",
        also=("RESEND_ORDER",),
        seeds=1000,
    ),
    Bug("no DUP on a resend", "DUP", SENDER, "dup = packet_id in self._left", "dup = False"),
    Bug(
        "PUBLISH again after PUBREC",
        "RELEASED_STAYS",
        SENDER,
        "for packet_id in self.released:\n            self._pubrel(packet_id, 0)",
        "for packet_id, row in [*self.released.items()]:\n"
        "            if row is None:\n"
        "                self._pubrel(packet_id, 0)\n"
        "            else:\n"
        "                self.unproven.appendleft((packet_id, self.released.pop(packet_id)))",
        also=("LEDGER",),
    ),
    Bug(
        "a row in flight expires",
        "UNSENT_ONLY",
        SENDER,
        "            refused = refusals.of_row(row, self._terms)\n            if refused is None:\n",
        "            if self._ended(row):\n                self._ids.free(packet_id)\n"
        "                continue\n"
        "            refused = refusals.of_row(row, self._terms)\n            if refused is None:\n",
    ),
    Bug(
        "the window is not counted on resends",
        "WINDOW",
        SENDER,
        "while self.unproven and (self._free() > 0 or not self.unproven[0][0]):",
        "while self.unproven:",
        also=("LIVE",),
    ),
    Bug(
        "PUBREL in any order after a reconnect",
        "PUBREL_ORDER",
        SENDER,
        "for packet_id in self.released:",
        "for packet_id in reversed(self.released):",
        also=("STRICT",),
    ),
    Bug(
        "a withheld identifier is given away after a restart",
        "IDENTIFIER",
        SENDER,
        "self._withheld = list(restored.withheld)",
        "self._withheld: list[int] = []",
    ),
    Bug(
        "what the broker cannot take is resent all the same",
        "LIMITS",
        SENDER,
        "            if refused is None:\n                self.sent",
        "            if True:\n                self.sent",
    ),
    Bug(
        "resends leave last first",
        "RESEND_ORDER",
        SENDER,
        "self.unproven.extendleft(reversed(left))",
        "self.unproven.extendleft(left)",
        also=("ORDER",),
    ),
    Bug(
        "a completed message is booked as sent",
        "LEDGER",
        SENDER,
        'self._ids.free(packet.packet_id)\n        self._journal.settle("acknowledged")',
        'self._ids.free(packet.packet_id)\n        self._journal.settle("sent")',
    ),
    Bug(
        "an identifier is not given back",
        "SANE",
        SENDER,
        'self._ids.free(packet.packet_id)\n        self._journal.settle("acknowledged")',
        'self._journal.settle("acknowledged")',
    ),
    Bug(
        "the seconds left are rounded down",
        "EXPIRY",
        SENDER,
        "max(1, ceil(row.expires_at - self.now))",
        "max(1, int(row.expires_at - self.now))",
    ),
    Bug(
        "a stray PUBCOMP is not expected",
        "NO_EXCEPTION",
        SENDER,
        "self.released.pop(packet.packet_id, None)",
        "self.released.pop(packet.packet_id)",
    ),
    # A message that ends the link.
    Bug(
        "the oldest in flight is given up without a trial",
        "INNOCENT",
        SUSPICION,
        "self._strikes == STRIKES",
        "self._strikes >= 0",
    ),
    Bug(
        "an end of the link in the control is held against the message",
        "INNOCENT",
        SUSPICION,
        "        if self._state != GROWING:\n            self._clear(FREE)\n",
        "        if self._state != GROWING:\n            self._strikes = min(STRIKES, self._strikes + 1)\n",
        seeds=100,
        first=1600,
    ),
    Bug(
        "a message that ends the link is sent for ever",
        "LIVE",
        SUSPICION,
        "self._strikes = self._strikes + 1 if",
        "self._strikes = 0 if",
    ),
    Bug(
        "the identifier of a message that was given up is given away",
        "IDENTIFIER",
        SENDER,
        "        self._withheld.append(packet_id)\n",
        "        self._ids.free(packet_id)\n",
        also=("SANE",),
    ),
    # Inbound.
    Bug(
        "acknowledged before it is handled",
        "ACK_AFTER_HANDLER",
        RECEIVER,
        "self._join(packet)\n        self._running",
        "packet.done = True\n        self._join(packet)\n        self._running",
    ),
    Bug(
        "acknowledged in the order handled",
        "ACK_ORDER",
        RECEIVER,
        "self._lines[delivery.qos - 1].append(delivery)",
        "self._lines[delivery.qos - 1].appendleft(delivery)",
    ),
    Bug(
        "an inbound identifier is never forgotten on the disk",
        "FORGOTTEN_FIRST",
        RECEIVER,
        "self._journal.write(Forgotten(known))",
        "pass",
    ),
    Bug(
        "a redelivery is delivered a second time",
        "ATTACH",
        RECEIVER,
        "elif not (packet.duplicate and _same(packet, known)):",
        "elif known.connection != self._connection:",
        also=("ONCE_IN",),
    ),
    Bug(
        "inbound identifiers are not read back after a restart",
        "FORGOTTEN_FIRST",
        RECEIVER,
        "dict.fromkeys(restored.received)",
        "{}",
        also=("ONCE_IN",),
    ),
    Bug(
        "a message is delivered again between PUBREC and PUBREL",
        "ONCE_IN",
        RECEIVER,
        "packet.done = True\n            self._join(packet)\n            self._release(2)",
        "self._begin(packet)",
        also=("ATTACH",),
    ),
    Bug(
        "QoS 2 is handled and never acknowledged",
        "LIVE",
        RECEIVER,
        "        self._release(1)\n        self._release(2)\n",
        "        self._release(1)\n",
    ),
    Bug(
        "PUBCOMP leaves twice",
        "STRICT",
        RECEIVER,
        "self._put(encode_acks(PUBCOMP, known))",
        "self._put(encode_acks(PUBCOMP, known) * 2)",
    ),
    Bug(
        "a broker that exceeds our Receive Maximum is hung up on",
        "NO_FALSE_ALARM",
        RECEIVER,
        "            self._tell.append(Anomaly(OVERFILLED, (first or second)[-1].packet_id))",
        "            raise ProtocolError(0x93, OVERFILLED)",
        also=("NO_EXCEPTION",),
    ),
    # Topic aliases.
    Bug(
        "aliases outlive their connection",
        "ALIAS",
        "protocol/aliases.py",
        "        self._given: dict[str, int] = {}",
        '        self._given: dict[str, int] = getattr(self, "_given", {})',
    ),
    Bug(
        "an alias is used before it is set",
        "ALIAS",
        "protocol/aliases.py",
        "return topic, alias\n        return topic, 0",
        'return "", alias\n        return topic, 0',
    ),
    Bug(
        "a packet is too large by its alias",
        "LIMITS",
        "protocol/aliases.py",
        "wire_size(row, V5) + SETTING <= self._limit",
        "wire_size(row, V5) <= self._limit",
    ),
    # Authentication.
    Bug(
        "an answer is for whichever challenge is out",
        "NO_FALSE_ALARM",
        "protocol/authentication.py",
        "return challenge is self._challenge",
        "return True",
        also=("STRICT",),
    ),
    Bug(
        "an answer begins a new exchange",
        "STRICT",
        "protocol/authentication.py",
        "self._send(CONTINUE, data)",
        "self._send(REAUTHENTICATE, data)",
    ),
    # The link.
    Bug(
        "a ping does not wait for CONNACK",
        "CONNECT_FIRST",
        "protocol/session.py",
        "self._wire.open(data)",
        "self._wire.open(data + PINGREQ)",
    ),
    Bug(
        "the way out stays open behind DISCONNECT",
        "DISCONNECT_LAST",
        "protocol/session.py",
        "        self._wire.close()\n",
        "",
    ),
    Bug(
        "a packet out of place is overlooked",
        "BROKEN_RULE",
        "protocol/session.py",
        'raise ProtocolError(\n                    PROTOCOL_ERROR, f"{_name(packet)} from',
        '_ = ProtocolError(\n                    PROTOCOL_ERROR, f"{_name(packet)} from',
    ),
    Bug(
        "subscriptions are not made again in a new session",
        "SUBSCRIBED",
        "protocol/subscriptions.py",
        "        if not terms.session_present:\n",
        "        if False:\n",
    ),
    Bug(
        "a session that is present is believed to know every subscription",
        "SUBSCRIBED",
        "protocol/subscriptions.py",
        "if terms.version == V5:\n            self._again",
        "if False:\n            self._again",
        seeds=100,
        first=1150,
    ),
    # What the client says of itself.
    Bug(
        "a birth waits for room behind the QoS 0 of the backlog",
        "PRESENCE",
        SENDER,
        "(fresh or self._free() > 0)",
        "(self._free() > 0)",
        seeds=1000,
    ),
    Bug(
        "an announcement takes no place in the window",
        "STRICT",
        SENDER,
        "self._take_places(1)",
        "pass",
        also=("WINDOW",),
    ),
    Bug(
        "an older offline is left standing",
        "PRESENCE",
        "protocol/watch.py",
        " and self._announcer.repeat()",
        "",
    ),
    Bug(
        "handlers hear the watch",
        "PRESENCE",
        "protocol/watch.py",
        "if not ours or not self._alone:",
        "if True:",
    ),
    Bug(
        "handlers hear the probe",
        "PROBE",
        "protocol/prober.py",
        "return [one for one in deliveries if one.topic != self._topic]",
        "return deliveries",
    ),
    Bug(
        "a probe that never worked ends a link",
        "PROBE",
        "protocol/probe.py",
        "self._open and self._proven and",
        "self._open and",
    ),
    Bug("the ping comes late", "PING", "protocol/keepalive.py", "PING_AFTER = 0.75", "PING_AFTER = 1.2"),
    Bug("a dead link is held", "HALF_OPEN", "protocol/keepalive.py", "DEAD_AFTER = 1.4", "DEAD_AFTER = 4.0"),
    # The broker: what a client alone cannot break first. Here the witnesses are shown to see.
    Bug(
        "the broker takes a QoS 2 message twice",
        "ONCE_OUT",
        "testing/model/receiving.py",
        "if packet.packet_id not in session.inbound:",
        "if packet.dup or packet.packet_id not in session.inbound:",
    ),
    Bug(
        "the broker loses what it has queued",
        "NOTHING_LOST_IN",
        "testing/model/delivering.py",
        "            session.queue.append(delivery)\n",
        "            session.queue.append(delivery) if session.link else None\n",
    ),
)
