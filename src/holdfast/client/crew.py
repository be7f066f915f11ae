"""Runs handlers that are coroutine functions, several messages at once or in lanes: a few tasks for all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from holdfast.client.endings import Endings, here, is_end
from holdfast.client.fairness import LOOK_EVERY, Fairness
from holdfast.client.handlers import HandlerTasks, or_cancelled
from holdfast.client.inbox import Item
from holdfast.client.laned_inbox import LanedInbox
from holdfast.handling import ENDINGS, Handler
from holdfast.handling.lanes import Ticket


class Crew(HandlerTasks):
    """As many tasks as messages may be handled at once; one that is to be handled again occupies none."""

    def __init__(
        self, handler: Handler, qos0_limit: int, endings: Endings, ended: Callable[[HandlerTasks], None]
    ) -> None:
        self._inbox = LanedInbox(qos0_limit, handler.keys)
        super().__init__(handler, self._inbox, endings, ended)

    async def _work(self) -> None:
        inbox, fairness, handled = self._inbox, Fairness(), 0
        while not inbox.closed:
            ticket = inbox.take()
            if ticket is None:
                await inbox.wait()
                fairness.begin()
                continue
            await self._run(ticket)
            handled += 1
            if handled % LOOK_EVERY == 0 and fairness.spent():
                await fairness.rest()

    async def _run(self, ticket: Ticket[Item]) -> None:
        inbox = self._inbox
        if ticket.item[0].attempt > 1 and self._endings.is_over(ticket.item, here):
            return inbox.done(ticket)
        try:
            message, delivery, source, shared = inbox.read(ticket)
            await self._calls[source](message)
        except ENDINGS:
            raise
        except BaseException as error:
            self._failed(ticket, error)
        else:
            self._endings.finish(delivery, shared)
            inbox.done(ticket)

    def _failed(self, ticket: Ticket[Item], error: BaseException) -> None:
        """What is to be handled again is back in its lane, as what the end has come over."""
        inbox, now = self._inbox, asyncio.get_running_loop().time()
        if is_end(error, inbox):
            return inbox.put_off(ticket, now)
        try:
            error = or_cancelled(error)
        except asyncio.CancelledError:
            inbox.put_off(ticket, now)
            raise
        again = self._endings.after(self.handler, ticket.item, error, ticket.tries, now, here)
        return inbox.settle(ticket, again)
