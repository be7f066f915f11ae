"""Who takes messages, as those who count on them see it."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from holdfast.client.dispatcher import Consumer
from holdfast.client.inbox import Item
from holdfast.handling import HandlerOptions


class Worker(Protocol):
    """Who takes messages: the task of a handler, or a subscription."""

    consumer: Consumer

    @property
    def in_hand(self) -> bool:
        """Whether there is a message it has not finished."""

    def runs_in(self, task: asyncio.Task[Any] | None) -> bool:
        """Whether it works in this task, or in the thread that has asked for what is done now."""


class Reader(Worker, Protocol):
    """A subscription, which somebody reads."""

    options: HandlerOptions

    def stale(self) -> list[Item]:
        """What has lain there since the last look while nobody read."""
