"""Runs a handler that is a plain function: one thread for it, one message after the other (contract 23)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from inspect import iscoroutine
from threading import Thread
from typing import Any

from holdfast.client.blocking import CALLER
from holdfast.client.dispatcher import Consumer
from holdfast.client.inbox import Item, Shared
from holdfast.client.mailbox import Mailbox
from holdfast.client.thread_inbox import ThreadInbox
from holdfast.errors import Stopped
from holdfast.handling import Handler
from holdfast.messages import Message
from holdfast.protocol import Delivery

log = logging.getLogger("holdfast")


class HandlerThread:
    """The thread of one handler; a daemon, as nobody can end a handler that does not return.

    ``finish``, ``failed`` and ``ended`` are told on the loop how each message ended, and that the thread has.
    """

    def __init__(
        self,
        handler: Handler,
        qos0_limit: int,
        finish: Callable[[Delivery, Shared | None], None],
        failed: Callable[[Message, BaseException], None],
        ended: Callable[[HandlerThread], None],
        here: Mailbox,
    ) -> None:
        """``here`` is the mailbox of the client's loop."""
        self.handler = handler
        self._inbox = ThreadInbox(qos0_limit)
        self.consumer = Consumer(handler.patterns, handler.filters, self._inbox)
        self.name = handler.name
        self._finish = finish
        self._failed = failed
        self._ended = ended
        self._here = here
        self._thread = Thread(target=self._work, name=f"holdfast {self.name}", daemon=True)
        self.in_hand = True
        """Whether it has a message, or has not noticed yet that there are no more."""

    @property
    def ident(self) -> int | None:
        """The identifier of its thread."""
        return self._thread.ident

    def start(self) -> None:
        """Begin to handle."""
        self._thread.start()

    def runs_in(self, task: asyncio.Task[Any] | None) -> bool:
        """Whether what is done now was asked for by its thread."""
        return CALLER.get() == self.ident

    def cancel(self) -> None:
        """Handle no more than the message in hand, which nobody can take from it."""
        self._inbox.close()

    def _work(self) -> None:
        take, calls, post, finish = self._inbox.take, self.handler.calls, self._here.post, self._finish
        while (item := take()) is not None:
            message, delivery, source, shared = item
            try:
                result = calls[source](message)
                if iscoroutine(result):
                    result.close()
                    raise TypeError(f"{self.name} returned a coroutine, which nobody awaits: write async def")
            except BaseException as error:  # sys.exit() too: a thread has no process to end
                if not self._failure(item, error):
                    continue
            post(finish, delivery, shared)
        post(self._over)

    def _failure(self, item: Item, error: BaseException) -> bool:
        """Tell of a handler that raised; False: the message is not to be acknowledged."""
        if isinstance(error, Stopped) and self._inbox.closed:
            return False  # the client ends under the handler: the session keeps the message
        self._here.post(self._failed, item[0], error)
        return True

    def _over(self) -> None:
        self._thread.join()
        self.in_hand = False
        self._ended(self)
