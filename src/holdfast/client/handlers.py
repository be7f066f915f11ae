"""Runs handlers: one task per handler, one message after the other, no task per message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from holdfast.client.dispatcher import Consumer
from holdfast.client.inbox import Inbox, Item
from holdfast.errors import Stopped
from holdfast.handling import Handler

FAIRNESS = 100
"""Messages handled in a row before other tasks get a turn."""


class HandlerTask:
    """The task of one handler. ``finish`` and ``failed`` are told how each message ended."""

    def __init__(
        self,
        handler: Handler,
        qos0_limit: int,
        finish: Callable[[Item], None],
        failed: Callable[[Item, Exception], None],
    ) -> None:
        self.handler = handler
        filters = tuple(handler.options.wire_filter(pattern) for pattern in handler.patterns)
        self.consumer = Consumer(handler.patterns, filters, Inbox(qos0_limit))
        self._finish = finish
        self._failed = failed
        self._task: asyncio.Task[None] | None = None
        self.busy = False

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
        inbox = self.consumer.inbox
        turns = 0
        while not inbox.closed:
            await inbox.wait()
            while inbox.items and not inbox.closed:
                await self._handle(inbox.pop())
                turns += 1
                if turns % FAIRNESS == 0:
                    await asyncio.sleep(0)

    async def _handle(self, item: Item) -> None:
        self.busy = True
        try:
            arguments = self.handler.calls[item.source](item.message)
            await self.handler.function(**arguments)
        except Exception as error:
            if isinstance(error, Stopped) and self.consumer.inbox.closed:
                return  # the client ends under the handler: the session keeps the message
            self._failed(item, error)
        except asyncio.CancelledError as error:
            if _is_cancelled():
                raise  # we are being stopped: not acknowledged
            self._failed(item, RuntimeError(f"the handler was cancelled from inside: {error!r}"))
        finally:
            self.busy = False
        self._finish(item)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
