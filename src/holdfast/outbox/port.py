"""The port every outbox fills in: accepted messages, and the stages of those in flight.

Writing is by groups and may take a while: ``accept`` and ``write`` give the number of a
commit, ``begin`` lets it begin, ``durable`` says which commits have happened, and ``on_durable`` is
called when that number has grown, on any thread. ``on_failed`` is told, on any thread, that commits
fail at present, and with None that they go on. In memory everything is durable at once. ``last``
is the sequence number given last. ``set_aside`` and ``mended`` say what opening found: where a
damaged file was moved, and how its books did not balance. ``draining`` is set while there is a
connection that takes what waits; ``on_ended`` is told, on any thread, which messages ended in here:
expired, or dropped and why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from holdfast.errors import OutboxError
from holdfast.messages import Outgoing
from holdfast.protocol import Record, Restored
from holdfast.protocol.records import Ending
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
    draining: bool
    set_aside: str | None
    mended: str | None
    on_durable: Callable[[], None]
    on_failed: Callable[[OutboxError | None], None]
    on_ended: Callable[[list[Outgoing], Ending, str], None]

    @property
    def durable(self) -> int:
        """The number of the newest commit that has happened."""

    @property
    def failure(self) -> OutboxError | None:
        """Why commits do not happen at present; what ``on_failed`` was told last."""

    def open(self, client_id: str | None = None) -> str | None:
        """Open it for this client id, or for its own; gives the id. Blocks. Raises OutboxError."""

    def restore(self) -> Restored:
        """What was in flight when this outbox was last used."""

    def adopt(self, rows: Sequence[Outgoing]) -> None:
        """Opened again: an earlier run of this process had taken these, and they had not ended.

        Somebody may hold their receipts.
        """

    def lacks(self, rows: Sequence[Outgoing]) -> int | None:
        """None when there is room for these, else the bound that is met."""

    def accept(self, rows: Sequence[Outgoing]) -> int:
        """Number rows of one QoS and take them in, one call at a time; gives the number of their commit.

        Raises OutboxError where they cannot be kept at present: then they were not accepted.
        """

    def begin(self) -> None:
        """Let what was accepted and written be committed: once per turn, on any thread."""

    def take(self, room: int) -> list[Outgoing]:
        """The next unsent rows in order: at most ``room`` of QoS 1 and 2, and those of QoS 0.

        Fewer than there is room for, where they are large; none only when there are none, or when
        they are yet to be committed: then ``on_durable`` follows.
        """

    def write(self, records: Sequence[Record]) -> int:
        """Write down what the session asks for; gives the number of the commit."""

    @property
    def pending(self) -> int:
        """How many accepted messages have not ended."""

    @property
    def at_risk(self) -> int:
        """How many of them are in memory alone, and would be lost with the process."""

    def ledger(self) -> Ledger:
        """The books."""

    def close(self, timeout_s: float | None = None) -> bool:
        """Commit what was handed over and let go; may be opened again. Blocks, so long at most.

        False: not everything was committed. The books stay readable.
        """
