"""What the session asks to be written down, and in which order it must be.

The drain order of these records is the durability contract (contract 5). A *gating* record
must be durable before any byte queued after it leaves; the others may lag behind, because
losing them only means that something is sent, or asked for, once more.

===========  ======  ==========================================================================
record       gating  why
===========  ======  ==========================================================================
Assigned     yes     a PUBLISH whose id is forgotten cannot be completed, only doubled
Released     yes     after PUBREL the message must never be published again [MQTT-4.3.3-6]
Received     yes     a QoS 2 id forgotten after PUBREC lets the message in twice
Forgotten    yes     a stale id would swallow the next message under it
EpochBegan   yes     ids of the lost session must not judge messages of the new one
Settled      no      one resend with DUP at worst, which the broker recognises
Failed       no      the broker refuses again; but yes with an identifier withheld, because what
                     is resent next would overtake the row if it came back (contract 8)
===========  ======  ==========================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from holdfast.messages import Outgoing
from holdfast.values import Value

Ending = Literal["acknowledged", "sent", "expired"]


@dataclass(slots=True, eq=False, repr=False)
class Assigned(Value):
    """These rows leave now, each under its packet identifier."""

    rows: list[tuple[int, Outgoing]]


@dataclass(slots=True, eq=False, repr=False)
class Released(Value):
    """PUBREC came for these packet identifiers: from here on only PUBREL is sent."""

    packet_ids: list[int]


@dataclass(slots=True, eq=False, repr=False)
class Received(Value):
    """The QoS 2 messages under these packet identifiers have been taken in."""

    packet_ids: list[int]


@dataclass(slots=True, eq=False, repr=False)
class Forgotten(Value):
    """PUBREL came: these packet identifiers may mean other messages now."""

    packet_ids: list[int]


@dataclass(slots=True, eq=False, repr=False)
class EpochBegan(Value):
    """The broker has a new session for us: rows in flight are unsent again, inbound ids gone."""

    number: int


@dataclass(slots=True, eq=False, repr=False)
class Settled(Value):
    """These rows ended: PUBACK/PUBCOMP came, QoS 0 was handed over, or they were too old."""

    rows: list[Outgoing]
    ending: Ending


@dataclass(slots=True, eq=False, repr=False)
class Failed(Value):
    """This row was refused, by the broker or because its limits forbid it (reason code).

    ``withheld`` is its packet identifier where that stays in use until the session ends
    (contract 10), also over a restart: the broker may still know it; else 0.
    """

    row: Outgoing
    reason: int
    detail: str
    withheld: int = 0


Record = Assigned | Released | Received | Forgotten | EpochBegan | Settled | Failed


@dataclass(slots=True, eq=False, repr=False)
class Restored(Value):
    """What a session begins with after a restart: the rows and ids written down before.

    ``last_packet_id`` is where packet identifiers go on. Without a memory of it, anywhere is
    better than at 1: the broker may still hold QoS 2 identifiers of ours, and would take a new
    message under one of them for a repeated one.
    """

    epoch: int = 0
    sent: list[tuple[int, Outgoing]] = field(default_factory=list)
    released: list[tuple[int, Outgoing]] = field(default_factory=list)
    received: list[int] = field(default_factory=list)
    withheld: list[int] = field(default_factory=list)
    last_packet_id: int = 0
