"""Handlers that ended with a message in hand: what they do not finish is for the next (contract 15).

Such a handler has stopped its own client, or swallowed its cancellation, or is a thread. When it fails at
last, its message is back in its inbox, which nobody looks into any more but here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from holdfast.client.dispatcher import Consumer, Dispatcher

if TYPE_CHECKING:
    from holdfast.client.handler_thread import HandlerThreads
    from holdfast.client.handlers import HandlerTasks
    from holdfast.client.parking import Parking
    from holdfast.client.workers import Worker

log = logging.getLogger("holdfast")


class Behind:
    """Of one run, on its loop; ``workers``: those who take messages."""

    def __init__(self, dispatcher: Dispatcher, workers: Callable[[], list[Worker]]) -> None:
        self._dispatcher = dispatcher
        self._workers = workers
        self._earlier: dict[HandlerTasks | HandlerThreads, list[Consumer]] = {}

    def leave(self, handler: HandlerTasks | HandlerThreads, parking: Parking | None) -> None:
        """It takes no more, and what waited was taken from it."""
        if not handler.in_hand:
            if parking is not None:
                parking.shelves.remove(handler.handler, handler.consumer)
            return
        self._earlier[handler] = [worker.consumer for worker in self._workers()]
        if not handler.runs_in(asyncio.current_task()):
            log.warning("%s does not end: it is left behind", handler.name)

    def ended(self, handler: HandlerTasks | HandlerThreads, parking: Parking | None) -> None:
        """What it has put back is for who came since; what the file keeps they read there."""
        earlier = self._earlier.pop(handler, None)
        if earlier is None:
            return
        items = handler.consumer.drain()
        if parking is not None:
            items = parking.give_back(handler.consumer, items)
            parking.shelves.remove(handler.handler, handler.consumer)
        since = [worker.consumer for worker in self._workers() if worker.consumer not in earlier]
        self._dispatcher.hand_on(items, since)

    def clear(self) -> None:
        """The end of the run: the session keeps what is in hand."""
        self._earlier.clear()
