"""Runs handlers: one task per handler, one message after the other, no task per message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from holdfast.client.dispatcher import Consumer
from holdfast.client.inbox import Inbox, Shared
from holdfast.errors import Stopped
from holdfast.handling import Handler
from holdfast.messages import Message
from holdfast.protocol import Delivery

FAIRNESS = 100
"""Messages handled in a row before other tasks get a turn."""


class HandlerTask:
    """The task of one handler. ``finish`` and ``failed`` are told how each message ended."""

    def __init__(
        self,
        handler: Handler,
        qos0_limit: int,
        finish: Callable[[Delivery, Shared | None], None],
        failed: Callable[[Message, Exception], None],
    ) -> None:
        self.handler = handler
        filters = tuple(handler.options.wire_filter(pattern) for pattern in handler.patterns)
        self.consumer = Consumer(handler.patterns, filters, Inbox(qos0_limit))
        self._finish = finish
        self._failed = failed
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to handle."""
        self._task = asyncio.get_running_loop().create_task(self._work(), name=f"holdfast {self.handler.function}")

    async def stop(self, timeout_s: float) -> None:
        """Take no more, and let the message in hand finish within this time."""
        self.consumer.inbox.close()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=timeout_s)

    def cancel(self) -> None:
        """End now; the message in hand is not acknowledged."""
        self.consumer.inbox.close()
        if self._task is not None:
            self._task.cancel()

    async def _work(self) -> None:
        inbox, calls, finish = self.consumer.inbox, self.handler.calls, self._finish
        turns = 0
        while not inbox.closed:
            await inbox.wait()
            while inbox.items and not inbox.closed:
                message, delivery, source, shared = inbox.pop()
                try:
                    await calls[source](message)
                except (Exception, asyncio.CancelledError) as error:
                    if not self._failure(message, error):
                        continue
                finish(delivery, shared)
                turns += 1
                if turns % FAIRNESS == 0:
                    await asyncio.sleep(0)

    def _failure(self, message: Message, error: BaseException) -> bool:
        """Tell of a handler that raised; False: the message is not to be acknowledged."""
        if isinstance(error, asyncio.CancelledError):
            if _is_cancelled():
                raise error  # we are being stopped: not acknowledged
            error = RuntimeError("the handler was cancelled from inside")
        if isinstance(error, Stopped) and self.consumer.inbox.closed:
            return False  # the client ends under the handler: the session keeps the message
        assert isinstance(error, Exception)
        self._failed(message, error)
        return True


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
