"""The shelves of one run (``shelf``): of handlers that take messages, and of those that still have one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from holdfast.client.dispatcher import Consumer
from holdfast.client.places import numbered
from holdfast.handling import Handler

if TYPE_CHECKING:
    from holdfast.client.shelf import Shelf


class Shelves:
    """By the consumer, and by the handler: one that is registered anew has another consumer."""

    def __init__(self) -> None:
        self._of_consumers: dict[int, Shelf] = {}
        self._of_handlers: dict[int, Shelf] = {}

    def __iter__(self) -> Iterator[Shelf]:
        """All of them."""
        return iter([*self._of_consumers.values()])

    def new_owner(self, consumer: Consumer) -> str:
        """Whose rows its rows are, in this process and the next: nobody's who takes messages now."""
        taken = {shelf.owner for shelf in self if not shelf.ended}
        return next(one for one in numbered(" ".join(consumer.filters)) if one not in taken)

    def add(self, handler: Handler, shelf: Shelf) -> None:
        """This handler begins."""
        self._of_consumers[id(shelf.consumer)] = self._of_handlers[id(handler)] = shelf

    def of(self, consumer: Consumer) -> Shelf | None:
        """None: it is a reader."""
        return self._of_consumers.get(id(consumer))

    def of_handler(self, handler: Handler) -> Shelf:
        """Where it has begun last."""
        return self._of_handlers[id(handler)]

    def looks(self, owners: set[str]) -> list[Shelf]:
        """Those that read what is in the file for these."""
        return [shelf for shelf in self if shelf.owner in owners and not shelf.ended]

    def close(self) -> None:
        """The end of the run: what is kept stays in the file."""
        for shelf in self:
            if shelf.gate is not None:
                shelf.gate.close()
            shelf.end()

    def remove(self, handler: Handler, consumer: Consumer) -> None:
        """It takes no more, and has nothing in hand."""
        shelf = self._of_consumers.pop(id(consumer))
        if self._of_handlers.get(id(handler)) is shelf:
            del self._of_handlers[id(handler)]
