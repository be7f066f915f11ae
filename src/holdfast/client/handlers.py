"""Runs handlers: one task per handler, one message after the other, no task per message."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from holdfast.client.dispatcher import Consumer
from holdfast.client.fairness import LOOK_EVERY, Fairness
from holdfast.client.inbox import Inbox, Item, Shared
from holdfast.errors import Stopped
from holdfast.handling import Handler
from holdfast.messages import Message
from holdfast.protocol import Delivery

log = logging.getLogger("holdfast")


class HandlerTask:
    """The task of one handler: ``finish`` and ``failed`` are told how each message ended.

    ``ended`` is told when the task is over. With its inbox still open somebody cancelled it
    from outside; the message it had in hand is back in the inbox then.
    """

    def __init__(
        self,
        handler: Handler,
        qos0_limit: int,
        finish: Callable[[Delivery, Shared | None], None],
        failed: Callable[[Message, Exception], None],
        ended: Callable[[HandlerTask], None],
    ) -> None:
        self.handler = handler
        self.consumer = Consumer(handler.patterns, handler.filters, Inbox(qos0_limit))
        self.name = handler.name
        self._finish = finish
        self._failed = failed
        self._ended = ended
        self._task: asyncio.Task[None] | None = None

    ident: int | None = None
    """It has no thread of its own."""

    def start(self) -> None:
        """Begin to handle."""
        self._task = asyncio.get_running_loop().create_task(self._work(), name=f"holdfast {self.name}")
        self._task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.critical("%s: its task failed", self.name, exc_info=task.exception())
        self._ended(self)

    @property
    def in_hand(self) -> bool:
        """Whether it still has a message, or has not noticed yet that there are no more."""
        return self._task is not None and not self._task.done()

    def runs_in(self, task: asyncio.Task[Any] | None) -> bool:
        """Whether this is its task."""
        return task is not None and task is self._task

    def cancel(self) -> asyncio.Task[None] | None:
        """End now, without acknowledging the message in hand; gives the task to wait for."""
        self.consumer.inbox.close()
        if self._task is not None:
            self._task.cancel()
        return self._task

    async def _work(self) -> None:
        inbox, calls, finish = self.consumer.inbox, self.handler.calls, self._finish
        fairness, handled = Fairness(), 0
        while not inbox.closed:
            await inbox.wait()
            fairness.begin()
            while inbox.items and not inbox.closed:
                item = message, delivery, source, shared = inbox.pop()
                try:
                    await calls[source](message)
                except (Exception, asyncio.CancelledError) as error:
                    if not self._failure(item, error):
                        continue
                finish(delivery, shared)
                handled += 1
                if handled % LOOK_EVERY == 0 and fairness.spent():
                    await fairness.rest()

    def _failure(self, item: Item, error: BaseException) -> bool:
        """Tell of a handler that raised; False: the message is not to be acknowledged."""
        if isinstance(error, asyncio.CancelledError):
            if _is_cancelled():
                self.consumer.inbox.put_back([item])
                raise error  # cancelled: not acknowledged
            error = RuntimeError("the handler was cancelled from inside")
        if isinstance(error, Stopped) and self.consumer.inbox.closed:
            return False  # the client ends under the handler: the session keeps the message
        assert isinstance(error, Exception)
        self._failed(item[0], error)
        return True


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
