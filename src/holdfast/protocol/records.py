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
Deferred     no      as Failed: the broker refuses again, and it is deferred again
Parked       no      as Failed; it was never sent
Failed       no      the broker refuses again; but yes with an identifier withheld or for a row that
                     ends the link: what is sent next would overtake it if it came back (contract 8)
===========  ======  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from holdfast.messages import Outgoing
from holdfast.values import Value

Ending = Literal["acknowledged", "sent", "expired", "dropped"]


class Assigned(Value):
    """These rows leave now, each under its packet identifier."""

    __match_args__ = ("rows",)
    __slots__ = __match_args__

    def __init__(self, rows: list[tuple[int, Outgoing]]) -> None:
        self.rows = rows


class Released(Value):
    """PUBREC came for these packet identifiers: from here on only PUBREL is sent."""

    __match_args__ = ("packet_ids",)
    __slots__ = __match_args__

    def __init__(self, packet_ids: list[int]) -> None:
        self.packet_ids = packet_ids


class Received(Value):
    """The QoS 2 messages under these packet identifiers have been taken in."""

    __match_args__ = ("packet_ids",)
    __slots__ = __match_args__

    def __init__(self, packet_ids: list[int]) -> None:
        self.packet_ids = packet_ids


class Forgotten(Value):
    """PUBREL came: these packet identifiers may mean other messages now."""

    __match_args__ = ("packet_ids",)
    __slots__ = __match_args__

    def __init__(self, packet_ids: list[int]) -> None:
        self.packet_ids = packet_ids


class EpochBegan(Value):
    """The broker has a new session for us: rows in flight are unsent again, inbound ids gone."""

    __match_args__ = ("number",)
    __slots__ = __match_args__

    def __init__(self, number: int) -> None:
        self.number = number


class Settled(Value):
    """These rows ended: PUBACK/PUBCOMP came, QoS 0 was handed over, they were too old, or were given up."""

    __match_args__ = ("rows", "ending")
    __slots__ = __match_args__

    def __init__(self, rows: list[Outgoing], ending: Ending) -> None:
        self.rows = rows
        self.ending = ending


class Failed(Value):
    """This row was refused, by the broker or because its limits forbid it (reason code).

    ``withheld`` is its packet identifier where that stays in use until the session ends
    (contract 10), also over a restart: the broker may still know it; else 0. ``unsent``: it never left.
    Reason 0: nobody refused it, but the session it was in is gone (``on_session_lost="fail"``).
    ``kills``: it ended the link so many times, and was given up for that; else 0.
    """

    __match_args__ = ("row", "reason", "detail", "withheld", "unsent", "kills")
    __slots__ = __match_args__

    def __init__(
        self,
        row: Outgoing,
        reason: int,
        detail: str,
        withheld: int = 0,
        unsent: bool = False,
        kills: int = 0,
    ) -> None:
        self.row = row
        self.reason = reason
        self.detail = detail
        self.withheld = withheld
        self.unsent = unsent
        self.kills = kills


class Deferred(Value):
    """The broker refused this row, and may take it later: it is unsent again, but not before ``until``.

    Made of a Failed by whoever decides about refusals; ``until`` is on the clock of the session.
    """

    __match_args__ = ("row", "reason", "detail", "until")
    __slots__ = __match_args__

    def __init__(self, row: Outgoing, reason: int, detail: str, until: float) -> None:
        self.row = row
        self.reason = reason
        self.detail = detail
        self.until = until


class Parked(Value):
    """This row cannot go to this broker and was never sent: it waits, out of the line, for other terms.

    Made of a Failed by whoever decides about refusals.
    """

    __match_args__ = ("row", "reason", "detail")
    __slots__ = __match_args__

    def __init__(self, row: Outgoing, reason: int, detail: str) -> None:
        self.row = row
        self.reason = reason
        self.detail = detail


Record = Assigned | Released | Received | Forgotten | EpochBegan | Settled | Failed | Deferred | Parked


class Restored(Value):
    """What a session begins with after a restart: the rows and ids written down before.

    ``last_packet_id`` is where packet identifiers go on. Without a memory of it, anywhere is
    better than at 1: the broker may still hold QoS 2 identifiers of ours, and would take a new
    message under one of them for a repeated one. ``lost``: there was state and it is known to be
    gone or stale (contract 1, 26), so the session that the broker still has is not ours to resume.
    """

    __match_args__ = ("epoch", "sent", "released", "received", "withheld", "last_packet_id", "lost")
    __slots__ = __match_args__

    def __init__(
        self,
        epoch: int = 0,
        sent: Iterable[tuple[int, Outgoing]] = (),
        released: Iterable[tuple[int, Outgoing]] = (),
        received: Iterable[int] = (),
        withheld: Iterable[int] = (),
        last_packet_id: int = 0,
        lost: bool = False,
    ) -> None:
        self.epoch = epoch
        self.sent = list(sent)
        self.released = list(released)
        self.received = list(received)
        self.withheld = list(withheld)
        self.last_packet_id = last_packet_id
        self.lost = lost
