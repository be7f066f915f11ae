"""Runs handlers that are plain functions, several messages at once or in lanes: a few threads for all."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from holdfast.client.endings import Endings, is_end
from holdfast.client.handler_thread import HandlerThreads
from holdfast.client.inbox import Item
from holdfast.client.laned_thread_inbox import LanedThreadInbox
from holdfast.client.mailbox import Mailbox
from holdfast.handling import Handler
from holdfast.handling.lanes import Ticket


class ThreadCrew(HandlerThreads):
    """As many threads as messages may be handled at once; one that is to be handled again occupies none."""

    def __init__(
        self,
        handler: Handler,
        qos0_limit: int,
        endings: Endings,
        ended: Callable[[HandlerThreads], None],
        here: Mailbox,
    ) -> None:
        self._inbox = LanedThreadInbox(qos0_limit, handler.keys)
        super().__init__(handler, self._inbox, endings, ended, here)

    def _work(self) -> None:
        inbox, post, finish = self._inbox, self._here.post, self._endings.finish
        while (ticket := inbox.take_next()) is not None:
            if ticket.item[0].attempt > 1 and self._endings.is_over(ticket.item, post):
                inbox.done(ticket)
                continue
            try:
                message, delivery, source, shared = inbox.read(ticket)
                self._call(source, message)
            except BaseException as error:  # sys.exit() too: a thread has no process to end
                self._failed(ticket, error)
            else:
                post(finish, delivery, shared)
                inbox.done(ticket)

    def _failed(self, ticket: Ticket[Item], error: BaseException) -> None:
        """What is to be handled again is back in its lane, as what the end has come over."""
        inbox, now = self._inbox, monotonic()
        if is_end(error, inbox):
            return inbox.put_off(ticket, now)
        again = self._endings.after(self.handler, ticket.item, error, ticket.tries, now, self._here.post)
        return inbox.settle(ticket, again)
