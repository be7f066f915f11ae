"""What a session with other brokers holds of us while we are not there (contract 3).

``unanswered`` and ``unreleased`` are tombstones: identifiers of exchanges that were begun there, and whose
rows have gone on with other brokers since. Those of QoS 2 are completed when we are back, by PUBREL, or
the broker would take the next message under such an identifier for a repetition; in the order in which
they stand. Of QoS 1 the broker keeps nothing; an acknowledgement that comes late all the same finds its
identifier unused for the time of one connection.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from holdfast.values import Value

if TYPE_CHECKING:
    from holdfast.protocol.receiver import Delivery


class Elsewhere(Value):
    """The state of one session that is not the present one.

    ``received``: inbound QoS 2 identifiers between PUBREC and PUBREL. ``lost``: what the broker has there
    is not ours to resume (see ``Restored``).

    Only the process that left it knows ``contents``, what tells the messages received; ``running``, those
    being handled; and ``filters``, what it had subscribed to or not yet given up.
    """

    __match_args__ = ("epoch", "unanswered", "unreleased", "withheld", "received", "lost")
    __slots__ = (*__match_args__, "contents", "filters", "running")

    def __init__(
        self,
        epoch: int = 0,
        unanswered: Iterable[int] = (),
        unreleased: Iterable[int] = (),
        withheld: Iterable[int] = (),
        received: Iterable[int] = (),
        lost: bool = False,
    ) -> None:
        self.epoch = epoch
        self.unanswered = list(unanswered)
        self.unreleased = list(unreleased)
        self.withheld = list(withheld)
        self.received = list(received)
        self.lost = lost
        self.contents: dict[int, int | None] = dict.fromkeys(self.received)
        self.running: dict[int, Delivery] = {}
        self.filters: set[str] = set()
