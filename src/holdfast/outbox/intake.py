"""The port for what came in and is kept: messages that are acknowledged, and handled from here.

An outbox file keeps them beside what goes out (contract 13, 15, 17). Whoever holds one has its durability
from the number of the commit, as with every ``write``. Nothing here waits for the disk, and any
thread may call it, but for ``read``, ``seen`` and ``attempts``, which read the file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from holdfast.messages import NO_PROPERTIES, OVERHEAD, Properties, QoS
from holdfast.values import Value


class Held(Value):
    """One inbound message that is kept, and acknowledged; it is handled from here.

    ``number``: 0 until it is kept, rising in the order of keeping. ``owner``: who handles it, a handler
    or an ingest. ``arrived``: when it came, seconds since 1970-01-01 UTC. ``key``: its ordering key, None:
    it has none. ``tries``: how often it was handled. ``next_at``: when it is handled again, on the clock of
    the outbox (outbox time in the file); 0: at once. ``reason``: why it is here, or why it failed last.
    ``epoch`` and ``packet_id``: 0 both, unless its QoS 2 identifier is one that the broker has not released.
    """

    __match_args__ = (
        *("number", "owner", "topic", "payload", "qos", "retain", "properties", "arrived"),
        *("key", "tries", "next_at", "reason", "epoch", "packet_id"),
    )
    __slots__ = __match_args__

    def __init__(
        self,
        number: int,
        owner: str,
        topic: str,
        payload: bytes,
        qos: QoS = 1,
        retain: bool = False,
        properties: Properties = NO_PROPERTIES,
        arrived: float = 0.0,
        key: str | None = None,
        tries: int = 0,
        next_at: float = 0.0,
        reason: str = "",
        epoch: int = 0,
        packet_id: int = 0,
    ) -> None:
        self.number = number
        self.owner = owner
        self.topic = topic
        self.payload = payload
        self.qos: QoS = qos
        self.retain = retain
        self.properties = properties
        self.arrived = arrived
        self.key = key
        self.tries = tries
        self.next_at = next_at
        self.reason = reason
        self.epoch = epoch
        self.packet_id = packet_id

    @property
    def size(self) -> int:
        """What it counts against the byte budget."""
        return OVERHEAD + len(self.topic) + len(self.payload)


class Intake(Protocol):
    """What came in and is kept in the file of an outbox.

    Calls that write give the number of the commit in which it happens (``Outbox.durable``).
    """

    on_returned: Callable[[set[str], int], None]
    """Is told, on any thread, whose dead letters are kept again, and with which commit."""

    @property
    def series(self) -> str:
        """The name of this series of numbers: another one where numbers may have been given before.

        That is so in a file that was made anew, put back, or mended. Known once it is open.
        """

    def hold(self, messages: Sequence[Held]) -> int:
        """Keep these in their order, and number them. Raises OutboxError where nothing can be kept now."""

    def again(self, message: Held) -> int:
        """Its ``tries``, ``next_at`` and ``reason`` have changed."""

    def let_go(self, numbers: Sequence[int]) -> int:
        """These were handled: forget them."""

    def renew(self, messages: Sequence[Held]) -> int:
        """These have another owner or key now, and other numbers, behind all others; in one commit."""

    def owners(self) -> list[str]:
        """Whose messages are kept."""

    def hand_over(self, numbers: Sequence[int], owner: str) -> int:
        """Those of these that are ``UNCLAIMED`` are this owner's from now on; they keep their numbers.

        What somebody else has claimed meanwhile stays theirs.
        """

    def bury(self, messages: Sequence[Held], code: int, reason: str) -> int:
        """These are dead letters; those with a number are kept no more, in the same commit."""

    def read(self, owner: str, after: int, most: int) -> list[Held]:
        """The first of this owner's with numbers above ``after``, as committed.

        Blocks. Raises OutboxError.
        """

    def count(self, owner: str | None = None) -> int:
        """How many are kept, of one owner or of all."""

    def room(self, size: int) -> bool:
        """Whether so many bytes more are within the budget of what came in, and can be kept now."""

    def bound(self, owner: str) -> list[tuple[int, int, str | None]]:
        """Epoch, packet identifier and key of this owner's that have an identifier, in their order.

        Blocks. Raises OutboxError.
        """

    def release(self, epoch: int, packet_ids: Sequence[int]) -> int:
        """The broker has released these identifiers: they mean nothing any more."""

    def seen(self, owner: str) -> set[bytes]:
        """The digests that this owner remembers. Blocks. Raises OutboxError."""

    def saw(self, owner: str, digests: Sequence[bytes]) -> int:
        """Remember these too: the newest ``REMEMBERED`` of each owner are."""

    def begun(self, owner: str, digest: bytes) -> int:
        """A message that came again begins to be handled: one more attempt, durable before it runs."""

    def ended(self, owner: str, digest: bytes) -> int:
        """It ended, in whichever way."""

    def attempts(self, owner: str) -> dict[bytes, int]:
        """How often what never ended was begun, by digest. Blocks. Raises OutboxError."""


UNCLAIMED = ""
"""The owner of what nobody wanted; whoever comes to want it takes it over."""

REMEMBERED = 100_000
"""Digests per owner that are kept."""
