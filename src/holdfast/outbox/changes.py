"""What the outbox itself writes down, beside the records of the session."""

from __future__ import annotations

from typing import Any

from holdfast.messages import Outgoing
from holdfast.outbox import intake_changes
from holdfast.protocol import Record, Settled
from holdfast.values import Value


class Unparked(Value):
    """These rows were parked, and are unsent again."""

    __match_args__ = ("rows",)
    __slots__ = __match_args__

    def __init__(self, rows: list[Outgoing]) -> None:
        self.rows = rows


class Buried(Value):
    """The dead letters of these numbers are deleted; numbers that are none mean nothing."""

    __match_args__ = ("numbers",)
    __slots__ = __match_args__

    def __init__(self, numbers: list[int]) -> None:
        self.numbers = numbers


class Answered(Value):
    """The request of this number was carried out, or why it was not (see ``requests``)."""

    __match_args__ = ("number", "answer")
    __slots__ = __match_args__

    def __init__(self, number: int, answer: dict[str, Any]) -> None:
        self.number = number
        self.answer = answer


class Shed(Settled):
    """These rows were accepted, found no room, and ended: the file never had them."""

    __slots__ = ()


class Revived(Value):
    """These rows are accepted; each is the dead letter of this number, which is deleted."""

    __match_args__ = ("rows",)
    __slots__ = __match_args__

    def __init__(self, rows: list[tuple[int, Outgoing]]) -> None:
        self.rows = rows


Change = Record | Unparked | Buried | Answered | Revived | intake_changes.Change
