"""One batch in the making: messages become rows as they come."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from holdfast.client.inbox import Item
from holdfast.ingest.errors import Misfit
from holdfast.ingest.identifiers import Identifiers
from holdfast.ingest.row import Row, as_it_came
from holdfast.ingest.sink import Batch, Refused
from holdfast.messages import Message
from holdfast.protocol import ReleaseAsked


class Draft:
    """``count`` messages, of which ``known`` are stored already, and the questions that it answers.

    What makes no row is for the quarantine, and is stored as well as any: its identifier, too.
    """

    def __init__(self, row: Callable[[Message], Row], identifiers: Identifiers | None) -> None:
        self._row = row
        self._identifiers = identifiers
        self._rows: list[Row] = []
        self._messages: list[Message] = []
        self._refused: list[Refused] = []
        self.count = self.known = 0
        self.deadline = 0.0
        self.asked: Sequence[ReleaseAsked] = ()

    def add(self, items: Sequence[Item]) -> None:
        """These came next."""
        self.count += len(items)
        rows, messages, row, identifiers = self._rows, self._messages, self._row, self._identifiers
        for message, delivery, _, _ in items:
            if delivery.qos == 2 and identifiers is not None and not identifiers.take(delivery):
                self.known += 1
                continue
            try:
                rows.append(row(message))
                messages.append(message)
            except Misfit as misfit:
                self._refused.append(Refused(as_it_came(message), str(misfit)))

    def batch(self, number: int) -> Batch:
        """As it is written."""
        messages = self._messages
        state = "" if self._identifiers is None else self._identifiers.state()
        return Batch(number, self._rows, lambda place: as_it_came(messages[place]), self._refused, state)
