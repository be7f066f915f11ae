"""One batch in the making: messages become rows as they come."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from holdfast.client.inbox import Item
from holdfast.ingest.errors import Misfit
from holdfast.ingest.identifiers import Bound, Identifiers, digest_of
from holdfast.ingest.row import Row, as_it_came
from holdfast.ingest.sink import Batch, Refused
from holdfast.messages import Message
from holdfast.protocol import Delivery, ReleaseAsked

Entry = tuple[Message, Delivery, str]
"""A message, its delivery, and its digest, where it has a QoS 2 identifier to be remembered."""


class Draft:
    """``count`` messages, of which ``known`` are kept already, and the questions that it answers."""

    def __init__(self, row: Callable[[Message], Row], identifiers: Identifiers | None) -> None:
        self._row = row
        self._identifiers = identifiers
        self._rows: list[Row] = []
        self._fitting: list[Message] = []
        self._refused: list[Refused] = []
        self.entries: list[Entry] = []
        self.count = self.known = 0
        self.deadline = 0.0
        self.asked: Sequence[ReleaseAsked] = ()

    def take(self, items: Sequence[Item]) -> None:
        """These came next."""
        self.count += len(items)
        identifiers, fresh = self._identifiers, list[Message]()
        for message, delivery, _, _ in items:
            digest = ""
            if delivery.qos == 2 and identifiers is not None:
                digest = digest_of(delivery)
                if identifiers.knows(delivery, digest):
                    self.known += 1
                    continue
            fresh.append(message)
            self.entries.append((message, delivery, digest))
        self.add(fresh)

    def add(self, messages: Sequence[Message]) -> None:
        """These are rows of it, or do not fit."""
        rows, fitting, row = self._rows, self._fitting, self._row
        for message in messages:
            try:
                rows.append(row(message))
                fitting.append(message)
            except Misfit as misfit:
                self._refused.append(Refused(as_it_came(message), str(misfit)))

    def bound(self) -> list[Bound]:
        """The identifiers of its messages."""
        return [(one.epoch, one.packet_id, digest) for _, one, digest in self.entries if digest]

    def batch(self, number: int, state: str) -> Batch:
        """As it is written."""
        fitting = self._fitting
        return Batch(number, self._rows, lambda place: as_it_came(fitting[place]), self._refused, state)
