"""The port every outbox fills in: accepted messages, and the stages of those in flight.

Writing is by groups and may take a while: ``accept`` and ``write`` give the number of a
commit, ``durable`` says which commits have happened, and ``on_durable`` is called when that
number has grown. In memory everything is durable at once. ``last`` is the sequence number given
last. ``draining`` is set while there is a connection that takes what waits; ``on_dropped`` is
told which QoS 0 messages were given up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from holdfast.messages import Outgoing
from holdfast.protocol import Record, Restored
from holdfast.values import Frozen


class Ledger(Frozen):
    """Where every accepted message is (contract 7).

    ``accepted == acknowledged + sent + failed + expired + dropped + pending`` at every moment;
    ``sent`` are those of QoS 0, which nobody acknowledges.
    """

    __match_args__ = (
        "accepted",
        "acknowledged",
        "sent",
        "failed",
        "expired",
        "dropped",
        "pending",
        "since",
    )
    __slots__ = __match_args__

    def __init__(
        self,
        accepted: int,
        acknowledged: int,
        sent: int,
        failed: int,
        expired: int,
        dropped: int,
        pending: int,
        since: datetime,
    ) -> None:
        self.accepted = accepted
        self.acknowledged = acknowledged
        self.sent = sent
        self.failed = failed
        self.expired = expired
        self.dropped = dropped
        self.pending = pending
        self.since = since


class Outbox(Protocol):
    """Where accepted messages wait, and what is in flight is written down."""

    last: int
    durable: int
    draining: bool
    on_durable: Callable[[], None]
    on_dropped: Callable[[list[Outgoing]], None]

    def restore(self) -> Restored:
        """What was in flight when this outbox was last used."""

    def lacks(self, rows: Sequence[Outgoing]) -> int | None:
        """None when there is room for these, else the bound that is met."""

    def accept(self, rows: Sequence[Outgoing]) -> int:
        """Number rows of one QoS and take them in, one call at a time; gives the number of their commit."""

    def take(self, room: int) -> list[Outgoing]:
        """The next unsent rows in order: at most ``room`` of QoS 1 and 2, and those of QoS 0.

        Fewer than there is room for, where they are large; none only when there are none.
        """

    def write(self, records: Sequence[Record]) -> int:
        """Write down what the session asks for; gives the number of the commit."""

    @property
    def pending(self) -> int:
        """How many accepted messages have not ended."""

    def ledger(self) -> Ledger:
        """The books."""

    def close(self) -> None:
        """Nothing more will come."""
