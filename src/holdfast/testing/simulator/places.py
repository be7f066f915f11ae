"""Where each row of the model is: in exactly one place, or ended (contract 7)."""

from __future__ import annotations

from copy import copy
from typing import Any

from holdfast.messages import Outgoing
from holdfast.protocol import Elsewhere
from holdfast.testing.simulator.promises import Promise, PromiseBroken

_WAITING = ("unsent", "parked")
GIVEN_UP = ("expired", "dropped")

# How a row may end: the ending, the place it ends from, its QoS.
_ENDS = {
    ("sent", "unsent", 0),
    ("acknowledged", "sent", 1),
    ("acknowledged", "released", 2),
    *((ending, place, qos) for ending in GIVEN_UP for place in _WAITING for qos in (0, 1, 2)),
    *(("failed", place, qos) for place in ("unsent", "sent") for qos in (0, 1, 2)),
}

State = dict[str, Any]
"""All that a model knows, as it was at one moment."""

_KNOWN = (
    *("number", "last", "packet_id", "accepted", "endings", "unsent", "parked", "sent", "released"),
    *("received", "withheld", "epoch", "uncertain", "perhaps", "tries", "letters", "letter", "_stage"),
    *("group", "unreleased", "elsewhere"),
)


class Places:
    """Rows, stages, identifiers, dead letters and the ledger of one outbox.

    ``number`` is the newest commit, ``last``, ``packet_id`` (None: none yet) and ``letter`` are the
    numbers given last.
    """

    def __init__(self) -> None:
        self.number = 0
        self.last = 0
        self.accepted = 0
        self.packet_id: int | None = None
        self.endings: dict[int, str] = {}
        self.unsent: dict[int, Outgoing] = {}
        self.parked: dict[int, Outgoing] = {}
        self.sent: dict[int, Outgoing] = {}
        self.released: dict[int, Outgoing] = {}
        self.received: dict[int, None] = {}
        self.withheld: dict[int, None] = {}
        self.epoch = 0
        self.group = ""
        self.unreleased: dict[int, None] = {}
        self.elsewhere: dict[str, Elsewhere] = {}
        self.uncertain: set[int] = set()
        self.perhaps: set[int] = set()
        """Those that may be marked as uncertain already; it is too early for that, and does no harm."""
        self.tries: dict[int, int] = {}
        self.letters: dict[int, bytes] = {}
        self.letter = 0
        self._stage: dict[int, int] = {}

    def state(self) -> State:
        """What it knows at this moment."""
        return {name: copy(getattr(self, name)) for name in _KNOWN}

    def become(self, state: State) -> None:
        """Know this again, and nothing else."""
        for name, value in state.items():
            setattr(self, name, copy(value))

    def accept(self, row: Outgoing) -> None:
        """The row is durable: from now on it is ours."""
        self.accepted += 1
        self.last = max(self.last, row.seq)
        self.unsent[row.seq] = row
        if row.uncertain:  # its epoch ended before it was durable, and so it never left
            self.perhaps.add(row.seq)

    def end(self, seq: int, ending: str) -> None:
        """This row is pending no more."""
        packet_id = self._stage.pop(seq, 0)
        places = {
            "unsent": self.unsent.pop(seq, None),
            "parked": self.parked.pop(seq, None),
            "sent": self.sent.pop(packet_id, None),
            "released": self.released.pop(packet_id, None),
        }
        found = [(ending, place, row.qos) for place, row in places.items() if row is not None]
        if len(found) != 1 or found[0] not in _ENDS:
            before = self.endings.get(seq, "in no place")
            raise PromiseBroken(Promise.LEDGER, f"row {seq} ends as {ending}: {found}, it was {before}")
        self.endings[seq] = ending

    def pending(self) -> int:
        """Rows that have not ended."""
        return sum(map(len, (self.unsent, self.parked, self.sent, self.released)))

    def check(self) -> None:
        """The ledger of contract 7."""
        if self.accepted != len(self.endings) + self.pending():
            raise PromiseBroken(
                Promise.LEDGER,
                f"accepted {self.accepted}, ended {len(self.endings)}, pending {self.pending()}",
            )
