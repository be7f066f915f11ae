"""What is written down of messages that came in (``intake``); their effects are in ``intake_effects``.

============ ================================================================================
Taken        rows into ``inbound``
Postponed    a row's ``tries``, ``next_at`` and ``reason``
LetGo        rows out of ``inbound``
Given        rows of nobody have an owner
Died         rows out of ``inbound``, if they were there, and copies into ``dead``
Returned     dead letters are rows of ``inbound`` again
Unbound      identifiers of QoS 2 out of the rows that have them
Remembered   digests into ``seen``
Begun        an attempt more in ``begun``; Ended takes it out
============ ================================================================================
"""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.outbox.inbound import Columns
from holdfast.outbox.intake import Held
from holdfast.values import Value


class Taken(Value):
    """These rows are kept."""

    __match_args__ = ("rows",)
    __slots__ = __match_args__

    def __init__(self, rows: list[Columns]) -> None:
        self.rows = rows


class Postponed(Value):
    """This message is to be handled again; ``at`` is outbox time."""

    __match_args__ = ("number", "tries", "at", "reason")
    __slots__ = __match_args__

    def __init__(self, number: int, tries: int, at: float, reason: str) -> None:
        self.number = number
        self.tries = tries
        self.at = at
        self.reason = reason


class LetGo(Value):
    """These numbers are kept no more."""

    __match_args__ = ("numbers",)
    __slots__ = __match_args__

    def __init__(self, numbers: Sequence[int]) -> None:
        self.numbers = list(numbers)


class Given(Value):
    """These numbers are this owner's now, where they were nobody's."""

    __match_args__ = ("numbers", "owner")
    __slots__ = __match_args__

    def __init__(self, numbers: Sequence[int], owner: str) -> None:
        self.numbers = list(numbers)
        self.owner = owner


class Died(Value):
    """These messages are dead letters, and kept no more."""

    __match_args__ = ("messages", "code", "reason")
    __slots__ = __match_args__

    def __init__(self, messages: Sequence[Held], code: int, reason: str) -> None:
        self.messages = list(messages)
        self.code = code
        self.reason = reason


class Returned(Value):
    """These dead letters are kept again: their numbers, and those they are kept under."""

    __match_args__ = ("numbers",)
    __slots__ = __match_args__

    def __init__(self, numbers: list[tuple[int, int]]) -> None:
        self.numbers = numbers


class Unbound(Value):
    """The broker has released these identifiers of this epoch."""

    __match_args__ = ("epoch", "packet_ids")
    __slots__ = __match_args__

    def __init__(self, epoch: int, packet_ids: Sequence[int]) -> None:
        self.epoch = epoch
        self.packet_ids = list(packet_ids)


class Remembered(Value):
    """This owner has seen messages with these digests."""

    __match_args__ = ("owner", "digests")
    __slots__ = __match_args__

    def __init__(self, owner: str, digests: Sequence[bytes]) -> None:
        self.owner = owner
        self.digests = list(digests)


class Begun(Value):
    """This owner begins to handle a message that came again."""

    __match_args__ = ("owner", "digest")
    __slots__ = __match_args__

    def __init__(self, owner: str, digest: bytes) -> None:
        self.owner = owner
        self.digest = digest


class Ended(Value):
    """It has an outcome."""

    __match_args__ = ("owner", "digest")
    __slots__ = __match_args__

    def __init__(self, owner: str, digest: bytes) -> None:
        self.owner = owner
        self.digest = digest


Change = Taken | Postponed | LetGo | Given | Died | Returned | Unbound | Remembered | Begun | Ended

LAGGING = (Postponed, LetGo, Ended)
"""Nobody waits for these: lost with a crash, they cost one more attempt."""
