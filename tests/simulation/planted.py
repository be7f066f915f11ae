"""Bugs to plant into a scratch copy of the core: which file, what stands there, what comes in its place.

``promise`` is the name of the promise that the simulator must say was broken.
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


SENDER, RECEIVER = "protocol/sender.py", "protocol/receiver.py"

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
        "self._journal.write(Released(packet_id))\n            self._pubrel(packet_id, 0)",
        "self._pubrel(packet_id, 0)\n            self._journal.write(Released(packet_id))",
    ),
    Bug(
        "PUBREC before the inbound identifier is durable",
        "RECEIVED_FIRST",
        RECEIVER,
        "self._journal.write(Received(packet_id))",
        "self._journal._lag(Received(packet_id))",
    ),
    Bug(
        "PUBCOMP before the inbound identifier is durably gone",
        "FORGOTTEN_FIRST",
        RECEIVER,
        "self._journal.write(Forgotten(packet_id))",
        "self._journal._lag(Forgotten(packet_id))",
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
    ),
    Bug(
        "new messages overtake the resends",
        "ORDER",
        SENDER,
        "        if self.unproven:\n            self._resend()\n        if self.pending and not self.unproven:\n"
        "            self._send()\n",
        "        if self.pending:\n            self._send()\n        if self.unproven:\n            self._resend()\n",
    ),
    Bug("no DUP on a resend", "DUP", SENDER, "dup = packet_id in self._left", "dup = False"),
    Bug(
        "PUBLISH again after PUBREC",
        "RELEASED_STAYS",
        SENDER,
        "for packet_id in self.released:\n            self._pubrel(packet_id, 0)",
        "self.unproven.extendleft(self.released.items())\n        self.released = {}",
    ),
    Bug(
        "a row in flight expires",
        "UNSENT_ONLY",
        SENDER,
        "            refused = refusals.of_row(row, self._terms)\n            if refused is None:\n",
        "            if self._ended(row):\n                self._ids.free(packet_id)\n                continue\n"
        "            refused = refusals.of_row(row, self._terms)\n            if refused is None:\n",
    ),
    Bug(
        "the window is not counted on resends",
        "WINDOW",
        SENDER,
        "while self.unproven and (self._free() > 0 or not self.unproven[0][0]):",
        "while self.unproven:",
    ),
    Bug(
        "PUBREL in any order after a reconnect",
        "PUBREL_ORDER",
        SENDER,
        "for packet_id in self.released:",
        "for packet_id in reversed(self.released):",
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
    # Inbound.
    Bug(
        "acknowledged before it is handled",
        "ACK_AFTER_HANDLER",
        RECEIVER,
        "delivery = Delivery(packet, self.epoch, self._connection)\n        self._join",
        "delivery = Delivery(packet, self.epoch, self._connection, done=True)\n        self._join",
    ),
    Bug(
        "acknowledged in the order handled",
        "ACK_ORDER",
        RECEIVER,
        "self._lines[delivery.publish.qos - 1].append(delivery)",
        "self._lines[delivery.publish.qos - 1].appendleft(delivery)",
    ),
    Bug(
        "an inbound identifier is never forgotten on the disk",
        "FORGOTTEN_FIRST",
        RECEIVER,
        "self._journal.write(Forgotten(packet_id))",
        "pass",
    ),
    Bug(
        "a redelivery is delivered a second time",
        "ATTACH",
        RECEIVER,
        "elif not (packet.dup and _same(packet, known.publish)):",
        "elif known.connection != self._connection:",
    ),
    Bug(
        "inbound identifiers are not read back after a restart",
        "FORGOTTEN_FIRST",
        RECEIVER,
        "dict.fromkeys(restored.received, 0)",
        "{}",
    ),
    Bug(
        "a message is delivered again between PUBREC and PUBREL",
        "ONCE_IN",
        RECEIVER,
        "self._join(Delivery(packet, self.epoch, self._connection, done=True))\n            self._release(2)",
        "self._begin(packet)",
    ),
    # The link.
    Bug(
        "subscriptions are not made again in a new session",
        "SUBSCRIBED",
        "protocol/subscriptions.py",
        "        if not terms.session_present:\n",
        "        if False:\n",
    ),
    Bug("the ping comes late", "PING", "protocol/keepalive.py", "PING_AFTER = 0.75", "PING_AFTER = 1.2"),
    Bug("a dead link is held", "HALF_OPEN", "protocol/keepalive.py", "DEAD_AFTER = 1.4", "DEAD_AFTER = 4.0"),
)
