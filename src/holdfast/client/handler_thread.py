"""Runs handlers that are plain functions: one thread each, one message after the other (contract 23)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine
from inspect import iscoroutine
from threading import Thread
from time import monotonic
from typing import Any, NoReturn

from holdfast.client.blocking import CALLER
from holdfast.client.dispatcher import Consumer
from holdfast.client.endings import Endings, is_end
from holdfast.client.inbox import Inbox, Item
from holdfast.client.mailbox import Mailbox
from holdfast.client.thread_inbox import ThreadInbox
from holdfast.handling import Handler
from holdfast.messages import Message


class HandlerThreads:
    """The threads of one handler; daemons, as nobody can end a handler that does not return.

    ``ended`` is told on the loop that they have ended.
    """

    def __init__(
        self,
        handler: Handler,
        inbox: Inbox,
        endings: Endings,
        ended: Callable[[HandlerThreads], None],
        here: Mailbox,
    ) -> None:
        """``here`` is the mailbox of the client's loop."""
        self.handler = handler
        self.consumer = Consumer(handler.patterns, handler.filters, inbox)
        self.name = handler.name
        self._endings = endings
        self._ended = ended
        self._here = here
        self._threads = [
            Thread(target=self._run, name=f"holdfast {self.name}", daemon=True)
            for _ in range(handler.work.concurrency)
        ]
        self._running = len(self._threads)

    @property
    def in_hand(self) -> bool:
        """Whether it has a message, or has not noticed yet that there are no more."""
        return self._running > 0

    @property
    def idents(self) -> Collection[int | None]:
        """The identifiers of its threads."""
        return [thread.ident for thread in self._threads]

    def start(self) -> None:
        """Begin to handle."""
        for thread in self._threads:
            thread.start()

    def runs_in(self, task: asyncio.Task[Any] | None) -> bool:
        """Whether what is done now was asked for by a thread of it."""
        return CALLER.get() in self.idents

    def cancel(self) -> Collection[asyncio.Task[None]]:
        """Handle no more than the messages in hand, which nobody can take from it."""
        self.consumer.inbox.close()
        return ()

    def _call(self, source: int, message: Message) -> None:
        result = self.handler.calls[source](message)
        if iscoroutine(result):
            self._refuse(result)

    def _refuse(self, result: Coroutine[Any, Any, Any]) -> NoReturn:
        result.close()
        raise TypeError(f"{self.name} returned a coroutine, which nobody awaits: write async def")

    def _run(self) -> None:
        self._work()
        self._here.post(self._over)

    def _work(self) -> None:
        """Until the inbox is closed; on each of the threads."""
        raise NotImplementedError

    def _over(self) -> None:
        self._running -= 1
        if not self._running:
            for thread in self._threads:
                thread.join()
            self._ended(self)


class HandlerThread(HandlerThreads):
    """All messages in order; one that is handled again keeps its place, and the others wait behind it."""

    def __init__(
        self,
        handler: Handler,
        qos0_limit: int,
        endings: Endings,
        ended: Callable[[HandlerThreads], None],
        here: Mailbox,
    ) -> None:
        self._inbox = ThreadInbox(qos0_limit)
        super().__init__(handler, self._inbox, endings, ended, here)

    def _work(self) -> None:
        take, calls, post, finish = (
            self._inbox.take,
            self.handler.calls,
            self._here.post,
            self._endings.finish,
        )
        while (item := take()) is not None:
            message, delivery, source, shared = item
            try:
                result = calls[source](message)
                if iscoroutine(result):
                    self._refuse(result)
            except BaseException as error:  # sys.exit() too: a thread has no process to end
                if not self._repeat(item, error):
                    continue
            post(finish, delivery, shared)

    def _repeat(self, item: Item, error: BaseException) -> bool:
        """Handle this message until it has ended; True: well. What has not ended is back in the inbox."""
        inbox, message, tries = self._inbox, item[0], 0
        while not is_end(error, inbox):
            again = self._endings.after(self.handler, item, error, tries, monotonic(), self._here.post)
            if again is None:
                return False
            ends = inbox.rest(again.at)
            if self._endings.is_over(item, self._here.post):
                return False
            if ends:
                break
            message.attempt, tries = message.attempt + 1, again.tries
            try:
                self._call(item[2], message)
            except BaseException as failed:
                error = failed
            else:
                return True
        inbox.put_back([item])
        return False
