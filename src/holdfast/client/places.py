"""Kept messages, and where they stand (``parking``, ``shelf``)."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from holdfast.outbox.intake import Held
from holdfast.protocol import Delivery

if TYPE_CHECKING:
    from holdfast.client.shelf import Shelf


class Place:
    """One kept message with its handler: the row, and its ordering key."""

    __slots__ = ("held", "key", "shelf")

    def __init__(self, shelf: Shelf, held: Held, key: Hashable) -> None:
        self.shelf = shelf
        self.held = held
        self.key = key


class Kept:
    """One delivery and its rows, one for each consumer that is not done with it; ``commit`` keeps them."""

    __slots__ = ("acknowledged", "commit", "delivery", "places")

    def __init__(self, delivery: Delivery, places: list[Place], commit: int) -> None:
        """``commit``: 0: it was read from the file, so that it is acknowledged."""
        self.delivery = delivery
        self.places = places
        self.commit = commit
        self.acknowledged = not commit

    def place_of(self, owner: str) -> Place | None:
        """Where this one has it."""
        return next((place for place in self.places if place.shelf.owner == owner), None)


def numbered(name: str) -> Sequence[str]:
    """Handlers with the same filters are told apart by their order."""
    return [name, *(f"{name} ({number})" for number in range(2, 1000))]


def row(delivery: Delivery, owner: str, reason: str) -> Held:
    """A message as the file keeps it: as it came."""
    return Held(
        *(0, owner, delivery.topic, delivery.raw, delivery.qos, delivery.retain, delivery.properties),
        arrived=delivery.arrived, reason=reason,
    )  # fmt: skip
