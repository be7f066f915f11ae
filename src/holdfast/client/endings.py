"""How runs of handlers end: well, again later, or in a dead letter; decided anywhere, told on the loop."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from holdfast.client.dispatcher import Consumer
from holdfast.client.inbox import Inbox, Item, Shared
from holdfast.client.state import State
from holdfast.errors import Stopped
from holdfast.handling import Again, Handler, decide
from holdfast.protocol import Delivery

Post = Callable[..., object]
"""Makes a call on the loop."""


class Endings:
    """What handlers of one run tell: ``finish`` for what went well, ``gave_up`` for a dead letter."""

    def __init__(self, finish: Callable[[Delivery, Shared | None], None], state: State) -> None:
        self.finish = self.gave_up = finish
        self._state = state

    def attach(self, consumer: Consumer) -> None:
        """Here is the consumer that they are of; nothing stands before it."""

    def after(
        self, handler: Handler, item: Item, error: BaseException, tries: int, now: float, post: Post
    ) -> Again | None:
        """When this message is handled again; None: it has ended, and is acknowledged from here."""
        message, attempt = (
            item[0],
            item[0].attempt,
        )  # as it is now: a thread may be at the next when it is told
        decision = decide(error, handler.work.retries, attempt, tries, now)
        if isinstance(decision, Again):
            post(self._state.handler_failed, handler.name, message, attempt, error, decision.at - now)
            return decision
        post(self._dead, handler.name, item, error, decision.reason)
        return None

    def _dead(self, name: str, item: Item, error: BaseException, reason: str) -> None:
        message, delivery, _, shared = item
        self._state.handler_failed(name, message, message.attempt, error, None)
        self._state.dead_letters.bury(name, item, reason, partial(self.gave_up, delivery, shared))


def here(call: Callable[..., object], *arguments: Any) -> None:
    """On the loop already."""
    call(*arguments)


def is_end(error: BaseException, inbox: Inbox) -> bool:
    """Whether it is only that the client ends under the handler: the session keeps the message."""
    return isinstance(error, Stopped) and inbox.closed
