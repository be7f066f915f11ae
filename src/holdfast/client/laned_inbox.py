"""An inbox for several readers at once: messages wait in the lanes of their keys (``handling.lanes``)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable

from holdfast.client.inbox import Inbox, Item
from holdfast.errors import PayloadError
from holdfast.handling import Again, KeyOf
from holdfast.handling.lanes import NO_KEY, Lanes, Ticket


class LanedInbox(Inbox):
    """As ``Inbox``, for any number of tasks of one loop. ``items`` is empty: the lanes hold them."""

    def __init__(self, qos0_limit: int, keys: tuple[KeyOf, ...]) -> None:
        """``keys`` find the key of a message, by the index of its pattern; without them there is no order."""
        super().__init__(qos0_limit)
        self._keys = keys
        self._lanes: Lanes[Item] = Lanes()
        self._idle: list[asyncio.Future[None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self.open: Callable[[Item], Item] = _as_it_is

    def through(self, change: Callable[[Item], Item]) -> None:
        """As ``Inbox.through``: ``open`` is this change."""
        self.open = change

    def put(self, item: Item) -> bool:
        """As ``Inbox.put``."""
        if not item[0].qos and len(self._lanes) >= self._qos0_limit:
            return False
        self._enter(self.key_of(item), item)
        return True

    def _enter(self, key: Hashable, item: Item) -> None:
        self._lanes.put(key, item)
        self._wake()

    def key_of(self, item: Item) -> Hashable:
        """One whose key cannot be read is in a lane of its own, by the error, and ``read`` raises it."""
        if not self._keys:
            return NO_KEY
        try:
            return self._keys[item[2]](self.open(item)[0])
        except PayloadError as error:
            return error

    def lane(self, key: Hashable) -> list[Item]:
        """As ``Inbox.lane``."""
        return self._lanes.of(key)

    # -- readers -----------------------------------------------------------------------------

    def take(self) -> Ticket[Item] | None:
        """The next message that may be handled, if there is one."""
        ticket = None if self.closed else self._lanes.take()
        if self._lanes.ready:
            self._wake()  # as many readers as there is work for
        return ticket

    def read(self, ticket: Ticket[Item]) -> Item:
        """What was taken, as its reader gets it. Raises PayloadError where it had no key that can be read."""
        if isinstance(ticket.key, PayloadError):
            raise ticket.key
        ticket.item = item = self.open(ticket.item)
        return item

    def settle(self, ticket: Ticket[Item], again: Again | None) -> None:
        """This attempt has failed: it is the next of its key again, at that time; None: it has ended."""
        if again is None:
            self.done(ticket)
        else:
            ticket.item[0].attempt += 1
            ticket.tries = again.tries
            self.put_off(ticket, again.at)

    def done(self, ticket: Ticket[Item]) -> None:
        """It has ended."""
        self._lanes.done(ticket)

    def put_off(self, ticket: Ticket[Item], at: float) -> None:
        """It is the next of its key, from this time of the loop on."""
        self._lanes.delay(ticket, at)
        if not self.closed:
            self._look_at_the_clock()

    async def wait(self) -> None:
        """Until there may be something to take, or the end."""
        if self._lanes.ready or self.closed:
            return
        reader = asyncio.get_running_loop().create_future()
        self._idle.append(reader)
        await reader

    def _wake(self) -> None:
        while self._idle:
            reader = self._idle.pop()
            if not reader.done():
                reader.set_result(None)
                return

    def _look_at_the_clock(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        due = self._lanes.due
        self._timer = None if due is None else asyncio.get_running_loop().call_at(due, self._ripen)

    def _ripen(self) -> None:
        self._lanes.ripen(asyncio.get_running_loop().time())
        self._wake()
        self._look_at_the_clock()

    # -- the end -----------------------------------------------------------------------------

    def close(self) -> None:
        """End the readers."""
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._idle:
            self._wake()

    def drain(self) -> list[Item]:
        """As ``Inbox.drain``."""
        self.close()
        return self._lanes.drain()


def _as_it_is(item: Item) -> Item:
    return item
