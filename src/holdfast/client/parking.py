"""Messages that hold up the line are kept in the outbox file, and acknowledged (contract 13, 15).

    in line ──too long──▶ row in the file ──committed──▶ acknowledged
       │                        ▲                             │
       └── handled ─────────────┼──── its outcome ────────────┴──▶ row deleted
                                │
    later ones of its key ──────┘   (see ``shelf``)

Keeping a message changes nothing for its handler: it stays where it is, in hand or in its lane, and its
outcome settles the row instead of the acknowledgement. So no handler runs twice, and each key keeps its
order. What the process does not live to handle is read from the file by the next one.

While nothing is kept this stands beside the way of a message, not in it: the dispatcher's ``ack`` is the
engine's own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from holdfast.client.commits import Commits
from holdfast.client.dispatcher import Consumer, Dispatcher
from holdfast.client.holding import Holding
from holdfast.client.inbox import Item
from holdfast.client.places import Kept, Place
from holdfast.client.row_numbers import RowNumbers
from holdfast.client.shelf import Shelf
from holdfast.client.shelves import Shelves
from holdfast.client.suspects import Bury, Gate, Suspects
from holdfast.clock import Clock
from holdfast.handling import Handler
from holdfast.outbox.intake import Held, Intake
from holdfast.protocol import Delivery

if TYPE_CHECKING:
    import asyncio

log = logging.getLogger("holdfast")


class Parking(Holding):
    """What one run keeps in the file of what came in. Everything is on its loop."""

    def __init__(
        self,
        intake: Intake,
        commits: Commits,
        dispatcher: Dispatcher,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
    ) -> None:
        """``dispatcher`` acknowledges to the engine already."""
        super().__init__(intake, commits, loop)
        self.dispatcher = dispatcher
        self._clock = clock
        self._acknowledge = dispatcher.ack
        self._kept: dict[int, Kept] = {}
        self._apart: dict[int, tuple[Delivery, list[Shelf]]] = {}
        self.numbers = RowNumbers()
        self.shelves = Shelves()
        self._suspects = Suspects()

    # -- who handles -------------------------------------------------------------------------

    def shelve(self, handler: Handler, consumer: Consumer, bury: Bury | None = None) -> None:
        """This handler begins: what it left in the file comes first.

        ``bury`` makes a dead letter of what ends the process; None: nobody looks for that.
        """
        wrapped = handler.expect_every_s is not None
        shelf = Shelf(self, consumer, self.shelves.new_owner(consumer), wrapped)
        self.shelves.add(handler, shelf)
        if bury is not None:
            shelf.gate = Gate(self, self._suspects, consumer, shelf.owner)
            shelf.gate.begin(shelf, handler.work.retries.attempts, bury)
        shelf.begin()

    def leave(self, consumer: Consumer, items: Sequence[Item]) -> list[Item]:
        """This handler takes no more; gives those of these unfinished messages that are not kept."""
        shelf = self.shelves.of(consumer)
        refused = [] if shelf is None else shelf.end()
        return [*self.give_back(consumer, items), *refused]

    def give_back(self, consumer: Consumer, items: Sequence[Item]) -> list[Item]:
        """It did not finish these: what is kept is for the next; gives what is not."""
        shelf = self.shelves.of(consumer)
        return [item for item in items if shelf is None or not self._is_given_back(item, shelf.owner)]

    def _is_given_back(self, item: Item, owner: str) -> bool:
        _, delivery, _, shared = item
        kept = self._kept.get(id(delivery))
        place = None if kept is None else kept.place_of(owner)
        if kept is None or place is None:
            return False
        kept.places.remove(place)
        place.shelf.went(place)
        self.numbers.given_back(place.held.number)
        # Until the file has it, only the broker does: it is not handled.
        self.when(kept.commit, lambda: self.dispatcher.finish(delivery, shared))
        for shelf in self.shelves.looks({owner}):
            self.when(kept.commit, partial(shelf.look, place.held.number))
        return True

    def returned(self, owners: set[str], commit: int) -> None:
        """Dead letters of these owners are kept again."""
        for shelf in self.shelves.looks(owners):
            self.when(commit, shelf.look)

    # -- keeping -----------------------------------------------------------------------------

    def is_kept(self, delivery: Delivery) -> bool:
        """Whether it has a row, or is about to."""
        return id(delivery) in self._kept

    def apart(self, delivery: Delivery, shelf: Shelf) -> None:
        """This one keeps a message that others have too, and is done with it as far as they are concerned."""
        self._apart.setdefault(id(delivery), (delivery, []))[1].append(shelf)
        self.dispatcher.ack = self._settle

    def park(self, delivery: Delivery) -> bool:
        """Keep what has held up the line too long, and what waits for it; False: nobody can at present."""
        if self.is_kept(delivery):
            return True
        places = self._places(delivery)
        if places is None:
            return False
        if not places:
            return True  # each has it in the file alone, and is done with it when that is durable
        places = self.keep_up_to(delivery)
        if not places:
            return False
        log.warning("a message on %s holds up the others: it is kept in the outbox file", delivery.topic)
        self._keep_behind([*places])
        return True

    def _places(self, delivery: Delivery) -> list[Place] | None:
        """Where its handlers have it in memory; None: nobody is to keep it now.

        It is nobody's, or a reader's: those have a limit of their own. Or a shelf waits for room for it.
        """
        takers = self.dispatcher.takers(delivery)
        shelves = [(self.shelves.of(consumer), index) for consumer, index in takers]
        if not shelves or any(shelf is None or shelf.refused(delivery) for shelf, _ in shelves):
            return None
        _, apart = self._apart.get(id(delivery), (delivery, []))
        return [shelf.place(delivery, index) for shelf, index in shelves if shelf and shelf not in apart]

    def _keep_behind(self, places: list[Place]) -> None:
        """Keep what waits for these, and for that with other handlers; each lane is looked at once."""
        looked: set[tuple[str, Hashable]] = set()
        while places:
            place = places.pop()
            lane = place.shelf.owner, place.key
            if lane not in looked:
                looked.add(lane)
                places += place.shelf.lanes.keep(place.key)

    def keep_up_to(self, delivery: Delivery) -> list[Place]:
        """Keep a message, which all its handlers have by now, and before it what it waits for in its lanes.

        Rows are in the order in which messages are handled, and the file has the first of each lane: what
        comes out of it comes first. Gives its places; none: not all of that could be kept.
        """
        waiting, places, seen = [delivery], None, {id(delivery)}
        while waiting:
            places = None if self.closed else self._places(waiting[-1])
            ahead = [place.shelf.lanes.ahead(place.key, waiting[-1]) for place in places or ()]
            first = next((one for one in ahead if one and id(one) not in seen), None)
            if first is not None:
                waiting.append(first)
                seen.add(id(first))
            elif places and self.keep(waiting[-1], places):
                waiting.pop()
            else:
                return []
        return places or []

    def keep(self, delivery: Delivery, places: list[Place]) -> bool:
        """Keep it for these, and acknowledge it when that is durable; False: there is no room."""
        commit = self.hold([place.held for place in places])
        if commit is None:
            return False
        kept = self.enter(delivery, places, commit)
        self.when(commit, lambda: self._durable(kept))
        return True

    def enter(self, delivery: Delivery, places: list[Place], commit: int) -> Kept:
        """It has these rows, by this commit: its end settles them."""
        kept = self._kept[id(delivery)] = Kept(delivery, places, commit)
        self.dispatcher.ack = self._settle
        for place in places:
            self.numbers.came(place.held.number)
            place.shelf.came(place)
        return kept

    def _durable(self, kept: Kept) -> None:
        if not kept.acknowledged:
            kept.acknowledged = True
            self._acknowledge(kept.delivery)

    # -- outcomes ----------------------------------------------------------------------------

    def _settle(self, delivery: Delivery) -> None:
        """All who had this message are done with it: the dispatcher's ``ack`` while something is kept."""
        kept = self._kept.pop(id(delivery), None)
        self._apart.pop(id(delivery), None)
        if not self._kept and not self._apart:
            self.dispatcher.ack = self._acknowledge
        if kept is None:
            return self._acknowledge(delivery)
        self._durable(kept)
        numbers = [place.held.number for place in kept.places]
        commit = self.intake.let_go(numbers)
        self.when(commit, lambda: self.numbers.left(numbers))
        for place in kept.places:
            place.shelf.went(place)
        return None

    def again(self, handler: Handler, delivery: Delivery, delay_s: float, reason: str) -> None:
        """A handler failed, and is given this message again so much later."""
        shelf = self.shelves.of_handler(handler)
        if shelf.gate is not None:
            shelf.gate.survived(delivery)
        held = self._row(shelf, delivery)
        if held is not None:
            held.tries, held.reason = held.tries + 1, reason
            held.next_at = self._clock.now() + delay_s
            self.intake.again(held)

    def bury(self, handler: Handler, item: Item, reason: str, kept: Callable[[], object]) -> None:
        """A dead letter in the file; calls ``kept`` when it is durable."""
        message, delivery, index, _ = item
        shelf = self.shelves.of_handler(handler)
        held = self._row(shelf, delivery) or shelf.place(delivery, index).held
        held.tries = max(held.tries, message.attempt)
        self.give_up(held, reason, kept)

    def _row(self, shelf: Shelf, delivery: Delivery) -> Held | None:
        kept = self._kept.get(id(delivery))
        place = None if kept is None else kept.place_of(shelf.owner)
        return None if place is None else place.held

    def close(self) -> None:
        """The end of this run: what is kept stays in the file."""
        self.closed = True
        self.shelves.close()
