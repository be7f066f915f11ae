"""The port every outbox fills in: accepted messages, and the stages of those in flight.

Writing is by groups and may take a while: ``accept`` and ``write`` give the number of a
commit, ``begin`` lets it begin, ``durable`` says which commits have happened, and ``on_durable`` is
called when that number has grown, on any thread. ``on_failed`` is told, on any thread, that commits
fail at present, and with None that they go on. In memory everything is durable at once. ``last``
is the sequence number given last. ``set_aside`` and ``mended`` say what opening found: where a
damaged file was moved, and how its books did not balance. ``draining`` is set while there is a
connection that takes what waits; ``on_ended`` is told, on any thread, which messages ended in here,
how, and because of which limit, policy or request.

Two parties use it. Whoever publishes asks ``lacks``, may ``make_room``, and calls ``accept``: on any
thread, holding ``accepting`` from the first look at ``last`` on. The engine does the rest, on its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from holdfast.errors import OutboxError
from holdfast.messages import Outgoing
from holdfast.protocol import Record, Restored
from holdfast.protocol.records import Ending
from holdfast.values import Frozen

if TYPE_CHECKING:
    from holdfast.outbox.brokers import Groups
    from holdfast.outbox.intake import Intake


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

    accepting: Lock
    last: int
    draining: bool
    names: list[str]
    """How the groups are called that it was opened for (contract 3)."""
    set_aside: str | None
    mended: str | None
    on_durable: Callable[[], None]
    on_failed: Callable[[OutboxError | None], None]
    on_ended: Callable[[list[Outgoing], Ending, str], None]

    @property
    def intake(self) -> Intake | None:
        """What came in and is kept here; None: an outbox in memory keeps nothing."""

    @property
    def durable(self) -> int:
        """The number of the newest commit that has happened."""

    @property
    def failure(self) -> OutboxError | None:
        """Why commits do not happen at present; what ``on_failed`` was told last."""

    def open(self, client_id: str | None = None, groups: Groups = ()) -> str | None:
        """Open it for this client id, or for its own, and for these groups of brokers; gives the id.

        Blocks. Raises OutboxError.
        """

    def restore(self) -> Restored:
        """What was in flight when this outbox was last used."""

    def adopt(self, rows: Sequence[Outgoing]) -> None:
        """Opened again: an earlier run of this process had taken these, and they had not ended."""

    def lacks(self, rows: Sequence[Outgoing], spare: bool = False) -> int | None:
        """None when there is room for these, else the bound that is met.

        ``spare``: a tenth more than the budget counts, which is for handlers (contract 11).
        """

    def make_room(self, rows: Sequence[Outgoing]) -> bool:
        """Give up unsent messages, by the policy, so that these fit; ``on_ended`` is told of them.

        False: the policy does not allow it, or it would not be enough: nothing was given up. Messages
        in flight are never given up. Raises OutboxError where nothing can be kept at present.
        """

    def accept(self, rows: Sequence[Outgoing]) -> int:
        """Number rows and take them in, of any QoS and priority; gives the number of their commit.

        The list is the outbox's from then on. Where what does not fit is dropped, ``on_ended`` is told
        before this returns. Raises OutboxError where they cannot be kept at present: then they were not
        accepted.
        """

    def begin(self) -> None:
        """Let what was accepted and written be committed: once per turn, on any thread."""

    def take(self, room: int) -> list[Outgoing]:
        """The next unsent rows: at most ``room`` of QoS 1 and 2, and those of QoS 0.

        Classes share the room, each in accept order (contract 8). Fewer than there is room for, where
        they are large; none only when there are none that may go, or when they are yet to be
        committed: then ``on_durable`` follows.
        """

    def write(self, records: Sequence[Record]) -> int:
        """Write down what the session asks for; gives the number of the commit.

        Rows that are deferred or parked wait again, out of the line.
        """

    def unpark(self, fits: Callable[[Outgoing], bool]) -> None:
        """There are new terms: parked rows that fit them are unsent again, and go first, some at a time."""

    def sweep(self, now: float) -> float | None:
        """Look after what waits: end what is too old, let deferred rows go, carry out what is requested.

        Some at a time: gives the time at which to call it again. None: nothing waits, so call it in
        the turn in which something was accepted. Rows that may go now are there to be taken.
        """

    @property
    def pending(self) -> int:
        """How many accepted messages have not ended."""

    @property
    def parked(self) -> int:
        """How many of them are parked: they wait for other terms, or for somebody to look after them."""

    @property
    def at_risk(self) -> int:
        """How many of them are in memory alone, and would be lost with the process."""

    def ledger(self) -> Ledger:
        """The books."""

    def close(self, timeout_s: float | None = None) -> bool:
        """Commit what was handed over and let go; may be opened again. Blocks, so long at most.

        False: not everything was committed. The books stay readable.
        """
