"""How runs of handlers end: well, again later, or in a dead letter; decided anywhere, told on the loop."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from holdfast.client.dispatcher import Consumer
from holdfast.client.inbox import Inbox, Item, Shared
from holdfast.client.state import State
from holdfast.errors import Stopped
from holdfast.handling import Again, Handler, decide
from holdfast.protocol import Delivery

Post = Callable[..., object]
"""Makes a call on the loop."""


class Store(Protocol):
    """The file, as far as it hears how messages end (``client.parking``)."""

    def again(self, handler: Handler, delivery: Delivery, delay_s: float, reason: str) -> None:
        """A handler failed, and is given this message again so much later."""

    def bury(self, handler: Handler, item: Item, reason: str, kept: Callable[[], object]) -> None:
        """A dead letter; calls ``kept`` when it is durable."""


class Endings:
    """What handlers of one run tell: ``finish`` for what went well, ``gave_up`` for a dead letter."""

    def __init__(self, finish: Callable[[Delivery, Shared | None], None], state: State) -> None:
        self.finish = self.gave_up = finish
        self.state = state
        self.store: Store | None = None
        self.given_up: Callable[[Delivery], bool] = lambda delivery: False
        """Whether this message has ended without its handler, which may not have it again."""

    def attach(self, consumer: Consumer) -> None:
        """Here is the consumer that they are of; nothing stands before it."""

    def after(
        self, handler: Handler, item: Item, error: BaseException, tries: int, now: float, post: Post
    ) -> Again | None:
        """When this message is handled again; None: it has ended, and is acknowledged from here."""
        message = item[0]
        attempt = message.attempt  # as it is now: a thread may be at the next when it is told
        decision = decide(error, handler.work.retries, attempt, tries, now)
        if isinstance(decision, Again) and self.is_over(item, post):
            return None
        if isinstance(decision, Again):
            post(self._later, handler, item, attempt, error, decision.at - now)
            return decision
        post(self._dead, handler, item, error, decision.reason)
        return None

    def is_over(self, item: Item, post: Post) -> bool:
        """Whether this message was given up: it is not handled again, and acknowledged from here."""
        _, delivery, _, shared = item
        over = self.given_up(delivery)
        if over:
            post(self.gave_up, delivery, shared)
        return over

    def _later(
        self, handler: Handler, item: Item, attempt: int, error: BaseException, delay_s: float
    ) -> None:
        message, delivery = item[:2]
        self.state.handler_failed(handler.name, message, attempt, error, delay_s)
        if message is not delivery:  # who looks for what is late sees the delivery alone
            delivery.attempt = max(delivery.attempt, attempt + 1)
        if self.store is not None:
            self.store.again(handler, delivery, delay_s, repr(error))

    def kill(self, handler: Handler, item: Item, reason: str) -> None:
        """This message is a dead letter, and its handler does not get it."""
        _, delivery, _, shared = item
        done: Callable[[], object] = partial(self.gave_up, delivery, shared)
        if self.store is not None:
            done = partial(self.store.bury, handler, item, reason, done)
        self.state.dead_letters.bury(handler.name, item, reason, done)

    def _dead(self, handler: Handler, item: Item, error: BaseException, reason: str) -> None:
        message = item[0]
        self.state.handler_failed(handler.name, message, message.attempt, error, None)
        self.kill(handler, item, reason)


def here(call: Callable[..., object], *arguments: Any) -> None:
    """On the loop already."""
    call(*arguments)


def is_end(error: BaseException, inbox: Inbox) -> bool:
    """Whether it is only that the client ends under the handler: the session keeps the message."""
    return isinstance(error, Stopped) and inbox.closed
