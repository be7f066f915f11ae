"""Runs handlers that are coroutine functions: one task each, one message after the other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from typing import Any

from holdfast.client.dispatcher import Consumer
from holdfast.client.endings import Endings, here, is_end
from holdfast.client.fairness import LOOK_EVERY, Fairness
from holdfast.client.inbox import Inbox, Item
from holdfast.handling import ENDINGS, Call, Handler

log = logging.getLogger("holdfast")


class HandlerTasks:
    """The tasks of one handler.

    ``ended`` is told when they are over. With its inbox still open somebody cancelled one of them
    from outside, and the others ended with it; the messages in hand are back in the inbox then.
    """

    idents: Collection[int] = ()
    """It has no threads of its own."""

    def __init__(
        self, handler: Handler, inbox: Inbox, endings: Endings, ended: Callable[[HandlerTasks], None]
    ) -> None:
        self.handler = handler
        self.consumer = Consumer(handler.patterns, handler.filters, inbox)
        self.name = handler.name
        self._calls = (
            handler.calls if handler.work.timeout_s is None else _timed(handler, handler.work.timeout_s)
        )
        self._endings = endings
        self._ended = ended
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to handle."""
        loop = asyncio.get_running_loop()
        for _ in range(self.handler.work.concurrency):
            task = loop.create_task(self._work(), name=f"holdfast {self.name}")
            self._tasks.add(task)
            task.add_done_callback(self._over)

    async def _work(self) -> None:
        """Until the inbox is closed; in each of the tasks."""
        raise NotImplementedError

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.critical("%s: its task failed", self.name, exc_info=task.exception())
        if not self._tasks:
            self._ended(self)
        elif not self.consumer.inbox.closed:
            for other in self._tasks:
                other.cancel()

    @property
    def in_hand(self) -> bool:
        """Whether it still has a message, or has not noticed yet that there are no more."""
        return bool(self._tasks)

    def runs_in(self, task: asyncio.Task[Any] | None) -> bool:
        """Whether this is a task of it."""
        return task in self._tasks

    def cancel(self) -> Collection[asyncio.Task[None]]:
        """End now, without acknowledging what is in hand; gives the tasks to wait for."""
        self.consumer.inbox.close()
        for task in self._tasks:
            task.cancel()
        return tuple(self._tasks)


def _timed(handler: Handler, timeout_s: float) -> Sequence[Call]:
    from holdfast.client.deadline import within  # for those who want one

    return [within(call, timeout_s) for call in handler.calls]


class HandlerTask(HandlerTasks):
    """All messages in order; one that is handled again keeps its place, and the others wait behind it."""

    def __init__(
        self, handler: Handler, qos0_limit: int, endings: Endings, ended: Callable[[HandlerTasks], None]
    ) -> None:
        self._inbox = Inbox(qos0_limit)
        super().__init__(handler, self._inbox, endings, ended)

    async def _work(self) -> None:
        inbox, calls, finish = self._inbox, self._calls, self._endings.finish
        fairness, handled = Fairness(), 0
        while not inbox.closed:
            await inbox.wait()
            fairness.begin()
            while inbox.items and not inbox.closed:
                inbox.in_hand = item = message, delivery, source, shared = inbox.pop()
                try:
                    await calls[source](message)
                except ENDINGS:
                    raise
                except BaseException as error:
                    if not await self._again(item, error):
                        continue
                finish(delivery, shared)
                handled += 1
                if handled % LOOK_EVERY == 0 and fairness.spent():
                    await fairness.rest()

    async def _again(self, item: Item, error: BaseException) -> bool:
        """Handle this message until it has ended; True: well. What has not ended is back in the inbox."""
        try:
            return await self._repeat(item, error)
        except asyncio.CancelledError:
            self._inbox.put_back([item])
            raise

    async def _repeat(self, item: Item, error: BaseException) -> bool:
        inbox, loop, message, tries = self._inbox, asyncio.get_running_loop(), item[0], 0
        while not is_end(error, inbox):
            error = or_cancelled(error)
            again = self._endings.after(self.handler, item, error, tries, loop.time(), here)
            if again is None:
                return False
            ends = await inbox.pause(again.at)
            if self._endings.is_over(item, here):
                return False
            if ends:
                break
            message.attempt, tries = message.attempt + 1, again.tries
            try:
                await self._calls[item[2]](message)
            except ENDINGS:
                raise
            except BaseException as failed:
                error = failed
            else:
                return True
        inbox.put_back([item])
        return False


def or_cancelled(error: BaseException) -> BaseException:
    """The error that counts; CancelledError is raised where the task is cancelled: that is no attempt."""
    if not isinstance(error, asyncio.CancelledError):
        return error
    task = asyncio.current_task()
    if task is not None and task.cancelling() > 0:
        raise error
    return RuntimeError("the handler was cancelled from inside")
