"""A handler that gets each message once, by a key of the application: ``on(dedupe=)``.

It stands between the dispatcher and the handler's inbox, on the client's loop: what comes is looked up on its
way in, what has ended is noted on its way back. Neither the handler's tasks nor its threads know of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from functools import partial

from holdfast.client.dispatcher import Consumer, Dispatcher
from holdfast.client.endings import Endings
from holdfast.client.inbox import Item, Shared
from holdfast.client.remembered import Memory
from holdfast.client.state import State
from holdfast.errors import PayloadError
from holdfast.handling import Handler
from holdfast.handling.repeats import Repeats, digest_of
from holdfast.protocol import Delivery

log = logging.getLogger("holdfast")


class Deduping(Endings):
    """The endings of one handler, and the way to it."""

    def __init__(
        self,
        handler: Handler,
        dispatcher: Dispatcher,
        state: State,
        opening: Callable[[Item], Item] | None,
        memory: Memory,
    ) -> None:
        """``opening`` makes a message as the handler gets it; None: nothing does.

        ``memory``: what is known beyond this life of the handler.
        """
        super().__init__(self._handled, state)
        self.gave_up = self._failed
        self._acknowledge, self._drop = dispatcher.finish, dispatcher.drop
        self._opening = opening
        self._name = handler.name
        self._keys = handler.dedupe
        self._memory = memory
        self._repeats: Repeats[Item] = Repeats()
        self._early: list[Item] | None = None
        self._running: dict[int, bytes] = {}  # by the delivery, which lives as long
        self._here: dict[int, Item] = {}  # all that has come and has not ended, in its order
        self._complained = False

    def attach(self, consumer: Consumer) -> None:
        """Stand before this consumer."""
        self._put, self._drain = consumer.put, consumer.drain
        consumer.put, consumer.drain = self._take, self._give_back
        self._key_of = consumer.inbox.key_of
        consumer.lane = self._lane
        self._early = []
        self._memory.load(self._loaded)

    def _loaded(self, handled: dict[bytes, None]) -> None:
        self._repeats = Repeats(handled, self._memory.most)
        early, self._early = self._early, None
        for item in early or ():
            self._again(item)

    # -- coming ------------------------------------------------------------------------------

    def _take(self, item: Item) -> bool:
        self._here[id(item[1])] = item
        if self._early is not None:  # what is known is being read
            self._early.append(item)
            return True
        digest = self._digest(item)
        if digest is None:
            return self._put(item) or self._end(item[1])
        what = self._repeats.begin(digest, item)
        if what == "repeat":
            self._known(item)
        if what != "handle":
            return True
        self._running[id(item[1])] = digest
        return self._put(item) or self._end(item[1])

    def _digest(self, item: Item) -> bytes | None:
        """None: it has no key, and is handled whatever was handled before."""
        try:
            seen = item if self._opening is None else self._opening(item)
            key = self._keys[seen[2]](seen[0])
        except PayloadError as error:  # the handler will say so, if it looks into the payload as well
            if not self._complained:
                self._complained = True
                log.warning("%s: handled without a look for repeats: %s", self._name, error)
            return None
        return None if key is None else digest_of(key)

    def _known(self, item: Item) -> None:
        self.state.repeated(self._name, item[0].topic)
        self._here.pop(id(item[1]), None)
        self._acknowledge(item[1], item[3])

    # -- going -------------------------------------------------------------------------------

    def _handled(self, delivery: Delivery, shared: Shared | None) -> None:
        self._here.pop(id(delivery), None)
        digest = self._running.pop(id(delivery), None)
        if digest is None:
            self._acknowledge(delivery, shared)
        else:
            self._memory.saw(digest, partial(self._over, digest, delivery, shared))

    def _over(self, digest: bytes, delivery: Delivery, shared: Shared | None) -> None:
        """It is handled, and known to be."""
        self._acknowledge(delivery, shared)
        for item in self._repeats.done(digest):
            self._known(item)

    def _failed(self, delivery: Delivery, shared: Shared | None) -> None:
        """A dead letter: what repeats it is no less worth a try."""
        self._acknowledge(delivery, shared)
        self._end(delivery)

    def _end(self, delivery: Delivery) -> bool:
        """It is not here any more; gives False, as who has no room for it."""
        self._here.pop(id(delivery), None)
        digest = self._running.pop(id(delivery), None)
        for item in self._repeats.failed(digest) if digest is not None else ():
            self._again(item)
        return False

    def _again(self, item: Item) -> None:
        """It has waited here, and nobody else looks whether there is room."""
        if not self._take(item):
            self._drop(item[1], item[3])

    def _lane(self, key: Hashable) -> list[Item]:
        """What repeats another and waits for that, too: the next process may get it first."""
        return [item for item in self._here.values() if self._key_of(item) == key]

    def _give_back(self) -> list[Item]:
        """The handler takes no more; gives what waits here and behind this, as it came."""
        early, self._early = self._early or [], None
        items = [*self._drain(), *self._repeats.drain(), *early]
        places = {delivery: place for place, delivery in enumerate(self._here)}
        self._here = {}
        return sorted(items, key=lambda item: places.get(id(item[1]), 0))
